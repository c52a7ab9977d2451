"""Whole runs in a real terminal: from a load to the page of a citation, a server that comes back, and a kill in the middle."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_server import ModelServer, Reply, says
from tests.support.terminal import Terminal, has_tmux, opened
from tests.tui.test_terminal import ANSWER_SECONDS, LOAD_SECONDS, _screens

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(not has_tmux(), reason="tmux is not installed: apt-get install tmux"),
]

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A small terminal, of the size that most people's begins with."""
    with opened(tmp_path, 80, 24) as found:
        found.wait(lambda screen: "ready>" in screen, 60, "the shell")
        yield found


def start(terminal: Terminal, words: str) -> None:
    terminal.type(f"clear; cd {ROOT}; {sys.executable} -m workbench {words}; echo code=$?")
    terminal.press("Enter")
    terminal.wait(lambda screen: "f1 Help" in screen and "opening" not in screen, 90, "the open screen")


def ask(terminal: Terminal, text: str) -> None:
    terminal.type(text)
    terminal.press("Enter")


def at_rest(screen: str) -> bool:
    return "ready" in screen.splitlines()[0]


def test_load_ask_page_cite_quit(terminal: Terminal) -> None:
    """A newcomer's first five minutes, by the keys that the screen itself names."""
    start(terminal, "")
    first = terminal.wait(lambda screen: "f9" in screen and at_rest(screen), 60, "what to do first")
    assert "f2" in first
    assert "f1" in first
    terminal.press("F9")
    terminal.wait(lambda screen: "loaded sample_docs" in screen and at_rest(screen), LOAD_SECONDS, "the load")
    ask(terminal, "With what oil must the Brass Aunt be oiled?")
    terminal.wait(lambda screen: "[1]" in screen and at_rest(screen), ANSWER_SECONDS, "an answer with a citation")
    terminal.press("1")
    page = terminal.wait(lambda screen: "quote 1 of" in screen, 30, "the page of the citation")
    assert "esc" in page
    terminal.press("Escape")
    terminal.wait(lambda screen: "quote 1 of" not in screen, 30, "the chat again")
    terminal.press("F3")
    terminal.wait(lambda screen: "Search the archive" in screen, 30, "the search")
    ask(terminal, "lighthouse oil")
    terminal.wait(lambda screen: '"lighthouse oil"' in screen and "page 1/" in screen, 60, "a page of results")
    terminal.press("C-o")
    terminal.type("a")
    terminal.type("]")
    terminal.wait(lambda screen: "page 2/" in screen, 60, "the next page")
    terminal.press("Enter")
    terminal.wait(lambda screen: "page" in screen and "] next page" in screen or "esc close" in screen, 30, "the page")
    terminal.press("Escape")
    terminal.press("C-q")
    terminal.wait(lambda screen: "code=0" in screen, 60, "the shell again")
    assert "Traceback" not in terminal.screen()


def test_a_server_that_is_away_and_comes_back(terminal: Terminal) -> None:
    """The status says that there is none, the chat what to do; /retry asks again once there is one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start(terminal, f"--model scripted --model-endpoint http://127.0.0.1:{port}/v1 --no-read-ahead")
    ask(terminal, "How many barrels?")
    away = terminal.wait(lambda screen: "no server · /retry" in screen, ANSWER_SECONDS, "that there is no server")
    assert f"127.0.0.1:{port}" in away.replace("\n", "")
    with ModelServer(lambda body: says("Forty barrels."), port=port):
        ask(terminal, "/retry")
        terminal.wait(lambda screen: "Forty barrels." in screen and at_rest(screen), ANSWER_SECONDS, "the answer")
    terminal.press("C-q")
    terminal.wait(lambda screen: "code=0" in screen, 60, "the shell again")


def test_killed_in_the_middle_of_an_answer(terminal: Terminal, tmp_path: Path) -> None:
    """What was finished is there again, the question that was cut off says so, and /retry answers it."""

    def reply(body: Any) -> Reply:
        asked = str(body["messages"][-1]["content"])
        return says("It is slow " * 400, chunk_chars=4, chunk_delay_seconds=0.2) if "slowly" in asked else says("Done.")

    with ModelServer(reply) as server:
        words = f"--model scripted --model-endpoint {server.url} --no-read-ahead"
        start(terminal, words)
        ask(terminal, "First question")
        terminal.wait(lambda screen: "Done." in screen and at_rest(screen), ANSWER_SECONDS, "the first answer")
        ask(terminal, "Tell me slowly")
        terminal.wait(lambda screen: "It is slow" in screen, ANSWER_SECONDS, "the beginning of the second")
        (screen,) = _screens(tmp_path / "home")
        os.kill(screen, signal.SIGKILL)
        terminal.wait(lambda screen: "code=137" in screen, 60, "the shell")
        terminal.type("reset")
        # The terminal is as the program had it: enter is no line end for the shell.
        terminal.press("C-j")
        terminal.wait(lambda screen: "It is slow" not in screen and "ready>" in screen, 30, "the shell again")
        start(terminal, words)
        back = terminal.wait(lambda screen: "interrupted before it was answered" in screen, 60, "the conversation")
        assert "Tell me slowly" in back
        assert "Done." in back
        terminal.press("C-q")
        terminal.wait(lambda screen: "code=0" in screen, 60, "the shell again")
