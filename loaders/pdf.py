"""PDF files: pdfium reads the text, labels, outline and title of each page; pypdf repairs what pdfium refuses."""

from __future__ import annotations

import contextlib
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loaders import (
    limits,
    ocr,
    options,
    pdf_bidi,
    pdf_figures,
    pdf_forms,
    pdf_layers,
    pdf_layout,
    pdf_notes,
    pdf_pictures,
    pdf_rotation,
    pdf_scripts,
    pdf_tables,
)
from loaders.blocks import PageBuilder
from loaders.document import Document, Heading, LoadError, OutlineEntry, Page, PasswordNeededError, clean_text
from loaders.line_hyphens import MARK, rejoined
from loaders.mail_attachments import Attachments
from loaders.pdf_lines import Box, PageLines, printed
from loaders.pdf_names import names_in
from loaders.pdf_objects import PageObjects
from loaders.registry import Loader
from loaders.running_lines import told_apart
from loaders.sniff import Kind
from loaders.tables import PlacedRows, TableKeeper

if TYPE_CHECKING:
    import pypdfium2

VERSION = 4

_DAMAGED_REMEDY = "Open it in a PDF viewer and save or print it to a new PDF; if that fails too, get the file again."
_SCANNED = "it has no text layer (scanned pages or drawings only)"
_EMPTY = "its pages have no text, and no pictures that could be drawn"
_NOTHING_SEEN = "no text can be recognised on its pages"
_NOTHING_REMEDY = "Nothing to load; exclude it, or scan it again at 300 dots an inch."

_OBJECTS = 20_000
_SAMPLES = 16
_SECOND_LOOK_PAGES = 200
"""A PDF in which pdfium finds no text is shown to pypdf too, unless it has more pages than this."""

_ATTACHMENTS = 1_000
_CATALOG = re.compile(rb"\b(\d{1,9}) (\d{1,5}) obj\b(?:(?!endobj).){0,2000}?/Type\s*/Catalog\b", re.DOTALL)
_OF = re.compile(r"(.+?)( (?:of|with|or|attached) .*)")
"""What is counted, and what is said of it."""

_NUMBERED = re.compile(r"[ \t]*(?:\w{1,8}[ .)]*){0,3}")
"""What stands before a title on its line: a number, or a word and a number."""

_NUMBER_CHARS = 200
_TITLE_WORDS = 30
_TAIL_BYTES = 2_048
_COMPLETED_BYTES = 128 * 1024 * 1024

log = logging.getLogger(__name__)


def load(path: Path) -> Document:
    """The PDF at `path`, one Page for each of its pages, in order. Raises LoadError."""
    return unlock(path, "")


def unlock(path: Path, password: str) -> Document:
    """The same for a PDF with a password. Raises PasswordNeededError when it is another one."""
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(path, password=password or None)
    except pypdfium2.PdfiumError as error:
        return _repaired(path, password, locked="password" in str(error).lower())
    try:
        if len(pdf) == 0:
            return _repaired(path, password)
        budget = limits.TextBudget()
        document = pdf_pictures.recognised(pdf, _read(pdf, budget, path, password), budget)
        document = _with_files(pdf, document, budget)
        if not _has_text(document) and len(pdf) <= _SECOND_LOOK_PAGES:
            with contextlib.suppress(LoadError):
                return _repaired(path, password)
        return _with_text(document)
    finally:
        pdf.close()


@dataclass
class _Reading:
    """What is known of a document while its pages are read, and what is collected.

    `layers` are those that are off, `described` whether pictures may have descriptions, `lost` pages without all letters.
    """

    layers: frozenset[str]
    described: bool
    left_out: Counter[str] = field(default_factory=Counter)
    lost: list[int] = field(default_factory=list)
    keeper: TableKeeper = field(default_factory=TableKeeper)


