"""Whole programs ask a model's server that echoes their key in every way: it stands nowhere but where it was put.

That is the environment, the settings file, or the keyring.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from tests.support.echoes import ECHOES, KEY, in_turn, leaked, leaked_bytes
from tests.support.embedding_server import embedding_server
from tests.support.model_server import ModelServer
from tests.support.processes import ROOT, environment, listens, wait_until
from tests.support.pseudo_terminal import PseudoTerminal
from tests.support.watched_processes import WatchedProcesses
from workbench.client import Client
from workbench.core.errors import WorkbenchError

pytestmark = [pytest.mark.process, pytest.mark.nightly, pytest.mark.timeout(900)]

PLACES = ("environment", "file", "keyring")
PATIENCE = "5"


class Bench:
    """A home of its own with the key in one place, a server that echoes, and all that the commands put out."""

    def __init__(self, folder: Path, place: str, server: ModelServer) -> None:
        self.home, self.place, self.server = folder / "home", place, server
        self.user, self.temporary, self.ring = folder / "user", folder / "temporary", folder / "ring"
        for made in (self.home, self.user, self.temporary, self.home / "config"):
            made.mkdir()
        self.out: list[tuple[str, str]] = []
        self.given: list[int] = []
        """Processes that were handed the key in their environment, by us."""
        self.papers = folder / "papers"
        self.papers.mkdir()
        (self.papers / "letter.md").write_text(
            "# Letter\n\nThe ferry of the east pier was painted green by Tove Lund.\n"
        )
        self.settings = self.home / "config" / "config.toml"
        key = {"file": f'api_key = "{KEY}"\n', "keyring": 'api_key = "keyring"\n'}.get(place, "")
        self.settings.write_text(
            f'base_url = "{server.url}"\nmodel = "scripted"\nrequest_timeout_seconds = {PATIENCE}\nsteps = 3\n{key}'
        )
        self.settings.chmod(0o600)
        self.ring.write_text(KEY if place == "keyring" else "")

    def environment(self, **more: str) -> dict[str, str]:
        keys = {"OPENAI_API_KEY": KEY} if self.place == "environment" else {}
        return environment(
            self.home, HOME=str(self.user), TMPDIR=str(self.temporary), KEYRING_FILE=str(self.ring), PYTHONPATH=str(ROOT),
            PYTHON_KEYRING_BACKEND="tests.support.file_keyring.FileKeyring", TERM="xterm-256color", LANG="C.UTF-8", **keys, **more,
        )  # fmt: skip

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        """A command whose standard error comes with its output."""
        made = subprocess.Popen(
            [sys.executable, "-m", "workbench", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, cwd=ROOT, env=self.environment(**more),
        )  # fmt: skip
        self.given.append(made.pid)
        return made

    def run(self, *words: str, said: str = "", **more: str) -> str:
        """All that a command puts out; it may fail, with a sentence."""
        process = self.start(*words, **more)
        out, _ = process.communicate(said, timeout=300)
        assert "Traceback" not in out, out
        self.out.append((" ".join(words[:2]), out))
        return out

    def texts(self) -> Iterator[tuple[str, str]]:
        """What was put out, and all files of the home, the user's and the temporary folder, packed ones and tables too."""
        yield from self.out
        for folder in (self.home, self.user, self.temporary):
            for file in folder.rglob("*"):
                if not file.is_file() or file.is_socket() or (self.place == "file" and file == self.settings):
                    continue
                raw = file.read_bytes()
                yield str(file), "".join(sorted(leaked_bytes(raw)))
                if zipfile.is_zipfile(file):
                    with zipfile.ZipFile(file) as archive:
                        yield from (
                            (f"{file}:{name}", archive.read(name).decode("utf-8", "replace"))
                            for name in archive.namelist()
                        )
                if file.suffix == ".duckdb":
                    with duckdb.connect(str(file), read_only=True) as database:
                        rows = database.execute(
                            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
                        ).fetchall()
                        assert len(rows) > 10
                        for schema, table in rows:
                            yield f"{file}:{table}", str(database.execute(f'FROM "{schema}"."{table}"').fetchall())


@pytest.mark.parametrize("place", PLACES)
def test_the_key_stands_nowhere_but_where_it_was_put(tmp_path: Path, place: str) -> None:
    authorizations: list[str] = []

    def header() -> str:
        authorizations.append(server.headers[-1]["authorization"])
        return authorizations[-1]

    with ModelServer(in_turn(ECHOES.values(), header), models=["scripted", f"model-of-{KEY}"]) as server:
        bench = Bench(tmp_path, place, server)
        with WatchedProcesses(bench.home) as seen:
            use(bench)
        assert len(authorizations) > 3 * len(ECHOES)
        assert set(authorizations) == {f"Bearer {KEY}"}
    assert sum("[API key]" in out for _, out in bench.out) > 8, "the server's words are told, without the key"
    checked = 0
    for where, text in bench.texts():
        assert leaked(text) == set(), where
        checked += 1
    assert checked > 40
    assert len(seen.arguments) > len(bench.out), "the workers were seen too"
    for pid, arguments in seen.arguments.items():
        assert leaked_bytes(arguments) == set(), arguments
        if place != "environment" or pid not in bench.given:
            assert leaked_bytes(seen.environments[pid]) == set(), arguments


