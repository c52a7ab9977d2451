"""The state of an answer, and the one repair: citations may be added, the text may not change, and nothing is ever lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import model_scripts
from tests.support.model_replies import Reply, calls, refusal, says
from tests.support.model_server import ModelServer
from workbench.agent.answers.citations import Support, only_adds_citations
from workbench.agent.answers.grounding import grounding
from workbench.api import rendering
from workbench.api.events import AnswerDone, QuoteChecked, Stopped
from workbench.cli import text_output

QUOTE = "Alda Marner kept the harbour light number 0 for 3 years."
SEARCH = calls("archival_memory_search", query="Alda Marner harbour light", request_heartbeat=True)
BARE = "Alda kept the light for three years.\n\nShe handed on the keys in 1900."
CITED = f'Alda kept the light for three years ("{QUOTE}" [#a1]).\n\nShe handed on the keys in 1900.'


def send(text: str) -> Reply:
    return calls("send_message", message=text)


def session_on(server: ModelServer, make_session: Any, papers: Path, **settings: Any) -> Any:
    session = make_session(model="scripted", base_url=server.url, **settings)
    session.open_agent("tester")
    list(session.load([papers]))
    return session


def answers(session: Any, question: str = "How long did Alda keep the light?") -> tuple[list[AnswerDone], list[Any]]:
    events = list(session.submit(question))
    return [event for event in events if isinstance(event, AnswerDone)], events


def asked_again(server: ModelServer) -> list[str]:
    """What the model was told of messages that were sent back."""
    told = []
    for message in server.requests[-1]["messages"]:
        if message["role"] == "tool":
            said = json.loads(message["content"])["message"]
            told += [said] if said.startswith("Not delivered") else []
    return told


def test_citations_that_were_asked_for_are_taken(make_session: Any, papers: Path) -> None:
    with ModelServer([SEARCH, send(BARE), send(CITED)]) as server:
        found, events = answers(session_on(server, make_session, papers))
        assert [answer.text for answer in found] == [CITED]
        assert (found[0].state, found[0].unquoted) == ("partly", (3,))
        assert [citation.quote for citation in found[0].citations] == [QUOTE]
        assert len(server.requests) == 3
        assert len(asked_again(server)) == 1
        assert [event.citation.quote for event in events if isinstance(event, QuoteChecked)] == [QUOTE]


@pytest.mark.parametrize(
    "changed",
    [
        f'Alda kept the light for 3 years ("{QUOTE}" [#a1]).\n\nShe handed on the keys in 1900.',
        f'"{QUOTE}" [#a1]',
        "Not found in the documents.",
        CITED + "\n\nI hope that this helps.",
        CITED.replace("She handed on the keys in 1900.", ""),
    ],
)
def test_a_text_that_changed_does_not_replace_the_first(make_session: Any, papers: Path, changed: str) -> None:
    with ModelServer([SEARCH, send(BARE), send(changed)]) as server:
        session = session_on(server, make_session, papers)
        found, _ = answers(session)
        assert [answer.text for answer in found] == [BARE]
        assert (found[0].state, found[0].unquoted, found[0].citations) == ("not grounded", (1, 3), ())
        assert any("first one stands" in note for note in found[0].notes)
        assert len(server.requests) == 3
        for step, body in zip(session.steps(), server.requests, strict=True):
            assert session.recorded(step).body() == body
        told = session.transcript(1)[0]
        assert "delivered as it was" in told["content"]


def test_the_same_text_again_is_delivered_as_not_grounded(make_session: Any, papers: Path) -> None:
    with ModelServer([SEARCH, send(BARE), send(BARE)]) as server:
        found, _ = answers(session_on(server, make_session, papers))
        assert [(answer.text, answer.state) for answer in found] == [(BARE, "not grounded")]
        assert len(server.requests) == 3


@pytest.mark.parametrize("last", [refusal(400, "no more"), says(""), calls("archival_memory_search", query="the same")])
def test_what_was_sent_back_is_not_lost_when_nothing_comes_again(make_session: Any, papers: Path, last: Reply) -> None:
    script = iter([SEARCH, send(BARE)])
    with ModelServer(lambda body: next(script, last)) as server:
        session = session_on(server, make_session, papers, steps=6)
        found, events = answers(session)
        assert [answer.text for answer in found] == [BARE]
        assert isinstance(events[-1], Stopped)
        assert any("did not come again" in note for note in found[0].notes)


def test_a_plain_text_reply_is_asked_too(make_session: Any, papers: Path) -> None:
    with ModelServer([SEARCH, says(BARE), says(CITED)]) as server:
        found, _ = answers(session_on(server, make_session, papers))
        assert [(answer.text, answer.state) for answer in found] == [(CITED, "partly")]


@pytest.mark.parametrize("settings", [{"repair": False}, {"verify": False}, {"preset": "chat"}])
def test_who_does_not_want_it_gets_the_first_answer(make_session: Any, papers: Path, settings: dict[str, Any]) -> None:
    with ModelServer([SEARCH, send(BARE), send(CITED)]) as server:
        found, _ = answers(session_on(server, make_session, papers, **settings))
        assert [(answer.text, answer.state, answer.unquoted) for answer in found] == [(BARE, "not grounded", (1, 3))]
        assert len(server.requests) == 2


def test_nothing_is_asked_when_nothing_was_read(make_session: Any) -> None:
    with ModelServer([send("Good day to you. How may I help?\n\nI know a lot of things.")]) as server:
        session = make_session(model="scripted", base_url=server.url)
        session.open_agent("tester")
        found, _ = answers(session)
        assert len(server.requests) == 1
        assert (found[0].state, found[0].unquoted, found[0].standing) == ("not grounded", (), "")


@pytest.mark.parametrize(
    ("text", "state", "unquoted", "false"),
    [
        (f'It was long: "{QUOTE}" [#a1]', "grounded", (), 0),
        ('She said "the lamp is blue and cold" [#a1] to them.', "not grounded", (1,), 1),
        (f'"{QUOTE}" [#a1]\n\nShe said "the lamp is blue and cold" [#a1] to them.', "partly", (3,), 1),
        ("Not found in the documents. I looked for a blue lamp.", "not grounded", (), 0),
    ],
)
def test_states_over_the_wire(
    make_session: Any, papers: Path, text: str, state: str, unquoted: tuple[int, ...], false: int
) -> None:
    with ModelServer([SEARCH, send(text), send(text)]) as server:
        session = session_on(server, make_session, papers)
        found, _ = answers(session)
        answer = found[0]
        assert (answer.text, answer.state, answer.unquoted) == (text, state, unquoted)
        assert len(answer.false_quotes) == false
        assert all(citation.verified and "blue" not in citation.quote for citation in answer.citations)
        again = [event for event in session.history() if isinstance(event, AnswerDone)]
        assert (again[0].state, again[0].unquoted, again[0].false_quotes) == (state, unquoted, answer.false_quotes)
        exported = "\n".join(rendering.markdown_lines("tester", session.history()))
        shown = text_output.event_line(answer) or ""
        assert ("1 of 2 quotes verified" in exported) == ("1 of 2 quotes verified" in shown) == (state == "partly")
        verified = "Quotes verified on their pages"
        assert (verified in exported) == (verified in shown) == (state == "grounded")
        assert exported.count("> Rests on no quote:") == len(unquoted) == len(answer.unsupported)
        assert exported.count("> Not found on any page") == false


def test_the_reader_is_never_sent_back_for_citations(make_session: Any, papers: Path) -> None:
    session = make_session()
    session.open_agent("tester")
    list(session.load([papers]))
    found, _ = answers(session, "How long did Alda Marner keep the harbour light?")
    assert len(found) == 1
    assert found[0].state == "grounded"
    assert all(verdict_is_same(session))


def verdict_is_same(session: Any) -> list[bool]:
    from workbench.services import replay

    return [verdict.same for verdict in replay.verify(session)]


def sound(text: str, *quotes: str) -> list[Support]:
    return [Support(text.index(quote), text.index(quote) + len(quote), f"The rent, {quote} a year") for quote in quotes]


@pytest.mark.parametrize(
    ("text", "quotes", "state", "unquoted"),
    [
        ('The rent is 5.\nIt says "five marks" [#a1].', ['"five marks"'], "grounded", ()),
        ('The rent is 5.\n\nIt says "five marks" [#a1].', ['"five marks"'], "partly", (1,)),
        ('The rent is 5.\n\n> "five marks" [#a1]', ['"five marks"'], "grounded", ()),
        ('What I found:\n- the rent, "five marks" [#a1]\n- the term is long', ['"five marks"'], "partly", (3,)),
        ('1. "five marks" [#a1]\n2. "six years" [#a2]', ['"five marks"', '"six years"'], "grounded", ()),
        ('# Rent and term\n\n"five marks" [#a1]\n\nShall I go on?', ['"five marks"'], "grounded", ()),
        ("The rent is five marks.", [], "not grounded", (1,)),
        ("42", [], "not grounded", ()),
        ("灯台は赤い。", [], "not grounded", (1,)),
        ('```\nrent = 5 marks\n```\n"five marks" [#a1]', ['"five marks"'], "grounded", ()),
        ("", [], "not grounded", ()),
    ],
)
def test_lines_that_rest_on_no_quote(text: str, quotes: list[str], state: str, unquoted: tuple[int, ...]) -> None:
    found = grounding(text, sound(text, *quotes), 0, abstains=False)
    assert (found.state, found.unquoted) == (state, unquoted)


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("The rent is 5 marks.", 'The rent is 5 marks ("rent of 5 marks" [#a3]).', True),
        ("The rent is 5 marks.", 'The rent is "5 marks" [#a3].', True),
        ("The rent is 5 marks.", '"The rent is 5 marks." [#a3]', True),
        ("The rent is 5 marks.", "The rent is 5 marks [#a3].", True),
        ("A. B.", 'A "one" [#a1]. B "two" [#a2, #b3].', True),
        ("The rent is 5 marks.", 'The rent is 6 marks ("rent of 5 marks" [#a3]).', False),
        ("The rent is 5 marks.", 'The rent is 5 marks. Sources: "rent of 5 marks" [#a3].', False),
        ("The rent is 5 marks.", 'The rent is 5 marks, "as we all know".', False),
        ("The rent is 5 marks.", '"rent of 5 marks" [#a3]', False),
        ("The rent is not 5 marks.", 'The rent is 5 marks "5 marks" [#a3].', False),
        ('It says "five" [#a1].', 'It says "five" [#a2]. ', True),
        ("Rent\n\nTerm", 'Rent "r" [#a1] Term', True),
    ],
)
def test_what_counts_as_the_same_text(before: str, after: str, same: bool) -> None:
    assert only_adds_citations(before, after) is same


WORDS = st.lists(st.sampled_from("the rent is five marks and no more".split()), min_size=1, max_size=12)


@given(
    WORDS,
    st.lists(st.tuples(st.integers(0, 12), WORDS), max_size=4),
    st.integers(0, 11),
    st.sampled_from(["drop", "swap"]),
)
def test_added_quotes_are_always_taken_and_changed_words_never(
    words: list[str], quotes: list[tuple[int, list[str]]], at: int, change: str
) -> None:
    after = list(words)
    for place, quote in sorted(quotes, reverse=True):
        after.insert(min(place, len(after)), f'"{" ".join(quote)}" [#a{place + 1}]')
    assert only_adds_citations(" ".join(words), " ".join(after))
    changed = list(words)
    if change == "drop":
        changed.pop(at % len(words))
    else:
        changed[at % len(words)] = "other"
    assert not only_adds_citations(" ".join(words), " ".join(changed))


def test_scripts_know_the_first_handle() -> None:
    # The scripts above cite #a1: what a search shows first.
    page = f"Showing 1 of 1 results (page 0/0)\n#a1 | 00-alda.md | document_page 1 | score 0.9\n  {QUOTE}\nNo more results."
    assert model_scripts.hits(page)[0].handle == "#a1"
