"""What stands on a PDF page beside its text: values of form fields and ticks, typed and sticky notes, targets of links."""

from __future__ import annotations

import ctypes
import html
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loaders.document import clean_text
from loaders.line_hyphens import MARK
from loaders.pdf_lines import Box, PageLines, Word, printed, side_by_side

if TYPE_CHECKING:
    import pypdfium2

_ANNOTATIONS = 2_000
_LINKS = 60
"""Link targets of a page beyond this are left out and counted: a page of more is a list of links itself."""

_TEXT_CHARS = 20_000
_HIDDEN = 0x2 | 0x20  # hidden, not to be viewed
_PASSWORD = 1 << 13
_WEB = re.compile(r"^(?:https?|ftps?|mailto|tel|doi):", re.IGNORECASE)
_BLANKS = re.compile(r"_{2,}|[.…]{4,}|^\s*_+|_+\s*$")
"""The line on which a value is to be written, and the dots that lead to it."""

_UNSHOWN = frozenset((16, 24))  # a pop-up repeats the text of its note; a printer's mark says nothing


@dataclass(frozen=True)
class Value:
    """Something filled in on a page. `label` is the field's own name for people, used when no text stands beside it."""

    box: Box
    text: str
    label: str = ""
    mark: bool = False
    """Whether it is a tick box, whose label may stand behind it."""


@dataclass(frozen=True)
class Link:
    """A link that leads out of the document: where it is on the page, and its target."""

    box: Box
    target: str


@dataclass
class PageNotes:
    """What a page has beside its text. `left_out` counts what was seen and is not read, by kind."""

    values: list[Value]
    notes: list[str]
    links: list[Link]
    left_out: Counter[str]


def of_page(pdf: pypdfium2.PdfDocument, page: pypdfium2.PdfPage, marked_text: Callable[[Box], str]) -> PageNotes | None:
    """The annotations of a page, None when it has none. `marked_text` gives the text of the page in a box."""
    import pypdfium2.raw as raw

    count = raw.FPDFPage_GetAnnotCount(page.raw)
    if count <= 0:
        return None
    found = PageNotes([], [], [], Counter())
    if count > _ANNOTATIONS:
        found.left_out["annotation"] += count - _ANNOTATIONS
    form = pdf.formenv.raw if pdf.formenv is not None else None
    groups: set[tuple[str, str]] = set()
    for index in range(min(count, _ANNOTATIONS)):
        annotation = raw.FPDFPage_GetAnnot(page.raw, index)
        if not annotation:
            continue
        try:
            _take(raw, pdf, form, annotation, found, groups, marked_text)
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
    return found


def _take(
    raw: Any, pdf: pypdfium2.PdfDocument, form: Any, annotation: Any, found: PageNotes,
    groups: set[tuple[str, str]], marked_text: Callable[[Box], str],
) -> None:  # fmt: skip
    kind = raw.FPDFAnnot_GetSubtype(annotation)
    hidden = kind != raw.FPDF_ANNOT_LINK and raw.FPDFAnnot_GetFlags(annotation) & _HIDDEN
    if kind == raw.FPDF_ANNOT_LINK:
        if target := _target(raw, pdf, annotation):
            if len(found.links) < _LINKS:
                found.links.append(Link(_box(raw, annotation), target))
            else:
                found.left_out["link target"] += 1
    elif kind == raw.FPDF_ANNOT_WIDGET:
        if hidden:
            found.left_out["hidden field"] += bool(_string(raw, annotation, b"V"))
        elif form is None or raw.FPDFAnnot_GetFormFieldType(form, annotation) <= 0:
            _take_loose_field(raw, annotation, found)
        else:
            _take_field(raw, form, annotation, found)
    elif kind not in _UNSHOWN:
        said = _string(raw, annotation, b"Contents") or _plain(_string(raw, annotation, b"RC"))
        if said and hidden:
            found.left_out["hidden note"] += 1
        elif kind == raw.FPDF_ANNOT_FREETEXT:
            if said:
                found.values.append(Value(_box(raw, annotation), said))
        elif kind == raw.FPDF_ANNOT_FILEATTACHMENT:
            found.left_out["file attached to a page"] += 1
            if said:
                found.notes.append(f"Note at an attached file: {said}")
        elif said:
            found.notes.append(_note(raw, annotation, kind, said, marked_text))
        elif kind in (raw.FPDF_ANNOT_INK, raw.FPDF_ANNOT_STAMP):
            found.left_out["drawing or stamp without text"] += 1


