"""Runlog for Python: log training runs to a Runlog server. `runlog.init(...)` gives a Run; the module logs to the newest one."""

from __future__ import annotations

import os
from typing import Any, Mapping

from ._run import Config, FinishReport, Run, Summary

__all__ = ["Config", "FinishReport", "Run", "Summary", "finish", "init", "log"]
__version__ = "0.1.0"

_current: Run | None = None


def init(
    experiment: str | None = None,
    *,
    project: str | None = None,
    url: str | None = None,
    api_key: str | None = None,
    workspace: str | None = None,
    id: str | None = None,
    name: str | None = None,
    group: str | None = None,
    job_type: str | None = None,
    config: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    context: Mapping[str, Any] | None = None,
    mode: str | None = None,
) -> Run:
    """Starts a run and returns at once; the server is told in the background.

    `experiment` (or `project`) names where the run belongs. `url` defaults to RUNLOG_URL or http://127.0.0.1:5050, `api_key` to
    RUNLOG_API_KEY, `mode` (`online` or `disabled`) to RUNLOG_MODE. The same `id` again continues the run.
    """
    global _current
    environment = os.environ
    _current = Run(
        url=url or environment.get("RUNLOG_URL") or "http://127.0.0.1:5050",
        experiment=experiment or project or "default",
        api_key=api_key or environment.get("RUNLOG_API_KEY"),
        workspace=workspace,
        id=id,
        name=name,
        group=group,
        job_type=job_type,
        config=config,
        tags=tags,
        context=context,
        mode=mode or environment.get("RUNLOG_MODE") or "online",
    )
    return _current


def log(metrics: Mapping[str, Any], step: float | None = None) -> None:
    """Logs to the newest run. Raises RuntimeError when there is none."""
    _newest().log(metrics, step)


def finish(status: str = "completed", reason: str | None = None) -> FinishReport:
    """Ends the newest run. Raises RuntimeError when there is none."""
    return _newest().finish(status, reason)


def _newest() -> Run:
    if _current is None:
        raise RuntimeError("call runlog.init() first")
    return _current
