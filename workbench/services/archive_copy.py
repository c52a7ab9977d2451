"""Copies a source from one archive to another, whichever they are, and proves the copy by counts and hashes.

A document is in the other archive whole or not at all, and what is there already is not copied again: a copy that was cut off goes
on where it ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from workbench.core.errors import UsageError, WorkError
from workbench.storage.archive import ArchivalStorage
from workbench.storage.sources import Link


@dataclass
class Copied:
    """How far a copy is: documents copied, documents that were there before, and documents compared afterwards."""

    source: str
    documents: int
    copied: int = 0
    present: int = 0
    verified: int = 0
    passages: int = 0
    differing: list[str] = field(default_factory=list)


def copy_source(origin: ArchivalStorage, target: ArchivalStorage, name: str) -> Iterator[Copied]:
    """Copy and verify; the same Copied after every document. Raises NotFound, UsageError for other embedding models,

    ArchiveError, and WorkError when a copy differs."""
    source = origin.find_source(name)
    links = origin.holdings.links(source)
    others = [
        model for model, count in origin.models.among([link.document for link in links]).items() if model and count
    ]
    if others:
        raise UsageError(
            f"{name!r} is embedded with {others[0]}; only sources with the built-in model are copied.",
            f"Embed it anew first: workbench reembed {name} --embedding-model minilm.",
        )
    told = Copied(name, len(links))
    there = target.source_id(name)
    known = {link.path: link for link in target.holdings.links(there)}
    for link in links:
        if _same(link, known.get(link.path)):
            told.present += 1
        else:
            told.copied += _copy(origin, target, there, link)
        yield told
    for root in origin.holdings.roots(source):
        target.holdings.add_root(there, root)
    notes = {note.path: note.text for note in target.notes.all() if note.source == name}
    for note in origin.notes.all():
        if note.source == name and notes.get(note.path) != note.text:
            target.notes.set(there, note.path, note.text)
    yield from _verify(origin, target, links, there, told)


def _same(link: Link, other: Link | None) -> bool:
    def key(one: Link) -> tuple[str, str, int]:
        return one.content_hash, one.loader, one.loader_version

    return other is not None and key(link) == key(other)


def _copy(origin: ArchivalStorage, target: ArchivalStorage, source: int, link: Link) -> int:
    """Store or link one document; how many came in."""
    stored = target.find_document(link.content_hash, link.loader, link.loader_version)
    if stored is not None:
        return int(target.link_document(source, link.path, stored, link.location))
    whole = origin.whole(link.document)
    if whole is None:  # it was removed meanwhile
        return 0
    complete = bool(whole.embedded.all())
    new = target.store(whole.arrival(source, link.path, link.location), whole.vectors if complete else None)
    if not complete and whole.embedded.any():
        ids = target.bulk.passages_of([new.document])[whole.embedded]
        target.waiting.store(ids.tolist(), whole.vectors[whole.embedded], whole.embedder)
    return 1


def _verify(
    origin: ArchivalStorage, target: ArchivalStorage, links: list[Link], there: int, told: Copied
) -> Iterator[Copied]:
    """Compare every document with its copy, and the counts of both sources."""
    arrived = {link.path: link for link in target.holdings.links(there)}
    for link in links:
        one, copy = origin.whole(link.document), arrived.get(link.path)
        other = target.whole(copy.document) if copy is not None else None
        if one is not None:
            if other is None or one.fingerprint() != other.fingerprint():
                told.differing.append(link.path)
            told.verified += 1
            told.passages += len(one.passages)
        yield told
    if told.differing:
        raise WorkError(
            f"{len(told.differing)} of {told.documents} documents differ in the copy, the first is {told.differing[0]!r}.",
            "Remove the source there and copy again.",
        )
