"""The SDK against a real HTTP server in this process: what it sends, and how it behaves when the server is unwell."""

from __future__ import annotations

import json
import math
import struct
import subprocess
import sys
import threading
import unittest
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable

import runlog
from runlog._frame import FrameBuilder, split_step
from runlog._sender import merge_positions

Answer = tuple[int, dict[str, str], dict[str, Any]]


class Server:
    """Keeps every request and answers what the test wants."""

    def __init__(self, answer: Callable[[str, int], Answer] | None = None) -> None:
        self.seen: list[tuple[str, str, bytes, str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _take(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.seen.append((self.command, self.path, body, self.headers.get("Idempotency-Key")))
                status, headers, answer_body = answer(self.path, len(outer.seen)) if answer else (202, {}, {"position": "e.1.2"})
                data = json.dumps(answer_body).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(data)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_PATCH = _take

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def points(self) -> list[tuple[str, int, int, float]]:
        """(key, step, micro, value) of every point received, in order."""
        return [point for _, path, body, _ in self.seen if path.endswith("/points") for point in decode(body)]


def decode(frame: bytes) -> list[tuple[str, int, int, float]]:
    """Reads a frame by the document alone, sharing nothing with the SDK."""
    magic, version, kind, flags, header_bytes, rows, body_bytes, stored = struct.unpack_from("<4sBBHIIII", frame)
    assert (magic, version, kind, body_bytes) == (b"RLCK", 1, 0, stored)
    assert struct.unpack_from("<I", frame, len(frame) - 4)[0] == zlib.crc32(frame[:-4]) and flags & 4
    at = 24
    (length,) = struct.unpack_from("<H", frame, at)
    at += 2 + length + 8 + 4
    (count,) = struct.unpack_from("<I", frame, at)
    at += 4
    keys = []
    for _ in range(count):
        (length,) = struct.unpack_from("<H", frame, at)
        keys.append(frame[at + 2 : at + 2 + length].decode())
        at += 2 + length + 1
    at = 24 + header_bytes

    def column(code: str, size: int) -> tuple[Any, ...]:
        nonlocal at
        values = struct.unpack_from(f"<{rows}{code}", frame, at)
        at += (rows * size + 7) // 8 * 8
        return values

    series, steps = column("I", 4), column("q", 8)
    micros = column("i", 4) if flags & 1 else (0,) * rows
    column("q", 8)
    values = column("d", 8)
    return [(keys[s], step, micro, value) for s, step, micro, value in zip(series, steps, micros, values)]


class RunTest(unittest.TestCase):
    def serve(self, answer: Callable[[str, int], Answer] | None = None) -> Server:
        server = Server(answer)
        self.addCleanup(server.close)
        return server

    def test_sends_start_points_and_end_in_order(self) -> None:
        server = self.serve()
        with runlog.init("e", url=server.url, id="r/1", config={"opt": {"lr": 0.1}, "on": True}) as run:
            run.log({"loss": 1.5, "train": {"acc": 0.25}})
            run.log({"loss": math.inf}, step=7.5)
        self.assertEqual(
            [f"{method} {path}" for method, path, _, _ in server.seen],
            ["POST /api/v1/runs", "POST /api/v1/runs/r%2F1/points", "POST /api/v1/runs/r%2F1/finish"],
        )
        start = json.loads(server.seen[0][2])
        self.assertEqual((start["experiment"], start["params"]), ("e", {"opt.lr": "0.1", "on": "true"}))
        self.assertEqual(server.points(), [("loss", 0, 0, 1.5), ("train/acc", 0, 0, 0.25), ("loss", 7, 500_000, math.inf)])
        report = run.finish()
        self.assertTrue(report.complete)
        self.assertEqual((report.sent_points, report.position), (3, "e.1.2"))

    def test_an_exception_ends_the_run_as_failed_with_its_reason(self) -> None:
        server = self.serve()
        with self.assertRaises(ZeroDivisionError):
            with runlog.init("e", url=server.url):
                1 / 0
        ended = json.loads(server.seen[-1][2])
        self.assertEqual((ended["status"], ended["reason"]), ("failed", "ZeroDivisionError: division by zero"))

    def test_a_refused_attempt_is_sent_again_with_the_same_bytes(self) -> None:
        def answer(path: str, nth: int) -> Answer:
            return (503, {"Retry-After": "0"}, {}) if nth in (1, 3) else (202, {}, {})

        server = self.serve(answer)
        run = runlog.init("e", url=server.url)
        run.log({"m": 1})
        self.assertTrue(run.finish().complete)
        self.assertEqual(server.seen[0][3], server.seen[1][3])
        self.assertEqual(server.seen[2][2], server.seen[3][2])
        self.assertNotEqual(server.seen[0][3], None)

    def test_points_refused_for_good_are_counted(self) -> None:
        server = self.serve(lambda path, _: (400, {}, {"detail": "no"}) if path.endswith("/points") else (202, {}, {}))
        run = runlog.init("e", url=server.url)
        run.log({"a": 1, "b": 2})
        report = run.finish()
        self.assertEqual((report.complete, report.sent_points, report.rejected_points), (False, 0, 2))

    def test_a_server_that_is_away_costs_the_deadline_and_the_loss_is_told(self) -> None:
        run = runlog.init("e", url="http://127.0.0.1:9")
        run.log({"a": 1})
        report = run.finish(deadline_s=0.05)
        self.assertEqual((report.complete, report.dropped_points), (False, 1))

    def test_log_never_raises_into_the_job(self) -> None:
        server = self.serve()
        run = runlog.init("e", url=server.url)
        run.log({"text": "x", "ok": 1, "none": None})
        run.log(None)  # type: ignore[arg-type]
        run.log({"ok": 2}, step=math.nan)
        run.log({"ok": 3}, step=2**63)
        run.finish()
        run.log({"ok": 4})
        self.assertEqual(server.points(), [("ok", 0, 0, 1.0)])

    def test_summary_numbers_become_the_last_value(self) -> None:
        server = self.serve()
        with runlog.init("e", url=server.url) as run:
            run.log({"best": 1}, step=10)
            run.summary["best"] = 9
            run.summary["verdict"] = "good"
        self.assertEqual(server.points(), [("best", 10, 0, 1.0), ("best", 11, 0, 9.0)])
        patched = [json.loads(body) for method, _, body, _ in server.seen if method == "PATCH"]
        self.assertEqual(patched, [{"tags": {"summary.verdict": "good"}}])

    def test_many_points_are_split_into_frames_with_every_point_once(self) -> None:
        server = self.serve()
        with runlog.init("e", url=server.url) as run:
            for step in range(100_000):
                run.log({"m": float(step)}, step=step)
        self.assertEqual([value for _, _, _, value in server.points()], [float(step) for step in range(100_000)])
        frames = [body for _, path, body, _ in server.seen if path.endswith("/points")]
        self.assertGreater(len(frames), 1)
        self.assertLessEqual(max(map(len, frames)), 8 << 20)

    def test_a_process_that_forgets_finish_still_delivers(self) -> None:
        server = self.serve()
        code = f"import runlog; runlog.init('e', url={server.url!r}).log({{'m': 5}})"
        subprocess.run([sys.executable, "-c", code], check=True)
        self.assertEqual(server.points(), [("m", 0, 0, 5.0)])
        self.assertTrue(server.seen[-1][1].endswith("/finish"))

    def test_disabled_does_nothing(self) -> None:
        run = runlog.init("e", url="http://127.0.0.1:9", mode="disabled")
        run.log({"a": 1})
        run.config["lr"] = 1
        self.assertTrue(run.finish().complete)


class FrameTest(unittest.TestCase):
    def test_decimal_steps_split_towards_the_lower_whole(self) -> None:
        self.assertEqual(split_step(-0.5), (-1, 500_000))
        self.assertEqual(split_step(0.9999999), (1, 0))
        self.assertEqual(split_step(2**62), (2**62, 0))

    def test_what_is_no_step_is_refused(self) -> None:
        for bad in (math.nan, math.inf, 2**63, -(2**63) - 1):
            with self.assertRaises(ValueError):
                split_step(bad)

    def test_a_taken_builder_is_empty(self) -> None:
        builder = FrameBuilder()
        builder.add("k", 1, 0, 2, 3.0)
        self.assertEqual(decode(builder.take("w", 0)), [("k", 1, 0, 3.0)])
        self.assertEqual(len(builder), 0)


class PositionTest(unittest.TestCase):
    def test_positions_merge_part_by_part(self) -> None:
        self.assertEqual(merge_positions("e.5._.9", "e.4.3.10"), "e.5.3.10")
        self.assertEqual(merge_positions("e.5", "f.1"), "f.1")


if __name__ == "__main__":
    unittest.main()
