"""The exported page holds everything as data, runs nothing of a document, and asks nobody for anything."""

from __future__ import annotations

import json
import re
from typing import Any

from workbench.api.events import (
    AnswerDone,
    Citation,
    ContextAssembled,
    Event,
    QuestionAsked,
    Segment,
    StepFinished,
    StepStarted,
)
from workbench.api.html_export import AROUND_QUOTE_CHARS, page
from workbench.api.session import PageView

ATTACK = '</script><script>alert(1)</script><img src=x onerror=alert(2)><!-- "\x1b[31m'


def data_of(text: str) -> Any:
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert block
    return json.loads(block[1])


def exported() -> str:
    history = [
        QuestionAsked(text=ATTACK),
        StepStarted(step=1),
        AnswerDone(text=ATTACK, citations=(Citation(ATTACK, 3, None, ATTACK, True),), step=1),
        StepFinished(step=1, used=300, usable=7_000),
    ]
    segments = (Segment("system", 100, ATTACK), Segment("paged", 200, ATTACK, "tool", 4, ATTACK))
    context = ContextAssembled(step=1, window=8_192, reserve=1_024, used=300, segments=segments)
    return page(ATTACK, history, [context])


def test_hostile_text_is_data_and_nothing_else() -> None:
    text = exported()
    assert text.count("<script") == 2
    assert "<img" not in text
    assert "\x1b" not in text
    data = data_of(text)
    assert data["talk"][0]["question"].startswith("</script><script>alert(1)")
    number, tokens = data["steps"][0]["segments"][1]
    assert (data["parts"][number]["letter"], tokens) == ("P", 200)
    assert data["steps"][0]["used"] == 300


def test_the_page_asks_nobody() -> None:
    """No address anywhere, and a policy under which none could be fetched."""
    text = exported()
    assert "default-src 'none'" in text
    assert not re.search(r"https?://|//[a-z]+\.[a-z]", text)
    assert "innerHTML" not in text


def _moments(count: int, size_chars: int) -> tuple[list[Event], list[ContextAssembled]]:
    """A question of `count` steps: the same instructions in all prompts, a new message in each."""
    history: list[Event] = [QuestionAsked(text="When?")]
    contexts = []
    messages: list[Segment] = []
    for step in range(1, count + 1):
        history += [StepStarted(step=step), StepFinished(step=step, used=300, usable=7_000)]
        messages.append(Segment("conversation", 50, f"message {step} " + "word " * (size_chars // 5), "user", step))
        shown = (Segment("system", 100, "instructions " * (size_chars // 13)), *messages[-20:])
        contexts.append(ContextAssembled(step=step, window=8_192, reserve=1_024, used=300, segments=shown))
    return history, contexts


def test_what_stands_in_many_prompts_is_written_once() -> None:
    """200 prompts of 20 messages of 2,000 characters would take 8 MB; with the messages alone it is below 1."""
    text = page("asker", *_moments(200, 2_000))
    assert len(text) < 1_000_000
    data = data_of(text)
    last = [data["parts"][number]["text"] for number, _ in data["steps"][-1]["segments"]]
    assert last[0].startswith("instructions ")
    assert [words.split()[1] for words in last[1:]] == [str(step) for step in range(181, 201)]
    assert [data["steps"][at]["gone"] for at in (19, 20, 199)] == [0, 1, 180]


def test_an_answer_stands_with_the_page_around_its_quote() -> None:
    """A text file is one page however long: the quote is marked, and how much was left out is said."""
    quote = Citation("log.txt", 1, None, "It was mended in 2019.", True, "#a1", 7, number=1)
    gone = Citation("removed.txt", 1, None, "Nobody knows.", True, "#a2", 8, number=2)
    text = "x" * 10_000 + "It was mended\nin 2019." + "y" * 10_000
    history = [QuestionAsked(text="When?"), AnswerDone(text="In 2019.", step=1, citations=(quote, gone))]
    view = PageView("log.txt", 1, 1, None, text)
    shown = data_of(page("asker", history, [], lambda cited: view if cited is quote else None))["talk"][0]["citations"]
    before, marked, behind = shown[0]["page"]
    assert marked == "It was mended\nin 2019."
    assert before == "… 8,000 characters before\n" + "x" * AROUND_QUOTE_CHARS
    assert behind == "y" * AROUND_QUOTE_CHARS + "\n8,000 characters more …"
    assert shown[1]["page"] == []
