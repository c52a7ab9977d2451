"""Plans what is to be forgotten, from words, a message, a document or a source, and erases it everywhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from workbench.api.events import Changed
from workbench.api.history import ErasurePlan
from workbench.api.results import TOMBSTONE
from workbench.core.errors import NotFound, UsageError
from workbench.ingest.web_cache import let_go
from workbench.memory.erasure.forgetting import Forgetting, Targets
from workbench.memory.erasure.redaction import texts_of
from workbench.services.container import AppContext
from workbench.services.open_agents import CurrentAgent
from workbench.services.publisher import EventPublisher
from workbench.storage.vacuum import mark

_LEAST_LETTERS = 6
_SHOWN_CHARS = 160


class ErasureService:
    """Forgets over all agents and the whole archive. Words and numbers mean messages of the current agent."""

    def __init__(self, app: AppContext, current: CurrentAgent, publisher: EventPublisher) -> None:
        self._app = app
        self._current = current
        self._publisher = publisher
        self._forgetting = Forgetting(app.database, app.recorder.texts, app.erasure_source())

    def words(self, text: str) -> ErasurePlan:
        """Every message of the agent, on any branch, that says this, and the words themselves wherever an agent keeps them."""
        if sum(map(str.isalnum, text)) < _LEAST_LETTERS:
            raise UsageError(
                f"{text[:40]!r} is too short to be told from other words.", "Give more of the text, or #NUMBER."
            )
        messages = [row for row in self._said() if text.casefold() in row[2].casefold()]
        if not messages and not self._kept_elsewhere(text):
            raise NotFound(f"No message of this agent says {text[:60]!r}.", "A document is forgotten by its name.")
        return self._plan(messages, words=(text,))

    def message(self, number: int) -> ErasurePlan:
        """One message by its number."""
        messages = [row for row in self._said() if row[0] == number]
        if not messages:
            raise NotFound(f"This agent has no message #{number}.", "Look for it by its words: the numbers are shown.")
        return self._plan(messages)

    def document(self, path: str, source: str | None = None) -> ErasurePlan:
        """A document by its path, wherever it is linked."""
        rows = self._app.archive.holdings.linked(path, source)
        if not rows:
            raise NotFound(f"There is no document {path[:80]!r}.", "See `workbench sources`, or f4.")
        if len({row[0] for row in rows}) > 1:
            names = ", ".join(name for _, name in rows)
            raise UsageError(f"Several documents are called {path[:80]!r}.", f"Say which with --source: {names}.")
        return self._plan([], documents=[(document, f"{name}: {path}") for document, name in rows])

    def source(self, name: str) -> ErasurePlan:
        """A source with all its documents, also where other sources link them."""
        key = self._app.archive.find_source(name)
        links = self._app.archive.holdings.links(key)
        documents = [(link.document, f"{name}: {link.path}") for link in links]
        return self._plan([], documents=documents, sources=(key,))

    def erase(self, plan: ErasurePlan) -> str:
        """Carry the plan out; one line about it. Raises UsageError while any agent answers."""
        with self._all_idle():
            fetched = self._fetched(plan.documents)
            erased = self._forgetting.erase(_targets(plan))
            self._app.search.erase(plan.documents)
            for file in fetched:
                file.unlink(missing_ok=True)
            let_go(self._app.archive.holdings, self._app.paths.data)
            mark(self._app.database.file)
            for agent in self._app.open_agents.all():
                memory = agent.workspace.memory
                self._app.recorder.restore(memory, memory.here(), agent.workspace.settings.working_tokens)
                if agent.id != self._agent:
                    self._app.broadcaster.tell(agent.id, Changed(what="branch"))
            self._publisher.publish_change(Changed(what="branch"))
            self._publisher.publish_change(Changed(what="library"))
            self._app.clear_caches()
        counts = (
            (erased.messages, "message", "messages"), (erased.documents, "document", "documents"),
            (erased.passages, "passage", "passages"), (erased.summaries, "summary", "summaries"),
            (erased.versions, "version of the working context", "versions of the working context"),
            (erased.events, "event", "events"),
        )  # fmt: skip
        parts = [f"{count:,} {one if count == 1 else many}" for count, one, many in counts if count]
        said = ", ".join(parts) or "nothing"
        return f"forgotten: {said}; old steps that show {TOMBSTONE}: {erased.steps:,}; the file is written anew when this workbench ends"

    # -- inside -------------------------------------------------------------------------------------------------------------

    @property
    def _agent(self) -> int:
        return self._current.get().id

    def _fetched(self, documents: tuple[int, ...]) -> list[Path]:
        """What is kept of pages that were fetched from the web, and of rows of databases."""
        places = self._app.archive.holdings.places(documents)
        stems = {hashlib.sha256(path.encode()).hexdigest()[:32] for path, _ in places if "://" in path}
        data = self._app.paths.data
        of_rows = [Path(location) for _, location in places if location.startswith(f"{data / 'database'}/")]
        return [*of_rows, *(file for file in (data / "web").glob("*") if file.stem in stems)]

    def _said(self) -> list[tuple[int, str, str]]:
        """Number, who, and text of all that was said, on every branch."""
        rows_with_texts = [
            (row.id, "user" if row.kind == "user_message" else "model", texts_of(json.loads(row.body)))
            for row in reversed(self._app.recorder.stored.said(self._agent))
        ]
        return [(key, who, text) for key, who, texts in rows_with_texts if (text := " · ".join(filter(None, texts)))]

    def _kept_elsewhere(self, text: str) -> bool:
        low = text.casefold()
        kept = self._app.recorder.stored.kept_in_mind(self._agent)
        return any(low in said.casefold() for body in kept for said in texts_of(json.loads(body)))

    def _plan(
        self, messages: list[tuple[int, str, str]], *, documents: list[tuple[int, str]] | None = None,
        sources: tuple[int, ...] = (), words: tuple[str, ...] = (),
    ) -> ErasurePlan:  # fmt: skip
        chosen = documents or []
        targets = Targets(tuple(row[0] for row in messages), tuple({key: None for key, _ in chosen}), sources, words)
        notes = self._forgetting.notes_with(targets)
        shown = tuple(f"#{key} {who}: {' '.join(text.split())[:_SHOWN_CHARS]}" for key, who, text in messages)
        named = [*(name for _, name in chosen), *(f"a note of an agent's own ({key})" for key in notes)]
        return ErasurePlan(targets.messages, (*targets.documents, *notes), sources, words, shown, tuple(named))

    @contextmanager
    def _all_idle(self) -> Iterator[None]:
        with ExitStack() as stack:
            for agent in self._app.open_agents.all():
                if not agent.asking.acquire(blocking=False):
                    raise UsageError("A question is being answered.", "Wait for it, or stop it with esc.")
                stack.callback(agent.asking.release)
            yield


def _targets(plan: ErasurePlan) -> Targets:
    return Targets(plan.messages, plan.documents, plan.sources, plan.words)
