"""MLflow's own client in a loop: synchronous `mlflow.log_metric`, one call after another, for so many seconds."""

import json
import sys
import time

import mlflow

url, seconds = sys.argv[1], float(sys.argv[2])
mlflow.set_tracking_uri(url)
mlflow.set_experiment("serial")
with mlflow.start_run():
    for step in range(10):
        mlflow.log_metric("warm", 0.5, step=step)
    calls = 0
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        mlflow.log_metric("loss", 1.0 / (calls + 1), step=calls)
        calls += 1
    took = time.perf_counter() - begun
print(json.dumps({"calls": calls, "seconds": took}))
