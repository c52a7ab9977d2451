"""What can go wrong, as one tree; every leaf carries a hint: what the person should do next.

    WorkbenchError
    ├── UsageError            exit 2: the command or its arguments are wrong
    │   ├── ConfigError       a setting cannot be used (file, key and the nearest valid key are named)
    │   └── NotFound          no such agent, source, document or step
    └── WorkError             exit 1: the work failed
        ├── ArchiveError      the database cannot be opened or written
        │   └── ArchiveBusy   another process owns it
        ├── OwnerEnded        the process that owned the database ended in the middle of a command
        ├── EmbedderError     the embedding worker failed
        ├── RerankerError     the cross-encoder cannot be found, or failed
        ├── ContextOverflow   the fixed parts of the prompt do not fit the window
        └── ModelError        the model's server refused, vanished or spoke nonsense
            ├── ModelUnreachable
            ├── ModelBrokeOff     the connection was lost in the middle of a reply
            └── ModelOverflow     the server says that the prompt was too long

Messages are one sentence for people; `str(error)` is the message alone, `error.hint` the next step.
"""

from __future__ import annotations


class WorkbenchError(Exception):
    """Base of every error a user may see. `message` and `hint` are one line each."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def one_line(self) -> str:
        """The message and its hint on one line, as printed to stderr."""
        text = f"{self.message} {self.hint}".strip()
        return " ".join(text.split())


class UsageError(WorkbenchError):
    """The command or its arguments are wrong."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting cannot be used."""


class NotFound(UsageError):
    """No such agent, source, document or step."""


class WorkError(WorkbenchError):
    """The work itself failed."""


class ArchiveError(WorkError):
    """The database cannot be opened, read or written."""


class ArchiveBusy(ArchiveError):
    """Another process owns the database."""


class OwnerEnded(WorkError):
    """The process that owned the database ended in the middle of a command that it ran for this one."""


class EmbedderError(WorkError):
    """The embedding worker failed or could not be started."""


class RerankerError(WorkError):
    """The cross-encoder that reranks results cannot be found or loaded, or failed."""


class ContextOverflow(WorkError):
    """The fixed parts of the prompt alone do not fit the window."""


class ModelError(WorkError):
    """The model's server refused, vanished, or answered with nonsense."""


class ModelUnreachable(ModelError):
    """Nothing answers where the model's server should be."""


class ModelBrokeOff(ModelError):
    """The connection was lost in the middle of a reply: asked again, the server may well answer."""


class ModelOverflow(ModelError):
    """The server says that the prompt is longer than its context.

    In tokens as the server counts them, where it named them: `limit_tokens` is what it takes, `requested_tokens` what the
    prompt has, `over_tokens` by how much it is too long.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        limit_tokens: int | None = None,
        requested_tokens: int | None = None,
        over_tokens: int | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.limit_tokens = limit_tokens
        self.requested_tokens = requested_tokens
        self.over_tokens = over_tokens
