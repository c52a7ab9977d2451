"""Reads public question sets whose answers are known: documents as texts, and questions with the strings that answer them.

Unlike question_sets, which scores retrieval by gold passages, this keeps the answers themselves, so that a quote can be
checked for holding one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.core.errors import UsageError
from workbench.evaluation.question_sets import read_rows, rows_that_fit

_NOT_IN_NAMES = re.compile(r"[^\w.\- ]+")
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True)
class AnswerQuestion:
    """A question, the strings that answer it, and the names of the documents that hold the answer.

    `hops` is how many passages must be joined to answer it: 1 for a question of a single fact. `evidence` is the paragraph
    that the answer was marked in, "" where the set does not say.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    documents: frozenset[str]
    hops: int = 1
    evidence: str = ""


@dataclass(frozen=True)
class AnswerSet:
    """Documents by file name and the questions about them."""

    name: str
    documents: dict[str, str]
    questions: tuple[AnswerQuestion, ...]

    def write(self, folder: Path, without: frozenset[str] = frozenset()) -> None:
        """Write the documents as files, those in `without` left out, so that they can be loaded as a user would."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in self.documents.items():
            if name not in without:
                (folder / name).write_text(text, encoding="utf-8")


def plain(text: str) -> str:
    """Letters and digits in small letters, single spaces between words: what two spellings of one answer share."""
    return _BETWEEN_WORDS.sub(" ", text.casefold()).strip()


def holds(text: str, answers: tuple[str, ...]) -> bool:
    """Whether a text holds one of the answers as whole words; where a script has no spaces, as a run of characters."""
    words = f" {plain(text)} "
    run = words.replace(" ", "")
    return any(
        plain(one).replace(" ", "") in run if _NO_SPACES.search(one) else f" {plain(one)} " in words
        for one in answers
        if plain(one)
    )


def read_answer_sets(path: Path) -> AnswerSet:
    """The set in a file or folder. Raises UsageError when its layout is not known or a row does not fit it."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    contents = {file: rows for file in files if file.is_file() and (rows := read_rows(file)) is not None}
    name = path.name.removesuffix(".gz").removesuffix(".jsonl").removesuffix(".json")
    with rows_that_fit(path):
        for layout in _LAYOUTS:
            found = layout(name, list(contents.values()))
            if found is not None and found.questions:
                return found
    raise UsageError(
        f"No question set with answers is in {path}.", "Give a file in the layout of NQ, SQuAD or HotpotQA."
    )


