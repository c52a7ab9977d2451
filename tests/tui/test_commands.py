"""The table of slash commands: every one answers with a line, mistakes too, and the table feeds all who name commands."""

from __future__ import annotations

from pathlib import Path

import pytest

import loaders.registry
from tests.support.grid import grid
from tests.support.lease import EARLIER, QUESTION, lease
from tests.support.pilot import ask, piloted, running, wait_until
from workbench.core.errors import UsageError
from workbench.tui.commands import registry
from workbench.tui.commands.registry import COMMANDS
from workbench.tui.screens.ask_for import FORMATS
from workbench.tui.screens.help import KEYS, HelpScreen, help_text
from workbench.tui.widgets.notes import NoteBlock

REQUIRED = {
    "load",
    "attach",
    "detach",
    "memory",
    "dump",
    "tokens",
    "model",
    "save",
    "exit",
    "help",
    "search",
    "context",
    "sources",
    "edit",
    "pin",
    "preset",
    "functions",
    "cost",
    "budget",
    "copy",
    "export",
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What /export writes goes into a folder of the test's."""
    monkeypatch.chdir(tmp_path)


def test_the_commands_people_know_are_there() -> None:
    assert {command.name for command in COMMANDS} >= REQUIRED


LOADERS_IN_WORDS = {
    "pdf": "PDF", "word": "Word", "slides": "PowerPoint", "open_document": "OpenDocument", "rich_text": "RTF",
    "outlook": "Outlook messages", "mail": "mail", "mail_folder": "mail", "workbook": "Excel", "locked_office": "Word",
    "web_page": "web pages", "ebook": "EPUB", "image": "pictures", "delimited": "CSV", "parquet": "Parquet",
    "notebook": "notebooks", "json_records": "JSON", "xml_records": "XML", "subtitles": "subtitles",
    "office_xml": "Word", "archive": "zip and tar",
    "calendars": "calendars", "contacts": "contacts", "compressed": "compressed files", "fetched": "web pages",
    "markup": "text", "markdown": "Markdown", "text": "text",
}  # fmt: skip


def test_adding_documents_names_what_every_built_in_loader_reads() -> None:
    names = [module.rpartition(".")[2] for module in loaders.registry.BUILT_IN]
    assert [name for name in names if LOADERS_IN_WORDS.get(name, "?") not in FORMATS] == []
    assert "workbench help formats" in FORMATS


@piloted
async def test_help_is_a_window_that_begins_with_the_commands_and_that_escape_closes() -> None:
    async with running(lease(), (80, 24)) as (app, pilot):
        await ask(pilot, "/help")
        await wait_until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await wait_until(pilot, lambda: COMMANDS[0].usage in grid(app))
        await pilot.press("escape")
        await wait_until(pilot, lambda: not isinstance(app.screen, HelpScreen))
        assert COMMANDS[0].help not in grid(app)
        assert COMMANDS[-1].help not in grid(app)


def test_help_and_completion_come_from_the_table() -> None:
    text = help_text("", KEYS)
    for command in COMMANDS:
        assert command.usage in text
        assert command.help in text
        assert (f"/{command.name}", command.help) in registry.complete(f"/{command.name[:2]}")


def test_a_mistyped_command_names_the_nearest() -> None:
    with pytest.raises(UsageError) as error:
        registry.find("atach")
    assert error.value.hint == "Did you mean /attach?"
    with pytest.raises(UsageError) as error:
        registry.find("xyzzy")
    assert "/ lists" in error.value.hint


def _said(app: object) -> list[str]:
    return [block.text for block in app.chat.query(NoteBlock)]  # type: ignore[attr-defined]


@pytest.mark.nightly
@pytest.mark.parametrize(
    "words", ["", pytest.param(" leases", marks=pytest.mark.nightly)], ids=["alone", "with a word"]
)
def test_every_command_answers_with_a_line(words: str) -> None:
    """Also with nothing to do, and with nothing given."""

    @piloted
    async def scenario() -> None:
        session = lease()
        session.messages = [{"role": "user", "content": '{"type":"user_message","message":"hello"}'}]
        session.open_all()
        async with running(session) as (app, pilot):
            for command in COMMANDS:
                if command.name == "exit":
                    continue
                said = len(app.chat.said)
                app.controller.run_command(f"/{command.name}{words}")
                await wait_until(pilot, lambda said=said: len(app.chat.said) > said)
                assert app.chat.said[-1].strip(), command.name
                await wait_until(pilot, lambda: not app.controller.work.asking)
                while len(app.screen_stack) > 1:
                    app.screen.dismiss()
                    await pilot.pause()

    scenario()


@piloted
async def test_what_commands_say() -> None:
    session = lease()
    session.messages = [
        {"role": "user", "content": '{"type":"user_message","message":"hello there"}'},
        {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "send_message", "arguments": "{}"}}]},
        {"role": "tool", "content": '{"status":"Failed","message":"no such block"}'},
    ]
    expected = {
        "/sources": "● leases",
        "/tokens": "reserved      1,024 for the answer",
        "/dump 1": "no such block",
        "/dump": "hello there",
        "/model": "mistral-small, window 8,192 tokens",
        "/model gpt-x": "gpt-x answers from now on",
        "/sql": "rents · 3 rows · rents.csv",
        "/sql SELECT 'a b' FROM rents": "Grace   NULL",
        "/sql SELECT tenant, rent FROM rents": "the first 2 rows of 73",
        "/sql FROM secret": "There is no table 'secret'.",
        "/memory": "human · 25/500 chars",
        "/detach leases": "detached leases; it stays loaded",
        "/attach leases": "attached leases · 3 docs · 412 passages",
        "/save": "/home/somebody/workbench.duckdb",
        "/edit human": "What should the line say?",
        "/edit nowhere a line": "There is no block 'nowhere'.",
        "/pin words of nothing": "0 lines hold 'words of nothing'.",
        "/preset": "presets: chat, documents",
        "/preset chat": "preset chat from the next step on",
        "/preset nope": "There is no preset named 'nope'.",
        "/functions": "● send_message",
        "/cost": "12 steps · 34,567 tokens in · 890 out · 4.2 s of the model · no prices set",
        "/budget": "tokens            any  tokens, in and out",
        "/budget tokens 20,000": "tokens         20,000  tokens, in and out",
        "/budget tokens": "A bound is a name and a number.",
        "/budget beers 3": "A question is bounded by",
        "/export x.agent": "4,711 bytes, the whole agent",
        "/copy": "there is no answer to copy yet",
        "/dump no": "'no' is not a number of messages",
        "/attach nothing": "There is no source nothing.",
        "/theme nope": "There is no theme 'nope'.",
        "/frobnicate": "There is no command /frobnicate.",
        "/stop": "nothing is running",
        "/help model": "/model [NAME]: say which model answers",
    }
    async with running(session) as (app, pilot):
        for command, line in expected.items():
            before = len(_said(app))
            await ask(pilot, command)
            await wait_until(pilot, lambda before=before: len(_said(app)) > before or before == 12)
            await wait_until(pilot, lambda line=line: any(line in said for said in _said(app)[-1:]))
        assert "gpt-x 8k" in grid(app)


@piloted
async def test_completion_offers_and_takes() -> None:
    session = lease()
    async with running(session) as (app, pilot):
        await pilot.press(*"/de")
        await wait_until(pilot, lambda: "stop searching this source" in grid(app))
        await pilot.press("tab")
        assert app.prompt.area.text == "/detach "
        app.prompt.area.clear()
        await pilot.press(*"what says @2021")
        await wait_until(pilot, lambda: "@amend-2021.pdf" in grid(app))
        await pilot.press("tab")
        assert app.prompt.area.text == "what says @amend-2021.pdf "


@piloted
async def test_exit_leaves() -> None:
    session = lease()
    async with running(session) as (app, pilot):
        await ask(pilot, "/exit")
        await wait_until(pilot, lambda: session.calls.count("stop") == 2)
        assert app.return_code == 0


@piloted
async def test_palette_runs_commands() -> None:
    session = lease()
    session.past = EARLIER
    async with running(session) as (app, pilot):
        await pilot.press("ctrl+p")
        await pilot.press(*"what the context window is made")
        await wait_until(pilot, lambda: "/tokens" in grid(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: any("for the answer" in said for said in _said(app)))
        assert QUESTION not in grid(app)
