"""One agent over a few documents, whose functions a test calls as the model would."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from loaders import registry
from loaders.document import Document, Page
from workbench.agent.executor import Executed, Executor
from workbench.agent.tools import documents
from workbench.agent.tools import memory as memory_tools
from workbench.agent.tools.registry import Function
from workbench.ingest.chunker import Chunker
from workbench.models.base import FunctionCall
from workbench.services.session import Session
from workbench.storage.rows import Arrival

CHUNKER = Chunker.for_local_model()


ALL_FUNCTIONS = (*memory_tools.FUNCTIONS, *documents.FUNCTIONS)


class Desk:
    """One agent over documents given as texts; `call` runs a function of its as the model would."""

    def __init__(self, session: Session, functions: Sequence[Function] = ALL_FUNCTIONS) -> None:
        """`functions` are there also in a window that is offered the small set."""
        self.session = session
        session.open_agent("tester")
        self.agent = session.current_agent
        self.executor = Executor(functions)

    def store(self, name: str, pages: list[str], source: str = "shelf") -> None:
        archive = self.session.app.archive
        document = Document(name, tuple(Page(n, None, text) for n, text in enumerate(pages, 1)), "test", 1)
        drafts = list(CHUNKER.passages(document))
        vectors = np.full((len(drafts), 384), 384**-0.5, dtype=np.float32)
        archive.add_document(archive.source_id(source), name, f"{source}/{name}", document, drafts, vectors, "words", 1)
        self.session.app.agents.attach(self.agent.workspace.memory.agent.id, archive.source_id(source))

    def call(self, function: str, **arguments: Any) -> tuple[str, Executed, int]:
        """The text of the result, what was executed, and the tokens of the message."""
        self.executor.start_question()
        call = FunctionCall("call_0123456789abcdef01234567", function, json.dumps(arguments))
        executed = self.executor.run(call, self.agent.workspace)
        message = self.agent._remember_result(executed)
        return json.loads(message.wire["content"])["message"], executed, message.tokens

    def follow(self, function: str, **arguments: Any) -> list[tuple[str, Executed, int]]:
        """All pages, by doing only what each page says is next."""
        pages = [self.call(function, **arguments)]
        while (line := pages[-1][0].split("\n")[-1]).startswith("Next: "):
            pages.append(self.call(function, **written(line)))
            assert len(pages) < 500
        assert pages[-1][1].ok, pages[-1][0]
        return pages


def written(line: str) -> dict[str, Any]:
    """The arguments of a call as a result writes it."""
    inside = line.split("(", 1)[1].rstrip(")")
    names = re.findall(r"(?:^|, )(\w+)=", re.sub(r'"(?:[^"\\]|\\.)*"', '""', inside))
    found, decoder = {}, json.JSONDecoder()
    for name in names:
        inside = inside[inside.index(f"{name}=") + len(name) + 1 :]
        found[name], end = decoder.raw_decode(inside)
        inside = inside[end:]
    return found


def store_file(one: Desk, folder: Path, name: str, text: str, source: str = "shelf", attach: bool = True) -> int:
    archive = one.session.app.archive
    file = folder / name
    file.write_text(text, encoding="utf-8")
    document = registry.read(file)
    key = archive.source_id(source)
    drafts = list(CHUNKER.passages(document))
    found = archive.store(Arrival(key, name, f"{source}{text}", document, drafts, "words", 1)).document
    if attach:
        one.session.app.agents.attach(one.agent.workspace.memory.agent.id, key)
    return int(found)