def _note(raw: Any, annotation: Any, kind: int, said: str, marked_text: Callable[[Box], str]) -> str:
    """A note in a line: who wrote it, and what it is about where it marks words of the page."""
    author = _string(raw, annotation, b"T")
    by = f" by {author}" if author and author.casefold() != said.casefold() else ""
    marks = (
        raw.FPDF_ANNOT_HIGHLIGHT,
        raw.FPDF_ANNOT_UNDERLINE,
        raw.FPDF_ANNOT_SQUIGGLY,
        raw.FPDF_ANNOT_STRIKEOUT,
    )
    about = " ".join(marked_text(_box(raw, annotation)).split())[:200] if kind in marks else ""
    at = f' at "{about}"' if about else ""
    return said if said.lower().startswith("note:") and not (by or at) else f"Note{by}{at}: {said}"


def _take_field(raw: Any, form: Any, annotation: Any, found: PageNotes) -> None:
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    label = _field_text(raw.FPDFAnnot_GetFormFieldAlternateName, form, annotation)
    label = label or _field_text(raw.FPDFAnnot_GetFormFieldName, form, annotation).rpartition(".")[2]
    box = _box(raw, annotation)
    if kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
        # Some programs name the state of a box and draw nothing for it: pdfium then takes it for an empty one.
        ticked = raw.FPDFAnnot_IsChecked(form, annotation) or _string(raw, annotation, b"AS") not in ("", "Off")
        found.values.append(Value(box, "[x]" if ticked else "[ ]", label, mark=True))
    elif kind in (raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX):
        chosen = "; ".join(_chosen(raw, form, annotation))
        if value := chosen or _field_text(raw.FPDFAnnot_GetFormFieldValue, form, annotation):
            found.values.append(Value(box, value, label))
    elif kind == raw.FPDF_FORMFIELD_TEXTFIELD:
        if value := _field_text(raw.FPDFAnnot_GetFormFieldValue, form, annotation):
            if raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD:
                found.left_out["password field"] += 1
            else:
                found.values.append(Value(box, value, label))
    elif kind == raw.FPDF_FORMFIELD_SIGNATURE:
        found.left_out["signature field"] += 1


def _take_loose_field(raw: Any, annotation: Any, found: PageNotes) -> None:
    """A field that the document's form does not list; it stands on the page all the same."""
    label = _string(raw, annotation, b"TU") or _string(raw, annotation, b"T")
    if state := _string(raw, annotation, b"AS"):
        found.values.append(Value(_box(raw, annotation), "[ ]" if state == "Off" else "[x]", label, mark=True))
    elif value := _string(raw, annotation, b"V"):
        found.values.append(Value(_box(raw, annotation), value, label))


def _plain(rich: str) -> str:
    """The words of a text that a program wrote with their looks only."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", lambda tag: " " if "p" in tag[0][:3] else "", rich)).split())


def _chosen(raw: Any, form: Any, annotation: Any) -> Iterator[str]:
    for index in range(min(500, max(0, raw.FPDFAnnot_GetOptionCount(form, annotation)))):
        if raw.FPDFAnnot_IsOptionSelected(form, annotation, index):
            yield _field_text(_option(raw, index), form, annotation)


def _option(raw: Any, index: int) -> Callable[..., int]:
    return lambda form, annotation, *buffer: int(raw.FPDFAnnot_GetOptionLabel(form, annotation, index, *buffer))


def _target(raw: Any, pdf: pypdfium2.PdfDocument, annotation: Any) -> str:
    link = raw.FPDFAnnot_GetLink(annotation)
    action = raw.FPDFLink_GetAction(link) if link else None
    if not action or raw.FPDFAction_GetType(action) != raw.PDFACTION_URI:
        return ""
    size = raw.FPDFAction_GetURIPath(pdf.raw, action, None, 0)
    if size <= 1 or size > _TEXT_CHARS:
        return ""
    buffer = ctypes.create_string_buffer(size)
    raw.FPDFAction_GetURIPath(pdf.raw, action, buffer, size)
    target = "".join(clean_text(buffer.value.decode("utf-8", "replace")).split())
    return target if _WEB.match(target) or target.lower().startswith("www.") else ""


def _box(raw: Any, annotation: Any) -> Box:
    rect = raw.FS_RECTF()
    if not raw.FPDFAnnot_GetRect(annotation, rect):
        return Box(0, 0, 0, 0)
    return Box(
        min(rect.left, rect.right), min(rect.bottom, rect.top), max(rect.left, rect.right), max(rect.bottom, rect.top)
    )


def _string(raw: Any, annotation: Any, key: bytes) -> str:
    size = raw.FPDFAnnot_GetStringValue(annotation, key, None, 0)
    if size <= 2:
        return ""
    size = min(size, 2 * _TEXT_CHARS)
    buffer = ctypes.create_string_buffer(size)
    raw.FPDFAnnot_GetStringValue(annotation, key, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return _clean(buffer.raw)


def _field_text(function: Callable[..., int], form: Any, annotation: Any) -> str:
    import pypdfium2.raw as raw

    size = function(form, annotation, None, 0)
    if size <= 2:
        return ""
    size = min(size, 2 * _TEXT_CHARS)
    buffer = ctypes.create_string_buffer(size)
    function(form, annotation, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return _clean(buffer.raw)


def _clean(data: bytes) -> str:
    text = clean_text(data.decode("utf-16-le", "replace").partition("\x00")[0])
    return "\n".join(line for line in (" ".join(line.split()) for line in text.split("\n")) if line)


def filled(page: PageLines, values: Sequence[Value]) -> str:
    """The text of a page with values and ticks at the words they belong to, those without any such words below."""
    inserted: dict[int, list[tuple[int, str]]] = {}
    below: list[str] = []
    for value in sorted(values, key=lambda value: (-value.box.top, value.box.left)):
        shown = " ".join(value.text.split("\n"))
        where = _place(value, page)
        if where is not None:
            inserted.setdefault(where[0], []).append((where[1], shown))
        elif value.mark:
            below.append(f"{shown} {value.label}".strip())
        else:
            below.append(f"{value.label}: {shown}" if value.label else shown)
    lines = [
        _filled(page, number, inserted[number]) if number in inserted else page.text(line)
        for number, line in enumerate(page.lines)
    ]
    text = printed("\n".join(lines))
    return f"{text.rstrip()}\n\n" + "\n".join(below) if below else text


def with_notes(text: str, page: PageLines, notes: PageNotes) -> str:
    """The text of a page with its notes and the targets of its links below."""
    parts = [*notes.notes, "\n".join(_shown_links(notes.links, text, page.within))]
    return "\n\n".join([text.rstrip("\n"), *(part for part in parts if part)]) if any(parts) else text


def _filled(page: PageLines, number: int, values: Sequence[tuple[int, str]]) -> str:
    """A line with values at their places in pdfium's text."""
    line = page.lines[number]
    parts, start = [], line.start
    for place, shown in sorted(values, key=lambda value: value[0]):
        parts += [page.raw_text[start:place], shown]
        start = place
    parts.append(page.raw_text[start : line.end] + (MARK if line.hyphen else ""))
    bare = [_BLANKS.sub(" ", part) if at % 2 == 0 else part for at, part in enumerate(parts)]
    return " ".join(" ".join(bare).split())


