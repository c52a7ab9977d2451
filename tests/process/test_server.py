"""One owner, many displays: while one workbench runs, other commands on the same home work through it."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.support import model_scripts
from tests.support.model_server import ModelServer
from tests.support.processes import ROOT, alive, close, command, descendants, environment, owner, wait_until
from workbench.core.paths import locate


@pytest.mark.nightly
def test_other_commands_work_through_the_owner(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "letters"
    folder.mkdir()
    (folder / "a.md").write_text("# Letter\n\nThe ferry of the east pier was painted green by Tove Lund.\n")
    with ModelServer(model_scripts.reads_pages("ferry", 1)) as server:
        process = owner(home, OPENAI_BASE_URL=server.url, WORKBENCH_MODEL="scripted")
        try:
            assert stat.S_IMODE(locate(home).socket_file.stat().st_mode) == 0o600
            loaded = command(home, "load", str(folder), "--source", "letters")[-1]
            assert loaded["documents"] == 1
            rows = command(
                home,
                "ask",
                "Who painted?",
                "--attach",
                "letters",
                OPENAI_BASE_URL=server.url,
                WORKBENCH_MODEL="scripted",
            )
            assert rows[-1]["answered"]
            assert {"step_started", "context_assembled", "page_read", "answer_done"} <= {row["event"] for row in rows}
            name = rows[-1]["agent"]
            assert json.loads(json.dumps(command(home, "context", name, "--raw")[-1])) == server.requests[-1]
            assert command(home, "search", "ferry")[-1]["total"] == 1
            bad = subprocess.run(
                [sys.executable, "-m", "workbench", "context", "nobody"],
                capture_output=True,
                text=True,
                cwd=ROOT,
                env=environment(home),
            )
            assert bad.returncode == 2
            assert "There is no agent named" in bad.stderr
            light = "import sys; from workbench.cli.main import main; main(['search', 'ferry']); print(*sys.modules)"
            loaded = subprocess.run(
                [sys.executable, "-c", light], capture_output=True, text=True, cwd=ROOT, env=environment(home)
            ).stdout
            assert "Tove Lund" in loaded
            assert "workbench.ipc.command_client" in loaded
            assert "workbench.services.session" not in loaded, "what the owner does is not loaded a second time"
        finally:
            close(process)
        assert not locate(home).socket_file.exists()


def test_when_the_owner_dies_the_next_command_becomes_the_owner(tmp_path: Path) -> None:
    home = tmp_path / "home"
    process = owner(home)
    # It answers before it has made its agent.
    assert wait_until(lambda: bool(command(home, "agents")[-1]["agents"]))
    children = descendants(process.pid)
    process.kill()
    process.communicate()
    assert locate(home).socket_file.exists()
    assert command(home, "agents")[-1]["agents"][0]["name"] == "host"
    assert wait_until(lambda: not any(alive(child) for child in children))


@pytest.mark.nightly
def test_a_home_with_a_long_path_is_shared_without_a_name_in_the_temporary_folder(tmp_path: Path) -> None:
    """A socket's address has room for about 100 bytes; what stands in the temporary folder under a name of ours is not asked."""
    home = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 6)
    mark = hashlib.sha256(str(locate(home).data).encode()).hexdigest()[:16]
    guessed = Path(tempfile.gettempdir()) / f"workbench-{os.getuid()}-{mark}.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as squatter:
        try:
            squatter.bind(str(guessed))
            squatter.listen(4)
            squatter.setblocking(False)
            process = owner(home)
            try:
                assert wait_until(lambda: bool(command(home, "agents")[-1]["agents"]))
                assert stat.S_IMODE(locate(home).data.stat().st_mode) == 0o700
            finally:
                close(process)
            assert not locate(home).socket_file.exists()
            with pytest.raises(BlockingIOError):
                squatter.accept()
        finally:
            guessed.unlink(missing_ok=True)


def test_what_cannot_be_replaced_at_the_place_of_the_socket_keeps_nobody_from_working(tmp_path: Path) -> None:
    home = tmp_path / "home"
    locate(home).ensure().socket_file.mkdir()
    assert command(home, "agents")[-1]["agents"] == []


