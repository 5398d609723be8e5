"""A run being logged: `log` appends to a queue and returns; the sender's thread does the rest."""

from __future__ import annotations

import atexit
import json
import sys
import time
import uuid
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Iterator, Mapping, MutableMapping
from urllib.parse import quote

from ._sender import Sender, flatten
from ._transport import Request, Transport

_JSON = "application/json"
_EXIT_DEADLINE_S = 15.0


@dataclass(frozen=True)
class FinishReport:
    """What became of the run's points; `complete` when the server has acknowledged every one."""

    complete: bool
    sent_points: int
    dropped_points: int
    rejected_points: int
    position: str | None


class Run:
    """Made by `runlog.init`. Usable as a context manager: an exception ends it as failed, with the reason."""

    def __init__(
        self,
        *,
        url: str,
        experiment: str,
        api_key: str | None = None,
        workspace: str | None = None,
        id: str | None = None,
        name: str | None = None,
        group: str | None = None,
        job_type: str | None = None,
        config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        context: Mapping[str, Any] | None = None,
        mode: str = "online",
    ) -> None:
        if mode not in ("online", "disabled"):
            raise ValueError(f"mode must be online or disabled, not {mode!r}")
        self.id = id or str(uuid.uuid4())
        self._disabled = mode == "disabled"
        self._next_step = 0
        self._report: FinishReport | None = None
        self.config = Config(self, dict(config or {}))
        self.summary = Summary(self)
        base = "/api/v1/runs" if workspace is None else f"/w/{quote(workspace, safe='')}/api/v1/runs"
        self._path = f"{base}/{quote(self.id, safe='')}"
        if self._disabled:
            return
        heartbeat = Request("POST", f"{self._path}/heartbeat", _JSON, b"{}")
        self._sender = Sender(Transport(url, api_key), f"{self._path}/points", heartbeat, str(uuid.uuid4()), _show)
        body = {
            "id": self.id,
            "experiment": experiment,
            "name": name,
            "group": group,
            "jobType": job_type,
            "params": self.config.as_texts() or None,
            "tags": dict(tags) if tags else None,
            "context": dict(context) if context else None,
            "startedAt": int(time.time() * 1000),
        }
        self._control("POST", base, {key: value for key, value in body.items() if value is not None})
        atexit.register(self._at_exit)

    def log(self, metrics: Mapping[str, Any], step: float | None = None) -> None:
        """Logs metrics at a step (decimals allowed); without one it counts up by one per call. Never blocks, never raises."""
        if step is None:
            step = self._next_step
            self._next_step = step + 1
        elif isinstance(step, (int, float)) and -9e15 < step < 9e15:
            self._next_step = int(step // 1) + 1
        if self._disabled:
            return
        if self._report is not None:
            self._sender.warn_once("finished", "log() after finish() is ignored")
            return
        try:
            self._sender.put((step, time.time(), dict(metrics)))
        except Exception as fault:  # a logger must not end the training it observes
            self._sender.warn_once("log", f"log() could not take {metrics!r}: {fault}")

    def tag(self, **tags: str | None) -> None:
        """Sets tags; None removes one."""
        self._control("PATCH", self._path, {"tags": tags})

    def finish(self, status: str = "completed", reason: str | None = None, deadline_s: float = 60.0) -> FinishReport:
        """Sends what is queued and ends the run. A second call gives the first report again."""
        if self._report is not None:
            return self._report
        if status not in ("completed", "failed", "killed"):
            raise ValueError(f"status must be completed, failed or killed, not {status!r}")
        if self._disabled:
            self._report = FinishReport(True, 0, 0, 0, None)
            return self._report
        sender = self._sender
        if self.summary.numbers:
            sender.put((self._next_step, time.time(), dict(self.summary.numbers)))
        ended: dict[str, Any] = {"status": status, "at": int(time.time() * 1000)}
        if reason is not None:
            ended["reason"] = reason
        self._control("POST", f"{self._path}/finish", ended)
        drained = sender.drain(deadline_s)
        complete = drained and sender.dropped_points == 0 and sender.rejected_points == 0
        if not complete:
            _show(f"run {self.id} ended with {sender.dropped_points} points dropped and {sender.rejected_points} refused")
        self._report = FinishReport(complete, sender.sent_points, sender.dropped_points, sender.rejected_points, sender.position)
        atexit.unregister(self._at_exit)
        return self._report

    @property
    def stop_requested(self) -> bool:
        """True once somebody asked on the page for the job to stop."""
        return not self._disabled and self._sender.stop_asked

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self.finish()
        elif isinstance(error, KeyboardInterrupt):
            self.finish("killed", "KeyboardInterrupt")
        else:
            self.finish("failed", f"{type(error).__name__}: {error}")

    def _at_exit(self) -> None:
        self.finish(deadline_s=_EXIT_DEADLINE_S)

    def _control(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        if self._disabled or self._report is not None:
            return
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        self._sender.push(Request(method, path, _JSON, json.dumps(body, default=str).encode("utf-8"), headers=headers))


class Config(MutableMapping[str, Any]):
    """The run's parameters as a dict; what is set is sent, the first value of each wins. Nested dicts become dotted names."""

    def __init__(self, run: Run, values: dict[str, Any]) -> None:
        self._run = run
        self._values = values

    def as_texts(self) -> dict[str, str]:
        return {key: _text(value) for key, value in flatten(self._values, ".")}

    def __setitem__(self, key: str, value: Any) -> None:
        self._values[key] = value
        params = {path: _text(leaf) for path, leaf in flatten({key: value}, ".")}
        self._run._control("POST", f"{self._run._path}/params", {"params": params})

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __delitem__(self, key: str) -> None:
        raise TypeError("a parameter that was logged stays")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Summary:
    """Values for the whole run: numbers become the last value of that metric at finish, text a tag `summary.<key>`."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.numbers: dict[str, float] = {}

    def __setitem__(self, key: str, value: Any) -> None:
        if isinstance(value, str):
            self._run._control("PATCH", self._run._path, {"tags": {f"summary.{key}": value}})
        else:
            self.numbers[key] = float(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, (bool, list, tuple)):
        return json.dumps(value, default=str)
    return str(value)


def _show(message: str) -> None:
    print(f"runlog: {message}", file=sys.stderr)
