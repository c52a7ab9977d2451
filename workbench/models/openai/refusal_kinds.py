"""Classifies the refusals of model servers by what they mean: status, code and words together, of any provider.

No two servers use the same sentence for the same thing, so nothing here is a list of sentences. A refusal is one of a few
kinds; each kind is recognised by a status, by words of its subject, or by a subject and a predicate that occur together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a refusal is about."""

    OVERFLOW = "the prompt is longer than the server's context"
    ROOM = "the reply's limit is larger than the model's"
    STREAM = "the server does not stream for this account or model"
    TURNS = "the chat template wants other roles or strict turns"
    MONEY = "the account has no money or no quota left"
    REGION = "the service is not offered where the request comes from"
    MODERATION = "the prompt was flagged"
    RATE = "too many requests or tokens a minute"
    LOADING = "the model is being loaded"
    KEY = "the key is missing or wrong"
    NOT_CHAT = "the model cannot chat"
    MODEL = "there is no such model or deployment"
    ADDRESS = "this is not the address of an API"
    TOOLS = "functions cannot be called"
    BUSY = "the server is busy or cannot be reached by its gateway"
    FAULT = "the server failed"
    OTHER = "anything else"


def normalised(text: str) -> str:
    """Words as they are compared: lower case, `snake_case` and `CamelCase` as separate words, no quotation marks."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", text)
    return " ".join(re.sub(r"[_`'\"“”‘’*]+", " ", text).lower().split())


# Overflow: a noun for the prompt or the window, and a predicate that says too much of it.

_WINDOW = re.compile(
    r"\bcontext\b|\bprompt\b|\binputs?\b|\bn ctx\b|\btoken (limit|count|indices)|\btokens? in (the )?request"
    r"|number of (prompt |input |total )?tokens|too many (input |prompt |total )?tokens"
    r"|\btotal tokens|\bsequence length"
    r"|max\w* (model|sequence|seq|prompt|position\w*|session) (len|length|embeddings)"
    r"|messages? (array|list)|\barray too long|\bmessages? .{0,20}(too long|too large)"
    r"|messages\W{0,4}\d+\W{1,3}content"
    r"|request (size|body|entity)?\s*(is )?too large|request (size )?exceeds|length of the (messages"
    r"|prompt|input|conversation)"
    r"|\bconversation\b|\bpayload\b|kontext\w*|contexte|contexto|contesto|上下文|输入|提示词|入力|コンテキスト"
    r"|контекст\w*|токен\w*|промпт\w*|컨텍스트|토큰|프롬프트|입력"
)
_EXCESS = re.compile(
    r"\bexceed\w*|\btoo (long|large|big|many)|\b(longer|larger|greater|bigger|more) than"
    r"|\boverflow\w*|\bover (the |its |token )?limit|\b(context|window) is full\b"
    r"|\breduce\b|\bshort(er|en)\b|\bbeyond\b|\bcannot (fit|truncate)|does ?n[o ]?t fit|not fit"
    r"|too small|zu lang|d[ée]pass|überschr|exced[ei]|supera|\bmust be (<|less|at most)|<=|≤"
    r"|should be \[|\bmax\w* (context|prompt|model|input)\b|\bonly \d|max\w* (size|length)|\bmust have (less|fewer)"
    r"|supports? up to|cannot exceed|超|过长|過長|太长|長すぎ|上限|limit is \d"
    r"|превы\w+|слишком|초과|너무|max\w* \d+ (tokens )?allowed"
)
_RATE_WORDS = re.compile(
    r"rate limit|per (minute|day|hour|second)|\b[tr]pm\b|\btpd\b|throttl|too many requests|quota|please wait"
)
_TOO_LARGE_EVER = re.compile(
    r"request too large|(tokens|prompt|messages|request) must be reduced|reduce (the|your) (length|prompt|message)"
)
_OUTPUT = re.compile(r"max (completion |output |new )?tokens|(completion|output|new) tokens|max output")
_OUTPUT_TOO_LARGE = re.compile(
    r"too (large|big|high)|exceed|at most|less than|greater than|larger than|range|maximum|must be"
    r"|should be|<=|≤|out of"
    r"|supports|invalid|up to"
)
_REPLY_ALONE = re.compile(
    r"\A[^+]{0,40}max (completion |output |new )?tokens (must|should|has to) be (less|<|≤|at most|between)"
)
_NEVER_OVERFLOW = {401, 402, 403, 404, 405}
_OTHER_SIZES = re.compile(
    r"\b(image|audio|video|picture|photo|attachment)s?\b|\bstop( sequences?)?\W{0,3}(array|string)|stop sequences"
)
_PROMPT_TOO = re.compile(r"token|\b(context|prompt|conversation|messages?)\b")
"""What else may be too large, unless the prompt is spoken of too."""


def _is_overflow(status: int, words: str) -> bool:
    if status in _NEVER_OVERFLOW:
        return False
    if status == 413:
        return True
    if re.search(
        r"context (length|window|size) (was |has been |is )?exceed|exceed context size|prompt too long"
        r"|context shift is disabled|(\A|\d )token limit\W*\Z|length of (the )?(current )?question",
        words,
    ):
        return True
    if (status == 429 or _RATE_WORDS.search(words)) and not _TOO_LARGE_EVER.search(words):
        return False
    if re.search(r"\bgot -\d", words) and _OUTPUT.search(words):
        # vLLM's way: nothing is left of the context for the reply.
        return True
    if _OUTPUT.search(words) and (not _prompt_is_meant(words) or _REPLY_ALONE.search(words)):
        return False
    if re.search(r"\bid\b.{0,60}(length|too long)|function (name|description)|tool name|tools\W|\binput should", words):
        return False
    if not _WINDOW.search(words) or (_OTHER_SIZES.search(words) and not _PROMPT_TOO.search(words)):
        return False
    numbers = overflow_numbers(words)
    return bool(_EXCESS.search(words)) or (numbers.limit is not None and (numbers.requested or 0) > numbers.limit)


def _prompt_is_meant(words: str) -> bool:
    return bool(
        re.search(
            r"\bcontext\b|\bprompt\b|\binputs?\b|\bmessages\b|in (the )?request|n ctx|max\w* (model|sequence)", words
        )
    )


def _is_room(words: str) -> bool:
    return bool(_OUTPUT.search(words) and _OUTPUT_TOO_LARGE.search(words) and not _renamed(words))


def _renamed(words: str) -> bool:
    """Whether it is the parameter's name that is refused, not its value."""
    return bool(
        re.search(r"instead|unsupported param|unknown|unrecogni[sz]ed|not permitted|extra inputs|deprecat", words)
    )


