"""The socket between processes of one user: nobody else gets a word, whatever the length of its path and whoever was first."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workbench.core.errors import ArchiveBusy
from workbench.core.paths import locate
from workbench.ipc import local_socket
from workbench.ipc.local_socket import ForeignPeer, Listener, call, connect, frames


@pytest.fixture(params=["short", "long"])
def file(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A socket's file in a private folder; `long`: with a path that fits into no address."""
    with tempfile.TemporaryDirectory(prefix="wb") as folder:
        deep = Path(folder).joinpath(*(["a-folder-with-a-long-name"] * (8 if request.param == "long" else 0)), "data")
        deep.mkdir(parents=True)
        deep.chmod(0o700)
        yield deep / "owner.sock"


def echo(listener: Listener, heard: list[str]) -> threading.Thread:
    """Answers one connection with what it said."""

    def run() -> None:
        try:
            connection = listener.accept()
        except OSError:
            return
        with connection:
            line = connection.makefile().readline()
            heard.append(line)
            connection.sendall(line.encode())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_processes_of_one_user_hear_each_other(file: Path) -> None:
    heard: list[str] = []
    listener = Listener(file, 1)
    thread = echo(listener, heard)
    assert stat.S_IMODE(file.lstat().st_mode) == 0o600
    with call(file, {"command": "sources"}) as connection:
        assert list(frames(connection)) == [{"command": "sources"}]
    thread.join(10)
    listener.close()
    assert file.exists(), "the name goes with the database, not before"
    with pytest.raises(ArchiveBusy, match="does not answer"):
        call(file, {})
    listener.release()
    assert not file.exists()
    assert not list(Path(tempfile.gettempdir()).glob("wb-*/d"))


def test_the_end_of_one_listener_leaves_the_name_of_the_next(file: Path) -> None:
    first = Listener(file, 1)
    first.close()
    second = Listener(file, 1)
    first.release()
    assert file.exists()
    second.close()
    second.release()
    assert not file.exists()


def test_a_listener_of_another_user_is_told_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is held by somebody else's process, however that came about: the request stays here."""
    heard: list[bytes] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as squatter:
        with local_socket._short(file) as path:
            squatter.bind(path)
        squatter.listen(1)
        monkeypatch.setattr(local_socket, "peer_user", lambda connection: os.geteuid() + 1)
        with pytest.raises(ArchiveBusy, match="a process of another user"):
            call(file, {"settings": {"api_key": "sk-secret"}})
        connection, _ = squatter.accept()
        with connection:
            heard.append(connection.recv(1_000))
    assert heard == [b""]


def test_a_connection_of_another_user_is_closed_unread(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listener, heard = Listener(file, 2), []
    theirs = [os.geteuid() + 1, os.geteuid()]
    answered = echo(listener, heard)
    with local_socket._short(file) as path, monkeypatch.context() as patched:
        patched.setattr(local_socket, "peer_user", lambda connection: theirs.pop(0))
        for said, gets in ((b"stranger\n", b""), (b"friend\n", b"friend\n")):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as display:
                display.settimeout(10)
                display.connect(path)
                try:
                    display.sendall(said)
                    got = display.recv(1_000)
                except (ConnectionResetError, BrokenPipeError):
                    got = b""
                assert got == gets
        answered.join(10)
    assert heard == ["friend\n"]
    listener.close()
    listener.release()


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o777, 0o1777])
def test_a_folder_that_others_can_enter_is_no_place_for_it(file: Path, mode: int) -> None:
    listener = Listener(file, 1)
    file.parent.chmod(mode)
    with pytest.raises(ForeignPeer, match="open to other users"):
        connect(file)
    with pytest.raises(ForeignPeer, match="open to other users"):
        Listener(file, 1)
    listener.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can play two users")
def test_the_kernel_tells_whose_process_it_is(tmp_path: Path) -> None:
    """Two real users over a real socket, in a folder that both may enter."""
    code = (
        "import os, socket, sys; os.setuid(65534); s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]);"
        "s.listen(1); print('up', flush=True);"
        "c, _ = s.accept(); print(c.recv(10))"
    )
    with tempfile.TemporaryDirectory(prefix="wb") as folder:
        Path(folder).chmod(0o777)
        other = subprocess.Popen([sys.executable, "-I", "-c", code, f"{folder}/s"], stdout=subprocess.PIPE, text=True)
        assert other.stdout is not None
        assert other.stdout.readline() == "up\n"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(f"{folder}/s")
            assert local_socket.peer_user(connection) == 65_534
        other.communicate(timeout=10)
        # In the folder of somebody else nothing is even tried.
        os.chown(folder, 65_534, 65_534)
        with pytest.raises(ForeignPeer, match="is not yours"):
            connect(Path(folder) / "s")


def test_the_folders_of_a_home_are_closed_to_others_whatever_they_were(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o777)
    places = locate(tmp_path).ensure()
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (places.config, places.data, places.logs)} == {0o700}
    assert places.socket_file.parent == places.data


@pytest.mark.parametrize("sent", [b"", b"nothing\n", b"[1]\n", b'"text"\n', b"\xff\xfe\n"])
def test_an_end_that_talks_nonsense_has_ended(sent: bytes) -> None:
    here, there = socket.socketpair()
    with here:
        with there:
            there.sendall(json.dumps({"out": "a"}).encode() + b"\n" + sent)
        assert list(frames(here)) == [{"out": "a"}]


def test_the_lines_of_another_process_are_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    from workbench.ipc import command_client

    evil = "a\x1b]0;owned\x07b\x9b31mc\u202ed"
    value: Any = {"text": evil + "\x7f\U000e0041"}
    command_client._show({"out": json.dumps(value, ensure_ascii=False)})
    command_client._show({"out": evil})
    command_client._show({"err": evil})
    command_client._show({"out": "{" + evil})
    out, err = capsys.readouterr()
    assert json.loads(out.splitlines()[0]) == value
    assert out.splitlines()[0].isascii()
    assert (out.splitlines()[1], err.strip()) == ("abc⟨U+202E⟩d", "abc⟨U+202E⟩d")
    assert not set(out + err) & set("\x1b\x07\x9b\x7f\u202e")
