"""What is known of a model server: what it offers, how it was found to behave, and what is done about it.

`workbench doctor` finds it out and keeps it; requests are then made as the server wants them from the first one on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

OK, QUIRK, BAD, UNKNOWN = "ok", "quirk", "bad", "unknown"
"""States of a finding: as it should be; otherwise, and dealt with; a loss for the user; not found out."""

CHAT, EMBEDDING, OTHER = "chat", "embedding", "other"
"""Kinds of models."""


_IN_SHORT = {
    "reply": "does not answer", "truncation": "cuts prompts", "context": "smaller context", "tools": "no functions",
    "streaming tools": "no functions", "history": "refuses calls in its history",
}  # fmt: skip
"""What is bad about a server, for a status line."""


@dataclass(frozen=True)
class Finding:
    """One aspect of a server: `found` is what it does, `does` what the workbench does about it ("" where nothing is needed)."""

    aspect: str
    state: str
    found: str
    does: str = ""


@dataclass(frozen=True)
class ServedModel:
    """A model that a server lists. `context_tokens` is what the server declares for it, None where it does not."""

    name: str
    kind: str = CHAT
    context_tokens: int | None = None


@dataclass(frozen=True)
class ServerProfile:
    """A server and one of its models, as they were when they were last asked.

    `url` is without user name, password and query. `model` is "" where only the list was asked for. `declared_tokens` is the
    context that the server states, `measured_tokens` the one it turned out to have; None where nothing is known.
    `whole_tokens` is the longest prompt that is known to have been read whole. `repairs` and `shape` are how requests are
    made for it (see models.openai.retry), `checked` the time in ISO 8601.
    """

    name: str
    url: str
    reachable: bool
    reason: str = ""
    models: tuple[ServedModel, ...] = ()
    model: str = ""
    declared_tokens: int | None = None
    measured_tokens: int | None = None
    whole_tokens: int | None = None
    findings: tuple[Finding, ...] = ()
    repairs: tuple[Mapping[str, Any], ...] = ()
    shape: Mapping[str, Any] = field(default_factory=dict)
    checked: str = ""

    @property
    def context_tokens(self) -> int | None:
        """The context to count on: the measured one, else the declared one."""
        return self.measured_tokens or self.declared_tokens

    @property
    def quirks(self) -> tuple[Finding, ...]:
        """What is not as it should be."""
        return tuple(one for one in self.findings if one.state in (QUIRK, BAD))

    @property
    def label(self) -> str:
        """A few words for a status line, "" where there is nothing to say."""
        bad = [one.aspect for one in self.findings if one.state == BAD]
        said = list(dict.fromkeys(_IN_SHORT[aspect] for aspect in bad if aspect in _IN_SHORT))
        return ", ".join(said[:2])

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def load(cls, value: Mapping[str, Any]) -> ServerProfile:
        """From JSON; keys of other versions are left out. Raises TypeError, KeyError or ValueError for something else."""
        known = {item.name for item in fields(cls)}
        given = {key: item for key, item in value.items() if key in known}
        given["models"] = tuple(ServedModel(**item) for item in given.get("models", ()))
        given["findings"] = tuple(Finding(**item) for item in given.get("findings", ()))
        given["repairs"] = tuple(given.get("repairs", ()))
        return cls(**given)