def _place(value: Value, page: PageLines) -> tuple[int, int] | None:
    """The line whose words a value belongs to, and the place in the text where it goes; None when no words are beside it.

    A tick belongs to what is nearer, most often the words behind it; anything else to the words on its left, to those
    right above it, or to those behind it.
    """
    box, best = value.box, None
    for number, line in enumerate(page.boxes):
        if line is None or not side_by_side(line, box, 0.4):
            continue
        words = page.words(page.lines[number])
        before = [word for word in words if word.box.right <= box.left + box.height / 2]
        behind = [word for word in words if word.box.left >= box.right - box.height / 2]
        for distance, place in _nearest(value, before, behind):
            if best is None or distance < best[0]:
                best = (distance, number, place)
    if best is not None:
        return best[1:]
    return None if value.mark else _above(box, page)


def _nearest(value: Value, before: Sequence[Word], behind: Sequence[Word]) -> list[tuple[float, int]]:
    """How far a value is from the words before and behind it, and where it goes: a label behind counts for ticks first."""
    found = []
    if before:
        word = max(before, key=lambda word: word.box.right)
        found.append((value.box.left - word.box.right, word.end))
    if behind and (value.mark or not before):
        word = min(behind, key=lambda word: word.box.left)
        found.append(((word.box.left - value.box.right) * (0.5 if value.mark else 1.0), word.start))
    return found


def _above(box: Box, page: PageLines) -> tuple[int, int] | None:
    """The same for words right above a value, as in forms of boxes with small labels in them."""
    for number, line in reversed(list(enumerate(page.boxes))):
        if line is None or line.right < box.left or line.left > box.right:
            continue
        if -line.height < line.bottom - box.top < 1.2 * line.height and line.top > (box.bottom + box.top) / 2:
            over = [
                word
                for word in page.words(page.lines[number])
                if word.box.left < box.right and word.box.right > box.left
            ]
            if over:
                return number, over[-1].end
    return None


def _shown_links(links: Sequence[Link], text: str, link_text: Callable[[Box], str]) -> Iterator[str]:
    """A line for each target that the page does not spell out, after the words that lead there."""
    if not links:
        return
    spelled = "".join(text.split()).replace(MARK, "-")
    told: set[str] = set()
    for link in links:
        bare = re.sub(r"^(?:https?://|mailto:|tel:)", "", link.target).rstrip("/")
        if link.target in told or bare in spelled:
            continue
        told.add(link.target)
        words = " ".join(clean_text(link_text(link.box)).split())[:120]
        yield f"Link: {words} <{link.target}>" if words else f"Link: <{link.target}>"
