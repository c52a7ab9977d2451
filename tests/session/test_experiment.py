"""`workbench eval qa`, `pair`, `make` and `own`, through the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import public_sets
from tests.support.commands import Run
from tests.support.model_replies import Reply, calls
from tests.support.model_scripts import functions_of, hits, last_result, question_of
from tests.support.model_server import ModelServer
from workbench.core.settings import Settings
from workbench.evaluation import experiment
from workbench.evaluation.experiment import Plan, variants_of
from workbench.evaluation.own_corpus import grounded
from workbench.evaluation.tasks import TASKS

SETS: dict[str, Callable[[Path], Path]] = {
    "qa": public_sets.nq,
    "document-qa": public_sets.nq,
    "multi-hop": public_sets.musique,
    "refusal": public_sets.squad,
    "filesystem": public_sets.files,
    "deep-memory-retrieval": public_sets.locomo,
    "conversation-opener": public_sets.locomo,
    "page-citation": lambda folder: public_sets.report_pages(
        folder, Path("sample_docs/harbour-survey.pdf").read_bytes()
    ),
}
"""A set of every task but nested-kv, which has tests of its own."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Eight passages with one question each, in the layout of NQ-open."""
    return public_sets.nq(tmp_path / "set")


def quotes_first(body: Any) -> Reply:
    """Searches for the question and quotes the first hit; knows a builder without functions, and holds every answer right."""
    if not functions_of(body):
        judge = "You judge" in body["messages"][-1]["content"]
        return Reply(content="Verdict: right" if judge else "Jonas Harbourson")
    result = last_result(body)
    if found := hits(result):
        return calls("send_message", message=f'It says "{found[0].sentence()}" [{found[0].handle}]')
    if result:
        return calls("send_message", message="Not found in the documents.")
    asked = json.loads(question_of(body))[0]
    return calls("archival_memory_search", query=asked, request_heartbeat=True)


def table(one: dict[str, Any]) -> dict[str, Any]:
    """The measures of a result but its times."""
    return {name: {key: value for key, value in own.items() if key != "seconds"} for name, own in one["arms"].items()}


@pytest.mark.parametrize(
    "name",
    [name if name == "deep-memory-retrieval" else pytest.param(name, marks=pytest.mark.nightly) for name in SETS],
)
def test_every_task_runs_with_the_reader_and_with_a_model(run: Run, tmp_path: Path, name: str) -> None:
    folder = SETS[name](tmp_path / "set")
    words = ("eval", name, "--data", str(folder), "--limit", "2")
    code, rows, err = run(*words)
    assert code == 0, err
    assert "reader" in rows[-1]["arms"]
    with ModelServer(quotes_first) as server:
        code, rows, err = run(*words, "--model", "scripted", "--model-endpoint", server.url)
    assert code == 0, err
    assert set(rows[-1]["arms"]) == set(TASKS[name].modelled)
    assert not any(row["failed"] for row in rows[:-1]), [row["failed"] for row in rows[:-1]]
    assert all(row["prompt_tokens"] > 0 for row in rows[:-1] if row["arm"] not in ("human", "retrieval"))


