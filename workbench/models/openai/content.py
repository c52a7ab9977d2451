"""Separates a reply's content into what is said, what was only thought, and the function calls written as text.

Reasoning and the special tokens of chat templates belong to the server, which should have removed them; many do not. What
streams is split as it comes, for displays; the whole reply is read once more at its end, and that reading is what counts.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from workbench.models.base import ReasoningDelta, TextDelta
from workbench.models.openai.written_calls import CALL_MARKS, WrittenCall, call_at_end, known_name, written_calls

_WORD = (
    r"(?:\w+[:_])?(?:think(?:ing)?|thoughts?|reasoning(?:_content)?|reason|cot_budget_reflect|reflection|scratchpad|analysis"
    r"|(?:inner|internal)_(?:monologue|thoughts?))"
)
_ATTRIBUTES = r"(?: [\w-]+=[^<>\n]{0,40})?"
_OPENER = re.compile(
    rf"<{_WORD}{_ATTRIBUTES}>|\[THINK\]|<\|START_THINKING\|>|<\|(?:begin|start)_of_(?:thought|thinking)\|>|◁think▷"
    r"|<\|(?:think(?:ing)?|thought|reasoning)\|>|<\|channel>\s*thought\s*\n|<unused94>(?:thought\n)?|<details type=\"reasoning\"[^>\n]*>",
    re.IGNORECASE,
)
_CLOSER = re.compile(
    rf"</{_WORD}>|\[/THINK\]|<\|END_THINKING\|>|<\|end_of_(?:thought|thinking)\|>|◁/think▷|<\|/(?:think(?:ing)?|thought|reasoning)\|>"
    r"|<channel\|>|<unused95>|</details>",
    re.IGNORECASE,
)
_WRAPPED = re.compile(
    r"\s*(?:<(?P<tag>answer|response|output|final|final_answer|final_response|solution)>(?P<inner>.*?)(?:</(?P=tag)>\s*)?"
    r"|<\|begin_of_(?P<mark>solution|answer|response|box)\|>(?P<said>.*?)(?:<\|end_of_(?P=mark)\|>\s*)?)",
    re.IGNORECASE | re.DOTALL,
)
"""Marks around everything that is said."""
_BLOCK = re.compile(rf"^[ \t]*<({_WORD})>(.*?)</\1>[ \t]*(?:\n|\Z)", re.IGNORECASE | re.MULTILINE | re.DOTALL)
"""Reasoning on lines of its own, in the middle of a reply."""
_LONGEST_MARK = 40

_TURN_START = (
    r"<\|im_start\|>\s*(?:\w+\s*\n)?|<\|start_header_id\|>\s*\w*\s*<\|end_header_id\|>|<start_of_turn>\s*\w*"
    r"|<[|｜](?:assistant|user|system|observation|Assistant|User|bot|human)[|｜]>|\[INST\]|<\|start\|>\s*\w*"
    r"|(?:assistant)?<\|message\|>"
)
_TURN_END = (
    r"<\|(?:im_end|eot_id|eom_id|end|endoftext|end_of_text|return|call|end_of_turn|eot|eos|END_OF_TURN_TOKEN|END_RESPONSE)\|>"
    r"|<[|｜]end[▁_ ]of[▁_ ]sentence[|｜]>|</?s>|<(?:end_of_turn|eos|bos|pad|end_of_utterance)>|\[/INST\]"
    r"|<SPECIAL_\d+>|\[\|endofturn\|\]|\[e~\["
)
_LEADING = re.compile(rf"(?:\s*(?:{_TURN_START}|{_TURN_END}|<\|START_RESPONSE\|>|<\|final\|>))+\s*")
_END = re.compile(rf"\s*(?:{_TURN_END})(?=\s*(?:$|{_TURN_START}|{_TURN_END}))|\s*(?:{_TURN_START})\s*\Z")
_OTHER_END = re.compile(r"(?<=[^\s\"'`“(])\n*<[|｜][\w▁:/-]{2,40}[|｜]>\s*\Z")
"""A special token of any name that ends a reply, right after its last sign or on a line of its own: no sentence ends so."""
_FINAL_RESPONSE = re.compile(
    r"\A(?P<thought>.*?)\[BEGIN FINAL RESPONSE\](?P<said>.*?)(?:\[END FINAL RESPONSE\].*)?\Z", re.DOTALL
)
"""Apriel's marks: what stands before them was thought."""
_HARMONY = re.compile(r"<\|(?:start|end|return|call)\|>")
_CHANNEL = re.compile(
    r"(?:\w+\s*)?(?:to=[\w.]+\s*)?<\|channel\|>\s*(?P<channel>\w+)(?P<more>[^<]*)(?:<\|constrain\|>\s*\w*)?\s*<\|message\|>(?P<body>.*)",
    re.DOTALL,
)
_BARE_HARMONY = re.compile(
    r"\Aanalysis(?=[A-Z\s])(?P<thought>.*?)assistant(?:final|commentary)(?P<said>.*)\Z", re.DOTALL
)


