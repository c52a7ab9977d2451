"""Build the PDFs of sample_docs/ from the texts beside this file.

    python tests/samples/build_pdfs.py [output folder]

Needs reportlab (a development dependency). The output is the same, byte for
byte, at every run. The texts are lines of a small markup:

    title: / author: / subject:     metadata, before the first directive
    @front, @main, @appendix X      page labels i, ii .. / 1, 2 .. / X-1, X-2 ..
    @page                           a new page
    # Heading                       a heading and an entry of the outline, kept with what follows
    | a | b |                       a row of a table; the first row is its head
    anything else                   a paragraph, never split over two pages
"""

from __future__ import annotations

import sys
from pathlib import Path

from reportlab.lib import colors
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent.parent / "sample_docs"

BODY = ParagraphStyle(
    "body",
    fontName="Times-Roman",
    fontSize=10.5,
    leading=13.5,
    spaceAfter=6,
    alignment=TA_LEFT,
    splitLongWords=0,
)
HEAD = ParagraphStyle(
    "head",
    parent=BODY,
    fontName="Times-Bold",
    fontSize=13,
    leading=16,
    spaceBefore=8,
    spaceAfter=5,
)
TITLE = ParagraphStyle("title", parent=HEAD, fontSize=19, leading=24, spaceBefore=90, spaceAfter=16)
CELL = ParagraphStyle("cell", parent=BODY, fontSize=9, leading=11, spaceAfter=0)
CELL_HEAD = ParagraphStyle("cell-head", parent=CELL, fontName="Times-Bold")


class Mark(Flowable):
    """An invisible flowable: an outline entry, or the start of a labelled part."""

    def __init__(self, heading: str = "", part: str = "") -> None:
        super().__init__()
        self.heading, self.part = heading, part

    def wrap(self, *_size):
        return 0, 0

    def draw(self) -> None:
        canvas = self.canv
        if self.heading:
            key = f"h{canvas.getPageNumber()}-{self.heading}"
            canvas.bookmarkPage(key)
            canvas.addOutlineEntry(self.heading, key, level=0, closed=False)
        if self.part:
            style, prefix = {"front": ("ROMAN_LOWER", None), "main": ("ARABIC", None)}.get(
                self.part, ("ARABIC", f"{self.part}-")
            )
            canvas.addPageLabel(canvas.getPageNumber() - 1, style=style, start=1, prefix=prefix)


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def table_of(rows: list[list[str]], width: float) -> Table:
    longest = [max(len(row[i]) for row in rows) + 4 for i in range(len(rows[0]))]
    table = Table(
        [[Paragraph(escape(c), CELL_HEAD if n == 0 else CELL) for c in row] for n, row in enumerate(rows)],
        colWidths=[width * size / sum(longest) for size in longest],
        repeatRows=1,
        spaceAfter=8,
    )
    table.setStyle(
        TableStyle(
            [
                ("LINEABOVE", (0, 0), (-1, 0), 0.8, colors.black),
                ("LINEBELOW", (0, 0), (-1, 0), 0.4, colors.black),
                ("LINEBELOW", (0, -1), (-1, -1), 0.8, colors.black),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ]
        )
    )
    return table


def build(source: Path, target: Path) -> None:
    meta: dict[str, str] = {}
    story: list[Flowable] = []
    rows: list[list[str]] = []
    width = A5[0] - 36 * mm
    started = titled = False
    heading = ""

    def add(block: Flowable) -> None:
        nonlocal heading, titled
        if heading:
            head = Paragraph(escape(heading), HEAD if titled else TITLE)
            if titled:
                story.append(CondPageBreak(head.wrap(width, 999)[1] + block.wrap(width, 999)[1] + 16))
            story.extend([head, Mark(heading=heading)])
            heading, titled = "", True
        story.append(block)

    def flush() -> None:
        if rows:
            add(table_of(rows.copy(), width))
            rows.clear()

    for line in source.read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
            continue
        flush()
        if not line:
            continue
        if line.startswith("@"):
            word, _, rest = line[1:].partition(" ")
            if started:
                story.append(PageBreak())
            if word in ("front", "main", "appendix"):
                story.append(Mark(part=rest or word))
                started = True
        elif not started:
            key, _, value = line.partition(":")
            meta[key] = value.strip()
        elif line.startswith("# "):
            heading = line[2:]
        else:
            add(Paragraph(escape(line), BODY))
    flush()
    story.append(Spacer(1, 1))

    document = BaseDocTemplate(
        str(target),
        pagesize=A5,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=16 * mm,
        bottomMargin=16 * mm,
        allowSplitting=0,
        invariant=1,
        title=meta["title"],
        author=meta["author"],
        subject=meta["subject"],
        creator="memgpt-workbench samples",
        pageCompression=1,
    )
    frame = Frame(18 * mm, 16 * mm, width, A5[1] - 32 * mm, 0, 0, 0, 0, id="text")
    document.addPageTemplates([PageTemplate(id="page", frames=[frame])])
    document.build(story)


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES
    out.mkdir(parents=True, exist_ok=True)
    for source in sorted(HERE.glob("*.md")):
        build(source, out / f"{source.stem}.pdf")


if __name__ == "__main__":
    main()
