"""An agent of the workbench as an agent of AutoGen: it takes part in a team, and keeps its own memory and documents."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from autogen_agentchat.agents import BaseChatAgent
from autogen_agentchat.base import Response
from autogen_agentchat.messages import BaseAgentEvent, BaseChatMessage, TextMessage, ThoughtEvent
from autogen_core import CancellationToken

from workbench.api.events import FunctionReturned
from workbench.api.outcome import QuestionOutcome, with_sources
from workbench.server.streaming import events_of
from workbench.services.python_api import Workbench


class WorkbenchAgent(BaseChatAgent):
    """Answers the newest message of a team from the documents that its workbench is attached to.

    The text ends with the sources of its checked quotes.
    """

    component_provider_override = "workbench.server.autogen.WorkbenchAgent"

    def __init__(self, name: str, bench: Workbench, description: str = "", *, hears_others: bool = False) -> None:
        """Wrap an open workbench, which the caller closes.

        Args:
            name: its name in the team, a Python identifier.
            bench: an open workbench with its agent.
            description: what the team is told about it; default: what it is attached to.
            hears_others: tell it also what others said since its last turn. For language models: the extractive reader
                takes every word for part of the question.
        """
        sources = ", ".join(info.name for info in bench.sources() if info.attached) or "documents"
        super().__init__(name, description or f"Answers questions from {sources}, with quotes checked on their pages.")
        self._bench = bench
        self._hears_others = hears_others

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        """Plain text."""
        return (TextMessage,)

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        """Answer; what it read on the way is in `inner_messages`."""
        async for item in self.on_messages_stream(messages, cancellation_token):
            if isinstance(item, Response):
                return item
        raise RuntimeError("the stream ended without a response")

    async def on_messages_stream(
        self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken
    ) -> AsyncGenerator[BaseAgentEvent | BaseChatMessage | Response, None]:
        """The results of its functions as thoughts, then the response."""
        inner: list[BaseAgentEvent | BaseChatMessage] = []
        outcome = QuestionOutcome()
        question = _told(messages if self._hears_others else messages[-1:])
        cancellation_token.add_callback(self._bench.stop)
        async for event in events_of(lambda: self._bench.ask(question), self._bench.stop):
            outcome.take(event)
            if isinstance(event, FunctionReturned) and event.summary:
                inner.append(ThoughtEvent(source=self.name, content=f"{event.function}: {event.summary}"))
                yield inner[-1]
        text = with_sources(outcome.answer) if outcome.answer is not None else outcome.failure
        yield Response(chat_message=TextMessage(source=self.name, content=text), inner_messages=inner)

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        """Nothing: the agent's memory is its own, and stays."""


def _told(messages: Sequence[BaseChatMessage]) -> str:
    """The newest message as the question, what others said before it above."""
    if not messages:
        return "Go on."
    *before, last = messages
    heard = "\n".join(f"{message.source}: {message.to_text()}" for message in before)
    return f"{heard}\n\n{last.to_text()}" if heard else last.to_text()
