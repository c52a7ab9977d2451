"""Two versions of a document: what changed is listed with both quotes, and an answer says that another document disagrees."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.commands import Run
from workbench.cli.main import main

OLD = """---
date: 2021-03-01
---

# Supply contract

The supplier Norvik delivers 400 pumps a year to the harbour works at Tamsund.

The contract ends on 30 June 2024. Payment is due within 30 days of delivery.

Disputes are heard by the court of Tamsund.
"""
NEW = OLD.replace("2021-03-01", "2023-09-15").replace("400 pumps", "550 pumps").replace("30 June 2024", "30 June 2027")


@pytest.fixture
def versions(run: Run, tmp_path: Path) -> Run:
    folder = tmp_path / "contract"
    folder.mkdir()
    (folder / "contract-v1.md").write_text(OLD, encoding="utf-8")
    (folder / "contract-v2.md").write_text(NEW, encoding="utf-8")
    (folder / "minutes.md").write_text(
        "# Minutes\n\nThe mayor of Tamsund opened the new harbour works in May.\n", encoding="utf-8"
    )
    run("load", str(folder), "--source", "contract")
    return run


def test_changed_facts_are_listed_with_both_quotes(versions: Run) -> None:
    code, lines, _ = versions("compare", "contract-v1.md", "contract-v2.md")
    found = lines[-1]
    changes = {(one["claimed"], one["stated"]) for fact in found["changed"] for one in fact["differences"]}
    assert code == 0
    assert {("30 June 2024", "30 June 2027")} < changes
    assert len(found["changed"]) >= 2
    assert all(
        fact["first"]["document"].endswith("v1.md") and fact["second"]["document"].endswith("v2.md")
        for fact in found["changed"]
    )
    assert found["same"] >= 2


def test_rows_that_share_words_and_sentences_of_other_things_are_no_changed_facts(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "accounts"
    folder.mkdir()
    (folder / "one.txt").write_text(
        "Accounts\n\nTotal current assets 2,709 2,281\nTotal assets 5,370 4,764\n\nShare purchases of about $900 million\n"
    )
    (folder / "two.txt").write_text(
        "Accounts\n\nTotal assets 17,426 17,003\nTotal liabilities and equity 17,426 17,003\n\n"
        "The firm will spend about $70 million on share purchases next year, as part of the plan of March.\n"
    )
    run("load", str(folder), "--source", "accounts")
    _, lines, _ = run("compare", "one.txt", "two.txt", "--source", "accounts")
    assert [fact["first"]["text"] for fact in lines[-1]["changed"]] == ["Total assets 5,370 4,764"]


def test_a_document_that_is_not_there_is_said(versions: Run) -> None:
    code, _, err = versions("compare", "contract-v1.md", "contract-v3.md")
    assert code == 2
    assert "contract-v3.md" in err


def test_an_answer_says_that_another_document_disagrees(versions: Run) -> None:
    _, lines, _ = versions("ask", "How many pumps does the supplier Norvik deliver a year?", "--attach", "contract")
    answer = lines[-1]
    assert answer["answered"]
    disagreements = [item for item in answer["notes"] if item.startswith("Documents disagree")]
    assert len(disagreements) == 1
    newest, oldest = disagreements[0].index("550 pumps"), disagreements[0].index("400 pumps")
    assert newest < oldest


def test_export_writes_the_bibliography_beside_the_conversation(versions: Run, tmp_path: Path) -> None:
    _, lines, _ = versions("ask", "How many pumps does the supplier Norvik deliver a year?", "--attach", "contract")
    assert lines[-1]["citations"], lines[-1]
    assert main(["export", lines[-1]["agent"], str(tmp_path / "talk.md")]) == 0
    assert "Supply contract" in (tmp_path / "talk.bib").read_text(encoding="utf-8")
    assert "Supply contract" in (tmp_path / "talk.csl.json").read_text(encoding="utf-8")


def test_export_writes_a_page_with_the_pages_that_are_quoted(versions: Run, tmp_path: Path) -> None:
    _, lines, _ = versions("ask", "How many pumps does the supplier Norvik deliver a year?", "--attach", "contract")
    file = tmp_path / "talk.html"
    assert main(["export", lines[-1]["agent"], str(file)]) == 0
    block = re.search(r'id="data">(.*?)</script>', file.read_text(encoding="utf-8"), re.DOTALL)
    assert block
    data = json.loads(block[1])
    assert len(data["steps"]) == lines[-1]["steps"]
    assert all(step["segments"] for step in data["steps"])
    cited = data["talk"][0]["citations"]
    assert [item["where"].split()[1] for item in cited] == [f"{item['document']}" for item in lines[-1]["citations"]]
    assert all(item["quote"] == " ".join(item["page"][1].split()) for item in cited)
