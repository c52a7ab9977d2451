"""Reads public question sets: documents, and questions with their gold pages.

The layout is recognised by what the files contain, not by their names: pooled paragraphs (HotpotQA, MuSiQue,
2WikiMultihopQA), articles (SQuAD, XQuAD), one passage a question (NQ), filings with evidence pages (FinanceBench), and
keys with values (Lost in the Middle, MemGPT's nested look-ups).
"""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import unicodedata
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.core.errors import UsageError

# Files of question sets: read as JSON, or refused in one sentence that says what is wrong.


def read_rows(path: Path) -> Any:
    """The JSON of a file (a list of lines for .jsonl), also compressed; None for other files and hidden ones.

    Raises UsageError when it is not what its name says.
    """
    name = path.name.removesuffix(".gz")
    if not name.endswith((".json", ".jsonl")) or name.startswith("."):
        return None
    opener: Callable[..., Any] = gzip.open if path.name.endswith(".gz") else open
    at = 0
    try:
        with opener(path, "rt", encoding="utf-8-sig") as lines:
            if not name.endswith(".jsonl"):
                return json.load(lines)
            rows = []
            for line in lines:
                at += 1
                if line.strip():
                    rows.append(json.loads(line))
            return rows
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        line = at or getattr(error, "lineno", 0)
        where = f" line {line}" if line else ""
        reason = getattr(error, "msg", "") or getattr(error, "strerror", "") or type(error).__name__
        raise UsageError(f"{path}{where} cannot be read as JSON: {reason}.", "Mend it, or take it away.") from None


@contextlib.contextmanager
def rows_that_fit(what: Path) -> Iterator[None]:
    """Whoever reads rows of `what` inside: one that lacks a field, or has another kind of value there, is a UsageError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        missing = f"a row has no {error}" if isinstance(error, KeyError) else str(error)[:160]
        raise UsageError(
            f"{what} does not fit its layout: {missing}.", "See README, Measuring, for the layouts."
        ) from None


Place = tuple[int, int]
"""A document's position in the set and a page of it, from 1."""


@dataclass(frozen=True)
class SetDocument:
    """A document: its pages' texts, or the file to read them from."""

    title: str
    pages: tuple[str, ...] = ()
    file: Path | None = None


@dataclass(frozen=True)
class SetQuestion:
    """A question and the places that answer it. `within` are the documents searched, None for all; `group` is what a
    share is also reported for, such as a language."""

    id: str
    text: str
    gold: frozenset[Place]
    within: frozenset[int] | None = None
    group: str = ""


@dataclass
class QuestionSet:
    """`by_page` sets ask for a page of a known document: one gold page in the first k is enough."""

    documents: list[SetDocument] = field(default_factory=list)
    questions: list[SetQuestion] = field(default_factory=list)
    by_page: bool = False
    _known: dict[tuple[str, str], int] = field(default_factory=dict)

    def paragraph(self, title: str, text: str) -> Place:
        """The place of a paragraph that is a document of its own, added when it is new."""
        if (title, text) not in self._known:
            self._known[title, text] = len(self.documents)
            self.documents.append(SetDocument(title, (text,)))
        return self._known[title, text], 1


def read_set(folder: Path) -> QuestionSet:
    """The question set in `folder` (or in one file of it).

    Raises UsageError when there is none that is known, when a file is broken, a question empty or its gold nowhere.
    """
    if not folder.exists():
        raise UsageError(f"{folder} does not exist.", "Give the folder of a question set with --data.")
    files = sorted(folder.iterdir()) if folder.is_dir() else [folder]
    contents = {path: rows for path in files if path.is_file() and (rows := read_rows(path)) is not None}
    for layout in (_filings, _nested_keys, _keys, _one_passage, _articles, _pooled):
        with rows_that_fit(folder):
            found = layout(folder, contents)
            if found is not None and found.questions:
                return _sound(found, folder)
    raise UsageError(f"No question set of a known layout is in {folder}.", "See README, Measuring, for the layouts.")


