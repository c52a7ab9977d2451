"""Odd surroundings get one true sentence, what is written is the user's alone, and temporary folders go after a kill."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from workbench.core import temporary

pytestmark = pytest.mark.process


def run(home: str | bytes | Path, *words: str, umask: int = 0o022) -> subprocess.CompletedProcess[str]:
    before = os.umask(umask)
    try:
        env: dict[bytes, bytes] = {
            key: value for key, value in os.environb.items() if not key.startswith((b"OPENAI", b"WORKBENCH"))
        }
        env[b"WORKBENCH_HOME"] = os.fsencode(home)
        return subprocess.run(
            [sys.executable, "-m", "workbench", *words], env=env, capture_output=True, text=True, timeout=120
        )
    finally:
        os.umask(before)


def _folder_at(home: Path, part: str) -> None:
    (home / part).mkdir(parents=True)


def _settings(home: Path, data: bytes) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_bytes(data)


@pytest.mark.parametrize(
    "kind",
    [
        "settings bytes",
        "settings toml",
        "settings folder",
        "settings link",
        "log",
        "socket",
        "database",
        "home bytes",
        "home file",
    ],
)
def test_odd_surroundings(tmp_path: Path, kind: str) -> None:
    home: Path | bytes = tmp_path / "home"
    assert isinstance(home, Path)
    if kind == "settings bytes":
        _settings(home, b"\xff\xfe = 1")
    elif kind == "settings toml":
        _settings(home, b"model = [")
    elif kind == "settings folder":
        _folder_at(home, "config/config.toml")
    elif kind == "settings link":
        _folder_at(home, "config")
        (home / "config" / "config.toml").symlink_to("config.toml")
    elif kind == "log":
        _folder_at(home, "logs/workbench.log")
    elif kind == "socket":
        _folder_at(home, "data/owner.sock")
    elif kind == "database":
        _folder_at(home, "data/workbench.duckdb")
    elif kind == "home bytes":
        home = os.fsencode(home) + b"\xff\xfe"
    else:
        home.write_text("a file")
    done = run(home, "sources")
    assert "Unexpected" not in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().split("\n")) == 1
    if kind in ("log", "socket"):
        assert done.returncode == 0, done.stderr
    else:
        assert done.returncode in (1, 2)
        assert done.stderr.startswith("workbench: ")


@pytest.mark.parametrize("name", ["", "   ", "\n"])
def test_an_agent_needs_a_name(tmp_path: Path, name: str) -> None:
    done = run(tmp_path / "home", "agents", "create", name)
    assert done.returncode == 2
    assert "needs a name" in done.stderr


@pytest.mark.nightly
@pytest.mark.parametrize("umask", [0o000, *(pytest.param(mask, marks=pytest.mark.nightly) for mask in (0o022, 0o777))])
def test_what_is_written_is_the_users_alone_under_any_umask(tmp_path: Path, umask: int) -> None:
    home = tmp_path / "home"
    assert run(home, "agents", "create", "tester", umask=umask).returncode == 0
    for file in ("talk.md", "talk.agent"):
        done = run(home, "export", "tester", str(tmp_path / file), umask=umask)
        assert done.returncode == 0, done.stderr
        assert stat.S_IMODE((tmp_path / file).stat().st_mode) == 0o600
    assert run(home, "backup", str(tmp_path / "copy.duckdb"), umask=umask).returncode == 0
    assert stat.S_IMODE((tmp_path / "copy.duckdb").stat().st_mode) == 0o600
    for path in (home, *home.rglob("*")):
        assert stat.S_IMODE(path.lstat().st_mode) & 0o077 == 0, path


_MAKER = "from workbench.core import temporary; import time; print(temporary.make_folder(), flush=True); time.sleep(60)"


def test_a_temporary_folder_goes_after_its_process_was_killed() -> None:
    made = subprocess.Popen([sys.executable, "-c", _MAKER], stdout=subprocess.PIPE, text=True)
    assert made.stdout is not None
    folder = Path(made.stdout.readline().strip())
    (folder / "left").write_text("over")
    temporary.sweep()
    assert folder.is_dir()  # its process lives
    made.send_signal(signal.SIGKILL)
    made.wait()
    temporary.sweep()
    assert not folder.exists()
    assert folder.parent == Path(tempfile.gettempdir())
