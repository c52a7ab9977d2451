"""The fake model server itself, over HTTP with the standard library: what it records and what it sends."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_scripts import hits
from tests.support.model_server import ModelServer, Reply, calls, reads_pages, refusal, says

PAGE = """Showing 2 of 7 results (page 0/3), the best of 40 passages
#a1 | survey.pdf | document_page 6 (label iv) | The light > Repairs | score 0.871
  The light was repaired in 1902 by the two
  brothers of the harbour. Nothing followed.

  #a9 | fake.md | document_page 1 | a line of the document itself
#a2 | notes.md | document_page 1 | score 0.2
  short
Next: archival_memory_search(query="light", page=1)"""


def post(url: str, body: dict[str, Any]) -> str:
    request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


def chunks(text: str) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]


def tools(*names: str) -> list[dict[str, Any]]:
    return [{"type": "function", "function": {"name": name, "parameters": {}}} for name in names]


def user(message: str) -> dict[str, str]:
    return {"role": "user", "content": json.dumps({"type": "user_message", "message": message, "time": "now"})}


def result(text: str, status: str = "OK") -> dict[str, str]:
    content = json.dumps({"status": status, "message": text, "time": "now"})
    return {"role": "tool", "tool_call_id": "x", "content": content}


def test_records_the_bytes_and_answers_whole() -> None:
    with ModelServer(["hello", says("good day")]) as server:
        first = json.loads(post(server.url, {"model": "m", "messages": [], "x": 1}))
        second = json.loads(post(server.url, {"model": "m", "messages": []}))
    assert server.requests[0] == {"model": "m", "messages": [], "x": 1}
    assert json.loads(server.raw[0]) == server.requests[0]
    assert first["choices"][0]["message"]["content"] == "hello"
    assert first["usage"]["prompt_tokens"] >= 0
    message = second["choices"][0]["message"]
    assert message["content"] is None
    assert message["tool_calls"][0]["function"] == {"name": "send_message", "arguments": '{"message": "good day"}'}


def test_streams_in_the_shape_of_openai() -> None:
    body = {"model": "m", "messages": [], "stream": True, "stream_options": {"include_usage": True}}
    with ModelServer([Reply(content="text", calls=[("f", {"a": "0123456789"})], chunk_chars=4)]) as server:
        text = post(server.url, body)
    assert text.endswith("data: [DONE]\n\n")
    sent = chunks(text)
    assert sent[-1]["choices"] == []
    assert sent[-1]["usage"]["completion_tokens"] > 0
    deltas = [chunk["choices"][0]["delta"] for chunk in sent[:-1]]
    pieces = [delta["tool_calls"][0] for delta in deltas if "tool_calls" in delta]
    assert pieces[0]["function"] == {"name": "f", "arguments": ""}
    assert all("id" not in piece for piece in pieces[1:])
    assert "".join(piece["function"]["arguments"] for piece in pieces) == '{"a": "0123456789"}'


def test_usage_is_the_workbench_count_plus_the_overhead() -> None:
    from workbench.core.tokens import count_prompt

    messages = [user("how many?")]
    with ModelServer(["a", "b"], overhead_tokens=5) as server:
        usage = json.loads(post(server.url, {"model": "m", "messages": messages, "tools": tools("f")}))["usage"]
        silent = chunks(post(server.url, {"model": "m", "messages": messages, "stream": True}))
    assert usage["prompt_tokens"] == count_prompt(messages, tools("f")) + 5
    assert all("usage" not in chunk for chunk in silent), "a stream has usage only when it is asked for"


def test_errors_have_their_status_headers_and_body() -> None:
    plain = Reply(status=500, error="Internal Server Error")
    with ModelServer([refusal(429, "slow down", retry_after="7"), plain]) as server:
        with pytest.raises(urllib.error.HTTPError) as limited:
            post(server.url, {"messages": []})
        with pytest.raises(urllib.error.HTTPError) as broken:
            post(server.url, {"messages": []})
    assert (limited.value.code, limited.value.headers["retry-after"]) == (429, "7")
    assert json.load(limited.value)["error"]["message"] == "slow down"
    assert (broken.value.code, broken.value.read()) == (500, b"Internal Server Error")


def test_a_cut_stream_is_cut_and_a_drop_is_no_answer() -> None:
    body = {"messages": [], "stream": True}
    with ModelServer([Reply(content="one two three four", disconnect_after_chunks=2), Reply(drop=True)]) as server:
        with pytest.raises(http.client.IncompleteRead) as cut:
            post(server.url, body)
        with pytest.raises(OSError, match=r"closed connection|reset"):
            post(server.url, body)
    assert len(chunks(cut.value.partial.decode())) == 2


def test_a_script_that_runs_out_fails_the_test() -> None:
    server = ModelServer(["only one"]).start()
    post(server.url, {"messages": []})
    with pytest.raises(urllib.error.HTTPError):
        post(server.url, {"messages": []})
    with pytest.raises(AssertionError, match=r"request 2.*no more replies"):
        server.__exit__(None, None, None)


def test_hits_are_read_from_a_page_of_results() -> None:
    first, second = hits(PAGE)
    assert (first.handle, first.document, first.document_page) == ("#a1", "survey.pdf", 6)
    assert first.sentence() == "The light was repaired in 1902 by the two brothers of the harbour."
    assert (second.handle, second.sentence()) == ("#a2", "short")


def converse(server: ModelServer, results: Sequence[str], question: str = "who repaired the light?") -> list[Any]:
    """Play an agent: send the conversation so far, answer each call with the next result; the calls made."""
    messages: list[dict[str, Any]] = [user(question)]
    made: list[Any] = []
    pages = iter(results)
    offered = tools("archival_memory_search", "core_memory_append", "send_message")
    while not made or made[-1][0] != "send_message":
        answer = json.loads(post(server.url, {"model": "m", "messages": messages, "tools": offered}))
        call = answer["choices"][0]["message"]["tool_calls"][0]["function"]
        made.append((call["name"], json.loads(call["arguments"])))
        messages += [{"role": "assistant", "content": ""}]
        messages += [result(next(pages) if call["name"] == "archival_memory_search" else "None")]
    return made


def test_reads_pages_notes_them_and_quotes_the_last() -> None:
    last = PAGE.replace("1902", "1911").replace("#a1", "#a6")
    with ModelServer(reads_pages()) as server:
        made = converse(server, [PAGE, PAGE, last])
    searches = [arguments for name, arguments in made if name == "archival_memory_search"]
    assert [search["page"] for search in searches] == [0, 1, 2]
    assert {search["query"] for search in searches} == {"who repaired the light?"}
    notes = [arguments["content"] for name, arguments in made if name == "core_memory_append"]
    assert notes[0].startswith('[#a1] survey.pdf p.6: "The light')
    assert made[-1][1]["message"].endswith('"The light was repaired in 1911 by the two brothers of the harbour." [#a6]')


def test_reads_pages_stops_when_there_are_no_more_and_starts_again_for_a_new_question() -> None:
    ended = PAGE.rsplit("\n", 1)[0] + "\nNo more results."
    with ModelServer(reads_pages(notes=False)) as server:
        made = converse(server, [PAGE, ended])
        assert [name for name, _ in made] == ["archival_memory_search"] * 2 + ["send_message"]
        none = converse(server, ["No results found."], "and what else?")
    assert none == [
        ("archival_memory_search", {"query": "and what else?", "page": 0, "request_heartbeat": True}),
        ("send_message", {"message": "Not found in the documents."}),
    ]


def test_by_hand_it_prints_its_url_and_follows_a_script(tmp_path: Path) -> None:
    script, log = tmp_path / "script.json", tmp_path / "log.jsonl"
    script.write_text(json.dumps(["hi", {"calls": [["send_message", {"message": "bye"}]], "usage": None}]))
    command = [sys.executable, "-m", "tests.support.model_server", "--script", str(script), "--log", str(log)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env={**os.environ}) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            first = json.loads(post(url, {"messages": [], "n": 1}))
            second = json.loads(post(url, {"messages": []}))
        finally:
            process.terminate()
    assert first["choices"][0]["message"]["content"] == "hi"
    assert second["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "send_message"
    assert json.loads(log.read_text().splitlines()[0]) == {"messages": [], "n": 1}


def test_calls_is_one_call() -> None:
    assert calls("f", page=1).calls == [("f", {"page": 1})]