@dataclass(frozen=True)
class Content:
    """A whole reply, read: what is said, what was thought, and the calls that it consists of, if it is nothing else.

    `mixed` is the written call that it ends in, when it says something else as well, so that nothing was called.
    """

    text: str
    reasoning: str = ""
    calls: tuple[WrittenCall, ...] = ()
    mixed: str = ""


def read_content(content: str, functions: Collection[str], *, called: bool = False) -> Content:
    """Read the content of a whole reply. `called`: the reply has proper calls as well, so none is looked for in its text."""
    text, thoughts, channel_calls = _channels(content, functions)
    text = _without_marks(text, thoughts)
    text = text if text.strip() else ""
    if called or not functions:
        return Content(text, "".join(thoughts))
    calls = channel_calls if channel_calls and not text.strip() else written_calls(text, functions)
    if calls:
        return Content("", "".join(thoughts), tuple(calls))
    return Content(text, "".join(thoughts), mixed=call_at_end(text, functions))


def _without_marks(text: str, thoughts: list[str]) -> str:
    """The text without reasoning, which is added to `thoughts`, and without the template's marks at its two ends."""
    while True:
        start = _LEADING.match(text)
        text = text[start.end() :] if start and start.end() else text
        opened = _OPENER.match(text.lstrip())
        if opened is None:
            break
        inner = text.lstrip()[opened.end() :]
        closed = _CLOSER.search(inner)
        thoughts.append(inner[: closed.start()] if closed else inner)
        text = inner[closed.end() :].lstrip("\n") if closed else ""
    if (alone := _closed_alone(text)) is not None:
        thoughts.append(text[: alone[0]])
        text = text[alone[1] :].lstrip("\n")
    while block := _BLOCK.search(text):
        thoughts.append(block[2])
        text = text[: block.start()] + text[block.end() :]
    end = _END.search(text) or _OTHER_END.search(text)
    text = text[: end.start()] if end else text
    if wrapped := _WRAPPED.fullmatch(text):
        return str(wrapped["inner"] if wrapped["tag"] else wrapped["said"]).strip()
    return text


def _closed_alone(text: str) -> tuple[int, int] | None:
    """Where reasoning ends whose opening the chat template wrote: at a closing mark that ends its line or stands alone.

    A mark inside a line, with text after it, is something that the reply talks about.
    """
    for match in _CLOSER.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        if _OPENER.search(before):
            return None
        own_line = not before.rpartition("\n")[2].strip()
        # DeepSeek's templates leave no space around it.
        tight = re.search(r"[.!?。！？)]$", before) and re.match(r"[\w*#\"]", after)
        if own_line or tight or after.startswith(("\n", "\r")) or (not after.strip() and before[-1:] not in "\"'`“"):
            return match.span()
    return None


def _channels(content: str, functions: Collection[str]) -> tuple[str, list[str], list[WrittenCall]]:
    """Harmony's channels taken apart: analysis is thought, commentary may call, everything else is said."""
    thoughts: list[str] = []
    if "<|channel|>" not in content:
        if bare := _BARE_HARMONY.match(content):
            return bare["said"].strip(), [bare["thought"]], []
        if final := _FINAL_RESPONSE.match(content):
            return final["said"].strip(), [final["thought"]], []
        return content, thoughts, []
    said: list[str] = []
    calls: list[WrittenCall] = []
    for part in _HARMONY.split(content):
        match = _CHANNEL.match(part.strip())
        if match is None:
            said.append("" if part.strip() in ("", "assistant") else part)
        elif (addressed := re.search(r"to=([\w.-]+)", part[: match.start("body")])) and "browser" not in addressed[1]:
            calls.append((known_name(addressed[1], functions), match["body"].strip()))
        elif match["channel"] == "analysis":
            thoughts.append(match["body"])
        else:
            said.append(match["body"])
    return "".join(said), thoughts, calls


