"""Runs commands with the network calls and file writes of all their processes recorded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pypdfium2

ROOT = Path(__file__).resolve().parents[2]
RECORDER = Path(__file__).resolve().parent / "recorder"


class Recorded:
    """Runs commands in a home and a user's folder of their own and keeps what their processes did."""

    def __init__(self, folder: Path) -> None:
        self.home, self.user, self.temporary = folder / "home", folder / "user", folder / "temporary"
        self.user.mkdir()
        self.temporary.mkdir()
        self.file = folder / "recorded.jsonl"

    def environment(self, **more: str) -> dict[str, str]:
        """The environment in which processes are recorded."""
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("OPENAI_", "WORKBENCH_", "XDG_"))
        }
        for opt_out in ("DO_NOT_TRACK", "SCARF_NO_ANALYTICS", "HF_HUB_OFFLINE"):
            kept.pop(opt_out, None)
        return {
            **kept, "WORKBENCH_HOME": str(self.home), "HOME": str(self.user), "TMPDIR": str(self.temporary),
            "PYTHONPATH": os.pathsep.join([str(RECORDER), str(ROOT)]), "RECORDED": str(self.file), **more,
        }  # fmt: skip

    def run(self, *words: str, **more: str) -> str:
        """The output of a command, which must succeed."""
        done = subprocess.run(
            [sys.executable, "-m", "workbench", *words],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=self.environment(**more),
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def events(self) -> list[dict[str, Any]]:
        """What was recorded, in its order."""
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def network(self) -> set[tuple[str, Any]]:
        """Where processes wanted to go: hosts with ports; Unix sockets are left out."""
        places = set()
        for row in self.events():
            if row["event"].startswith(("socket.", "urllib.", "http.")) and not isinstance(row["what"], str):
                places.add(tuple(row["what"][:2]))
        return places

    def written_outside(self) -> set[str]:
        """Files and folders written that lie neither in the home nor in the temporary folder."""
        own = (str(self.home), str(self.temporary))
        written = {
            str(row["what"]) for row in self.events() if row["event"] == "open" or row["event"].startswith("os.")
        }
        return {
            path
            for path in written
            if Path(path).is_absolute()
            and not path.startswith(own)
            and not _is_device(path)
            and "__pycache__" not in path
        }

    def modules(self) -> set[str]:
        """The modules that recorded processes were started with (python -m)."""
        commands = [row["what"] for row in self.events() if row["event"] == "started"]
        return {words[words.index("-m") + 1] for words in commands if "-m" in words}

    def reached_nobody(self) -> None:
        """Nothing was asked of the network, and nothing written outside the home."""
        assert not (asked := self.network()), asked
        assert not (outside := self.written_outside()), outside
        assert list(self.user.rglob("*")) == []

    def stayed_on_this_machine(self, *ports: int) -> None:
        """Of the network nothing but these ports of this machine was asked, and nothing written outside the home."""
        assert {(str(host), int(port or 0)) for host, port in self.network()} <= {
            ("127.0.0.1", port) for port in (0, *ports)
        }
        assert not (outside := self.written_outside()), outside
        assert list(self.user.rglob("*")) == []


def _is_device(path: str) -> bool:
    """Whether it is /dev/null or the like; /dev/shm is a folder of files as any."""
    return path.startswith("/dev/") and not path.startswith("/dev/shm/")


def write_papers(folder: Path) -> Path:
    """One document for each library that reads documents: some of them tell their makers when they are imported."""
    folder.mkdir()
    line = "The ferry of the east pier was painted green by Tove Lund."
    (folder / "a.md").write_text(f"# Letter\n\n{line}\n")
    (folder / "b.html").write_text(f"<html><body><h1>Letter</h1><p>{line}</p></body></html>")
    (folder / "c.rst").write_text(f"Letter\n======\n\n{line}\n")
    (folder / "d.rtf").write_text(r"{\rtf1\ansi The lamp was lit by Edda.\par}")
    with (
        pypdfium2.PdfDocument(ROOT / "sample_docs" / "harbour-survey.pdf") as whole,
        pypdfium2.PdfDocument.new() as one,
    ):
        one.import_pages(whole, [0])
        one.save(folder / "f.pdf")
    (folder / "e.csv").write_text("name,colour\nferry,green\nlamp,white\n")
    return folder
