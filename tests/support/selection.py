"""Which tests run: the gate leaves out what is marked nightly or browser, says so at the end, and names the command for the rest.

What the collection made stays to the end of the run, so the garbage collector is kept from walking through it again and again:
it took a fifth of the processor time of the tests of the screen, and more of the collection itself.

Where the machine has room for it, the tests write into memory: every step of an agent is a durable commit, and waiting for the
disk (4 ms each on the machine that the gate was measured on) proves nothing here. A kill leaves the files as they are either way.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test, settings

import tests.support.properties  # noqa: F401  # registers the profiles

NIGHTLY_COMMAND = ".venv/bin/python -m pytest --nightly"
LEFT_OUT = ("nightly", "browser")
NIGHTLY_SECONDS = 4 * 3600
PROCESS_FOLDER = Path(__file__).resolve().parents[1] / "process"
_DESELECTED = pytest.StashKey[list[str]]()

# Compiled tests are kept even where PYTHONDONTWRITEBYTECODE is set: every worker of every run took 3 s to compile them anew.
sys.dont_write_bytecode = False

_COLLECT_AFTER = (20_000, 10, 10)
"""Allocations before young objects are looked through; and how many such rounds before older ones are. Python's own are 700, 10, 10."""

_IN_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4 << 30

if os.access(_IN_MEMORY, os.W_OK) and shutil.disk_usage(_IN_MEMORY).free >= _ROOM_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_IN_MEMORY))  # pytest's own name for the root of tmp_path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--nightly",
        action="store_true",
        help="run what the gate leaves out: tests marked nightly or browser, and properties long and with a random seed",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_DESELECTED] = []
    chosen = config.getoption("--hypothesis-profile", None) or ("nightly" if config.getoption("--nightly") else "gate")
    settings.load_profile(chosen)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(*_COLLECT_AFTER)
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if PROCESS_FOLDER in item.path.parents:
            item.add_marker("process")
    if config.getoption("-m") or any("::" in argument for argument in config.args):
        return  # whoever names tests or markers gets exactly those
    nightly = config.getoption("--nightly")
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        (kept if _belongs(item, nightly) else left).append(item)
    if nightly:
        for item in kept:
            item.add_marker(pytest.mark.timeout(NIGHTLY_SECONDS))
    items[:] = kept
    config.hook.pytest_deselected(items=left)
    config.stash[_DESELECTED] = [] if nightly else [item.nodeid for item in left]


def _belongs(item: pytest.Item, nightly: bool) -> bool:
    marked = any(item.get_closest_marker(name) for name in LEFT_OUT)
    is_property = isinstance(item, pytest.Function) and is_hypothesis_test(item.obj)
    return marked or is_property if nightly else not marked


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist tells what it left out: the process that prints the summary collects nothing itself."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = session.config.stash[_DESELECTED]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    told = getattr(node, "workeroutput", {}).get("left_out")
    if told is not None:
        node.config.stash[_DESELECTED] = told  # type: ignore[attr-defined]  # every worker collects the same tests


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    left = config.stash[_DESELECTED]
    if left:
        terminalreporter.write_line(
            f"{len(left)} tests marked nightly or browser were left out; {NIGHTLY_COMMAND} runs them."
        )