class TextSplitter:
    """Splits content as it streams. What might become a mark or a call is held back until the end of the reply."""

    def __init__(self, functions: Collection[str]) -> None:
        self._functions = functions
        self._all: list[str] = []
        self._pending = ""
        self._state = "start"
        self._shown = ""
        self._thought = False

    def feed(self, piece: str) -> list[TextDelta | ReasoningDelta]:
        """Take a piece of content; what can be shown of it now."""
        self._all.append(piece)
        self._pending += piece
        shown: list[TextDelta | ReasoningDelta] = []
        before = ""
        while self._state != before:
            before = self._state
            if self._state == "start":
                self._begin()
            elif self._state == "thinking":
                shown += self._think()
            elif self._state == "text":
                shown += self._text()
        return shown

    def finish(self, *, called: bool = False) -> tuple[list[TextDelta | ReasoningDelta], Content]:
        """What was held back, and the whole reply as it is read now that it is all there."""
        content = read_content("".join(self._all), self._functions, called=called)
        rest: list[TextDelta | ReasoningDelta] = []
        if self._state == "thinking" and self._pending:
            rest.append(ReasoningDelta(self._pending))
        elif content.text.startswith(self._shown) and (self._shown or content.text.strip()):
            rest += [TextDelta(text)] if (text := content.text[len(self._shown) :]) else []
        self._pending = ""
        return rest, content

    def _begin(self) -> None:
        start = self._pending.lstrip()
        if opened := _OPENER.match(start):
            self._state, self._pending, self._thought = "thinking", start[opened.end() :], True
        elif start and not _may_be_mark(start) and not (self._functions and self._may_begin_a_call(start)):
            # A reply that begins like a call may be one; it is shown only once it turns out to be something else.
            calls = (
                start[0] in "{[}])"  # closing ones too: what is left of brackets before a call is no text
                or start.startswith(_BEFORE_CALLS)
                or start.lstrip("*`").startswith(tuple(self._functions))
            )
            marks = start[0] in "<[◁" or start.startswith("analysis")
            self._state = "held" if (calls and self._functions) or marks else "text"
            if self._thought:
                self._pending = self._pending.lstrip("\n")

    def _may_begin_a_call(self, start: str) -> bool:
        """Whether more must come before it shows whether a reply begins like a call."""
        bare = start.lstrip("*`")
        return _is_beginning(start, _BEFORE_CALLS) or _is_beginning(bare, self._functions)

    def _think(self) -> list[ReasoningDelta]:
        closed = _CLOSER.search(self._pending)
        keep = closed.start() if closed else _safe(self._pending)
        thought, self._pending = self._pending[:keep], self._pending[closed.end() if closed else keep :]
        if closed:
            self._state = "start"
        return [ReasoningDelta(thought)] if thought else []

    def _text(self) -> list[TextDelta]:
        mark = CALL_MARKS.search(self._pending) or _CLOSER.search(self._pending)
        keep = mark.start() if mark else _safe(self._pending)
        if mark:
            self._state = "held"
        piece, self._pending = self._pending[:keep], self._pending[keep:]
        self._shown += piece
        return [TextDelta(piece)] if piece else []


_BEFORE_CALLS = (
    "```", ">>>", "functools", "print(", "await ", "result = ", "tool_call", "TOOL_CALL", "Code:", "Tool:", "Function:",
    "✿FUNCTION✿", "&lt;", "~~~",
    "Action:", "Thought:", "assistant", "commentary", "to=", "Function call:", "Tool call:",
)  # fmt: skip
"""Words that calls written as text begin with."""


def _is_beginning(text: str, words: Collection[str]) -> bool:
    return any(len(text) < len(word) and word.startswith(text) for word in words)


def _may_be_mark(start: str) -> bool:
    """Whether a reply begins with what may still become a mark."""
    return (
        start[0] in "<[◁"
        and len(start) < _LONGEST_MARK
        and re.fullmatch(r"[<◁\[][|｜/]?[\w|｜/▁: ]*", start) is not None
    )


def _safe(text: str) -> int:
    """How much of the text can be shown: up to a sign that may begin a mark or a call whose rest has not come."""
    at = max(text.rfind("<"), text.rfind("["), text.rfind("◁"))
    newline = text.rfind("\n```")
    if newline >= 0:
        return newline
    tail = text[at:] if at >= 0 else ""
    if tail and len(tail) < _LONGEST_MARK and re.fullmatch(r"[<◁\[][|｜/]?[\w|｜/▁:▷ ]*[>\]]?\s*", tail):
        return at
    return len(text)
