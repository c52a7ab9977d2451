"""The Python API: what is exported, and its example from loading to a checked answer."""

from __future__ import annotations

import inspect
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import workbench
from workbench.api.events import AnswerDone, StepFinished
from workbench.core.errors import UsageError, WorkError
from workbench.services.python_api import Workbench

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bench(make_session: Any) -> Workbench:
    session = make_session(model="reader")
    session.open_agent("tester")
    return Workbench(session)


def test_what_is_exported() -> None:
    assert set(workbench.__all__) == {"Workbench", "__version__", "open_workbench"}
    public = {name for name, _ in inspect.getmembers(workbench.Workbench) if not name.startswith("_")}
    assert public == {
        "agent", "answer", "ask", "attach", "close", "context", "detach", "documents", "load", "search", "sources", "stop",
    }  # fmt: skip
    for name in public:
        assert inspect.getdoc(getattr(workbench.Workbench, name)), name
    with pytest.raises(AttributeError):
        _ = workbench.no_such_name  # type: ignore[attr-defined]


def test_load_search_ask_and_the_context_of_a_step(bench: Workbench, papers: Path) -> None:
    seen: list[str] = []
    loaded = bench.load(papers, source="papers", progress=lambda event: seen.append(type(event).__name__))
    assert (loaded.documents, loaded.failed) == (12, ())
    assert "Loaded" in seen
    assert [info.name for info in bench.sources()] == ["papers"]
    assert len(bench.documents("papers")) == 12
    page = bench.search("HX-203/7")
    assert (page.total, page.hits[0].document) == (1, "03-dora.md")
    events = list(bench.ask("Who ordered part number HX-203/7?"))
    steps = [event.step for event in events if isinstance(event, StepFinished)]
    answer = next(event for event in events if isinstance(event, AnswerDone))
    assert any(citation.document == "03-dora.md" and citation.verified for citation in answer.citations)
    assert bench.context(steps[0]).used > 0
    assert bench.context(steps[0]).segments


def test_an_answer_alone(bench: Workbench, papers: Path) -> None:
    bench.load(papers)
    answer = bench.answer("Who ordered part number HX-205/7?")
    assert answer.citations
    assert answer.citations[0].document == "05-falk.md"


@pytest.mark.nightly
def test_the_examples_of_the_page_run(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "papers").mkdir()
    shutil.copy(ROOT / "sample_docs" / "keepers-log.txt", tmp_path / "papers")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    text = (ROOT / "workbench" / "docs" / "python.md").read_text(encoding="utf-8")
    examples = re.findall(r"(?:^ {4}.*\n|^\n(?= {4}))+", text, re.MULTILINE)
    names: dict[str, Any] = {}
    for example in examples:
        exec(compile(inspect.cleandoc(example), "python.md", "exec"), names)
    printed = capsys.readouterr().out
    assert len(examples) == 3
    assert "1 documents, 0 not loaded" in printed
    assert "Matthias Quoyle rowed nineteen miles" in printed
    assert "Dr Yevgenia Solt was bitten by the goat Bathsheba" in printed
    assert re.search(r"step \d+ saw [1-9]\d* tokens", printed)
    assert "Nothing answers at http://127.0.0.1:9/v1" in printed


def test_mistakes_are_errors_with_a_hint(bench: Workbench) -> None:
    with pytest.raises(UsageError):
        bench.load()
    with pytest.raises(UsageError):
        bench.answer(" ")


def test_a_server_that_is_not_there_is_one_error(make_session: Any) -> None:
    session = make_session(model="some-model", base_url="http://127.0.0.1:9/v1", request_timeout_seconds=2.0)
    session.open_agent("tester")
    with pytest.raises(WorkError) as raised:
        Workbench(session).answer("Who kept the light?")
    assert raised.value.hint


def test_a_home_is_opened_and_closed(home: Path) -> None:
    with workbench.open_workbench(home, model="reader") as bench:
        assert bench.agent
        assert bench.sources() == []
    with workbench.open_workbench(home, agent="named", model="reader") as bench:
        assert bench.agent == "named"
