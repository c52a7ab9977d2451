"""What a task asks and over what: documents, records or a conversation, and questions with all that is known of their answers.

Every layout that an experiment reads becomes a `TaskSet` here, so that one loop can run any of them (see experiment).
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from workbench.core.errors import UsageError
from workbench.evaluation import nested_kv
from workbench.evaluation.answer_sets import AnswerQuestion, AnswerSet, read_answer_sets
from workbench.evaluation.answers import left_out
from workbench.evaluation.memory_evidence import CATEGORIES, EVIDENCE, SESSION, UNANSWERABLE
from workbench.evaluation.question_sets import read_rows, rows_that_fit

ANY_PAGE = 0
"""The page of a gold place in a document without pages of its own."""

GoldPlace = tuple[str, int]
"""A document's file name and a page of it, from 1; ANY_PAGE where the whole document is meant."""


@dataclass(frozen=True)
class Said:
    """A turn of a conversation as it goes into recall storage."""

    who: str
    text: str
    when: datetime


@dataclass(frozen=True)
class Material:
    """What questions are asked over; it becomes one source of the archive, and `talk` the recall storage of each agent.

    `texts` are documents by file name, `files` are loaded as they are, `records` are documents by name whose pages are
    stored as they stand.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    records: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    talk: tuple[Said, ...] = ()


@dataclass(frozen=True)
class TaskQuestion:
    """A question over one material. `gold` are the places that answer it, empty where the set does not say.

    `answerable` is False where the material does not answer it, so that it must be refused. `group` is what accuracy is
    also told by, such as the nesting. `facts` are what a conversation opener should draw on, `human` the opener that a
    person wrote.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    material: str
    gold: frozenset[GoldPlace] = frozenset()
    answerable: bool = True
    group: str = ""
    facts: tuple[str, ...] = ()
    human: str = ""


@dataclass(frozen=True)
class TaskSet:
    """The materials of a set by name, and its questions in the order of the set."""

    name: str
    materials: Mapping[str, Material]
    questions: tuple[TaskQuestion, ...]


DOCUMENTS = "documents"
"""The name of the material of sets that have only one."""


# -- passages with answers: NQ-open, SQuAD, HotpotQA, MuSiQue, 2WikiMultihopQA, L-Eval --------------------------------------


def passages(path: Path) -> TaskSet:
    """A set with answers; all its documents are one archive."""
    return _pooled(read_answer_sets(path), frozenset())


def passages_with_gaps(path: Path) -> TaskSet:
    """The same with every fifth document left out: questions about those have no answer there."""
    found = read_answer_sets(path)
    return _pooled(found, left_out(found))


def several_hops(path: Path) -> TaskSet:
    """A set whose questions need several passages. Raises UsageError for one whose questions need one."""
    found = read_answer_sets(path)
    if all(question.hops == 1 for question in found.questions):
        raise UsageError(
            f"No question in {path} needs several passages.", "Give a set in the layout of HotpotQA or MuSiQue."
        )
    return _pooled(found, frozenset(), by_hops=True)


def refusals(path: Path) -> TaskSet:
    """Questions with and without their answer in the archive.

    Conversations in LoCoMo's layout have both kinds. Elsewhere about half of the questions lose a gold document: one of
    several passages for half of the questions (MuSiQue), the only one for half of the documents (an article of XQuAD).
    """
    if _is_conversations(path):
        return conversations(path, unanswerable=True)
    found = read_answer_sets(path)
    return _pooled(found, frozenset(name for question in found.questions for name in _deleted(question)))


