"""A stored document with everything that belongs to it, to be stored in another archive or compared with a copy there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.storage.bulk_insert import Counted
from workbench.storage.rows import Arrival
from workbench.storage.tables import StoredTable

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


@dataclass(frozen=True)
class WholePage:
    """See rows.PageText."""

    number: int
    label: str | None
    text: str


@dataclass(frozen=True)
class WholePassage:
    """See rows.Draft; what is stored beside it is counted anew by the archive that takes it."""

    page_number: int
    start_char: int
    end_char: int
    heading: str
    text: str
    context: str


@dataclass(frozen=True)
class WholeTable:
    """See tables.LoadedTable."""

    name: str
    page: int
    labels: tuple[str, ...]
    row_count: int
    data: bytes

    @classmethod
    def of(cls, table: StoredTable, rows: pa.RecordBatchReader) -> WholeTable:
        """A stored table with its rows."""
        import pyarrow as pa

        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as stream:
            for batch in rows:
                stream.write_batch(batch)
        labels = tuple(column.label for column in table.columns[:-1])
        return cls(table.name, table.page, labels, table.rows, sink.getvalue().to_pybytes())


@dataclass(frozen=True)
class WholeDocument:
    """`vectors` (n, 384) float32 are those of its passages, in order; `embedded` says which of them have one."""

    content_hash: str
    loader: str
    loader_version: int
    title: str
    metadata: Mapping[str, Any]
    pages: tuple[WholePage, ...]
    tables: tuple[WholeTable, ...]
    passages: tuple[WholePassage, ...]
    vectors: np.ndarray
    embedded: np.ndarray
    embedder: str
    size_bytes: int
    sketch: bytes

    def arrival(self, source: int, path: str, location: str) -> Arrival:
        """The document on its way into a source."""
        counted = [Counted.of(item.text, self.title, item.heading) for item in self.passages]
        return Arrival(
            source,
            path,
            self.content_hash,
            self,
            self.passages,
            self.embedder,
            self.size_bytes,
            location,
            self.sketch,
            counted,
        )

    def fingerprint(self) -> str:
        """A hash of all of it: two archives hold the same document when they give the same."""
        digest = hashlib.sha256()

        def add(*values: Any) -> None:
            # As PostgreSQL keeps texts: without the zero character.
            digest.update(json.dumps(values, default=str, ensure_ascii=True).replace("\\u0000", "\\ufffd").encode())

        add(
            self.content_hash,
            self.loader,
            self.loader_version,
            self.title,
            dict(self.metadata),
            self.embedder,
            self.size_bytes,
        )
        for page in self.pages:
            add(page.number, page.label, page.text)
        for item in self.passages:
            add(item.page_number, item.start_char, item.end_char, item.heading, item.text, item.context)
        for table in self.tables:
            add(table.name, table.page, table.labels, table.row_count)
        digest.update(self.embedded.tobytes() + self.vectors.tobytes())
        return digest.hexdigest()


def whole_document(
    row: Sequence[Any], pages: Sequence[Any], passages: Sequence[Any], tables: Sequence[WholeTable], vectors: np.ndarray,
    embedded: np.ndarray,
) -> WholeDocument:  # fmt: skip
    """From rows: (content_hash, loader, loader_version, title, metadata, embedder, size_bytes, sketch), (number, label, text) and
    (page_number, start_char, end_char, heading, text, context)."""
    content_hash, loader, version, title, metadata, embedder, size, sketch = row
    return WholeDocument(
        str(content_hash), str(loader), int(version), str(title), json.loads(metadata), tuple(WholePage(*page) for page in pages),
        tuple(tables), tuple(WholePassage(*item) for item in passages), vectors, embedded, str(embedder), int(size), bytes(sketch),
    )  # fmt: skip


DOCUMENT_COLUMNS = "content_hash, loader, loader_version, title, metadata, embedder, size_bytes, sketch"
PASSAGE_COLUMNS = "page_number, start_char, end_char, heading, text, context"
