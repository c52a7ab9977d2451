"""Reads function calls that a model wrote as text, in the dialects of the families that people run.

Servers that do not parse their model's calls hand them on as content. Families differ in the marks around a call and agree
in what stands between them: a JSON object, an object per line or a list of them; a name followed by its arguments; XML-like
parameters; or a Python call. So the marks are removed first, whatever they are called, and what is left must consist of
such payloads and nothing else: a reply that says anything beside its call calls nothing.
"""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

WrittenCall = tuple[str, str]
"""A call read from text: its name and its arguments as JSON text, which may be malformed."""

CALL_MARKS = re.compile(
    r"</?(?:[\w-]+[:_])?(?:(?i:tool_?calls?|function_?calls?)|tool_code|tool_use|use_tool|tools?|actions?|call|invoke)"
    r"(?:\s+(?!name\b|function\b)[\w-]+=[\"']?[\w-]{1,60}[\"']?)?>"
    r"|<\|?/?(?:start|end|tool)_?(?:function_?)?call\|?>|<<function>>|\Atool_call>|<end_code>|<\|tool_call:begin\|>\w*(?=<)"
    r"|<[|｜]/?[^<>|｜\n\"']{1,40}[|｜]>|\[/?(?:TOOL_CALLS?|ARGS|AVAILABLE_TOOLS|TOOL_REQUEST|END_TOOL_REQUEST)\]|\[CALL_ID\]\w*"
    r"|^[ \t]*(?:```|~~~)[ \t]*[\w-]*[ \t]*$|\A>>>|\Afunctools(?=\s*\[)",
    re.MULTILINE,
)
"""The marks around calls: tags, special tokens (a bar or its full-width twin inside angle brackets), fences."""

_NAMESPACE = re.compile(
    r"(</?)(?:[|｜]\w+[|｜]|[\w-]+:|[a-z]+_)(?=(?:tool_call|function_call|invoke|parameter|arg_key|arg_value)s?\b)"
)
"""What some families put before the names of their tags: DeepSeek and LongCat their own, others a namespace."""

_REACT = re.compile(
    r"(?:\s*Thought\s*:.*?\n)?\s*(?:Action|Tool|Function|✿FUNCTION✿)\s*:\s*`{0,3}(?P<name>[A-Za-z_][\w.:-]*)`{0,3}\s*\n+"
    r"\s*(?:Action[ _]Input|Arguments|Args|Parameters|Input|✿ARGS✿)\s*:\s*(?P<input>.*?)\s*(?:\n\s*(?:Observation\b|✿RESULT✿).*)?",
    re.DOTALL | re.IGNORECASE,
)
"""A step of a ReAct agent, or of Qwen's; what the model imagines after "Observation" is not read."""

_ROLE = re.compile(
    r"(?:assistant|commentary|analysis|Action|(?:Function|Tool)[ _]?calls?)\b\s*(?::|\n)\s*(?=[{\[`<])"
    r"|(?:Thought\s*:.{0,4000}?\n)?\s*Code\s*:\s*\n(?=```)",
    re.IGNORECASE | re.DOTALL,
)
"""The role that a template left before a call, or the word that introduces it."""

_NAME_KEYS = ("name", "function", "tool", "tool_name", "function_name", "action", "recipient_name")
_ARGUMENT_KEYS = (
    "arguments",
    "parameters",
    "args",
    "params",
    "input",
    "tool_input",
    "action_input",
    "kwargs",
    "tool_args",
)
_BESIDE_FLAT = frozenset({*_NAME_KEYS, "type", "id"})
"""Keys of an object that names a function and holds its arguments beside the name."""

_WRAPPERS = (
    "tool_calls", "function_calls", "tool_call", "function_call", "calls", "tools", "toolCalls", "toolCall", "functionCalls",
    "functionCall", "parts",
)  # fmt: skip
_CALL_TAGS = frozenset({"function", "function_call", "tool_call", "tool", "call", "invoke", "tool_use"})
_NOISE = {"function", "json", "assistant", "commentary", "tool", "python", "typescript", "tool_call"}
_MOST_CALLS = 32

