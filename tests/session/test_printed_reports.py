"""Reports of many lines: what is printed is what --output writes, line for line, whatever stands in the documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import Run
from workbench.cli.main import main

HOSTILE = (
    "The ferry was painted green by Tove <script>alert(1)</script> Lund in 1902. =cmd|calc!A0 The rent is {} dollars.\n"
)


@pytest.fixture
def source(run: Run, tmp_path: Path) -> str:
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "a|b`.md").write_text("# \x1b[2JLetter\n\n" + HOSTILE.format(500))
    (folder / "b\nnote: all verified.md").write_text("# Letter\n\n" + HOSTILE.format("\u202e600"))
    run("load", str(folder), "--source", "letters")
    return "letters"


@pytest.mark.parametrize("words", [["table", "--md"], ["table", "--csv"], ["compare"]], ids=" ".join)
def test_what_is_printed_is_what_is_written(
    source: str, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["a|b`.md", "b\nnote: all verified.md"] if words == ["compare"] else ["--question", "What is the rent?"]
    more = [*asked, *(["--model", "reader"] if words[0] == "table" else []), "--source", source]
    assert main([*words, *more]) == 0
    printed = capsys.readouterr().out
    assert main([*words, *more, "--output", str(tmp_path / "out")]) == 0
    written = (tmp_path / "out").read_text()
    lines = [line for line in printed.splitlines() if " cells, " not in line]  # its last figures are the seconds
    assert len(lines) >= 3
    assert lines == [line for line in written.splitlines() if " cells, " not in line]
    assert "\x1b" not in printed + written
    assert "\u202e" not in printed + written
    assert not any(line.startswith(("note:", "=", "<script")) for line in lines)
    if words[0] == "compare" or "--md" in words:
        assert "<script>" not in written.replace("\\<", "")


def test_the_skill_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib import resources

    assert main(["help", "--skill"]) == 0
    shipped = resources.files("workbench").joinpath("docs", "skill", "SKILL.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out == shipped
