"""The sample documents are what their sources say, and every gold sentence stands on one page."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


def load(name: str):
    spec = importlib.util.spec_from_file_location(f"samples_{name}", HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_questions_agree_with_the_documents():
    build = load("build_questions")
    texts = build.pages()
    for path, entries in (
        (build.SAMPLES / "questions.json", build.PUBLISHED),
        (HERE / "more_questions.json", build.HELD_OUT),
    ):
        assert json.loads(path.read_text(encoding="utf-8"))["questions"] == build.resolve(entries, texts)


def test_kinds_of_questions():
    hops = [len(gold) for *_, gold in load("build_questions").PUBLISHED]
    assert {n: hops.count(n) for n in set(hops)} == {2: 10, 3: 5, 1: 3, 0: 2}


def test_pdfs_rebuild_to_the_same_pages(tmp_path):
    pytest.importorskip("reportlab")
    pdfium = pytest.importorskip("pypdfium2")
    build = load("build_pdfs")

    def content(path):
        with pdfium.PdfDocument(path) as pdf:
            return [(pdf.get_page_label(n), pdf[n].get_textpage().get_text_range()) for n in range(len(pdf))]

    sources = sorted(HERE.glob("*.md"))
    assert len(sources) == 5
    for source in sources:
        target = tmp_path / f"{source.stem}.pdf"
        build.build(source, target)
        assert content(target) == content(build.SAMPLES / target.name)
        assert content(target)[0][0] == "i"
