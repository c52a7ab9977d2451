"""Draws events: the one module that knows both the events of a session and the panes of the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from workbench.api import events as ev
from workbench.api.paging import LiveFaults
from workbench.api.rendering import reembedded_line
from workbench.api.session import BlockView
from workbench.core.sanitize import one_line
from workbench.tui.panes.chat import LIVE_BLOCKS
from workbench.tui.panes.load_line import counted
from workbench.tui.regions import Regions
from workbench.tui.widgets import glyphs, step_lines
from workbench.tui.widgets.cells import clock, plural
from workbench.tui.widgets.exchange_state import Exchange
from workbench.tui.widgets.message_lines import messages_of
from workbench.tui.widgets.scrollback import KEPT_MESSAGES

STOP_REASONS = {
    "steps": "the cap on steps is reached",
    "tokens": "the cap on tokens is reached",
    "time": "the cap on time is reached",
    "cost": "the cap on cost is reached",
    "repeated": "the model kept repeating itself",
}
_SEARCHES = (
    "archival_memory_search",
    "archival_follow",
    "archival_sweep",
    "conversation_search",
    "conversation_search_date",
)
_WRITES = ("core_memory_append", "core_memory_replace", "archival_memory_insert", "task_update")


class Stream(Protocol):
    """Pieces that are still coming."""

    def take(self) -> Sequence[ev.Event]:
        """All that came, for good."""
        ...


class Bridge:
    """Draws events. The callbacks ask for what events do not carry: sources, and the blocks of a new question."""

    def __init__(self, panes: Regions, library_changed: Callable[[], None], memory_changed: Callable[[], None]) -> None:
        self._panes = panes
        self._library_changed = library_changed
        self._memory_changed = memory_changed
        self._steps = 0
        self._faults = LiveFaults()
        self._stream: Stream | None = None
        """Pieces of an answer that are not drawn yet."""
        self._before: dict[str, int] = {}
        """The newest event of each agent when it was first drawn here: what came later is of this session."""

    def replay(self, history: Sequence[ev.Event], agent: str) -> None:
        """Draw a conversation as it was left: this session and the latest exchanges whole, the earlier ones as one row."""
        before = self._before.setdefault(agent, max((event.seq for event in history), default=-1))
        asked = [at for at, event in enumerate(history) if isinstance(event, ev.QuestionAsked)]
        ours = sum(history[at].seq > before for at in asked)
        shown = max(LIVE_BLOCKS // 2, min(ours, KEPT_MESSAGES))
        first = asked[-shown] if len(asked) > shown else 0
        skipped = sum(messages_of(event) for event in history[:first])
        if skipped:
            self._panes.chat.skip(skipped)
        interrupted = False
        for at, event in enumerate(history):
            if isinstance(event, (ev.QuestionAsked, ev.StepStarted)):
                interrupted = True
            elif isinstance(event, (ev.AnswerDone, ev.Yielded, ev.Stopped)):
                interrupted = False
            if at >= first or isinstance(event, (ev.Evicted, ev.ContextAssembled)):
                self._panes.chat.past = event.seq <= before
                self.draw(event, replayed=True)
        self._panes.chat.past = False
        if exchange := self._panes.chat.exchange:
            if interrupted and exchange.question and not exchange.answer:
                exchange.outcome = "interrupted before it was answered · /retry asks it again"
            self._finish(exchange)
        self._offer_citations()

    def _offer_citations(self) -> None:
        self._panes.prompt.cite({item.number for item in self._panes.chat.citations})

    def redraw(self, history: Sequence[ev.Event], agent: str) -> None:
        """The branch is another one: nothing stays of what was drawn but what the user found, and our last remarks."""
        panes = self._panes
        panes.chat.clear()
        panes.archive.clear()
        panes.trace.clear()
        self._faults = LiveFaults()
        self.replay(history, agent)
        panes.chat.settle()
        panes.memory.settle()

    def stream(self, pieces: Stream) -> None:
        """Draw pieces of an answer a moment later, with those that come until then, or before the next event."""
        self.catch_up()
        self._stream = pieces
        self._panes.chat.streamed(self.catch_up)

    def catch_up(self) -> None:
        """Draw the pieces that came."""
        pieces, self._stream = self._stream, None
        for event in pieces.take() if pieces is not None else ():
            self.draw(event)

    def draw(self, event: ev.Event, *, replayed: bool = False) -> None:
        """Draw one event."""
        self.catch_up()
        panes = self._panes
        if messages := messages_of(event):
            panes.chat.ensure().messages += messages
        match event:
            case ev.QuestionAsked():
                self._question(event)
                if not replayed:
                    self._memory_changed()
            case ev.StepStarted():
                self._steps += 1
                panes.status.step(self._steps, event.limit)
                panes.chat.ensure().streaming = False
                panes.chat.ensure().model_steps += 1
                panes.trace.begin_step(event.step or self._steps)
                panes.trace.count("step")
            case ev.ContextAssembled():
                panes.gauge.show(event)
                panes.trace.assembled(event)
                self._faults.assembled(event.in_context)
                panes.archive.show_context(event.in_context)
                panes.chat.show_context(event.in_context)
            case ev.Waiting():
                self._wait(waited_for(event))
            case ev.Thinking():
                panes.status.server(there=True)
                self._wait(one_line(event.text[-400:], 400))
            case ev.FunctionCalled() | ev.FunctionReturned() | ev.MemoryEdited() | ev.PageRead():
                self._step(event)
            case ev.SweepProgress():
                self._sweep(event)
            case ev.HopChanged() | ev.PressureWarning() | ev.Evicted() | ev.PagedOut() | ev.SummaryWritten():
                self._housekeeping(event)
            case (
                ev.AnswerDelta() | ev.QuoteChecked() | ev.AnswerDone() | ev.StepFinished() | ev.Yielded() | ev.Stopped()
            ):
                self._answer(event)
            case ev.Attached() | ev.Detached():
                if not replayed:
                    self._library_changed()
            case ev.LoadProgress():
                self._progress(event)
            case ev.Loaded():
                self._loaded(event, replayed=replayed)
            case ev.Reembedded():
                self._reembedded(event, replayed=replayed)
            case ev.Notice():
                panes.chat.say(one_line(f"{event.message} {event.hint}".strip(), 600), told_again=bool(event.agent))
            case ev.Failed():
                panes.chat.fail(event.message, event.hint, told_again=bool(event.agent))
                if event.kind == "ModelUnreachable":
                    panes.status.server(there=False)
            case _:
                pass

    def finish(self) -> None:
        """The question is over, however it ended."""
        self.catch_up()
        self._panes.status.ended()
        if exchange := self._panes.chat.exchange:
            self._finish(exchange)

    def load_over(self) -> None:
        """No load runs any more."""
        self._panes.status.load(None)
        for line in self._panes.load_lines:
            line.show(None)

    # -- questions ---------------------------------------------------------------------------

    def _question(self, event: ev.QuestionAsked) -> None:
        exchange = self._panes.chat.exchange
        pending = (
            exchange is not None and not exchange.finished and not exchange.steps and exchange.question == event.text
        )
        if not pending:
            self._panes.chat.begin(event.text)
        self._steps = 0
        self._panes.trace.begin()
        self._panes.memory.settle()

    def _wait(self, what: str) -> None:
        self._panes.chat.ensure().waiting = what
        self._panes.chat.changed()

    def _step(self, event: ev.FunctionCalled | ev.FunctionReturned | ev.MemoryEdited | ev.PageRead) -> None:
        panes = self._panes
        if isinstance(event, ev.PageRead):
            panes.archive.add(event)
            if event.origin == "user":
                return
        if isinstance(event, ev.MemoryEdited):
            panes.memory.edit(BlockView(event.block, event.text, event.chars, event.limit_chars), event.added)
            if event.by != "model":
                return
        exchange = panes.chat.ensure()
        exchange.waiting = ""
        match event:
            case ev.FunctionCalled():
                exchange.steps.append(step_lines.called(event))
                noun = "search" if event.function in _SEARCHES else "write" if event.function in _WRITES else ""
                panes.trace.count(noun)
            case ev.FunctionReturned():
                if line := exchange.call(event.call):
                    step_lines.returned(line, event)
                    if not event.ok and event.function == "send_message":
                        # The message was sent back to the model: what streamed was never delivered.
                        exchange.answer, exchange.streaming = "", False
                panes.trace.count("", paged_in=event.tokens if event.function in _SEARCHES else 0)
            case ev.PageRead():
                # Of a conversation that is drawn again the old prompts are not known: nothing of it counts as a fault.
                again = self._faults.read(hit.passage for hit in event.hits)
                step_lines.paged(self._searching(exchange, event), event, again)
                panes.trace.fault(self._faults)
            case ev.MemoryEdited():
                if exchange.steps and exchange.steps[-1].kind == "memory":
                    step_lines.edited(exchange.steps[-1], event)
        panes.chat.changed()

    def _sweep(self, event: ev.SweepProgress) -> None:
        self._panes.archive.show_sweep(event)
        if event.step is None and event.stage != "reading":
            self._panes.chat.say(event.words)

    def _searching(self, exchange: Exchange, event: ev.PageRead) -> step_lines.StepLine:
        """The call a page answers; a page that was read without a call gets a line of its own."""
        for line in reversed(exchange.steps):
            if line.glyph == glyphs.SEARCH and not line.page and line.ok is not False:
                return line
        line = step_lines.called(ev.FunctionCalled(function=event.function, arguments={"query": event.query}))
        exchange.steps.append(line)
        return line

    def _housekeeping(
        self, event: ev.HopChanged | ev.PressureWarning | ev.Evicted | ev.PagedOut | ev.SummaryWritten
    ) -> None:
        chat = self._panes.chat
        exchange = chat.ensure()
        match event:
            case ev.HopChanged():
                if not (exchange.steps and exchange.steps[-1].kind == "task"):
                    exchange.steps.append(step_lines.hop(event))
            case ev.PressureWarning():
                exchange.steps.append(step_lines.pressure(event))
            case ev.Evicted():
                exchange.steps.append(step_lines.evicted(event))
                self._panes.trace.count("eviction", paged_out=event.tokens)
                chat.evict(event)
            case ev.PagedOut():
                exchange.steps.append(step_lines.receipts(event))
                self._faults.dropped(event.passages)
                self._panes.trace.receipts(len(event.passages), event.tokens)
            case ev.SummaryWritten():
                if line := exchange.latest("evict"):
                    step_lines.summarised(line, event.text)
        chat.changed()

    def _answer(
        self, event: ev.AnswerDelta | ev.QuoteChecked | ev.AnswerDone | ev.StepFinished | ev.Yielded | ev.Stopped
    ) -> None:
        exchange = self._panes.chat.ensure()
        match event:
            case ev.AnswerDelta():
                if not exchange.streaming:
                    exchange.answer, exchange.streaming, exchange.waiting = "", True, ""
                exchange.answer += event.text
                self._panes.chat.streamed()
                return
            case ev.QuoteChecked():
                return
            case ev.StepFinished():
                self._panes.status.server(there=True)
                self._panes.trace.sized(event.step or self._steps, event.used, event.usable)
                return
            case ev.AnswerDone():
                exchange.answer, exchange.streaming, exchange.waiting = event.text, False, ""
                exchange.answered, exchange.citations = event.answered, list(event.quotes)
                exchange.notes = [one_line(note) for note in (event.standing, *event.notes) if note]
                exchange.unquoted = event.unquoted
                # The answer is what stays: the steps that led to it fold to one line.
                exchange.folded_steps = True
                exchange.took = self._panes.status.elapsed()
                self._offer_citations()
            case ev.Stopped():
                exchange.outcome = outcome(event)
                self._finish(exchange)
            case ev.Yielded():
                self._finish(exchange)
        self._panes.chat.changed()

    def _finish(self, exchange: Exchange) -> None:
        exchange.finished, exchange.streaming, exchange.waiting = True, False, ""
        self._panes.chat.changed()

    # -- loads -------------------------------------------------------------------------------

    def _progress(self, event: ev.LoadProgress) -> None:
        self._panes.status.load(counted(event))
        for line in self._panes.load_lines:
            line.show(event)

    def _reembedded(self, event: ev.Reembedded, *, replayed: bool) -> None:
        self.load_over()
        self._panes.chat.say(reembedded_line(event), told_again=True)
        if not replayed:
            self._library_changed()

    def _loaded(self, event: ev.Loaded, *, replayed: bool) -> None:
        self.load_over()
        chat = self._panes.chat
        if not replayed or not event.failed:
            new = [plural(event.documents, "document"), plural(event.pages, "page"), plural(event.passages, "passage")]
            said = f"loaded {one_line(event.source, 80)}: " + (" · ".join(new) if event.documents else "nothing new")
            said += f" · {len(event.failed):,} not loaded" if event.failed else ""
            said += f" · {event.unchanged:,} unchanged" if event.unchanged else ""
            said += f" · {event.excluded:,} skipped by ignore rules" if event.excluded else ""
            said += f" · {clock(event.seconds)}" if event.seconds >= 1 else ""
            chat.say(said + (" · stopped by you, what is done stays" if event.stopped else ""), told_again=True)
        for failed in event.failed if not replayed else ():
            chat.fail(f"{one_line(failed.path, 200)}: {one_line(failed.reason, 300)}", one_line(failed.remedy, 300))
        if not replayed:
            self._library_changed()


def waited_for(event: ev.Waiting) -> str:
    """What the program waits for, in one line."""
    match event.what, event.detail:
        case "archive", _:
            return "searching the archive with the words of the question"
        case "model", "summary":
            return "waiting for the model to write the summary"
        case "model", "reader":
            return "the built-in reader weighs what was found"
        case what, detail:
            return f"waiting for the {one_line(what, 40)}" + (f": {one_line(detail, 120)}" if detail else "")


def outcome(event: ev.Stopped) -> str:
    """Why an answer ended early, in one line."""
    detail = one_line(event.detail, 300)
    if event.reason == "user":
        told = (
            f" · {detail[:1].lower()}{detail[1:].rstrip('.')}"
            if detail and not detail.startswith("You stopped")
            else ""
        )
        return f"stopped by you{told}"
    if event.reason == "error":
        # The error itself has a line of its own, with what to do next.
        return ""
    return f"stopped · {detail or STOP_REASONS.get(event.reason, one_line(event.reason, 60))}"
