"""Whole runs of commands with their network calls and file writes recorded: only the configured server, only the home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import model_scripts
from tests.support.model_server import ModelServer
from tests.support.recorded import RECORDER, ROOT, Recorded, write_papers
from workbench.cli.commands import COMMANDS

pytestmark = pytest.mark.process


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    return write_papers(tmp_path / "papers")


def test_load_and_ask_reach_the_configured_server_and_nothing_else(recorded: Recorded, papers: Path) -> None:
    with ModelServer(model_scripts.reads_pages("ferry", 1)) as server:
        port = int(server.url.rpartition(":")[2].partition("/")[0])
        recorded.run("load", str(papers), "--source", "letters")
        answer = json.loads(
            recorded.run(
                "ask", "Who painted the ferry?", "--attach", "letters", "--json", OPENAI_BASE_URL=server.url,
                WORKBENCH_MODEL="scripted",
            ).splitlines()[-1]
        )  # fmt: skip
    assert answer["answered"]
    assert len(recorded.modules()) >= 3, "the workers that read and embed were not recorded"
    assert recorded.network() == {("127.0.0.1", port)}
    assert recorded.written_outside() == set()
    assert list(recorded.user.rglob("*")) == []


@pytest.mark.nightly
def test_the_reader_reaches_nobody(recorded: Recorded, papers: Path) -> None:
    recorded.run("ask", "Who painted the ferry?", "--attach", str(papers))
    assert len(recorded.modules()) >= 3, "the workers that read and embed were not recorded"
    recorded.reached_nobody()


ELSEWHERE = {
    "open", "run", "web", "table", "check", "compare", "eval", "serve", "server", "mcp",
    "worker", "copy",
}  # fmt: skip
"""Commands that are recorded as whole programs (test_no_byte_of_whole_programs), and those of a shared archive, which go to its server."""

ALONE = (
    ["search", "ferry"], ["sweep", "ferry"], ["doctor", "--offline", "--storage"], ["sql", "SELECT count(*) FROM passages"],
    ["sources"], ["agents"], ["context", "ag"], ["replay", "ag", "--verify"], ["fork", "ag", "--step", "1", "--as", "twin"],
    ["configure"], ["functions"], ["quickstart", "--offline"], ["forget", "Who painted the ferry?", "--agent", "ag", "--yes"],
    ["help", "usage"], ["load", str(ROOT / "sample_docs"), "--source", "samples"], ["attach", "samples", "--agent", "ag"],
    ["detach", "samples", "--agent", "ag"], ["note", "samples", "from the harbour"], ["note"], ["queue"], ["list", "agents"],
    ["add", "persona", "--name", "keeper", "--text", "You keep the light."], ["delete", "persona", "keeper", "--yes"],
    ["completion", "bash"], ["reembed", "samples", "--embedding-model", "minilm"], ["sources", "remove", "samples"],
)  # fmt: skip


@pytest.mark.nightly
def test_no_command_reaches_anybody(recorded: Recorded, papers: Path) -> None:
    recorded.run("ask", "Who painted the ferry?", "--attach", str(papers), "--agent", "ag")
    kept = recorded.home.parent / "kept"
    kept.mkdir()
    for words in ALONE:
        recorded.run(*words)
        recorded.reached_nobody()
    files = (
        ["export", "ag", str(kept / "a.agent")], ["import", str(kept / "a.agent"), "--name", "b"], ["backup", str(kept / "b")],
        ["restore", str(kept / "b")],
    )  # fmt: skip
    for words in files:
        recorded.run(*words)
    assert {path for path in recorded.written_outside() if not path.startswith(str(kept))} == set()
    assert recorded.network() == set()
    recorded.run("doctor")
    assert {host for host, _ in recorded.network()} <= {"127.0.0.1"}, "doctor looks for servers on this machine only"
    assert {words[0] for words in (*ALONE, *files)} | {"ask"} | ELSEWHERE == set(COMMANDS), "every command is recorded"


def test_the_recorder_sees_what_a_process_looks_up_and_writes(recorded: Recorded) -> None:
    """The tests above can fail: what is looked up and written is seen."""
    environment = {
        **os.environ,
        "HOME": str(recorded.user),
        "PYTHONPATH": str(RECORDER),
        "RECORDED": str(recorded.file),
    }
    code = "import socket, contextlib\nwith contextlib.suppress(OSError): socket.getaddrinfo('telemetry.invalid', 443)\nopen('{}', 'w')"
    subprocess.run([sys.executable, "-c", code.format(recorded.user / "cid")], env=environment, check=True)
    assert recorded.network() == {("telemetry.invalid", 443)}
    assert recorded.written_outside() == {str(recorded.user / "cid")}


@pytest.mark.parametrize(
    "module",
    [
        "workbench.embedding.worker",
        *(
            pytest.param(name, marks=pytest.mark.nightly)
            for name in ("workbench", "workbench.cli.main", "workbench.embedding.minilm_graph")
        ),
    ],
)
def test_no_process_that_imports_the_workbench_can_import_the_telemetry(module: str) -> None:
    code = (
        f"import {module}, sys, openvino\n"
        "import openvino.tools.ovc.telemetry_utils as utils\n"
        "assert utils.tm.__name__.endswith('telemetry_stub'), utils.tm\n"
        "assert not [name for name in sys.modules if name.startswith('openvino_telemetry.')]\n"
        "try:\n    import openvino_telemetry\nexcept ImportError:\n    print('cut off')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "cut off\n", done.stderr