def _read(
    pdf: pypdfium2.PdfDocument, budget: limits.TextBudget, path: Path | None = None, password: str = ""
) -> Document:
    """The document with all of its pages; without `path` nothing is asked of pypdf."""
    import pypdfium2

    count = _checked_count(len(pdf))
    outline = tuple(_outline(pdf))
    metadata = {key.lower(): value for key, value in _metadata(pdf).items() if value}
    logging.getLogger("pypdfium2").setLevel(logging.ERROR)  # it warns of forms that it cannot run
    with contextlib.suppress(pypdfium2.PdfiumError):
        pdf.init_forms()
    tagged, layers = pdf_figures.is_tagged(pdf), frozenset[str]()
    if path is not None:
        names = names_in(path, *pdf_layers.NAMES, *([pdf_figures.NAME] if tagged else []))
        tagged = tagged and pdf_figures.NAME in names
        layers = pdf_layers.switched_off(path, password) if names.issuperset(pdf_layers.NAMES) else layers
    reading = _Reading(layers, tagged)
    texts = []
    for index in range(count):
        options.at_page(index + 1, count)
        texts.append(_page_text(pdf, index, reading))
    if reading.lost and path is not None:
        _with_lost_letters(path, password, texts, reading.lost[:_SECOND_LOOK_PAGES])
    texts = rejoined(told_apart([budget.add(text) for text in texts]))
    if fields := pdf_forms.xfa_lines(pdf, "\n".join(texts)):
        texts[0] = budget.add("\n\n".join(filter(None, [texts[0].rstrip(), "\n".join(fields)])))
    pages = []
    for index, text in enumerate(texts):
        label = clean_text(pdf.get_page_label(index)).strip() or None
        pages.append(Page(index + 1, label, text, _headings(text, index + 1, outline)))
    if reading.left_out:
        counts = ", ".join(f"{count} {_noun(what, count)}" for what, count in reading.left_out.items())
        metadata["left_out"] = f"not read: {counts}"
    metadata |= reading.keeper.notes
    return Document(
        title=metadata.get("title", ""),
        pages=tuple(pages),
        loader=LOADER.name,
        loader_version=VERSION,
        metadata=metadata,
        outline=outline,
        tables=tuple(reading.keeper.tables),
    )


def _with_files(pdf: pypdfium2.PdfDocument, document: Document, budget: limits.TextBudget) -> Document:
    """The document with the files that are attached to it as further pages; of a portfolio they are all there is to read."""
    attached, pages = Attachments(budget), list(document.pages)
    for name, data in _attached_files(pdf):
        pages += attached.pages(name, data, "", len(pages) + 1)
    if not attached.names:
        return document
    metadata = dict(document.metadata)
    if attached.left_out:
        before = f"{metadata['left_out']}; " if "left_out" in metadata else "not read "
        metadata["left_out"] = f"{before}of the attached files: {attached.left_out}"
    names, tables = tuple(dict.fromkeys(attached.names)), (*document.tables, *attached.tables)
    return replace(document, pages=tuple(pages), metadata=metadata, attachments=names, tables=tables)


def _noun(what: str, count: int) -> str:
    if count == 1:
        return what
    return _OF.sub(r"\1s\2", what, count=1) if _OF.match(what) else f"{what}s"


def _checked_count(pages: int) -> int:
    if pages > limits.PAGES:
        raise LoadError(f"it claims {pages:,} pages, more than {limits.PAGES:,}", limits.SPLIT_REMEDY)
    return pages


def _page_text(pdf: pypdfium2.PdfDocument, index: int, reading: _Reading) -> str:
    """The text of a page, "" when the page itself is damaged: the others are still worth reading."""
    import pypdfium2

    try:
        page = pdf_rotation.upright(pdf, index)
        try:
            if reading.layers and (hidden := pdf_layers.hide(page, reading.layers)):
                reading.left_out["piece of text in a hidden layer"] += hidden
            textpage = page.get_textpage()
            try:
                objects = PageObjects(page)
                if _loses_letters(objects, textpage):
                    reading.lost.append(index)
                text = _read_page(pdf, page, textpage, objects, reading, index + 1)
                return _with_descriptions(text, page, objects) if reading.described else text
            finally:
                textpage.close()
        finally:
            page.close()
    except pypdfium2.PdfiumError as error:
        log.warning("page %d cannot be read: %s", index + 1, error)
        reading.left_out["damaged page"] += 1
        return ""


