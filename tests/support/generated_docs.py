"""Writes the pages of workbench/docs that follow from the code: settings.md and commands.md.

Run `python -m tests.support.generated_docs` after a change of a setting, a command, a slash command or a key.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from textual.binding import Binding

from workbench.cli.commands import COMMANDS
from workbench.core.settings import Settings
from workbench.core.settings_schema import descriptions
from workbench.tui.app import WorkbenchApp
from workbench.tui.commands import registry

FOLDER = Path(__file__).resolve().parents[2] / "workbench" / "docs"
_NOTE = "<!-- Made from the code by `python -m tests.support.generated_docs`; do not edit. -->"


def settings_page() -> str:
    """Every setting with its default and its meaning."""
    lines = [
        "# Settings", "", _NOTE, "",
        "A setting is taken from, in this order: a flag of the command, the environment, the settings file, its default. In the",
        "environment a setting `page_hits` is called `WORKBENCH_PAGE_HITS`; `OPENAI_API_KEY` and `OPENAI_BASE_URL` mean what",
        "everyone expects, and `WORKBENCH_HOME` moves settings, data and logs. `workbench configure` shows the settings in force",
        "and where each comes from; `workbench configure KEY=VALUE` writes the file, and beside it a JSON Schema, so that an editor",
        "completes and checks it (`workbench configure --schema` prints that).", "",
    ]  # fmt: skip
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    for name, meaning in descriptions().items():
        lines += [f"**{name}** (default `{defaults[name]!r}`)  ", meaning, ""]
    return "\n".join(lines)


def commands_page() -> str:
    """Commands of the command line, slash commands and keys of the screen."""
    lines = ["# Commands and keys", "", _NOTE, "", "## Command line", ""]
    lines += ["`workbench [PATH…]` opens the screen, loads and attaches PATHs (without any: the last agent). Every command",
              "has `--help`; with `--json` it prints one JSON object a line, the last one its result.", ""]  # fmt: skip
    for name, entry in COMMANDS.items():
        parser = argparse.ArgumentParser(prog=f"workbench {name}", add_help=False)
        entry.add_arguments(parser)
        lines += [f"**{name}**: {entry.summary}", "", *_usage(parser), ""]
    lines += ["## Slash commands of the screen", ""]
    lines += [f"- `{command.usage}`: {command.help}" for command in registry.COMMANDS]
    lines += [
        "",
        "## Keys of the screen",
        "",
        "f1 helps with whatever has the focus, and lists the keys of that pane.",
        "",
    ]
    for binding in WorkbenchApp.BINDINGS:
        if isinstance(binding, Binding) and binding.description:
            lines.append(f"- `{binding.key_display or binding.key}`: {binding.description}")
    return "\n".join([*lines, ""])


def _usage(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if action.help == argparse.SUPPRESS:
            continue
        shown = ", ".join(action.option_strings) or str(action.metavar or action.dest)
        names = action.metavar if isinstance(action.metavar, tuple) else (action.metavar,)
        value = "".join(f" {name}" for name in names if name and action.option_strings)
        yield f"- `{shown}{value}`" + (f": {action.help}" if action.help else "")


PAGES = {"settings.md": settings_page, "commands.md": commands_page}
"""Each generated page, and what makes it."""


def main() -> None:
    """Write all pages."""
    for name, make in PAGES.items():
        (FOLDER / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