_PARAMETER = re.compile(
    r"<parameter(?:=(?P<plain>[^>\s]+)|\s+name=[\"'](?P<named>[^\"']+)[\"'])[^>]*>(?P<value>.*?)"
    r"(?:</parameter>|(?=\s*<parameter[=\s])|\Z)",
    re.DOTALL,
)
_ELEMENT = re.compile(r"\s*<(?P<tag>[A-Za-z_][\w.-]*)>(?P<body>.*?)</(?P=tag)>\s*", re.DOTALL)
_BRACED = re.compile(r"\s*(?:call:)?(?P<name>[A-Za-z_][\w.]*)\s*\{(?P<body>.*)\}\s*", re.DOTALL)
_QUOTED_PAIR = re.compile(
    r"\s*[\"']?(?P<key>\w+)[\"']?\s*:\s*(?:(?P<quote><escape>|<\|\"\|>)(?P<text>.*?)(?P=quote)|(?P<bare>[^,<>{}]+?))\s*(?:,|\Z)",
    re.DOTALL,
)
_INVOCATION = re.compile(
    r"\s*<(?P<tag>function|invoke|tool_call|function_call|tool|call)(?:=(?P<plain>[^>\s]+)|\s+name=[\"'](?P<named>[^\"']+)[\"'])\s*>(?P<body>.*?)"
    r"(?:</(?P=tag)>|\Z)\s*",
    re.DOTALL,
)
_ARG_PAIR = re.compile(r"\s*<arg_key>(?P<key>.*?)</arg_key>\s*<arg_value>(?P<value>.*?)</arg_value>\s*", re.DOTALL)
_MARKED_WHOLE = re.compile(r"\A\s*<(tool_call|function_call|tool_use|tools)>.*</\1>\s*\Z", re.DOTALL | re.IGNORECASE)
_BARE_NAME = re.compile(r"(?:[\w-]+\s+)?(?:to=)?(?P<name>[A-Za-z_][\w.:/-]*)(?:\s+code|\s*\(\))?")
_BROKEN_NAME = re.compile(r'"(?:name|function|tool)"\s*:\s*"([^"]+)"')
_BROKEN_ARGUMENTS = re.compile(r'"(?:arguments|parameters|args|params|input)"\s*:\s*(.*)', re.DOTALL)


def known_name(name: str, functions: Collection[str]) -> str:
    """The function that a model means by `name`, without the prefixes, channels and numbers that formats add to it.

    A name that means none of `functions` comes back without special tokens, and otherwise as it was written.
    """
    bare = re.split(r"<[|｜]|[\s(<]", name.strip().strip("\"'`"))[0]
    bare = bare or name.strip()
    if bare in functions:
        return bare
    short = re.sub(r":\d+$", "", bare)
    for candidate in (short, re.split(r"[./:]|\bto=", short)[-1]):
        folded = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", candidate).replace("-", "_").lower()
        if match := next((known for known in functions if known.lower() == folded), None):
            return match
    return bare


def written_calls(text: str, functions: Collection[str]) -> list[WrittenCall]:
    """The calls that `text` consists of; empty when there is anything else in it, or when it calls nothing that is offered.

    Between call marks, and in an object that has exactly a name and arguments, an unknown name is a call too: the model
    is then told that there is no such function, and what it wrote is not taken for an answer.
    """
    body = text.strip()
    body = _NAMESPACE.sub(r"\1", html.unescape(body) if body.startswith("&lt;") else body)
    if not functions or not body or not re.search(r"[{(<\[]", body):
        return []
    if react := _REACT.fullmatch(body):
        name, given = known_name(react["name"], functions), CALL_MARKS.sub("", react["input"]).strip()
        return [(name, given)] if name in functions and given.startswith("{") else []
    if introduced := _ROLE.match(body):
        body = body[introduced.end() :]
    marked = CALL_MARKS.search(body) is not None
    # A mark inside of an argument is text: an object that is whole is read before any mark is looked for.
    calls = None if marked and body[0] not in "{[" else _payload(body, functions, marked=False)
    if calls is None and marked:
        calls = _pieces(body, functions)
    if calls is None and _MARKED_WHOLE.match(body):
        calls = _unreadable(body, functions)
    if not calls or len(calls) > _MOST_CALLS:
        return []
    return calls


