"""Writes documents of a shared archive, their passages and what is searched of them; inside the caller's transaction."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.storage.bulk_insert import Counted
from workbench.storage.database import Clock
from workbench.storage.postgres.keys import keys_of, length_of, title_rows
from workbench.storage.postgres.server import PostgresServer, plain
from workbench.storage.rows import Arrival, Draft
from workbench.storage.tables import Column, LoadedTable, StoredTable
from workbench.text.analyzer import TERMS_VERSION

if TYPE_CHECKING:
    import pyarrow as pa

SAME = "SELECT document_id FROM documents WHERE content_hash = %s AND loader = %s AND loader_version = %s"


def insert_document(connection: Any, given: Arrival, counted: Sequence[Counted], clock: Clock) -> int | None:
    """Add the row of a document; None when these bytes, read by this loader, are stored already."""
    document = given.document
    lengths = [
        sum(length_of(getattr(item, column)) for item in counted)
        for column in ("terms", "title_terms", "heading_terms")
    ]
    row = connection.execute(
        """INSERT INTO documents (content_hash, loader, loader_version, title, metadata, page_count, passage_count, text_chars,
           size_bytes, embedder, sketch, created_at, text_terms, title_terms, heading_terms)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING document_id""",
        [given.content_hash, plain(document.loader), document.loader_version, plain(document.title),
         plain(json.dumps(dict(document.metadata), ensure_ascii=False, default=str)), len(document.pages), len(given.passages),
         sum(len(page.text) for page in document.pages), given.size_bytes, given.embedder, given.sketch, clock(), *lengths],
    ).fetchone()  # fmt: skip
    return int(row[0]) if row else None


def insert_pages(connection: Any, document: int, pages: Sequence[Any]) -> None:
    """Add the pages of a document."""
    with connection.cursor().copy("COPY pages (document_id, number, label, text) FROM STDIN") as copy:
        for page in pages:
            label = None if page.label is None else plain(page.label)
            copy.write_row((document, page.number, label, plain(page.text)))


def insert_passages(connection: Any, document: int, drafts: Sequence[Draft], counted: Sequence[Counted]) -> list[int]:
    """Add the passages of a document with what is searched of them; returns their ids, rising."""
    if not drafts:
        return []
    ids = sorted(
        int(row[0])
        for row in connection.execute(
            "SELECT nextval('passage_ids') FROM generate_series(1, %s)", [len(drafts)]
        ).fetchall()
    )
    columns = "passage_id, document_id, page_number, start_char, end_char, heading, text, tokens, context, called, terms_version"
    with connection.cursor().copy(f"COPY passages ({columns}) FROM STDIN") as copy:
        for key, draft, item in zip(ids, drafts, counted, strict=True):
            copy.write_row(
                (key, document, draft.page_number, draft.start_char, draft.end_char, plain(draft.heading), plain(draft.text),
                 item.tokens, plain(draft.context), plain(item.called), TERMS_VERSION)
            )  # fmt: skip
    insert_keys(connection, document, ids, [draft.page_number for draft in drafts], counted)
    return ids


def insert_keys(
    connection: Any, document: int, ids: Sequence[int], pages: Sequence[int], counted: Sequence[Counted]
) -> None:
    """Add what keyword search asks of passages."""
    columns = "passage_id, document_id, page_number, text_terms, title_terms, heading_terms, keys"
    with connection.cursor().copy(f"COPY passage_keys ({columns}) FROM STDIN") as copy:
        for key, page, item in zip(ids, pages, counted, strict=True):
            lengths = (length_of(item.terms), length_of(item.title_terms), length_of(item.heading_terms))
            copy.write_row((key, document, page, *lengths, keys_of(item)))
    titles: dict[int, int] = {}
    for called in {item.called for item in counted}:
        titles.update(title_rows(called))
    if titles:
        # In one order everywhere, or two loads that add the same ones would wait for each other.
        hashes = sorted(titles)
        connection.execute(
            "INSERT INTO title_keys SELECT * FROM unnest(%s::bigint[], %s::bigint[]) ON CONFLICT DO NOTHING",
            [hashes, [titles[key] for key in hashes]],
        )


def renew_terms(server: PostgresServer, most: int = 2_000) -> int:
    """Make anew what keyword search asks where other rules made it, `most` passages at a time; returns how many."""
    renewed = 0
    while stale := server.rows(
        "SELECT p.passage_id, p.document_id, p.page_number, p.text, d.title, p.heading FROM passages p "
        "JOIN documents d USING (document_id) WHERE p.terms_version < %s ORDER BY p.passage_id LIMIT %s",
        [TERMS_VERSION, most],
    ):
        server.write(functools.partial(_renew, stale))
        renewed += len(stale)
    return renewed


def _renew(stale: Sequence[tuple[Any, ...]], connection: Any) -> None:
    ids = [row[0] for row in stale]
    connection.execute("SELECT 1 FROM passages WHERE passage_id = ANY(%s) ORDER BY passage_id FOR UPDATE", [ids])
    connection.execute("DELETE FROM passage_keys WHERE passage_id = ANY(%s)", [ids])
    for passage, document, page, text, title, heading in stale:
        counted = Counted.of(text, title, heading)
        insert_keys(connection, document, [passage], [page], [counted])
        connection.execute(
            "UPDATE passages SET called = %s, tokens = %s, terms_version = %s WHERE passage_id = %s",
            [counted.called, counted.tokens, TERMS_VERSION, passage],
        )
    connection.execute(
        """UPDATE documents d SET text_terms = k.t, title_terms = k.i, heading_terms = k.h FROM (
             SELECT document_id, sum(text_terms) t, sum(title_terms) i, sum(heading_terms) h FROM passage_keys
             WHERE document_id = ANY(%s) GROUP BY document_id) k WHERE k.document_id = d.document_id""",
        [sorted({row[1] for row in stale})],
    )


# Tables of documents.


def insert_tables(connection: Any, document: int, tables: Sequence[LoadedTable]) -> None:
    """Keep the tables of a document. Raises what Arrow raises for a stream that is not valid."""
    for number, table in enumerate(tables, 1):
        columns, rows = _described(table)
        connection.execute(
            "INSERT INTO document_tables VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [document, number, table.page, plain(table.name), plain(json.dumps(columns, ensure_ascii=False)), rows, table.data],
        )  # fmt: skip


def _described(table: LoadedTable) -> tuple[list[list[str]], int]:
    """[name, type, label] of each column, typed as a query of the user's has them, and how many rows there are."""
    import duckdb

    from workbench.storage.tables import arrow_table

    incoming = arrow_table(table.data)
    with duckdb.connect() as memory:
        memory.register("incoming", incoming)
        kinds = memory.execute("DESCRIBE SELECT * FROM incoming").fetchall()
    return [[name, kind, label] for (name, kind, *_), label in zip(kinds, [*table.labels, ""])], incoming.num_rows


def stored_tables(server: PostgresServer, documents: Mapping[int, Any]) -> list[StoredTable]:
    """The tables of these documents, in order."""
    rows = server.rows(
        "SELECT document_id, number, page_number, name, columns, row_count FROM document_tables "
        "WHERE document_id = ANY(%s) ORDER BY document_id, number",
        [list(documents)],
    )
    return [
        StoredTable(int(key), int(number), int(page), str(name), tuple(Column(*item) for item in json.loads(columns)), int(count))
        for key, number, page, name, columns, count in rows
    ]  # fmt: skip


def rows_of(server: PostgresServer, table: StoredTable) -> pa.RecordBatchReader:
    """All rows of a table, a batch at a time."""
    import pyarrow as pa

    row = server.row(
        "SELECT data FROM document_tables WHERE document_id = %s AND number = %s", [table.document, table.number]
    )
    if row is None:
        return pa.RecordBatchReader.from_batches(pa.schema([]), [])
    return pa.ipc.open_stream(pa.py_buffer(bytes(row[0])))