class _Names:
    """Gives every document a file name of its own that says its title."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}
        self._taken: set[str] = set()
        self.documents: dict[str, str] = {}

    def of(self, title: str, text: str, ending: str = ".txt") -> str:
        if (title, text) not in self._known:
            base = " ".join(_NOT_IN_NAMES.sub(" ", title.replace("_", " ")).split())[:80] or "untitled"
            name, number = f"{base}{ending}", 2
            while name.casefold() in self._taken:
                name, number = f"{base} {number}{ending}", number + 1
            self._taken.add(name.casefold())
            self._known[title, text] = name
            self.documents[name] = text
        return self._known[title, text]


def _one_passage(name: str, contents: list[Any]) -> AnswerSet | None:
    """One passage a question, as in NQ-open oracle."""
    names = _Names()
    questions: list[AnswerQuestion] = []
    for row in _rows(contents, "question", "answers", "ctxs"):
        gold = next((one for one in row["ctxs"] if one.get("isgold")), row["ctxs"][0])
        document = names.of(gold["title"], gold["text"])
        questions.append(
            AnswerQuestion(str(len(questions)), row["question"], tuple(row["answers"]), frozenset([document]))
        )
    return AnswerSet(name, names.documents, tuple(questions)) if questions else None


def _articles(name: str, contents: list[Any]) -> AnswerSet | None:
    """Articles of paragraphs with questions, as in SQuAD."""
    names = _Names()
    questions: list[AnswerQuestion] = []
    for content in contents:
        for article in content.get("data", ()) if isinstance(content, dict) else ():
            text = "\n\n".join(paragraph["context"] for paragraph in article["paragraphs"])
            document = names.of(article["title"], text)
            for paragraph in article["paragraphs"]:
                for one in paragraph["qas"]:
                    answers = tuple(answer["text"] for answer in one["answers"])
                    questions.append(
                        AnswerQuestion(
                            str(one["id"]),
                            one["question"],
                            answers,
                            frozenset([document]),
                            evidence=paragraph["context"],
                        )
                    )
    return AnswerSet(name, names.documents, tuple(questions)) if questions else None


def _decomposed(name: str, contents: list[Any]) -> AnswerSet | None:
    """Paragraphs with marks of support, as in MuSiQue."""
    names = _Names()
    questions: list[AnswerQuestion] = []
    for row in _rows(contents, "question", "answer", "paragraphs"):
        gold = set()
        for paragraph in row["paragraphs"]:
            document = names.of(paragraph["title"], paragraph.get("paragraph_text") or paragraph.get("text", ""))
            if paragraph["is_supporting"]:
                gold.add(document)
        answers = (row["answer"], *row.get("answer_aliases", ()))
        questions.append(AnswerQuestion(str(row["id"]), row["question"], answers, frozenset(gold), max(2, len(gold))))
    return AnswerSet(name, names.documents, tuple(questions)) if questions else None


def _supported(name: str, contents: list[Any]) -> AnswerSet | None:
    """Paragraphs of sentences with supporting facts, as in HotpotQA."""
    names = _Names()
    questions: list[AnswerQuestion] = []
    for number, row in enumerate(_rows(contents, "question", "answer", "supporting_facts", "context")):
        context, facts = row["context"], row["supporting_facts"]
        pairs = zip(context["title"], context["sentences"], strict=True) if isinstance(context, dict) else context
        titles = set(facts["title"]) if isinstance(facts, dict) else {title for title, _ in facts}
        gold = set()
        for title, sentences in pairs:
            document = names.of(title, "".join(sentences))
            if title in titles:
                gold.add(document)
        questions.append(
            AnswerQuestion(
                str(row.get("_id", number)), row["question"], (row["answer"],), frozenset(gold), max(2, len(gold))
            )
        )
    return AnswerSet(name, names.documents, tuple(questions)) if questions else None


def _long_documents(name: str, contents: list[Any]) -> AnswerSet | None:
    """One long text with several questions, as in L-Eval."""
    names = _Names()
    questions: list[AnswerQuestion] = []
    asked: set[tuple[str, str]] = set()
    for number, row in enumerate(_rows(contents, "instructions", "outputs", "input")):
        text = row["input"]
        if heading := _HEADING.search(text):
            document = names.of(_closed_up(heading.group(1)), _as_page(text, heading.group(1)), ".html")
        else:
            document = names.of(f"{row.get('source', name)} {number + 1}", text)
        for at, (question, answer) in enumerate(zip(row["instructions"], row["outputs"], strict=True)):
            if (document, question) not in asked:
                asked.add((document, question))
                questions.append(AnswerQuestion(f"{number}-{at}", question, (answer,), frozenset([document])))
    return AnswerSet(name, names.documents, tuple(questions)) if questions else None


_HEADING = re.compile(r"<H1>\s*(.*?)\s*</H1>", re.DOTALL)


def _as_page(text: str, title: str) -> str:
    """The text of a web page as L-Eval keeps it (`<Td_colspan="2"> Genre </Td>`, words set apart from their punctuation) as HTML."""
    body = _closed_up(re.sub(r"<(T[hd])_", r"<\1 ", text))
    return f'<!doctype html><html><head><meta charset="utf-8"><title>{_closed_up(title)}</title></head><body>{body}</body></html>'


def _closed_up(text: str) -> str:
    """A text whose words were split from their punctuation ("`` Doc '' Brown (actor) , 1985"), as it was written."""
    for pattern, written in _SET_APART:
        text = pattern.sub(written, text)
    return text


_SET_APART = tuple((re.compile(pattern), written) for pattern, written in (
    (r"``\s*", '"'), (r"\s*''", '"'), (r"\s+([,.;:!?)%])", r"\1"), (r"\(\s+", "("), (r"\s+('(?:s|re|ll|ve|d|m)\b|n't\b)", r"\1"),
    (r"(\w) - (\w)", r"\1-\2"), (r"(\d) -- (\d)", "\\1\u2013\\2"), (r" -- ", " \u2013 "),
))  # fmt: skip


_LAYOUTS: tuple[Callable[[str, list[Any]], AnswerSet | None], ...] = (
    _one_passage, _articles, _decomposed, _supported, _long_documents,
)  # fmt: skip


def _rows(contents: list[Any], *columns: str) -> Iterator[dict[str, Any]]:
    for rows in contents:
        if isinstance(rows, list) and rows and isinstance(rows[0], dict) and all(key in rows[0] for key in columns):
            yield from rows