def _sound(found: QuestionSet, folder: Path) -> QuestionSet:
    """The set, if every question can be asked and answered: a share of nothing found would look like any other share."""
    for number, question in enumerate(found.questions, 1):
        if not isinstance(question.text, str) or not question.text.strip():
            raise UsageError(f"Question {number} of {folder} ({question.id}) is empty.", "Write it, or take it away.")
        if not question.gold:
            raise UsageError(f"Question {number} of {folder} ({question.id}) has no gold.", "Say what answers it.")
    return found


def _tables(contents: dict[Path, Any], *columns: str) -> Iterator[list[dict[str, Any]]]:
    for rows in contents.values():
        if isinstance(rows, list) and rows and isinstance(rows[0], dict) and all(key in rows[0] for key in columns):
            yield rows


def _pooled(folder: Path, contents: dict[Path, Any]) -> QuestionSet | None:
    """Paragraphs of all questions in one pool; gold by title, or by title and text where titles are not unique."""
    found = QuestionSet()
    for rows in [rows for rows in contents.values() if isinstance(rows, dict) and all(map(_is_text, rows.values()))]:
        for title, sentences in rows.items():
            found.paragraph(title, "".join(sentences))
    for table in _tables(contents, "title", "text"):
        for row in table:
            found.paragraph(row["title"], row["text"])
    questions = [row for table in _tables(contents, "question") for row in table]
    for row in questions:
        for title, text in _context(row):
            found.paragraph(title, text)
    by_title: dict[str, Place] = {}
    for (title, _), position in found._known.items():
        by_title.setdefault(_same(title), (position, 1))
    for number, row in enumerate(questions):
        name = str(row.get("id", row.get("_id", number)))
        gold = _gold(row, found, by_title)
        if missing := sorted(title for title, place in gold.items() if place is None):
            raise UsageError(
                f"Gold of question {name} in {folder} is in no passage: {missing[0][:80]!r}.",
                "Add it, or take the question away.",
            )
        if gold:
            places = frozenset(place for place in gold.values() if place)
            found.questions.append(SetQuestion(name, row["question"], places))
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def _same(title: str) -> str:
    return " ".join(unicodedata.normalize("NFC", title).split())