def _unreadable(text: str, functions: Collection[str]) -> list[WrittenCall] | None:
    """A reply between the marks of calls that no dialect fits: the one function it names, so that the model is told."""
    inside = CALL_MARKS.sub(" ", text).strip()
    named = {name for name in functions if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", inside)}
    return [(named.pop(), inside)] if len(named) == 1 else None


def call_at_end(text: str, functions: Collection[str]) -> str:
    """The written call that a reply ends in, with something else before it; "" when there is none."""
    starts = [match.start() for match in re.finditer(r"<[|｜\w]|\[TOOL|^[ \t]*(?:```|[{\[])", text, re.MULTILINE)]
    for start in starts[-20:]:
        if start and any(name in functions for name, _ in written_calls(text[start:], functions)):
            return text[start:]
    return ""


def _pieces(text: str, functions: Collection[str]) -> list[WrittenCall] | None:
    """The calls between marks: each piece is a payload, or a name whose arguments are the next piece."""
    calls: list[WrittenCall] = []
    pending, at = "", 0
    while at < len(text):
        if mark := CALL_MARKS.match(text, at):
            at = max(mark.end(), at + 1)
            continue
        if text[at].isspace():
            at += 1
            continue
        following = CALL_MARKS.search(text, at + 1)
        end = _object_end(text, at) or (following.start() if following else len(text))
        piece, at = text[at:end].strip(" \t\r\n;,`"), end
        if not piece or piece.lower() in _NOISE or not piece.strip("}])"):
            continue
        named = _BARE_NAME.fullmatch(piece)
        name = known_name(named["name"], functions) if named else ""
        if named and name in functions:
            if pending:
                calls.append((pending, "{}"))
            pending = name
        elif pending and piece.startswith("{"):
            calls.append((pending, piece))
            pending = ""
        elif pending or (found := _payload(piece, functions, marked=True)) is None:
            return None
        else:
            calls += found
    # A name alone between marks is a call without arguments.
    return [*calls, (pending, "{}")] if pending else calls


def _object_end(text: str, at: int) -> int:
    """Where the JSON value ends that begins here, whatever marks stand inside of it; 0 when none does."""
    if text[at] not in "{[":
        return 0
    try:
        return json.JSONDecoder().raw_decode(text, at)[1]
    except (ValueError, RecursionError):
        return 0


def _payload(text: str, functions: Collection[str], *, marked: bool) -> list[WrittenCall] | None:
    """The calls that one payload consists of, or None when it is something else."""
    text = text.strip()
    for reader in (_json_calls, _xml_calls, _element_calls, _named_calls, _braced_calls, _python_calls):
        if (calls := reader(text, functions, marked)) is not None:
            return calls
    return _malformed(text, functions) if marked or text.startswith("{") else None


def _json_calls(text: str, functions: Collection[str], marked: bool) -> list[WrittenCall] | None:
    if text[:1] not in "{[":
        return None
    if text.startswith(("{'", "[{'")):
        text = _as_json(text)
    elif re.match(r"\{\s*(?:name|function|tool)\s*:", text):
        text = re.sub(r"([{,]\s*)([A-Za-z_]\w*)(?=\s*:)", r'\1"\2"', text)
    decoder, at, calls = json.JSONDecoder(), 0, list[WrittenCall]()
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        found = list(_from_json(value, functions, marked))
        if not found or None in found:
            return None
        calls += [call for call in found if call]
        # Several objects stand a line each, or with a semicolon (Llama 3.1) or a comma between them.
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n;,"))
    return calls


def _as_json(text: str) -> str:
    """A dictionary as Python writes it, as JSON; the text as it is where it is none."""
    try:
        return json.dumps(ast.literal_eval(text), ensure_ascii=False)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def _from_json(value: Any, functions: Collection[str], marked: bool) -> Iterator[WrittenCall | None]:
    if isinstance(value, list):
        for item in value:
            yield from _from_json(item, functions, marked)
        return
    if not isinstance(value, Mapping) or not value:
        yield None
        return
    wrapped = next((value[key] for key in _WRAPPERS if isinstance(value.get(key), (list, Mapping))), None)
    if wrapped is not None:
        yield from _from_json(wrapped, functions, marked=True)
        return
    if isinstance(value.get("function"), Mapping):
        yield from _from_json(value["function"], functions, marked)
        return
    if len(value) == 1 and isinstance(next(iter(value.values())), Mapping):
        (name, arguments), *_ = value.items()
        name = known_name(str(name), functions)
        yield (name, _as_text(arguments)) if name in functions else None
        return
    written = next((value[key] for key in _NAME_KEYS if isinstance(value.get(key), str)), "")
    key = next((key for key in _ARGUMENT_KEYS if key in value), "")
    if not key and written in functions and (flat := {k: v for k, v in value.items() if k not in _BESIDE_FLAT}):
        yield written, _as_text(flat)
        return
    name, arguments = known_name(written, functions), value.get(key)
    if isinstance(arguments, str) and not marked and not arguments.lstrip().startswith("{"):
        yield None
    elif (name in functions and (key or marked)) or (
        written
        and isinstance(arguments, Mapping)
        and (marked or set(value) <= {*_NAME_KEYS, "arguments", "parameters", "type", "id"})
    ):
        yield name, _as_text(arguments)
    else:
        yield None


def _xml_calls(text: str, functions: Collection[str], marked: bool) -> list[WrittenCall] | None:
    calls: list[WrittenCall] = []
    at = 0
    while at < len(text):
        match = _INVOCATION.match(text, at)
        if match is None:
            return None
        name, body = known_name(match["plain"] or match["named"], functions), match["body"].strip()
        if body.startswith("{"):
            calls.append((name, body))
        elif _PARAMETER.sub("", body).strip():
            return None
        else:
            pairs = {one["plain"] or one["named"]: _value(one["value"]) for one in _PARAMETER.finditer(body)}
            calls.append((name, json.dumps(pairs, ensure_ascii=False)))
        at = match.end()
    return calls or None


def _element_calls(text: str, functions: Collection[str], marked: bool) -> list[WrittenCall] | None:
    """Elements: the function's name is the tag, or the text of one; its arguments are JSON or elements of their own."""
    elements = _elements(text)
    if not elements:
        return None
    fields = dict(elements)
    if len(elements) == 1 and elements[0][0] in _CALL_TAGS and elements[0][1].startswith("<"):
        return _element_calls(elements[0][1], functions, marked)
    if name := next((fields[key] for key in _NAME_KEYS if key in fields), ""):
        name = known_name(name, functions)
        given = next((fields[key] for key in _ARGUMENT_KEYS if key in fields), None)
        if name not in functions or (given is None and len(fields) > 1):
            return None
        return [(name, _element_arguments(given or ""))]
    calls = [(known_name(tag, functions), _element_arguments(body)) for tag, body in elements]
    return calls if all(name in functions for name, _ in calls) else None


def _elements(text: str) -> list[tuple[str, str]]:
    """Tags and bodies, when the text is a row of elements and nothing else."""
    elements, at = list[tuple[str, str]](), 0
    while at < len(text):
        match = _ELEMENT.match(text, at)
        if match is None:
            return []
        elements.append((match["tag"], match["body"].strip()))
        at = match.end()
    return elements


def _element_arguments(body: str) -> str:
    if not body or body.startswith("{"):
        return body or "{}"
    return json.dumps({tag: _value(text) for tag, text in _elements(body)}, ensure_ascii=False)


def _braced_calls(text: str, functions: Collection[str], marked: bool) -> list[WrittenCall] | None:
    """A name and pairs in braces with quotes of their own: `call:search{query:<escape>x<escape>}` (Gemma)."""
    match = _BRACED.fullmatch(text)
    if match is None or (name := known_name(match["name"], functions)) not in functions:
        return None
    pairs, body, at = dict[str, Any](), match["body"], 0
    while at < len(body):
        pair = _QUOTED_PAIR.match(body, at)
        if pair is None:
            return None
        bare = (pair["bare"] or "").strip().strip("\"'")
        pairs[pair["key"]], at = pair["text"] if pair["quote"] else bare, pair.end()
    return [(name, json.dumps(pairs, ensure_ascii=False))]


def _named_calls(text: str, functions: Collection[str], marked: bool) -> list[WrittenCall] | None:
    """A name followed by `arg_key` and `arg_value` pairs (GLM), or by an object."""
    start = re.match(
        r"(?:(?:assistant|commentary|analysis)\s*)*(?:to=)?(?P<name>[\w.:/-]+)\s*(?:<\|constrain\|>)?\s*(?:json|code)?\s*(?::\s*)?(?=[{<])",
        text,
    )
    if start is None or (name := known_name(start["name"].rstrip(":"), functions)) not in functions:
        return None
    rest, pairs, at = text[start.end() :], dict[str, Any](), 0
    if rest.startswith("{"):
        return [(name, rest)] if _is_object(rest) else None
    while match := _ARG_PAIR.match(rest, at):
        pairs[match["key"].strip()], at = _value(match["value"]), match.end()
    return [(name, json.dumps(pairs, ensure_ascii=False))] if at == len(rest) else None


def _python_calls(text: str, functions: Collection[str], marked: bool) -> list[WrittenCall] | None:
    """Calls as Python writes them, with literal arguments: `[search(query="x")]` (Llama 4), `print(api.search("x"))` (Gemma)."""
    text = re.sub(r"\A(?:[A-Za-z_]\w*\s*=\s*)?(?:await\s+)?(?=[A-Za-z_][\w.]*\s*\()", "", text)
    text = re.sub(r"\A(\*\*|`)([\w.]+)\1(?=\()|\A`(?=[^`]+`\Z)|(?<=\))`\Z", r"\2", text)
    if not re.match(r"\[?\s*[A-Za-z_][\w.]*\s*\(", text) or len(text) > 20_000:
        return None
    try:
        tree = ast.parse(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    calls: list[WrittenCall] = []
    for statement in tree.body:
        expression = statement.value if isinstance(statement, (ast.Expr, ast.Assign)) else None
        nodes = expression.elts if isinstance(expression, (ast.List, ast.Tuple)) else [expression]
        for node in nodes:
            call = _python_call(node, functions)
            if call is None:
                return None
            calls.append(call)
    return calls or None


def _python_call(node: Any, functions: Collection[str]) -> WrittenCall | None:
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Name) and node.func.id == "print" and len(node.args) == 1:
        return _python_call(node.args[0], functions)
    path = ast.unparse(node.func)
    name = known_name(path.removesuffix(".call"), functions)
    if name not in functions:
        return None
    if any(one.arg is None for one in node.keywords):
        only = node.keywords[0].value if len(node.keywords) == 1 and not node.args else None
        try:
            return (name, json.dumps(_literal(only), ensure_ascii=False)) if isinstance(only, ast.Dict) else None
        except (ValueError, TypeError):
            return None
    if node.args:
        # Which parameter is meant is not known here; the model is told to name it.
        return name, f"({', '.join(ast.unparse(one) for one in node.args)})"
    try:
        arguments = {str(one.arg): _literal(one.value) for one in node.keywords}
        return name, json.dumps(arguments, ensure_ascii=False)
    except (ValueError, TypeError):
        return None


def _literal(node: ast.expr) -> Any:
    constants = {"true": True, "false": False, "null": None}
    return constants[node.id] if isinstance(node, ast.Name) and node.id in constants else ast.literal_eval(node)


def _malformed(text: str, functions: Collection[str]) -> list[WrittenCall] | None:
    """A call whose JSON is broken: its name is known, so the model can be told what is wrong with its arguments."""
    # JSON that is whole, with something behind it, is not broken: it is a call with text beside it.
    if not text.startswith(("{", "[{")) or _object_end(text, 0):
        return None
    name, arguments = _BROKEN_NAME.search(text), _BROKEN_ARGUMENTS.search(text)
    if name is None or (known := known_name(name.group(1), functions)) not in functions:
        return None
    return [(known, arguments.group(1).strip().removesuffix("}").strip() if arguments else "")]


def _value(text: str) -> Any:
    """A parameter between tags: text, unless it is a list or an object."""
    text = text.removeprefix("\n").removesuffix("\n")
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _as_text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments or {}, ensure_ascii=False)
