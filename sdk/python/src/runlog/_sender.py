"""The background thread of a run: packs what `log` queued, sends it in order, tries again, bounds memory and counts drops."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from typing import Any, Callable, Mapping

from ._frame import FrameBuilder, split_step
from ._transport import Outcome, Request, Transport

FLUSH_INTERVAL_S = 0.5
QUEUED_CALLS_MAX = 1_000_000
OUTBOX_BYTES_MAX = 64 << 20
BACKOFF_FIRST_S = 0.25
BACKOFF_MOST_S = 15.0
HEARTBEAT_INTERVAL_S = 30.0
TROUBLE_INTERVAL_S = 10.0

Entry = tuple[float, float, Mapping[str, Any]]


class Sender:
    """Owns the queue of log calls (`queue`, appended to by the training thread) and everything behind it."""

    def __init__(self, transport: Transport, points_path: str, heartbeat: Request, writer: str, on_trouble: Callable[[str], None]) -> None:
        self.queue: deque[Entry] = deque()
        self.sent_points = 0
        self.dropped_points = 0
        self.rejected_points = 0
        self.stop_asked = False
        self.position: str | None = None
        self._transport = transport
        self._points_path = points_path
        self._heartbeat = heartbeat
        self._writer = writer
        self._on_trouble = on_trouble
        self._seq = 0
        self._builder = FrameBuilder()
        self._outbox: deque[Request] = deque()
        self._outbox_bytes = 0
        self._changed = threading.Condition()
        self._draining = False
        self._abandoned = False
        self._last_sent = time.monotonic()
        self._last_trouble = float("-inf")
        self._warned: set[str] = set()
        self._thread = threading.Thread(target=self._work, name="runlog-sender", daemon=True)
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Called by the training thread: an append, no lock, no encoding."""
        if len(self.queue) >= QUEUED_CALLS_MAX:
            self.dropped_points += len(entry[2])
            return
        self.queue.append(entry)

    def push(self, request: Request) -> None:
        """Queues a control request, in order behind the points that were logged before it."""
        with self._changed:
            self._pack()
            self._append(request)
            self._changed.notify()

    def drain(self, deadline_s: float) -> bool:
        """Sends everything and ends the thread. False when the deadline came first; what is left is counted as dropped."""
        with self._changed:
            self._pack()
            self._draining = True
            self._changed.notify()
        self._thread.join(deadline_s)
        if not self._thread.is_alive():
            return True
        with self._changed:
            self._abandoned = True
            self.dropped_points += sum(request.points for request in self._outbox)
            self._changed.notify()
        return False

    def warn_once(self, about: str, message: str) -> None:
        if about not in self._warned:
            self._warned.add(about)
            self._on_trouble(message)

    def _work(self) -> None:
        attempt = 0
        next_try = 0.0
        while True:
            with self._changed:
                self._pack()
                self._beat()
                if self._abandoned or (self._draining and not self._outbox):
                    break
                now = time.monotonic()
                wait = max(0.0, next_try - now) if self._outbox else FLUSH_INTERVAL_S
                if wait > 0:
                    self._changed.wait(min(wait, FLUSH_INTERVAL_S))
                    continue
                request = self._outbox[0]
            outcome = self._transport.send(request)
            if outcome.kind == "retry":
                backoff = min(BACKOFF_MOST_S, BACKOFF_FIRST_S * 2 ** min(attempt, 10)) * random.uniform(0.5, 1.5)
                next_try = time.monotonic() + max(backoff, outcome.retry_after_s)
                attempt += 1
                self._trouble(f"{outcome.detail}; trying again")
                continue
            attempt = 0
            self._settle(request, outcome)
        self._transport.close()

    def _settle(self, request: Request, outcome: Outcome) -> None:
        with self._changed:
            if self._abandoned:
                return
            self._outbox.popleft()
            self._outbox_bytes -= len(request.body)
        self._last_sent = time.monotonic()
        if outcome.kind == "refused":
            self.rejected_points += request.points
            self._trouble(f"refused: {outcome.detail}")
            return
        self.sent_points += request.points
        self.stop_asked = self.stop_asked or outcome.answer.get("stop") is True
        position = outcome.answer.get("position")
        if isinstance(position, str):
            self.position = merge_positions(self.position, position)

    def _beat(self) -> None:
        if not self._draining and not self._outbox and time.monotonic() - self._last_sent >= HEARTBEAT_INTERVAL_S:
            self._append(self._heartbeat)

    def _pack(self) -> None:
        """Moves queued log calls into frames. The lock is held, so that order and seq agree."""
        builder = self._builder
        for _ in range(len(self.queue)):
            step, now, metrics = self.queue.popleft()
            try:
                whole, micro = split_step(step)
            except (TypeError, ValueError) as fault:
                self.warn_once("step", f"{fault}; the call is ignored")
                continue
            for key, value in flatten(metrics):
                try:
                    number = float(value)
                except (TypeError, ValueError):
                    self.warn_once(key, f"metric {key} is a {type(value).__name__}, not a number; it is ignored")
                    continue
                builder.add(key, whole, micro, int(now * 1000), number)
                if builder.full:
                    self._seal()
        if len(builder):
            self._seal()

    def _seal(self) -> None:
        points = len(self._builder)
        frame = self._builder.take(self._writer, self._seq)
        self._seq += 1
        if self._outbox_bytes + len(frame) > OUTBOX_BYTES_MAX:
            self.dropped_points += points
            self._trouble(f"the outbox is full: {self.dropped_points} points dropped so far")
            return
        self._append(Request("POST", self._points_path, "application/vnd.runlog.points", frame, points))

    def _append(self, request: Request) -> None:
        self._outbox.append(request)
        self._outbox_bytes += len(request.body)

    def _trouble(self, message: str) -> None:
        now = time.monotonic()
        if now - self._last_trouble >= TROUBLE_INTERVAL_S:
            self._last_trouble = now
            self._on_trouble(message)


def flatten(values: Mapping[str, Any], separator: str = "/", prefix: str = "") -> list[tuple[str, Any]]:
    """Nested dicts become paths: {"train": {"loss": 1}} is train/loss."""
    flat: list[tuple[str, Any]] = []
    for key, value in values.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat.extend(flatten(value, separator, path + separator))
        else:
            flat.append((path, value))
    return flat


def merge_positions(known: str | None, following: str) -> str:
    """The position that includes both: part by part, the larger."""
    if known is None:
        return following
    epoch, *a = known.split(".")
    next_epoch, *b = following.split(".")
    if epoch != next_epoch:
        return following
    width = max(len(a), len(b))
    a += ["_"] * (width - len(a))
    b += ["_"] * (width - len(b))
    return ".".join([epoch, *(max(x, y, key=lambda part: -1 if part == "_" else int(part)) for x, y in zip(a, b))])
