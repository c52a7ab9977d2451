"""One quote has one number, in the text and in the list, wherever an answer is shown; an export is well-formed Markdown."""

from __future__ import annotations

import json
import re

import pytest

from workbench.api.citation_marks import cited, marked, without_handles
from workbench.api.events import AnswerDone, Citation, Event, Loaded, QuestionAsked, Stopped
from workbench.api.html_export import page
from workbench.api.rendering import markdown_lines
from workbench.cli import text_output
from workbench.tui.widgets.markdown import prose

FIRST, SECOND = "The hide was built in 1987.", "The roof was replaced in 2019."
TEXT = f'The document says:\n"{FIRST}" [#a1]\n"{SECOND}" [#b7]\nAnd again: "{FIRST}" [#a1]'
ANSWER = AnswerDone(
    text=TEXT,
    citations=(
        Citation("birds.md", 1, None, FIRST, True, handle="#a1", number=1),
        Citation("birds.md", 2, None, SECOND, True, handle="#b7", number=2),
    ),
    step=1,
)
UNSURE = AnswerDone(text=TEXT, answered=False, nearest=ANSWER.citations, step=1)


def exported(answer: AnswerDone) -> str:
    text = page("asker", [QuestionAsked(text="When?"), answer], [])
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert block
    talk = json.loads(block[1])["talk"][0]
    return "\n".join([talk["answer"], *(item["where"] for item in talk["citations"])])


@pytest.mark.parametrize("answer", [ANSWER, UNSURE])
def test_text_and_list_have_the_same_numbers_everywhere(answer: AnswerDone) -> None:
    screen = "\n".join(line.plain for line in prose(marked(answer.text, cited(ANSWER.citations)), 200))
    markdown = "\n".join(markdown_lines("asker", [answer]))
    plain = text_output.event_line(answer) or ""
    for shown in (screen, markdown, plain, exported(answer)):
        assert "#" not in shown.removeprefix("# asker")
        assert re.findall(r'[".] ?"? \[(\d)\]', shown)[:3] == ["1", "2", "1"]
    assert re.findall(r"(?m)^\[(\d)\]", plain) == re.findall(r"(?m)^(\d)\. ", markdown) == ["1", "2"]
    assert re.findall(r"(?m)^\[(\d)\]", exported(answer)) == ["1", "2"]


def test_of_two_documents_that_say_the_same_the_handle_decides() -> None:
    twice = [Citation(name, 1, None, FIRST, True, handle=handle) for name, handle in (("a", "#a1"), ("b", "#a2"))]
    text = f'"{FIRST}" [#a1] "{FIRST}" [#a2]'
    answer = AnswerDone(text=text, citations=tuple(twice))
    assert (text_output.event_line(answer) or "").startswith(f'"{FIRST}" [1] "{FIRST}" [2]\n[1] a')


def test_blocks_of_an_export_stand_apart_and_a_load_of_nothing_is_left_out() -> None:
    events: list[Event] = [
        Loaded(source="verein", unchanged=2),
        QuestionAsked(text="When?"),
        ANSWER,
        Loaded(source="letters", documents=1, passages=3),
        QuestionAsked(text="Where?"),
        Stopped(reason="user", detail="by you"),
    ]
    lines = list(markdown_lines("asker", events))
    assert "verein" not in "\n".join(lines)
    starts = [at for at, line in enumerate(lines) if line.startswith(("#", "*", "---", "1. ")) and at]
    starts += [next(at for at, line in enumerate(lines) if line.startswith(">"))]
    assert "*Loaded letters: 1 document, 3 passages*" in lines
    assert "*Stopped: by you*" in lines
    assert all(lines[at - 1] == "" for at in starts)


def test_handles_are_left_out_where_citations_are_not_shown() -> None:
    assert without_handles('"Signed." [#a1]\nby two (#b2; #c3), in [4]') == '"Signed."\nby two, in [4]'
