"""Every key of every screen is pressed where it counts, and nothing ends but by ctrl+q.

The keys are those that the classes of the screen declare: one that is added is pressed here, and an overlay that no way leads
to fails the test.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from textual.actions import parse
from textual.binding import Binding
from textual.dom import DOMNode
from textual.pilot import Pilot
from textual.screen import Screen

import workbench.tui
from tests.support.lease import EARLIER, QUESTION, lease
from tests.support.pilot import ask, piloted, wait_until
from tests.tui.test_fuzz import Unending
from workbench.tui.app import WorkbenchApp
from workbench.tui.screens.overlay import Overlay

OVERLAYS = {
    "AnswerTableScreen": ("/table What is the annual rent?",),
    "AnswersScreen": ("/answers",),
    "AskFor": ("f3",),
    "AddDocuments": ("f2",),
    "Choose": ("ctrl+p",),
    "ComparisonScreen": ("/compare lease-2019.pdf amend-2021.pdf",),
    "Confirm": ("/forget #3",),
    "HelpScreen": ("f1",),
    "Jump": ("ctrl+o",),
    "LibraryScreen": ("f4",),
    "MemoryLinesScreen": ("/edit",),
    "MemoryMap": ("f8",),
    "PageFaults": ("/faults",),
    "PagePictureScreen": ("/open lease-2019.pdf:12", "v"),
    "RecallScreen": ("ctrl+r",),
    "SourcePage": ("/open lease-2019.pdf:12",),
    "StepDiff": ("/diff 2 3",),
    "TextCheckScreen": ("/check The annual rent is EUR 9,500.",),
    "TimelineScreen": ("/timeline",),
    "XRay": ("f5",),
}
"""How each overlay opens: keys, and commands, one after the other. The name of the class is the name of the last screen."""

BASES = ("RunScreen",)
"""What overlays only derive from."""

FOCUS = ("PromptArea", "ExchangeBlock", "Scrollback", "FoldBlock", "HitList", "LibraryLines", "MemoryPane", "TracePane")
"""What takes the focus on the main screen, by class."""

QUIT = "ctrl+q"


def declared() -> dict[tuple[str, str], Binding]:
    """Every key that a class of the screen declares, by class and key."""
    for module in pkgutil.walk_packages(workbench.tui.__path__, "workbench.tui."):
        if module.name != "workbench.tui.web":
            importlib.import_module(module.name)

    def below(kind: type) -> Iterator[type]:
        yield kind
        for child in kind.__subclasses__():
            yield from below(child)

    ours = {kind for kind in below(DOMNode) if kind.__module__.startswith("workbench.")}
    found = {}
    for kind in ours:
        for entry in kind.__dict__.get("BINDINGS", ()):
            binding = entry if isinstance(entry, Binding) else Binding(*entry)
            for key in binding.key.split(","):
                found[kind.__name__, key.strip()] = binding
    return found


def here(app: WorkbenchApp, known: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the `known` keys that work now, by class and key."""
    return {
        (kind.__name__, key)
        for node, bindings in app.screen._modal_binding_chain
        for kind in type(node).__mro__
        for key in bindings.key_to_bindings
        if (kind.__name__, key) in known
    }


async def go(app: WorkbenchApp, pilot: Pilot[int], name: str) -> None:
    """Open an overlay, or put the focus on a widget of the main screen, from wherever the screen is."""
    while len(app.screen_stack) > 1:
        app.screen.dismiss()
        await pilot.pause()
    if app.arrangement.zoomed:
        app.arrangement.unzoom()
    await wait_until(pilot, lambda: not app.controller.work.asking)
    if name in FOCUS:
        await focus(app, pilot, name)
        return
    before = len(app.screen_stack)
    for way in OVERLAYS[name]:
        if way.startswith("/"):
            app.controller.run_command(way)
        else:
            await pilot.press(way)
        await wait_until(pilot, lambda before=before: len(app.screen_stack) > before)
        before = len(app.screen_stack)
    assert type(app.screen).__name__ == name


