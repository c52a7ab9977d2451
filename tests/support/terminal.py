"""A real terminal for tests: a private tmux server runs a command, keys go in, the screen as text comes out."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Terminal:
    """One tmux session on a server of its own, so that nobody else's tmux is touched."""

    def __init__(self, folder: Path, width: int, height: int, environment: dict[str, str]) -> None:
        self._socket = folder / "tmux"
        self._tmux("-f", "/dev/null", "new-session", "-d", "-s", "t", "-x", str(width), "-y", str(height), "env", "-i",
                   *(f"{key}={value}" for key, value in environment.items()), "sh", "-i")  # fmt: skip
        self._tmux("set-option", "-g", "status", "off")
        self.resize(width, height)

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(["tmux", "-S", str(self._socket), *words], capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, f"tmux {words[0]}: {done.stderr}"
        return done.stdout

    def type(self, text: str) -> None:
        """Type text as a person would."""
        self._tmux("send-keys", "-t", "t", "-l", text)

    def press(self, *keys: str) -> None:
        """Press keys by their tmux names."""
        self._tmux("send-keys", "-t", "t", *keys)

    def resize(self, width: int, height: int) -> None:
        """Make the terminal another size."""
        self._tmux("resize-window", "-t", "t", "-x", str(width), "-y", str(height))

    def screen(self) -> str:
        """What is on it now."""
        return self._tmux("capture-pane", "-p", "-t", "t")

    def flag(self, name: str) -> str:
        """A format of tmux about the terminal's state, for example alternate_on or mouse_any_flag."""
        return self._tmux("display-message", "-p", "-t", "t", f"#{{{name}}}").strip()

    def shell(self) -> int:
        """Process id of the shell inside."""
        return int(self.flag("pane_pid"))

    def wait(self, holds: Callable[[str], object], seconds: float, what: str) -> str:
        """The screen once `holds` is true of it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            screen = self.screen()
            if holds(screen):
                return screen
            time.sleep(0.1)
        raise AssertionError(f"{what}: not within {seconds} s; the screen is\n{self.screen()}")

    def close(self) -> None:
        """End the server and what runs in it."""
        subprocess.run(["tmux", "-S", str(self._socket), "kill-server"], capture_output=True, timeout=20)


def has_tmux() -> bool:
    """Whether tmux is installed. In CI it must be."""
    if shutil.which("tmux"):
        return True
    assert os.environ.get("CI") != "true", "tmux is missing: CI must run the terminal test (apt-get install tmux)"
    return False


def processes(mark: str) -> list[str]:
    """Command lines of running processes whose environment holds `mark`."""
    found: list[str] = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


@contextmanager
def opened(folder: Path, width: int, height: int) -> Iterator[Terminal]:
    """A terminal with a shell that says "ready>"; its programs have a WORKBENCH_HOME of their own, `folder`/home."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "PYTHONPATH", "LD_LIBRARY_PATH") if key in os.environ}
    environment = {
        **kept,
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "WORKBENCH_HOME": str(folder / "home"),
        "PS1": "ready> ",
    }
    terminal = Terminal(folder, width, height, environment)
    try:
        yield terminal
    finally:
        terminal.close()
