"""Dates of documents, as they state them or else the day of loading, and remarks on what was left out of them."""

from __future__ import annotations

import email.utils
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from workbench.storage.database import Database

_KEYS = ("date", "published", "creationdate", "created", "moddate", "modified")
"""Where a document says its date, the best first: a mail's or a page's own, then the file format's."""

_DAY = re.compile(r"(?:D:)?(\d{4})(?:[-/.]?(\d{2})(?:[-/.]?(\d{2}))?)?(?!\d)|(?:D:)(\d{4})(\d{2})(\d{2})\d*")


def document_days(database: Database, documents: Iterable[int]) -> dict[int, date]:
    """The day of each document: the one it states itself, else the one it was loaded on."""
    rows = database.archive_rows(
        "SELECT document_id, metadata, created_at FROM documents WHERE list_contains(?, document_id)", [list(documents)]
    )
    return {int(key): stated_day(json.loads(metadata)) or _loaded(created) for key, metadata, created in rows}


def stated_of(database: Database, documents: Iterable[int]) -> dict[int, tuple[str, dict[str, Any]]]:
    """What each document states of itself: its title, and its metadata as its loader read them."""
    rows = database.archive_rows(
        "SELECT document_id, title, metadata FROM documents WHERE list_contains(?, document_id)", [list(documents)]
    )
    return {int(key): (str(title), json.loads(metadata)) for key, title, metadata in rows}


def stated_day(metadata: Mapping[str, Any]) -> date | None:
    """The day that a document's own metadata states; None when they state none that can be read."""
    plain = {str(key).lower().replace("_", "").replace("-", ""): str(value) for key, value in metadata.items()}
    return next((day for key in _KEYS if key in plain and (day := read_day(plain[key]))), None)


def read_day(text: str) -> date | None:
    """A day as ISO 8601, PDF (D:20210304…) or mail (Thu, 04 Mar 2021 …) write it; a year or month is its first day."""
    match = _DAY.match(text.strip())
    try:
        if match:
            parts = match.groups()[3:] if match[4] else match.groups()[:3]
            return date(int(parts[0]), int(parts[1] or 1), int(parts[2] or 1))
        return email.utils.parsedate_to_datetime(text).date()
    except (ValueError, TypeError, IndexError):
        return None


def _loaded(created: datetime) -> date:
    return created.date()


# Remarks: what a loader left out of a document, as one line for people.


def document_remarks(database: Database, source: int) -> dict[int, str]:
    """The remark on each document of a source that has one: what of it was not read, or is reached by SQL alone."""
    rows = database.archive_rows(
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