@dataclass(frozen=True)
class _Rule:
    """One row of the table: a kind, the statuses that mean it by themselves, words that mean it under any of `within`."""

    kind: Kind
    statuses: frozenset[int]
    words: re.Pattern[str] | None = None
    within: range = range(200, 600)


def _rule(kind: Kind, statuses: tuple[int, ...] = (), words: str = "", within: range = range(200, 600)) -> _Rule:
    return _Rule(kind, frozenset(statuses), re.compile(words) if words else None, within)


_RULES = (
    _rule(
        Kind.MONEY,
        (402,),
        r"insufficient (balance|fund|credit|quota|account)|credits? (balance|exhaust|limit|requ|remain)|out of credit"
        r"|exceeded your current quota|payment required|\bbilling\b.{0,40}(limit|inactive|not active|enable|requir)"
        r"|account.{0,30}(overdue|suspend|deactivat|arrear)|(add|buy|purchase|top up).{0,30}(credits?|balance|funds)"
        r"|spend(ing)? limit|budget (has been |was |is )?exceed|exceed\w* .{0,20}budget"
        r"|\bkey limit exceeded|(monthly|weekly|daily) limit\b|over(due)? .{0,10}payment|余额|欠费|额度",
        range(200, 500),
    ),
    _rule(
        Kind.REGION,
        (451,),
        r"(country|region|territory|location)\b.{0,40}(not supported|unsupported|not available|restricted|blocked|prohibited|forbidden)"
        r"|virtual network|firewall rule|not (available|offered|supported) in (your|this)|\bip\b.{0,30}not (allowed|authorized|permitted)"
        r"|(unsupported|not (supported|available|allowed) (in|for) (your|this)) (country|region|location|territory)"
        r"|unsupported country",
        range(400, 500),
    ),
    _rule(
        Kind.MODERATION,
        (),
        r"\bflagged\b|\bmoderat|content (policy|polic|filter|management|safety|violat)|responsible ?ai"
        r"|violat\w+ .{0,40}(policy|policies|guideline|terms)|inappropriate content|data inspection"
        r"|safety (system|setting|filter)|content exists risk|\bhigh risk\b"
        r"|敏感|prohibited (content|use)",
        range(200, 500),
    ),
    _rule(
        Kind.STREAM,
        (),
        r"(must|need|has) .{0,40}\bto stream\b|\bstream(ing)?\b(?! options).{0,50}(not (supported"
        r"|allowed|available|permitted|enabled)"
        r"|unsupported|disabled|must be false|cannot)|(not support|disallow|unsupported|cannot use"
        r"|does not allow)\w* .{0,30}\bstream(ing)?\b(?! options)",
        range(400, 502),
    ),
    _rule(
        Kind.TURNS,
        (),
        r"\balternat|consecutive (user|messages|roles|assistant)|two user messages|unexpected role"
        r"|roles? .{0,40}after role"
        r"|expected last role|system role not supported|single tool.calls? at once"
        r"|(role|system|message).{0,60}(does not support|unsupported value|not supported).{0,30}\bsystem\b",
    ),
    _rule(
        Kind.NOT_CHAT,
        (),
        r"not (a |an )?(chat|llm|text generation|generative)( |-)?(model|completion)?\b|embedding models? do|not llm"
        r"|does not support (the )?(chat|generat)|not support (chat|/v1/chat)|is (not )?an? embedding",
        range(400, 502),
    ),
    _rule(
        Kind.MODEL,
        (),
        r"model.{0,80}(not (found|exist|loaded|available|installed|supported|valid|deployed|served)"
        r"|does not exist|unknown|invalid"
        r"|no longer|deprecat|decommission|unavailable|is not a valid)|(no such|unknown|invalid"
        r"|unsupported|cannot find|find the requested)"
        r" .{0,12}(model|deployment)|deployment.{0,60}(not (exist|found)|does not exist)"
        r"|\bpull(ing)? it first|pinned to|model not found|no endpoints found for"
        r"|no models? loaded|(does not|not) have access to.{0,20} model",
        range(400, 502),
    ),
    _rule(
        Kind.TOOLS,
        (),
        r"(tool|function)s?\b.{0,80}(not (support|enabl|allow|implement)|unsupported|requires"
        r"|disabled)|no endpoints .{0,30}\btool|(not support|unsupported|enable|without)\w*.{0,30}\b(tool|function)",
        range(400, 502),
    ),
    _rule(
        Kind.KEY,
        (401, 407),
        r"(api|access|auth\w*|security|bearer|subscription)[ -]?(key|token).{0,60}(invalid|incorrect"
        r"|missing|requir|expired|wrong|not (found|valid|provided)"
        r"|not included|provided)|(invalid|incorrect|missing|no|wrong|malformed|expired|bad"
        r"|provide).{0,20}(api|access|auth\w*|security)[ -]?(key|token)"
        r"|unauthori[sz]ed|unauthenticated|authenticat(e|ion) (fail|error|requir|credential)"
        r"|not authenticated|invalid credential"
        r"|must be (logged|signed) in",
        range(400, 500),
    ),
    _rule(
        Kind.LOADING,
        (),
        r"\bload(ing|ed)? .{0,20}\bmodel|\bmodel .{0,30}\bload(ing|ed)?\b|warming up|starting up",
        range(502, 504),
    ),
    _rule(
        Kind.LOADING,
        (),
        r"\bloading\b.{0,30}\bmodel\b|\bmodel\b.{0,20}\b(is|still) (being )?load(ing|ed)\b",
        range(400, 600),
    ),
    _rule(
        Kind.ADDRESS,
        (),
        r"unexpected endpoint|no (such )?(route|endpoint|handler)\b|endpoint not found|page not found|cannot post",
    ),
    _rule(Kind.RATE, (429,)),
    _rule(Kind.ADDRESS, (301, 302, 303, 307, 308, 404, 405)),
    _rule(
        Kind.BUSY,
        (408, 425, 502, 503, 504, 529),
        r"overloaded|at capacity|temporarily unavailable|server is busy|try again later",
    ),
    _rule(Kind.KEY, (403,), r"$^", range(403, 404)),
    _rule(Kind.FAULT, tuple(range(500, 600))),
)
"""Tried in order, after overflow and room: a status that means a kind counts where no words before it said otherwise."""