def test_a_run_is_resumed_to_the_same_table(run: Run, data: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole.jsonl", tmp_path / "killed.jsonl"
    words = ("eval", "qa", "--data", str(data), "--arms", "reader,retrieval", "--limit", "4", "--seed", "3")
    code, lines, _ = run(*words, "--record", str(whole), "--report", str(tmp_path / "r.html"))
    assert code == 0
    result = lines[-1]
    retrieval = result["arms"]["retrieval"]
    assert (retrieval["contained"], retrieval["refusal_recall"]) == (1, 0)  # it finds what is there, and never refuses
    absent = [row for row in lines[:-1] if row["arm"] == "reader" and not row["answerable"]]
    assert result["arms"]["reader"]["refusal_recall"] == sum(row["refused"] for row in absent) / len(absent)
    assert {row["arm"] for row in lines[:-1]} == {"reader", "retrieval"}
    kept = whole.read_text().splitlines(keepends=True)
    killed.write_text("".join(kept[:4]) + kept[4][:30])  # torn in the fifth line
    _, again, _ = run(*words, "--record", str(killed))
    assert len(again) - 1 == len(kept) - 4
    assert table(again[-1]) == table(result)
    page = (tmp_path / "r.html").read_text()
    assert "<svg" in page
    assert "<script" not in page
    code, _, err = run(*words[:-1], "4", "--record", str(killed))
    assert (code, "another run" in err) == (2, True)
    code, pairs, _ = run("eval", "pair", str(whole), str(killed))
    assert pairs[-1]["arms"]["reader"]["p"] == 1


def test_questions_over_documents_of_ones_own(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number, title in enumerate(public_sets.TITLES):
        (folder / f"{title}.txt").write_text(
            f"An account of the place. In those days the keeper of Elmstead {title} paid {731 + number} crowns for the lease."
        )
    run("load", str(folder), "--source", "own")
    questions = tmp_path / "questions.jsonl"
    code, lines, _ = run("eval", "make", "--source", "own", "--out", str(questions), "--limit", "5")
    assert (code, lines[-1]["questions"]) == (0, 5)
    assert all(json.loads(line)["made_by"] == "rules" for line in questions.read_text().splitlines())
    code, lines, _ = run("eval", "own", str(questions), "--source", "own", "--arms", "retrieval", "--threshold", "0.5")
    assert (code, lines[-1]["metrics"]["right"] >= 0.5) == (0, True)
    code, _, _ = run("eval", "own", str(questions), "--source", "own", "--arms", "retrieval", "--threshold", "1.1")
    assert code == 1


def test_a_model_writes_questions_that_a_page_answers(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for title in ("Harbour", "Mill", "Chapel"):
        (folder / f"{title}.txt").write_text(
            f"An account of the {title}. In those days it was kept by Jonas {title}son, and it rained for most of that summer. "
            * 3
        )
    run("load", str(folder), "--source", "own")

    def writes(body: Any) -> Reply:
        text = body["messages"][-1]["content"]
        if "the Chapel" in text:  # an answer that the page does not give
            return Reply(content='{"question": "Who was the bishop of the Chapel?", "answer": "Ada Nobody"}')
        title = "Mill" if "the Mill" in text else "Harbour"
        return Reply(
            content=f'Here it is: {{"question": "Who kept the {title} in those days?", "answer": "Jonas {title}son"}}'
        )

    questions = tmp_path / "questions.jsonl"
    words = ("eval", "make", "--source", "own", "--out", str(questions))
    with ModelServer(writes) as server:
        to = ("--model", "scripted", "--model-endpoint", server.url)
        assert run(*words, *to, "--limit", "1")[1][-1]["questions"] == 1
        asked = len(server.requests)
        code, lines, err = run(*words, *to)
        assert (code, lines[-1]["questions"], lines[-1]["refused"], len(server.requests) - asked) == (0, 2, 1, 3), err
        assert "questions written" in err
    rows = [json.loads(line) for line in questions.read_text().splitlines()]
    assert {(row["document"], row["page"], row["answers"][0]) for row in rows} == {
        ("Harbour.txt", 1, "Jonas Harbourson"), ("Mill.txt", 1, "Jonas Millson"),
    }  # fmt: skip
    assert {row["made_by"] for row in rows} == {"scripted"}
    code, lines, _ = run("eval", "own", str(questions), "--source", "own", "--arms", "retrieval", "--threshold", "1")
    assert (code, lines[-1]["metrics"]) == (0, {"right": 1, "document_cited": 1, "page_cited": 1})
    with ModelServer(lambda body: Reply(content="I would rather not.")) as server:
        code, _, err = run(*words, "--model", "scripted", "--model-endpoint", server.url)
    assert (code, "rules make questions too" in err) == (2, True)


@pytest.mark.parametrize(
    ("reply", "taken"),
    [
        ('{"question": "Who kept the old mill?", "answer": "Jonas Millson"}', True),
        ('{"question": "Did Jonas Millson keep the mill?", "answer": "Jonas Millson"}', False),
        ('{"question": "Who kept the old mill?", "answer": "Jonas"}', True),
        ('{"question": "Who kept the old mill?", "answer": "Jon"}', False),
        ('{"question": "", "answer": "Jonas Millson"}', False),
        ('{"question": "Who kept the old mill?"}', False),
        ('["Who kept the old mill?"]', False),
        ("", False),
    ],
)
def test_a_question_counts_where_its_answer_stands_on_the_page(reply: str, taken: bool) -> None:
    assert (grounded(reply, "The mill was kept by Jonas Millson.") is not None) == taken


@pytest.mark.nightly
def test_workers_and_another_run_give_the_same_table(run: Run, data: Path, tmp_path: Path) -> None:
    words = ("eval", "document-qa", "--data", str(data), "--arms", "agent", "--limit", "3", "--seed", "2")
    with ModelServer(quotes_first) as server:
        to = ("--model", "scripted", "--model-endpoint", server.url)
        one = run(*words, *to)[1][-1]
        several = run(*words, *to, "--workers", "3")[1][-1]
    assert table(one) == table(several)
    assert one["questions"] == 3


def test_variations_are_arms_of_their_own(run: Run, data: Path) -> None:
    vary = ("--vary", "read_ahead=true,false", "--vary", "documents=1,3")
    with ModelServer(quotes_first) as server:
        to = ("--model", "scripted", "--model-endpoint", server.url)
        code, rows, err = run(
            "eval", "document-qa", "--data", str(data), "--arms", "agent,fixed", "--limit", "1", *vary, *to
        )
    assert code == 0, err
    assert [row["arm"] for row in rows[:-1]] == [
        "agent[read_ahead=true]", "agent[read_ahead=false]", "fixed[read_ahead=true,documents=1]",
        "fixed[read_ahead=true,documents=3]", "fixed[read_ahead=false,documents=1]", "fixed[read_ahead=false,documents=3]",
    ]  # fmt: skip
    by_arm = {row["arm"]: row for row in rows[:-1]}
    assert by_arm["agent[read_ahead=true]"]["steps"] == by_arm["agent[read_ahead=false]"]["steps"] - 1
    assert len(by_arm["fixed[read_ahead=true,documents=3]"]["paged"]) == 3
    arms = rows[-1]["arms"]
    assert [one for one in arms if "gold_cited" in arms[one]] == ["agent[read_ahead=true]", "agent[read_ahead=false]"]


def test_a_run_whose_server_is_gone_ends_and_goes_on(run: Run, data: Path, tmp_path: Path) -> None:
    record = tmp_path / "run.jsonl"
    words = (
        "eval",
        "document-qa",
        "--data",
        str(data),
        "--arms",
        "fixed",
        "--model",
        "scripted",
        "--record",
        str(record),
    )
    with ModelServer(quotes_first) as server:
        port = server.port
        at = ("--model-endpoint", server.url)
        assert run(*words, *at, "--limit", "8")[1][-1]["arms"]["fixed"]["failed"] == 0
    kept = record.read_text().splitlines(keepends=True)
    record.write_text("".join(kept[:3]))
    code, rows, err = run(*words, *at, "--limit", "8")
    assert (code, len(rows)) == (1, 5)
    assert "The last 5 questions failed" in err
    with ModelServer(quotes_first, port=port):
        code, rows, err = run(*words, *at, "--limit", "8")
    assert (code, len(rows)) == (0, 7), err
    assert len(record.read_text().splitlines()) == 9


def test_it_is_told_how_far_a_load_is(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "_SILENT_SECONDS", 0.0)
    code, _, err = run("eval", "document-qa", "--data", str(data), "--arms", "retrieval", "--limit", "1")
    assert code == 0
    assert "loading documents: " in err
    assert " of 8 passages" in err
    assert "0 of 0" not in err
    assert "1 of 1 asked" in err


def test_what_an_arm_settles_can_vary(data: Path) -> None:
    plan = Plan(
        "document-qa", data, ("agent", "reader", "fixed"), (("drive", ("model", "guided")), ("model", ("a", "b")))
    )
    made = {one.name: one for one in variants_of(plan, Settings(model="m"))}
    assert list(made) == [
        "agent[drive=model,model=a]", "agent[drive=model,model=b]", "agent[drive=guided,model=a]", "agent[drive=guided,model=b]",
        "reader", "fixed[model=a]", "fixed[model=b]",
    ]  # fmt: skip
    assert made["agent[drive=guided,model=b]"].varied == {"drive", "model"}
    assert made["fixed[model=b]"].settings.model == "b"


def test_the_judge_counts_and_so_does_what_it_costs(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_PRICE_IN", "1000000")
    words = ("eval", "document-qa", "--data", str(data), "--arms", "fixed", "--limit", "2", "--judge", "judge")
    with ModelServer(quotes_first) as server:
        to = ("--model", "scripted", "--model-endpoint", server.url)
        code, rows, err = run(*words, *to)
        assert code == 0, err
        own = rows[-1]["arms"]["fixed"]
        assert own["judged"] == 1 > own["right"]
        assert own["judge_cost"] == sum(row["judge_cost"] for row in rows[:-1]) > 0
        asked = len(server.requests)
        code, rows, err = run(*words, *to, "--budget", "1")
        assert (code, len(server.requests) - asked) == (2, 2)  # one answer and its verdict
    assert "--budget" in err
    with ModelServer(lambda body: Reply(content="Perhaps.")) as server:
        own = run(*words, "--model", "scripted", "--model-endpoint", server.url)[1][-1]["arms"]["fixed"]
    assert ("judged" in own, own["judge_unclear"]) == (False, 2)


def test_a_conversation_is_found_in_recall(run: Run, tmp_path: Path) -> None:
    def recalls(body: Any) -> Reply:
        result = last_result(body)
        if "kayak" in result:
            return calls("send_message", message="Ada bought a red kayak.")
        return calls("conversation_search", query="bought kayak", request_heartbeat=True)

    folder = public_sets.locomo(tmp_path / "set")
    with ModelServer(recalls) as server:
        code, rows, err = run(
            "eval", "deep-memory-retrieval", "--data", str(folder), "--arms", "agent", "--vary", "memory=recall",
            "--model", "scripted", "--model-endpoint", server.url,
        )  # fmt: skip
    assert code == 0, err
    (row, result) = rows
    assert (row["right"], row["paged"]) == (True, [])
    assert result["arms"]["agent[memory=recall]"]["rouge_l_recall"] == 1
    first = json.dumps(server.requests[0])
    assert "My sister Eve" not in first  # what was said is in recall storage, not in context


def test_the_agent_of_a_question_can_be_opened(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "run.jsonl"
    page = tmp_path / "run.html"
    _, rows, _ = run("eval", "qa", "--data", str(data), "--arms", "reader", "--limit", "1", "--record", str(record),
                     "--report", str(page))  # fmt: skip
    home = json.loads(record.read_text().splitlines()[0])["home"]
    assert f"WORKBENCH_HOME={home} workbench --agent NAME" in page.read_text()
    monkeypatch.setenv("WORKBENCH_HOME", home)
    code, lines, err = run("context", rows[0]["agent"], "--step", "1")
    assert code == 0, err
    assert rows[0]["question"] in json.dumps(lines)


def test_a_report_shows_no_foreign_markup(run: Run, tmp_path: Path) -> None:
    folder = public_sets.nq(tmp_path / "set")
    file = folder / "nq.jsonl"
    file.write_text(file.read_text().replace("Who built", "<script>alert(1)</script> Who built"))
    page = tmp_path / "run.html"
    run("eval", "document-qa", "--data", str(folder), "--arms", "retrieval", "--limit", "1", "--report", str(page))
    text = page.read_text()
    assert "&lt;script&gt;" in text
    assert "<script" not in text
    assert "Theirs: MemGPT" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("qa",), "--data"),
        (("qa", "--data", "/nowhere"), "nowhere"),
        (("qa", "--data", "{data}", "--arms", "magic"), "no arm 'magic'"),
        (("pair", "one"), "two runs"),
        (("pair", "/nowhere/a", "/nowhere/b"), "cannot be read"),
        (("own", "/nowhere/q", "--source", "s"), "cannot be read"),
        (("qa", "--data", "{data}", "--vary", "colour=1,2"), "no setting 'colour'"),
        (("qa", "--data", "{data}", "--vary", "steps=many"), "not a whole number"),
        (("qa", "--data", "{data}", "--vary", "steps"), "names no values"),
        (("qa", "--data", "{data}", "--arms", "fixed"), "needs a language model"),
        (("qa", "--data", "{data}", "--arms", "human"), "what people answered"),
        (("qa", "--data", "{data}", "--report", "run.pdf"), "not written as .pdf"),
        (("qa", "--data", "{data}", "--judge-prompt", "x"), "No model is named to judge"),
        (("multi-hop", "--data", "{data}"), "needs several passages"),
        (("qa", "--data", "{data}", "--record", "{data}/nq.jsonl/run.jsonl"), "cannot be written"),
        (("make",), "a source and a file"),
        (("magic",), "no task 'magic'"),
    ],
)
def test_bad_input_is_one_sentence(run: Run, data: Path, words: tuple[str, ...], says: str) -> None:
    code, _, err = run("eval", *(word.format(data=data) for word in words))
    assert code == 2
    assert says in err
    assert "Traceback" not in err
