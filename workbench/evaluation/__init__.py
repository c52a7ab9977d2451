"""Measurements: `workbench eval TASK` runs a task over a folder of data and yields its rows.

The tasks here measure one thing without arms; those that compare ways of answering are in `tasks`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.errors import UsageError

if TYPE_CHECKING:
    from workbench.services.container import AppContext

TASKS = {
    "retrieval": "workbench.evaluation.retrieval",
    "memory-evidence": "workbench.evaluation.memory_evidence",
    "reader": "workbench.evaluation.reader",
    "answers": "workbench.evaluation.answers",
}
"""Each task is a module with `run(folder, app)`."""


def run(task: str, folder: Path, app: AppContext) -> Iterator[dict[str, Any]]:
    """The rows of a task; the last is its result. Raises UsageError for a task or a folder that is not known."""
    if task not in TASKS:
        raise UsageError(f"There is no task {task!r} to measure.", f"Tasks: {', '.join(TASKS)}.")
    rows: Iterator[dict[str, Any]] = importlib.import_module(TASKS[task]).run(folder, app)
    return rows
