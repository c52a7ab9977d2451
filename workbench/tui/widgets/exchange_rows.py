"""Lays out the parts of an exchange as rows: question, steps, answer, citations."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content
from textual.style import Style

from workbench.api.citation_marks import marked, unmarked
from workbench.core.hyperlinks import is_safe
from workbench.core.sanitize import one_line, sanitize
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import crop, crop_path, fit, number, page_place, right, signed, wrap
from workbench.tui.widgets.exchange_state import Exchange
from workbench.tui.widgets.lines import Row, Target
from workbench.tui.widgets.markdown import GrowingProse, prose
from workbench.tui.widgets.step_lines import StepLine

if TYPE_CHECKING:
    from workbench.api.events import Citation

CURSOR = "$block-cursor-foreground on $block-cursor-background"
DETAIL_LINES = 40
QUESTION_CHARS = 4_000


def question_rows(question: str, width: int) -> list[Row]:
    """The question behind a bar; of one that was pasted, the beginning."""
    shown = question[:QUESTION_CHARS]
    lines = [line for part in sanitize(shown).split("\n") for line in wrap(part, width - 3)]
    if len(question) > len(shown):
        lines += wrap(f"… {number(len(question) - len(shown))} more characters", width - 3)
    return [Row(Content.assemble((f"{glyphs.BAR} ", "$accent"), (line, "bold"))) for line in lines]


def step_rows(steps: list[StepLine], width: int, cursor: int | None, first_item: int = 0) -> list[Row]:
    """A row a step, columns aligned over all of them; the detail of an opened one below it."""
    kind_cells = max([9, *(len(step.kind) + 1 for step in steps)])
    page_cells = max([0, *(cell_len(step.page) + 2 for step in steps)])
    result_cells = max([0, *(cell_len(step.result) + 1 for step in steps)])
    rows: list[Row] = []
    for at, step in enumerate(steps, first_item):
        rows.append(_step_row(step, width, (kind_cells, page_cells, result_cells), at, at == cursor))
        if step.opened and step.detail:
            lines = [line for part in sanitize(step.detail).split("\n") for line in wrap(part, width - 8)]
            style = "$text-error" if step.ok is False else "$muted"
            rows += [Row(Content.assemble("      ", (line, style))) for line in lines[:DETAIL_LINES]]
    return rows


def _step_row(step: StepLine, width: int, columns: tuple[int, int, int], item: int, at_cursor: bool) -> Row:
    kind_cells, page_cells, result_cells = columns
    tokens = "" if step.tokens is None else signed(step.tokens)
    end = right(tokens, 8) + " "
    head = f"  {step.glyph} {fit(step.kind, kind_cells)}"
    room = width - cell_len(head) - len(end)
    if step.page or step.result:
        end = fit(step.page, page_cells) + right(step.result, result_cells) + end
        room = width - cell_len(head) - cell_len(end)
        room, end = (room - 2, "  " + end) if room > 24 else (room - 1, " " + end)
    text = fit(step.text, max(room, 0))
    if at_cursor:
        content = Content.styled(crop(head + text + end, width), CURSOR)
    else:
        styles = ("$text-error", "$text-error") if step.ok is False else ("$accent", "")
        content = Content.assemble((head, styles[0]), (text, styles[1]), (end, "$muted")).truncate(width)
    return Row(content, (Target(0, width, item),))


def answer_rows(exchange: Exchange, width: int, shown: list[Citation], growing: GrowingProse) -> list[Row]:
    """The answer with its handles as numbers; while it streams, as it stands, with a caret at its end."""
    if not exchange.answer:
        return []
    if not exchange.streaming:
        checked = not exchange.unchecked
        text = marked(exchange.answer, shown, exchange.unquoted) if checked else unmarked(exchange.answer)
        return [Row(line) for line in prose(text, width - 1)]
    lines = growing.lines(exchange.answer, width - 1)
    if lines:
        lines[-1] = Content.assemble(lines[-1], (glyphs.CARET, "$accent"))
    return [Row(line) for line in lines]


def citation_rows(
    pages: list[tuple[str, Citation]],
    width: int,
    in_context: Collection[int],
    cursor: int | None,
    first_item: int,
    files: Mapping[int, str] = MappingProxyType({}),
) -> list[Row]:
    """Numbered sources, as many on a line as fit; a dot where the passage is in context now, a link where its file is known."""
    rows: list[Row] = []
    parts: list[tuple[str, str | Style]] = [("  ", "")]
    targets: list[Target] = []
    at = 2
    for item, (numbers, citation) in enumerate(pages, first_item):
        live = citation.passage is not None and citation.passage in in_context
        dot = f"{glyphs.IN_CONTEXT} " if live else ""
        where = "" if citation.origin else f" {page_place(citation.page, citation.label)}"
        called = citation.where if citation.origin else citation.document
        name = crop_path(one_line(called, 200), max(8, min(40, width - 12 - cell_len(where))))
        cells = 3 + len(numbers) + cell_len(dot + name + where)
        if targets and at + cells > width:
            rows.append(Row(Content.assemble(*parts), tuple(targets)))
            parts, targets, at = [("  ", "")], [], 2
        style = CURSOR if item == cursor else ""
        parts += [
            (f"[{numbers}] ", style or "$accent"),
            (dot, style or "$in-context"),
            (name + where, linked(style, files.get(citation.passage or 0, "") if not citation.origin else "")),
            ("   ", ""),
        ]
        targets.append(Target(at, at + cells, item))
        at += cells + 3
    return [*rows, Row(Content.assemble(*parts), tuple(targets))] if targets else rows


def linked(style: str, address: str) -> str | Style:
    """A style that is a link besides: only to what `file_address` makes, which can hold no text of a document's."""
    return Style(link=address) if not style and is_safe(address) else style


def note_rows(text: str, width: int, style: str = "$muted", sign: str = "") -> list[Row]:
    """One of our own remarks: dim, indented, wrapped."""
    head = f"  {sign} " if sign else "  "
    lines = [line for part in sanitize(text).split("\n") for line in wrap(part, width - len(head) - 1)]
    return [
        Row(Content.assemble((head if at == 0 else " " * len(head), style), (line, style)))
        for at, line in enumerate(lines)
    ]
