"""`workbench table`: known values of generated leases, honest cells, no formula in a spreadsheet, and runs that go on."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.support import generated_leases
from tests.support.commands import Run
from tests.support.desk import Desk
from tests.support.model_replies import Reply, refusal
from tests.support.model_server import ModelServer
from workbench.api import table_text
from workbench.api.question_table import AnswerRow, AnswerTable, Cell, Column, Evidence
from workbench.cli import table_files
from workbench.core.errors import UsageError
from workbench.services.question_table import QuestionTableService, read_columns


@pytest.fixture
def leases(run: Run, tmp_path: Path) -> dict[str, dict[str, str | None]]:
    truth = generated_leases.write(tmp_path / "leases", 4, seed=40)
    run("load", str(tmp_path / "leases"), "--source", "leases")
    (tmp_path / "questions.txt").write_text("\n".join(generated_leases.QUESTIONS), encoding="utf-8")
    return truth


def test_no_cell_of_a_lease_is_wrong_and_most_are_found(run: Run, leases: dict[str, Any], tmp_path: Path) -> None:
    code, lines, _ = run("table", str(tmp_path / "questions.txt"), "--source", "leases")
    cells = [item for item in lines if item["event"] == "cell"]
    found = [item for item in cells if item["state"] == "found"]
    for item in found:
        wanted = leases[item["document"]][item["column"]]
        assert wanted is not None, item
        assert wanted in (item["typed"] or item["value"]), item
        assert item["evidence"][0]["quote"], item
    assert code == 0
    assert len(cells) == 20
    assert len(found) >= 12


def test_a_run_that_was_ended_asks_only_what_is_open(
    run: Run, leases: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []
    read = QuestionTableService._asked

    def counted(
        self: QuestionTableService, source: int, document: int, path: str, column: Column, settings: Any
    ) -> Cell:
        asked.append((path, column.name))
        if len(asked) == 7:
            raise KeyboardInterrupt
        return read(self, source, document, path, column, settings)

    monkeypatch.setattr(QuestionTableService, "_asked", counted)
    questions = str(tmp_path / "questions.txt")
    run("table", questions, "--source", "leases")
    code, lines, _ = run("table", questions, "--source", "leases")
    assert (code, lines[-1]["done"], lines[-1]["total"]) == (0, 20, 20)
    assert len(asked) == 21
    assert len(set(asked)) == 20


def test_a_cell_costs_what_its_steps_cost_and_one_that_failed_is_asked_again(make_session: Any) -> None:
    usage = {"prompt_tokens": 2_000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 1_000}}
    replies: list[Reply] = [
        refusal(401, "Incorrect API key provided."),
        Reply(calls=[("send_message", {"message": 'It had 14 looms. "The mill had 14 looms." [#a1]'})], usage=usage),
    ]
    with ModelServer(replies) as server:
        session = make_session(
            base_url=server.url, model="small-1b", read_ahead=False, verify=False, repair=False,
            price_in=10.0, price_cached=1.0, price_out=20.0,
        )  # fmt: skip
        Desk(session).store("mill.md", ["The mill had 14 looms."])
        tables, columns = session.question_tables, read_columns("Looms | How many looms had the mill? | number")
        assert tables.ask_again(columns, "shelf", "mill.md", "Looms").state == "failed"
        (cell,) = [item for item in tables.run(columns, "shelf") if isinstance(item, Cell)]
        assert cell.state != "failed"
        assert cell.cost == pytest.approx((1_000 * 10 + 1_000 * 1 + 100 * 20) / 1e6)
        assert tables.table(columns, "shelf").cost == pytest.approx(cell.cost)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("Rent | What is the monthly rent? | number", Column("Rent", "What is the monthly rent?", "number")),
        ("When does it begin? [date]", Column("When does it begin?", "When does it begin?", "date")),
        ("Are pets allowed?", Column("Are pets allowed?", "Are pets allowed?", "yes/no")),
        ("Who is the tenant?", Column("Who is the tenant?", "Who is the tenant?", "text")),
        (
            "How long is the notice period?",
            Column("How long is the notice period?", "How long is the notice period?", "number"),
        ),
    ],
)
def test_a_line_of_a_question_file_is_a_column(line: str, wanted: Column) -> None:
    assert read_columns(f"# remark\n\n{line}\n") == (wanted,)


@pytest.mark.parametrize("text", ["", "\n# only a remark\n", "A | B | money"])
def test_a_question_file_that_asks_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_columns(text)


def test_bad_input_gets_one_sentence(run: Run, leases: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    (tmp_path / "binary.txt").write_bytes(b"\x7fELF\0\1" * 50)
    (tmp_path / "long.txt").write_text("What is the rent?\n" * 60_000, encoding="utf-8")
    for words in (
        ("empty.txt", "leases"),
        ("binary.txt", "leases"),
        ("long.txt", "leases"),
        ("none.txt", "leases"),
        ("questions.txt", "nowhere"),
    ):
        code, _, err = run("table", str(tmp_path / words[0]), "--source", words[1])
        assert code == 2
        assert len(err.strip().splitlines()) == 1
    assert "longer than" in run("table", str(tmp_path / "long.txt"), "--source", "leases")[2]


def test_a_file_that_cannot_be_written_is_said_before_the_run(run: Run, leases: dict[str, Any], tmp_path: Path) -> None:
    for flag in ("--xlsx", "--output"):
        code, lines, err = run(
            "table", str(tmp_path / "questions.txt"), "--source", "leases", flag, str(tmp_path / "none" / "t")
        )
        assert (code, lines, len(err.strip().splitlines())) == (2, [], 1)


def test_a_server_that_is_not_there_ends_the_run(run: Run, leases: dict[str, Any], tmp_path: Path) -> None:
    words = ("--source", "leases", "--model", "m", "--model-endpoint", "http://127.0.0.1:9/v1")
    code, lines, _ = run("table", str(tmp_path / "questions.txt"), *words)
    assert code == 1
    assert [item["state"] for item in lines if item["event"] == "cell"] == ["failed"] * 3


HOSTILE = AnswerTable(
    "s", "reader", (Column("=1+1", "What?", "text"), Column("Sum", "How much?", "number")),
    (AnswerRow("@doc.md", (
        Cell("@doc.md", "=1+1", "found", '=HYPERLINK("http://x")', verified=True, evidence=(Evidence("+cmd|' /C calc'!A0", 1),)),
        Cell("@doc.md", "Sum", "found", "-5 euros", "-5", "€", verified=True, evidence=(Evidence("a | b\n-5", 2),)),
    )),), 2, 2, 1.0,
)  # fmt: skip


def test_no_field_is_a_formula(tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(table_text.as_csv(HOSTILE))))
    for row in rows:
        for value in row:
            assert value == "-5" or not value.startswith(("=", "+", "-", "@", "\t", "\r")), value
    table_files.write_workbook(tmp_path / "t.xlsx", HOSTILE)
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    kinds = {cell.data_type for sheet in book for row in sheet for cell in row if cell.value is not None}
    assert kinds <= {"s", "n"}
    assert book["Answers"]["E2"].value == -5


def test_a_markdown_table_keeps_its_columns() -> None:
    lines = table_text.as_markdown(HOSTILE).splitlines()
    assert all(line.replace("\\|", "").count("|") == 4 for line in lines[:3])


@pytest.mark.parametrize(
    ("question", "wanted"), [("When does the term start?", "2023-10-01"), ("When does the term end?", "2028-09-29")]
)
def test_the_other_end_of_a_period_is_no_answer(question: str, wanted: str) -> None:
    from workbench.agent.answers.typed_answer import read_value

    quote = (
        "With effect from 1 October 2023 the lease begins on that day and is for a fixed term until 29 September 2028."
    )
    value = read_value("date", question, quote)
    assert value is not None
    assert value.value == wanted
