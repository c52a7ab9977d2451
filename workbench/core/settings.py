"""Settings, read from defaults, the TOML file, the environment and flags, in rising order of precedence.

A plain dataclass in place of pydantic-settings: every command reads its settings first, and importing pydantic takes 0.14 s of
processor time, three times as long as this module with all that it needs.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import os
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.core.archive_address import address_of
from workbench.core.embedding_spec import read_spec
from workbench.core.errors import ConfigError
from workbench.core.hyperlinks import AUTO, OFF, ON
from workbench.core.secrets import checked_key

SMALLEST_WINDOW_TOKENS = 2_048
READER = "reader"

_WELL_KNOWN = {"OPENAI_API_KEY": "api_key", "OPENAI_BASE_URL": "base_url"}
DRIVES = ("auto", "model", "guided")
CHOICES = {
    "drive": DRIVES,
    "eviction": ("fifo", "lru", "pinned"),
    "hyperlinks": (AUTO, ON, OFF),
    "summary_by": ("condense", "model"),
    "summary_form": ("primer", "prose"),
    "persona_edits": ("allow", "ask"),
    "server_api": ("auto", "chat", "responses"),
    "function_calls": ("auto", "native", "json_schema", "text"),
}
SECRET_SETTINGS = ("api_key", "embedding_api_key")
"""Settings that are never shown, recorded or handed on."""
_NOT_SETTINGS = {"WORKBENCH_HOME"}


@dataclass(frozen=True)
class Settings:
    """Every setting, its default and its meaning; the TOML file has the same keys."""

    model: str = ""
    """Name of the model. Empty: the embedded extractive reader, or the first model of the server in base_url."""

    base_url: str = ""
    """An OpenAI-compatible server, with its /v1. Empty: OpenAI's own when a model is named."""

    api_key: str = ""
    """Key for the server. Better kept in OPENAI_API_KEY than in a file; "keyring" takes it from the keyring of the system."""

    server_api: str = "auto"
    """Which API of the server is asked: chat (Chat Completions), responses, or auto (what the server answers decides)."""

    function_calls: str = "auto"
    """How the model calls functions: native, json_schema (as text that the server holds to a schema), text, or auto."""
    drive: str = "auto"
    """Who searches: model, guided (the built-in reader searches and the model only writes the answer), or auto (the model begins;
    the reader takes over after three calls that cannot be carried out, or a "not found" without a search)."""

    window_tokens: int = 8_192
    """The model's context window. The smallest is 2,048."""

    temperature: float = 0.2
    """How freely the model chooses its words; servers of one's own often sample at 0.8. Below 0: left to the server."""

    reserve_tokens: int = 0
    """Tokens of the window kept for the reply. 0: an eighth of the window, between 256 and 4,096."""

    warn_share: float = 0.70
    """Share of the usable window at which the model is told that memory is getting full."""

    flush_share: float = 1.00
    """Share of the usable window at which messages are evicted."""

    evict_to_share: float = 0.50
    """Eviction goes on until the queue takes at most this share of its capacity."""

    eviction: str = "fifo"
    """What leaves a full queue first: fifo (the oldest), lru (what was not used for longest), or pinned (as fifo, but results
    that the working context names by a handle stay longest)."""

    summary_share: float = 0.0625
    """The recursive summary takes at most this share of the window, and 1,024 tokens."""

    summary_by: str = "condense"
    """Who writes the recursive summary: condense (the workbench, without a model call) or model (one more request an eviction)."""

    summary_form: str = "primer"
    """How a model writes it: primer (short statements that stand alone, one a line) or prose."""

    evidence: bool = True
    """Once a question is answered, results shrink to a line each; only the passages that the answer cited stay whole."""

    fixed_share: float = 0.25
    """System instructions and functions take at most this share of the window."""

    working_share: float = 0.12
    """The blocks of the working context together take at most this share of the window."""

    page_share: float = 0.25
    """A page of results takes at most this share of the window."""

    page_hits: int = 5
    """A page of results has at most this many hits."""

    reranker: str = ""
    """A cross-encoder of sentence-transformers, by its folder or name, that puts the best 50 results in order. Empty: none."""

    embedding_model: str = "minilm"
    """What new sources are embedded with: minilm (the built-in model), e5 or minilm-int8 (the extra embedding-models),
    openai:MODEL or openai:MODEL@URL (a server's /v1/embeddings), or sentence-transformers:NAME. A source keeps its model."""

    embedding_api_key: str = ""
    """Key for the embedding server, where it is not the server in base_url. Better kept in WORKBENCH_EMBEDDING_API_KEY."""

    sweep_share: float = 0.05
    """A sweep goes on while at least this share of the last 40 pages gave something."""

    steps: int = 50
    """Most model calls for one question."""

    minutes: float = 30.0
    """Most time for one question."""

    question_tokens: int = 0
    """Most tokens, in and out, for one question. 0: no limit."""

    question_cost: float = 0.0
    """Most that one question may cost, in the currency of the prices. 0: no limit."""

    day_tokens: int = 0
    """Most tokens, in and out, that all questions to a server take together from midnight on. 0: no limit."""

    day_cost: float = 0.0
    """Most that all questions together may cost from midnight on. 0: no limit."""

    price_in: float = 0.0
    """Price of a million tokens sent to the model. 0 for both: as the price tables say (prices.toml beside this file)."""

    price_cached: float = -1.0
    """Price of a million tokens that the provider read from its cache. Below 0: as price_in."""

    price_out: float = 0.0
    """Price of a million tokens that the model writes."""

    heartbeat_minutes: float = 0.0
    """Give the model a turn of its own after so many idle minutes. 0: never."""

    function_seconds: float = 30.0
    """Most time for one call of a function of your own."""

    preset: str = "documents"
    """Task guidance in the system instructions: documents, chat or lookup."""

    persona: str = "analyst"
    """Name of the persona text a new agent starts with."""

    human: str = "basic"
    """Name of the text about the person a new agent starts with."""

    persona_edits: str = "allow"
    """Whether the model may write into blocks persona and human itself: allow, or ask (you are told what it would write)."""

    read_ahead: bool = True
    """Search the archive for the question before the first model call."""

    totals: bool = True
    """Tell the model how many results a search has and the call for the next page. Off: each page passes for all, as in MemGPT."""

    follow: bool = True
    """Offer the function that lists passages linked to a passage by name."""

    sub_questions: bool = True
    """Let the reader search for parts of a question after its first search."""

    verify: bool = True
    """Send an answer back to the model once when a quote is not on the page it cites."""

    repair: bool = True
    """Ask the model once for citations when half of its answer quotes nothing although pages were read; its text stands."""

    request_timeout_seconds: float = 600.0
    """How long the model's server may stay silent."""

    archive: str = field(default="", repr=False)
    """A shared archive on PostgreSQL: postgresql://USER:PASSWORD@HOST/DATABASE (see `workbench help postgres`). Empty: the home's own."""

    memory_limit_mb: int = 1_024
    """Memory DuckDB may use."""

    index_memory_mb: int = 4_096
    """Memory the search index may take: about 3 MB for a thousand passages. What would be larger is searched in the database."""

    threads: int = 2
    """Threads DuckDB may use."""

    theme: str = "workbench"
    """Colour theme of the screen."""

    ascii: bool = False
    """Draw with plain ASCII signs only."""

    hyperlinks: str = AUTO
    """Citations as links to their files: auto (where the terminal is known to have links), on or off; so does NO_HYPERLINKS=1."""

    def __post_init__(self) -> None:
        checked_key(self.api_key, "api_key")
        if self.archive:
            address_of(self.archive)
        checked_key(self.embedding_api_key, "embedding_api_key")
        read_spec(self.embedding_model)
        if self.window_tokens < SMALLEST_WINDOW_TOKENS:
            raise ConfigError(
                f"A window of {self.window_tokens:,} tokens is too small.",
                f"The smallest is {SMALLEST_WINDOW_TOKENS:,}: use --window {SMALLEST_WINDOW_TOKENS}.",
            )
        if not 0 <= self.reserve_tokens <= self.window_tokens // 2:
            raise ConfigError("reserve_tokens must lie between 0 and half of the window.", "0 chooses it for you.")
        for name in ("warn_share", "flush_share", "evict_to_share", "page_share"):
            if not 0.05 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must lie between 0.05 and 1.", "Leave it out to have the default.")
        if not 0.2 <= self.fixed_share <= 0.5:
            raise ConfigError("fixed_share must lie between 0.2 and 0.5.", "The default is 0.25.")
        if not 0.05 <= self.working_share <= 0.25:
            raise ConfigError("working_share must lie between 0.05 and 0.25.", "The default is 0.12.")
        if not 0 <= self.sweep_share <= 1:
            raise ConfigError("sweep_share must lie between 0 and 1.", "The default is 0.05.")
        if self.warn_share > self.flush_share or self.evict_to_share > self.flush_share:
            raise ConfigError(
                "flush_share must not be below warn_share or evict_to_share.", "The defaults are 0.7, 1.0, 0.5."
            )
        if not 0.01 <= self.summary_share <= 0.25:
            raise ConfigError("summary_share must lie between 0.01 and 0.25.", "The default is 0.0625.")
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ConfigError(f"{name} is one of {', '.join(choices)}.", f"The default is {choices[0]}.")
        for name in ("page_hits", "steps"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1.", "Leave it out to have the default.")
        if not 0 < self.minutes < math.inf:
            raise ConfigError("minutes must be more than 0.", "The default is 30.")
        for name in (
            "question_tokens",
            "question_cost",
            "day_tokens",
            "day_cost",
            "price_in",
            "price_out",
            "heartbeat_minutes",
        ):
            if not 0 <= getattr(self, name) < math.inf:
                raise ConfigError(f"{name} must be a number from 0 on.", "0 means that there is none.")
        if self.function_seconds <= 0:
            raise ConfigError("function_seconds must be positive.", "The default is 30.")

    @property
    def uses_reader(self) -> bool:
        """Whether the embedded extractive reader answers: no server and no model named."""
        return self.model == READER or not (self.model or self.base_url)

    @property
    def reader_options(self) -> dict[str, bool]:
        """What a request to the embedded reader says beside its messages: what is not as usual."""
        return {} if self.sub_questions else {"sub_questions": False}

    @property
    def reserve(self) -> int:
        """Tokens kept for the reply."""
        return self.reserve_tokens or min(4_096, max(256, self.window_tokens // 8))

    @property
    def working_tokens(self) -> int:
        """Most that the blocks of the working context may take together."""
        return int(self.window_tokens * self.working_share)

    @property
    def usable_tokens(self) -> int:
        """The window without the reserve: what a prompt may take."""
        return self.window_tokens - self.reserve


def read_settings(
    file: Path | None, flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """The settings in force. Flags that are None count as not given. Raises ConfigError, naming file and key."""
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    if file and is_there(file):
        values.update(from_file(file))
    values.update(from_environment(environ))
    values.update({key: value for key, value in (flags or {}).items() if value is not None})
    return Settings(**values)


def _fields() -> dict[str, Any]:
    hints = typing.get_type_hints(Settings)
    return {field.name: hints[field.name] for field in dataclasses.fields(Settings)}


def is_there(file: Path) -> bool:
    """Whether there is a settings file. Raises ConfigError for anything else in its place, which would be ignored silently."""
    if file.is_file():
        return True
    if not os.path.lexists(file):
        return False
    what = "a folder" if file.is_dir() else "a link that leads to no file" if file.is_symlink() else "no regular file"
    raise ConfigError(f"{file} holds no settings: it is {what}.", "Move it away, or put a settings file in its place.")


def from_file(file: Path) -> dict[str, Any]:
    """What a TOML file sets. Raises ConfigError, naming file and key."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not valid TOML: {error}.", "Mend that line or move the file away.") from None
    known = _fields()
    for key in data:
        if key not in known:
            raise ConfigError(f"{file}: there is no setting {key!r}.", _near(key, known))
    return {key: _setting(key, value, known[key], f"{file}: {key}") for key, value in data.items()}


def parsed(key: str, text: str) -> Any:
    """A value as it is typed, of the setting's type; an empty text is None. Raises ConfigError, naming the nearest key."""
    known = _fields()
    if key not in known:
        raise ConfigError(f"There is no setting {key!r}.", _near(key, known))
    return _setting(key, text, known[key], key) if text else None


def _near(key: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"Did you mean {near[0]}?" if near else "See `workbench configure` for the keys."


def from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """What the environment sets: WORKBENCH_KEY, and the names that every client of OpenAI knows."""
    known = _fields()
    values: dict[str, Any] = {}
    for variable, key in _WELL_KNOWN.items():
        if environ.get(variable):
            values[key] = _setting(key, environ[variable], str, variable)
    for variable, text in environ.items():
        key = variable.removeprefix("WORKBENCH_").lower()
        if variable.startswith("WORKBENCH_") and variable not in _NOT_SETTINGS and key in known and text != "":
            values[key] = _setting(key, text, known[key], variable)
    return values


def _setting(key: str, value: Any, kind: Any, where: str) -> Any:
    """A value of the setting's type. Raises ConfigError, which never tells a key."""
    if key == "archive" and not isinstance(value, str):
        raise ConfigError(f"{where} is not a text in quotes.", 'Write it as archive = "postgresql://…".')
    if key not in SECRET_SETTINGS:
        return _typed(value, kind, where)
    if not isinstance(value, str):
        variable = "OPENAI_API_KEY" if key == "api_key" else f"WORKBENCH_{key.upper()}"
        raise ConfigError(f"{where} is not a text in quotes.", f"Put the key in quotes, or set {variable} instead.")
    return checked_key(value, where)


def _typed(value: Any, kind: Any, where: str) -> Any:
    if isinstance(kind, types.UnionType):
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    try:
        if kind is bool:
            if isinstance(value, bool):
                return value
            return {
                "1": True,
                "true": True,
                "yes": True,
                "on": True,
                "0": False,
                "false": False,
                "no": False,
                "off": False,
            }[str(value).strip().lower()]
        if kind is int and isinstance(value, (str, int)) and not isinstance(value, bool):
            return int(str(value).replace("_", "").replace(",", ""))
        if kind is float and isinstance(value, (str, int, float)) and not isinstance(value, bool):
            return float(value)
        if kind is str and isinstance(value, str):
            return value
    except (KeyError, ValueError):
        pass
    raise ConfigError(f"{where}: {value!r} is not {_article(kind)}.", "Mend it or leave it out to have the default.")


def _article(kind: type) -> str:
    return {bool: "true or false", int: "a whole number", float: "a number", str: "a text in quotes"}[kind]