@pytest.mark.nightly
def test_a_display_and_the_owner_share_one_agent(tmp_path: Path) -> None:
    home = tmp_path / "home"
    seen: list[Any] = []

    def script(body: Any) -> Any:
        seen.append(body)
        return model_scripts.says("Good day.")

    with ModelServer(script) as server:
        process = owner(home, OPENAI_BASE_URL=server.url, WORKBENCH_MODEL="scripted")
        command(home, "ask", "First?", "--agent", "host")
        assert process.stdin is not None
        process.stdin.write("Second?\n")
        process.stdin.flush()
        assert wait_until(lambda: len(seen) == 2)
        close(process)
        assert "First?" in json.dumps(seen[1])


@pytest.mark.nightly
def test_a_model_for_one_run_takes_effect_or_is_refused(tmp_path: Path) -> None:
    """While the owner shows an agent, others cannot change its model or window; an agent that nobody shows, they can."""
    home = tmp_path / "home"
    with ModelServer(model_scripts.reads_pages("ferry", 1)) as server:
        process = owner(home, OPENAI_BASE_URL=server.url, WORKBENCH_MODEL="scripted")
        try:
            here = {"OPENAI_BASE_URL": server.url}
            assert wait_until(lambda: bool(command(home, "agents")[-1]["agents"]))
            for flag, value, said in (
                (
                    "--model",
                    "other",
                    "is open in another workbench with model 'scripted'. Change it there, or leave --model out.",
                ),
                ("--window", "4096", "with window_tokens 8192. Change it there, or leave --window out."),
            ):
                refused = subprocess.run(
                    [sys.executable, "-m", "workbench", "ask", "Who?", "--agent", "host", flag, value],
                    capture_output=True, text=True, cwd=ROOT, env=environment(home, **here),
                )  # fmt: skip
                assert refused.returncode == 2
                assert said in refused.stderr
            assert server.requests == []
            command(home, "ask", "Who?", "--agent", "host", "--model", "scripted", **here)
            for model in ("first", "second"):
                command(home, "ask", "Who?", "--agent", "side", "--model", model, **here)
                assert {body["model"] for body in server.requests[-1:]} == {model}
            command(home, "ask", "Who?", "--agent", "side", **here)
            assert server.requests[-1]["model"] == "first"
            command(home, "ask", "Who?", "--agent", "side", "--window", "4096", **here)
            assert command(home, "context", "side", "--json")[-1]["window"] == 8_192
        finally:
            close(process)
        # What is given is meant, also when it is the default.
        command(home, "agents", "create", "small", "--window", "4096")
        command(home, "ask", "Who?", "--agent", "small", "--window", "8192", "--model", "scripted", **here)
        steps = command(home, "context", "small", "--step", "1")[-1]
        assert steps["window"] == 8_192


@pytest.mark.nightly
def test_a_second_display_joins_and_goes_on_when_the_first_one_ends(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "letters"
    folder.mkdir()
    (folder / "a.md").write_text("# Letter\n\nThe ferry of the east pier was painted green by Tove Lund.\n")

    def answer(process: subprocess.Popen[str], question: str) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{question}\n")
        process.stdin.flush()
        return next(row for line in process.stdout if (row := json.loads(line))["event"] == "answer")

    with ModelServer(model_scripts.reads_pages("ferry", 1)) as server:
        model = {"OPENAI_BASE_URL": server.url, "WORKBENCH_MODEL": "scripted"}
        first = owner(home, **model)
        second = owner(home, str(folder), **model)
        try:
            assert answer(second, "Who painted it?")["citations"]
            assert answer(first, "Who painted the ferry?")["agent"] == "host"
            close(first)
            found = answer(second, "And who painted it green?")
            assert found["agent"] == "host"
            assert found["citations"]
        finally:
            close(second)
    said = command(home, "context", "host")[-1]["segments"]
    assert sum("And who painted it green?" in segment["text"] for segment in said)
