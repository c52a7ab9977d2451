"""Text of documents and models is hostile: nothing of it may reach the terminal or the screen as anything but text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_session import FakeSession, hit
from tests.support.grid import grid
from tests.support.lease import context
from tests.support.pilot import ask, piloted, running, wait_until
from workbench.api.events import (
    AnswerDelta,
    AnswerDone,
    Citation,
    Failed,
    FunctionCalled,
    FunctionReturned,
    MemoryEdited,
    PageRead,
    StepStarted,
    Yielded,
)
from workbench.api.session import BlockView, DocumentInfo, SourceInfo
from workbench.cli import text_output
from workbench.core.sanitize import one_line, sanitize

ATTACK = "[@click=app.quit]x[/] [red]y[/] \x1b[31mz\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\ \u202etxt.exe\x07"


@given(st.text())
def test_cleaned_text_has_no_controls(text: str) -> None:
    cleaned = sanitize(text)
    assert not any(ord(sign) < 32 and sign != "\n" or 127 <= ord(sign) < 160 for sign in cleaned)
    assert not any(sign in cleaned for sign in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
    assert sanitize(cleaned) == cleaned
    cleaned.encode("utf-8")


@given(st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "Zs"))))
def test_ordinary_text_is_not_touched(text: str) -> None:
    assert sanitize(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x1b[31mb\x1b[0mc", "abc"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://e\x1b\\y\x1b]8;;\x1b\\", "y"),
        ("\x1bP1;2q data\x1b\\z", "z"),
        ("\x9b2Jx", "x"),
        ("one\r\ntwo\x0cthree\u2028four", "one\ntwo\nthree\nfour"),
        ("a\tb", "a   b"),
        ("x\u202ey", "x⟨U+202E⟩y"),
        ("\x1b", ""),
        ("naïve 日本 👩‍🚀", "naïve 日本 👩‍🚀"),
    ],
)
def test_clean(text: str, cleaned: str) -> None:
    assert sanitize(text) == cleaned


def test_one_line_is_bounded() -> None:
    assert one_line("a\n b\t c") == "a b c"
    assert one_line("x" * 100, 10) == "x" * 9 + "…"


@piloted
async def test_nothing_on_the_screen_is_markup_or_an_escape() -> None:
    """The same attack in every place text of others is shown; the screen has its brackets and none of its powers."""
    page = PageRead(
        query=ATTACK, page=1, pages=1, first=1, last=1, total=1, hits=(hit(1, ATTACK, 1, 0.5, ATTACK, ATTACK, ATTACK),)
    )
    session = FakeSession(
        agent=ATTACK,
        model_label=ATTACK,
        blocks=(BlockView("task", ATTACK, 10, 100),),
        shelf=[SourceInfo(ATTACK, 1, 1, 1, 1, True, "")],
        papers=[
            DocumentInfo(ATTACK, ATTACK, ATTACK, 1, 1, 1),
            DocumentInfo(ATTACK, "b", "", 0, 0, 0, "failed", ATTACK, ATTACK),
        ],
        script=[
            StepStarted(step=1, limit=50),
            context(1, 100, 100, 100, 100, 100, 100),
            FunctionCalled(step=1, call="a", function="archival_memory_search", arguments={"query": ATTACK}),
            page,
            FunctionReturned(step=1, call="a", function=ATTACK, ok=False, summary=ATTACK),
            FunctionCalled(step=1, call="b", function=ATTACK, arguments={ATTACK: ATTACK}),
            MemoryEdited(step=1, block="task", text=ATTACK, added=ATTACK, chars=1, limit_chars=2),
            AnswerDelta(text=ATTACK),
            AnswerDone(
                text=f"{ATTACK} `{ATTACK}` **{ATTACK}**",
                citations=(Citation(ATTACK, 1, ATTACK, "q", True, "#a1", 1),),
                notes=(ATTACK,),
            ),
            Failed(message=ATTACK, hint=ATTACK),
            Yielded(),
        ],
        past=(),
    )
    for size in ((120, 36), (80, 24)):
        async with running(session, size) as (app, pilot):
            await ask(pilot, ATTACK)
            await wait_until(pilot, lambda: session.asked and not app.controller.work.asking)
            for keys in ((), ("f4",), ("escape", "ctrl+o", "a"), ("enter",), ("escape",), ("f5",)):
                await pilot.press(*keys)
                shown = grid(app)
                for row in shown.splitlines():
                    assert "\x1b" not in row, repr(row)
                assert "\x1b" not in shown
                assert "\x07" not in shown
                assert "\u202e" not in shown
                for strip in app.screen._compositor.render_strips():
                    for segment in strip:
                        style = segment.style
                        assert style is None or style.link is None
                        assert style is None or "@click" not in (style.meta or {})
            assert "[@click=app.quit]x[/]" in grid(app) or "[red]y[/]" in grid(app)
            assert app.is_running


def test_plain_lines_hold_no_controls() -> None:
    events = [
        AnswerDone(text=ATTACK, citations=(Citation(ATTACK, 1, ATTACK, ATTACK, True),), notes=(ATTACK,)),
        FunctionCalled(call="a", function=ATTACK, arguments={"query": ATTACK}),
        PageRead(query=ATTACK, page=1, pages=1, first=1, last=1, total=1, hits=(hit(1, ATTACK, 1, 0.5),)),
        Failed(message=ATTACK, hint=ATTACK),
    ]
    for event in events:
        line = text_output.event_line(event)
        assert line is not None
        assert "\x1b" not in line
        assert "\u202e" not in line
        assert "[red]y[/]" in line
