"""The exported page in Chromium: it is scrubbed with keys and clicks, and what documents say is shown as text and does nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.browser import MISSING, PROGRAM, browsing
from tests.support.lease import CITATIONS, context
from workbench.api.events import AnswerDone, Citation, QuestionAsked, StepFinished, StepStarted
from workbench.api.html_export import page
from workbench.api.session import PageView

ATTACK = (
    '</script><script>document.title="run"</script><img src="http://example.org/x" onerror=\'document.title="run"\'>'
)
HEBREW = "הסכם שכירות"


@pytest.mark.browser
@pytest.mark.skipif(PROGRAM is None, reason=MISSING)
def test_the_page_is_scrubbed_and_runs_nothing_of_a_document(tmp_path: Path) -> None:
    history = [
        QuestionAsked(text=f"Who signed? {ATTACK}"),
        StepStarted(step=1),
        StepFinished(step=1, used=1_440, usable=7_168),
        StepStarted(step=2),
        AnswerDone(text=ATTACK, step=2, citations=(*CITATIONS, Citation(ATTACK, 3, None, ATTACK, True))),
        StepFinished(step=2, used=5_800, usable=7_168),
    ]
    first, later = context(1, 620, 400, 180, 0, 240, 0), context(2, 620, 400, 195, 640, 1_204, 2_741)
    prompts = [replace(first, in_context=frozenset()), replace(later, in_context=frozenset({3, 12}))]
    file = tmp_path / "talk.html"

    def fetch(citation: Citation) -> PageView:
        text = f"{HEBREW} {citation.quote} {ATTACK} {'w' * 3_000}"
        return PageView(citation.document, citation.page, 20, None, text)

    file.write_text(page("lease-audit", history, prompts, fetch), encoding="utf-8")

    async def scenario() -> None:
        async with browsing(tmp_path / "profile") as browser:
            await browser.open(file.as_uri())

            async def told(words: str) -> None:
                async def there() -> bool:
                    return words in str(await browser.value("(document.getElementById('now') || {}).textContent"))

                await browser.wait(there, words)

            await told("Step 2 · 5,800 of 7,168 usable tokens, 81%")
            lit = await browser.value("document.querySelectorAll('#map i.P.new').length")
            assert lit > 100
            assert await browser.value("document.querySelectorAll('#bars button').length") == 2
            assert await browser.value("document.querySelector('#moved .in').textContent.startsWith('⇣ paged in')")
            for kind in ("keyDown", "keyUp"):
                await browser.call("Input.dispatchKeyEvent", type=kind, key="ArrowLeft", windowsVirtualKeyCode=37)
            await told("Step 1 · 1,440 of 7,168 usable tokens, 20%")
            assert await browser.value("document.querySelectorAll('#map i.P').length") == 0
            await browser.value("document.querySelectorAll('#bars button')[1].click()")
            await told("Step 2")
            assert await browser.value("document.querySelectorAll('#talk blockquote').length") == 3
            assert ATTACK in await browser.value("document.getElementById('talk').textContent")
            await browser.value(
                "document.querySelectorAll('#talk details, #segments details').forEach(d => { d.open = true })"
            )

            async def unfolded() -> bool:
                return bool(await browser.value("document.querySelectorAll('#talk mark').length == 3"))

            await browser.wait(unfolded, "the pages that are quoted")
            assert await browser.value("document.querySelector('#talk mark').textContent") == CITATIONS[0].quote
            assert HEBREW in await browser.value("document.querySelector('#talk pre').textContent")
            # Nothing is wider than the window, however long a word of a document is and whichever way it is written.
            for width in (1_200, 380):
                size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
                await browser.call("Emulation.setDeviceMetricsOverride", **size)
                assert await browser.value("document.documentElement.scrollWidth") <= width
            assert await browser.value("document.querySelectorAll('img, iframe, object').length") == 0
            assert "run" not in await browser.value("document.title")
            assert browser.requested == [file.as_uri()]

    asyncio.run(asyncio.wait_for(scenario(), 120))
