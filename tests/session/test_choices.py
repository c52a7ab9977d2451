"""Which agent, which source, whose settings: what a person most likely means is what happens, and what failed leaves nothing behind."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Run
from tests.support.model_replies import Reply, refusal, says
from tests.support.model_server import ModelServer
from workbench.cli.main import main
from workbench.core.settings import Settings
from workbench.text.typos import is_slip


def agents(run: Run) -> list[str]:
    return sorted(row["name"] for row in run("agents")[1][-1]["agents"])


def sources(run: Run) -> list[str]:
    return sorted(row["name"] for row in run("sources")[1][-1]["sources"])


@pytest.mark.parametrize(
    ("typed", "known", "slip"),
    [
        ("lesae", "lease", True), ("leas", "lease", True), ("Lease", "lease", True), ("lease-adit", "lease-audit", True),
        ("agent-1", "agent-2", False), ("agent-a", "agent-b", False), ("a", "b", False), ("one", "two", False),
        ("lease-2", "lease", False), ("audit", "lease", False), ("lease", "lease", False), ("läase", "lease", True),
    ],
)  # fmt: skip
def test_what_is_a_slip(typed: str, known: str, slip: bool) -> None:
    assert is_slip(typed, known) is slip


def test_a_slip_in_an_agents_name_attaches_nothing_unless_it_is_meant(run: Run, papers: Path) -> None:
    run("load", str(papers), "--source", "papers")
    assert run("attach", "papers", "--agent", "lease")[0] == 0
    code, _, error = run("attach", "papers", "--agent", "lesae")
    assert code == 2
    assert "Did you mean lease? Add --new" in error
    assert agents(run) == ["lease"]
    assert run("attach", "papers", "--agent", "lesae", "--new")[0] == 0
    assert run("attach", "papers", "--agent", "lease-2")[0] == 0
    assert agents(run) == ["lease", "lease-2", "lesae"]
    assert "Did you mean" in run("detach", "papers", "--agent", "laese")[2]


def test_what_is_attached_to_nothing_makes_no_agent(run: Run) -> None:
    assert run("attach", "nowhere", "--agent", "fresh")[0] == 2
    assert agents(run) == []


def test_every_event_of_an_attachment_names_its_agent(run: Run, papers: Path) -> None:
    run("load", str(papers), "--source", "papers")
    for command in ("attach", "attach", "detach"):
        (event,) = run(command, "papers", "--agent", "a")[1]
        assert event["agent"] == "a", command


def test_every_event_of_an_answer_names_its_agent(run: Run, papers: Path) -> None:
    lines = run("ask", "Who kept the harbour light?", "--attach", str(papers), "--agent", "keeper")[1]
    assert {line["agent"] for line in lines} == {"keeper"}
    waiting = [line for line in lines if line["event"] == "waiting"]
    assert {line["what"] for line in waiting} >= {"archive", "model"}


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("refuses", "words"),
    [
        (None, ("--model", "gpt-4o")),
        (refusal(404, "The model does not exist"), ()),
        (refusal(401, "Incorrect API key provided"), ()),
        (Reply(content="<html>Not a model</html>", status=502), ()),
    ],
)
@pytest.mark.parametrize("named", [(), pytest.param(("--agent", "fresh"), marks=pytest.mark.nightly)])
def test_a_refused_model_leaves_no_agent_behind(
    run: Run, papers: Path, refuses: Reply | None, words: tuple[str, ...], named: tuple[str, ...]
) -> None:
    with ModelServer(lambda body: refuses or says("never")) as server:
        given = words or ("--model", "nosuch", "--model-endpoint", server.url)
        code, lines, error = run("ask", "Who?", "--attach", str(papers), *given, *named)
    assert code == 1
    assert error.count("\n") == 1
    assert agents(run) == []
    if lines:
        assert lines[-1]["event"] == "answer"
        assert lines[-1]["agent"] == ""


def test_an_agent_that_was_there_outlives_a_refused_model(run: Run) -> None:
    run("agents", "create", "kept")
    with ModelServer([refusal(404, "no such model")]) as server:
        assert run("ask", "Who?", "--agent", "kept", "--model", "nosuch", "--model-endpoint", server.url)[0] == 1
    assert agents(run) == ["kept"]


def test_a_folder_that_is_loaded_under_a_name_is_no_second_source(run: Run, papers: Path, tmp_path: Path) -> None:
    run("load", str(papers), "--source", "letters")
    code, lines, _ = run("load", str(papers))
    assert code == 0
    assert lines[-1]["sources"] == ["letters"]
    run("ask", "Who kept the light?", "--attach", str(papers))
    assert sources(run) == ["letters"]
    # Other rules, or a folder that is only a part of the source, are another source.
    assert run("load", str(papers), "--exclude", "*.txt")[1][-1]["sources"] == ["papers"]
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.md").write_text("# A\n\nSomething else.\n", encoding="utf-8")
    third = tmp_path / "third"
    third.mkdir()
    (third / "b.md").write_text("# B\n\nSomething more.\n", encoding="utf-8")
    run("load", str(other), str(third), "--source", "both")
    assert run("load", str(other))[1][-1]["sources"] == ["other"]


def test_what_configure_prints_is_a_settings_file(
    run: Run, home: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("configure", 'model=a "quoted" name', "ascii=true", "price_in=0.15", "api_key=secret-1")
    assert main(["configure"]) == 0
    said = capsys.readouterr().out
    shown = tomllib.loads(said)
    assert "secret-1" not in said
    assert "api_key" not in shown
    assert shown["model"] == 'a "quoted" name'
    assert shown["ascii"] is True
    assert Settings(**shown).price_in == 0.15


def test_an_agent_keeps_its_model_unless_the_run_says_otherwise(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def model_of(agent: str, *words: str) -> str:
        with ModelServer(lambda body: says("Yes."), models=("listed",)) as server:
            run("configure", f"base_url={server.url}", "model=of-the-file")
            code, _, error = run("ask", "Hello?", "--agent", agent, *words)
            assert code == 0, error
            return str(server.requests[0]["model"]) if server.requests else "reader"

    assert run("ask", "Hello?", "--agent", "reading", "--model", "reader")[0] == 0
    assert run("agents", "create", "default")[0] == 0
    assert model_of("reading") == "reader"
    assert model_of("default") == "of-the-file"
    assert model_of("reading", "--model", "of-the-flag") == "of-the-flag"
    monkeypatch.setenv("WORKBENCH_MODEL", "of-the-environment")
    assert model_of("reading") == "of-the-environment"
    monkeypatch.setenv("WORKBENCH_MODEL", "of-the-file")
    assert model_of("reading") == "of-the-file"
    monkeypatch.delenv("WORKBENCH_MODEL")
    assert model_of("reading") == "reader"