def _deleted(question: AnswerQuestion) -> list[str]:
    """The gold document that is taken away so that a question has no answer, or none."""
    names = sorted(question.documents)
    chosen = question.id if len(names) > 1 else names[0]
    number = _number(chosen)
    return [] if number % 2 else [names[number // 2 % len(names)]]


def _number(name: str) -> int:
    return int(hashlib.sha1(name.encode("utf-8", "replace")).hexdigest(), 16)


def _pooled(found: AnswerSet, absent: frozenset[str], *, by_hops: bool = False) -> TaskSet:
    texts = {name: text for name, text in found.documents.items() if name not in absent}
    questions = tuple(
        TaskQuestion(
            one.id, one.text, one.answers, DOCUMENTS,
            frozenset((name, ANY_PAGE) for name in one.documents),
            not one.documents & absent,
            f"{one.hops} hops" if by_hops else "",
        )
        for one in found.questions
    )  # fmt: skip
    return TaskSet(found.name, {DOCUMENTS: Material(texts)}, questions)


# -- filings and reports with evidence pages: FinanceBench, MMLongBench -------------------------------------------------------


def pages(path: Path) -> TaskSet:
    """Questions about one PDF each, with the pages that answer them, in the layout of FinanceBench or of MMLongBench-Doc."""
    folder = path if path.is_dir() else path.parent
    materials: dict[str, Material] = {}
    questions: list[TaskQuestion] = []
    for file in _files(path):
        rows = read_rows(file)
        if not isinstance(rows, list):
            continue
        with rows_that_fit(file):
            for number, row in enumerate(rows):
                made = _of_filing(row, folder) or _of_report(row, folder, number) if isinstance(row, dict) else None
                if made is not None:
                    question, pdf = made
                    materials[question.material] = Material(files=(pdf,))
                    questions.append(question)
    if not questions:
        raise UsageError(
            f"No questions with evidence pages, and their PDFs, are in {path}.",
            "Give a folder in the layout of FinanceBench (pdfs/) or MMLongBench-Doc (documents/).",
        )
    return TaskSet(path.name, materials, tuple(questions))


def _of_filing(row: Mapping[str, Any], folder: Path) -> tuple[TaskQuestion, Path] | None:
    """A row of FinanceBench, whose evidence pages count from 0; None when its PDF is not there."""
    if not {"doc_name", "evidence", "question"} <= row.keys():
        return None
    name = Path(str(row["doc_name"])).name
    pdf = folder / "pdfs" / f"{name}.pdf"
    if not pdf.is_file():
        return None
    gold = frozenset(
        (pdf.name, int(one["evidence_page_num"]) + 1) for one in row["evidence"] if one.get("doc_name", name) == name
    )
    kind = str(row.get("question_type") or "")
    return TaskQuestion(
        str(row["financebench_id"]), row["question"], (str(row["answer"]),), name, gold, group=kind
    ), pdf


def _of_report(row: Mapping[str, Any], folder: Path, number: int) -> tuple[TaskQuestion, Path] | None:
    """A row of MMLongBench-Doc: evidence pages count from 1 and stand in a text; "Not answerable" must be refused."""
    if not {"doc_id", "evidence_pages", "question"} <= row.keys():
        return None
    name = Path(str(row["doc_id"])).name
    pdf = next((place for place in (folder / "documents" / name, folder / name) if place.is_file()), None)
    if pdf is None:
        return None
    listed = row["evidence_pages"]
    numbers = ast.literal_eval(listed) if isinstance(listed, str) else listed
    gold = frozenset((pdf.name, int(page)) for page in numbers)
    answerable = str(row["answer"]).strip().casefold() != "not answerable"
    answers = (str(row["answer"]),) if answerable else ()
    kind = str(row.get("doc_type") or "")
    return TaskQuestion(str(number), row["question"], answers, name, gold, answerable, kind), pdf


# -- files of records: the filesystem benchmark of letta-evals ----------------------------------------------------------------


def filesystem(path: Path) -> TaskSet:
    """Questions over the text files in `files`, in the layouts of letta-evals (input, ground_truth) and letta-leaderboard."""
    folder = path if path.is_dir() else path.parent
    files = tuple(sorted(file for file in (folder / "files").glob("*") if file.is_file()))
    questions: list[TaskQuestion] = []
    for file in _files(path):
        rows = read_rows(file)
        for number, row in enumerate(rows if isinstance(rows, list) else ()):
            with rows_that_fit(file):
                text, answer = row.get("input", row.get("question")), row.get("ground_truth", row.get("answer"))
                if text and answer is not None:
                    more = (row.get("agent_args") or {}).get("extra", row)
                    gold = frozenset((Path(str(name)).name, ANY_PAGE) for name in more.get("required_files", ()))
                    kind = str(more.get("question_type") or file.name.split(".")[0])
                    name = f"{file.name.split('.')[0]}/{number}"
                    questions.append(TaskQuestion(name, str(text), (str(answer),), DOCUMENTS, gold, group=kind))
    if not files or not questions:
        raise UsageError(
            f"{path} has no folder `files` with questions beside it.", "Give a folder in the layout of letta-evals."
        )
    return TaskSet(path.name, {DOCUMENTS: Material(files=files)}, tuple(questions))


# -- look-ups that lead to look-ups ---------------------------------------------------------------------------------------------


def look_ups(path: Path) -> TaskSet:
    """MemGPT's nested key-value task, in two wordings; a group is a depth of nesting."""
    materials: dict[str, Material] = {}
    questions: list[TaskQuestion] = []
    for wording in nested_kv.WORDINGS:
        for chain in nested_kv.chains(path, nested_kv.SAMPLES):
            name = f"{wording.name} {chain.nesting}-{chain.number}"
            records = tuple(wording.record.format(key=key, value=value) for key, value in chain.pairs)
            materials[name] = Material(records={"records": records})
            asked = wording.question.format(key=chain.key)
            questions.append(
                TaskQuestion(name.replace(" ", "/"), asked, (chain.value,), name, group=f"nesting {chain.nesting}")
            )
    return TaskSet(path.name, materials, tuple(questions))


# -- conversations of several sessions: LoCoMo -----------------------------------------------------------------------------------


def conversations(path: Path, *, unanswerable: bool = False) -> TaskSet:
    """Questions about conversations of several sessions; with `unanswerable` those of category 5 too, which must be refused."""
    with rows_that_fit(path):
        return _conversations(path, unanswerable)


def _conversations(path: Path, unanswerable: bool) -> TaskSet:
    materials: dict[str, Material] = {}
    questions: list[TaskQuestion] = []
    for name, row in _dialogues(path):
        materials[name] = _material(row, _sessions(row))
        for number, asked in enumerate(row["qa"]):
            category = int(asked["category"])
            answerable = category != UNANSWERABLE
            if (answerable and "answer" not in asked) or not (answerable or unanswerable):
                continue
            named = {int(session) for session, _ in EVIDENCE.findall(" ".join(asked.get("evidence") or ()))}
            gold = frozenset((_session_file(row, session), ANY_PAGE) for session in named if session in _sessions(row))
            answers = (str(asked["answer"]),) if answerable else ()
            group = CATEGORIES.get(category, "unanswerable")
            questions.append(
                TaskQuestion(f"{name}/{number}", asked["question"], answers, name, gold, answerable, group)
            )
    return TaskSet(path.name, materials, tuple(questions))


def openers(path: Path) -> TaskSet:
    """For both speakers of each conversation: the first thing to say in the last session, from what was said before.

    The facts are the observations about the other speaker from the earlier sessions, which LoCoMo gives; the human opener
    is what the speaker said first in that session.
    """
    with rows_that_fit(path):
        return _openers(path)


def _openers(path: Path) -> TaskSet:
    materials: dict[str, Material] = {}
    questions: list[TaskQuestion] = []
    for name, row in _dialogues(path):
        *earlier, last = _sessions(row)
        materials[name] = _material(row, earlier)
        talk = row["conversation"]
        for me, other in ((talk["speaker_a"], talk["speaker_b"]), (talk["speaker_b"], talk["speaker_a"])):
            seen = (row.get("observation") or {}).get
            facts = tuple(
                str(fact[0])
                for session in earlier
                for fact in (seen(f"session_{session}_observation") or {}).get(other, ())
            )
            human = next((one["text"] for one in talk[f"session_{last}"] if one["speaker"] == me), "")
            if facts and human:
                questions.append(
                    TaskQuestion(
                        f"{name}/{me}", _OPEN.format(me=me, other=other), (" ".join(facts),), name, facts=facts,
                        human=human,
                    )
                )  # fmt: skip
    if not questions:
        raise UsageError(
            f"The conversations in {path} say nothing about their speakers.", "LoCoMo's own have the field observation."
        )
    return TaskSet(path.name, materials, tuple(questions))


_OPEN = (
    "You are {me}. Write the first message that you send to {other} in your next conversation. Draw on what you know about "
    "{other} from your past conversations. Reply with that message only."
)


def _is_conversations(path: Path) -> bool:
    rows = [read_rows(file) for file in _files(path)]
    return any(isinstance(found, list) and found and _is_dialogue(found[0]) for found in rows)


def _is_dialogue(row: Any) -> bool:
    return isinstance(row, dict) and "conversation" in row and "qa" in row


def _dialogues(path: Path) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for file in _files(path):
        rows = read_rows(file)
        if isinstance(rows, list) and rows and _is_dialogue(rows[0]):
            found += [(str(row.get("sample_id", number)), row) for number, row in enumerate(rows)]
    if not found:
        raise UsageError(f"No dialogues in LoCoMo's layout are in {path}.", "Name a file such as locomo10.json.")
    return found


def _sessions(row: Mapping[str, Any]) -> list[int]:
    talk = row["conversation"]
    return sorted(int(match[1]) for key in talk if (match := SESSION.match(key)) and talk[key])


def _session_file(row: Mapping[str, Any], session: int) -> str:
    when = _began(row, session)
    return f"session {session:02}{when:, %d %B %Y}.txt"


def _began(row: Mapping[str, Any], session: int) -> datetime:
    """When a session began: as the set says, or a day after the one before where that cannot be read."""
    text = str(row["conversation"].get(f"session_{session}_date_time", ""))
    try:
        return datetime.strptime(text, "%I:%M %p on %d %B, %Y")
    except ValueError:
        return datetime(2023, 1, 1, 12) + timedelta(days=session)


def _material(row: Mapping[str, Any], sessions: list[int]) -> Material:
    texts: dict[str, str] = {}
    talk: list[Said] = []
    for session in sessions:
        began = _began(row, session)
        lines = []
        for number, said in enumerate(row["conversation"][f"session_{session}"]):
            shown = said.get("blip_caption")
            text = f"{said['text']} [shares a picture: {shown}]" if shown else str(said["text"])
            lines.append(f"{said['speaker']}: {text}")
            talk.append(Said(str(said["speaker"]), text, began + timedelta(seconds=30 * number)))
        texts[_session_file(row, session)] = (
            f"A conversation on {began:%d %B %Y, %H:%M}.\n\n" + "\n\n".join(lines) + "\n"
        )
    return Material(texts, talk=tuple(talk))


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise UsageError(f"{path} does not exist.", "Give the folder of a question set with --data.")
    return sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
