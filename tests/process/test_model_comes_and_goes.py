"""A model server that is down, comes, dies in the middle and comes back; and an owner of the home that dies under a question."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_replies import Reply, says
from tests.support.model_server import ModelServer
from tests.support.processes import ROOT, environment, owner, until

pytestmark = pytest.mark.process


def ask(process: subprocess.Popen[str], question: str) -> list[dict[str, Any]]:
    """The events of one question on a display of lines; the last is its result."""
    assert process.stdin is not None
    print(question, file=process.stdin, flush=True)
    return list(until(process, "answer"))


def test_one_display_through_all_of_it(tmp_path: Path) -> None:
    with ModelServer([]) as server:
        port, url = server.port, server.url
    process = owner(tmp_path / "home", OPENAI_BASE_URL=url, WORKBENCH_MODEL="scripted")
    try:
        *events, down = ask(process, "Is it there?")
        assert (down["answered"], down["stopped"]) == (False, "error")
        assert [
            event["message"].startswith("Nothing answers at") for event in events if event["event"] == "failed"
        ] == [True]
        with ModelServer([says("It is there now.")], port=port):
            assert ask(process, "And now?")[-1]["text"] == "It is there now."
        dying = [Reply(content="It is there and th", disconnect_after_chunks=2), says("It is there again.")]
        with ModelServer(dying, port=port):
            *events, again = ask(process, "And then?")
            (notice,) = (event for event in events if event["event"] == "notice")
            assert "broke off" in notice["message"]
            assert "made again" in notice["message"]
            assert again["text"] == "It is there again."
        with ModelServer(lambda body: Reply(content="It is", disconnect_after_chunks=2), port=port) as server:
            *events, lost = ask(process, "Still?")
            assert (len(server.requests), lost["answered"], lost["stopped"]) == (2, False, "error")
        with ModelServer([says("It came back.")], port=port):
            assert ask(process, "Back?")[-1]["text"] == "It came back."
    finally:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1  # two questions had no answer
    assert "Traceback" not in err


@pytest.mark.nightly
def test_an_owner_that_dies_under_a_question_leaves_a_last_line(tmp_path: Path) -> None:
    asked = threading.Event()

    def stall(body: Any) -> Reply:
        asked.set()
        return Reply(content="…", stall_after_chunks=1)

    with ModelServer(stall) as server:
        chosen = {"OPENAI_BASE_URL": server.url, "WORKBENCH_MODEL": "scripted"}
        process = owner(tmp_path / "home", **chosen)
        display = subprocess.Popen(
            [sys.executable, "-m", "workbench", "ask", "Is it there?", "--agent", "other", "--json"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(tmp_path / "home", **chosen),
        )  # fmt: skip
        assert asked.wait(60)
        process.kill()
        process.communicate()
        out, err = display.communicate(timeout=60)
    answer = json.loads(out.splitlines()[-1])
    assert display.returncode == 1
    assert (answer["event"], answer["answered"], answer["stopped"]) == ("answer", False, "error")
    assert "has ended" in answer["notes"][0]
    assert "Run the command again" in err
