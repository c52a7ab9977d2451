"""Makes of a document what is stored of it: passages, what the index takes of each, and the sketch of its text.

The one way into the archive for every text: the reading process prepares files with it, and a note of an agent's own is
prepared and stored by `store_text`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loaders.document import Document, Page
from workbench.embedding.client import Embedder
from workbench.ingest.chunker import Chunker
from workbench.ingest.minhash import sketch
from workbench.ingest.passage import PassageDraft
from workbench.storage.archive import ArchivalStorage
from workbench.storage.bulk_insert import Counted
from workbench.storage.database import text_hash
from workbench.storage.rows import Arrival


@dataclass(frozen=True)
class Reading:
    """A document and the passages it was cut into, what is stored beside each, and the sketch of its text."""

    document: Document
    passages: tuple[PassageDraft, ...]
    counted: tuple[Counted, ...] = ()
    sketch: bytes = b""


def prepare(document: Document, chunker: Chunker, fallback_title: str) -> Reading:
    """Cut a document into passages; `fallback_title` stands above them where it has no title of its own."""
    drafts = tuple(chunker.passages(document, fallback_title))
    return Reading(
        document,
        drafts,
        tuple(Counted.of(draft.text, document.title, draft.heading) for draft in drafts),
        sketch("\n".join(page.text for page in document.pages)),
    )


@dataclass(frozen=True)
class OwnText:
    """A text that is no file: its title, the label of its only page, and where it comes from, kept as the document's metadata."""

    text: str
    title: str
    label: str | None
    origin: Mapping[str, Any]
    loader: str


def store_text(archive: ArchivalStorage, embedder: Embedder, source: int, path: str, given: OwnText) -> int:
    """Store a text and its vectors in one transaction: it is found by meaning from the next search on.

    Returns the number of passages, 0 when the very text by this loader is stored already. Raises EmbedderError.
    """
    digest = text_hash(given.text)
    if archive.find_document(digest, given.loader, 1) is not None:
        return 0
    page = Page(1, given.label, given.text)
    document = Document(
        title=given.title, pages=(page,), metadata=dict(given.origin), loader=given.loader, loader_version=1
    )
    reading = prepare(document, Chunker.for_local_model(), given.title)
    vectors = embedder.embed([passage.embedding_text for passage in reading.passages], kind="passage")
    archive.store(
        Arrival(
            source, path, digest, reading.document, reading.passages, embedder.model_id, len(given.text.encode()),
            counted=reading.counted,
        ),
        vectors,
    )  # fmt: skip
    return len(reading.passages)
