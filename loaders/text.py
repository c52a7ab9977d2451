"""Plain text and source code in any encoding; form feeds part the pages, and what a terminal acts on is no text."""

from __future__ import annotations

import codecs
import logging
import re
from pathlib import Path

from loaders import limits
from loaders.document import Document, Heading, LoadError, Page, clean_text
from loaders.registry import Loader
from loaders.tables import TableKeeper
from loaders.terminal_text import with_escapes, without_overstrikes, without_progress
from loaders.tex_letters import divisions, title_of, with_letters

VERSION = 4

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
_WIDER = {
    "gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "x-gbk": "gb18030", "hz-gb-2312": "hz",
    "big5": "big5hkscs", "big5-hkscs": "big5hkscs", "shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932",
    "sjis": "cp932", "windows-31j": "cp932", "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "iso-8859-1": "cp1252",
    "latin1": "cp1252", "latin-1": "cp1252", "ascii": "cp1252", "us-ascii": "cp1252", "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874", "tis-620": "cp874",
}  # fmt: skip
_GUESS_BYTES = 256 * 1024
_BEYOND_ASCII = bytes(range(0x80, 0x100))
_FOLDED = re.compile(rb"([\xc2-\xf4][\x80-\xbf]{0,2})\r?\n[ \t]([\x80-\xbf])")
"""A letter that the folding of a long line has cut: calendars and contacts are folded by bytes."""

_STRAY = re.compile(
    rb"(?<![A-Za-z\x80-\xff])[\x80-\xff]*[\x81\x8d\x8f\x90\x9d\xfe\xff][\x80-\xff]*(?![A-Za-z\x80-\xff])"
)
"""Bytes apart from any word, one of which means nothing in Windows-1252 or a letter that hardly a language has (þ, ÿ)."""

_PIPE_TABLE = re.compile(r"^ {0,3}\|?[ \t]*:?-{3,}:?[ \t]*\|[-:| \t]*$", re.MULTILINE)
_LOGS = (".log", ".txt", ".out", "")
_TEX = (".tex", ".bib")
_SETTINGS = (".properties", ".toml", ".yaml", ".yml")
_ESCAPED = re.compile(r"(?<!\\)(?:\\u[0-9a-fA-F]{4})+")
_TYPED = (".txt", ".text", "")
"""Texts that people type: the bars and dashes of a table are one there, as in Markdown."""

_REPLACEMENT = "\ufffd"
_PAGE_BREAK = "\f"
_ENCODING_REMEDY = "Save it as UTF-8 text and load it again."


def load(path: Path) -> Document:
    """The text of `path`, a page for each form feed. Raises LoadError when it is empty, too long or not text."""
    text = without_overstrikes(_checked(decode(path.read_bytes())))
    if path.suffix.lower() in _LOGS:
        text = with_escapes(text)
    elif path.suffix.lower() in _TEX:
        text = with_letters(text)
    elif path.suffix.lower() in _SETTINGS:
        text = unescaped(text)
    text, dropped = without_progress(text)
    sheets = text.split(_PAGE_BREAK)
    while len(sheets) > 1 and not sheets[-1].strip():
        sheets.pop()
    budget, keeper = limits.TextBudget(), TableKeeper()
    if len(sheets) > limits.PAGES or (len(sheets) > 1 and path.suffix.lower() in _CODE):
        sheets = ["\n".join(sheets)]
    sheets = [clean_text(sheet) for sheet in sheets]
    if path.suffix.lower() in _TYPED and any(map(_PIPE_TABLE.search, sheets)):
        from loaders.markdown import markdown_blocks, with_tables

        sheets = [with_tables(sheet, markdown_blocks, keeper, number) for number, sheet in enumerate(sheets, 1)]
    is_tex = path.suffix.lower() == ".tex"
    pages = tuple(
        Page(number, None, budget.add(sheet), _divisions(sheet) if is_tex else ())
        for number, sheet in enumerate(sheets, 1)
    )
    _checked("".join(page.text for page in pages))
    states = f"not read: {dropped:,} earlier state{'s' * (dropped != 1)} of progress lines"
    notes = {**keeper.notes, **({"left_out": states} if dropped else {})}
    title = title_of(sheets[0])[: limits.HEADING_CHARS] if is_tex else ""
    return Document(title, pages, LOADER.name, VERSION, notes, tables=tuple(keeper.tables))


def _divisions(text: str) -> tuple[Heading, ...]:
    return tuple(Heading(level, title[: limits.HEADING_CHARS], place) for level, title, place in divisions(text))


def read_text(path: Path) -> str:
    """The cleaned text of a file, its encoding told by mark, else UTF-8, else guessed. Raises LoadError."""
    return _checked(clean_text(decode(path.read_bytes())))


def decoded_as(data: bytes, stated: str) -> str | None:
    """`data` in the encoding that it states, read as web browsers do; None when it cannot be in that.

    Names of encodings stand for the larger ones that programs write under them (gb2312 for GBK). What states one byte a
    letter and is valid UTF-8 beyond ASCII is UTF-8: the statement is a default that nobody looked at.
    """
    name = stated.strip().strip("\"'").lower()
    name = _WIDER.get(name, name)
    single = name.startswith(("cp125", "iso-8859", "iso8859", "windows-125", "mac", "koi8"))
    wide = name.startswith(("utf-16", "utf16")) and b"\x00" not in data
    for candidate in ("utf-8", name) if single else ("utf-8",) if wide else (name,):
        try:
            return data.decode(candidate)
        except (LookupError, UnicodeDecodeError):
            continue
    return None


