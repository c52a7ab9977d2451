"""Loads files, folders, web pages and databases, and attaches sources to agents."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api.documents import LoadOptions
from workbench.api.events import Attached, Event, Loaded, LoadProgress
from workbench.api.session import SessionProtocol
from workbench.cli import passwords
from workbench.cli.command import Command, embedding_model_flag, json_flag
from workbench.cli.output import line, progress, say, tell, tell_progress, to_the_end
from workbench.core.errors import UsageError
from workbench.ipc.command_output import interruptible

if TYPE_CHECKING:
    from workbench.services.session import Session


KINDS = ("directory", "webpage", "database")
"""Words that may stand before what is named, as MemGPT spells its loaders; ./directory is a path."""

_WEB = re.compile(r"^https?://", re.IGNORECASE)
_DATABASE = re.compile(r"^[a-z][a-z0-9]*(?:\+[a-z0-9_]+)?://", re.IGNORECASE)
_SQLITE = "sqlite:///"


def fill_load(sub: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    sub.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="files, folders and web addresses; `directory`, `webpage` or `database` may stand first",
    )
    sub.add_argument(
        "--source",
        "--name",
        metavar="NAME",
        help="the source to load into (default: the one loaded from PATH before, or one named after it)",
    )
    sub.add_argument("--input-dir", metavar="DIR", action="append", default=[], help="a folder, as PATH")
    sub.add_argument("--input-files", metavar="FILE", nargs="+", default=[], help="files, as PATH")
    sub.add_argument("--urls", metavar="URL", nargs="+", default=[], help="web addresses, as PATH")
    sub.add_argument(
        "--include", metavar="GLOB", action="append", default=[], help="of a folder only what matches, as in .gitignore"
    )
    sub.add_argument("--exclude", metavar="GLOB", action="append", default=[], help="leave out what matches")
    sub.add_argument("--hidden", action="store_true", help="names that begin with a dot too")
    sub.add_argument(
        "--follow-links", action="store_true", help="follow links that lead out of a folder that is loaded"
    )
    sub.add_argument(
        "--ocr",
        choices=("auto", "never", "always"),
        default="auto",
        help="read pictures and scanned pages by tesseract (auto: where there is no text)",
    )
    sub.add_argument("--ocr-languages", metavar="LANGS", default="", help="tesseract's languages, such as deu+eng")
    sub.add_argument("--private", action="store_true", help="allow web addresses inside the local network")
    sub.add_argument("--query", metavar="SQL", default="", help="of a database: its rows become documents")
    sub.add_argument(
        "--url", metavar="URL", default="", help="of a database: sqlite:///file.db, postgresql://… (SQLAlchemy)"
    )
    embedding_model_flag(sub)
    sub.add_argument("--prune", action="store_true", help="drop documents whose file is no longer there")
    sub.add_argument("--retry", action="store_true", help="try files again that broke a limit or were skipped")
    sub.add_argument("--watch", action="store_true", help="go on until stopped: load again whenever a file changes")
    sub.add_argument(
        "--queue", action="store_true", help="load nothing here: put the files into the queue, for `workbench worker`"
    )
    passwords.add(sub)
    json_flag(sub)


def named(chosen: argparse.Namespace) -> list[str]:
    """What is to be loaded, each absolute. Raises UsageError for a mixture that makes no sense."""
    words = list(chosen.paths)
    kind = words.pop(0) if words and words[0] in KINDS else ""
    words += [*chosen.input_dir, *chosen.input_files, *chosen.urls]
    if chosen.url:
        words.append(chosen.url)
    if (kind == "database" or chosen.url) and not chosen.query:
        raise UsageError("A database is loaded by a query.", 'Add --query "SELECT …".')
    if chosen.query and not any(_DATABASE.match(word) for word in words):
        raise UsageError("--query needs a database.", "Add --url sqlite:///file.db, or another SQLAlchemy URL.")
    if kind == "webpage" and not all(map(is_web, words)):
        raise UsageError("A web page is named by its address.", "It begins with https:// or http://.")
    if not words:
        raise UsageError("There is nothing to load.", "Name a file, a folder or a web address.")
    return [absolute(word) for word in words]


def absolute(word: str) -> str:
    """A path as it is meant here; an address stays as it is, but for a file of SQLite in it."""
    if word.startswith(_SQLITE) and word != _SQLITE and ":memory:" not in word:
        return _SQLITE + str(Path(word[len(_SQLITE) :]).expanduser().absolute())
    return word if _DATABASE.match(word) else str(Path(word).expanduser().absolute())


def is_web(word: str) -> bool:
    """Whether a word is a web address."""
    return bool(_WEB.match(word))


def _fill_detach(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("source", metavar="SOURCE", help="a source, as `workbench sources` lists it")
    sub.add_argument("--agent", metavar="NAME", required=True, help="the agent")
    json_flag(sub)


def _fill_attach(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("source", metavar="SOURCE", help="a source, as `workbench sources` lists it")
    sub.add_argument("--agent", metavar="NAME", required=True, help="the agent; made when no name is nearly the same")
    sub.add_argument("--new", action="store_true", help="make the agent, however like another its name is")
    json_flag(sub)


_PLAIN_SECONDS = 2.0
"""Between two lines of progress for people."""


def load(session: Session, chosen: argparse.Namespace) -> int:
    """Load paths into a source; 0 when every file is loaded, unchanged or excluded by rule."""
    options = _options(chosen)
    if chosen.queue:
        source, files = session.library.offer(chosen.paths, chosen.source, options)
        if chosen.json:
            line({"event": "queued", "step": None, "source": source, "files": files})
        else:
            say(f"{source}: {files:,} files wait for a worker; `workbench worker --status` shows them.")
        return 0
    if chosen.watch:
        return _watch(session, chosen, options)
    loaded = load_paths(session, chosen.paths, chosen.source, attach=False, as_json=chosen.json, options=options)
    return finished(loaded, as_json=chosen.json)


def _options(chosen: argparse.Namespace) -> LoadOptions:
    return LoadOptions(
        include=tuple(chosen.include), exclude=tuple(chosen.exclude), hidden=chosen.hidden, ocr=chosen.ocr,
        follow_links=chosen.follow_links,
        ocr_languages=chosen.ocr_languages, private=chosen.private, query=chosen.query, prune=chosen.prune,
        retry=chosen.retry, passwords=tuple(chosen.passwords),
    )  # fmt: skip


def _watch(session: Session, chosen: argparse.Namespace, options: LoadOptions) -> int:
    """Load until stopped; a load that changed nothing is not told."""
    from workbench.services.documents import nothing_new
    from workbench.services.folder_watch import watch

    if not chosen.json:
        progress("Watching: ctrl+c ends it.")
    with interruptible(session.stop_load):
        for event in watch(session.library, chosen.paths, chosen.source, options):
            if isinstance(event, Loaded) and not nothing_new(event):
                if chosen.json:
                    line(_loaded_line([event]))
                else:
                    tell(event, as_json=False)
    return 0


def finished(loaded: Sequence[Loaded], *, as_json: bool) -> int:
    """The last line of a load, and its exit code: 0 when every file is loaded, unchanged or excluded by rule."""
    if as_json:
        line(_loaded_line(loaded))
    return 1 if any(result.failed or result.stopped for result in loaded) else 0


def load_paths(
    session: SessionProtocol, paths: Sequence[str | Path], source: str | None, *, attach: bool, as_json: bool,
    options: LoadOptions | None = None, news_only: bool = False,
) -> list[Loaded]:  # fmt: skip
    """Load and print what happens; ctrl+c stops it. Returns the results, one a source."""
    events = session.load(paths, source, attach=attach, options=options)
    return loads(session, events, as_json=as_json, last=not attach, news_only=news_only)


def loads(
    session: SessionProtocol, events: Iterator[Event], *, as_json: bool, last: bool = True, news_only: bool = False
) -> list[Loaded]:
    """Print the events of loads; ctrl+c stops them.

    With `last` the loads are the command: what they did is its result, which --json leaves to the caller's last line. Else
    they come before something else, and all of it is progress. With `news_only` people are told nothing of a load that
    brings nothing new, unless it takes long.
    """
    news = _News() if news_only and not as_json else None
    with interruptible(session.stop_load), to_the_end(events):
        loaded: list[Loaded] = []
        told_at = float("-inf")
        for event in events:
            if isinstance(event, LoadProgress) and not as_json:
                if time.monotonic() - told_at < _PLAIN_SECONDS:
                    continue
                told_at = time.monotonic()
            if isinstance(event, Loaded) and last:
                if not as_json:
                    tell(event, as_json=False)
            else:
                for told in (event,) if news is None else news.of(event):
                    tell_progress(told, as_json=as_json)
            if isinstance(event, Loaded):
                loaded.append(event)
        return loaded


class _News:
    """Holds back the events of a load until it brings something new; those of one that brings nothing are dropped."""

    def __init__(self) -> None:
        self._held: list[Event] = []
        self._unchanged: set[str] = set()
        self._telling = False
        self._began = time.monotonic()

    def of(self, event: Event) -> list[Event]:
        """What is to be told now that `event` has come."""
        from workbench.services.documents import nothing_new

        if isinstance(event, Loaded) and nothing_new(event) and not event.stopped:
            self._unchanged.add(event.source)
            self._held, self._telling = [], False
            return []
        if isinstance(event, Attached) and event.source in self._unchanged:
            return []
        self._held.append(event)
        late = time.monotonic() - self._began > _QUIET_SECONDS
        quiet = isinstance(event, Attached) or (isinstance(event, LoadProgress) and not event.pages and not late)
        if quiet and not self._telling:
            return []
        held, self._held, self._telling = self._held, [], True
        return held


_QUIET_SECONDS = 5.0
"""How long a load may look for what is new before it tells that it does."""


def _loaded_line(loaded: Sequence[Loaded]) -> dict[str, Any]:
    failed = [{"path": f.path, "reason": f.reason, "remedy": f.remedy} for result in loaded for f in result.failed]
    counts = ("documents", "pages", "passages", "unchanged", "excluded", "changed", "reused")
    totals = {key: sum(getattr(result, key) for result in loaded) for key in counts}
    return {
        "event": "loaded", "step": None, **totals, "failed": failed, "sources": [result.source for result in loaded],
        "moved": [{"from": old, "to": new} for result in loaded for old, new in result.moved],
        "gone": [path for result in loaded for path in result.gone],
        "dropped": [path for result in loaded for path in result.dropped],
        "alike": [list(group) for result in loaded for group in result.alike],
        "remarks": [{"path": path, "remark": said} for result in loaded for path, said in result.remarks],
        "stopped": any(result.stopped for result in loaded), "seconds": sum(result.seconds for result in loaded),
    }  # fmt: skip


def attach(session: Session, chosen: argparse.Namespace) -> int:
    """Attach a source to an agent; a new one is made, unless its name looks like a slip in the name of another."""
    session.library.require(chosen.source)
    fresh = not session.agent_service.exists(chosen.agent)
    if fresh and not chosen.new:
        session.agent_service.check_spelling(chosen.agent)
    session.open_agent(chosen.agent)
    if fresh and not chosen.json:
        progress(f"made agent {chosen.agent}")
    tell(session.attach(chosen.source), as_json=chosen.json)
    return 0


def detach(session: Session, chosen: argparse.Namespace) -> int:
    """Detach a source from an agent."""
    session.open_existing(chosen.agent)
    tell(session.detach(chosen.source), as_json=chosen.json)
    return 0


COMMANDS = {
    # What is stored stays stored, so any process can go on with a load where another left it.
    "load": Command("load files, folders, web pages and databases into a source", fill_load, load, resumable=True),
    "attach": Command("attach a source to an agent", _fill_attach, attach),
    "detach": Command("detach a source from an agent", _fill_detach, detach),
}
