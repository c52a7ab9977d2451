"""Makes databases as released versions wrote them: one for every schema, with rows in every kind of table.

By hand: `python -m tests.support.old_databases FOLDER` writes `schema-N.duckdb` for each.
"""

from __future__ import annotations

import json
import sys
from importlib import resources
from pathlib import Path

import duckdb

_NOW = "TIMESTAMP '2026-01-02 03:04:05'"
_PAGE = "The lamp at the pier was lit at six. The keeper was Alda Marner."


def versions() -> list[int]:
    """Every schema that was released."""
    folder = resources.files("workbench.storage").joinpath("migrations")
    return sorted(int(item.name[:4]) for item in folder.iterdir() if item.name.endswith(".sql"))


def build(file: Path, version: int) -> Path:
    """A database of that schema with one document, one agent, one step, and two messages."""
    folder = resources.files("workbench.storage").joinpath("migrations")
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE schema_versions (version INTEGER PRIMARY KEY, applied_at TIMESTAMP NOT NULL)")
        for item in sorted(folder.iterdir(), key=lambda item: item.name):
            if item.name.endswith(".sql") and int(item.name[:4]) <= version:
                connection.execute(item.read_text(encoding="utf-8"))
                connection.execute(f"INSERT INTO schema_versions VALUES ({int(item.name[:4])}, {_NOW})")
        for text in ("system", "tools"):
            connection.execute("INSERT INTO texts VALUES (left(sha256(?), 32), ?)", [text, text])
        hashes = ", ".join(f"left(sha256('{text}'), 32)" for text in ("system", "tools"))
        connection.execute(f"INSERT INTO sources VALUES (1, 'papers', NULL, {_NOW})")
        connection.execute(
            f"INSERT INTO documents VALUES (1, 'abc', 'text', 1, 'Log', '{{}}', 1, 1, {len(_PAGE)}, {len(_PAGE)}, 'w', ''::BLOB, {_NOW})"
        )
        connection.execute(f"INSERT INTO store.source_documents VALUES (1, 'log.txt', 1, '/log.txt', {_NOW})")
        connection.execute("INSERT INTO pages VALUES (1, 1, NULL, ?)", [_PAGE])
        connection.execute(
            "INSERT INTO store.passages VALUES (1, 1, 1, 0, ?, '', ?, 16, '', [], [], [], [], [], '', 0)",
            [len(_PAGE), _PAGE],
        )
        connection.execute("INSERT INTO embeddings SELECT 1, list_resize([1.0], 384, 0.0)::FLOAT[384]")
        blocks = json.dumps({name: [] for name in ("persona", "human", "task")})
        connection.execute("INSERT INTO context_versions VALUES (1, 1, NULL, NULL, ?, " + _NOW + ")", [blocks])
        for number, (role, kind, body) in enumerate(
            (
                ("user", "user_message", {"message": "Who kept the light?"}),
                ("assistant", "assistant", {"content": "Alda Marner."}),
            ),
            1,
        ):
            connection.execute(
                f"INSERT INTO messages VALUES (?, 1, ?, NULL, ?, ?, ?, 9, {_NOW})",
                [number, number - 1 or None, role, kind, json.dumps(body)],
            )
        connection.execute(
            f"INSERT INTO agents VALUES (1, 'keeper', 2, '[[1, 2]]', 1, NULL, 1, '{{}}', {_NOW}, {_NOW})"
        )
        connection.execute(f"INSERT INTO attachments VALUES (1, 1, {_NOW})")
        connection.execute(
            f"INSERT INTO steps VALUES (1, 1, 'done', 1, 1, '[[1, 1]]', NULL, 1, {hashes}, '{{}}', '{{}}', '', 1, 1, true, '{{}}', '{{}}', "
            f"0.1, 0.1, {_NOW}, NULL, false)"
        )
    return file


if __name__ == "__main__":
    for number in versions():
        print(build(Path(sys.argv[1]) / f"schema-{number}.duckdb", number))