def classify(status: int, code: str, text: str) -> Kind:
    """The kind of a refusal. `status` is 200 for an error inside a stream; `code` may be a code, a type or empty."""
    words = normalised(f"{code} {text}")
    for rule in _RULES[:3]:
        if _says(rule, status, words) and not _is_overflow(status, words):
            return rule.kind
    if _is_overflow(status, words):
        return Kind.OVERFLOW
    if status in (200, 400, 413, 422, 500) and _is_room(words):
        return Kind.ROOM
    return next((rule.kind for rule in _RULES if status in rule.statuses or _says(rule, status, words)), Kind.OTHER)


def _says(rule: _Rule, status: int, words: str) -> bool:
    return status in rule.within and rule.words is not None and rule.words.search(words) is not None


# The numbers of an overflow, read out of the words where they stand.

_NUMBER = re.compile(r"(?<![\w.])(?<!\(-)(?<! -)(?:\d{1,3}(?:[,_]\d{3})+|\d+)(?:\.\d+)?(?P<k>k\b)?(?!\w)")
_LIMIT_CUE = re.compile(
    r"\bmax\w*(?! (?:output |completion |new )?tokens\b(?! allowed))|\blimit\w*|at most|\bup to"
    r"|\bonly\b|\ballowed\b|\bsupports?\b|\bn ctx\b|\bcontext (?:size|length|window)|\bwindow\b"
    r"|\bcapacity|\bavailable|\bexceed\w*|\bthan\b|>=?|<=?|≤|\bconfigured|too large for|\bsize\b"
    r"|current question is|kontextfenster von|上限|最大|최대|предел\w*|максим\w*"
    r"|m[áa]xim[oa]|massim[oa]|l[íi]mite|limite|höchst\w*|maximal\w*|grenze"
)
_REQUEST_CUE = re.compile(
    r"\brequest(?:ed|s)?\b(?! for)|\bresulted\b|\bcontains?\b|\bhas\b|\bhave\b|\bprovided\b"
    r"|\bpassed\b|\bgot\b|\bgiven\b|\bsent\b"
    r"|\bn keep\b|\bn prompt tokens\b|too long\b|\bneeds?\b|\breceived\b|\bcurrent\b|\bused\b|\btotal of\b"
)
_WEAK_REQUEST = re.compile(r"\bprompt\b|\binputs?\b|\bmessages?\b|\brequest\b|\byour\b|\btokens\b")
_PLAUSIBLE = range(64, 20_000_001)


