"""Parquet files: the columns and the first rows as text, all rows as a table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loaders import limits, tables
from loaders.blocks import PageBuilder
from loaders.document import Document, LoadError
from loaders.grid import labelled
from loaders.registry import Loader
from loaders.sniff import Kind

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = 1

SHOWN_ROWS = 2_000
"""Rows that the text has; a table of millions is asked by SQL, not read."""

_SHOWN_CHARS = 2_000_000
_CELL_CHARS = 2_000
_BATCH_ROWS = 10_000
_REMEDY = "Write it again with the program that made it, or export it as CSV."


def load(path: Path) -> Document:
    """The table at `path`: a page of text that begins with its columns, and the table itself. Raises LoadError."""
    import pyarrow as pa
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path, memory_map=False) as file:
            return _document(file)
    except (pa.ArrowException, OSError, ValueError, KeyError, NotImplementedError) as error:
        said = " ".join(str(error).split())[:120]
        raise LoadError(f"it is damaged or not a Parquet table ({said})", _REMEDY) from None


def _document(file: Any) -> Document:
    rows, schema = int(file.metadata.num_rows), file.schema_arrow
    builder, keeper = PageBuilder(1, None, limits.TextBudget()), tables.TableKeeper()
    builder.paragraph(f"{rows:,} rows. Columns: " + ", ".join(f"{field.name} ({field.type})" for field in schema))
    fits = rows <= tables.ROWS and len(schema) <= tables.COLUMNS and rows * len(schema) <= tables.CELLS
    kept: list[list[Any]] = [[] for _ in schema]
    lines: list[int | None] = []
    names, chars = [field.name for field in schema], 0
    for batch in file.iter_batches(batch_size=_BATCH_ROWS):
        columns = [_plain(column) for column in batch.columns]
        for cells in zip(*(_shown(column) for column in columns), strict=True) if columns else ():
            if len(lines) >= SHOWN_ROWS or chars > _SHOWN_CHARS:
                break
            text = labelled(names, cells)
            builder.line(text)
            chars += len(text)
            lines.append(builder.last_line if text else None)
        if not fits:
            break
        for place, column in enumerate(columns):
            kept[place].append(column)
    if fits and rows and names:
        import pyarrow as pa

        arrays = [pa.chunked_array(chunks) for chunks in kept]
        keeper.keep("", 1, names, arrays, [*lines, *[None] * (rows - len(lines))])
    notes = {"rows": str(rows), "rows_as_text": str(len(lines)), **keeper.notes}
    if not fits:
        notes["tables_left_out"] = "1"
    if rows > len(lines):
        notes["rows_by_sql_only" if keeper.tables else "rows_left_out"] = str(rows - len(lines))
    return Document("", (builder.page(),), LOADER.name, VERSION, notes, tables=tuple(keeper.tables))


def _plain(column: pa.Array) -> pa.Array:
    """A column whose type is a simple one: lists and structures as JSON, bytes left out."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if pa.types.is_nested(kind):
        values = [
            None if value is None else json.dumps(value, ensure_ascii=False, default=str)
            for value in column.to_pylist()
        ]
        return pa.array(values, pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.nulls(len(column), pa.string())
    simple = pa.types.is_primitive(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind)
    return column if simple else column.cast(pa.string())


def _shown(column: pa.Array) -> Iterator[str]:
    for value in column.to_pylist():
        if value is None:
            yield ""
        elif isinstance(value, float):
            yield f"{value:.12g}"
        else:
            yield " ".join(str(value).split())[:_CELL_CHARS]


LOADER = Loader(
    name="parquet", version=VERSION, suffixes=(".parquet", ".parq", ".pq"), kinds=(Kind.PARQUET,), load=load
)
