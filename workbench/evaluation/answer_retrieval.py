"""Keeps what the reader would be shown for every question of a set, so that scorers can be compared without whole sessions."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from workbench.core.paths import locate
from workbench.core.settings import READER, Settings
from workbench.evaluation.answer_sets import AnswerSet
from workbench.models.extractive.prompt_parser import parse_hits
from workbench.retrieval.paging.pager import Budget
from workbench.services.session import Session

PAGES = 3
"""Pages of results kept for a question."""


@dataclass(frozen=True)
class ShownPassage:
    """A passage as the reader sees it on page `page` (from 0) of the results; `rank` counts from 0 over all pages."""

    rank: int
    page: int
    document: str
    document_page: int
    heading: str
    text: str


def retrieved(
    found: AnswerSet, folder: Path, questions: int = 10**9, pages: int = PAGES
) -> dict[str, list[ShownPassage]]:
    """For each question, by id, the passages on the first pages of results over all documents of the set.

    Loads the set once into a home of its own in `folder` and keeps the results in `folder`/NAME.retrieved.json.
    """
    kept = folder / f"{found.name}.retrieved.json"
    known: dict[str, list[ShownPassage]] = {}
    if kept.is_file():
        rows = json.loads(kept.read_text(encoding="utf-8"))
        known = {key: [ShownPassage(**one) for one in passages] for key, passages in rows.items()}
    missing = [one for one in found.questions[:questions] if one.id not in known]
    if not missing:
        return known
    documents = folder / found.name / "documents"
    found.write(documents)
    with Session(Settings(model=READER), locate(folder / found.name / "home")) as session:
        for _ in session.load([documents], source="documents", attach=False):
            pass
        session.open_agent(fresh=True)
        session.attach("documents")
        budget = Budget(int(session.settings.window_tokens * session.settings.page_share), session.settings.page_hits)
        sources = [session.app.archive.find_source("documents")]
        session.app.search.warm(sources)
        for question in missing:
            shown: list[ShownPassage] = []
            for number in range(pages):
                page = session.app.search.page(sources, question.text, number, budget, lambda key: f"#p{key}")
                body = page.render(session.app.search.texts([hit.passage for hit in page.hits]))
                for hit in parse_hits(body).values():
                    shown.append(
                        ShownPassage(len(shown), number, hit.document, hit.document_page, hit.heading, hit.text)
                    )
                if number + 1 >= page.pages:
                    break
            known[question.id] = shown
    rows = {key: [asdict(one) for one in passages] for key, passages in known.items()}
    kept.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return known
