"""Makes every recorded prompt and every call of the embedded reader again, and compares them with the record.

A recorded step keeps its messages, which refer to passages; what a page of results shows is made of these references, as text and as
data for the reader alike. So steps that were recorded before the reader took results as data are made again in the same way.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from workbench.core.settings import READER
from workbench.memory.history.steps import RecordedStep
from workbench.models.base import Completion, ModelRequest
from workbench.models.extractive.model import ExtractiveReader
from workbench.services.session import Session


@dataclass(frozen=True)
class Verdict:
    """One step made again. `call` is None where no reader answered, the step has no reply, or another version of the

    reader's answer scorer made it. `forgotten`: something that the step showed was erased at the user's wish, so it cannot
    come out as it was.
    """

    step: int
    prompt: bool
    call: bool | None
    forgotten: bool = False

    @property
    def same(self) -> bool:
        """Whether everything that could be made again came out the same, byte for byte."""
        return self.forgotten or (self.prompt and self.call is not False)

    def words(self) -> str:
        """What differs."""
        return (
            " and ".join(
                name for name, bad in (("the prompt", not self.prompt), ("the call", self.call is False)) if bad
            )
            + " differs"
        )


def verify(session: Session) -> Iterator[Verdict]:
    """Check every recorded step of the session's agent."""
    reader = ExtractiveReader(session.app.queries.score)
    for number in session.steps():
        step = session.recorded(number)
        if step.forgotten:
            yield Verdict(number, False, None, forgotten=True)
            continue
        prompt = step.prompt.digest() == step.digest and step.prompt.used == step.used
        yield Verdict(number, prompt, _same_call(reader, step))


def _options(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a request to the reader said beside its messages."""
    return {key: body[key] for key in ("sub_questions",) if key in body}


def _same_call(reader: ExtractiveReader, step: RecordedStep) -> bool | None:
    body = step.request["body"]
    if body.get("model") != READER or step.status != "done":
        return None
    if step.reply.get("scorer") != reader.scorer_version:
        return None
    prompt = step.prompt
    request = ModelRequest(
        READER, prompt.messages, prompt.tools, int(body["max_tokens"]), _options(body), results=prompt.results
    )
    made = [delta for delta in reader.stream(request, threading.Event()) if isinstance(delta, Completion)]
    calls = [asdict(call) for call in made[-1].calls] if made else []
    return calls == list(step.reply.get("calls", []))
