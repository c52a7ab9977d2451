"""The table of commands: what a module holds is in it, and a command imports no more than its own module."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from importlib import import_module

from workbench.cli import commands


def test_the_table_has_every_command_of_every_module() -> None:
    """A command that is only in its module cannot be run."""
    found = {}
    for info in pkgutil.iter_modules(commands.__path__):
        held = getattr(import_module(f"workbench.cli.commands.{info.name}"), "COMMANDS", {})
        found.update(dict.fromkeys(held, info.name))
    assert found == commands.MODULES
    for name, command in commands.COMMANDS.items():
        assert command.summary, name


def test_every_argument_has_a_description() -> None:
    """A stranger reads --help first."""
    import argparse

    def missing(parser: argparse.ArgumentParser, path: str) -> list[str]:
        found = []
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for name, sub in action.choices.items():
                    found += missing(sub, f"{path} {name}")
            if not action.help:
                found.append(f"{path} {action.metavar or action.dest}")
        return found

    bare = []
    for name, command in commands.COMMANDS.items():
        parser = argparse.ArgumentParser(prog=name)
        command.add_arguments(parser)
        bare += missing(parser, name)
    assert not bare


def test_the_screen_imports_no_other_command() -> None:
    """What paints the first frame must be light."""
    script = (
        "import sys; from workbench.cli.main import parser; parser('open'); import workbench.tui.app; "
        "print(sorted(name for name in sys.modules if name.startswith('workbench.')))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    for heavy in ("api.events", "tui.controller", "tui.screens", "services", "commands.search", "commands.agents"):
        assert f"'workbench.{heavy}" not in loaded.replace("cli.commands", "commands"), heavy
