"""Killed at any instant: nothing that was finished is lost, the next start works, and no process of ours is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import model_scripts
from tests.support.model_replies import Reply, calls
from tests.support.model_server import ModelServer
from tests.support.processes import ROOT, alive, command, descendants, environment, until, wait_until


@pytest.fixture
def small(tmp_path: Path) -> Path:
    folder = tmp_path / "letters"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.md").write_text(
            f"# Letter {number}\n\nThe ferry of pier {number} was painted green by Tove Lund.\n"
        )
    return folder


AT_NIGHT = pytest.mark.nightly  # one kill is in the gate, for what all of them share; each takes 8 s of a core


@pytest.mark.parametrize(
    "moment",
    [
        ("function_called", 1),
        pytest.param(("context_assembled", 2), marks=AT_NIGHT),
        pytest.param(("answer_delta", 2), marks=AT_NIGHT),
    ],
)
def test_kill_while_it_answers(tmp_path: Path, small: Path, moment: tuple[str, int]) -> None:
    home = tmp_path / "home"

    def slow(body: Any) -> Reply:
        if len(server.requests) < 3:
            return calls("archival_memory_search", query=f"ferry {len(server.requests)}", request_heartbeat=True)
        return Reply(calls=[("send_message", {"message": "words " * 200})], chunk_chars=6, chunk_delay_seconds=0.05)

    with ModelServer(slow) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "workbench", "ask", "Who painted the ferry?", "--agent", "a", "--attach", str(small), "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT,
            env=environment(home, OPENAI_BASE_URL=server.url, WORKBENCH_MODEL="scripted"),
        )  # fmt: skip
        seen = list(until(process, *moment))
        children = descendants(process.pid)
        assert children
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout and process.stdout.close()
        assert wait_until(lambda: not any(alive(child) for child in children)), "a worker was left behind"
    finished = [row["step"] for row in seen if row["event"] == "step_finished"]
    told = [row for row in seen if row["event"] in ("function_called", "page_read", "question_asked")]
    replayed = command(home, "replay", "a")
    stored = [(row["event"], row.get("query"), row.get("text")) for row in replayed]
    for row in told:
        assert (row["event"], row.get("query"), row.get("text")) in stored
    assert {row["step"] for row in replayed if row["event"] == "step_finished"} >= set(finished)
    assert [source["name"] for source in command(home, "sources")[-1]["sources"]] == ["letters"]
    assert command(home, "agents")[-1]["agents"][0]["sources"] == ["letters"]
    with ModelServer(model_scripts.reads_pages("ferry", 1)) as server:
        again = command(
            home, "ask", "And again?", "--agent", "a", OPENAI_BASE_URL=server.url, WORKBENCH_MODEL="scripted"
        )
        assert again[-1]["answered"]
        for body in server.requests:
            called = {call["id"] for message in body["messages"] for call in message.get("tool_calls", ())}
            assert called == {message["tool_call_id"] for message in body["messages"] if message["role"] == "tool"}


@AT_NIGHT
def test_kill_while_it_loads_leaves_only_whole_documents(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "many"
    folder.mkdir()
    for number in range(12):
        lines = [
            f"Entry {n} of book {number}: the keeper of pier {n} wrote {n * number} lines about ice." for n in range(60)
        ]
        (folder / f"{number:02}.txt").write_text("\n\n".join(lines), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench", "load", str(folder), "--source", "many", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT, env=environment(home),
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        row = json.loads(line)
        if row["event"] == "load_progress" and row["files_done"] >= 3:
            break
    children = descendants(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert wait_until(lambda: not any(alive(child) for child in children))
    rows = command(home, "sources")[-1]["sources"][0]["files"]
    assert len(rows) == 12, "what waits is known too"
    files = [row for row in rows if row["status"] == "loaded"]
    assert len(files) >= 3
    result = command(home, "load", str(folder), "--source", "many")[-1]
    assert result["documents"] + result["unchanged"] == 12
    assert result["unchanged"] >= len(files)
    whole = command(home, "sources")[-1]["sources"][0]
    import duckdb

    with duckdb.connect(str(home / "data" / "workbench.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "SELECT d.passage_count, count(p.passage_id), count(e.passage_id) FROM documents d JOIN passages p USING (document_id) "
            "LEFT JOIN embeddings e USING (passage_id) "
            "GROUP BY d.document_id, d.passage_count"
        ).fetchall()
    assert len(rows) == 12
    assert all(a == b == c for a, b, c in rows)
    assert whole["passages"] == sum(row[0] for row in rows)
