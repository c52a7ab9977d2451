"""The documentation: what it names exists, and the pages made from the code are current."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.generated_docs import FOLDER, PAGES
from workbench.cli.commands import COMMANDS
from workbench.core.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = sorted([*FOLDER.rglob("*.md"), ROOT / "README.md"])
COMMAND_LINE = re.compile(
    r"(?:^ {4}(?:.*[|&] )?(?:\S*/)?|`)workbench ((?:--\w+ \S+ )?)([a-z]+)\b([^`\n#|>]*)", re.MULTILINE
)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_pages_made_from_the_code_are_current(name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "run: python -m tests.support.generated_docs"


def flags_of(command: str) -> set[str]:
    parser = argparse.ArgumentParser()
    COMMANDS[command].add_arguments(parser)
    return {flag for action in parser._actions for flag in action.option_strings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_and_settings_that_are_named_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for first, name, rest in COMMAND_LINE.findall(text):
        assert name in COMMANDS
        assert set(re.findall(r"--[a-z][a-z-]+", first + rest)) <= flags_of(name), f"workbench {name}{rest}"
    variables = set(re.findall(r"\bWORKBENCH_([A-Z_]+)\b", text)) - {"HOME"}
    assert {name.lower() for name in variables} <= set(Settings.__dataclass_fields__)


@pytest.mark.parametrize("path", [*DOCUMENTS, ROOT / "CHANGELOG.md"], ids=lambda path: path.name)
def test_modules_and_tests_that_are_named_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = {name.replace(".", "/") for name in re.findall(r"python -m ((?:tests|workbench)\.[\w.]*\w)", text)}
    named |= set(re.findall(r"\btests/[\w/]+(?:\.\w+)?", text))
    for name in named:
        assert (ROOT / name).exists() or (ROOT / f"{name}.py").exists(), name


def test_modules_of_the_architecture_exist() -> None:
    packages = "|".join(sorted(path.name for path in (ROOT / "workbench").iterdir() if path.is_dir()))
    text = (FOLDER / "architecture.md").read_text(encoding="utf-8")
    for name in set(re.findall(rf"`((?:{packages})(?:\.\w+)+)`", text)):
        place, words = ROOT / "workbench", name.split(".")
        while words and (place / words[0]).is_dir():
            place /= words.pop(0)
        if words:
            module = place / f"{words.pop(0)}.py"
            assert module.is_file(), name
            source = module.read_text(encoding="utf-8")
            assert all(re.search(rf"\b{word}\b", source) for word in words), name


def classes() -> set[str]:
    return {
        name
        for path in sources()
        for name in re.findall(r"^class (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }


def sources() -> list[Path]:
    return [path for folder in ("workbench", "loaders") for path in (ROOT / folder).rglob("*.py")]


def test_classes_of_the_architecture_exist() -> None:
    text = (FOLDER / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:[a-z_]+\.)*(_?[A-Z][a-z]\w*)[`.(]", text))
    assert len(named) > 50
    assert named <= classes() | {"Protocol"}


CONCURRENT = {"Thread", "Timer", "ThreadPoolExecutor", "Lock", "RLock", "Condition"}
"""What starts a thread, or is held by one."""


ATTRIBUTE = re.compile(r"self\.(\w+)(?:: [^=\n]+)? = (?:threading|asyncio)\.(?:Lock|RLock|Condition|Event)\(\)")


def test_every_lock_and_flag_is_in_its_row_by_name_and_no_other_is() -> None:
    text = (FOLDER / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (.+?) \| (.+?) \|", text[text.index("## Locks and flags") : text.index("## How to add")], re.MULTILINE
    )
    told: dict[str, set[str]] = {}
    for what, owner in rows:
        for module in re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)[.`]", owner):
            told.setdefault(module, set()).update(re.findall(r"`(\w+)`", what))
    assert len(told) > 30
    for path in sources():
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removeprefix("workbench.")
        source = path.read_text(encoding="utf-8")
        assert set(ATTRIBUTE.findall(source)) <= told.get(module, set()), module
        assert [name for name in told.get(module, ()) if not re.search(rf"\b{name}\b", source)] == [], module


def threads_and_locks(path: Path) -> Iterator[str]:
    """What a module makes of them; flags where they outlive the function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in CONCURRENT:
                yield name
        elif isinstance(node, ast.Assign) and ast.unparse(node.value) == "threading.Event()":
            yield from (target.attr for target in node.targets if isinstance(target, ast.Attribute))


def test_every_thread_lock_and_flag_has_its_row() -> None:
    text = (FOLDER / "architecture.md").read_text(encoding="utf-8")
    tables = text[text.index("## Threads and processes") : text.index("## How to add")]
    missing = {}
    for path in sources():
        made = set(threads_and_locks(path))
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removeprefix("workbench.")
        if made and f"`{module}" not in tables:
            missing[module] = made
    assert not missing, f"architecture.md does not say whose these are: {missing}"


def test_every_page_begins_with_its_title() -> None:
    for path in FOLDER.glob("*.md"):
        assert path.read_text(encoding="utf-8").startswith("# "), path.name


def test_messages_of_the_troubleshooting_page_are_said_by_the_code() -> None:
    page = (FOLDER / "troubleshooting.md").read_text(encoding="utf-8")
    heads = re.findall(r"^\*\*(.+?)\*\*", page, re.MULTILINE | re.DOTALL)
    messages = [message for head in heads for message in re.findall(r'"([^"]+)"', " ".join(head.split()))]
    said = "\n".join(
        node.value
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    assert len(messages) > 8
    for message in messages:
        for part in re.split(r"…|\b[MNKS]\b", message):  # what stands for a name or a number
            assert part.strip(" .,") in said, message