def unescaped(text: str) -> str:
    """Text with letters in place of their escapes (`\\u00fc`), by which nobody would look for them."""

    def letter(match: re.Match[str]) -> str:
        units = [int(unit, 16) for unit in match[0].split("\\u")[1:]]
        letters = b"".join(unit.to_bytes(2, "little") for unit in units).decode("utf-16-le", "replace")
        return letters if letters.isprintable() else match[0]

    return _ESCAPED.sub(letter, text)


def _checked(text: str) -> str:
    if not text.strip():
        raise LoadError("the file has no text, only white space", "Nothing to load; delete it, or exclude it.")
    return text


def decode(data: bytes) -> str:
    """`data` as text; bytes that its encoding does not know become U+FFFD. Raises LoadError when it is not text."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    japanese_mail = "iso2022_jp" if b"\x1b$B" in data or b"\x1b$@" in data else None
    for name in filter(None, (_zeros_say(data), japanese_mail, "utf-8")):
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    if b"\n " in data:
        try:
            return _FOLDED.sub(rb"\1\2", data).decode("utf-8")
        except UnicodeDecodeError:
            pass
    text = data.decode("utf-8", errors="replace")
    return text if _is_damaged_utf8(text) or _is_damaged_ascii(data) else _guessed(data)


def _is_damaged_utf8(text: str) -> bool:
    """Whether bytes that were decoded as UTF-8 are UTF-8 but for a few.

    In another encoding, letters beyond ASCII hardly ever make valid sequences (of Chinese in GB 18030 a fifth do).
    """
    lost = text.count(_REPLACEMENT)
    beyond = sum(char > "\x7f" for char in text) - lost
    return beyond >= lost


def _is_damaged_ascii(data: bytes) -> bool:
    """Whether data is ASCII but for a few bytes that no word of any encoding holds: a guess would make letters of them."""
    beyond = len(data) - len(data.translate(None, _BEYOND_ASCII))
    return beyond * 10 <= len(data) and sum(map(len, _STRAY.findall(data))) * 2 >= beyond


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
        encoding = "utf-8" if best is None else best.encoding
        if (
            encoding != "cp1252"
            and encoding.startswith(("cp125", "iso8859", "mac", "cp437", "cp85"))
            and _is_western(sample)
        ):
            encoding = "cp1252"
    text = data.decode(encoding, errors="replace")
    if text.count(_REPLACEMENT) * 50 > len(text) + 50:
        raise LoadError("it is not text in any encoding we know", _ENCODING_REMEDY)
    return text


_WESTERN = tuple(map(frozenset, (
    "äöüßÄÖÜ", "àâæçéèêëîïôœùûüÀÂÇÉÈÊËÎÏÔŒÙÛ", "áéíñóúüÁÉÍÑÓÚ¿¡ªº", "áâãàçéêíóôõúÁÂÃÀÇÉÊÍÓÔÕÚªº", "àèéìòùÀÈÉÌÒÙ", "åäöøæéÅÄÖØÆÉ",
)))  # fmt: skip
"""Letters of German, French, Spanish, Portuguese, Italian, and the Nordic languages."""

_PUNCTUATION = frozenset("“”„‘’‚–—…€£§°«»·•®©™×½¼¾²³ ")


def _is_western(sample: bytes) -> bool:
    """Whether Windows-1252 makes of the bytes letters of one western language and nothing else: short texts are guessed badly."""
    letters = {char for char in sample.decode("cp1252", "replace") if char > "\x7f"} - _PUNCTUATION
    return bool(letters) and any(letters <= alphabet for alphabet in _WESTERN)


def _japanese(sample: bytes) -> str | None:
    """Shift JIS or EUC-JP, told by hiragana, which no other reading of the bytes brings forth in such numbers."""
    for encoding in ("cp932", "euc_jp"):
        text = sample.decode(encoding, errors="ignore")
        letters = [char for char in text if ord(char) > 127]
        if sum("\u3041" <= char <= "\u3096" for char in letters) * 5 > len(letters) > 0:
            return encoding
    return None


_PROSE = (".txt", ".text", ".log", ".tex", ".bib")
_CODE = (
    *(".py", ".pyi", ".js", ".mjs", ".ts", ".tsx", ".jsx", ".c", ".h", ".cc", ".cpp", ".hpp", ".cs", ".java", ".diff"),
    *(".kt", ".go", ".rs", ".rb", ".php", ".pl", ".lua", ".r", ".jl", ".swift", ".scala", ".hs", ".ml", ".ex"),
    *(".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".sql", ".css", ".scss", ".vue", ".m", ".asm", ".tf", ".patch"),
    *(".toml", ".yaml", ".yml", ".ini", ".cfg", ".conf", ".properties", ".cmake", ".mk", ".proto", ".graphql"),
)
"""A form feed in a program is a gap between its parts: people count its lines, not its pages."""

LOADER = Loader(
    name="text",
    version=VERSION,
    suffixes=(*_PROSE, *_CODE),
    names=("readme", "license", "licence", "copying", "notice", "authors", "changelog", "makefile", "dockerfile"),
    load=load,
)
