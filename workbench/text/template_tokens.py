"""Neutralises the control tokens of chat templates in text that a model only reads.

Most servers turn `<|im_start|>` into a control token wherever it stands in a prompt, so a document could end our message and
begin one of its own. A zero-width space behind the first sign takes that power away; quotes are compared without such
spaces (see text.quotes), so what a model quotes still verifies against the page as it is.
"""

from __future__ import annotations

import re

_BREAK = "\u200b"
_NAMES = (
    "s|bos|eos|pad|unk|mask|sep|cls|sop|eop|eod|eot|system|user|assistant|human|tool|thought|"
    "think(?:ing)?|tool_calls?|tool_responses?|tool_results?|tools|function_calls?|function_results?|invoke|parameter|"
    "(?:start|end)_of_(?:turn|text|image|header)|(?:begin|end)_of_(?:text|sentence)|im_(?:start|end)|endoftext|"
    "unused\\d+|reserved_\\w+|extra_id_\\d+|antml:\\w+"
)
_TOKEN = re.compile(
    r"<(?=[|｜][^<>\n]{1,60}[|｜]>)"  # <|im_start|>, <｜User｜>
    r"|<(?=[|｜]\w{1,40}>|/?\w{1,40}[|｜]>)"
    rf"|<(?=/?(?:{_NAMES})(?:[\s=:][^<>\n]{{0,80}})?/?>)"
    r"|<(?=</?SYS>>)|(?<=<)<(?=/?SYS>>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_(?:CALLS|RESULTS|CONTENT)|IMG|PREFIX|SUFFIX|MIDDLE|ARGS|CALL_ID|gMASK|THINK)\])",
    re.IGNORECASE,
)
_BROKEN = re.compile(rf"([<\[]){_BREAK}(?=[|｜/<\w])")


def neutralise(text: str) -> str:
    """`text` with no control token of a chat template left whole; the same text where there is none."""
    return _TOKEN.sub(lambda match: match[0] + _BREAK, text) if "<" in text or "[" in text else text


def as_written(text: str) -> str:
    """The inverse: the text as the document has it."""
    return _BROKEN.sub(r"\1", text) if _BREAK in text else text