def use(bench: Bench) -> None:
    """Every command that asks a model's server or shows what one said."""
    questions = "".join(f"Question {number}: what did I send?\n" for number in range(len(ECHOES)))
    bench.run("load", str(bench.papers), "--source", "letters")
    bench.run("open", "--json", "--agent", "host", said=questions)
    bench.run("open", "--plain", "--agent", "plain", said=questions)
    for _ in range(3):
        bench.run("ask", "Who painted the ferry?", "--attach", "letters", "--json", "--agent", "asked")
        bench.run("ask", "Who painted the ferry?", "--attach", "letters", "--drive", "guided")
        bench.run("doctor", "--json", "--storage")
        bench.run("doctor")
    bench.run("doctor", "--quick")
    for words in (
        ["configure", "--show"], ["configure", "--json"], ["configure", "theme=nord"], ["quickstart"],
        ["table", "--question", "Who painted the ferry?", "--source", "letters", "--json"],
        ["check", str(bench.papers / "letter.md"), "--source", "letters"], ["list", "agents"], ["agents", "--json"],
        ["eval", "make", "--source", "letters", "--limit", "2", "--out", str(bench.home / "made.json")],
        ["context", "host", "--raw"], ["context", "host", "--json"], ["replay", "host"], ["replay", "host", "--json"],
        ["export", "host", str(bench.home / "host.agent")], ["export", "host", str(bench.home / "host.md")],
        ["backup", str(bench.home / "copy.duckdb")],
    ):  # fmt: skip
        bench.run(*words)
    own = bench.home / "own.json"
    rows = [{"id": str(n), "question": "Who painted the ferry?", "answer": "Tove Lund"} for n in range(4)]
    own.write_text(json.dumps(rows))
    bench.run("eval", "own", str(own), "--source", "letters", "--json")
    asked = bench.run("configure", "--ask", said=f"{bench.server.url}\n1\n\n")
    assert "Which server answers?" in asked
    with embedding_server() as embeds:
        embeds.key = "another"
        bench.run("load", str(bench.papers), "--source", "elsewhere", WORKBENCH_EMBEDDING_MODEL=f"openai:e@{embeds.url}",
                  **({"WORKBENCH_EMBEDDING_API_KEY": KEY} if bench.place == "environment" else {}))  # fmt: skip
        bench.run("reembed", "letters", "--embedding-model", f"openai:e@{embeds.url}")
    serve(bench)
    mcp(bench)
    with PseudoTerminal([sys.executable, "-m", "workbench", "--agent", "seen"], bench.environment()) as screen:
        bench.given.append(screen.pid)
        screen.wait("ready", 120)
        for _ in range(3):
            start = len(screen.written)
            screen.send("What did I send?\r")
            screen.wait("[API key]", 60, start)
        screen.send("\x11")
        bench.out.append(("screen", screen.written.decode("utf-8", "replace")))


def serve(bench: Bench) -> None:
    """The server with its REST and OpenAI-compatible interfaces."""
    process = bench.start("serve", "--port", "0")
    assert process.stdout is not None
    said = [process.stdout.readline(), process.stdout.readline()]
    address = next(word for word in "".join(said).split() if word.startswith("http://"))
    token = next(word for word in "".join(said).split() if word.startswith("wb_"))
    assert wait_until(lambda: listens(address))
    heard: list[str] = []
    with Client(address, token, "served") as client:
        client.create_agent()
        for number in range(len(ECHOES)):
            try:
                heard += [str(event.as_dict()) for event in client.ask(f"Question {number}: what did I send?")]
            except WorkbenchError as error:
                heard.append(error.one_line())
        with suppress(WorkbenchError):
            heard.append(str(client.context(None)))
    assert len(heard) > len(ECHOES)
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    bench.out += [("serve", "".join(said) + rest), ("client", "\n".join(heard))]


def mcp(bench: Bench) -> None:
    """The archive for other programs' models; it asks no model, and inherits the key all the same."""
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}  # fmt: skip
    call = {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "tools/call",
        "params": {"name": "search", "arguments": {"query": "ferry"}},
    }
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    said = "".join(json.dumps(one) + "\n" for one in (hello, ready, call))
    process = bench.start("mcp")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(said)
    process.stdin.flush()
    heard = ""
    while '"id":2' not in heard.replace(" ", ""):
        line = process.stdout.readline()
        assert line, heard
        heard += line
    rest, _ = process.communicate(timeout=60)
    bench.out.append(("mcp", heard + rest))
