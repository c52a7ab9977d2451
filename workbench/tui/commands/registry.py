"""The one table of slash commands: it feeds what is typed, the palette, the completions and the help."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.core.errors import UsageError
from workbench.tui.commands import agent as own
from workbench.tui.commands import documents as library
from workbench.tui.commands import history as past
from workbench.tui.commands import search as search_service
from workbench.tui.commands import session as do
from workbench.tui.commands import table_and_check as many
from workbench.tui.commands import view as look
from workbench.tui.commands.display import Display


@dataclass(frozen=True)
class Command:
    """A slash command. `run` gets the display and the words after the name; it says at least one line."""

    name: str
    words: str
    help: str
    run: Callable[[Display, Sequence[str]], None]
    group: str

    @property
    def needs_words(self) -> bool:
        """Whether it does nothing without words behind it."""
        return bool(self.words) and not self.words.startswith("[")

    @property
    def line(self) -> str:
        """Its usage and its help on one line."""
        return f"{self.usage}: {self.help}"

    @property
    def usage(self) -> str:
        """The command as it is typed."""
        return f"/{self.name} {self.words}".strip()


COMMANDS: tuple[Command, ...] = (
    Command("load", "PATH…", "load files or folders and attach them", do.load, "Documents"),
    Command("attach", "SOURCE", "search this source as well", do.attach, "Documents"),
    Command("detach", "SOURCE", "stop searching this source", do.detach, "Documents"),
    Command("sources", "", "what is loaded, and what is attached", do.sources, "Documents"),
    Command("reload", "SOURCE", "load a source again from where it was loaded", library.reload, "Documents"),
    Command("reembed", "SOURCE [MODEL]", "embed a source with another model", library.reembed, "Documents"),
    Command("queue", "[retry]", "what is not loaded, and why; try it again", library.queue, "Documents"),
    Command("rename", "SOURCE NAME", "give a source another name", library.rename, "Documents"),
    Command("remove", "SOURCE [DOCUMENT]", "take it out of the library; files stay", library.remove, "Documents"),
    Command("note", "[SOURCE[:DOCUMENT] TEXT]", "a line the model reads with its hits", library.note, "Documents"),
    Command("docs", "[WORDS]", "the documents there are", look.docs, "Documents"),
    Command("open", "DOCUMENT[:PAGE]", "a page of a document", look.open_, "Documents"),
    Command(
        "sql",
        "QUERY",
        "ask the tables of csv, xlsx and Parquet files; alone it lists them",
        search_service.sql,
        "Documents",
    ),
    Command(
        "search",
        "QUERY",
        "search the archive yourself (--document D, --pages A-B, --since …)",
        search_service.search,
        "Find",
    ),
    Command("follow", "HANDLE", "what belongs to a passage by name", search_service.follow, "Find"),
    Command(
        "sweep", "QUERY", "find everything about something, page after page; esc ends it", search_service.sweep, "Find"
    ),
    Command(
        "grep",
        "QUERY",
        "find a regular expression in the archive, every match, in reading order",
        search_service.grep,
        "Find",
    ),
    Command(
        "recall", "[WORDS]", "what was said, also what was evicted; a dot marks what is in context", look.recall, "Find"
    ),
    Command("answers", "", "every question of this conversation with its answer and its sources", look.answers, "Find"),
    Command(
        "table",
        "QUESTIONS [--source S]",
        "ask the same questions, or those of a file, of every document of a source",
        many.table,
        "Find",
    ),
    Command(
        "check",
        "FILE [--source S]",
        "check a text of your own against its sources, sentence by sentence",
        many.check,
        "Find",
    ),
    Command(
        "compare",
        "DOCUMENT DOCUMENT",
        "the facts that two documents state differently, with the pages of both",
        many.compare,
        "Find",
    ),
    Command("memory", "", "the blocks of the working context, whole", do.memory, "Memory and context"),
    Command(
        "edit",
        "[BLOCK LINE]",
        "edit lines of the working context, or add one to a block",
        own.edit,
        "Memory and context",
    ),
    Command(
        "pin",
        "[TEXT]",
        "pin the line with these words, so that the model leaves it; again unpins it",
        own.pin,
        "Memory and context",
    ),
    Command("tokens", "", "what the context window is made of, in tokens", do.tokens, "Memory and context"),
    Command("context", "[STEP]", "the exact prompt of a step, segment by segment", do.context, "Memory and context"),
    Command(
        "diff", "[A] [B]", "what changed from the prompt of step A to that of step B", past.diff, "Memory and context"
    ),
    Command(
        "map",
        "",
        "the window as a disk map, and what moved between the tiers, step by step",
        look.memory_map,
        "Memory and context",
    ),
    Command(
        "timeline",
        "",
        "all steps with what they did; go back to any of them",
        look.timeline,
        "Memory and context",
    ),
    Command(
        "faults",
        "",
        "page faults at other windows, under FIFO, LRU and the optimum",
        look.faults,
        "Memory and context",
    ),
    Command("replay", "", "play the memory map from the first step to the last", look.replay, "Memory and context"),
    Command("dump", "[N]", "the last N messages of the conversation (default 10)", do.dump, "Memory and context"),
    Command("agents", "[NAME]", "the agents; switch to one", own.agents, "Agent"),
    Command("model", "[NAME]", "say which model answers, or change it", do.model, "Agent"),
    Command("drive", "[WHO]", "say who searches (model, guided or auto), or change it", own.drive, "Agent"),
    Command("preset", "[NAME]", "list the task guidances, or change the one of this agent now", own.preset, "Agent"),
    Command("functions", "", "what the model may call", own.functions, "Agent"),
    Command("cost", "", "what this agent has used: steps, tokens, time, price", own.cost, "Agent"),
    Command("budget", "[WHAT NUMBER]", "what a question may use: steps, seconds, tokens, cost", own.budget, "Agent"),
    Command("btw", "TEXT", "ask beside the conversation: nothing of it stays in its context", past.btw, "Conversation"),
    Command("copy", "", "copy the last answer", own.copy, "Conversation"),
    Command(
        "export",
        "[FILE]",
        "the conversation as Markdown; FILE.html: a page to scrub through; FILE.agent: the agent",
        own.export,
        "Conversation",
    ),
    Command("undo", "", "take back the last question, or the last /pop, /retry, /rewrite …", past.undo, "Conversation"),
    Command("redo", "", "take back the last /undo, until something else is done", past.redo, "Conversation"),
    Command(
        "pop",
        "[N]",
        "take the last question and its answer, or the last N messages, off the branch",
        past.pop,
        "Conversation",
    ),
    Command("retry", "", "ask the last question again, on a branch before it", past.retry, "Conversation"),
    Command("rewrite", "TEXT", "put your text in the place of the last reply", past.rewrite, "Conversation"),
    Command("rethink", "TEXT", "put your text in the place of the model's last thought", past.rethink, "Conversation"),
    Command(
        "summarize",
        "",
        "evict and summarise now what was said before the last question",
        past.summarize,
        "Conversation",
    ),
    Command("heartbeat", "", "give the model a turn of its own", past.heartbeat, "Conversation"),
    Command("memorywarning", "", "tell the model that its context is filling", past.memory_warning, "Conversation"),
    Command("fork", "STEP [NAME]", "a new agent that goes on from where an old step ended", past.fork, "Conversation"),
    Command(
        "forget",
        "QUERY",
        "erase a message, #NUMBER, @DOCUMENT or source NAME everywhere, for good",
        past.forget,
        "Conversation",
    ),
    Command("theme", "[NAME]", "list the colour themes, or choose one", do.theme, "Screen"),
    Command("stop", "", "stop the answer after this step, or the load", do.stop, "Screen"),
    Command("save", "", "where everything is kept", do.save, "Screen"),
    Command("help", "[COMMAND]", "this list", do.help_, "Screen"),
    Command("exit", "", "leave; everything is saved", do.exit_, "Screen"),
)
"""In the order people meet them."""

_AS_TYPED = ("QUERY", "TEXT", "QUESTIONS", "FILE")
"""What is handed on as it was typed, its quotes and line ends included."""

_BY_NAME = {command.name: command for command in COMMANDS} | {"quit": COMMANDS[-1]}


def find(name: str) -> Command:
    """The command of a name. Raises UsageError that names the nearest one."""
    command = _BY_NAME.get(name.lower())
    if command is None:
        near = difflib.get_close_matches(name.lower(), _BY_NAME, n=1)
        hint = f"Did you mean /{near[0]}?" if near else "/ lists the commands."
        raise UsageError(f"There is no command /{name}.", hint)
    return command


def run(display: Display, text: str) -> None:
    """Run what was typed, `text` starting with a slash. Raises UsageError."""
    name, _, rest = text[1:].strip().partition(" ")
    command = find(name)
    if command.words.startswith(_AS_TYPED):
        command.run(display, [rest.strip()] if rest.strip() else [])
        return
    try:
        words = shlex.split(rest)
    except ValueError:
        words = rest.split()
    command.run(display, words)


def complete(word: str) -> list[tuple[str, str]]:
    """Commands that fit what was typed, those that begin with it first: (the command, what it does)."""
    typed = word[1:].lower()
    first = [command for command in COMMANDS if command.name.startswith(typed)]
    rest = [
        command for command in COMMANDS if command not in first and typed in f"{command.name} {command.help.lower()}"
    ]
    return [(f"/{command.name}", command.help) for command in [*first, *rest]]


def help_lines() -> list[str]:
    """The table as lines, grouped, its columns aligned."""
    width = max(len(command.usage) for command in COMMANDS) + 2
    lines: list[str] = []
    group = ""
    for command in COMMANDS:
        if command.group != group:
            group = command.group
            lines += ["", group] if lines else [group]
        lines.append(f"  {command.usage:<{width}}{command.help}")
    return lines
