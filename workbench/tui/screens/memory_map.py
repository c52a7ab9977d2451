"""The memory map: the context window drawn like a disk map, step by step, with recall and archival storage below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.timer import Timer

from workbench.api.events import ContextAssembled, Segment, paged_out
from workbench.api.paging import StepRecord
from workbench.api.session import SourceInfo
from workbench.core.sanitize import one_line
from workbench.tui.screens.overlay import Overlay
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import crop, number, plural
from workbench.tui.widgets.lines import Lines
from workbench.tui.widgets.segment_styles import PARTS, part_of, tokens_by_part

MOST_ROWS = 10
PLAY_SECONDS = 0.6
MOVED_ROWS = 2
"""Lines kept for what moved; a step that paged in, evicted and dropped takes a third."""

FADE_STEPS = 3
"""What left in the last steps is drawn brighter than what left long ago."""

FetchContext = Callable[[int | None, Callable[[ContextAssembled], None]], None]


@dataclass(frozen=True)
class Paging:
    """What the map is drawn from: all steps, the messages there are now, the sources, and where passages come from."""

    steps: Sequence[StepRecord]
    messages: int
    sources: Sequence[SourceInfo]
    places: Mapping[int, str]


@dataclass
class Moment:
    """One prompt, and the one before it; `step` None is the next prompt."""

    context: ContextAssembled
    before: ContextAssembled | None = None
    left: Sequence[tuple[int, int]] = field(default=())
    """(steps ago, messages) of the latest evictions."""


def cells_of(context: ContextAssembled, before: ContextAssembled | None, count: int) -> list[tuple[str, str]]:
    """`count` signs for the window in wire order: the letter of what occupies each, a full block where it came in this step.

    What is there is always seen: a segment takes a cell at least, as long as there are cells.
    """
    if not context.window:
        return [(glyphs.FREE, "$muted")] * count
    each = context.window / count
    known = {_key(segment) for segment in before.segments} if before else {_key(item) for item in context.segments}
    cells: list[tuple[str, str]] = []
    done = 0.0
    for segment in context.segments:
        part = part_of(segment)
        done += segment.tokens
        size = max(1 if segment.tokens else 0, round(done / each) - len(cells))
        fresh = _key(segment) not in known
        lit, rest = (
            (f"bold reverse {part.style}", (glyphs.FULL, part.style)) if fresh else ("", (part.letter, part.style))
        )
        cells += [(part.letter, lit or part.style) if at == 0 else rest for at in range(size)]
    reserved = round(context.reserve / each)
    cells = cells[: count - reserved] + [(glyphs.FREE, "$muted")] * (count - reserved - len(cells))
    cells += [("R", "$muted")] * (count - len(cells))
    if context.warn:
        at = min(count - 1, round(context.warn / each))
        if cells[at][0] == glyphs.FREE:
            cells[at] = (glyphs.WARN_MARK, "$text-warning")
    return cells


def _key(segment: Segment) -> tuple[str, int | None, str]:
    """What a segment is, whatever step it stands in; one that is written anew each step has its text as its mark."""
    return segment.name, segment.message, "" if segment.message else segment.text[-200:]


class MapLines(Lines):
    """Main context as cells, what moved, recall storage, archival storage."""

    def __init__(self, paging: Paging) -> None:
        super().__init__()
        self._paging = paging
        self._moment: Moment | None = None

    def show(self, moment: Moment) -> None:
        """Draw this step."""
        self._moment = moment
        self.changed()

    def rows(self, width: int) -> list[Content]:
        moment = self._moment
        if moment is None:
            return [Content.styled("…", "$muted")]
        rows = [*self._main(moment, width), *self._moved(moment, width), Content("")]
        return [*rows, *self._recall(moment, width), Content(""), *self._archive(moment, width)]

    def _main(self, moment: Moment, width: int) -> list[Content]:
        context = moment.context
        sign = "" if context.exact else "~"
        share = f"{context.fullness:.0%}" if context.usable else ""
        rows = [
            _head("Main context", f"{sign}{number(context.used)} of {number(context.usable)} tokens {share}", width)
        ]
        height = max(2, min(MOST_ROWS, round(context.window / 64 / max(1, width)) or 2))
        cells = cells_of(context, moment.before, width * height)
        for row in range(height):
            rows.append(Content.assemble(*cells[row * width : (row + 1) * width]))
        totals = tokens_by_part(context.segments)
        legend: list[tuple[str, str]] = []
        for part in PARTS:
            piece = f"{part.letter} {part.label} {number(totals[part.letter])}   "
            if sum(len(text) for text, _ in legend) + len(piece) + 12 > width:
                rows.append(Content.assemble(*legend))
                legend = []
            legend.append((piece, part.style))
        each = max(1, round(context.window / (width * height))) if context.window else 0
        rows.append(Content.assemble(*legend).truncate(width))
        free = max(0, context.usable - context.used)
        last = f"R reserved {number(context.reserve)}   {glyphs.FREE} free {number(free)}"
        last += f"   {glyphs.FULL} new   a cell is {plural(each, 'token')}"
        return [*rows, Content.styled(crop(last, width), "$muted")]

    def _moved(self, moment: Moment, width: int) -> list[Content]:
        if moment.before is None:
            return [Content("")] * MOVED_ROWS
        paged = moment.context.in_context - moment.before.in_context
        gone = moment.before.in_context - moment.context.in_context
        messages = _messages(moment.before) - _messages(moment.context)
        receipts = gone & self._receipts(moment) if messages else gone
        rows = []
        if paged:
            named = ", ".join(self._place(passage) for passage in sorted(paged)[:4])
            text = f"{glyphs.DOWN} paged in {plural(len(paged), 'passage')}: {named}"
            rows.append(Content.styled(crop(text, width), "$in-context"))
        if messages:
            tokens = sum(item.tokens for item in moment.before.segments if item.message in messages)
            text = f"{glyphs.UP} evicted {plural(len(messages), 'message')}, {number(tokens)} tokens, to recall storage"
            with_them = len(gone - receipts)
            more = f"; {plural(with_them, 'passage')} left context" if with_them else ""
            rows.append(Content.styled(crop(text + more, width), "$text-warning"))
        if receipts:
            rows.append(Content.styled(crop(f"{glyphs.UP} {paged_out(len(receipts))}", width), "$text-warning"))
        rows = rows or [Content.styled("  nothing moved between the tiers", "$muted")]
        # What stands below keeps its place while the map is played.
        return [*rows, *[Content("")] * (MOVED_ROWS - len(rows))]

    def _receipts(self, moment: Moment) -> frozenset[int]:
        """Passages that left between the two prompts because their results were shrunk to receipts."""
        first, last = moment.before.step if moment.before else None, moment.context.step
        steps = [
            item.receipts
            for item in self._paging.steps
            if (first is None or item.step >= first) and (last is None or item.step < last)
        ]
        return frozenset().union(*steps)

    def _place(self, passage: int) -> str:
        return self._paging.places.get(passage, f"passage {passage}")

    def _recall(self, moment: Moment, width: int) -> list[Content]:
        here = len(_messages(moment.context))
        total = max(self._paging.messages if moment.context.step is None else self._known(moment), here)
        away = total - here
        fresh = [0] * (FADE_STEPS + 1)
        for ago, messages in moment.left:
            fresh[min(ago, FADE_STEPS)] += messages
        lately = min(away, sum(fresh[:FADE_STEPS]))
        said = [f"{glyphs.CELL_OLD} {number(away - lately)} evicted"] if away > lately else []
        said += [f"{glyphs.CELL_FRESH} {number(lately)} evicted lately"] if lately else []
        said.append(f"{glyphs.IN_CONTEXT} {number(here)} in context")
        amount = " · ".join(said)
        title = f"Recall storage, {plural(total, 'message')}"
        if len(title) + len(amount) + 3 > width:
            title = "Recall storage"
        rows = [_head(title, amount, width)]
        cells = min(total, width * 2)
        if not cells:
            return rows
        styles = ["bold $text-warning", "$text-warning", "$muted", "$muted"]
        signs: list[tuple[str, str]] = []
        signs += [(glyphs.CELL_OLD, "$muted")] * (away - lately)
        for ago in range(FADE_STEPS - 1, -1, -1):
            signs += [(glyphs.CELL_FRESH, styles[ago])] * fresh[ago]
        signs = signs[:away] + [(glyphs.IN_CONTEXT, "$in-context")] * here
        drawn = [signs[at * total // cells] for at in range(cells)]
        rows += [Content.assemble(*drawn[at : at + width]) for at in range(0, cells, width)]
        return rows

    def _known(self, moment: Moment) -> int:
        """Messages up to this step: those in its prompt and what was evicted before it was sent."""
        gone = sum(item.evicted_messages for item in self._paging.steps if item.step <= (moment.context.step or 0))
        return gone + len(_messages(moment.context))

    def _archive(self, moment: Moment, width: int) -> list[Content]:
        sources, here = self._paging.sources, moment.context.in_context
        total = sum(source.passages for source in sources if source.attached)
        rows = [_head("Archival storage", f"{number(len(here))} of {plural(total, 'passage')} in context", width)]
        fresh = here - moment.before.in_context if moment.before else frozenset()
        named: dict[str, bool] = {}
        for passage in sorted(here):
            place = self._place(passage)
            named[place] = named.get(place, False) or passage in fresh
        for place, new in sorted(named.items()):
            mark = f" {glyphs.NEW} now" if new else ""
            line = crop(one_line(place, 200), max(4, width - 4 - len(mark)))
            rows.append(Content.assemble((f"  {glyphs.IN_CONTEXT} ", "$in-context"), line, (mark, "bold $in-context")))
        if not named:
            rows.append(Content.styled("  nothing is paged in", "$muted"))
        return rows


def _messages(context: ContextAssembled) -> set[int]:
    return {item.message for item in context.segments if item.message}


def _head(title: str, amount: str, width: int) -> Content:
    if len(title) + len(amount) + 3 > width:
        return Content.assemble((amount, "bold")).truncate(width)
    rule = glyphs.RULE * (width - len(title) - len(amount) - 2)
    return Content.assemble((title, "bold"), (f" {rule} ", "$muted"), (amount, "bold")).truncate(width)


class MemoryMap(Overlay[None]):
    """The map, scrubbed with the arrow keys and played with space."""

    HELP = (
        "The window, a cell for so many tokens, lettered and coloured by what occupies it; what came\n"
        "in with this step is solid. Below it: what moved between the tiers, recall storage with a\n"
        "cell a message (full: in context; filled: evicted lately), and what is paged in from the archive.\n"
        "left and right go through the steps, home and end to the first and to now, space plays."
    )
    BINDINGS = [
        Binding("left,h,left_square_bracket", "step(-1)", "Step before", show=False),
        Binding("right,l,right_square_bracket", "step(1)", "Step after", show=False),
        Binding("home", "jump(0)", "First step", show=False),
        Binding("end", "jump(-1)", "Now", show=False),
        Binding("space", "play", "Play", show=False),
        Binding("f8,q", "close", "Close", show=False),
    ]

    def __init__(self, paging: Paging, fetch: FetchContext, *, play: bool = False) -> None:
        super().__init__()
        self._paging = paging
        self._fetch = fetch
        self._moments: list[int | None] = [*(item.step for item in paging.steps), None]
        self._at = 0 if play else len(self._moments) - 1
        self._known: dict[int | None, ContextAssembled] = {}
        self._play_at_start = play
        self._playing: Timer | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="memory-map") as box:
            yield MapLines(self._paging)
        self.named(box, "Memory map", "")

    def on_mount(self) -> None:
        """It scrolls with the keys."""
        self.query_one(VerticalScroll).focus()
        self._want()
        if self._play_at_start:
            self.action_play()

    def action_step(self, by: int) -> None:
        """The step before or after."""
        self._stop()
        self._go(self._at + by)

    def action_jump(self, at: int) -> None:
        """The first step, or now."""
        self._stop()
        self._go(at if at >= 0 else len(self._moments) - 1)

    def action_play(self) -> None:
        """Play on from here, from the start when this is the end; again pauses."""
        if self._playing is not None:
            self._stop()
            self._entitle()
            return
        if self._at >= len(self._moments) - 1:
            self._go(0)
        self._playing = self.set_interval(PLAY_SECONDS, self._next)
        self._entitle()

    def _next(self) -> None:
        self._go(self._at + 1)
        if self._at >= len(self._moments) - 1:
            self._stop()
            self._entitle()

    def _stop(self) -> None:
        if self._playing is not None:
            self._playing.stop()
            self._playing = None

    def _go(self, at: int) -> None:
        if 0 <= at < len(self._moments):
            self._at = at
            self._want()

    def _want(self) -> None:
        """Draw once this prompt and the one before are here."""
        if not self.is_open:
            return
        for at in (self._at - 1, self._at):
            if at >= 0 and (step := self._moments[at]) not in self._known:
                self._fetch(step, self._arrived)
                return
        self._draw()

    def _arrived(self, context: ContextAssembled) -> None:
        self._known[context.step] = context
        self._want()

    def _draw(self) -> None:
        step = self._moments[self._at]
        before = self._known.get(self._moments[self._at - 1]) if self._at else None
        # What a step evicts leaves before its own prompt is sent.
        done = [(self._at - at, item.evicted_messages) for at, item in enumerate(self._paging.steps) if at <= self._at]
        left = [(ago, messages) for ago, messages in done if messages]
        self.query_one(MapLines).show(Moment(self._known[step], before, left))
        self._entitle()

    def _entitle(self) -> None:
        step = self._moments[self._at]
        name = "now" if step is None else f"step {number(step)}"
        playing = "space pauses" if self._playing else "space plays"
        where = f"{self._at + 1}/{len(self._moments)}"
        self.named(
            self.query_one("#memory-map"),
            f"Memory map · {name} · {where}",
            f"left right step · home end · {playing} · esc close",
        )
