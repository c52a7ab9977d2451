"""The one table of slash commands: it feeds what is typed, the palette, the completions and the help."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.core.errors import UsageError
from workbench.tui.commands import agent as own
from workbench.tui.commands import documents as library
from workbench.tui.commands import history as past
from workbench.tui.commands import search as search_service
from workbench.tui.commands import session as do
from workbench.tui.commands import tables
from workbench.tui.commands import view as look

if TYPE_CHECKING:
    from workbench.tui.controller import Controller


@dataclass(frozen=True)
class Command:
    """A slash command. `run` gets the desk and the words after the name; it says at least one line."""

    name: str
    words: str
    help: str
    run: Callable[[Controller, Sequence[str]], None]

    @property
    def usage(self) -> str:
        """The command as it is typed."""
        return f"/{self.name} {self.words}".strip()


COMMANDS: tuple[Command, ...] = (
    Command("load", "PATH…", "load files or folders and attach them", do.load),
    Command("attach", "SOURCE", "search this source as well", do.attach),
    Command("detach", "SOURCE", "stop searching this source", do.detach),
    Command("sources", "", "what is loaded, and what is attached", do.sources),
    Command("reload", "SOURCE", "load a source again from where it was loaded", library.reload),
    Command("queue", "[retry]", "what is not loaded, and why; try it again", library.queue),
    Command("rename", "SOURCE NAME", "give a source another name", library.rename),
    Command("remove", "SOURCE [DOCUMENT]", "take it out of the library; files stay", library.remove),
    Command("note", "[SOURCE[:DOCUMENT] TEXT]", "a line the model reads with its hits", library.note),
    Command(
        "search", "QUERY", "search the archive yourself (--document D, --pages A-B, --since …)", search_service.search
    ),
    Command("follow", "HANDLE", "what belongs to a passage by name", search_service.follow),
    Command("sweep", "QUERY", "find everything about something, page after page; esc ends it", search_service.sweep),
    Command("recall", "[WORDS]", "what was said, also what was evicted; a dot marks what is in context", look.recall),
    Command("docs", "[WORDS]", "the documents there are", look.docs),
    Command("open", "DOCUMENT[:PAGE]", "a page of a document", look.open_),
    Command("answers", "", "every question of this conversation with its answer", look.answers),
    Command("map", "", "the three tiers of memory, and what of each is in context", look.memory_map),
    Command("sql", "QUERY", "ask the tables of csv, xlsx and Parquet files; alone it lists them", tables.sql),
    Command("memory", "", "the blocks of the working context, whole", do.memory),
    Command("edit", "[BLOCK LINE]", "edit lines of the working context, or add one to a block", own.edit),
    Command("pin", "[TEXT]", "pin the line with these words, so that the model leaves it, or let it go", own.pin),
    Command("tokens", "", "what the context window is made of, in tokens", do.tokens),
    Command("context", "[STEP]", "the exact prompt of a step, segment by segment", do.context),
    Command("dump", "[N]", "the last N messages of the conversation (default 10)", do.dump),
    Command("model", "[NAME]", "say which model answers, or change it", do.model),
    Command("preset", "[NAME]", "list the task guidances, or change the one of this agent now", own.preset),
    Command("functions", "", "what the model may call", own.functions),
    Command("cost", "", "what this agent has used: steps, tokens, time, price", own.cost),
    Command("budget", "[WHAT NUMBER]", "what a question may use: steps, seconds, tokens, cost", own.budget),
    Command("copy", "", "copy the last answer", own.copy),
    Command("export", "[FILE]", "write the conversation as Markdown, or to FILE.agent the whole agent", own.export),
    Command("theme", "[NAME]", "list the colour themes, or choose one", do.theme),
    Command("undo", "", "take back the last question, or the last /pop, /retry, /rewrite …", past.undo),
    Command("redo", "", "take back the last /undo, until something else is done", past.redo),
    Command("pop", "[N]", "take the last question and its answer, or the last N messages, off the branch", past.pop),
    Command("retry", "", "ask the last question again, on a branch before it", past.retry),
    Command("rewrite", "TEXT", "put your text in the place of the last reply", past.rewrite),
    Command("rethink", "TEXT", "put your text in the place of the model's last thought", past.rethink),
    Command("summarize", "", "evict and summarise now what was said before the last question", past.summarize),
    Command("heartbeat", "", "give the model a turn of its own", past.heartbeat),
    Command("memorywarning", "", "tell the model that its context is filling", past.memory_warning),
    Command("fork", "STEP [NAME]", "a new agent that goes on from where an old step ended", past.fork),
    Command("forget", "QUERY", "erase a message, #NUMBER, @DOCUMENT or source NAME everywhere, for good", past.forget),
    Command("diff", "[A] [B]", "what changed from the prompt of step A to that of step B", past.diff),
    Command("stop", "", "stop the answer after this step, or the load", do.stop),
    Command("save", "", "where everything is kept", do.save),
    Command("help", "[COMMAND]", "this list", do.help_),
    Command("exit", "", "leave; everything is saved", do.exit_),
)
"""In the order people meet them."""

_BY_NAME = {command.name: command for command in COMMANDS} | {"quit": COMMANDS[-1]}


def find(name: str) -> Command:
    """The command of a name. Raises UsageError that names the nearest one."""
    command = _BY_NAME.get(name.lower())
    if command is None:
        near = difflib.get_close_matches(name.lower(), _BY_NAME, n=1)
        hint = f"Did you mean /{near[0]}?" if near else "/help lists the commands."
        raise UsageError(f"There is no command /{name}.", hint)
    return command


def run(controller: Controller, text: str) -> None:
    """Run what was typed, `text` starting with a slash. Raises UsageError."""
    name, _, rest = text[1:].strip().partition(" ")
    command = find(name)
    if command.words.startswith(("QUERY", "TEXT")):
        command.run(controller, [rest.strip()] if rest.strip() else [])
        return
    try:
        words = shlex.split(rest)
    except ValueError:
        words = rest.split()
    command.run(controller, words)


def complete(word: str) -> list[tuple[str, str]]:
    """Commands that start with what was typed: (the command, what it does)."""
    return [(f"/{command.name}", command.help) for command in COMMANDS if command.name.startswith(word[1:].lower())]


def help_lines() -> list[str]:
    """The table as lines, its columns aligned."""
    width = max(len(command.usage) for command in COMMANDS) + 2
    return [f"{command.usage:<{width}}{command.help}" for command in COMMANDS]
