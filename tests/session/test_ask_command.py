"""`ask` without documents says what to do here and leaves nothing behind; a load that brings nothing new is not told."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.support.commands import Run
from workbench.cli.main import main

QUESTION = "How long did Alda Marner keep the harbour light?"


def agents(run: Run) -> list[str]:
    return [row["name"] for row in run("agents")[1][-1]["agents"]]


def refused(run: Run, *words: str) -> str:
    code, _, error = run("ask", QUESTION, *words)
    assert code == 2
    assert error.count("\n") == 1
    assert "/load" not in error
    return error


def test_with_nothing_attached_one_sentence_names_what_can_be(run: Run, papers: Path) -> None:
    assert "workbench load PATH" in refused(run)
    for name in ("a", "b b", "c", "d"):
        run("load", str(papers), "--source", name)
    error = refused(run)
    assert "--attach a, --attach 'b b', --attach c or another of the 4" in error
    assert "--agent" not in error
    assert agents(run) == []
    run("attach", "c", "--agent", "keeper")
    assert "--agent keeper" in refused(run)
    assert "--attach a" in refused(run, "--agent", "new")
    assert agents(run) == ["keeper"]
    run("agents", "create", "bare")
    refused(run, "--agent", "bare")
    assert set(agents(run)) == {"keeper", "bare"}
    assert run("ask", QUESTION, "--agent", "keeper")[0] == 0


def test_a_greeting_notes_and_pasted_text_are_answered_without_a_source(run: Run) -> None:
    assert run("ask", "Hello?")[0] == 0
    said = "Alda Marner kept the harbour light for nineteen years. " + "The sea was calm. " * 3_000
    assert run("ask", f"{said} {QUESTION}", "--agent", "pasted")[0] == 0
    assert run("ask", QUESTION, "--agent", "pasted")[0] == 0


def test_a_question_comes_over_standard_input(run: Run, papers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{QUESTION}\n".encode())))
    code, lines, _ = run("ask", "-", "--attach", str(papers))
    assert code == 0
    assert [row["text"] for row in lines if row["event"] == "question_asked"] == [QUESTION]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\n")))
    code, _, error = run("ask", "-", "--attach", str(papers))
    assert (code, "The question is empty" in error) == (2, True)


def test_a_load_without_news_is_not_told(run: Run, papers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (papers / "torn.docx").write_bytes(b"PK\x03\x04 torn")

    def told() -> list[str]:
        assert main(["ask", QUESTION, "--attach", str(papers)]) == 0
        lines = capsys.readouterr().err.splitlines()
        return lines[: next(at for at, line in enumerate(lines) if line.startswith(">"))]

    first = told()
    assert any(line.startswith("loaded papers: 12 documents") for line in first)
    assert any(line.startswith("not loaded torn.docx") for line in first)
    assert any(line.startswith("attached papers: 12 documents") for line in first)
    assert told() == []
    (papers / "new.txt").write_text("A new lamp was hung in 1931.\n", encoding="utf-8")
    again = told()
    assert any(line.startswith("loaded papers: 1 document") for line in again)
    assert any(line.startswith("attached papers: 13 documents") for line in again)
    (papers / "torn too.docx").write_bytes(b"PK\x03\x04 torn")
    assert any(line.startswith("not loaded torn too.docx") for line in told())
    assert told() == []
