"""Takes the passwords of files from flags, a prompt or standard input; they are kept nowhere."""

from __future__ import annotations

import argparse
import sys


def add(sub: argparse.ArgumentParser) -> None:
    """Add the flags."""
    sub.add_argument(
        "--password", metavar="PASSWORD", dest="passwords", action="append", default=[],
        help="tried on files that need one (others can see it in the list of processes: see --ask-password)",
    )  # fmt: skip
    sub.add_argument(
        "--ask-password", action="store_true", help="ask for a password, or read it from standard input; kept nowhere"
    )


def ask(chosen: argparse.Namespace) -> None:
    """Ask where that is wanted; here, because the command itself may run in another process."""
    if not getattr(chosen, "ask_password", False):
        return
    if sys.stdin.isatty():
        import getpass

        typed = getpass.getpass("Password of the files: ")
    else:
        typed = sys.stdin.readline().rstrip("\n")
    if typed:
        chosen.passwords = [*chosen.passwords, typed]
