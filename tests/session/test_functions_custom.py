"""A user's own functions: schema, validation, time limit, bounds, and switching them for one agent."""

from __future__ import annotations

import importlib.metadata
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_replies import calls
from tests.support.model_server import ModelServer
from workbench.agent.tools import custom, selection
from workbench.api.events import FunctionReturned
from workbench.cli import main
from workbench.core.paths import locate

TIDES = '''
"""Tide tables."""
import time
from typing import Literal, Optional

def tide(port: str, days: int = 1, kind: Literal["high", "low"] = "high", names: Optional[list[str]] = None) -> dict:
    """Look up the tide of a port.

    Args:
        port: Name of the port.
        days: How many days ahead.
    """
    return {"port": port, "days": days, "kind": kind, "names": names}

def slow(seconds: float) -> str:
    """Wait for a while."""
    time.sleep(seconds)
    return "done"

def long(words: int) -> str:
    """Say much."""
    return "word " * words

def broken() -> str:
    """Fail."""
    raise KeyError("no such port")

def _hidden(x: int) -> int:
    """Not offered."""
    return x
'''


@pytest.fixture
def folder(home: Path) -> Path:
    place = locate(home).ensure().config / "functions"
    place.mkdir(parents=True, exist_ok=True)
    (place / "tides.py").write_text(TIDES)
    return place


def returned(
    make_session: Any, script: list[Any], **settings: Any
) -> tuple[list[FunctionReturned], list[Any], list[str]]:
    with ModelServer([*script, calls("send_message", message="Done.")]) as server:
        session = make_session(model="scripted", base_url=server.url, **settings)
        session.open_agent("tester")
        events = list(session.submit("Go on."))
        texts = [json.loads(m["content"])["message"] for m in server.requests[-1]["messages"] if m["role"] == "tool"]
        return [event for event in events if isinstance(event, FunctionReturned)], server.requests, texts


def test_a_typed_function_becomes_a_function_of_the_model(folder: Path, make_session: Any) -> None:
    done, requests, texts = returned(
        make_session,
        [
            calls("tide", port="Veddle", days="3", kind="low", names=["a"]),
            calls("tide", port="Veddle", kind="middle"),
            calls("tide", days=1),
            calls("broken"),
        ],
        window_tokens=16_384,
    )
    tools = {tool["function"]["name"]: tool["function"] for tool in requests[0]["tools"]}
    assert "_hidden" not in tools
    assert tools["tide"]["description"] == "Look up the tide of a port."
    properties = tools["tide"]["parameters"]["properties"]
    assert properties["port"] == {"type": "string", "description": "Name of the port."}
    assert properties["days"] == {"type": "integer", "description": "How many days ahead.", "default": 1}
    assert properties["kind"] == {"type": "string", "enum": ["high", "low"], "default": "high"}
    assert properties["names"] == {"type": "array", "items": {"type": "string"}}
    assert "request_heartbeat" in properties
    assert tools["tide"]["parameters"]["required"] == ["port"]
    assert [item.ok for item in done] == [True, False, False, False, True]
    assert json.loads(texts[0]) == {"port": "Veddle", "days": 3, "kind": "low", "names": ["a"]}
    assert "one of high, low" in texts[1]
    assert "needs port" in texts[2]
    assert texts[3].startswith("KeyError: 'no such port'")


def test_a_slow_function_is_left_and_a_long_result_is_cut(folder: Path, make_session: Any) -> None:
    started = time.monotonic()
    done, _, texts = returned(
        make_session, [calls("slow", seconds=30), calls("long", words=20_000)], function_seconds=2.0, window_tokens=4096
    )
    assert time.monotonic() - started < 25
    assert not done[0].ok
    assert "longer than 2 seconds" in texts[0]
    assert done[1].tokens <= 1024
    assert "of 100,000 characters" in texts[1]


def test_what_cannot_be_used_is_said_and_harms_nothing(folder: Path) -> None:
    (folder / "a_broken.py").write_text("def oops(:\n")
    (folder / "b_exits.py").write_text("raise SystemExit(3)\n")
    (folder / "c_bad.py").write_text(
        'def untyped(x):\n    """Text."""\n'
        "def undocumented(x: int) -> int:\n    return x\n"
        'def variadic(*x: int) -> int:\n    """Text."""\n'
        'def odd(x: dict) -> int:\n    """Text."""\n'
        'def send_message(message: str) -> int:\n    """Ours."""\n'
        'def tide(port: str) -> str:\n    """Second."""\n    return "second"\n'
    )
    found = selection.available(folder.parent)
    own = [item.name for item in found.functions if item.origin != "workbench"]
    assert own == ["tide", "slow", "long", "broken"]
    reasons = {where.split(": ")[-1].split("/")[-1]: reason for where, reason in found.problems}
    assert reasons["a_broken.py"].startswith("SyntaxError")
    assert reasons["b_exits.py"].startswith("SystemExit")
    assert "no type" in reasons["untyped"]
    assert "no docstring" in reasons["undocumented"]
    assert "cannot be given" in reasons["variadic"]
    assert "dict is not a type" in reasons["odd"]
    assert "already" in reasons["send_message"]


def test_entry_points_are_functions_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    point = importlib.metadata.EntryPoint("knots", f"{__name__}:knots", custom.GROUP)
    kept = importlib.metadata.entry_points
    monkeypatch.setattr(
        importlib.metadata,
        "entry_points",
        lambda **k: [point] if k.get("group") == custom.GROUP else kept(**k),
    )
    custom._installed.cache_clear()
    found = custom.load(tmp_path)
    custom._installed.cache_clear()
    assert [(item.name, item.origin) for item in found.functions] == [("knots", "entry point knots")]
    assert found.problems == ()


def knots(miles: float) -> float:
    """Miles an hour as knots."""
    return miles * 0.868976


def test_own_functions_make_room_first_in_a_small_window(folder: Path, make_session: Any) -> None:
    session = make_session(window_tokens=2048)
    session.open_agent("small")
    assert {"send_message", "archival_memory_search"} <= session.function_names()
    limit = 2048 // 4
    found = selection.select(selection.available(folder.parent).functions, (), limit, lambda small: "word " * 100)
    assert found.left_out
    assert set(found.left_out) <= {"tide", "slow", "long", "broken"}


def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, *words: str) -> tuple[int, str]:
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    code = main.main(list(words))
    return code, capsys.readouterr().out


def test_the_command_lists_and_switches(
    folder: Path, home: Path, make_session: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    session = make_session()
    session.open_agent("tester")
    session.close()
    code, out = run(home, monkeypatch, capsys, "functions")
    assert code == 0
    assert "tide: Look up the tide of a port.  [" in out
    assert out.startswith("send_message: ")
    code, out = run(home, monkeypatch, capsys, "functions", "--agent", "tester", "--off", "tide", "--json")
    rows = {row["name"]: row for row in json.loads(out.splitlines()[-1])["functions"]}
    assert (rows["tide"]["on"], rows["tide"]["offered"], rows["slow"]["offered"]) == (False, False, True)
    again = make_session()
    again.open_agent("tester")
    assert "tide" not in again.function_names()
    again.close()
    run(home, monkeypatch, capsys, "functions", "--agent", "tester", "--on", "tide")
    assert "tide" in _names(make_session)
    assert run(home, monkeypatch, capsys, "functions", "--agent", "tester", "--off", "send_message")[0] == 2
    assert run(home, monkeypatch, capsys, "functions", "--off", "tide")[0] == 2


def _names(make_session: Any) -> set[str]:
    session = make_session()
    session.open_agent("tester")
    names = set(session.function_names())
    session.close()
    return names
