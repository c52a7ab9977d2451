"""What a terminal sends is sorted into keys, pastes and replies, however the bytes are divided into reads."""

from __future__ import annotations

import errno
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.drivers._writer_thread import WriterThread
from textual.message import Message

from workbench.tui.terminal import InputParser, LastingOutput

ESC = "\x1b"


class Clock:
    """Time that passes only when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def read(*chunks: str, seconds: float = 0.0) -> list[Message]:
    """What the parser makes of these reads, `seconds` apart, and of a long silence after them."""
    clock = Clock()
    parser = InputParser(now=clock)
    messages: list[Message] = []
    for chunk in chunks:
        messages += parser.feed(chunk)
        clock.seconds += seconds
        messages += parser.tick()
    clock.seconds += 60
    return [*messages, *parser.tick()]


def keys(messages: list[Message]) -> list[str]:
    return [message.key for message in messages if isinstance(message, events.Key)]


def pastes(messages: list[Message]) -> list[str]:
    return [message.text for message in messages if isinstance(message, events.Paste)]


def divided(text: str, cuts: list[int]) -> list[str]:
    places = sorted({cut % (len(text) + 1) for cut in cuts})
    pieces = [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]
    return [piece for piece in pieces if piece]


CUTS = st.lists(st.integers(0, 10_000), max_size=4)


@given(st.text(max_size=60), CUTS)
def test_a_bracketed_paste_is_its_text_and_no_key(text: str, cuts: list[int]) -> None:
    """Whatever is in it (but its own end), and wherever the reads divide it."""
    text = text.replace(f"{ESC}[201~", "")
    messages = read(*divided(f"{ESC}[200~{text}{ESC}[201~", cuts))
    assert keys(messages) == []
    assert pastes(messages) == [text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")]


@pytest.mark.parametrize(
    "hostile",
    [f"{ESC}[32mok{ESC}[0m\rnext", f"a{ESC}[13~b", f"{ESC}[A{ESC}[B", f"x{ESC}\ry", f"{ESC}[17~{ESC}Oq", "\x11\x03\r"],
)
def test_a_paste_with_sequences_that_are_keys_elsewhere(hostile: str) -> None:
    messages = read(f"{ESC}[200~{hostile}{ESC}[201~z")
    assert keys(messages) == ["z"]
    assert len(pastes(messages)) == 1


REPLIES = (
    f"{ESC}]11;rgb:1e1e/1e1e/1e1e{ESC}\\",
    f"{ESC}]10;rgb:ffff/ffff/ffff\x07",
    f"{ESC}]4;1;rgb:cd00/0000/0000\x07",
    f"{ESC}]52;c;aGVsbG8={ESC}\\",
    f"{ESC}[?62;1;4c",
    f"{ESC}[>41;354;0c",
    f"{ESC}[=0c",
    f"{ESC}[?1u",
    f"{ESC}[0n",
    f"{ESC}[8;36;120t",
    f"{ESC}[4;900;1600t",
    f"{ESC}P>|XTerm(354){ESC}\\",
    f"{ESC}P1$r0 q{ESC}\\",
    f"{ESC}P1+r544e=787465726d{ESC}\\",
    f"{ESC}_Gi=31;OK{ESC}\\",
)


@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_of_the_terminal_is_typed_nowhere(reply: str) -> None:
    """Also when it comes in two reads, at every place, a second apart once it can be nothing else."""
    assert keys(read(reply)) == []
    assert keys(read(f"a{reply}b")) == ["a", "b"]
    for cut in range(1, len(reply)):
        assert keys(read(reply[:cut], reply[cut:])) == [], cut
    for cut in range(4, len(reply)):
        assert keys(read(reply[:cut], reply[cut:], seconds=1.0 if reply[1] != "[" or reply[2] in "?>=" else 0.0)) == []


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("a", "a"),
        ("\r", "enter"),
        ("\t", "tab"),
        ("\x0f", "ctrl+o"),
        (ESC, "escape"),
        (f"{ESC}[A", "up"),
        (f"{ESC}OP", "f1"),
        (f"{ESC}[15~", "f5"),
        (f"{ESC}[21~", "f10"),
        (f"{ESC}[1;5C", "ctrl+right"),
        (f"{ESC}[Z", "shift+tab"),
        (f"{ESC}[3~", "delete"),
        (f"{ESC}[97;5u", "ctrl+a"),
        (f"{ESC}]", "alt+right_square_bracket"),
        (f"{ESC}x", "alt+x"),
        ("é", "é"),
        ("日", "日"),
    ],
)
def test_keys_are_keys(typed: str, key: str) -> None:
    found = keys(read(typed))
    assert len(found) == 1
    assert found[0] in (key, key.replace("alt+right_square_bracket", "right_square_bracket"))


def test_mouse_focus_and_size_reports_arrive() -> None:
    kinds = [type(message) for message in read(f"{ESC}[<0;5;7M{ESC}[<0;5;7m{ESC}[I{ESC}[O")]
    assert kinds == [events.MouseDown, events.MouseUp, events.AppFocus, events.AppBlur]


def test_lines_in_one_read_without_brackets_are_one_paste() -> None:
    assert pastes(read("first line\rsecond\r\nthird")) == ["first line\nsecond\nthird"]
    assert keys(read("first line\rsecond\rthird")) == []


def test_pieces_of_a_paste_without_brackets_belong_together() -> None:
    messages = read("first line\r", "second line\rthird\r")
    assert pastes(messages) == ["first line\nsecond line\nthird\n"]
    assert keys(messages) == []


def test_a_line_and_enter_in_one_read_is_typing() -> None:
    assert keys(read("hi\r")) == ["h", "i", "enter"]
    assert pastes(read("hi\r")) == []
    assert keys(read("h", "i", "\r", "x", "\r")) == ["h", "i", "enter", "x", "enter"]


def test_a_paste_without_an_end_is_kept() -> None:
    assert pastes(read(f"{ESC}[200~half of it")) == ["half of it"]


@pytest.mark.parametrize("kind", ["dumb", "unknown"])
def test_a_dumb_terminal_gets_a_sentence(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Emacs' shell and some CI systems: nothing is drawn, and it is said what to do."""
    from workbench.cli.main import main

    monkeypatch.setenv("TERM", kind)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert main([]) == 2
    seen = capsys.readouterr()
    assert f"TERM={kind}" in seen.err
    assert "workbench ask" in seen.err
    assert "\x1b" not in seen.out + seen.err


class _Hangup:
    """A terminal that has gone: every write fails."""

    writes = 0

    def write(self, text: str) -> None:
        self.writes += 1
        raise OSError(errno.EIO, "Input/output error")

    def flush(self) -> None:
        raise OSError(errno.EIO, "Input/output error")


def test_a_terminal_that_has_gone_does_not_hold_the_program() -> None:
    """Textual's writing thread ended with the first error: thirty texts later the program waited for ever, with the database."""
    hung_up = _Hangup()
    writer = WriterThread(LastingOutput(hung_up))  # type: ignore[arg-type]
    writer.start()

    def end() -> None:
        for number in range(100):
            writer.write(f"line {number}")
        writer.stop()

    ending = threading.Thread(target=end, daemon=True)
    ending.start()
    ending.join(20)
    assert not ending.is_alive()
    assert hung_up.writes == 1