async def press(app: WorkbenchApp, pilot: Pilot[int], where: str, key: str) -> None:
    await pilot.press(key)
    await pilot.pause()
    assert app._exception is None, f"{key} in {where}: {app._exception!r}"
    assert app.is_running, f"{key} in {where} ended the screen"
    assert not app.quits, f"{key} in {where} quits"  # type: ignore[attr-defined]


@pytest.mark.nightly
@piloted
async def test_every_key_of_every_screen() -> None:
    session = lease()
    session.past = EARLIER
    session.messages = [{"role": "user", "content": f"message {number}"} for number in range(9)]
    session.open_all()
    app = Unending(lambda: session, now=lambda: 107.0)
    app.animation_level = "none"
    missing = set(declared())
    async with app.run_test(size=(120, 36)) as pilot:
        await wait_until(pilot, lambda: app.is_open and app.controller.drawn)
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: not app.controller.work.asking and app.chat.citations)
        for name in (*OVERLAYS, *FOCUS):
            await go(app, pilot, name)
            mine = {(kind, key) for kind, key in here(app, missing) if name in FOCUS or kind != "WorkbenchApp"}
            # Keys that move come before those that leave.
            for key in sorted({key for _, key in mine}, key=lambda key: (key in ("escape", "q"), key)):
                if not at(app, name):
                    await go(app, pilot, name)
                if key != QUIT:
                    await press(app, pilot, name, key)
            missing -= mine
        app.controller.work.leave()
        session.open_all()
    assert not missing, f"no way of the test leads to {sorted(missing)}"


@pytest.mark.nightly
@piloted
async def test_every_overlay_closes_once_however_often_it_is_told() -> None:
    """What closes it may wait in its queue more than once: the first one closes it, nothing below it goes."""
    session = lease()
    session.past = EARLIER
    session.open_all()
    app = Unending(lambda: session, now=lambda: 107.0)
    app.animation_level = "none"
    async with app.run_test(size=(120, 36)) as pilot:
        await wait_until(pilot, lambda: app.is_open and app.controller.drawn)
        for name in OVERLAYS:
            await go(app, pilot, name)
            before, overlay = len(app.screen_stack), app.screen
            for _ in range(3):
                overlay.call_later(_close, overlay)
            await wait_until(pilot, lambda overlay=overlay: overlay not in app.screen_stack)
            overlay.dismiss(None)
            await pilot.pause()
            assert len(app.screen_stack) == before - 1, name
            assert app.is_running
            assert app._exception is None, name
        app.controller.work.leave()


def _close(overlay: Screen[object]) -> None:
    overlay.dismiss(None)


def at(app: WorkbenchApp, name: str) -> bool:
    """Whether the overlay is on top, or the widget has the focus."""
    return type(app.screen if name in OVERLAYS else app.focused).__name__ == name


async def focus(app: WorkbenchApp, pilot: Pilot[int], name: str) -> None:
    """Put the focus on the last widget of this class."""
    widget = app.screen.query(name).last()
    if not widget.display:
        widget.display = True
        await pilot.pause()
    widget.focus()
    await wait_until(pilot, lambda: app.focused is widget)


def test_every_key_has_an_action() -> None:
    """Textual says nothing of a key whose action does not exist: it just does nothing."""
    known = declared()
    owners = {kind.__name__: kind for kind in (WorkbenchApp, *_subclasses(DOMNode))}
    for (name, key), binding in known.items():
        space, action, _ = parse(binding.action)
        owner = WorkbenchApp if space == "app" else owners[name]
        assert hasattr(owner, f"action_{action}"), f"{key} of {name}: {binding.action}"


def _subclasses(kind: type) -> Iterator[type]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)


def test_a_way_leads_to_every_overlay() -> None:
    declared()  # imports all of them
    found = {kind.__name__ for kind in _subclasses(Overlay) if kind.__module__.startswith("workbench.")}
    assert found == {*OVERLAYS, *BASES}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a key writes goes into a folder of the test's."""
    monkeypatch.chdir(tmp_path)
