"""The exported page holds everything as data, runs nothing of a document, and asks nobody for anything."""

from __future__ import annotations

import json
import re

from workbench.api.events import (
    AnswerDone,
    Citation,
    ContextAssembled,
    QuestionAsked,
    Segment,
    StepFinished,
    StepStarted,
)
from workbench.api.html_export import page

ATTACK = '</script><script>alert(1)</script><img src=x onerror=alert(2)><!-- "\x1b[31m'


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
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert block
    data = json.loads(block[1])
    assert data["talk"][0]["question"].startswith("</script><script>alert(1)")
    assert data["steps"][0]["segments"][1]["letter"] == "P"
    assert data["steps"][0]["used"] == 300


def test_the_page_asks_nobody() -> None:
    """No address anywhere, and a policy under which none could be fetched."""
    text = exported()
    assert "default-src 'none'" in text
    assert not re.search(r"https?://|//[a-z]+\.[a-z]", text)
    assert "innerHTML" not in text
