"""The arguments of measuring and checking."""

from __future__ import annotations

import argparse

from workbench.cli.arguments.entry import Entry, json_flag


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
    json_flag(sub)


COMMANDS = {
    "eval": Entry("measure on a question set", _fill_eval, "measures.evaluate"),
    "doctor": Entry("check the installation", _fill_doctor, "measures.doctor"),
}
