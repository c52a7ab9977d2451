"""Reads the document in a stored answer from the web, whatever its type.

Of a web page the main text is kept (trafilatura), menus and footers are not; whatever else is behind an address, a PDF
for instance, is told by its content and read by the loader for that.
"""

from __future__ import annotations

import json
import logging
import re
import tempfile
import urllib.parse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loaders import limits, registry
from loaders.blocks import PageBuilder
from loaders.document import Document, LoadError
from loaders.left_out import LeftOut
from loaders.sniff import Kind, kind_of
from loaders.tables import TableKeeper
from loaders.web_page import add_html, decoded, with_plain_tables

if TYPE_CHECKING:
    from loaders.fetch import Fetched

VERSION = 3
SUFFIX = ".fetched"

_MAGIC = b"%WORKBENCH-FETCHED\n"
_HEAD_BYTES = 1 << 16
_MAIN_CHARS = 250
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_CONTAINERS = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""Beginnings of files whose kind is told by what is further inside."""
_BY_TYPE = {
    "text/html": ".html", "application/xhtml+xml": ".html", "text/plain": ".txt", "text/markdown": ".md",
    "text/csv": ".csv", "application/json": ".json", "application/xml": ".xml", "text/xml": ".xml",
    "application/rss+xml": ".xml", "application/atom+xml": ".xml", "application/x-ndjson": ".jsonl",
}  # fmt: skip


def packed(url: str, answer: Fetched) -> bytes:
    """The bytes of the file that keeps an answer to `url`: the same for the same answer, so that it is known again."""
    kind = answer.headers.get("content-type", "")
    head = {"url": url, "from": answer.url, "type": kind.partition(";")[0].strip().lower()}
    if charset := _CHARSET.search(kind):
        head["charset"] = charset[1].lower()
    return _MAGIC + json.dumps(head, sort_keys=True).encode() + b"\n" + (answer.body or b"")


def load(path: Path) -> Document:
    """The document inside the file at `path`. Raises LoadError."""
    data = path.read_bytes()
    if not data.startswith(_MAGIC):
        raise LoadError("it is not a page that was fetched", "Load it by its address.")
    end = data.find(b"\n", len(_MAGIC), _HEAD_BYTES)
    try:
        head: dict[str, str] = json.loads(data[len(_MAGIC) : end])
    except ValueError:
        raise LoadError("it is damaged", "Load it by its address again.") from None
    document = _inside(data[end + 1 :], head)
    metadata = {**document.metadata, "url": head["url"]}
    if head["from"] != head["url"]:
        metadata["redirected_to"] = head["from"]
    title = document.title or _spoken(head["url"])
    return replace(document, title=title, loader=LOADER.name, loader_version=VERSION, metadata=metadata)


def _spoken(url: str) -> str:
    """An address as a title: its last part, else its host."""
    parts = urllib.parse.urlsplit(url)
    name = urllib.parse.unquote(parts.path.rstrip("/").rpartition("/")[2]).rpartition(".")
    return " ".join(re.split(r"[\W_]+", name[0] or name[2])).strip() or parts.netloc


def _inside(body: bytes, head: dict[str, str]) -> Document:
    kind = None if body.startswith(_CONTAINERS) else kind_of(body[: limits.SNIFF_BYTES], Path())
    suffix = Path(urllib.parse.urlsplit(head["from"]).path).suffix.lower()
    suffix = suffix if re.fullmatch(r"\.[a-z0-9]{1,8}", suffix) else ""
    by_type = _BY_TYPE.get(head["type"], "")
    if kind is Kind.HTML or (kind is None and by_type == ".html" and not body.startswith(_CONTAINERS)):
        return _main_text(_text(body, head.get("charset", "")), head["from"])
    with tempfile.TemporaryDirectory() as folder:
        # A type that says what it is goes before the address's ending, which may be ".php".
        file = Path(folder) / f"page{by_type or suffix}"
        file.write_bytes(body)
        return registry.read(file)


def _text(body: bytes, charset: str) -> str:
    if charset and not body.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        try:
            return body.decode("cp1252" if charset in ("iso-8859-1", "latin1") else charset)
        except (LookupError, UnicodeDecodeError):
            pass
    return decoded(body)


def _main_text(html: str, url: str) -> Document:
    """The main text of a page; the whole page where no main text can be told from the rest."""
    whole, main = PageBuilder(1, None, limits.TextBudget()), PageBuilder(1, None, limits.TextBudget())
    keeper, main_keeper, omitted = TableKeeper(), TableKeeper(), LeftOut()
    title = add_html(html, whole, keeper, omitted)
    if whole.empty:
        raise LoadError("the page has no text", "It may be filled in by a script: save it as PDF from a browser.")
    extracted, notes = _extracted(with_plain_tables(html), url)
    if extracted:
        add_html(extracted, main, main_keeper)
    page, all_of_it = main.page(), whole.page()
    if len(page.text) < min(_MAIN_CHARS, len(all_of_it.text) * 0.8):
        page, main_keeper = all_of_it, keeper
    title = notes.pop("title", "") or title
    notes |= {**main_keeper.notes, **omitted.notes}
    return Document(title, (page,), LOADER.name, VERSION, notes, tables=tuple(main_keeper.tables))


def _extracted(html: str, url: str) -> tuple[str, dict[str, str]]:
    """The main part of a page as simple HTML, and title, author and date where the page tells them."""
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    try:
        text = trafilatura.extract(
            html, url=url, output_format="html", include_tables=True, include_formatting=True, favor_recall=True
        )
        found: Any = trafilatura.extract_metadata(html, default_url=url)
    except (MemoryError, RecursionError):
        raise
    except Exception as error:
        # Strange pages make it raise what the libraries under it raise; the whole page is still there.
        logging.getLogger(__name__).info("trafilatura: %s: %s", type(error).__name__, error)
        return "", {}
    names = ("title", "author", "date", "sitename")
    notes = {name: " ".join(str(getattr(found, name, None) or "").split())[: limits.HEADING_CHARS] for name in names}
    return text or "", {name: value for name, value in notes.items() if value}


LOADER = registry.Loader(name="fetched", version=VERSION, suffixes=(SUFFIX,), load=load)
