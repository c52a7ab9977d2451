"""The HTTP server on a free port: used by our client, by OpenAI's own, over a WebSocket, and by somebody without a token."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import openai
import pytest
from websockets.sync.client import connect

from tests.support.running_server import Running
from workbench.api.events import AnswerDone, StepFinished
from workbench.client import AsyncClient
from workbench.core.errors import NotFound, UsageError
from workbench.server.tokens import Tokens


def test_the_client_loads_asks_and_sees_the_context(served: Running) -> None:
    with served.client("notes") as bench:
        assert [(info.name, info.documents) for info in bench.sources()] == [("papers", 12)]
        page = bench.search("HX-203/7")
        assert (page.total, page.hits[0].document) == (1, "03-dora.md")
        events = list(bench.ask("Who ordered part number HX-203/7?"))
        steps = [event.step for event in events if isinstance(event, StepFinished)]
        streamed = next(event for event in events if isinstance(event, AnswerDone))
        assert any(citation.document == "03-dora.md" and citation.verified for citation in streamed.citations)
        assert bench.context(steps[0]).segments
        assert bench.answer("Who ordered part number HX-203/7?").citations == streamed.citations
        assert {block.name for block in bench.memory()} >= {"persona", "human"}
        with pytest.raises(NotFound, match="nowhere"):
            bench.attach("nowhere")
        with pytest.raises(UsageError, match="already"):
            bench.create_agent()


def test_the_client_changes_its_agent_and_reads_what_was_said(served: Running) -> None:
    with served.client("pages") as bench:
        bench.create_agent(model="reader", drive="model")
        bench.change_agent(name="pager", drive="guided", functions={"archival_grep": False})
        assert bench.agent == "pager"
        assert not next(view for view in bench.functions() if view.name == "archival_grep").on
        with pytest.raises(UsageError, match="drive is one of"):
            bench.change_agent(drive="nobody")
        edited = bench.edit_memory("human", new="Name: Ann Roe.")
        assert "Name: Ann Roe." in edited.text
        with pytest.raises(UsageError, match="no block"):
            bench.edit_memory("no block", new="x")
        for number in range(2):
            bench.answer(f"Is this question number {number}?")
        said = bench.recall("question")
        assert (said.page, said.pages, said.total) == (1, 1, len(said.messages))
        assert "Is this question number 1?" in [item.text for item in said.messages if item.who == "user"]
        past = bench.recall("question", page=7)
        assert (past.total, past.pages, past.messages) == (said.total, 1, ())
        bench.delete_agent()


def test_openais_own_client_whole_and_streamed(served: Running) -> None:
    with openai.OpenAI(api_key=served.token, base_url=f"{served.url}/v1", max_retries=0) as client:
        assert [model.id for model in client.models.list()] == ["notes"]
        asked: Any = [{"role": "user", "content": "Who ordered part number HX-203/7?"}]
        whole = client.chat.completions.create(model="notes", messages=asked)
        text = whole.choices[0].message.content or ""
        assert "03-dora.md" in text
        assert whole.usage is not None
        assert whole.usage.prompt_tokens > 0
        stream = client.chat.completions.create(model="notes", messages=asked, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == text
        with pytest.raises(openai.NotFoundError, match="There is no agent named 'nobody'"):
            client.chat.completions.create(model="nobody", messages=asked)


@pytest.mark.process
def test_a_program_that_is_neither_ours_nor_openais(served: Running, tmp_path: Path) -> None:
    folder = tmp_path / "llm"
    folder.mkdir()
    models = [{"model_id": "bench", "model_name": "notes", "api_base": f"{served.url}/v1", "api_key_name": "bench"}]
    (folder / "extra-openai-models.yaml").write_text(json.dumps(models), encoding="utf-8")
    (folder / "keys.json").write_text(json.dumps({"bench": served.token}), encoding="utf-8")

    def llm(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "LLM_USER_PATH": str(folder), "LLM_LOAD_PLUGINS": ""}
        command = [sys.executable, "-m", "llm", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, input="")

    question = "Who ordered part number HX-203/7?"
    answered = llm("-m", "bench", question)
    assert "03-dora.md" in answered.stdout, answered.stderr
    refused = llm("-m", "bench", "--key", "wrong", question)
    assert refused.returncode == 1
    assert "token" in refused.stderr


def test_a_conversation_over_a_websocket(served: Running) -> None:
    url = served.url.replace("http", "ws") + "/api/agents/notes/socket"
    with connect(url, additional_headers={"Authorization": f"Bearer {served.token}"}) as socket_:
        socket_.send("no json")
        assert json.loads(socket_.recv())["event"] == "failed"
        socket_.send(json.dumps({"text": "Who ordered part number HX-203/7?"}))
        kinds = []
        while not kinds or kinds[-1] != "yielded":
            kinds.append(json.loads(socket_.recv(timeout=30))["event"])
        assert "answer_done" in kinds


def test_nothing_but_health_answers_without_a_token(served: Running) -> None:
    schema = served.raw("GET", "/openapi.json", served.token).json()
    walked = 0
    for path, methods in schema["paths"].items():
        for method in methods:
            address = path.replace("{load}", "1")
            for name in ("agent", "source", "file", "block", "name"):
                address = address.replace("{" + name + "}", "x")
            for token in (None, "wb_wrong"):
                status = served.raw(method.upper(), address, token, json={}).status_code
                assert status == (200 if path == "/health" else 429 if status == 429 else 401), (method, path)
                walked += 1
    assert walked > 50
    assert served.raw("GET", "/openapi.json").status_code in (401, 429)
    assert served.raw("GET", "/docs", served.token).status_code == 404


def test_a_user_has_agents_of_its_own(served: Running) -> None:
    ann = served.raw("POST", "/api/users", served.token, json={"name": "ann"}).json()["token"]
    with served.client("notes", ann) as bench:
        with pytest.raises(NotFound, match="There is no agent"):
            bench.answer("Who?")
        bench.create_agent(model="reader")
        bench.attach("papers")
        assert bench.answer("Who ordered part number HX-203/7?").answered
        assert [info.name for info in bench.agents()] == ["notes"]
    with served.client("notes") as bench:
        assert sorted(info.name for info in bench.agents()) == ["ann:notes", "notes"]
    assert served.raw("DELETE", "/api/sources/papers", ann).status_code == 403
    assert served.raw("GET", "/api/users", ann).status_code == 403
    assert served.raw("DELETE", "/api/users/ann", served.token).json() == {"removed": "ann"}
    assert served.raw("GET", "/api/agents", ann).status_code == 401


BAD_INPUT: tuple[tuple[str, str, dict[str, Any], int, str], ...] = (
    ("POST", "/api/agents", {"json": {"name": "../x"}}, 422, "name"),
    ("POST", "/api/agents", {"json": {"name": "a", "base_url": "http://evil"}}, 422, "base_url"),
    ("POST", "/api/agents", {"json": {"name": "a", "preset": "nothing"}}, 404, "preset"),
    ("POST", "/api/agents", {"content": b"{"}, 422, "JSON"),
    ("POST", "/api/agents/notes/messages", {"json": {"text": "  "}}, 400, "empty"),
    ("POST", "/api/agents/notes/messages", {"content": b"x" * 2_100_000}, 413, "too large"),
    ("PUT", "/api/sources/s/documents/x.exe", {"content": b"MZ"}, 415, ".exe"),
    ("PUT", "/api/sources/s/documents/..%2F..%2Fetc", {"content": b"a"}, 404, ""),
    ("PUT", "/api/sources/s/documents/.bashrc", {"content": b"a"}, 400, "name of a file"),
    ("PUT", "/api/sources/s/documents/a.txt", {"content": b"x" * 1_100_000}, 413, "1 MB"),
    ("PUT", "/api/sources/s/documents/a.txt", {"content": b""}, 400, "empty"),
    ("GET", "/api/search?query=x&source=nowhere", {}, 404, "nowhere"),
    ("GET", "/api/agents/notes/page?document=../../etc/passwd", {}, 404, "no page"),
    ("GET", "/api/loads/99", {}, 404, "load 99"),
    ("GET", "/nothing", {}, 404, "Not Found"),
)


def test_bad_input_is_one_sentence(make_server: Any) -> None:
    running = make_server(upload_bytes=1_000_000)
    running.raw("POST", "/api/agents", running.token, json={"name": "notes"})
    for method, path, request, status, says in BAD_INPUT:
        response = running.raw(method, path, running.token, **request)
        assert response.status_code == status, (method, path, response.text)
        assert says in response.json()["error"]["message"], (method, path, response.text)
        assert "Traceback" not in response.text


def test_too_many_requests_are_told_when_to_come_back(make_server: Any) -> None:
    running = make_server(per_minute=3)
    codes = [running.raw("GET", "/api/agents", running.token).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    assert int(running.raw("GET", "/api/agents", running.token).headers["Retry-After"]) >= 1


@pytest.mark.nightly
def test_questions_to_one_agent_wait_for_each_other(served: Running) -> None:
    async def all_of_them() -> list[AnswerDone]:
        async def one() -> AnswerDone:
            async with AsyncClient(served.url, served.token, "notes") as bench:
                return await bench.answer("Who ordered part number HX-203/7?")

        return await asyncio.gather(*(one() for _ in range(5)))

    answers = asyncio.run(all_of_them())
    assert all(answer.answered for answer in answers)


def test_tokens_are_kept_as_hashes_in_a_private_file(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    token = Tokens(file).issue("ann")
    assert token not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    again = Tokens(file)
    user = again.user_of(token)
    assert user is not None
    assert (user.stored("x"), user.shown("ann:x"), user.shown("bob:x")) == ("ann:x", "x", None)
    assert again.user_of(token + "x") is None
    again.issue("ann")
    assert again.user_of(token) is None
