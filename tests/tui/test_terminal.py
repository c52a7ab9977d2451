"""The program in a real terminal, from start to a clean end: load the samples, type meanwhile, ask, resize, quit."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import wait_until
from tests.support.terminal import Terminal, has_tmux, opened, processes

QUESTION = "With what oil must the Brass Aunt be oiled?"
LOAD_SECONDS = 240.0
ANSWER_SECONDS = 120.0

pytestmark = pytest.mark.skipif(not has_tmux(), reason="tmux is not installed: apt-get install tmux")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with opened(tmp_path, 120, 36) as found:
        yield found


def test_from_start_to_a_clean_end(terminal: Terminal, tmp_path: Path) -> None:
    root = Path(__file__).parent.parent.parent
    folder = tmp_path / "sample_docs"
    folder.mkdir()
    for name in ("keepers-log.txt", "harbour-survey.pdf"):  # all of them are loaded by other tests
        shutil.copy2(root / "sample_docs" / name, folder)
    terminal.wait(lambda screen: "ready>" in screen, 60, "the shell")
    terminal.type(f"cd {root}; stty -g > {tmp_path}/before; {sys.executable} -m workbench {folder}; echo code=$?")
    terminal.press("Enter")
    terminal.wait(lambda screen: "Ask about your documents" in screen, 60, "the screen")
    assert terminal.flag("alternate_on") == "1"

    terminal.wait(lambda screen: "loading" in screen or "loaded sample_docs" in screen, 60, "the load")
    terminal.type(QUESTION)
    terminal.wait(lambda screen: QUESTION in screen, 10, "typing while it loads")
    terminal.wait(
        lambda screen: "loaded sample_docs" in screen and "ready" in screen, LOAD_SECONDS, "the end of the load"
    )
    terminal.press("Enter")
    answered = terminal.wait(
        lambda screen: "[1]" in screen and "○ ready" in screen, ANSWER_SECONDS, "an answer with a citation"
    )
    assert "passages read" in answered
    assert " 0/7,168" not in answered.splitlines()[1]
    assert "Archive ·" in answered
    assert "task" in answered
    assert all(len(row) <= 120 for row in answered.splitlines())

    terminal.resize(80, 24)
    narrow = terminal.wait(
        lambda screen: "Library" in screen and len(screen.splitlines()) == 24, 10, "the narrow screen"
    )
    assert "[1]" in narrow
    terminal.resize(120, 36)
    terminal.wait(lambda screen: "Working memory" in screen and "Archive ·" in screen, 10, "the wide screen again")

    terminal.press("C-q")
    terminal.wait(lambda screen: "code=0" in screen, 30, "the shell again")
    assert terminal.flag("alternate_on") == "0"
    assert terminal.flag("mouse_any_flag") == "0"
    assert terminal.flag("cursor_flag") == "1"
    assert "Traceback" not in terminal.screen()
    terminal.type(f"stty -g | diff - {tmp_path}/before && echo modes-are-$((1+1))-the-same")
    terminal.press("Enter")
    terminal.wait(lambda screen: "modes-are-2-the-same" in screen, 10, "terminal modes as before, and echo on")
    left = [line for line in processes(f"WORKBENCH_HOME={tmp_path / 'home'}") if "python" in line]
    assert not left, f"left behind: {left}"


@pytest.mark.nightly
def test_escape_stops_a_load_and_killing_the_terminal_leaves_nothing(terminal: Terminal, tmp_path: Path) -> None:
    """The window is closed while documents load: the program ends, and its workers with it."""
    root = Path(__file__).parent.parent.parent
    terminal.wait(lambda screen: "ready>" in screen, 60, "the shell")
    terminal.type(f"cd {root}; {sys.executable} -m workbench sample_docs")
    terminal.press("Enter")
    terminal.wait(lambda screen: "loading" in screen, 60, "the load")
    terminal.press("Escape")
    terminal.wait(lambda screen: "stopped by you" in screen, 60, "the end of the load")
    terminal.wait(lambda screen: "ready" in screen.splitlines()[0], 60, "nothing running")
    terminal.close()
    mark = f"WORKBENCH_HOME={tmp_path / 'home'}"
    assert wait_until(lambda: not processes(mark))


@pytest.mark.nightly
def test_a_polite_kill_leaves_the_terminal_clean_and_nothing_lost(terminal: Terminal, tmp_path: Path) -> None:
    """SIGTERM while the screen is up and a question has been answered: the shell is as before, the conversation is kept."""
    root, home = Path(__file__).parent.parent.parent, tmp_path / "home"
    terminal.wait(lambda screen: "ready>" in screen, 60, "the shell")
    terminal.type(f"cd {root}; stty -g > {tmp_path}/before; {sys.executable} -m workbench; echo code=$?")
    terminal.press("Enter")
    terminal.wait(lambda screen: "Ask about your documents" in screen, 60, "the screen")
    terminal.type("What is nowhere?")
    terminal.press("Enter")
    terminal.wait(
        lambda screen: "Nothing is attached" in screen and "ready" in screen.splitlines()[0],
        ANSWER_SECONDS,
        "an answer",
    )
    for number in _screens(home):
        os.kill(number, signal.SIGTERM)
    terminal.wait(lambda screen: "code=0" in screen, 30, "the shell again")
    assert terminal.flag("alternate_on") == "0"
    assert terminal.flag("cursor_flag") == "1"
    assert "Traceback" not in terminal.screen()
    terminal.type(f"stty -g | diff - {tmp_path}/before && echo modes-are-$((1+1))-the-same")
    terminal.press("Enter")
    terminal.wait(lambda screen: "modes-are-2-the-same" in screen, 10, "terminal modes as before")
    assert not processes(f"WORKBENCH_HOME={home}") or not _screens(home)
    terminal.type(f"{sys.executable} -m workbench")
    terminal.press("Enter")
    terminal.wait(
        lambda screen: "What is nowhere?" in screen and "Nothing is attached" in screen,
        60,
        "the conversation as it was",
    )


@pytest.mark.nightly
def test_stopped_and_continued_the_whole_screen_is_back(terminal: Terminal, tmp_path: Path) -> None:
    """By a signal that the program hears, and by one that it does not."""
    root = Path(__file__).parent.parent.parent
    terminal.wait(lambda screen: "ready>" in screen, 60, "the shell")
    terminal.type(f"cd {root}; {sys.executable} -m workbench")
    terminal.press("Enter")
    terminal.wait(lambda screen: "f1 Help" in screen and "opening" not in screen, 60, "the open screen")
    for number in (signal.SIGTSTP, signal.SIGSTOP):
        (screen,) = _screens(tmp_path / "home")
        os.kill(screen, number)
        terminal.wait(lambda screen: "Stopped" in screen, 20, "the shell while the program is stopped")
        terminal.type("fg")
        # SIGSTOP leaves the terminal as the program had it: enter is no line end for the shell then.
        terminal.press("C-j")
        terminal.wait(
            lambda screen: all(word in screen for word in ("Working memory", "f1 Help")) and "ready>" not in screen,
            60,
            "the whole screen",
        )
        terminal.type("typed")
        terminal.wait(lambda screen: "typed" in screen, 20, "keys after fg")
        terminal.press(*["BSpace"] * 5)
        # What the stopped program has not read would go to the shell.
        terminal.wait(lambda screen: "typed" not in screen, 20, "the prompt, empty again")
    terminal.press("C-q")
    terminal.wait(lambda screen: screen.rstrip().endswith("ready>"), 30, "the shell again")
    assert terminal.flag("alternate_on") == "0"


def _screens(home: Path) -> list[int]:
    """Process ids of the workbenches on a home, without their workers."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            mine = folder.name.isdigit() and f"WORKBENCH_HOME={home}".encode() in (folder / "environ").read_bytes()
            if mine and (folder / "cmdline").read_bytes().split(b"\0")[1:3] == [b"-m", b"workbench"]:
                found.append(int(folder.name))
        except OSError:
            continue
    return found
