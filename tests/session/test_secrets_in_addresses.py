"""A token in a web address that is loaded stands nowhere afterwards: not in output, in the database, in files or in exports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loaders import fetch
from loaders.document import LoadError
from tests.session.test_echoed_key import everything
from tests.support.commands import Run
from workbench.cli.main import main

TOKEN = "q7Zk-s3cret-93"
ADDRESS = f"https://wiki.example.org/lamp?page=2&token={TOKEN}#top"
SHOWN = "https://wiki.example.org/lamp?page=2&token=***"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was fetched; the server answers where the token is right, and repeats it in its refusal where it is not."""
    asked: list[str] = []

    def fetched(url: str, **_: Any) -> fetch.Fetched:
        asked.append(url)
        if not url.endswith(TOKEN):
            raise LoadError(f"the server answers 401 {url}", "Log in.")
        page = (
            "<html><body><h1>The lamp</h1><p>The Brass Aunt was painted green by Tove Lund in 1902.</p></body></html>"
        )
        return fetch.Fetched(url + "&sig=Ab9", page.encode(), {"content-type": "text/html"})

    monkeypatch.setattr(fetch, "fetch", fetched)
    return asked


def test_it_is_sent_to_its_server_and_stands_nowhere(
    run: Run, site: list[str], home: Path, tmp_path: Path, make_session: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    code, lines, errors = run("load", ADDRESS, "--source", "wiki")
    assert (code, lines[-1]["documents"]) == (0, 1)
    assert site == [ADDRESS.removesuffix("#top")]
    said += [json.dumps(lines), errors]
    code, lines, errors = run("ask", "Who painted the Brass Aunt?", "--attach", ADDRESS, "--agent", "ag")
    assert lines[-1]["citations"][0]["document"] == SHOWN
    said += [json.dumps(lines), errors]
    for words in (
        ["sources"], ["search", "painted"], ["context", "ag"], ["replay", "ag"], ["export", "ag", str(tmp_path / "ag.md")],
        ["export", "ag", str(tmp_path / "ag.agent")], ["export", "ag", str(tmp_path / "ag.html")], ["queue"],
        ["sql", "SELECT * FROM source_documents"],
    ):  # fmt: skip
        code = main(words)
        assert code == 0, words
        said += capsys.readouterr()
    said.append((tmp_path / "ag.html").read_text(encoding="utf-8"))
    code, lines, errors = run("load", ADDRESS.replace(TOKEN, f"{TOKEN}-old"), "--source", "wiki")
    assert (code, lines[-1]["failed"][0]["path"]) == (1, SHOWN)
    said += [json.dumps(lines), errors]
    shown = "\n".join(said)
    assert SHOWN in shown
    assert TOKEN not in shown
    session = make_session()
    kept = everything(session)
    assert SHOWN in kept
    assert TOKEN not in kept
    assert "sig=***" in kept
    loaded = list(session.library.reload("wiki"))[-1]
    assert "needs what stood at token=" in loaded.failed[0].reason
    session.close()
    files = [file for folder in (home, tmp_path) for file in folder.rglob("*") if file.is_file()]
    assert any(file.suffix == ".fetched" for file in files)
    for file in files:
        assert TOKEN.encode() not in file.read_bytes(), file


@pytest.mark.parametrize(
    "address", [f"https://me:{TOKEN}@example.org/a", f"https://{TOKEN}@example.org/a?token={TOKEN}"]
)
def test_what_is_refused_is_told_without_it(run: Run, site: list[str], address: str) -> None:
    code, lines, errors = run("load", address, "--source", "wiki")
    assert code == 2
    assert "https://***@example.org/a" in errors
    assert TOKEN not in errors + json.dumps(lines)
    assert site == []


def test_two_addresses_that_differ_in_secrets_alone_are_not_one_document(run: Run, site: list[str]) -> None:
    code, _, errors = run("load", ADDRESS, ADDRESS.replace(TOKEN, f"other-{TOKEN}"), "--source", "wiki")
    assert code == 2
    assert "named twice, with different secrets" in errors
    assert TOKEN not in errors
