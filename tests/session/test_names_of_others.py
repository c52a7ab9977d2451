"""Names that others chose (of files, sources, columns, models) stay on their line in every command, and secrets stay out of all."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_replies import says
from tests.support.model_server import ModelServer
from workbench.cli.main import main
from workbench.core.sanitize import as_name, is_name, sanitize, unbroken
from workbench.core.secrets import without_password

LINES = "lamp\nFORGED a\u2028FORGED b\x85FORGED c\rFORGED d\x0bFORGED e\u2029FORGED f"
PASSWORD = "hunter2-secret"


@pytest.fixture
def say(home: Path, word_embedder: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """A command in this process: exit code, and all that it printed."""
    monkeypatch.setenv("WORKBENCH_HOME", str(home))

    def call(*words: str | Path) -> tuple[int, str]:
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out + err

    return call


def test_no_name_makes_a_line_of_its_own(say: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / LINES
    folder.mkdir()
    (folder / f"{LINES}.md").write_text("# Lamp\n\nThe lamp was kept for nine years.\n")
    (folder / f"{LINES}.csv").write_text('"lamp\nFORGED",rent\n"x\nFORGED cell",12\n')
    (folder / f"{LINES}.pdf").write_text("no PDF")
    said = [say("load", folder), say("load", folder, "--source", LINES)]
    assert said[1][0] == 2
    name = as_name(LINES)
    with ModelServer(lambda body: says("Nothing."), models=[LINES]) as server:
        said.append(say("ask", "Who kept the lamp?", "--attach", name, "--agent", "ag", "--model", "reader"))
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        commands = [
            ["sources"], ["queue"], ["note", name, LINES], ["note"], ["search", "lamp", "--explain"], ["sweep", "lamp"],
            ["sql", "--tables"], ["sql", "SELECT * FROM source_documents"], ["agents"], ["context", "ag"], ["replay", "ag"],
            ["fork", "ag", "--step", "1", "--as", LINES], ["export", "ag"], ["sources", "rename", name, LINES],
            ["forget", "--source", name, "--dry-run"], ["configure", f"persona={LINES}"], ["list", "sources"],
        ]  # fmt: skip
        said += [say(*words) for words in commands]
    for _, text in said:
        assert not re.search(r"(?m)^FORGED", re.sub("[\r\x0b\x0c\x85\u2028\u2029]", "\n", text)), text


@pytest.mark.parametrize("text", [LINES, "a\x1b[31mb", "a\u202eb", "a\u206ab", "a\u180eb", "a\U0001d173b", "", "  "])
def test_what_is_a_name_and_what_becomes_one(text: str) -> None:
    assert not is_name(text)
    made = as_name(text)
    assert made == "" or is_name(made)
    assert "\n" not in unbroken(text)
    assert unbroken(sanitize(text)) == unbroken(text)


@pytest.mark.parametrize("text", ["lease 2021", "می\u200cخواهم", "灯台", "a-b_c.d (2)"])
def test_ordinary_names_stay_as_they_are(text: str) -> None:
    assert is_name(text)
    assert as_name(text) == text


def test_the_password_of_an_address_is_shown_and_kept_nowhere(
    say: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ModelServer(lambda body: says("Good day.")) as server:
        address = server.url.replace("http://", f"http://me:{PASSWORD}@")
        said = [say("configure", f"base_url={address}")]
        said += [say("ask", "Who?", "--agent", "ag"), say("ask", "And who?", "--agent", "ag"), say("agents")]
        said += [
            say("configure"),
            say("configure", "--json"),
            say("quickstart"),
            say("load", f"{address}/x", "--private"),
        ]
        assert {headers.get("authorization", "") for headers in server.headers if "authorization" in headers}
        assert len(server.requests) >= 2, "the agent asks the server with the password of the settings"
    codes = [code for code, _ in said]
    assert (codes[:6], codes[7]) == ([0] * 6, 2)  # quickstart may find fault with the server of this test
    assert not [text for _, text in said if PASSWORD in text]
    assert not [file for file in home.rglob("*.duckdb*") if PASSWORD.encode() in file.read_bytes()]


def test_only_the_password_is_taken_out() -> None:
    assert without_password("http://me:pw/@host:8000/v1") == "http://me:pw/@host:8000/v1"
    assert without_password("http://me:p:w@host:8000/v1") == "http://me@host:8000/v1"
    assert without_password("http://host:8000/v1/a@b") == "http://host:8000/v1/a@b"
    assert without_password("http://h/v1?api-version=2&Subscription-Key=q1&monkey=3") == (
        "http://h/v1?api-version=2&Subscription-Key=***&monkey=3"
    )
