"""Nothing that the agent or the user wrote passes for a document: not over the wire, not in JSON, not in an export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_replies import calls
from tests.support.model_server import ModelServer
from workbench.api import rendering
from workbench.api.events import AnswerDone
from workbench.cli import text_output

FALSE = "Alda Marner stole the crown jewels in the year 1777."


@pytest.mark.parametrize("kind", ["note", "pasted", "conversation"])
def test_quoting_oneself_is_not_verified(make_session: Any, papers: Path, kind: str) -> None:
    read = calls("archival_memory_search", query="crown jewels", request_heartbeat=True)
    script = {
        "note": [calls("archival_memory_insert", content=FALSE, request_heartbeat=True), read],
        "pasted": [read],
        "conversation": [],
    }[kind]
    question = {
        "note": "What did Alda do?",
        "pasted": FALSE + " What of it? " * 4_000,
        "conversation": f"{FALSE} True?",
    }[kind]
    answers = [calls("send_message", message=f'She did it: "{FALSE}" [#a{number}]') for number in (1, 1)]
    with ModelServer([*script, *answers]) as server:
        session = make_session(model="scripted", base_url=server.url, read_ahead=False)
        session.open_agent("tester")
        list(session.load([papers]))
        done = [event for event in session.submit(question) if isinstance(event, AnswerDone)][-1]
        assert done.state == "not grounded"
        assert [(item.verified, item.origin) for item in done.citations] == [(False, kind)]
        shown = text_output.event_line(done) or ""
        exported = "\n".join(rendering.markdown_lines("tester", session.history()))
        for text in (shown, exported):
            assert {
                "note": "from the agent's own note",
                "pasted": "from the text you pasted",
                "conversation": "from the conversation",
            }[kind] in text
            assert "Grounded:" not in text
        again = [event for event in session.history() if isinstance(event, AnswerDone)][-1]
        assert again.citations == done.citations
        assert json.dumps(done.citations[0].origin)
