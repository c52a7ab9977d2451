"""Properties of reading a reply: however it is cut into bytes, events and deltas, the same reply comes out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.model_replies import Reply, events
from workbench.agent.executor import parse_arguments
from workbench.agent.streaming import partial_message
from workbench.models.base import CallDelta, Completion, TextDelta
from workbench.models.openai.content import Content, TextSplitter
from workbench.models.openai.response import ReplyReader
from workbench.models.openai.sse import Broken, Chunk, Done, Event, read_events
from workbench.models.openai.tool_calls import CallMerger

NAMES = st.sampled_from(["send_message", "archival_memory_search", "archival_memory_insert"])
VALUES = st.text(max_size=12) | st.integers() | st.booleans() | st.sampled_from(["{", "}", '"', "\\", "{}", '{"a": {'])
OBJECTS = st.dictionaries(st.text(max_size=5), VALUES | st.dictionaries(st.text(max_size=3), VALUES), max_size=3)
JSON_TEXTS = OBJECTS.map(lambda value: json.dumps(value, ensure_ascii=False))
SAID_TWICE = re.compile(r"(\{.+?)\1", re.DOTALL)


def is_one_object(text: str) -> bool:
    """Whether no cut makes two of it: what begins with the same twice is taken as said again, a second object as another call."""
    try:
        end = json.JSONDecoder().raw_decode(text.lstrip())[1]
    except ValueError:
        return not SAID_TWICE.match(text)
    return not SAID_TWICE.match(text) and not text.lstrip()[end:].lstrip().startswith("{")


ANY_TEXTS = (JSON_TEXTS | st.text(alphabet='{}":, ab\n', max_size=20)).filter(is_one_object)

Given = tuple[str, str, str]
"""A call as the model meant it: id, name, arguments."""


@dataclass(frozen=True)
class Dialect:
    """How a server writes its calls into deltas."""

    index: Literal["own", "zero", "none"]
    ids: Literal["first", "every", "late", "never"]
    names: Literal["first", "every"]

    @property
    def tells_calls_apart(self) -> bool:
        """Whether something in each call's first delta says that it is another call."""
        return self.index == "own" or self.ids in ("first", "every")

    @property
    def may_interleave(self) -> bool:
        """Whether each delta says which call it is of."""
        return self.index == "own" or self.ids == "every"


DIALECTS = st.builds(
    Dialect,
    st.sampled_from(["own", "zero", "none"]),
    st.sampled_from(["first", "every", "late", "never"]),
    st.sampled_from(["first", "every"]),
).filter(lambda dialect: dialect.tells_calls_apart)


def cut(draw: st.DrawFn, text: str) -> list[str]:
    """`text` in pieces, some of them perhaps empty."""
    marks = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    return [text[start:end] for start, end in zip([0, *marks], [*marks, len(text)])]


def entries(draw: st.DrawFn, dialect: Dialect, position: int, call: Given) -> list[dict[str, Any]]:
    """The deltas of one call in a dialect."""
    ident, name, arguments = call
    blank: Any = draw(st.sampled_from([None, ""]))
    made = []
    for number, piece in enumerate(cut(draw, arguments)):
        function = {"name": name if number == 0 or dialect.names == "every" else blank, "arguments": piece or blank}
        entry: dict[str, Any] = {"id": blank, "type": "function", "function": function}
        due = {"first": number == 0, "every": True, "late": number == 1, "never": False}[dialect.ids]
        entry["id"] = ident if due else blank
        if dialect.index != "none":
            entry["index"] = position if dialect.index == "own" else 0
        made.append({key: value for key, value in entry.items() if key != "id" or due or draw(st.booleans())})
    return made


def mixed(draw: st.DrawFn, queues: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The deltas of several calls at once, each call's in order, and the calls begun in order."""
    order = [queue.pop(0) for queue in queues]
    while any(queues):
        order.append(draw(st.sampled_from([queue for queue in queues if queue])).pop(0))
    return order


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[Given], list[list[dict[str, Any]]], Dialect]:
    """Calls, the deltas that a server makes of them, and its dialect."""
    dialect = draw(DIALECTS)
    # Broken arguments may look like two objects; without ids, only the index can then say that they are one call.
    arguments = ANY_TEXTS if dialect.ids in ("first", "every") or dialect.names == "first" else JSON_TEXTS
    count = draw(st.integers(1, 4))
    calls = [(f"call_{position}", draw(NAMES), draw(arguments)) for position in range(count)]
    queues = [entries(draw, dialect, position, call) for position, call in enumerate(calls)]
    if dialect.may_interleave and draw(st.booleans()):
        flat = mixed(draw, queues)
    else:
        flat = [entry for queue in queues for entry in queue]
    size = draw(st.integers(1, 3))
    return calls, [flat[start : start + size] for start in range(0, len(flat), size)], dialect


