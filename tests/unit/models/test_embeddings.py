"""Vectors from an OpenAI-compatible /v1/embeddings: what real servers do to them, over a real connection."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from tests.support.embedding_server import EmbeddingStandIn, embedding_server
from workbench.core.errors import EmbedderError
from workbench.core.worker_process import CancelledError
from workbench.models.openai.embeddings import EmbeddingServer

TEXTS = [f"the keeper wrote entry {number}" for number in range(40)]


@pytest.fixture
def server() -> Iterator[EmbeddingStandIn]:
    with embedding_server() as running:
        yield running


def client(server: EmbeddingStandIn, key: str = "", **more: Any) -> EmbeddingServer:
    return EmbeddingServer("words-embed", server.url, key, backoff_seconds=0.01, **more)


def right(server: EmbeddingStandIn, texts: list[str]) -> np.ndarray:
    rows = np.stack([server.vector(text) for text in texts])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def reversed_rows(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "data": answer["data"][::-1]}


def bare_list(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"index": row["index"], "embedding": [row["embedding"]]} for row in answer["data"]]


def ollamas_own(answer: dict[str, Any]) -> dict[str, Any]:
    return {"embeddings": [row["embedding"] for row in answer["data"]]}


@pytest.mark.parametrize("change", [None, reversed_rows, bare_list, ollamas_own])
def test_vectors_belong_to_their_texts_in_every_shape(server: EmbeddingStandIn, change: Any) -> None:
    server.change = change
    assert np.allclose(client(server).embed(TEXTS), right(server, TEXTS), atol=1e-6)


def test_base64_and_vectors_of_any_length(server: EmbeddingStandIn) -> None:
    server.base64, server.length = True, 17.0
    made = client(server)
    assert np.allclose(made.embed(TEXTS[:3]), right(server, TEXTS[:3]), atol=1e-5)
    assert not made.came_normalised
    server.length = 1.0
    made.embed(TEXTS[:3])
    assert made.came_normalised


def test_a_server_that_takes_few_texts_at_once_gets_few(server: EmbeddingStandIn) -> None:
    server.most_texts = 5
    made, done = client(server), []
    vectors = made.embed(TEXTS, on_done=done.append)
    assert np.allclose(vectors, right(server, TEXTS), atol=1e-6)
    assert sum(done) == len(TEXTS)
    before = len(server.requests)
    made.embed(TEXTS)
    assert max(len(request["input"]) for request in server.requests[before:]) <= 5


def test_a_text_that_is_too_long_is_cut(server: EmbeddingStandIn) -> None:
    server.most_chars = 500
    long = "lamp " * 300
    vectors = client(server).embed(["short", long, "also short"])
    assert np.allclose(vectors[[0, 2]], right(server, ["short", "also short"]), atol=1e-6)
    assert np.isfinite(vectors[1]).all()
    assert max(map(len, server.requests[-1]["input"])) <= 500


def drop_one(answer: dict[str, Any]) -> Any:
    return {**answer, "data": answer["data"][1:]}


def same_index(answer: dict[str, Any]) -> Any:
    return {**answer, "data": [{**row, "index": 0} for row in answer["data"]]}


def with_value(value: Any) -> Any:
    def change(answer: dict[str, Any]) -> Any:
        answer["data"][-1]["embedding"] = value(answer["data"][-1]["embedding"])
        return answer

    return change


WRONG = [
    (drop_one, "answered 3 texts with 2 vectors"),
    (same_index, "nobody can tell which text"),
    (with_value(lambda row: [float("nan"), *row[1:]]), "NaN or infinity"),
    (with_value(lambda row: [None, *row[1:]]), "NaN or infinity"),
    (with_value(lambda row: [0.0] * len(row)), "vector of zeros"),
    (with_value(lambda row: row[:-1]), "different lengths"),
    (with_value(lambda row: ["0.1 m"] * len(row)), "no vector"),
    (with_value(lambda row: []), "no vector"),
    (with_value(lambda row: "§§§"), "no vector"),
    (lambda answer: {"object": "list"}, "with 0 vectors"),
]


@pytest.mark.parametrize(("change", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_is_no_vector_is_said_in_one_sentence(server: EmbeddingStandIn, change: Any, said: str) -> None:
    server.change = change
    with pytest.raises(EmbedderError) as raised:
        client(server).embed(TEXTS[:3])
    assert said in raised.value.message
    assert server.url in raised.value.message
    assert raised.value.hint


def test_another_dimension_than_before_is_explained(server: EmbeddingStandIn) -> None:
    made = client(server)
    made.embed(["one"])
    server.dimensions = 32
    with pytest.raises(EmbedderError, match="32 numbers, and had 48") as raised:
        made.embed(["two"])
    assert "reembed" in raised.value.hint


def test_a_key_that_the_server_echoes_is_never_said(server: EmbeddingStandIn) -> None:
    server.key = "sk-right-0123456789abcdef"
    with pytest.raises(EmbedderError) as raised:
        client(server, "sk-wrong-0123456789abcdef").embed(["one"])
    assert "0123456789" not in raised.value.message + raised.value.hint
    assert "embedding_api_key" in raised.value.hint
    assert client(server, server.key).embed(["one"]).shape == (1, 48)
    with pytest.raises(EmbedderError) as raised:
        client(server).embed(["one"])
    assert "WORKBENCH_EMBEDDING_API_KEY" in raised.value.hint


def test_refusals_are_said_or_borne(server: EmbeddingStandIn) -> None:
    server.failures = [(503, {"error": "loading model"}), (429, {"error": {"message": "too many requests"}})]
    assert client(server).embed(["one"]).shape == (1, 48)
    server.failures = [
        (404, {"error": {"message": "The model `words-embed` does not exist", "code": "model_not_found"}})
    ]
    with pytest.raises(EmbedderError, match="does not exist") as raised:
        client(server).embed(["one"])
    assert "/models" in raised.value.hint
    server.failures = [(200, "<html><title>Router login</title></html>")]
    with pytest.raises(EmbedderError, match="web page"):
        client(server).embed(["one"])
    server.failures = [(200, {"error": {"message": "out of memory"}})] * 9
    with pytest.raises(EmbedderError, match="out of memory"):
        client(server).embed(["one"])


def test_a_server_that_is_down_is_named_with_what_to_do() -> None:
    with embedding_server() as running:
        url = running.url
    with pytest.raises(EmbedderError, match="Nothing answers at") as raised:
        EmbeddingServer("words-embed", url).embed(["one"])
    assert "embedding_model" in raised.value.hint


def test_stopping_leaves_a_slow_server_at_once(server: EmbeddingStandIn) -> None:
    server.delay_seconds = 5.0
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        client(server).embed(["one"], cancel=stop)
    assert time.monotonic() - started < 4.0


def test_a_query_waits_less_than_a_load(server: EmbeddingStandIn) -> None:
    server.delay_seconds = 1.5
    with pytest.raises(EmbedderError, match="said nothing"):
        client(server, query_seconds=0.3).embed(["one"], kind="query")
    with pytest.raises(EmbedderError, match="said nothing"):
        client(server, query_seconds=0.3).embed(["one"], exact=True)
    assert client(server, query_seconds=0.3).embed(["one"]).shape == (1, 48)


def test_models_of_a_family_get_the_words_that_they_were_trained_with(server: EmbeddingStandIn) -> None:
    made = EmbeddingServer("nomic-embed-text:latest", server.url)
    made.embed(["one"])
    made.embed(["one"], kind="query")
    assert server.texts == ["search_document: one", "search_query: one"]


def test_an_answer_that_drips_is_given_up_in_a_sentence() -> None:
    """Byte after byte is no silence, and would hold a load for hours."""
    told: list[str] = []

    class Leaving(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """Whoever asked has gone, as it should."""

    class Dripping(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            with contextlib.suppress(OSError):
                for _ in range(200):
                    self.wfile.write(b"[")
                    time.sleep(0.05)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = Leaving(("127.0.0.1", 0), Dripping)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        began = time.monotonic()
        patient = EmbeddingServer("words-embed", url, slow_seconds=0.4, told_seconds=0.1, on_wait=told.append)
        with pytest.raises(EmbedderError, match=r"sends its answer too slowly: \d+ bytes in \d+ seconds\.") as caught:
            patient.embed(["one", "two"])
        assert time.monotonic() - began < 5
        assert caught.value.hint
        (said,) = told
        assert said.startswith(f"Waiting for the embedding server at {url}: ")
    finally:
        server.shutdown()
        server.server_close()


def test_a_server_that_is_slow_before_its_answer_is_waited_for_and_told(
    server: EmbeddingStandIn,
) -> None:
    server.delay_seconds, told = 0.5, list[str]()
    client(server, slow_seconds=0.2, told_seconds=0.1, on_wait=told.append).embed(["one", "two"])
    said = "no answer for 0.1 seconds, and it is given up after 120"
    assert told == [f"Waiting for the embedding server at {server.url}: {said}."]


def with_rows(make: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda answer: {**answer, "data": [{**row, **make(row)} for row in answer["data"]]}


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: {
            "result": {"data": [row["embedding"] for row in answer["data"]]},
            "success": True,
            "errors": [],
        },
        lambda answer: {"embeddings": {"float": [row["embedding"] for row in answer["data"]]}},
        with_rows(lambda row: {"embedding": {"float": row["embedding"]}}),
        with_rows(lambda row: {"embedding": [str(number) for number in row["embedding"]]}),
        with_rows(lambda row: {"index": row["index"] + 1}),
    ],
    ids=["Cloudflare", "Cohere", "by type", "numbers as text", "counted from one"],
)
def test_vectors_are_found_in_the_shapes_of_other_apis(server: EmbeddingStandIn, change: Any) -> None:
    server.change = change
    assert np.allclose(client(server).embed(TEXTS[:3]), right(server, TEXTS[:3]), atol=1e-6)


def test_a_server_that_takes_a_text_and_no_list_gets_one_after_the_other(server: EmbeddingStandIn) -> None:
    def reply(body: dict[str, Any]) -> tuple[int, Any]:
        if isinstance(body["input"], list):
            return 422, {"detail": [{"loc": ["body", "input"], "msg": "str type expected"}]}
        return 200, {"data": [{"index": 0, "embedding": server.vector(body["input"]).tolist()}]}

    server.reply = reply  # type: ignore[method-assign]
    assert np.allclose(client(server).embed(TEXTS[:3]), right(server, TEXTS[:3]), atol=1e-6)
