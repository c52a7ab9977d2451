"""From a PDF's own page labels and outline to what a person reads under an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.scripted import Scripted, using
from workbench.api.events import AnswerDone
from workbench.api.rendering import markdown_lines
from workbench.cli import text_output
from workbench.models.base import ModelRequest

SAMPLE = Path(__file__).parents[3] / "sample_docs" / "harbour-survey.pdf"
QUOTE = "The following lights were verified"


def test_a_citation_of_an_appendix_names_heading_label_and_pdf_page(make_session: Any) -> None:
    def plan(request: ModelRequest, number: int) -> Any:
        if number == 0:
            return "archival_memory_search", {"query": f'"{QUOTE}"', "request_heartbeat": True}
        result = next(str(item["content"]) for item in request.messages if item["role"] == "tool")
        handle = result[: result.index(QUOTE)].rpartition("#")[2].split()[0]
        return "send_message", {"message": f'As the survey says, "{QUOTE}" [#{handle}].'}

    with using(Scripted(plan)):
        session = make_session(model="gpt-4o", read_ahead=False)
        session.open_agent("asker")
        list(session.load([SAMPLE]))
        (answer,) = [event for event in session.submit("Which lights?") if isinstance(event, AnswerDone)]
    (citation,) = answer.citations
    assert citation.where == "harbour-survey.pdf, Table of Lights, p. A-1 (PDF page 8)"
    assert any(citation.where in line for line in (text_output.event_line(answer) or "").split("\n"))
    assert any(citation.where in line for line in markdown_lines("asker", [answer]))
