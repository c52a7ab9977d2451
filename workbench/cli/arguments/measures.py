"""The arguments of measuring and checking."""

from __future__ import annotations

import argparse

from workbench.cli.arguments.entry import Entry, json_flag, yes_flag


def _fill_eval(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("task", metavar="TASK", help="retrieval, reader or nested-kv")
    sub.add_argument(
        "--data",
        metavar="DIR",
        required=True,
        help="a folder with a question set, in the layout that it was published in",
    )
    json_flag(sub)


def _fill_doctor(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--offline", action="store_true", help="do not ask the model's server")
    sub.add_argument(
        "--storage", action="store_true", help="read every block of the database and compare counts, hashes and links"
    )
    json_flag(sub)


def _fill_backup(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("file", metavar="FILE", help="where the copy goes; it is one DuckDB file")
    yes_flag(sub, "replace FILE if it is there")
    json_flag(sub)


def _fill_restore(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "file", metavar="FILE", help="a copy that backup made; the database that is there is kept beside it"
    )
    json_flag(sub)


COMMANDS = {
    "eval": Entry("measure on a question set", _fill_eval, "measures.evaluate"),
    "doctor": Entry("check the installation", _fill_doctor, "measures.doctor"),
    "backup": Entry("copy the whole database into one file, also while it is in use", _fill_backup, "backups.backup"),
    "restore": Entry(
        "put a copy that backup made in the database's place", _fill_restore, "backups.restore", needs_archive=False
    ),
}