@dataclass(frozen=True)
class Overflow:
    """What a server said about a prompt that is too long, in its own tokens; None where it did not say."""

    limit: int | None = None
    """The context, or the longest prompt, that there is."""

    requested: int | None = None
    """What the prompt takes, without the reply where that was told apart."""

    over: int | None = None
    """By how much it was too long."""


def overflow_numbers(text: str, known: tuple[int, ...] = ()) -> Overflow:
    """Limit and requested count as they stand in the words of an overflow. `known` are numbers that mean something else."""
    words = normalised(text)
    if over_by := re.search(r"\bgot -(\d+)", words):
        return Overflow(over=int(over_by[1]))
    if sum_of := re.search(r"(\d[\d,]*) \+ (\d[\d,]*) >=? (\d[\d,]*)", words):
        prompt, _, most = (int(number.replace(",", "")) for number in sum_of.groups())
        return Overflow(most, prompt)
    if re.search(r"\bcharacters?\b|\bchars\b|\bbytes\b|\barray\b|\bstring\b", words) and not re.search(
        r"\btokens?\b", words
    ):
        return Overflow()
    if bounds := re.findall(r"\[\s*\d+\s*,\s*(\d[\d,]*)\s*\]", words):
        return Overflow(int(bounds[-1].replace(",", "")))
    limits: list[int] = []
    totals: list[int] = []
    prompts: list[int] = []
    over: int | None = None
    numbers = list(_NUMBER.finditer(words))
    for at, match in enumerate(numbers):
        value = _value(match)
        if value not in _PLAUSIBLE or value in known:
            continue
        before = words[numbers[at - 1].end() if at else 0 : match.start()][-90:]
        after = words[match.end() : numbers[at + 1].start() if at + 1 < len(numbers) else None][:40]
        if re.search(r"\bby (?:about )?$", before):
            over = value
        elif re.match(
            r"\W*(tokens? )?(in|for|from) (the )?(completion|reply|output)|\W*(max )?(output|new|completion) tokens",
            after,
        ):
            continue
        elif re.match(
            r"\W*(tokens? )?(in|from|of) (\w+ ){0,2}(messages|prompt|input)|\W*(text )?(input|prompt)s? tokens", after
        ):
            prompts.append(value)
        elif _means_limit(before, after):
            limits.append(value)
        else:
            totals.append(value)
    requested: int | None = max(prompts or totals, default=None)
    limit: int | None = min(limits, default=None)
    if limit is not None and requested is not None and not totals and limit > requested:
        requested = None
    if limit is None and len(totals) > 1 and min(totals) < max(totals):
        limit, requested = min(totals), max(totals)
    return Overflow(limit, requested, over)


