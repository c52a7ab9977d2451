"""Delivers an answer with its quotes checked, or sends it back once with the reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.agent.answers.citations import (
    Checked,
    Place,
    check,
    citation_request,
    notes_of,
    only_adds_citations,
    repair_request,
    says_not_found,
    says_not_sure,
)
from workbench.agent.answers.disagreement import Statement, note, others_that_disagree, statements
from workbench.agent.answers.follow_up import offer
from workbench.agent.answers.grounding import Grounding, grounding
from workbench.agent.answers.source_sentences import source_sentences
from workbench.agent.executor import Executed
from workbench.agent.tools.attached_documents import AttachedDocuments
from workbench.agent.tools.context import ToolContext
from workbench.agent.tools.registry import Outcome
from workbench.api.events import AnswerDone, Citation, Event, QuoteChecked
from workbench.memory.agent_memory import AgentMemory
from workbench.memory.messages import StoredMessage
from workbench.models.base import Assessment
from workbench.retrieval.query import Restriction
from workbench.storage.archive import ArchivalStorage
from workbench.text.quotes import is_on_page

_MARKS = re.compile(r"</?[\w:-]*(?:tool|function|call)[\w:-]*>|<[|｜][^<>|｜\n]{1,40}[|｜]>|```\w*|\[/?TOOL_CALLS?\]")
"""Marks that models write around a call."""

_LOOKING = (
    "archival_memory_search",
    "archival_grep",
    "archival_follow",
    "archival_sweep",
    "document_open",
    "table_query",
)
"""Functions with which a model looks into documents."""

_COMPARED, _LOOKED_THROUGH, _QUERY_WORDS = 2, 6, 40
"""Of how many quotes of an answer other documents are looked through, and how many of their passages, for a query of so many words."""

_ANNOUNCES = re.compile(
    r"\W*(?:(?:okay|ok|sure|certainly|first|now|to answer\b[^.,]*)\W+){0,2}"
    r"(?:(?:i|we) (?:will|shall|need to|have to|am going to|am (?:now )?(?:search|look)ing|can)\b"
    r"|(?:i|we)['’](?:ll|m)\b|let(?:['’]s| me| us)\b"
    r"|please (?:wait|hold)|(?:one|just a) moment|searching\b|looking\b|ich (?:werde|muss|suche|will)\b|lassen sie mich|"
    r"je vais\b|laissez-moi|voy a\b|déjame|permítame|我(?:将|会|来|需要)|让我)",
    re.IGNORECASE,
)
"""How a text begins that says what the model is about to do. It only decides who answers."""

_FREE = ("chat", "lookup")
"""Presets whose answers need no quotes: talk, and bare values."""


@dataclass(frozen=True)
class _Held:
    """A message that was sent back. `open`: the next one may say anything, because this one quoted what is not there or left a
    part of the question open."""

    text: str
    open: bool


class AnswerValidator:
    """Checks an answer before it is shown. It is sent back at most once for its quotes, and once for an open hop."""

    def __init__(self, workspace: ToolContext, archive: ArchivalStorage) -> None:
        self._workspace = workspace
        self._archive = archive
        self._repaired = False
        self._gated = False
        self._held: _Held | None = None
        self._remarks: list[str] = []
        self._challenged = False
        self._announced = False

    def start_question(self) -> None:
        """Each question has its one repair and its one gate."""
        self._remarks = []
        self._announced = False
        self._challenged = False
        self._repaired = False
        self._gated = False
        self._held = None

    def _challenge(self, text: str) -> str:
        """Once a question: why a "not found" is sent back, when the model has not searched and there are results to read."""
        space = self._workspace
        if self._challenged or not space.settings.verify or space.settings.uses_reader or not says_not_found(text):
            return ""
        shown = [space.memory.handle_of(passage) for message in self._since() for passage in message.passages]
        if not shown or any(name in _LOOKING for name in self._called()):
            return ""
        return (
            f"Not delivered: you have not searched. Read the results that are there already ({', '.join(shown[:5])}), then "
            "search with other words; only then say that nothing was found."
        )

    def _since(self) -> list[StoredMessage]:
        """The messages in the queue since the question."""
        queue = self._workspace.memory.queue
        return [message for message in queue.messages if message.id > (queue.question or 0)]

    def _called(self) -> list[str]:
        """The functions that the model itself has called for the question, in order; the search ahead of it is the system's."""
        calls = [call for message in self._since() for call in message.body.get("calls", ())]
        return [str(call["name"]) for call in calls if not str(call["id"]).startswith("ahead_")]

    def remark(self, text: str) -> None:
        """Something to be noted with the answer when it is delivered."""
        self._remarks = [*dict.fromkeys([*self._remarks, text])]

    def was_read(self, text: str) -> bool:
        """Whether a text stands in what the agent has read: on a page, or in a result or a message in its queue.

        White space and the marks around a call do not count: a document may hold the call without them.
        """
        wanted = _squeezed(text)
        if not wanted:
            return False
        messages = self._workspace.memory.queue.messages
        told = (_squeezed(_told(message.wire)) for message in messages if message.role in ("tool", "user"))
        pages = (_squeezed(place.text) for place in self._read())
        return any(wanted in known for known in (*told, *pages))

    def deliver_cut(self, text: str) -> list[Event]:
        """The events of an answer whose end never came: checked as any, sent back never."""
        self._held = None
        checked = check(text, self._place_of, self._read)
        return self._delivered(text, checked, self._ground(text, checked), notes_of(checked, text))

    def deliver(self, executed: Executed, assessment: Assessment | None = None) -> tuple[Executed, list[Event]]:
        """The result of a send_message and, when it was delivered, its events."""
        sent = str(executed.arguments["message"])
        complaint, events = self.weigh(sent, assessment)
        if complaint:
            return replace(executed, ok=False, outcome=Outcome(complaint, summary="sent back once")), []
        if any(isinstance(event, AnswerDone) and event.text != sent for event in events):
            said = "The text was changed, so the first message was delivered as it was."
            executed = replace(executed, outcome=Outcome(said, summary="the first message was sent"))
        return executed, events

    def weigh(self, text: str, assessment: Assessment | None = None) -> tuple[str, list[Event]]:
        """A complaint that sends the message back, or the events of its delivery."""
        held, notes = self._held, list[str]()
        if held is not None and not held.open and not only_adds_citations(held.text, text):
            text = held.text
            notes.append("Asked for citations, the model changed its text; the first one stands.")
        if held is None and (complaint := self._challenge(text)):
            self._challenged, self._held = True, _Held(text, open=True)
            return complaint, []
        checked = self._check(text)
        found = self._ground(text, checked, assessment)
        still_open = [hop for hop, status in self._workspace.hops.items() if status == "open"]
        gate = bool(still_open) and not self._gated
        wanting = not checked.sound or (not gate and self._wants_quotes(found))
        if self._workspace.settings.verify and not self._repaired and wanting:
            self._repaired = True
            self._held = _Held(text, open=not checked.sound)
            return (citation_request(len(found.unquoted)) if checked.sound else repair_request(checked)), []
        if self._goes_to_reader(text, checked, found):
            self._held, self._announced = None, True
            return "Not delivered: it quotes nothing that stands in the documents.", []
        if gate:
            self._gated, self._held = True, _Held(text, open=True)
            complaint = f"Not delivered: these parts are still open: {'; '.join(still_open)}. Go on, or mark them, then send again."
            return f"{complaint} {offer(self._workspace)}".strip(), []
        self._held = None
        notes += notes_of(checked, text) if self._workspace.sources() else ()
        if still_open:
            notes.append(f"Left open: {'; '.join(still_open)}.")
        return "", self._delivered(text, checked, found, notes, assessment)

    def _goes_to_reader(self, text: str, checked: Checked, found: Grounding) -> bool:
        """Whether the reader answers in the model's place (drive auto): asked for quotes, the model gave none that is true, and its
        text only announces what it will do.

        One that calls functions is left to it, and so is one that answers: its answer is shown as one without a quote.
        """
        if self._workspace.settings.drive != "auto" or not self._repaired or self._workspace.settings.uses_reader:
            return False
        if not _ANNOUNCES.match(text) or any(name != "send_message" for name in self._called()):
            return False
        return not any(citation.verified for citation in checked.citations) and self._wants_quotes(found)

    def _delivered(
        self, text: str, checked: Checked, found: Grounding, notes: Sequence[str], assessment: Assessment | None = None
    ) -> list[Event]:
        notes = [*notes, *self._proposed()]
        unsure = says_not_sure(text)
        answered = not unsure and (bool(checked.citations) or not says_not_found(text))
        confidence, lacks = (assessment.confidence, assessment.lacks) if assessment else (None, "")
        citations = checked.citations if answered else ()
        notes += self._disagreements(citations)
        notes, self._remarks = [*self._remarks, *notes], []
        left = None
        if self._workspace.settings.evidence:
            left = self._workspace.memory.keep_evidence(kept_passages(self._workspace.memory, citations))
        done = AnswerDone(
            text=text, answered=answered, citations=citations, notes=tuple(notes), state=found.state,
            unquoted=found.unquoted if self._workspace.sources() else (), false_quotes=checked.missing,
            unsupported=found.sentences if self._workspace.sources() else (),
            confidence=confidence, nearest=checked.citations if unsure else (), lacks=lacks if unsure else "",
        )  # fmt: skip
        quotes = (QuoteChecked(citation=citation) for citation in checked.citations if answered or unsure)
        return [*quotes, *([left] if left else []), done]

    def _disagreements(self, citations: Sequence[Citation]) -> list[str]:
        """Remarks on other documents that state another number, date or name of what is quoted."""
        attached = AttachedDocuments.of(self._workspace)
        others = set(attached.documents) - self._archive.self_made(attached.documents).keys() if citations else set()
        found: dict[frozenset[Statement], str] = {}  # an answer may quote both sides: that is one disagreement
        for citation in [item for item in citations if item.verified and item.passage][:_COMPARED]:
            own = next((key for key in others if self._path(key) == citation.document), None)
            if own is None or len(others) < 2:
                continue
            search, within = self._workspace.search, Restriction(frozenset(others - {own}))
            query = " ".join(re.sub(r"[^\w\s]", " ", citation.quote).split()[:_QUERY_WORDS])
            ids = search.ranking(attached.documents, query, _LOOKED_THROUGH, restriction=within).ids[:_LOOKED_THROUGH]
            passages = self._archive.passages(list(ids))
            sentences = source_sentences([passages[key] for key in ids if key in passages])
            if against := others_that_disagree(citation.quote, sentences):
                paths = {key: self._path(key) or "" for key in attached.documents}
                days = attached.days([own, *(item.sentence.document for item in against if item.sentence)])
                quoted = Statement(citation.quote, citation.document, citation.page, days.get(own))
                stated = statements(against, paths, days)
                found.setdefault(frozenset((quoted, *stated)), note(quoted, stated))
        return list(found.values())

    def release(self) -> list[Event]:
        """The events of a message that was sent back and never came again: what the model said is not lost."""
        if self._held is None:
            return []
        text, self._held = self._held.text, None
        checked = self._check(text)
        notes = ["It was sent back once and did not come again.", *notes_of(checked, text)]
        return self._delivered(text, checked, self._ground(text, checked), notes)

    def partial(self, text: str, note: str) -> list[Event]:
        """The events of an answer that a cap cut short: checked as any, sent back never."""
        checked = self._check(text)
        found = self._ground(text, checked)
        events: list[Event] = [QuoteChecked(citation=citation) for citation in checked.citations]
        done = AnswerDone(
            text=text, answered=bool(checked.citations), citations=checked.citations, notes=(note, *notes_of(checked, text)),
            state=found.state, unquoted=found.unquoted, false_quotes=checked.missing, unsupported=found.sentences,
        )  # fmt: skip
        return [*events, done]

    def _ground(self, text: str, checked: Checked, assessment: Assessment | None = None) -> Grounding:
        abstains = says_not_found(text) or says_not_sure(text)
        # What the reader says that its quotes lack is no claim about the documents that a quote could bear out.
        claimed = text.removesuffix(assessment.lacks or assessment.remark) if assessment else text
        return grounding(claimed, checked.support, len(checked.missing), abstains=abstains, question=self._question())

    def _proposed(self) -> list[str]:
        """What the model would write into persona or human, for the user to decide."""
        waiting, self._workspace.proposals[:] = list(self._workspace.proposals), []
        return [
            f"The model would write into {block}: {new or '(nothing)'!r}" + (f" in place of {old!r}" if old else "")
            + f". To allow it: /edit {block}"
            for block, old, new in waiting
        ]  # fmt: skip

    def quotes(self, text: str) -> Checked:
        """What becomes of the quotes of a text: it is only looked at, nothing is delivered."""
        return self._check(text)

    @property
    def challenged(self) -> bool:
        """Whether a "not found" of this question was sent back because the model had not searched."""
        return self._challenged

    @property
    def announced(self) -> bool:
        """Whether the model only announced what it would do, though it was asked for quotes."""
        return self._announced

    @property
    def holds_answer(self) -> bool:
        """Whether the model has answered, and was asked for better quotes or the rest of it."""
        return self._held is not None and not self._challenged

    def _check(self, text: str) -> Checked:
        return check(text, self._place_of, self._read, self._said)

    def _question(self) -> str:
        queue = self._workspace.memory.queue
        return next((message.spoken for message in queue.messages if message.id == queue.question), "")

    def _said(self) -> Iterator[str]:
        """What the user has said, and the agent before this question, as far as it is in context, the latest first."""
        queue = self._workspace.memory.queue
        for message in reversed(queue.messages):
            if message.spoken and (message.kind == "user_message" or message.id < (queue.question or 0)):
                yield message.spoken

    def _wants_quotes(self, found: Grounding) -> bool:
        """Whether the model is asked for citations: pages were read for the question, and half of the claims quote nothing."""
        space = self._workspace
        if space.settings.preset in _FREE or not space.settings.repair or space.settings.uses_reader:
            return False
        if 2 * found.bare < max(1, found.claims):
            return False
        return any(message.passages for message in self._since())

    def _place_of(self, handle: str) -> Place | None:
        return self._place(self._handles().get(handle), handle)

    def _read(self) -> Iterator[Place]:
        """Every page that the agent has read, the latest first."""
        seen: set[tuple[str, int]] = set()
        for handle, passage in reversed(self._handles().items()):
            place = self._place(passage, handle)
            if place and (place.document, place.page) not in seen:
                seen.add((place.document, place.page))
                yield place

    def _handles(self) -> dict[str, int]:
        return {handle: passage for passage, handle in self._workspace.memory.handles.items()}

    def _place(self, passage: int | None, handle: str) -> Place | None:
        found = self._archive.passages([passage]).get(passage) if passage else None
        page = self._archive.page(found.document, found.page) if found else None
        path = self._path(found.document) if found else None
        if found is None or page is None or path is None:
            return None

        def next_text() -> str:
            behind = self._archive.page(found.document, found.page + 1)
            return behind.text if behind else ""

        return Place(
            found.id, handle, path, found.page, page.label, page.text, found.heading, found.text, next_text,
            self._archive.self_made([found.document]).get(found.document, ""),
        )  # fmt: skip

    def _path(self, document: int) -> str | None:
        attached = self._archive.paths(self._workspace.sources()).get(document)
        return attached[0] if attached else self._archive.path_of(document)


