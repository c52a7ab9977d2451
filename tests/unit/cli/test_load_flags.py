"""What `workbench load` understands: paths, addresses, MemGPT's spellings, and mixtures that make no sense."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from workbench.cli.commands import load
from workbench.core.errors import UsageError


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    load.fill_load(parser)
    return parser.parse_args(words)


def named(*words: str) -> list[str]:
    return load.named(parsed(*words))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_paths_are_absolute_and_addresses_stay(here: Path) -> None:
    assert named("a.pdf", "https://example.org/a?b#c", "~/x") == [
        str(here / "a.pdf"), "https://example.org/a?b#c", str(Path("~/x").expanduser()),
    ]  # fmt: skip


def test_memgpts_spellings(here: Path) -> None:
    assert named("directory", "--input-dir", "docs") == [str(here / "docs")]
    assert named("directory", "--input-files", "a.txt", "b.txt") == [str(here / "a.txt"), str(here / "b.txt")]
    assert named("webpage", "--urls", "https://a.org", "http://b.org") == ["https://a.org", "http://b.org"]
    assert named("./directory") == [str(here / "directory")]
    chosen = parsed("database", "--name", "rents", "--query", "SELECT 1", "--url", "sqlite:///x.db")
    assert (load.named(chosen), chosen.source) == ([f"sqlite:///{here}/x.db"], "rents")
    assert named("database", "--query", "SELECT 1", "--url", "postgresql+psycopg://h/db") == [
        "postgresql+psycopg://h/db"
    ]


@pytest.mark.parametrize(
    "words",
    [
        [], ["directory"], ["webpage", "a.txt"], ["database"], ["database", "--url", "sqlite:///x.db"],
        ["a.txt", "--query", "SELECT 1"],
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told(words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        named(*words)
    assert caught.value.hint


def test_every_choice_reaches_the_load_and_can_go_to_another_process() -> None:
    chosen = parsed("a", "--include", "*.md", "--include", "*.txt", "--exclude", "old/", "--hidden", "--ocr", "never",
                    "--ocr-languages", "deu", "--private")  # fmt: skip
    options = load._options(argparse.Namespace(**json.loads(json.dumps(vars(chosen)))))
    assert (options.include, options.exclude, options.hidden) == (("*.md", "*.txt"), ("old/",), True)
    assert (options.ocr, options.ocr_languages, options.private) == ("never", "deu", True)