def _context(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    context = row.get("context")
    if isinstance(context, dict):
        pairs = zip(context["title"], context["sentences"], strict=True)
        yield from ((title, "".join(sentences)) for title, sentences in pairs)
    elif isinstance(context, list):
        yield from ((title, "".join(sentences)) for title, sentences in context)
    for paragraph in row.get("paragraphs", ()):
        yield paragraph["title"], paragraph["paragraph_text"]


def _gold(row: dict[str, Any], found: QuestionSet, by_title: dict[str, Place]) -> dict[str, Place | None]:
    """The places that a question's gold names, None for a title that no passage has; empty where it names none."""
    if "paragraphs" in row:
        supporting = [one for one in row["paragraphs"] if one["is_supporting"]]
        places = [found.paragraph(one["title"], one["paragraph_text"]) for one in supporting]
        return {
            f"{one['title']}\n{one['paragraph_text']}": place for one, place in zip(supporting, places, strict=True)
        }
    facts = row.get("supporting_facts", ())
    titles = facts["title"] if isinstance(facts, dict) else [fact[0] for fact in facts]
    own = {title: found.paragraph(title, text) for title, text in _context(row)}
    return {title: own.get(title, by_title.get(_same(title))) for title in titles or _named(row, by_title)}


def _named(row: dict[str, Any], by_title: dict[str, Place]) -> list[str]:
    """The titles in the fields that are called gold or titles; failing these, in a field that holds nothing but known titles."""
    lists = {key: titles for key, value in row.items() if isinstance(value, list) and (titles := _titles(value))}
    called = [title for key, titles in lists.items() if "title" in key or "gold" in key for title in titles]
    if called:
        return called
    known = [titles for titles in lists.values() if all(_same(title) in by_title for title in titles)]
    return known[0] if known else []


def _titles(values: list[Any]) -> list[str]:
    found = [value.get("title") if isinstance(value, dict) else value for value in values]
    return [value for value in found if isinstance(value, str)]


def _articles(folder: Path, contents: dict[Path, Any]) -> QuestionSet | None:
    """SQuAD: an article is a document, a paragraph a page of it. Each file, a language, is searched by itself."""
    found = QuestionSet()
    files = {
        path: rows["data"]
        for path, rows in contents.items()
        if isinstance(rows, dict) and isinstance(rows.get("data"), list)
    }
    for path, articles in files.items():
        first = len(found.documents)
        within = frozenset(range(first, first + len(articles)))
        group = path.name.split(".json")[0] if len(files) > 1 else ""
        for position, article in enumerate(articles, first):
            found.documents.append(
                SetDocument(article["title"], tuple(paragraph["context"] for paragraph in article["paragraphs"]))
            )
            for page, paragraph in enumerate(article["paragraphs"], 1):
                for row in paragraph["qas"]:
                    gold = frozenset({(position, page)})
                    found.questions.append(SetQuestion(row["id"], row["question"], gold, within, group))
    return found if found.documents else None


def _one_passage(folder: Path, contents: dict[Path, Any]) -> QuestionSet | None:
    """NQ in the layout of Lost in the Middle: the gold passages of all questions pooled."""
    found = QuestionSet()
    for table in _tables(contents, "question", "ctxs"):
        for number, row in enumerate(table):
            places = {found.paragraph(one["title"], one["text"]): one.get("isgold") for one in row["ctxs"]}
            gold = frozenset(place for place, is_gold in places.items() if is_gold)
            found.questions.append(SetQuestion(str(number), row["question"], gold))
    return found if found.documents else None


def _filings(folder: Path, contents: dict[Path, Any]) -> QuestionSet | None:
    """FinanceBench: each question is asked of one PDF; evidence pages count from 0 in the file."""
    found = QuestionSet(by_page=True)
    position: dict[str, int] = {}
    for table in _tables(contents, "question", "doc_name", "evidence"):
        for row in table:
            name = row["doc_name"]
            file = folder / "pdfs" / f"{name}.pdf"
            if not file.is_file():
                continue
            if name not in position:
                position[name] = len(found.documents)
                found.documents.append(SetDocument(name, file=file))
            within = position[name]
            gold = frozenset(
                (within, one["evidence_page_num"] + 1) for one in row["evidence"] if one["doc_name"] == name
            )
            found.questions.append(SetQuestion(row["financebench_id"], row["question"], gold, frozenset({within})))
    return found if found.documents else None


def _keys(folder: Path, contents: dict[Path, Any]) -> QuestionSet | None:
    """Every key asked for: the pair it is the key of has to come first."""
    found = QuestionSet()
    for table in _tables(contents, "ordered_kv_records"):
        for row in table:
            _ask_keys(found, row["ordered_kv_records"], range(len(row["ordered_kv_records"])))
    return found if found.documents else None


def _nested_keys(folder: Path, contents: dict[Path, Any]) -> QuestionSet | None:
    """MemGPT's orderings: along each line of indices a value is replaced by the next key, and every key is asked for.

    The 140 pairs are in the neighbouring folder of the set they come from.
    """
    orderings = [row for rows in contents.values() if isinstance(rows, list) for row in rows if _is_ordering(row)]
    if not orderings:
        return None
    found = QuestionSet()
    for path in sorted(folder.parent.glob("kv-*/*.jsonl*")):
        for row in (read_rows(path) or [])[:1]:
            if isinstance(row, dict) and "ordered_kv_records" in row:
                for ordering in orderings:
                    pairs = [list(pair) for pair in row["ordered_kv_records"]]
                    for here, after in itertools.pairwise(ordering):
                        pairs[here][1] = pairs[after][0]
                    _ask_keys(found, pairs, ordering)
                return found
    raise UsageError(
        f"The key-value pairs for {folder} are missing.", "Put the folder kv-lost-in-the-middle beside it."
    )


def _is_ordering(row: Any) -> bool:
    return isinstance(row, list) and bool(row) and all(isinstance(item, int) for item in row)


def _ask_keys(found: QuestionSet, pairs: list[list[str]], asked: range | list[int]) -> None:
    position = len(found.documents)
    pages = tuple(f"Key-value pair: key = {key}, value = {value}" for key, value in pairs)
    found.documents.append(SetDocument("pairs", pages))
    for index in asked:
        name = f"{position}/{index}"
        found.questions.append(
            SetQuestion(name, pairs[index][0], frozenset({(position, index + 1)}), frozenset({position}))
        )
