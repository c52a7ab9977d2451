"""Checks a text of the user's own against its sources, sentence by sentence."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.api.check import (
    CONTRADICTED,
    NOT_FOUND,
    PARTLY,
    CheckedSentence,
    CheckProgress,
    comparison_report,
    counts,
    report,
    summary,
)
from workbench.cli.command import Command, json_flag
from workbench.cli.output import check_target, line, progress, say, say_lines, standard_input, write_result
from workbench.ipc.command_output import interruptible

if TYPE_CHECKING:
    from workbench.services.session import Session

_FAILS = {"contradicted": CONTRADICTED, "partly": PARTLY, "not-found": NOT_FOUND}


def _fill_check(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("file", metavar="FILE", help="a text, Markdown or Word file of your own; - reads standard input")
    sub.add_argument("--source", metavar="S", default="", help="the source to check against (default: all)")
    sub.add_argument(
        "--fail-on",
        metavar="STATE",
        action="append",
        default=[],
        choices=sorted(_FAILS),
        help="exit 1 when a sentence is contradicted, partly or not-found; may be given several times",
    )
    sub.add_argument(
        "--fresh", action="store_true", help="check every sentence anew, also those known from an earlier run"
    )
    sub.add_argument("--output", metavar="FILE", help="write the Markdown report into a file")
    json_flag(sub)


def read_standard_input(chosen: argparse.Namespace) -> None:
    """Read the text here when it comes from standard input: another process may do the work."""
    check_target(chosen.output)
    chosen.text = None
    if chosen.file == "-":
        chosen.text = standard_input("Pipe text or Markdown, or name a file.")


def check(session: Session, chosen: argparse.Namespace) -> int:
    """Check a text and print the report; exit 1 where --fail-on says so."""
    from_input = chosen.text is not None
    text = chosen.text if from_input else session.checks.text_of(Path(chosen.file))
    name = "standard input" if from_input else Path(chosen.file).name
    found: list[CheckedSentence] = []
    total = 0
    with interruptible(session.checks.stop):
        for event in session.checks.check(text, chosen.source, fresh=chosen.fresh):
            if isinstance(event, CheckProgress):
                total = event.total
                _tell(event, as_json=chosen.json)
            else:
                found.append(event)
                if chosen.json:
                    line({"event": "checked", "step": None, **asdict(event)})
    whole = len(found) == total
    if not whole:
        progress(f"Stopped after {len(found)} of {total} sentences; the same command goes on there.")
    title = name if whole else f"{name} (the first {len(found)} of {total} sentences)"
    text_of_report = report(found, title, chosen.source or "all sources")
    if chosen.output:
        write_result(chosen.output, text_of_report)
        progress(f"The report is in {chosen.output}.")
    if chosen.json:
        line(
            {
                "event": "check",
                "step": None,
                "file": name,
                "source": chosen.source,
                "sentences": len(found),
                "total": total,
                "states": counts(found),
            }
        )
    elif not chosen.output:
        say_lines(text_of_report.split("\n"))
    else:
        say(summary(found))
    fails = {_FAILS[item] for item in chosen.fail_on}
    return 1 if not whole or any(item.state in fails for item in found) else 0


def _tell(event: CheckProgress, *, as_json: bool) -> None:
    if as_json:
        line({"event": "check_progress", "step": None, **asdict(event)})
        return
    if event.done and (event.done % 10 == 0 or event.done == event.total):
        left = f", {event.remaining_seconds:.0f} s left" if event.remaining_seconds else ""
        again = f", {event.again} known from an earlier run" if event.again else ""
        progress(f"checked {event.done}/{event.total} sentences in {event.seconds:.0f} s{left}{again}")


def _fill_compare(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("first", metavar="DOC_A", help="a document, as its source names it")
    sub.add_argument("second", metavar="DOC_B", help="another document")
    sub.add_argument("--source", metavar="S", default="", help="the source that both are in (default: all)")
    sub.add_argument("--output", metavar="FILE", help="write the Markdown report into a file")
    json_flag(sub)


def compare(session: Session, chosen: argparse.Namespace) -> int:
    """The facts that two documents state differently, with quotes of both."""
    found = session.checks.compare(chosen.first, chosen.second, chosen.source)
    text = comparison_report(found)
    if chosen.output:
        write_result(chosen.output, text)
        progress(f"The report is in {chosen.output}.")
    if chosen.json:
        line({"event": "compared", "step": None, **asdict(found)})
    elif not chosen.output:
        say_lines(text.rstrip("\n").split("\n"))
    return 0


COMMANDS = {
    "compare": Command("the facts that two documents state differently", _fill_compare, compare, resumable=True),
    "check": Command(
        "check a text of your own against its sources", _fill_check, check, resumable=True, prepare=read_standard_input
    ),
}
