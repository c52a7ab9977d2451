"""How a load reads what it is given: the person's choices, one frozen value from the command line down to the loaders."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

OcrMode = Literal["auto", "never", "always"]

_OF_ONE_LOAD = ("passwords", "prune", "retry", "query")


@dataclass(frozen=True)
class LoadOptions:
    """Choices of one load. Patterns are written as in .gitignore and apply to folders only."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hidden: bool = False
    """Files and folders whose name begins with a dot are loaded too (never a version control's own folder)."""
    ocr: OcrMode = "auto"
    """auto: pictures and pages without text, where tesseract is installed; always: every page of a PDF; never."""
    ocr_languages: str = ""
    """Languages of tesseract, as "deu+eng"; "" is its own default."""
    private: bool = False
    """Web addresses inside the local network may be fetched."""
    query: str = ""
    """SQL whose rows are the documents, where a database is loaded."""
    prune: bool = False
    """Documents whose file is no longer there are dropped from the source."""
    retry: bool = False
    """Files that were set aside for breaking a limit, or skipped by the user, are tried again."""
    passwords: tuple[str, ...] = field(default=(), repr=False)
    """Tried on every file that needs one; kept nowhere."""

    def dump(self) -> str:
        """What is kept of them for the next load of the same source (JSON): no password, no query, no single wish."""
        return json.dumps({key: value for key, value in asdict(self).items() if key not in _OF_ONE_LOAD})

    @classmethod
    def load(cls, text: str, **changes: Any) -> LoadOptions:
        """The inverse of `dump`, with changes; what this version does not know is passed over."""
        known = {field.name for field in fields(cls)} - set(_OF_ONE_LOAD)
        kept = {key: value for key, value in json.loads(text).items() if key in known}
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in {**kept, **changes}.items()
        }
        return cls(**values)