def _read_page(
    pdf: pypdfium2.PdfDocument, page: pypdfium2.PdfPage, textpage: pypdfium2.PdfTextPage,
    objects: PageObjects, reading: _Reading, number: int,
) -> str:  # fmt: skip
    left_out = reading.left_out
    raw_text = textpage.get_text_range().replace(MARK, " ")
    lines = PageLines(textpage, raw_text)
    lines.mend_numbers()
    if lines.from_afar:
        lines.raw_text = pdf_scripts.signs(pdf_scripts.arabic(lines.raw_text, lines.origin), lines.font)
    if outside := lines.cut_to(_visible(page)):
        left_out["line of text outside the page"] += outside
    lines.mark_raised()
    if lines.from_afar:
        pdf_bidi.reorder(lines)
    if _has_no_letters(textpage, raw_text):
        left_out["page with fonts that do not say which letters they show"] += 1
    notes = pdf_notes.of_page(pdf, page, lines.within)
    if notes is not None:
        left_out.update(notes.left_out)
        if notes.values:
            return pdf_notes.with_notes(pdf_notes.filled(lines, notes.values), lines, notes)
    text = _in_order(objects, lines, reading.keeper, number)
    return text if notes is None else pdf_notes.with_notes(text, lines, notes)


def _in_order(objects: PageObjects, lines: PageLines, keeper: TableKeeper, number: int) -> str:
    """The text of a page in the order in which it is read; ruled tables are offered to `keeper`."""
    if tables := pdf_tables.tables_of(objects, lines):
        return printed("\n".join(_with_tables(lines, tables, keeper, number)))
    if (texts := (lines.from_afar and pdf_scripts.vertical(lines)) or pdf_layout.ordered(lines)) is not None:
        return printed("\n".join(texts))
    return printed("\n".join(map(lines.text, lines.lines)) if lines.changed else lines.raw_text)


def _with_tables(
    lines: PageLines, tables: Sequence[pdf_tables.FoundTable], keeper: TableKeeper, number: int
) -> Iterator[str]:
    """The lines of a page with those of its ruled tables as rows with the names of their columns."""
    begins = {min(table.places): table for table in tables}
    inside = {place for table in tables for place in table.places}
    for place, line in enumerate(lines.lines):
        if place in begins:
            builder = PageBuilder(number, None, limits.TextBudget())
            placed = builder.table(begins[place].grid)
            yield builder.page().text
            rows = tuple((None, tuple(cell.replace(MARK, "") for cell in cells)) for _, cells in placed.rows)
            keeper.offer("", number, PlacedRows(placed.names, rows))
        if place not in inside:
            yield lines.text(line)


def _with_descriptions(text: str, page: pypdfium2.PdfPage, objects: PageObjects) -> str:
    """The text of a page of a tagged document with the descriptions of its pictures below."""
    said = [f"[Picture: {one}]" for one in pdf_figures.descriptions(page, objects) if one not in text]
    return "\n\n".join([text.rstrip(), *said]) if said else text


def _loses_letters(objects: PageObjects, textpage: pypdfium2.PdfTextPage) -> bool:
    """Whether a page has many more pieces of text than pdfium finds letters on it; gaps may be pieces too."""
    import pypdfium2.raw as raw

    letters = int(textpage.count_chars())
    if objects.count <= 2 * letters:
        return False
    pieces: int = sum(kind == raw.FPDF_PAGEOBJ_TEXT for _, kind in objects.first(_OBJECTS))
    return pieces > 2 * letters


def _visible(page: pypdfium2.PdfPage) -> Box:
    """What a reader sees of a page."""
    left, bottom, right, top = page.get_bbox()  # the boxes that the page inherits too
    return Box(min(left, right), min(bottom, top), max(left, right), max(bottom, top))


