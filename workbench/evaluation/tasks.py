"""The tasks that an experiment can run, by name: how their sets are read, what counts as right, which arms are compared.

This is the one place that knows them: the loop (experiment), the command line and the report take everything from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.evaluation import nested_kv, task_sets
from workbench.evaluation.answer_sets import holds
from workbench.evaluation.arms import Answered
from workbench.evaluation.task_sets import ANY_PAGE, GoldPlace, TaskQuestion, TaskSet


@dataclass(frozen=True)
class Task:
    """A task: its name, a line about it, and how it is run.

    `alone` are the arms compared without a language model, `modelled` those with one, where none are named. `settings` are what
    its protocol fixes, unless a flag says otherwise. `right` says whether an answer is right, None where the task has no
    right and wrong.
    """

    name: str
    about: str
    read: Callable[[Path], TaskSet]
    right: Callable[[TaskQuestion, Answered], bool | None]
    alone: tuple[str, ...] = ("reader", "retrieval")
    modelled: tuple[str, ...] = ("reader", "guided", "agent")
    settings: Mapping[str, Any] = field(default_factory=dict)


def contained(question: TaskQuestion, answered: Answered) -> bool:
    """Whether the answer, or one of its quotes, holds a right answer word for word."""
    return answered.answered and any(holds(text, question.answers) for text in (answered.text, *answered.quotes))


def answered_or_refused(question: TaskQuestion, answered: Answered) -> bool:
    """Whether a right answer is contained; for a question without one here, whether it was refused."""
    return contained(question, answered) if question.answerable else answered.refused


def page_cited(question: TaskQuestion, answered: Answered) -> bool:
    """Whether a gold page is cited; for a question without one, whether it was refused."""
    return bool(matched(question.gold, answered.cited)) if question.answerable else answered.refused


def chain_followed(question: TaskQuestion, answered: Answered) -> bool:
    """Whether the last identifier that the answer names is the end of the chain."""
    return nested_kv.ends_with(answered.text, question.answers[0])


def nothing_right(question: TaskQuestion, answered: Answered) -> None:
    """The task has no right and wrong: its measures are likenesses."""


def matched(gold: frozenset[GoldPlace], places: tuple[GoldPlace, ...]) -> frozenset[GoldPlace]:
    """The gold places among others; a gold document without pages is met by any page of it."""
    pages = {(Path(document).name, page) for document, page in places}
    documents = {document for document, _ in pages}
    return frozenset(
        (document, page)
        for document, page in gold
        if (document in documents if page == ANY_PAGE else (document, page) in pages)
    )


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(
            "qa", "questions with known answers, every fifth document left out",
            task_sets.passages_with_gaps, answered_or_refused,
        ),
        Task(
            "document-qa", "retriever and reader, beside fixed contexts of the first passages (MemGPT §3.2.1)",
            task_sets.passages, answered_or_refused,
            modelled=("reader", "guided", "agent", "fixed", "fixed-tokens", "fixed-cut"),
        ),
        Task(
            "nested-kv", "look-ups that lead to look-ups, nested 0 to 9 deep (MemGPT §3.2.2)",
            task_sets.look_ups, chain_followed, alone=("reader",), modelled=("reader", "agent", "fixed"),
            settings={"window_tokens": 4_096, "preset": "lookup", "page_hits": 10},
        ),
        Task(
            "deep-memory-retrieval", "questions about conversations of several sessions, kept in recall and archival storage",
            task_sets.conversations, answered_or_refused, settings={"preset": "chat"},
        ),
        Task(
            "conversation-opener", "the first message of the next session, held against what is known of the person",
            task_sets.openers, nothing_right, alone=("human", "reader", "retrieval"), modelled=("human", "agent"),
            settings={"preset": "chat"},
        ),
        Task(
            "multi-hop", "questions that need several passages: HotpotQA, MuSiQue, 2WikiMultihopQA",
            task_sets.several_hops, answered_or_refused,
        ),
        Task(
            "page-citation", "questions about one PDF each, right when a page with the evidence is cited",
            task_sets.pages, page_cited,
        ),
        Task(
            "filesystem", "questions that join text files of records (letta-evals)",
            task_sets.filesystem, answered_or_refused, alone=("reader",), modelled=("reader", "agent"),
        ),
        Task(
            "refusal", "questions with and without their answer in the archive",
            task_sets.refusals, answered_or_refused, alone=("reader",), modelled=("reader", "guided", "agent"),
        ),
    )
}  # fmt: skip
