"""What is to be known of a loaded document: what its loader noted comes in, one line for people goes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from workbench.memory.database import Database


def document_remarks(database: Database, source: int) -> dict[int, str]:
    """The remark on each document of a source that has one: what of it was not read, or is reached by SQL alone."""
    rows = database.rows(
        "SELECT DISTINCT document_id, metadata FROM documents JOIN source_documents USING (document_id) "
        "WHERE source_id = ? AND metadata <> '{}'",
        [source],
    )
    return {int(key): said for key, metadata in rows if (said := remark(json.loads(metadata)))}


def remark(noted: Mapping[str, Any]) -> str:
    """One line of what a loader noted, "" when all of the document is text that is searched."""
    said = []
    if rows := noted.get("rows_by_sql_only"):
        said.append(f"{int(rows):,} more rows are not in the text: ask for them by SQL (workbench sql, table_query)")
    if rows := noted.get("rows_left_out"):
        said.append(f"{int(rows):,} more rows were left out: too many for a table")
    if noted.get("tables_left_out"):
        said.append(f"too large for SQL: {noted['tables_left_out']} of its tables")
    if pages := noted.get("pages_not_read"):
        said.append(f"pages {pages} are pictures and were not read: {noted.get('why', '')}".rstrip(": "))
    said += [str(noted[key]) for key in ("left_out", "note") if noted.get(key)]
    return " ".join("; ".join(said).split())
