"""Takes the pieces of a stream's text as what they add, also where each piece holds all that was said so far.

Most servers send what is new; some (DashScope among them, and gateways in front of Gemini) send the whole text again with
every piece. Which of the two it is shows at the second or third piece, so a second one that begins with the first waits for it.
"""

from __future__ import annotations

_TELLING_CHARS = 16
"""A text of so many characters is hardly ever the whole beginning of the next piece by accident."""
_TELLING_PIECES = 3


class Increments:
    """One text of a reply, piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[str] | None = []
        """The pieces so far, of which each begins with the one before it; None once it is known how the server sends."""
        self._seen: str | None = None
        """All that was said so far, where every piece holds it."""

    def feed(self, piece: str) -> str:
        """What this piece adds, and those that waited for it; may be empty."""
        if not piece:
            return ""
        if self._pieces is None:
            return self._new(piece)
        before = self._pieces[-1] if self._pieces else ""
        self._pieces.append(piece)
        if not before:
            return piece  # it is new either way
        if not (piece.startswith(before) and len(piece) > len(before)):
            return self.finish()
        many = len(self._pieces) >= _TELLING_PIECES and len(piece) >= _TELLING_CHARS
        if not many and len(before) < _TELLING_CHARS:
            return ""
        first, self._pieces, self._seen = self._pieces[0], None, piece
        return piece[len(first) :]

    def finish(self) -> str:
        """What waited, once nothing more comes."""
        waiting, self._pieces = (self._pieces or [])[1:], None
        return "".join(waiting)

    def _new(self, piece: str) -> str:
        if self._seen is None:
            return piece
        if piece.startswith(self._seen):
            new = piece[len(self._seen) :]
            self._seen = piece
            return new
        if self._seen.startswith(piece):
            return ""
        self._seen += piece
        return piece
