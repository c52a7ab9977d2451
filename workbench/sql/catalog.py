"""Names the tables of documents and the views of the public schema in queries, so that no name needs quotes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from workbench.sql.sandbox import NamedTable
from workbench.storage.archive import ArchivalStorage
from workbench.storage.tables import NO_DOCUMENT, VIEWS, StoredTable

if TYPE_CHECKING:
    import pyarrow as pa

_ALL_COLUMNS = re.compile(r"(?<!count\()\*", re.IGNORECASE)
_NAME_CHARS = 48
_SUFFIXES = re.compile(r"(\.\w{1,8}){1,2}$")


def named_tables(archive: ArchivalStorage, sources: Iterable[int]) -> dict[str, NamedTable]:
    """The tables of all documents of these sources, by name in lower case, in the order of their documents' paths.

    A table is called after its document, and after its sheet where the document has several; where two would be called
    the same, the number of the document (and of the table) tells them apart, so that no name changes its meaning.
    """
    paths = {key: path for key, (path, _) in archive.paths(sources).items()}
    stored = sorted(archive.stored_tables(paths), key=lambda item: (paths[item.document], item.document, item.number))
    several = Counter(item.document for item in stored)
    bases = [_base(item, paths[item.document], several[item.document] > 1) for item in stored]
    alike = Counter(bases)
    within = Counter((item.document, base) for item, base in zip(stored, bases))
    reserved = archive.reserved_words() if stored else set()
    tables: dict[str, NamedTable] = {}
    for item, base in zip(stored, bases):
        name = base if alike[base] == 1 and base not in reserved else f"{base}_{item.document}"
        if within[item.document, base] > 1:
            name = f"{name}_{item.number}"
        while name in tables:
            name += "_"
        tables[name] = NamedTable(name, paths[item.document], item)
    return tables


def _base(table: StoredTable, path: str, several: bool) -> str:
    stem = _SUFFIXES.sub("", PurePosixPath(path).name) or path
    parts = [stem, *([table.name] if several and table.name else [])]
    name = re.sub(r"\W+", "_", "_".join(parts).casefold()).strip("_")[:_NAME_CHARS].strip("_")
    return name if name and not name[0].isdigit() else f"t_{name}".strip("_")


def library_tables(archive: ArchivalStorage, sql: str) -> dict[str, NamedTable]:
    """The views by name. Vectors are most of the archive: `passages` has its `embedding` only where the query shows it."""
    wide = "embedding" in sql.casefold() or _ALL_COLUMNS.search(sql)
    tables: dict[str, NamedTable] = {}
    for number, view in enumerate(VIEWS):
        stored = archive.public_view(view, number)
        columns = tuple(
            column for column in stored.columns if (wide or column.name != "embedding") and column.name != "sketch"
        )
        tables[view] = NamedTable(view, "", replace(stored, columns=columns))
    return tables


def table_rows(archive: ArchivalStorage, table: StoredTable) -> pa.RecordBatchReader:
    """All rows of a table of a document, or of one of the views; to be taken before this thread reads anything else."""
    return archive.table_rows(table) if table.document != NO_DOCUMENT else archive.view_rows(table)
