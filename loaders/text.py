"""Plain text and source code in any encoding: the file goes in, a Document of one page comes out."""

from __future__ import annotations

import codecs
import logging
from pathlib import Path

from loaders import limits
from loaders.document import Document, LoadError, Page, clean_text
from loaders.registry import Loader

VERSION = 1

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_COMMON = (
    *("cp1252", "cp932", "euc_jp", "gb18030", "big5", "cp949", "cp1251", "koi8_r", "iso8859_5", "cp1250", "cp1253"),
    *("cp1254", "cp1255", "cp1256", "cp1257", "cp874", "iso8859_2", "mac_roman", "cp437", "cp850", "cp866"),
)
"""Encodings that documents are really in: a guess among all that exist is wrong too often on short texts."""
_GUESS_BYTES = 256 * 1024
_ENCODING_REMEDY = "Save it as UTF-8 text and load it again."


def load(path: Path) -> Document:
    """The text of `path` as one page. Raises LoadError when it is empty, too long or not text."""
    text = limits.TextBudget().add(read_text(path))
    return Document(title="", pages=(Page(1, None, text),), loader=LOADER.name, loader_version=VERSION)


def read_text(path: Path) -> str:
    """The cleaned text of a file, its encoding told by mark, else UTF-8, else guessed. Raises LoadError."""
    text = clean_text(decode(path.read_bytes()))
    if not text.strip():
        raise LoadError("the file has no text, only white space", "Nothing to load; delete it, or exclude it.")
    return text


def decode(data: bytes) -> str:
    """`data` as text. Raises LoadError when no encoding makes sense of it."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    japanese_mail = "iso2022_jp" if b"\x1b$B" in data or b"\x1b$@" in data else None
    for name in filter(None, (_zeros_say(data), japanese_mail, "utf-8")):
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    return _guessed(data)


def _zeros_say(data: bytes) -> str | None:
    """UTF-16 or UTF-32 without a byte order mark, told by where the zero bytes of Latin letters stand."""
    sample = data[:4096]
    if len(sample) < 4 or 0 not in sample:
        return None
    share = [sample[i::4].count(0) / max(1, len(sample[i::4])) for i in range(4)]
    if len(data) % 4 == 0 and min(share[1:]) > 0.9 and share[0] < 0.5:
        return "utf-32-le"
    if len(data) % 4 == 0 and min(share[:3]) > 0.9 and share[3] < 0.5:
        return "utf-32-be"
    if len(data) % 2 == 0 and min(share[1], share[3]) > 0.3 and max(share[0], share[2]) < 0.1:
        return "utf-16-le"
    if len(data) % 2 == 0 and min(share[0], share[2]) > 0.3 and max(share[1], share[3]) < 0.1:
        return "utf-16-be"
    return None


def _guessed(data: bytes) -> str:
    from charset_normalizer import from_bytes

    logging.getLogger("charset_normalizer").setLevel(logging.WARNING)
    sample = data[:_GUESS_BYTES]
    encoding = _japanese(sample)
    if encoding is None:
        best = from_bytes(sample, cp_isolation=list(_COMMON)).best() or from_bytes(sample).best()
        if best is None:
            raise LoadError("it is not text in any encoding we know", _ENCODING_REMEDY)
        encoding = best.encoding
    text = data.decode(encoding, errors="replace")
    if text.count("\ufffd") * 50 > len(text) + 50:
        raise LoadError("it is not text in any encoding we know", _ENCODING_REMEDY)
    return text


def _japanese(sample: bytes) -> str | None:
    """Shift JIS or EUC-JP, told by hiragana, which no other reading of the bytes brings forth in such numbers."""
    for encoding in ("cp932", "euc_jp"):
        text = sample.decode(encoding, errors="ignore")
        letters = [char for char in text if ord(char) > 127]
        if sum("\u3041" <= char <= "\u3096" for char in letters) * 5 > len(letters) > 0:
            return encoding
    return None


LOADER = Loader(
    name="text",
    version=VERSION,
    suffixes=(
        *(".txt", ".text", ".log", ".tex", ".bib", ".srt", ".vtt", ".ics", ".vcf", ".diff", ".patch"),
        *(".py", ".pyi", ".js", ".mjs", ".ts", ".tsx", ".jsx", ".c", ".h", ".cc", ".cpp", ".hpp", ".cs", ".java"),
        *(".kt", ".go", ".rs", ".rb", ".php", ".pl", ".lua", ".r", ".jl", ".swift", ".scala", ".hs", ".ml", ".ex"),
        *(".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".sql", ".css", ".scss", ".vue", ".m", ".asm", ".tf"),
        *(".toml", ".yaml", ".yml", ".ini", ".cfg", ".conf", ".properties", ".cmake", ".mk", ".proto", ".graphql"),
    ),
    names=("readme", "license", "licence", "copying", "notice", "authors", "changelog", "makefile", "dockerfile"),
    load=load,
)
