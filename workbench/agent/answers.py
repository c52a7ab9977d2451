"""Where answers go out: a message to the user comes in, and is delivered with its quotes checked, or sent back once with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workbench.agent.citations import Place, check, notes_of, repair_request, says_not_found
from workbench.agent.evidence import kept_passages
from workbench.agent.executor import Executed
from workbench.agent.functions import Outcome
from workbench.agent.workspace import Workspace
from workbench.events import AnswerDone, Event, QuoteChecked
from workbench.memory.archival_storage import ArchivalStorage


class AnswerDesk:
    """Checks an answer before it is shown. A quote that is on no page, or an open hop, sends it back once each."""

    def __init__(self, workspace: Workspace, archive: ArchivalStorage) -> None:
        self._workspace = workspace
        self._archive = archive
        self._repaired = False
        self._gated = False

    def start_question(self) -> None:
        """Each question has its one repair and its one gate."""
        self._repaired = False
        self._gated = False

    def deliver(self, executed: Executed) -> tuple[Executed, list[Event]]:
        """The result of a send_message and, when it was delivered, its events."""
        complaint, events = self.weigh(str(executed.arguments["message"]))
        if complaint:
            return replace(executed, ok=False, outcome=Outcome(complaint, summary="sent back once")), []
        return executed, events

    def weigh(self, text: str) -> tuple[str, list[Event]]:
        """A complaint that sends the message back, or the events of its delivery."""
        checked = check(text, self._place_of, self._read)
        if not checked.sound and self._workspace.settings.verify and not self._repaired:
            self._repaired = True
            return repair_request(checked), []
        still_open = [hop for hop, status in self._workspace.hops.items() if status == "open"]
        if still_open and not self._gated:
            self._gated = True
            return (
                f"Not delivered: these parts are still open: {'; '.join(still_open)}. Go on, or mark them, then send again.",
                [],
            )
        notes = list(notes_of(checked, text)) if self._workspace.sources() else []
        if still_open:
            notes.append(f"Left open: {'; '.join(still_open)}.")
        answered = bool(checked.citations) or not says_not_found(text)
        citations = checked.citations if answered else ()
        if self._workspace.settings.evidence:
            self._workspace.memory.keep_evidence(kept_passages(self._workspace.memory, citations))
        events: list[Event] = [QuoteChecked(citation=citation) for citation in citations]
        return "", [*events, AnswerDone(text=text, answered=answered, citations=citations, notes=tuple(notes))]

    def partial(self, text: str, note: str) -> list[Event]:
        """The events of an answer that a cap cut short: checked as any, sent back never."""
        checked = check(text, self._place_of, self._read)
        found: list[Event] = [QuoteChecked(citation=citation) for citation in checked.citations]
        notes = (note, *notes_of(checked, text))
        done = AnswerDone(text=text, answered=bool(checked.citations), citations=checked.citations, notes=notes)
        return [*found, done]

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
        return Place(found.id, handle, path, found.page, page.label, page.text)

    def _path(self, document: int) -> str | None:
        attached = self._archive.paths(self._workspace.sources()).get(document)
        return attached[0] if attached else self._archive.path_of(document)
