"""Loads, reloads, renames and removes sources, and keeps their queue and the user's notes on them."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api.documents import LoadOptions, NoteRow, QueueRow
from workbench.api.events import Changed, Detached, Event, Loaded, LoadProgress, Notice
from workbench.core.embedding_spec import read_spec
from workbench.core.errors import NotFound, UsageError
from workbench.core.hyperlinks import file_address
from workbench.core.sanitize import as_name, is_name, readable
from workbench.core.settings import Settings
from workbench.services import agent_factory, catalog
from workbench.services.container import AppContext
from workbench.services.embedders import admit
from workbench.services.open_agents import CurrentAgent
from workbench.services.publisher import EventPublisher
from workbench.storage.archive import ArchivalStorage
from workbench.storage.embedding_models import BUILT_IN
from workbench.storage.load_queue import QueuedFile
from workbench.storage.sources import Root

if TYPE_CHECKING:
    from loaders.origins import Origin
    from workbench.embedding.client import Embedder

_TRIED = ("waiting", "failed", "quarantined")


class DocumentService:
    """See DocumentServiceProtocol. One load of a session runs at a time; those of other sessions may run beside it."""

    def __init__(self, app: AppContext, settings: Settings, current: CurrentAgent, publisher: EventPublisher) -> None:
        self._app = app
        self._settings = settings
        self._current = current
        self._publisher = publisher
        self._loading = threading.Lock()
        self.cancel = threading.Event()
        self.unwatch = threading.Event()

    @property
    def _archive(self) -> ArchivalStorage:
        return self._app.archive

    # -- what an agent is attached to ---------------------------------------------------------------------------------

    def attach(self, source: str) -> Event:
        """Attach a source to the current agent: Attached; attaching twice changes nothing. Raises NotFound."""
        agent = self._current.get()
        source_id = self._archive.find_source(source)
        event = catalog.attached(self._app, source)
        if not self._app.agents.attach(agent.id, source_id):
            return replace(event, agent=agent.name)
        self._app.search.prepare([key for key, _ in self._app.agents.attached(agent.id)])
        return self._publisher.publish(event)

    def detach(self, source: str) -> Event:
        """Detach a source from the current agent: Detached. Raises NotFound when it is not attached."""
        agent = self._current.get()
        if not self._app.agents.detach(agent.id, self._archive.find_source(source)):
            names = ", ".join(name for _, name in self._app.agents.attached(agent.id)) or "nothing"
            raise NotFound(f"{source!r} is not attached.", f"Attached: {names}.")
        self._app.search.release(self._app.agents.all_attached())
        return self._publisher.publish(Detached(source=source))

    def files(self, passages: Collection[int]) -> dict[int, str]:
        """See DocumentServiceProtocol."""
        document_of = {key: passage.document for key, passage in self._archive.passages(list(passages)).items()}
        places = catalog.files(self._archive, set(document_of.values()))
        return {key: file_address(places[document]) for key, document in document_of.items() if document in places}

    def attached_names(self) -> set[str]:
        """The names of what the current agent is attached to; none where no agent is open."""
        agent = self._current.opened
        return {name for _, name in self._app.agents.attached(agent.id)} if agent is not None else set()

    def require(self, source: str) -> None:
        """Raises NotFound, naming the sources there are, for one that is not there."""
        self._archive.find_source(source)

    def is_made_for_path(self, source: str) -> bool:
        """Whether a source was made for a path that was loaded, not named by the user."""
        return self._archive.root_of(source) is not None

    # -- loads ----------------------------------------------------------------------------------------------------------

    def load(
        self, named: Sequence[str | Path], source: str | None, attach: bool, options: LoadOptions
    ) -> Iterator[Event]:
        """Load what is named into a source (of its own for each, without `source`): Attached, LoadProgress…, Loaded, Attached."""
        from workbench.ingest.origins import origins_of

        if source:
            source = source if self._is_known(source) else _checked(source)
        origins = origins_of(named, options, self._app.paths.data)
        known = {row.name for row in self._archive.sources(notes=True)}
        groups = [(source, origins)] if source else [(self._source_of(one, options), [one]) for one in origins]
        return self._begin(groups, attach, options, new={name for name, _ in groups} - known)

    def reload(
        self, source: str, *, prune: bool = False, passwords: Sequence[str] = (), ocr: bool = False
    ) -> Iterator[Event]:
        """See DocumentServiceProtocol."""
        from workbench.ingest.origins import origins_of

        roots = self._archive.holdings.roots(self._archive.find_source(source))
        if not roots:
            raise UsageError(f"Nobody knows where {source!r} was loaded from.", "Load it by its path.")
        changes: dict[str, Any] = {"prune": prune, "passwords": tuple(passwords), **({"ocr": "always"} if ocr else {})}
        options, origins = LoadOptions(**changes), []
        for root in roots:
            options = LoadOptions.load(root.rules, **changes)
            origins += origins_of([root.location], options, self._app.paths.data)
        return self._begin([(source, origins)], False, options)

    def offer(self, named: Sequence[str | Path], source: str | None, options: LoadOptions) -> tuple[str, int]:
        """Put files that are new or changed into the queue of a shared archive, for workers; (source, how many).

        Raises UsageError where the archive is the home's own: nobody else could load them.
        """
        from workbench.ingest.origins import origins_of
        from workbench.ingest.scanner import Survey
        from workbench.ingest.store_stage import content_hash

        if (shared := self._app.shared) is None:
            raise UsageError(
                "Only a shared archive has a queue for workers.", "Load without --queue, or set `archive` to a URL."
            )
        self._app.embedders.resolve(self._settings.embedding_model, self._settings)  # refused before anything is noted
        origins = origins_of(named, options, self._app.paths.data)
        name = _checked(source) if source else self._source_of(origins[0], options)
        self._remember(name, origins, options)
        key = shared.source_id(name)
        hashes = {link.path: link.content_hash for link in shared.holdings.links(key)}
        files = []
        for entry in Survey(origins, self.cancel).entries():
            found = entry.found
            if found.status == "load" and hashes.get(found.relative) != content_hash(found.path):
                files.append((found.relative, entry.location, found.size_bytes))
        return name, shared.jobs.offer(key, files)

    def reembed(self, source: str, embedding_model: str = "") -> Iterator[Event]:
        """See DocumentServiceProtocol."""
        self._archive.find_source(source)
        settings = replace(self._settings, embedding_model=embedding_model or self._settings.embedding_model)
        if not self._loading.acquire(blocking=False):
            raise UsageError("A load is running.", "Wait for it, or stop it with esc.")
        self.cancel.clear()
        return self._reembed(source, settings)

    def _reembed(self, source: str, settings: Settings) -> Iterator[Event]:
        from workbench.services.reembedding import reembed

        try:
            for event in reembed(self._app, source, settings, self.cancel):
                yield self._publisher.publish(event)
            self._changed()
        finally:
            self._loading.release()

    def resume(self) -> Iterator[Event]:
        """See DocumentServiceProtocol."""
        if (shared := self._app.shared) is not None and not shared.may_load():
            return  # a reader leaves it to those who may
        waiting = self._archive.waiting.by_source()
        names = [name for key, name in self._archive.source_names(waiting).items() if key in waiting]
        for event in self._begin([(name, []) for name in names[:1]], False, LoadOptions(), published=False):
            if isinstance(event, LoadProgress):
                yield event

    def retry(
        self,
        source: str | None = None,
        paths: Sequence[str] = (),
        *,
        passwords: Sequence[str] = (),
        attach: bool = False,
    ) -> Iterator[Event]:
        """See DocumentServiceProtocol."""
        chosen: dict[str, list[QueuedFile]] = {}
        for item in self._queued(source, paths):
            if paths or item.state in _TRIED:
                chosen.setdefault(item.source_name, []).append(item)
        groups = [(name, self._again(items, passwords)) for name, items in chosen.items()]
        return self._begin(groups, attach, LoadOptions(retry=True, passwords=tuple(passwords)))

    def _again(self, items: Sequence[QueuedFile], passwords: Sequence[str]) -> list[Origin]:
        """Files of one source by where they are; what has an address is fetched again, by the rules of its first time."""
        from workbench.ingest.origins import QueuedFiles, is_address, origins_of

        rules = {root.location: root.rules for root in self._archive.holdings.roots(items[0].source)}
        files = [(item.path, item.location) for item in items if not is_address(item.location)]
        origins: list[Origin] = [QueuedFiles(files)]
        for item in items:
            if is_address(item.location):
                options = LoadOptions.load(rules.get(item.location, "{}"), passwords=tuple(passwords))
                origins += origins_of([item.location], options, self._app.paths.data)
        return origins

    def stop(self) -> None:
        """Stop the load that runs, and watching; what is done stays."""
        self.unwatch.set()
        self.cancel.set()

    def _begin(
        self,
        groups: Sequence[tuple[str, list[Origin]]],
        attach: bool,
        options: LoadOptions,
        *,
        published: bool = True,
        new: Collection[str] = (),
    ) -> Iterator[Event]:
        """Begin a load; `new` are the sources that it makes, which go again if it fails before anything is in them."""
        if not self._loading.acquire(blocking=False):
            raise UsageError("Another load is running.", "Wait for it, or stop it with esc.")
        self.cancel.clear()
        return self._load(groups, attach, options, published, new)

    def _load(
        self,
        groups: Sequence[tuple[str, list[Origin]]],
        attach: bool,
        options: LoadOptions,
        published: bool,
        new: Collection[str],
    ) -> Iterator[Event]:
        try:
            for name, origins in groups:
                self._admit(name)
                if attach and self._archive.source_id(name):
                    # The first question can be asked while the rest still loads.
                    yield self.attach(name)
                self._remember(name, origins, options)
                with closing(self._one(name, origins, options)) as events:
                    for event in events:
                        if attach and (agent := self._current.opened) is not None:
                            agent_factory.announce_load(agent, event)
                        yield self._publisher.publish(event) if published else event
                if attach:
                    yield self._publisher.publish(catalog.attached(self._app, name))
        except Exception:
            # An embedding model that is not there fails before the first document.
            self._forget_empty(new)
            raise
        finally:
            self._loading.release()

    def _forget_empty(self, names: Collection[str]) -> None:
        """Forget the sources of these names that have neither a document nor a file that waits."""
        held = {row.name for row in self._archive.sources()}
        for name in held.intersection(names):
            source = self._archive.find_source(name)
            if not self._archive.holdings.links(source) and not self._archive.queue.files(source):
                self._archive.holdings.remove(source)
                self._changed()

    def _one(self, name: str, origins: list[Origin], options: LoadOptions) -> Generator[Event, None, None]:
        from workbench.ingest.pipeline import LoadRules, load

        embedder = self._embedder_of(name)
        if notice := self._other_model(name, embedder):
            yield notice
        reader = self._app.file_reader(options)
        try:
            yield from load(
                origins, source=name, archive=self._archive, embedder=embedder, reader=reader,
                clock=time.monotonic, cancel=self.cancel, in_use=self._app.open_agents,
                rules=LoadRules(options.prune, options.retry, options.passwords),
            )  # fmt: skip
        finally:
            with suppress(Exception):
                reader.stop()

    def _admit(self, name: str) -> None:
        """Raises ArchiveError before a new source is made where the archive refuses the model that it would get."""
        if name not in {row.name for row in self._archive.sources(notes=True)}:
            admit(self._archive.models, self._settings.embedding_model)

    def _embedder_of(self, name: str) -> Embedder:
        """The embedder of a source: the model that it has, or for a new one that of the settings. Raises EmbedderError."""
        source = self._archive.source_id(name)
        known = self._archive.models.of_source(source)
        is_new = known == BUILT_IN and not self._archive.models.in_source(source)
        if (
            is_new
            and (known := self._app.embedders.resolve(self._settings.embedding_model, self._settings)) != BUILT_IN
        ):
            self._archive.models.choose(source, known)
        return self._app.embedder if known == BUILT_IN else self._app.embedders.of(known, self._settings)

    def _other_model(self, name: str, embedder: Embedder) -> Notice | None:
        """Said where a source keeps another model than the settings name."""
        wanted = read_spec(self._settings.embedding_model)
        registered = self._archive.models.all().get(embedder.model_id)
        has = registered.address if registered else "minilm"
        if self._app.embedders.is_named(wanted, has, self._settings):
            return None
        return Notice(
            about="embedding",
            message=f"{name} keeps its embedding model {has}; embedding_model, now {wanted}, is for new sources.",
            hint=f"To change it: workbench reembed {name}.",
        )

    def _remember(self, name: str, origins: Sequence[Origin], options: LoadOptions) -> None:
        """Where a source is loaded from, for the next time; of a database its query, and its address without a password."""
        from loaders.origins import PathOrigin
        from workbench.ingest.file_uri import place
        from workbench.ingest.origins import is_address

        source = self._archive.source_id(name)
        for origin in origins:
            if isinstance(origin, PathOrigin):
                self._archive.holdings.add_root(source, Root(place(origin.root.absolute()), options.dump()))
            elif is_address(origin.key):
                self._archive.holdings.add_root(source, Root(origin.key, options.dump()))

    def _is_known(self, source: str) -> bool:
        return any(row.name == source for row in self._archive.sources())

    def _source_of(self, origin: Origin, options: LoadOptions) -> str:
        from workbench.ingest.file_uri import place

        key = place(origin.key)
        given = place(Path(origin.name).absolute())
        if self._archive.source_made_for(key) is None and (
            held := self._archive.holdings.loaded_from({key, given}, options.dump())
        ):
            return held
        return self._archive.source_for_path(key, as_name(readable(origin.short)) or "files")

    # -- the queue ------------------------------------------------------------------------------------------------------

    def queue(self, source: str | None = None) -> list[QueueRow]:
        """See DocumentServiceProtocol."""
        return [
            QueueRow(item.source_name, item.path, item.state, item.reason, item.remedy, item.size_bytes, item.attempts)
            for item in self._queued(source, ())
        ]

    def _queued(self, source: str | None, paths: Sequence[str]) -> list[QueuedFile]:
        files = self._archive.queue.files(self._archive.find_source(source) if source else None)
        missing = set(paths) - {item.path for item in files}
        if missing:
            hint = "See `workbench queue`." if files else "The queue is empty."
            raise NotFound(f"{sorted(missing)[0]!r} is not in the queue.", hint)
        return [item for item in files if not paths or item.path in paths]

    def skip(self, source: str, path: str) -> None:
        """See DocumentServiceProtocol."""
        for item in self._queued(source, [path]):
            self._archive.queue.change(item.source, item.path, "skipped")
        self._changed()

    # -- sources --------------------------------------------------------------------------------------------------------

    def remove(self, source: str, path: str = "") -> int:
        """See DocumentServiceProtocol."""
        from workbench.ingest.web_cache import let_go

        source_id = self._archive.find_source(source)
        links = [link.path for link in self._archive.holdings.links(source_id)]
        if not path:
            self._archive.holdings.remove(source_id)
        elif path in links or path in {item.path for item in self._archive.queue.files(source_id)}:
            links = [link for link in links if link == path]
            self._archive.holdings.unlink(source_id, [path])
            self._archive.holdings.drop_root(source_id, path)
        else:
            raise NotFound(f"There is no document {path!r} in {source!r}.", "See `workbench sources --json`.")
        self._archive.collect(self._app.open_agents.handled_passages())
        let_go(self._archive.holdings, self._app.paths.data)
        self._changed()
        return len(links)

    def rename(self, source: str, name: str) -> None:
        """See DocumentServiceProtocol."""
        self._archive.holdings.rename(self._archive.find_source(source), _checked(name))
        self._changed()

    def note(self, source: str, path: str, text: str) -> None:
        """See DocumentServiceProtocol."""
        source_id = self._archive.find_source(source)
        paths = [link.path for link in self._archive.holdings.links(source_id)]
        known = not path or path in paths or (path.endswith("/") and any(item.startswith(path) for item in paths))
        if not known:
            raise NotFound(f"There is no document or folder {path!r} in {source!r}.", "A folder's name ends in /.")
        self._archive.notes.set(source_id, path, text)
        self._changed()

    def announce_change(self) -> None:
        """Tell all displays that sources have changed."""
        self._changed()

    def _changed(self) -> None:
        self._publisher.publish(Changed(what="library"))

    def notes(self) -> list[NoteRow]:
        """See DocumentServiceProtocol."""
        return [NoteRow(note.source, note.path, note.text) for note in self._archive.notes.all()]

    def alike(self, source: str | None = None) -> list[tuple[str, ...]]:
        """See DocumentServiceProtocol."""
        chosen = [self._archive.find_source(source)] if source else [row.id for row in self._archive.sources()]
        groups = self._archive.likeness.paths(chosen)
        return [tuple(path if source else f"{name}/{path}" for name, path in group) for group in groups]


def _checked(name: str) -> str:
    """A name for a source. Raises UsageError for one that cannot stand on a line."""
    if not is_name(name):
        raise UsageError("A source needs a name of printable characters on one line.", "Name it with --source NAME.")
    return name.strip()


def nothing_new(loaded: Loaded) -> bool:
    """Whether a load changed nothing that a person would want to hear of."""
    newly_failed = len(loaded.failed) > loaded.failed_before
    return not (loaded.documents or newly_failed or loaded.moved or loaded.gone or loaded.dropped)