@given(conversations())
def test_calls_are_the_same_however_they_are_cut(case: tuple[list[Given], list[list[dict[str, Any]]], Dialect]) -> None:
    calls, deltas, dialect = case
    merger = CallMerger()
    added = [delta for entry in deltas for delta in merger.feed(entry)]
    merged = merger.calls("seed")
    assert [(call.name, call.arguments) for call in merged] == [
        (name, arguments if arguments.strip() else "{}") for _, name, arguments in calls
    ]
    assert len({call.id for call in merged}) == len(calls)
    if dialect.ids in ("first", "every"):
        assert [call.id for call in merged] == [ident for ident, _, _ in calls]
    for position, (_, name, arguments) in enumerate(calls):
        mine = [delta for delta in added if isinstance(delta, CallDelta) and delta.index == position]
        assert "".join(delta.arguments for delta in mine) == arguments
        assert {delta.name for delta in mine} == {name}


@given(st.lists(st.tuples(NAMES, OBJECTS), min_size=1, max_size=4), st.booleans(), st.booleans())
def test_whole_calls_without_ids_stay_apart(written: list[tuple[str, Any]], as_object: bool, indexed: bool) -> None:
    merger = CallMerger()
    for name, arguments in written:
        value = arguments if as_object else json.dumps(arguments, ensure_ascii=False)
        entry: dict[str, Any] = {"function": {"name": name, "arguments": value}}
        merger.feed([{"index": 0, **entry} if indexed else entry])
    merged = merger.calls("seed")
    assert [(call.name, json.loads(call.arguments)) for call in merged] == written
    assert len({call.id for call in merged}) == len(written)


@given(st.lists(st.sampled_from(["{}", "", None, '{"a": 1}']), min_size=2, max_size=5), st.sampled_from([0, None]))
def test_another_name_is_another_call_even_without_ids_and_arguments(arguments: list[Any], index: Any) -> None:
    merger = CallMerger()
    for number, value in enumerate(arguments):
        merger.feed([{"index": index, "function": {"name": f"function_{number}", "arguments": value}}])
    merged = [(call.name, call.arguments) for call in merger.calls("seed")]
    assert merged == [(f"function_{number}", value or "{}") for number, value in enumerate(arguments)]


@given(st.text(min_size=1, max_size=60), st.integers(1, 3))
def test_ids_are_unique_short_and_the_same_every_time(ident: str, count: int) -> None:
    made = []
    for _ in range(2):
        merger = CallMerger()
        merger.feed([{"index": n, "id": ident, "function": {"name": "f", "arguments": "{}"}} for n in range(count)])
        made.append([call.id for call in merger.calls("seed")])
    assert made[0] == made[1]
    assert len(set(made[0])) == count
    assert all(0 < len(one) <= 40 for one in made[0])


TEXTS = st.lists(
    st.sampled_from(
        ["<tool_call>", "</tool_call>", "<think>", "</think>", "text ", "\n", "<", "tool_call>", "{", "}", "é "]
        + ['{"name": "search", "arguments": {"a": 1}}', '{"name": "other", "arguments": {}}', '{"name": "search", "arg']
    ),
    max_size=8,
).map("".join)


def split(pieces: Iterable[str], functions: Sequence[str]) -> tuple[str, Content]:
    splitter = TextSplitter(functions)
    shown = [delta for piece in pieces for delta in splitter.feed(piece)]
    held, content = splitter.finish()
    return "".join(delta.text for delta in [*shown, *held] if isinstance(delta, TextDelta)), content


@given(TEXTS, st.data(), st.sampled_from([("search",), ()]))
@example("<think>a</think>\n\n<tool_call>{}", None, ("search",))
@example('}<tool_call>{"name": "search", "arguments": {"a": 1}}', None, ("search",))
def test_text_is_the_same_however_it_is_cut(text: str, data: Any, functions: Sequence[str]) -> None:
    pieces = list(text) if data is None else data.draw(st.composite(cut)(text))
    shown, content = split(pieces, functions)
    assert content == split([text], functions)[1]
    if not content.calls and "think>" not in text and text.strip():
        assert (shown, content.text, content.reasoning) == (text, text, "")
    if not functions:
        assert not content.calls
    if content.calls:
        # A call is all that was said.
        assert content.text == ""
        assert shown.strip() in ("", *text.split("</think>")[:-1], text.split("</think>")[0].strip())


