"""Sessions that tests talk to: what is asked, what was said, and everything that the next prompt depends on."""

from __future__ import annotations

import json
from typing import Any

from tests.support.model_replies import Reply, calls
from tests.support.model_server import ModelServer
from workbench.api.events import AnswerDone, QuestionAsked
from workbench.core.tokens import count_message
from workbench.services import replay

SECRET = "The brass key of the old lighthouse lies under the third stone of the harbour wall."


def talks(body: Any) -> Reply:
    """Notes what it was told, then answers with the number of the request; each with a thought."""
    last = json.loads(body["messages"][-2]["content"]) if body["messages"][-2]["role"] == "user" else {}
    if last.get("type") == "user_message":
        content = {"name": "human", "content": f"said: {last['message']}", "request_heartbeat": True}
        return Reply(content="I should note it.", calls=[("core_memory_append", content)])
    return Reply(
        content="Now I answer.", calls=[("send_message", {"message": f"Reply to {len(body['messages'])} messages."})]
    )


def state(session: Any) -> Any:
    """Everything that the next prompt and a search of recall depend on."""
    memory = session.current_agent.workspace.memory
    assert memory.queue.tokens == sum(count_message(message.wire) for message in memory.queue.messages)
    assert memory.branch == session.app.recorder.branch(memory.agent.id, memory.head)
    again = session.app.recorder.queue(memory.agent.id, memory.head, memory.ranges())
    assert [message.wire for message in again] == [message.wire for message in memory.queue.messages]
    return (
        memory.head, tuple(memory.branch), tuple(json.dumps(m.wire) for m in memory.queue.messages), memory.queue.question,
        memory.summary, memory.working,
    )  # fmt: skip


def ask(session: Any, text: str) -> list[Any]:
    return list(session.submit(text))


def told(session: Any) -> list[str]:
    """Questions and answers as the display shows them."""
    return [e.text for e in session.history() if isinstance(e, (QuestionAsked, AnswerDone))]


def recalled(session: Any) -> list[str]:
    space = session.current_agent.workspace
    return [item.text for item in reversed(space.recall.items(space.memory.agent.id, space.branch()))]


def verdicts(session: Any) -> dict[int, str]:
    return {v.step: "forgotten" if v.forgotten else "same" if v.same else "differs" for v in replay.verify(session)}


def only(events: list[Any], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def told_to_model(body: Any) -> list[dict[str, Any]]:
    """The events in a request: what users' messages of it say, in order."""
    found = [json.loads(message["content"]) for message in body["messages"] if message["role"] == "user"]
    return [item for item in found if item["type"] not in ("state", "summary")]


def open_on(server: ModelServer, make_session: Any, **settings: Any) -> Any:
    session = make_session(model="scripted", base_url=server.url, **settings)
    session.open_agent("tester")
    return session


def searching(number: int) -> Reply:
    return calls("archival_memory_search", query=f"light {number}", request_heartbeat=True)


def keeps(body: Any) -> Reply:
    """Notes what it is told word for word, repeats it in its answers, and searches recall when asked."""
    last = json.loads(body["messages"][-2]["content"]) if body["messages"][-2]["role"] == "user" else {}
    said = last.get("message", "")
    if last.get("type") == "user_message" and said.startswith("Find"):
        return calls("conversation_search", query="brass key", request_heartbeat=True)
    if last.get("type") == "user_message":
        return calls("core_memory_append", name="human", content=f"told me: {said}", request_heartbeat=True)
    asked = next(
        json.loads(m["content"])["message"] for m in reversed(body["messages"]) if '"user_message"' in m["content"]
    )
    return calls("send_message", message=f"You said this: {asked}")
