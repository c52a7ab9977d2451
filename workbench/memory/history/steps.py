"""Records every step by reference, and rebuilds the exact prompt of any past step."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.core.errors import NotFound
from workbench.core.sent_request import rebuilt
from workbench.core.tokens import Calibration, functions_text
from workbench.memory.agent_memory import AgentMemory, rendered
from workbench.memory.history.checkpoints import Checkpoint
from workbench.memory.main_context import Prompt, Summary, assemble
from workbench.memory.messages import StoredMessage, Texts
from workbench.memory.recall_page import recalled
from workbench.memory.references import Fetched, References
from workbench.memory.summary import summary_prompt
from workbench.memory.working_context import WorkingContext
from workbench.memory.writing_prompt import Excerpt, writing_prompt
from workbench.storage.agents import AgentRow
from workbench.storage.database import Clock, utc_now
from workbench.storage.home import HomeStorage
from workbench.storage.messages import MessageRow


@dataclass(frozen=True)
class RecordedStep:
    """A step as it was recorded: its prompt, what was sent beside it, and how it ended."""

    step: int
    status: str
    prompt: Prompt
    request: Mapping[str, Any]
    reply: Mapping[str, Any]
    usage: Mapping[str, Any]
    digest: str
    used: int
    exact: bool
    window: int
    reserve: int
    created: str
    forgotten: bool = False
    """Whether the user has had something erased that this step showed: it is rebuilt with tombstones."""

    def body(self) -> dict[str, Any]:
        """The JSON body of the request as it was sent."""
        return rebuilt(self.request["body"], self.prompt.messages, self.prompt.tools)


class StepRecorder:
    """Reads what agents did. Every prompt is rebuilt by the same `assemble` that made it."""

    def __init__(
        self, home: HomeStorage, texts: Callable[[Sequence[int]], Mapping[int, str]], clock: Clock = utc_now
    ) -> None:
        self.home = home
        self.stored = home.messages
        self.steps = home.steps
        self.texts = References(self.stored, texts)
        self._clock = clock

    def open(self, agent: AgentRow, limit_tokens: int, persona: str, human: str) -> AgentMemory:
        """The live memory of an agent, as of its last commit; `limit_tokens` bounds its working context."""
        working = self.working(agent.context_version, limit_tokens) or WorkingContext.fresh(
            limit_tokens, persona, human
        )
        memory = AgentMemory(self.home, agent, working, self.texts, self._clock)
        memory.handles = self.stored.handles(agent.id)
        point = Checkpoint(agent.head, agent.queue or "[]", agent.question, agent.summary, agent.context_version)
        self.restore(memory, point, limit_tokens)
        return memory

    def restore(self, memory: AgentMemory, point: Checkpoint, limit_tokens: int) -> None:
        """Put a live memory where it stood at a point; what the point names must be committed."""
        agent = memory.agent.id
        memory.head, memory.branch = point.head, self.branch(agent, point.head)
        memory.queue.messages = self.queue(agent, point.head, point.queue)
        memory.set_evidence({item.id: item.kept for item in memory.queue.messages if item.kept is not None})
        memory.queue.question = point.question
        memory.summary = self.summary(point.summary)
        memory.working = self.working(point.version, limit_tokens) or memory.working
        memory.version = point.version

    def step(self, agent: AgentRow, step: int) -> RecordedStep:
        """One step, its prompt rebuilt. Raises NotFound when there is no such step."""
        row = self.steps.get(agent.id, step)
        if row is None:
            steps = self.steps.numbers(agent.id)
            near = [*[at for at in steps if at < step][-1:], *[at for at in steps if at > step][:1]]
            known = f"Recorded next to it: {' and '.join(map(str, near))}."
            hint = known if near else "It has not been asked anything yet."
            raise NotFound(f"Agent {agent.name!r} has no step {step}.", hint)
        sent = json.loads(row.request)
        messages = self.queue(agent.id, row.head, row.queue)
        calibration = Calibration(**sent["calibration"])
        working = self.working(row.version, sent["window"])
        details = json.loads(row.state)
        if working is not None:
            details = {"working_context": working.texts(), **details}
        old = self.summary(row.summary)
        if limit := details.get("summary_tokens"):
            prompt = summary_prompt(self.text(row.system), old, messages, limit, calibration)
        elif writing := details.get("writing"):
            excerpts = [Excerpt.load(one) for one in writing]
            shown = self.texts([one.passage for one in excerpts])
            prompt = writing_prompt(self.text(row.system), messages[0], excerpts, shown, calibration)
        else:
            functions = json.loads(self.text(row.tools) or "[]")
            text = functions_text(functions)
            parts = [message.part(calibration.encoding) for message in messages]
            prompt = assemble(self.text(row.system), functions, text, old, parts, details, calibration)
        return RecordedStep(
            step, row.status, prompt, sent, json.loads(row.reply or "{}"), json.loads(row.usage or "{}"), row.digest,
            row.used, row.exact, sent["window"], sent["reserve"], str(row.created), row.forgotten,
        )  # fmt: skip

    def learnt(self, agent: int) -> tuple[str, Calibration] | None:
        """The model of the last recorded step, and what its server's usage had taught after it; None without a step."""
        row = self.steps.last(agent)
        if row is None:
            return None
        sent = json.loads(row.request)
        calibration = Calibration(**sent["calibration"])
        usage = json.loads(row.usage or "{}")
        # A request for a summary or an answer teaches nothing: it goes out without the functions.
        if usage and not {"summary_tokens", "writing"} & json.loads(row.state).keys():
            calibration = calibration.learn(row.counted, usage["prompt_tokens"])
        return str(sent["body"].get("model", "")), calibration

    # -- the parts --------------------------------------------------------------------------------------------------

    def text(self, key: str) -> str:
        """A text by its hash."""
        return self.stored.text(key)

    def branch(self, agent: int, head: int | None) -> list[int]:
        """Ids of the messages from the first to `head` along the branch."""
        if head is None:
            return []
        parents = self.stored.parents(agent, head)
        path: list[int] = []
        at: int | None = head
        while at is not None and at in parents:
            path.append(at)
            at = parents[at]
        return path[::-1]

    def queue(self, agent: int, head: int | None, ranges: str | None) -> list[StoredMessage]:
        """The messages of a queue stored as ranges along the branch that ends at `head`, receipts as receipts."""
        stored = json.loads(ranges or "[]")
        wanted, key = (stored["ranges"], stored["evidence"]) if isinstance(stored, dict) else (stored, "")
        if head is None or not wanted:
            return []
        evidence = {int(message): kept for message, kept in json.loads(self.text(key) or "{}").items()} if key else {}
        low = min(first for first, _ in wanted)
        rows = self.stored.messages_between(agent, low, head)
        parents = {row.id: row.parent for row in rows}
        on_branch: set[int] = set()
        at: int | None = head
        while at is not None and at in parents:
            on_branch.add(at)
            at = parents[at]
        chosen = [row for row in rows if row.id in on_branch and any(a <= row.id <= b for a, b in wanted)]
        return rendered(chosen, self._texts_of(chosen), evidence)

    def messages(self, agent: int, ids: Sequence[int]) -> list[StoredMessage]:
        """Messages by id, in the order of their ids, results whole."""
        rows = self.stored.messages(agent, ids)
        return rendered(rows, self._texts_of(rows))

    def _texts_of(self, rows: Sequence[MessageRow]) -> Texts:
        # One look-up for the whole queue, not one a message.
        bodies = [json.loads(row.body) for row in rows if row.kind == "function_result"]
        wanted = {hit["passage"] for body in bodies for hit in (body.get("archive") or {}).get("hits", ())}
        said = {message for body in bodies for message in recalled(body)}
        return Fetched(self.texts(sorted(wanted)) if wanted else {}, self.texts.said(sorted(said)))

    def summary(self, identifier: int | None) -> Summary | None:
        """A summary by id."""
        stored = self.stored.summary(identifier) if identifier else None
        if stored is None or identifier is None:
            return None
        body = json.loads(stored)
        return Summary(identifier, body["text"], tuple(body["stubs"]), body["evicted"], body["time"])

    def working(self, version: int | None, limit_tokens: int) -> WorkingContext | None:
        """A version of the working context."""
        stored = self.stored.context_version(version) if version else None
        if stored is None:
            return None
        blocks = json.loads(stored)
        elsewhere = sorted({value for value in blocks.values() if isinstance(value, int)})
        if elsewhere:
            known = {row.id: json.loads(row.blocks) for row in self.stored.context_versions(elsewhere)}
            blocks = {name: known[at][name] if isinstance(at, int) else at for name, at in blocks.items()}
        return WorkingContext.load(blocks, limit_tokens)
