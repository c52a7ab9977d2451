"""Tables stored from small files, and queries over them."""

from __future__ import annotations

from pathlib import Path

from loaders import registry
from workbench.sql.catalog import named_tables
from workbench.sql.sandbox import Rows, select
from workbench.storage.documents import DuckDBArchive
from workbench.storage.rows import Arrival
from workbench.storage.tables import rows_of

RENTS = 'Tenant,Rent,Since,Paid\nAda,500,2019-03-01,true\nGrace,"1,250",2021-07-15,false\nAlan,n/a,2020-01-01,true\n'


def store(archive: DuckDBArchive, folder: Path, path: str, text: str, source: str = "docs") -> int:
    file = folder / path.replace("/", "-")
    file.write_text(text, encoding="utf-8")
    key = archive.source_id(source)
    given = Arrival(key, path, f"{source} {path} {text}", registry.read(file), (), "none", 1)
    return archive.store(given).document


def ask(archive: DuckDBArchive, sql: str, source: str = "docs") -> Rows:
    tables = named_tables(archive, [archive.find_source(source)])
    return select(sql, tables, lambda table: rows_of(archive.database, table))