LINES = st.sampled_from(
    [
        'data: {"a": "é世"}',
        'data:{"b": 1}',
        "data: [DONE]",
        ": comment",
        "event: ping",
        "",
        "data: {broken",
        "id: 7",
        "data:",
    ]
)


@given(st.lists(LINES, max_size=8), st.sampled_from(["\n", "\r\n"]), st.data())
def test_events_are_the_same_however_the_bytes_are_cut(lines: list[str], end: str, data: Any) -> None:
    raw = end.join([*lines, ""]).encode()
    marks = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=10)))
    pieces = [raw[start:stop] for start, stop in zip([0, *marks], [*marks, len(raw)])]
    found = list(read_events(pieces))
    assert found == list(read_events([raw]))
    if "data: {broken" not in lines:
        wanted = {'data: {"a": "é世"}': Chunk({"a": "é世"}), 'data:{"b": 1}': Chunk({"b": 1}), "data: [DONE]": Done()}
        assert found == [wanted[line] for line in lines if line in wanted]
    assert any(isinstance(event, Broken) for event in found) or "data: {broken" not in lines


REPLIES = st.builds(
    Reply,
    content=st.text(alphabet="ab <>{}/世\n", max_size=30),
    calls=st.lists(st.tuples(NAMES, OBJECTS), max_size=3),
    reasoning=st.text(max_size=20),
    usage=st.sampled_from([None, {"prompt_tokens": 5, "completion_tokens": 3}]),
    usage_in=st.sampled_from(["own_chunk", "finish", "after_finish"]),
    done=st.booleans(),
    chunk_chars=st.integers(1, 40),
    call_deltas=st.sampled_from(["pieces", "whole", "repeated", "index0", "no_ids", "dict"]),
    nulls=st.booleans(),
    reasoning_key=st.sampled_from(["reasoning_content", "reasoning"]),
)


def read(stream: Iterable[Event]) -> tuple[list[Any], Completion]:
    tools = [
        {"function": {"name": name}} for name in ("send_message", "archival_memory_search", "archival_memory_insert")
    ]
    reader = ReplyReader({"messages": [{"role": "user", "content": "x"}], "tools": tools})
    deltas = [delta for event in stream for delta in reader.feed(event)]
    return [*deltas, *reader.end()], reader.completion()


@given(REPLIES, st.integers(1, 200))
def test_a_reply_is_read_as_it_was_meant_in_every_servers_shape(reply: Reply, size: int) -> None:
    usage = reply.usage if isinstance(reply.usage, dict) else None
    raw = "".join(events(reply, "m", 1, usage)).encode()
    deltas, completion = read(read_events(raw[start : start + size] for start in range(0, len(raw), size)))
    assert completion.content == (reply.content if reply.content.strip() else "")
    assert completion.content == "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))
    assert completion.reasoning == reply.reasoning
    assert [(call.name, json.loads(call.arguments)) for call in completion.calls] == list(reply.calls)
    assert completion.finish_reason == ("tool_calls" if reply.calls else "stop")
    assert (completion.usage is not None) == (usage is not None)


def test_a_character_cut_in_two_is_whole_and_half_a_one_can_be_stored() -> None:
    first = r'{"choices": [{"delta": {"content": "a \ud83d", "reasoning": "\ud83d"}}]}'
    second = (
        r'{"choices": [{"delta": {"content": "\ude0a b \udc00", "tool_calls": [{"index": 0, "id": "1", "function": '
        r'{"name": "n", "arguments": "{\"query\": \"\ud83d\ude0a \\ud800\"}"}}]}, "finish_reason": "tool_calls"}]}'
    )
    reader = ReplyReader({"messages": [{}], "tools": []})
    deltas = [delta for event in (first, second) for delta in reader.feed(Chunk(json.loads(event)))]
    deltas += reader.end()
    reply = reader.completion()
    assert reply.content == "a 😊 b \ufffd" == "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))
    assert parse_arguments(reply.calls[0].arguments) == {"query": "😊 \ufffd"}
    assert partial_message('{"message": "x \ud83d') == "x "
    assert partial_message('{"message": "x \ud83d\ude0a \\udc00y') == "x 😊 \ufffdy"
