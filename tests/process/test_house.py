"""The house: what importing costs, that the README tells the truth, and that every command helps without loading anything heavy."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from workbench.cli import main as cli
from workbench.core import paths
from workbench.core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {
    "textual", "torch", "sentence_transformers", "openai", "duckdb", "faiss", "numpy", "pypdf", "pypdfium2",
    "tantivy", "openvino", "pyarrow", "tokenizers", "transformers",
}  # fmt: skip


def loaded_by(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after running `code`."""
    script = f"import sys\n{code}\nprint(' '.join(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "module",
    [
        "cli.main",
        "cli.commands",
        "services.session",
        "api.events",
        "core.settings",
        "core.tokens",
        "api.session",
        "cli.text_output",
    ],
)
def test_importing_loads_nothing_heavy(module: str) -> None:
    assert not loaded_by(f"import workbench.{module}") & HEAVY


def test_help_of_every_command_loads_nothing_heavy() -> None:
    code = (
        "import contextlib, workbench.cli.main\n"
        f"for name in {sorted(cli.COMMANDS)}:\n"
        "    with contextlib.suppress(SystemExit):\n"
        "        workbench.cli.main.main([name, '--help'])"
    )
    assert not loaded_by(code) & HEAVY


def test_importing_the_screen_loads_neither_the_store_nor_a_model() -> None:
    assert not loaded_by("import workbench.tui.app") & (HEAVY - {"textual"})


def test_readme_commands_are_commands(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    used = set(re.findall(r"(?:bin/|^    )workbench (?:--\w+ \S+ )?([a-z]+)\b", text, flags=re.MULTILINE)) - {"sample"}
    assert used
    assert used <= set(cli.COMMANDS) | {"sample_docs"}
    for words in [["--help"], *([name, "--help"] for name in cli.COMMANDS)]:
        with pytest.raises(SystemExit):
            cli.main(words)
    shown = capsys.readouterr().out
    for flag in set(re.findall(r"workbench[^\n`]*?(--[a-z-]+)", text)):
        assert flag in shown, flag


def test_the_test_command_of_the_readme_is_what_ci_runs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"<!-- tests -->\n\n    (.+pytest.*)\n", readme)
    assert "README.md" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_every_setting_has_its_docstring() -> None:
    tree = ast.parse((ROOT / "workbench" / "core" / "settings.py").read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings")
    fields = [node for node in body if isinstance(node, ast.AnnAssign)]
    assert len(fields) == len(Settings.__dataclass_fields__)
    for field in fields:
        after = body[body.index(field) + 1]
        assert isinstance(after, ast.Expr), ast.unparse(field)
        assert isinstance(after.value, ast.Constant), ast.unparse(field)


def test_every_module_says_what_it_is() -> None:
    for file in [*ROOT.glob("workbench/**/*.py"), *ROOT.glob("loaders/**/*.py")]:
        text = file.read_text(encoding="utf-8")
        assert not text.strip() or ast.get_docstring(ast.parse(text)), file


def test_samples_are_found() -> None:
    assert (paths.samples() / "questions.json").is_file()


def run_cli(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    import os

    environment = {**os.environ, "WORKBENCH_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-m", "workbench", *words], capture_output=True, text=True, cwd=ROOT, env=environment
    )


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["no/such/file"], 2, "There is nothing at"),
        (["ask"], 2, "QUESTION"),
        (["ask", "Who?", "--window", "100"], 2, "2,048"),
        (["ask", "Who?", "--attach", "nowhere"], 2, "There is no source and no path"),
        (["context", "nobody"], 2, "There is no agent named"),
        (["search", "light"], 2, "Nothing is loaded yet"),
        (["load", "no/such/file"], 2, "There is nothing at"),
        (["--nonsense"], 2, "--help"),
        (["sources"], 0, ""),
        (["agents", "--json"], 0, ""),
    ],
)
def test_bad_input_gets_one_sentence_and_its_exit_code(words: list[str], code: int, says: str, tmp_path: Path) -> None:
    done = run_cli(*words, home=tmp_path)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == (1 if code else 0)


@pytest.mark.nightly
def test_a_locked_database_names_its_owner(tmp_path: Path) -> None:
    from workbench.storage.database import Database

    database = Database(tmp_path / "data" / "workbench.duckdb")
    try:
        done = run_cli("sources", home=tmp_path)
        assert done.returncode == 1
        assert "Another workbench" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    finally:
        database.close()


def test_a_mistake_in_the_settings_file_names_file_and_nearest_key(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("windw_tokens = 4096\n", encoding="utf-8")
    done = run_cli("sources", home=tmp_path)
    assert done.returncode == 2
    assert "config.toml" in done.stderr
    assert "window_tokens" in done.stderr


def test_the_versions_of_the_gate_are_listed_with_their_licences_and_fit_the_project() -> None:
    """`.ci/constraints.py` writes the list; the engines that benchmarks compare and other embedding models are not installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = [
        *project["dependencies"],
        *(line for name in extras.keys() - {"bench", "embedding-models"} for line in extras[name]),
    ]
    listed = {}
    for line in (ROOT / ".ci" / "constraints.txt").read_text().splitlines()[1:]:
        pinned, _, licence = line.partition("  # ")
        assert licence.strip(), line
        name, _, version = pinned.partition("==")
        listed[canonicalize_name(name)] = version
    for requirement in map(Requirement, asked):
        name = canonicalize_name(requirement.name)
        if name != "memgpt-workbench":
            assert listed.get(name), f"{name}: run .ci/constraints.py again"
            assert requirement.specifier.contains(listed[name], prereleases=True), name
