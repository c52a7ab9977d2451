"""Measuring and checking: a question set or the installation comes in, one line a question or a part goes out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import line, say
from workbench.services.session import Session


def evaluate(session: Session, chosen: argparse.Namespace) -> int:
    """Measure on a question set; one line a question, last the result."""
    from workbench import evaluation

    for row in evaluation.run(chosen.task, Path(chosen.data), session.app):
        if chosen.json:
            line(row)
        elif row["event"] == "result":
            metrics = "  ".join(f"{name} {value:.3f}" for name, value in row["metrics"].items())
            say(f"{row['task']}: {row['questions']} questions  {metrics}")
    return 0


def doctor(session: Session, chosen: argparse.Namespace) -> int:
    """Check the installation, part by part."""
    from workbench.services import doctor as doctor_service

    bad = 0
    rows: list[dict[str, Any]] = []
    for check in doctor_service.checks(
        session.app, session.app.settings, offline=chosen.offline, storage=getattr(chosen, "storage", False)
    ):
        bad += not check.ok
        rows.append({"name": check.name, "ok": check.ok, "detail": check.detail, "remedy": check.remedy})
        if not chosen.json:
            say(
                f"{'ok  ' if check.ok else 'BAD '} {check.name}: {check.detail}{'' if check.ok else ' ' + check.remedy}"
            )
    if chosen.json:
        line({"event": "doctor", "step": None, "ok": not bad, "checks": rows})
    return 1 if bad else 0
