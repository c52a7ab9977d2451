"""Operations on one home, one after the other without end, each acknowledged on standard output: what is killed.

Run as `python -m tests.support.operations HOME SEED OPERATION…`. A line "ready" first, then JSON lines {"done", "what"}.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.support.embedding import embedding_words
from tests.support.reading import reading_in_one_worker
from workbench.core.paths import locate
from workbench.core.settings import Settings
from workbench.services.session import Session
from workbench.storage import backups

OPERATIONS = ("load", "ask", "note", "fork", "rename", "export", "import", "backup", "forget", "attach", "undo", "edit")


class Operations:
    """What can be done, each leaving something that can be looked for afterwards."""

    def __init__(self, session: Session, home: Path, seed: int) -> None:
        self.session, self.home = session, home
        self.draw = random.Random(seed)
        self.numbers = itertools.count(seed * 1_000)
        session.open_agent("tester")

    def load(self, number: int) -> str:
        file = self.home / "docs" / f"{number}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(
            f"Entry {number} tells of the lamp that was lit at pier {number}.\n\n" * self.draw.randrange(1, 30)
        )
        list(self.session.load([file], "docs"))
        return f"docs/{file.name}"

    def ask(self, number: int) -> str:
        list(self.session.submit(f"What does entry {number} tell of the lamp?"))
        return f"What does entry {number} tell of the lamp?"

    def note(self, number: int) -> str:
        if any(source.name == "docs" for source in self.session.sources()):
            self.session.library.note("docs", "", f"note {number}")
        return ""

    def fork(self, number: int) -> str:
        steps = self.session.steps()
        return str(self.session.timeline.fork(steps[-1], f"fork {number}")) if steps else ""

    def rename(self, number: int) -> str:
        name = self.session.agent_service.create(f"new {number}")
        self.session.agent_service.rename(name, f"old {number}")
        return f"old {number}"

    def export(self, number: int) -> str:
        self.session.agent_service.export("tester", self.home / f"{number % 3}.agent")
        return ""

    def import_(self, number: int) -> str:
        files = sorted(self.home.glob("*.agent"))
        if not files:
            return ""
        return str(self.session.agent_service.import_agent(files[0], f"import {number}").agent)

    def backup(self, number: int) -> str:
        backups.save(self.session.app.database, self.home / "copy.duckdb", replace=True)
        return ""

    def forget(self, number: int) -> str:
        eraser = self.session.timeline.eraser
        file = self.load(number)
        eraser.erase(eraser.document(file.removeprefix("docs/"), "docs"))
        return ""

    def attach(self, number: int) -> str:
        self.load(number)
        self.session.attach("docs")
        self.session.detach("docs")
        self.session.attach("docs")
        return ""

    def undo(self, number: int) -> str:
        self.ask(number)
        self.session.timeline.undo()
        return ""

    def edit(self, number: int) -> str:
        block = next(block for block in self.session.memory() if block.name == "human")
        if block.chars > block.limit_chars - 40:
            for line in block.lines[1:]:
                self.session.edit_memory("human", line.text, "")
        self.session.edit_memory("human", "", f"likes {number}")
        return ""

    def run(self, names: list[str]) -> Iterator[tuple[str, str]]:
        """Do them in random order for ever; what was done and what must be there from now on."""
        while True:
            name = self.draw.choice(names)
            work: Callable[[int], str] = getattr(self, {"import": "import_"}.get(name, name))
            yield name, work(next(self.numbers))


def main() -> None:
    """Do operations until killed."""
    home, seed, names = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] or list(OPERATIONS)
    with embedding_words(), reading_in_one_worker(), Session(Settings(model="reader"), locate(home)) as session:
        if session.app.database.damage:
            _say({"damage": session.app.database.damage})
        operations = Operations(session, home, seed)
        _say({"ready": True})
        for name, what in operations.run(names):
            _say({"done": name, "what": what})


def _say(value: dict[str, Any]) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main()