def room_number(text: str, asked: int) -> int | None:
    """The longest reply that a model writes, as it stands in the refusal of a longer one; None when it does not say."""
    numbers = {_value(match) for match in _NUMBER.finditer(normalised(text))}
    return max((number for number in numbers if 16 <= number < asked), default=None)


def _value(match: re.Match[str]) -> int:
    digits = match.group().rstrip("k").replace(",", "").replace("_", "")
    return int(float(digits) * (1024 if match["k"] else 1))


def _means_limit(before: str, after: str) -> bool:
    """Whether the nearest cue beside a number speaks of a limit; nouns of a prompt count only where no verb does."""
    limit = max((cue.end() for cue in _LIMIT_CUE.finditer(before)), default=-1)
    request = max((cue.end() for cue in _REQUEST_CUE.finditer(before)), default=-1)
    if limit < 0 and request < 0:
        if _WEAK_REQUEST.search(before):
            return bool(re.match(r"\W*(tokens? )?(max|limit|allowed)", after))
        return bool(_LIMIT_CUE.match(after.lstrip(" ()"))) and not after.lstrip(" ()").startswith((">", "<"))
    return limit > request


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "秒": 1.0, "分": 60.0}
_UNIT = (
    r"ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?"
    r"|sekunden?|secondes?|segundos?|secondi|minuten?|minutos?|minuti"
)
_CLOCK = re.compile(r"(?:retry|wait|again|reset)\w*\b[^.;\d]{0,24}(\d{1,2}):(\d\d):(\d\d)\b")
_WAIT = re.compile(
    r"(?:retry|try again|wait|available|reset\w*|retry delay"
    r"|versuch\w*|warte\w*|réessaye\w*|int[ée]nt\w*|riprova\w*|tente\w*)\b[^.;\d]{0,48}?"
    rf"(?P<first>\d+(?:\.\d+)?)\s*(?P<unit>{_UNIT})(?![a-z])(?P<more>(?:\s*\d+(?:\.\d+)?\s*(?:{_UNIT})(?![a-z]))*)"
)
_WAIT_BARE = re.compile(
    r"(?:retry[ -]after|retry in|estimated time|retry delay|wait time)(?: seconds)?\W{0,4}(\d+(?:\.\d+)?)(?![\w.])"
)
_WAIT_HAN = re.compile(r"(\d+(?:\.\d+)?)\s*(秒|分)\w{0,4}(?:后|後)")


def written_wait_seconds(text: str) -> float | None:
    """How long to wait, as a refusal says it in its words: "retry after 14 seconds", "try again in 1m20s", "retryDelay": "38s"."""
    words = normalised(text)
    if clock := _CLOCK.search(words):
        return float(clock[1]) * 3600 + float(clock[2]) * 60 + float(clock[3])
    if match := _WAIT.search(words):
        parts = [(match["first"], match["unit"]), *re.findall(rf"(\d+(?:\.\d+)?)\s*({_UNIT})", match["more"])]
        return sum(
            float(number) * _UNITS["ms" if unit.startswith(("ms", "mil")) else unit[0]] for number, unit in parts
        )
    if bare := _WAIT_BARE.search(words):
        return float(bare[1])
    han = _WAIT_HAN.search(words)
    return float(han[1]) * _UNITS[han[2]] if han else None
