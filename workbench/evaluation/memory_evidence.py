"""Measures how well the memory of a conversation finds what a question is about: LoCoMo's evidence turns and sessions.

No language model takes part. The dialogues and questions are those of Maharana et al. 2024, in the layout of `locomo10.json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from workbench.core.errors import UsageError
from workbench.evaluation.question_sets import read_rows, rows_that_fit
from workbench.memory.conversation_index import ConversationIndex, Likeness, Turn
from workbench.memory.related_words import WordVectors

if TYPE_CHECKING:
    import numpy as np

    from workbench.embedding.client import QueryEmbedder

EVIDENCE = re.compile(r"D(\d+):(\d+)")
SESSION = re.compile(r"session_(\d+)$")
UNANSWERABLE = 5
"""The category of questions whose evidence only seems to answer them; they are not measured."""

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open", 4: "single-hop"}


class Queries(Protocol):
    """What a measurement needs of the AppContext."""

    @property
    def queries(self) -> QueryEmbedder: ...

    def word_vectors(self, words: Sequence[str]) -> np.ndarray: ...


@dataclass(frozen=True)
class EvidenceQuestion:
    """A question and the places of the turns that answer it."""

    id: str
    text: str
    category: int
    evidence: frozenset[int]


@dataclass(frozen=True)
class Dialogue:
    """A conversation of several sessions, with questions about it; a turn's id is its place."""

    name: str
    turns: tuple[Turn, ...]
    questions: tuple[EvidenceQuestion, ...]


def read_dialogues(path: Path) -> list[Dialogue]:
    """The dialogues of a file, or of the files of a folder. Raises UsageError when there are none."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    found = []
    for file in files:
        rows = read_rows(file) if file.is_file() else None
        if isinstance(rows, list) and rows and isinstance(rows[0], dict) and "conversation" in rows[0]:
            with rows_that_fit(file):
                found += [_dialogue(row, number) for number, row in enumerate(rows)]
    if not found:
        raise UsageError(f"No dialogues in LoCoMo's layout are in {path}.", "Name a file such as locomo10.json.")
    return found


def _dialogue(row: dict[str, Any], number: int) -> Dialogue:
    talk = row["conversation"]
    turns: list[Turn] = []
    places: dict[str, int] = {}
    sessions = sorted(int(match[1]) for key in talk if (match := SESSION.match(key)) and isinstance(talk[key], list))
    for session in sessions:
        when = session_date(talk, session)
        for said in talk[f"session_{session}"]:
            shown = said.get("blip_caption")
            text = f"{said['text']} [shares a picture: {shown}]" if shown else said["text"]
            places[said["dia_id"]] = len(turns)
            turns.append(Turn(len(turns), session, said["speaker"], text, when))
    questions = []
    name = str(row.get("sample_id", number))
    for place, asked in enumerate(row["qa"]):
        named = {f"D{int(s)}:{int(t)}" for s, t in EVIDENCE.findall(" ".join(asked.get("evidence") or ()))}
        gold = frozenset(places[one] for one in named if one in places)
        if gold and asked["category"] != UNANSWERABLE:
            questions.append(EvidenceQuestion(f"{name}/{place}", asked["question"], asked["category"], gold))
    return Dialogue(name, tuple(turns), tuple(questions))


def session_date(talk: dict[str, Any], session: int) -> date | None:
    """The day of a session; None where it is not said in LoCoMo's way."""
    try:
        return datetime.strptime(str(talk.get(f"session_{session}_date_time", "")), "%I:%M %p on %d %B, %Y").date()
    except ValueError:
        return None


def scores(
    ranked: Sequence[int], sessions: Sequence[int], gold: frozenset[int], gold_sessions: frozenset[int]
) -> dict[str, float]:
    """One question's measures: turns any@5, r@5, r@10; sessions any@5, all@5, all@10."""
    first, ten = set(ranked[:5]), set(ranked[:10])
    return {
        "turns any@5": float(bool(gold & first)),
        "turns r@5": len(gold & first) / len(gold),
        "turns r@10": len(gold & ten) / len(gold),
        "sessions any@5": float(bool(gold_sessions & set(sessions[:5]))),
        "sessions all@5": float(gold_sessions <= set(sessions[:5])),
        "sessions all@10": float(gold_sessions <= set(sessions[:10])),
    }


def run(path: Path, app: Queries) -> Iterator[dict[str, Any]]:
    """As `measured`, with the embedder of the application."""
    return measured(path, app.queries.score, app.word_vectors)


def measured(
    path: Path, likeness: Likeness | None, word_vectors: WordVectors | None = None
) -> Iterator[dict[str, Any]]:
    """Rows ready for JSON: {"event": "question", …} for each question, last {"event": "result", …}. Raises UsageError."""
    found: list[tuple[int, dict[str, float]]] = []
    turns = 0
    dialogues = read_dialogues(path)
    for dialogue in dialogues:
        index = ConversationIndex(dialogue.turns, word_vectors=word_vectors)
        turns += len(dialogue.turns)
        session = {turn.id: turn.session for turn in dialogue.turns}
        for question in dialogue.questions:
            ranked = index.rank(question.text, likeness)
            best, sessions = [key for key, _ in ranked.turns], [key for key, _ in ranked.sessions]
            gold_sessions = frozenset(session[key] for key in question.evidence)
            found.append((question.category, scores(best, sessions, question.evidence, gold_sessions)))
            yield {
                "event": "question",
                "step": None,
                "id": question.id,
                "category": CATEGORIES.get(question.category, str(question.category)),
                "evidence": sorted(question.evidence),
                "turns": best[:10],
                "sessions": sessions[:10],
            }
    metrics = _means([one for _, one in found])
    for category in sorted({category for category, _ in found}):
        of_kind = _means([one for kind, one in found if kind == category])
        metrics |= {f"{CATEGORIES.get(category, category)}:{name}": value for name, value in of_kind.items()}
    yield {
        "event": "result",
        "step": None,
        "task": "memory-evidence",
        "data": path.name,
        "dialogues": len(dialogues),
        "questions": len(found),
        "turns": turns,
        "meaning": likeness is not None,
        "metrics": metrics,
    }


def _means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]} if rows else {}
