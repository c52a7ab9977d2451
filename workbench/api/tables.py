"""Views and protocol for SQL over the tables of documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class TableView:
    """A table: its name in SQL, its document, the page (from 1) and name it has there, its columns as (name, type, label)."""

    name: str
    document: str
    page: int
    called: str
    columns: tuple[tuple[str, str, str], ...]
    rows: int


@dataclass(frozen=True)
class RowsView:
    """One page of the rows of a query; cells are text, None is NULL. `page` counts from 1, `total` the rows looked at.

    `cut` is True when there are more rows than that. `documents` are those that the query was about.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    page: int
    pages: int
    total: int
    cut: bool
    documents: tuple[str, ...]


class TableServiceProtocol(Protocol):
    """The tables of what is attached; of everything that is loaded when nothing is, or no agent is open."""

    def list(self, source: str | None = None) -> tuple[TableView, ...]:
        """The tables, by document. Raises NotFound."""
        ...

    def query(self, sql: str, page: int = 1, source: str | None = None) -> RowsView:
        """A page of the rows of one SELECT. Raises UsageError for anything else, with what is wrong; NotFound."""
        ...
