"""Walking a folder: rules exclude, everything else has a row, and links in a circle end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from loaders.document import LoadError
from loaders.folder import Found, walk


def rows(root: Path) -> dict[str, str]:
    return {found.relative: found.status for found in walk(root)}


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        file = root / name.replace("__", "/").replace("_dot_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def test_every_entry_has_a_row_in_order(tmp_path: Path) -> None:
    write(tmp_path, b_dot_txt="b", a_dot_md="# a", sub__c_dot_txt="c", sub__d_dot_xyz="d", _dot_hidden="h")
    assert list(rows(tmp_path).items()) == [
        (".hidden", "excluded"),
        ("a.md", "load"),
        ("b.txt", "load"),
        ("sub/c.txt", "load"),
        ("sub/d.xyz", "not yet"),
    ]


def test_ignore_files_exclude_and_take_back(tmp_path: Path) -> None:
    write(
        tmp_path,
        _dot_gitignore="*.log\nbuild/\n",
        _dot_workbenchignore="secret*\n",
        a_dot_log="x",
        secret_dot_txt="x",
        build__x_dot_txt="x",
        sub__a_dot_log="x",
        sub__keep_dot_log="x",
        sub___dot_gitignore="!keep.log\n/only.txt\n",
        sub__only_dot_txt="x",
        sub__deep__only_dot_txt="x",
    )
    found = rows(tmp_path)
    assert {name for name, status in found.items() if status == "load"} == {"sub/keep.log", "sub/deep/only.txt"}
    assert found["build"] == "excluded"
    reasons = {entry.relative: entry.reason for entry in walk(tmp_path)}
    assert reasons["secret.txt"] == "excluded by .workbenchignore"
    assert reasons["sub/only.txt"] == "excluded by sub/.gitignore"


def test_a_broken_rule_does_not_disable_the_others(tmp_path: Path) -> None:
    write(tmp_path, _dot_gitignore="!\n[z-\n*.log\n", a_dot_log="x")
    assert rows(tmp_path)["a.log"] == "excluded"


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    write(tmp_path, sub__a_dot_txt="a")
    (tmp_path / "sub" / "up").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "sub")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nothing")
    found = rows(tmp_path)
    assert found == {"again": "excluded", "gone.txt": "unreadable", "sub/a.txt": "load", "sub/up": "excluded"}


def test_a_link_to_a_folder_elsewhere_is_followed_once(tmp_path: Path) -> None:
    write(tmp_path, root__x_dot_txt="x", other__y_dot_txt="y")
    (tmp_path / "root" / "one").symlink_to(tmp_path / "other")
    (tmp_path / "root" / "two").symlink_to(tmp_path / "other")
    assert rows(tmp_path / "root") == {"one/y.txt": "load", "two": "excluded", "x.txt": "load"}


def test_pipes_and_unreadable_names_have_rows(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xff.txt")).write_bytes(b"text")
    assert rows(tmp_path) == {"b\ufffd.txt": "load", "pipe.txt": "excluded"}


def test_what_may_not_be_read_has_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, a_dot_txt="a", sub__b_dot_txt="b")
    scandir, opened = os.scandir, Path.open

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", lambda path: refuse(path) if Path(path).name == "sub" else scandir(path))
    monkeypatch.setattr(
        Path, "open", lambda self, *a, **k: refuse(self) if self.name == "a.txt" else opened(self, *a, **k)
    )
    found = {entry.relative: (entry.status, entry.reason) for entry in walk(tmp_path)}
    denied = ("unreadable", "it cannot be opened: Permission denied")
    assert found == {"a.txt": denied, "sub": denied}


def test_a_file_named_directly_is_never_excluded(tmp_path: Path) -> None:
    write(tmp_path, _dot_hidden_dot_txt="x")
    file = tmp_path / ".hidden.txt"
    assert list(walk(file)) == [Found(file, ".hidden.txt", size_bytes=1)]
    with pytest.raises(LoadError):
        list(walk(tmp_path / "nothing"))
