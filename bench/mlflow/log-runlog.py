"""Runlog's Python SDK in a loop: so many runs in turns, each call with so many metrics, then `finish`. Starts when a line comes in."""

import json
import random
import sys
import time

url, prefix, runs, keys, steps = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
sys.path.insert(0, sys.argv[6])

import runlog  # noqa: E402

opened = [runlog.init(experiment="sdk", url=url, id=f"{prefix}-{i}") for i in range(runs)]
names = [f"train/metric_{k:02}" for k in range(keys)]
pool = [{name: round(random.random(), 4) if k % 2 else random.random() for k, name in enumerate(names)} for _ in range(1000)]
print("ready", flush=True)
sys.stdin.readline()

begun = time.perf_counter()
for step in range(steps):
    for run in opened:
        run.log(pool[step % 1000], step=step)
logged = time.perf_counter() - begun
reports = [run.finish(deadline_s=120.0) for run in opened]
took = time.perf_counter() - begun
print(
    json.dumps(
        {
            "logSeconds": logged,
            "seconds": took,
            "points": sum(report.sent_points for report in reports),
            "complete": all(report.complete for report in reports),
            "positions": [report.position for report in reports],
        }
    )
)