def _has_no_letters(textpage: pypdfium2.PdfTextPage, raw_text: str) -> bool:
    """Whether much of a page is drawn in fonts of which nothing tells the letters: its text is not what the page shows."""
    import pypdfium2.raw as raw

    places = [
        place for place in range(0, len(raw_text), max(1, len(raw_text) // _SAMPLES)) if not raw_text[place].isspace()
    ]
    unknown: int = sum(raw.FPDFText_HasUnicodeMapError(textpage.raw, place) == 1 for place in places)
    return unknown * 4 > len(places)


def _outline(pdf: pypdfium2.PdfDocument) -> Iterator[OutlineEntry]:
    import pypdfium2

    try:
        for number, bookmark in enumerate(pdf.get_toc(max_depth=limits.OUTLINE_DEPTH)):
            if number >= limits.OUTLINE_ENTRIES:
                return
            title = _one_line(bookmark.get_title())
            target = bookmark.get_dest()
            index = target.get_index() if target is not None else None
            if title:
                yield OutlineEntry(bookmark.level + 1, title, None if index is None or index < 0 else index + 1)
    except (pypdfium2.PdfiumError, ValueError) as error:
        log.warning("the outline is damaged: %s", error)


def _one_line(text: str) -> str:
    return " ".join(clean_text(text).split())[: limits.HEADING_CHARS]


def _metadata(pdf: pypdfium2.PdfDocument) -> dict[str, str]:
    return {key: _one_line(value) for key, value in pdf.get_metadata_dict(skip_empty=True).items()}


def _headings(text: str, number: int, outline: tuple[OutlineEntry, ...]) -> tuple[Heading, ...]:
    """The outline's entries that lead to this page, each where its title stands in the text, in order."""
    entries = [entry for entry in outline if entry.page == number]
    headings = list[Heading]()
    lowered = text.lower() if entries else ""
    if len(lowered) != len(text):  # of a Turkish capital: places in the one are none in the other
        lowered = text
    position = 0
    for entry in entries:
        found = _find(lowered, entry.title, position)
        if found is None:
            found = _find(lowered, entry.title, 0)
        headings.append(Heading(entry.level, entry.title, position if found is None else found))
        position = headings[-1].start_char
    return tuple(sorted(headings, key=lambda heading: heading.start_char))


def _find(lowered: str, title: str, start: int) -> int | None:
    """Where `title` begins a line of a text at or after `start`, behind a number or none, else where it stands at all.

    The text is given in small letters; None where the title stands nowhere in it.
    """
    anywhere = None
    for place in _places(lowered, title.lower().split()[:_TITLE_WORDS], start):
        # Of a line without an end in sight it is not asked again and again where it begins.
        line = lowered.rfind("\n", max(0, place - _NUMBER_CHARS), place) + 1
        if start <= line and (line or place <= _NUMBER_CHARS) and _NUMBERED.fullmatch(lowered, line, place):
            return line
        anywhere = place if anywhere is None else anywhere
    return anywhere


def _places(text: str, words: Sequence[str], start: int) -> Iterator[int]:
    """Where words stand in a text one after the other, with any blanks between them or none."""
    place = text.find(words[0], start) if words else -1
    while place >= 0:
        end = place + len(words[0])
        for word in words[1:]:
            while text[end : end + 1].isspace():
                end += 1
            if not text.startswith(word, end):
                break
            end += len(word)
        else:
            yield place
        place = text.find(words[0], place + 1)


def _attached_files(pdf: pypdfium2.PdfDocument) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files that are attached to the document."""
    import pypdfium2

    try:
        for index in range(min(pdf.count_attachments(), _ATTACHMENTS)):
            attachment = pdf.get_attachment(index)
            yield _one_line(attachment.get_name()), bytes(attachment.get_data())
    except pypdfium2.PdfiumError as error:
        log.warning("the attachments are damaged: %s", error)


def _repaired(path: Path, password: str, *, locked: bool = False) -> Document:
    """What pypdf can still read of a file that pdfium refuses, for want of a password when `locked`."""
    import pypdf
    from pypdf.errors import FileNotDecryptedError, WrongPasswordError

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        if (whole := _completed(path)) is not None:
            with contextlib.closing(whole):
                return _with_text(_read(whole, limits.TextBudget()))
        with path.open("rb") as file:
            reader = pypdf.PdfReader(file, strict=False)
            if reader.is_encrypted and not reader.decrypt(password):
                raise PasswordNeededError
            return _with_text(_read_with_pypdf(reader))
    except LoadError:
        if locked:
            raise PasswordNeededError from None
        raise
    except (WrongPasswordError, FileNotDecryptedError):
        raise PasswordNeededError from None
    except MemoryError:
        raise
    except RecursionError:
        raise LoadError("it is damaged: its objects contain each other", _DAMAGED_REMEDY) from None
    except Exception as error:
        # pypdf raises whatever a broken file provokes (KeyError, TypeError, AssertionError, struct.error, ...).
        log.info("pypdf: %s: %s", type(error).__name__, error)
        if locked:
            raise PasswordNeededError from None
        raise LoadError("it is damaged or not a PDF: pdfium and pypdf cannot open it", _DAMAGED_REMEDY) from None


def _completed(path: Path) -> pypdfium2.PdfDocument | None:
    """A PDF whose end is missing, with an end that says where its catalog is; None where that does not help.

    Its last lines name the catalog, without which no page can be found; the objects before the cut are whole.
    """
    import pypdfium2

    data = path.read_bytes()
    if b"%%EOF" in data[-_TAIL_BYTES:] or not data.startswith(b"%PDF") or len(data) > _COMPLETED_BYTES:
        return None
    catalogs = list(_CATALOG.finditer(data))
    if not catalogs:
        return None
    root = b"%s %s R" % catalogs[-1].groups()
    with contextlib.suppress(pypdfium2.PdfiumError):
        pdf = pypdfium2.PdfDocument(data + b"\nendobj\ntrailer\n<</Root " + root + b">>\nstartxref\n0\n%%EOF\n")
        if len(pdf):
            return pdf
        pdf.close()
    return None


def _read_with_pypdf(reader: Any) -> Document:
    count = _checked_count(len(reader.pages))
    if count == 0:
        raise LoadError("it has no pages", _DAMAGED_REMEDY)
    info = reader.metadata or {}
    title = _one_line(str(info.get("/Title") or ""))
    budget = limits.TextBudget()
    pages = []
    labels = reader.page_labels if "/PageLabels" in reader.root_object else [None] * count
    for index in range(count):
        try:
            text = _text_by_pypdf(reader.pages[index])
        except (MemoryError, RecursionError):
            raise
        except Exception as error:
            log.warning("page %d cannot be read: %s: %s", index + 1, type(error).__name__, error)
            text = ""
        pages.append(Page(index + 1, labels[index] or None, budget.add(text)))
    metadata = {"title": title, "read_with": "pypdf"} if title else {"read_with": "pypdf"}
    return Document(title, tuple(pages), LOADER.name, VERSION, metadata)


def _text_by_pypdf(page: Any) -> str:
    text = clean_text(page.extract_text())
    return pdf_scripts.upright(text, lambda: _letters_by_pypdf(page)) or text


def _letters_by_pypdf(page: Any) -> list[pdf_scripts.Letter]:
    """The pieces of a page's text with the places where they are drawn."""
    letters: list[pdf_scripts.Letter] = []

    def take(text: str, matrix: Sequence[float], text_matrix: Sequence[float], *_: object) -> None:
        x, y = text_matrix[4], text_matrix[5]
        placed = (matrix[0] * x + matrix[2] * y + matrix[4], matrix[1] * x + matrix[3] * y + matrix[5])
        letters.append((clean_text(text).strip(), *placed))

    page.extract_text(visitor_text=take)
    return letters


def _with_lost_letters(path: Path, password: str, texts: list[str], pages: Sequence[int]) -> None:
    """Put what pypdf reads in place of the texts of pages on which pdfium finds far fewer letters than pieces of text.

    Letters set one by one in a font that is neither in the file nor on this machine have no extent for pdfium, which
    leaves them out.
    """
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        with path.open("rb") as file:
            reader = pypdf.PdfReader(file, strict=False)
            if reader.is_encrypted and not reader.decrypt(password):
                return
            for index in pages:
                text = _text_by_pypdf(reader.pages[index])
                if len("".join(text.split())) > len("".join(texts[index].split())) and pdf_scripts.is_east_asian(text):
                    texts[index] = text
    except (MemoryError, RecursionError):
        raise
    except Exception as error:
        log.info("pypdf: %s: %s", type(error).__name__, error)


def _has_text(document: Document) -> bool:
    return any(page.text.strip() for page in document.pages)


def _with_text(document: Document) -> Document:
    if _has_text(document):
        return document
    if document.loader in (pdf_pictures.BY_OCR, pdf_pictures.ALL_BY_OCR):
        left_out = document.metadata.get("left_out", "")
        raise LoadError(_NOTHING_SEEN + (f" ({left_out})" if left_out else ""), _NOTHING_REMEDY)
    if ocr.wanted():
        raise LoadError(_EMPTY, _NOTHING_REMEDY)
    raise LoadError(_SCANNED, ocr.remedy())


LOADER = Loader(
    name="pdf", version=VERSION, suffixes=(".pdf",), kinds=(Kind.PDF,), load=load, unlock=unlock,
    known_as=pdf_pictures.known_as,
)  # fmt: skip
