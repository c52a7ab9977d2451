"""Whole runs of commands with their network calls and file writes recorded: only the configured server, only the home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from tests.support import model_scripts
from tests.support.model_server import ModelServer

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parents[2]
RECORDER = Path(__file__).resolve().parents[1] / "support" / "recorder"


class Recorded:
    """Runs commands in a home and a user's folder of their own and keeps what their processes did."""

    def __init__(self, folder: Path) -> None:
        self.home, self.user, self.temporary = folder / "home", folder / "user", folder / "temporary"
        self.user.mkdir()
        self.temporary.mkdir()
        self.file = folder / "recorded.jsonl"

    def run(self, *words: str, **more: str) -> str:
        """The output of a command, which must succeed."""
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("OPENAI_", "WORKBENCH_", "XDG_"))
        }
        for opt_out in ("DO_NOT_TRACK", "SCARF_NO_ANALYTICS", "HF_HUB_OFFLINE"):
            kept.pop(opt_out, None)
        environment = {
            **kept, "WORKBENCH_HOME": str(self.home), "HOME": str(self.user), "TMPDIR": str(self.temporary),
            "PYTHONPATH": os.pathsep.join([str(RECORDER), str(ROOT)]), "RECORDED": str(self.file), **more,
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "workbench", *words], capture_output=True, text=True, cwd=ROOT, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def events(self) -> list[dict[str, Any]]:
        """What was recorded, in its order."""
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def network(self) -> set[tuple[str, Any]]:
        """Where processes wanted to go: hosts with ports; Unix sockets are left out."""
        places = set()
        for row in self.events():
            if row["event"].startswith(("socket.", "urllib.", "http.")) and not isinstance(row["what"], str):
                places.add(tuple(row["what"][:2]))
        return places

    def written_outside(self) -> set[str]:
        """Files and folders written that lie neither in the home nor in the temporary folder."""
        own = (str(self.home), str(self.temporary), "/dev/")
        written = {
            str(row["what"]) for row in self.events() if row["event"] == "open" or row["event"].startswith("os.")
        }
        return {
            path
            for path in written
            if Path(path).is_absolute() and not path.startswith(own) and "__pycache__" not in path
        }

    def modules(self) -> set[str]:
        """The modules that recorded processes were started with (python -m)."""
        commands = [row["what"] for row in self.events() if row["event"] == "started"]
        return {words[words.index("-m") + 1] for words in commands if "-m" in words}


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    """One document for each library that reads documents: some of them tell their makers when they are imported."""
    folder = tmp_path / "papers"
    folder.mkdir()
    line = "The ferry of the east pier was painted green by Tove Lund."
    (folder / "a.md").write_text(f"# Letter\n\n{line}\n")
    (folder / "b.html").write_text(f"<html><body><h1>Letter</h1><p>{line}</p></body></html>")
    (folder / "c.rst").write_text(f"Letter\n======\n\n{line}\n")
    (folder / "d.rtf").write_text(r"{\rtf1\ansi The lamp was lit by Edda.\par}")
    with pypdfium2.PdfDocument(ROOT / "sample_docs" / "harbour-survey.pdf") as whole, pypdfium2.PdfDocument.new() as one:
        one.import_pages(whole, [0])
        one.save(folder / "f.pdf")
    (folder / "e.csv").write_text("name,colour\nferry,green\nlamp,white\n")
    return folder


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


def test_the_reader_reaches_nobody(recorded: Recorded, papers: Path) -> None:
    recorded.run("ask", "Who painted the ferry?", "--attach", str(papers))
    assert len(recorded.modules()) >= 3, "the workers that read and embed were not recorded"
    reached_nobody(recorded)


@pytest.mark.nightly
def test_no_command_reaches_anybody(recorded: Recorded, papers: Path) -> None:
    recorded.run("ask", "Who painted the ferry?", "--attach", str(papers), "--agent", "ag")
    kept = recorded.home.parent / "kept"
    kept.mkdir()
    for words in (
        ["search", "ferry"], ["sweep", "ferry"], ["doctor", "--offline", "--storage"], ["sql", "SELECT count(*) FROM passages"],
        ["sources"], ["agents"], ["context", "ag"], ["replay", "ag", "--verify"], ["fork", "ag", "--step", "1", "--as", "twin"],
        ["configure"], ["functions"], ["quickstart", "--offline"], ["forget", "ferry", "--agent", "ag", "--yes"], ["help", "usage"],
        ["load", str(ROOT / "sample_docs"), "--source", "samples"], ["sources", "remove", "samples"],
    ):  # fmt: skip
        recorded.run(*words)
        reached_nobody(recorded)
    for words in (["export", "ag", str(kept / "a.agent")], ["import", str(kept / "a.agent"), "--name", "b"], ["backup", str(kept / "b")]):
        recorded.run(*words)
    assert {path for path in recorded.written_outside() if not path.startswith(str(kept))} == set()
    assert recorded.network() == set()
    recorded.run("doctor")
    assert {host for host, _ in recorded.network()} <= {"127.0.0.1"}, "doctor looks for servers on this machine only"


def reached_nobody(recorded: Recorded) -> None:
    assert recorded.network() == set()
    assert recorded.written_outside() == set()
    assert list(recorded.user.rglob("*")) == []


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
