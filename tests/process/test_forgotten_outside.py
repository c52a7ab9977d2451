"""What was forgotten, looked for from outside while an owner is alive: by every command and function, and in the owner's own caches."""

from __future__ import annotations

import functools
import gc
import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from workbench.api.events import PageRead
from workbench.cli import main
from workbench.cli.main import LocalCommands
from workbench.ipc.server import CommandServer

SECRET = "Zebulon Marsh keeps the vermilion ledger HX-991/3 at Skerrow Quay."
WORDS = ("zebulon", "vermilion", "hx-991", "marsh.md", "wages.csv", "4711", "fortuna")


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "letters"
    folder.mkdir()
    for number in range(14):
        (folder / f"night-{number:02}.md").write_text(
            f"# Night {number}\n\nThe keeper of Skerrow Quay trimmed the lamp {number + 3} times and wrote it in his ledger.\n"
        )
    (folder / "marsh.md").write_text(
        f"# The Marsh papers\n\n{SECRET}\n\n## Debts\n\nThe ledger of the Quay names Fortuna Bly.\n"
    )
    (folder / "wages.csv").write_text("name,wage,ledger\nZebulon Marsh,4711,vermilion\nAda Lund,12,blue\n")
    return folder


def lines(*words: str) -> list[dict[str, Any]]:
    out = io.StringIO()
    with redirect_stdout(out):
        main.main([*words, "--json"])
    return [json.loads(text) for text in out.getvalue().splitlines()]


def told(found: Any) -> str:
    """All that an answer says but the question itself."""
    if isinstance(found, dict):
        return " ".join(told(value) for key, value in found.items() if key not in ("query", "next", "forecast"))
    if isinstance(found, list):
        return " ".join(map(told, found))
    return str(found).lower()


def cached() -> str:
    """What bounded caches of our functions and the objects that hang on them hold, as one text."""
    kind = type(functools.lru_cache(maxsize=1)(lambda: None))
    gc.unfreeze()  # what was imported while tests were collected is not listed otherwise (tests.support.selection)
    todo = [
        item for item in gc.get_objects() if isinstance(item, kind) and str(item.__module__).startswith("workbench.")
    ]
    gc.freeze()
    texts, seen = [], set()
    while todo:
        item = todo.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, str):
            texts.append(item.lower())
        elif isinstance(item, kind):
            todo += [part for part in gc.get_referents(item) if isinstance(part, dict) and part is not vars(item)]
        elif isinstance(item, dict | list | tuple):
            todo += [*item, *item.values()] if isinstance(item, dict) else item
    return "\n".join(texts)


def test_nothing_of_a_forgotten_document_comes_back(
    make_session: Any, shelf: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    session = make_session(page_hits=3)
    session.open_agent("tester")
    list(session.load([shelf]))
    owner = CommandServer(session.app, LocalCommands())
    agent = session.current_agent

    def call(name: str, **given: Any) -> str:
        function = next(item for item in agent.executor.functions if item.name == name)
        try:
            found = function.run(agent.workspace, **given)
        except Exception as error:  # what is refused says something too
            return str(error).lower()
        texts = session.app.search.texts([hit.passage for hit in found.archive.hits]) if found.archive else {}
        return f"{found.text} {found.summary} {found.archive.render(texts) if found.archive else ''}".lower()

    def looks() -> dict[str, str]:
        found = {
            "search": told(lines("search", "vermilion ledger of the quay")),
            "as the agent": told(lines("search", "vermilion ledger of the quay", "--agent", "tester", "--explain")),
            "page 2": told(lines("search", "vermilion ledger of the quay", "--agent", "tester", "--page", "2")),
            "phrase": told(lines("search", '"vermilion ledger"')),
            "identifier": told(lines("search", "HX-991/3")),
            "sweep": told(lines("sweep", "vermilion ledger of Zebulon Marsh")),
            "sweep page 2": told(lines("sweep", "ledger of the quay", "--page", "2")),
            "sources": told(lines("sources")),
            "queue": told(lines("queue")),
            "tables": told(lines("sql", "--tables")),
            "sql": told(lines("sql", "SELECT * FROM wages")),
            "grep": call("archival_grep", pattern="Zebulon|Fortuna"),
            "query": call("table_query", sql="SELECT * FROM wages"),
            "list": call("document_list"),
        }
        passage = session.search_service.search("lamp of the keeper").hits[0].passage
        first = session.search_service.follow(passage)
        linked = [first, *(session.search_service.follow(passage, number) for number in range(2, first.pages + 1))]
        found["follow"] = " ".join(
            f"{item.document} {item.text} {item.via}" for page in linked for item in page.hits
        ).lower()
        found["screen"] = " ".join(
            str(vars(event)) for event in session.history() if isinstance(event, PageRead)
        ).lower()
        return found

    try:
        before = looks()
        for name in (
            "search",
            "as the agent",
            "phrase",
            "identifier",
            "sweep",
            "sources",
            "sql",
            "grep",
            "query",
            "list",
            "follow",
        ):
            assert any(word in before[name] for word in WORDS), name
        assert any(word in cached() for word in WORDS)
        for document in ("marsh.md", "wages.csv"):
            (done,) = lines("forget", "--document", document, "--yes")
            assert done["event"] == "forgotten"
        left = cached()
        assert [word for word in WORDS if word in left] == []
        after = looks()
        for name, text in after.items():
            assert [word for word in WORDS if word in text and name not in ("grep",)] == [], name
        assert "zebulon marsh keeps" not in after["grep"]
        assert session.search_service.search("lamp of the keeper").total >= 14
    finally:
        owner.close()