def _squeezed(text: str) -> str:
    return "".join(_MARKS.sub("", text).split())


def _told(message: Mapping[str, Any]) -> str:
    """What a message of the queue says, out of the JSON that it is sent in."""
    content = str(message.get("content") or "")
    try:
        said = json.loads(content)
    except ValueError:
        return content
    return str(said.get("message", content)) if isinstance(said, dict) else content


def kept_passages(memory: AgentMemory, citations: Sequence[Citation]) -> dict[int, tuple[int, ...]]:
    """Message id of every result of a call -> the passages in it that the answer cited. The newest showing of a passage is kept."""
    results = [
        message for message in memory.queue.messages if message.kind == "function_result" and message.kept is None
    ]
    standing = {passage for message in memory.queue.messages if message.kept for passage in message.kept}
    shown = [passage for message in results for passage in message.passages]
    texts = memory.texts(shown) if shown and citations else {}
    wanted = {passage for passage in shown if _is_cited(passage, texts, citations)} - standing
    kept: dict[int, tuple[int, ...]] = {}
    for message in reversed(results):
        kept[message.id] = tuple(passage for passage in message.passages if passage in wanted)
        wanted.difference_update(kept[message.id])
    return kept


def _is_cited(passage: int, texts: Mapping[int, str], citations: Sequence[Citation]) -> bool:
    # A citation names one passage of its page; the quote may stand in its neighbour.
    text = texts.get(passage, "")
    return any(passage == citation.passage or is_on_page(citation.quote, text) for citation in citations)
