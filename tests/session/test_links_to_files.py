"""`ask` and `search` make links of what they cite, in a terminal that has links: to files that are there, never to a document's text."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from tests.support.commands import Run
from workbench.cli.main import main
from workbench.core.hyperlinks import file_address

LINK = re.compile("\x1b]8;;([^\x1b]*)\x1b\\\\")
NAME = "100% lease \x1b]8;;http:evil\x1b\\.txt"
"""A name that would be a link by itself."""


class Terminal(io.StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def printed(*words: str) -> str:
    """What a command prints into a terminal."""
    with redirect_stdout(Terminal()) as terminal:
        main(list(words))
    return terminal.getvalue()


@pytest.fixture
def lease(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A loaded document, and a terminal that has links."""
    folder = tmp_path / "leases"
    folder.mkdir()
    (folder / NAME).write_text(
        "The lighthouse lease was signed by Ada Quill on 3 May 2021.\n\n\x1b]8;;http://evil\x1b\\here"
    )
    assert run("load", str(folder), "--source", "leases")[0] == 0
    for name in ("TMUX", "STY", "NO_HYPERLINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-kitty")
    monkeypatch.setenv("NO_COLOR", "1")
    return folder / NAME


def test_a_citation_and_a_hit_are_links_to_the_file(lease: Path) -> None:
    only = {file_address(lease), ""}
    assert set(LINK.findall(printed("search", "lighthouse lease", "--source", "leases"))) == only
    answer = printed("ask", "Who signed the lighthouse lease?", "--attach", "leases", "--model", "reader")
    assert "Ada Quill" in answer
    assert set(LINK.findall(answer)) == only
    assert answer.count("\x1b") == 4 * answer.count("]8;;file")


def test_no_link_without_the_file_or_where_links_are_off(lease: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("search", "lighthouse lease", "--source", "leases")
    with monkeypatch.context() as off:
        off.setenv("WORKBENCH_HYPERLINKS", "off")
        assert "Ada Quill" in printed(*words)
        assert "\x1b" not in printed(*words)
    assert "\x1b" in printed(*words)
    lease.unlink()
    assert "\x1b" not in printed(*words)


def test_words_of_the_query_are_bold_in_a_terminal_that_may_show_it(
    lease: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("search", "lighthouse", "--source", "leases")
    assert "\x1b[1m" not in printed(*words)
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b[1mlighthouse\x1b[22m lease was signed" in printed(*words)
