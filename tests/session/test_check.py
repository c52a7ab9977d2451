"""`workbench check`: a report of every sentence, an exit code for CI, and a run that goes on where it was ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import Run
from workbench.services.check import SourceComparer

SOURCE = "The mill was built in 1874 by Otto Brandt.\n\nIt had 14 looms and burned on 3 August 1902.\n"
TEXT = "# The mill\n\nThe mill was built in 1874 by Otto Brandt. It burned on 3 August 1903. The owner kept bees and sold honey.\n"


@pytest.fixture
def text(run: Run, tmp_path: Path) -> Path:
    (tmp_path / "mill.md").write_text(SOURCE, encoding="utf-8")
    run("load", str(tmp_path / "mill.md"), "--source", "mill")
    file = tmp_path / "own.md"
    file.write_text(TEXT, encoding="utf-8")
    return file


def test_each_sentence_gets_its_state_and_its_quote(run: Run, text: Path) -> None:
    code, lines, _ = run("check", str(text), "--source", "mill")
    found = {item["text"]: item for item in lines if item["event"] == "checked"}
    assert [item["state"] for item in found.values()] == ["not a claim", "supported", "contradicted", "not found"]
    changed = found["It burned on 3 August 1903."]
    assert changed["differences"] == [{"kind": "date", "claimed": "3 August 1903", "stated": "3 August 1902"}]
    assert changed["quote"]["document"] == "mill.md"
    assert code == 0
    assert lines[-1]["states"]["contradicted"] == 1


def test_a_state_that_must_not_be_fails_the_command(run: Run, text: Path) -> None:
    assert run("check", str(text), "--source", "mill", "--fail-on", "contradicted")[0] == 1
    text.write_text("The mill was built in 1874 by Otto Brandt.", encoding="utf-8")
    assert run("check", str(text), "--source", "mill", "--fail-on", "contradicted", "--fail-on", "not-found")[0] == 0


def test_what_is_known_is_not_checked_again(run: Run, text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    checked = SourceComparer.checked

    def counted(self: SourceComparer, claim: str, context: str = ""):  # type: ignore[no-untyped-def]
        compared.append(claim)
        if len(compared) == 2:
            raise KeyboardInterrupt
        return checked(self, claim, context)

    monkeypatch.setattr(SourceComparer, "checked", counted)
    run("check", str(text), "--source", "mill")
    code, lines, _ = run("check", str(text), "--source", "mill")
    assert (code, lines[-1]["sentences"]) == (0, 4)
    assert [item[:18] for item in compared] == [
        "The mill was built",
        "It burned on 3 Aug",
        "It burned on 3 Aug",
        "The owner kept bee",
    ]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda file: file.write_bytes(b"\x7fELF\0\1\2" * 500), "cannot be read"),
        (lambda file: file.write_text("\n", encoding="utf-8"), ""),
        (lambda file: None, "There is no file at"),
    ],
)
def test_bad_input_gets_one_sentence(run: Run, text: Path, tmp_path: Path, make, said: str) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "bad.txt"
    make(file)
    code, _, err = run("check", str(file), "--source", "mill")
    assert code == 2
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_a_source_that_is_not_there_is_said(run: Run, text: Path) -> None:
    code, _, err = run("check", str(text), "--source", "nothing")
    assert code == 2
    assert "nothing" in err
    assert len(err.strip().splitlines()) == 1


def test_a_report_about_another_company_contradicts_nothing(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "FERNLOCKER_2022_10K.md").write_text(
        "# Annual report\n\nWe sell shoes in malls and opened 12 stores in 2022.\n", encoding="utf-8"
    )
    (folder / "ALDABEAUTY_2022_10K.md").write_text(
        "# Annual report\n\nAlda Beauty reported net sales of 10,209 million dollars for fiscal 2022.\n",
        encoding="utf-8",
    )
    run("load", str(folder), "--source", "reports")
    file = tmp_path / "own.md"

    def states(text: str) -> list[str]:
        file.write_text(text, encoding="utf-8")
        return [
            item["state"] for item in run("check", str(file), "--source", "reports")[1] if item["event"] == "checked"
        ]

    for name in ("Fern Locker", "Fern Locker Inc"):
        assert states(f"{name} reported net sales of 8,759 million dollars for fiscal 2022.") == ["not found"]
        assert states(f"{name} reported net sales of 10,209 million dollars for fiscal 2022.") == ["not found"]
    assert states("Alda Beauty reported net sales of 8,759 million dollars for fiscal 2022.") == ["contradicted"]
    # Where no document is about the subject, the name may be what is wrong.
    assert states("Tern Beauty reported net sales of 8,759 million dollars for fiscal 2022.") == ["contradicted"]


def test_the_report_says_what_the_quoted_sentence_does_not_say(run: Run, tmp_path: Path) -> None:
    (tmp_path / "hide.md").write_text("The hide was built in 1987 by Anna Holt at the north shore.\n", encoding="utf-8")
    run("load", str(tmp_path / "hide.md"), "--source", "hide")
    file, report = tmp_path / "own.md", tmp_path / "report.md"
    file.write_text("The wooden hide was built in 1987 by volunteers at the shore.", encoding="utf-8")
    run("check", str(file), "--source", "hide", "--output", str(report))
    written = report.read_text(encoding="utf-8")
    assert "- not said there: " in written
    assert "not in this source" not in written
