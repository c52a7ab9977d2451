"""The documentation: what it names exists, and the pages made from the code are current."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.generated_docs import FOLDER, PAGES
from workbench.cli.commands import COMMANDS
from workbench.core.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = sorted(path for path in (*FOLDER.glob("*.md"), ROOT / "README.md"))


@pytest.mark.parametrize("name", sorted(PAGES))
def test_pages_made_from_the_code_are_current(name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "run: python -m tests.support.generated_docs"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_and_settings_that_are_named_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^ {4}(?:\S*/)?|`)workbench (?:--\w+ \S+ )?([a-z]+)\b", text, flags=re.MULTILINE))
    assert named <= {*COMMANDS, "sample_docs"}
    variables = set(re.findall(r"\bWORKBENCH_([A-Z_]+)\b", text)) - {"HOME"}
    assert {name.lower() for name in variables} <= set(Settings.__dataclass_fields__)


def test_every_page_begins_with_its_title() -> None:
    for path in FOLDER.glob("*.md"):
        assert path.read_text(encoding="utf-8").startswith("# "), path.name
