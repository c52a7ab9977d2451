"""Links go to files only, in their strictest form, and only to terminals that are known to have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.core.hyperlinks import file_address, has_links, hyperlink, is_safe


@pytest.mark.parametrize(
    "name", ["a b.pdf", "näh.pdf", "x\x1b]8;;http://e.org\x1b\\.pdf", "line\nend.pdf", "50%#?.pdf", "\udce9.pdf"]
)
def test_any_name_of_a_file_becomes_a_harmless_address(name: str) -> None:
    address = file_address(Path("/papers") / name)
    assert is_safe(address)
    assert address.startswith("file:///papers/")
    linked = hyperlink(address, "words")
    assert linked.count("\x1b") == 4
    assert linked == f"\x1b]8;;{address}\x1b\\words\x1b]8;;\x1b\\"


@pytest.mark.parametrize(
    "address", ["", "http://e.org/", "file://host/x", "file:///x y", "file:///x\x1b\\", "file:///x;y", "javascript:1"]
)
def test_what_is_no_address_of_ours_is_no_link(address: str) -> None:
    assert hyperlink(address, "words") == "words"
    assert not is_safe(address)


@pytest.mark.parametrize(
    ("environment", "has"),
    [
        ({}, False),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "dumb", "TERM_PROGRAM": "WezTerm"}, False),
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/t,1,0"}, False),
        ({"TERM": "xterm-kitty", "NO_HYPERLINKS": "1"}, False),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "5000"}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7402"}, True),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "190801"}, False),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "220401"}, True),
    ],
)  # fmt: skip
def test_terminals_that_have_links(environment: dict[str, str], has: bool) -> None:
    assert has_links(environment) is has
    assert has_links(environment, "off") is False
    assert has_links(environment, "on") is ("NO_HYPERLINKS" not in environment)
