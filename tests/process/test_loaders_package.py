"""A loader of somebody else: a tiny package is built and installed, and `workbench load` reads its files, faults and all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loaders.document import LoadError
from workbench.ingest.reader_client import Reader

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "knot-loader"
version = "1.0"

[project.entry-points."workbench.loaders"]
knots = "knot_loader:LOADER"
absent = "knot_loader:NOTHING"
broken = "knot_loader_that_is_not_there:LOADER"
"""
MODULE = '''
"""Reads .knot files: a title, then pages with labels, divided by lines of dashes."""

import os
import time

from loaders.document import Document, Heading, Page
from loaders.registry import Loader


def load(path):
    text = path.read_text(encoding="utf-8")
    if "crash" in text:
        os._exit(3)
    if "hang" in text:
        time.sleep(600)
    if "fault" in text:
        raise KeyError("a fault of the loader")
    title, *parts = text.split("\\n---\\n")
    pages = []
    for number, part in enumerate(parts, 1):
        label, _, body = part.partition("\\n")
        pages.append(Page(number, label, body, (Heading(1, body.split("\\n")[0], 0),)))
    return Document(title, tuple(pages), "knots", 1, {"kind": "knots"})


LOADER = Loader(name="knots", version=1, suffixes=(".knot",), load=load)
'''


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the package was installed."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    (source / "pyproject.toml").write_text(PROJECT)
    (source / "knot_loader.py").write_text(MODULE)
    command = [
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        "--target",
        str(target),
        str(source),
    ]
    done = subprocess.run([sys.executable, "-m", "pip", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture
def reader(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    inherited = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(installed), inherited])))
    made = Reader()
    yield made
    made.stop()


def knot(folder: Path, text: str) -> Path:
    file = folder / "a.knot"
    file.write_text(text, encoding="utf-8")
    return file


def test_its_files_are_read_with_labels_and_headings(reader: Reader, tmp_path: Path) -> None:
    reading = reader.read(
        knot(tmp_path, "Knots\n---\niv\nBowline\nA loop that holds.\n---\nv\nReef knot\nFor two ropes.")
    )
    document = reading.document
    assert (document.title, document.loader, document.metadata["kind"]) == ("Knots", "knots", "knots")
    assert [(page.number, page.label) for page in document.pages] == [(1, "iv"), (2, "v")]
    assert [passage.heading for passage in reading.passages] == ["Bowline", "Reef knot"]
    (tmp_path / "b.txt").write_text("Ours are read as before.")
    assert reader.read(tmp_path / "b.txt").document.loader == "text"


@pytest.mark.parametrize(("text", "words"), [("fault", "its loader failed"), ("crash", "crashed the reader")])
def test_its_faults_are_rows_and_the_next_file_is_read(reader: Reader, tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(LoadError, match=words):
        reader.read(knot(tmp_path, text))
    assert reader.read(knot(tmp_path, "T\n---\n1\nStill read.")).document.title == "T"


def test_what_it_hangs_in_ends(reader: Reader, tmp_path: Path) -> None:
    reader.read(knot(tmp_path, "T\n---\n1\nThe worker is warm."))
    reader.limit_seconds = 1.0
    with pytest.raises(LoadError, match="more than 1 seconds"):
        reader.read(knot(tmp_path, "hang"))
