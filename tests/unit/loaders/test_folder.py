"""Walking a folder: rules exclude, everything else has a row, and links in a circle end."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from loaders import limits
from loaders.document import LoadError
from loaders.folder import Found, Rules, walk


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
    found = {entry.relative: entry.status for entry in walk(tmp_path / "root", Rules(follow_links=True))}
    assert found == {"one/y.txt": "load", "two": "excluded", "x.txt": "load"}


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


def reasons(root: Path, rules: Rules | None = None) -> dict[str, str]:
    return {found.relative: found.reason for found in walk(root, rules)}


def test_include_and_exclude_take_patterns_as_git_does(tmp_path: Path) -> None:
    write(tmp_path, a_dot_md="a", b_dot_txt="b", docs__c_dot_md="c", docs__old__d_dot_md="d", drafts__e_dot_md="e")
    assert reasons(tmp_path, Rules(include=("*.md",), exclude=("drafts/", "/docs/old"))) == {
        "a.md": "",
        "b.txt": "not named by --include",
        "docs/c.md": "",
        "docs/old": "excluded by --exclude",
        "drafts": "excluded by --exclude",
    }
    assert reasons(tmp_path, Rules(include=("docs/**",)))["a.md"] == "not named by --include"
    assert reasons(tmp_path, Rules(include=("docs/**",)))["docs/old/d.md"] == ""


def test_hidden_names_are_taken_in_when_asked_but_never_version_control(tmp_path: Path) -> None:
    write(tmp_path, _dot_notes_dot_txt="n", _dot_git__HEAD="ref", _dot_config__x_dot_txt="x")
    found = rows(tmp_path) | {found.relative: found.status for found in walk(tmp_path, Rules(hidden=True))}
    assert found == {".config": "excluded", ".config/x.txt": "load", ".git": "excluded", ".notes.txt": "load"}


def test_a_folder_inside_a_repository_obeys_the_rules_above_it(tmp_path: Path) -> None:
    write(tmp_path, _dot_git__HEAD="ref", _dot_gitignore="*.log\n/docs/private/\n/build/\n")
    write(tmp_path, docs__a_dot_log="x", docs__a_dot_txt="x", docs__private__p_dot_txt="p", build__out_dot_txt="o")
    assert rows(tmp_path / "docs") == {"a.log": "excluded", "a.txt": "load", "private": "excluded"}
    assert rows(tmp_path / "build") == {"out.txt": "load"}, "whoever names an ignored folder wants it"


def test_rules_above_end_at_the_repository(tmp_path: Path) -> None:
    write(
        tmp_path, _dot_gitignore="*.txt\n", repo___dot_git__HEAD="ref", repo__docs__a_dot_txt="a", plain__b_dot_txt="b"
    )
    assert rows(tmp_path / "repo" / "docs") == {"a.txt": "load"}
    assert rows(tmp_path / "plain") == {"b.txt": "load"}, "no repository, no rules from outside"


def test_what_is_no_file_has_its_row_and_nothing_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s.txt"))
        (tmp_path / "null.txt").symlink_to("/dev/null")
        assert rows(tmp_path) == dict.fromkeys(("null.txt", "pipe.txt", "s.txt"), "excluded")
        assert [found.status for found in walk(tmp_path / "pipe.txt")] == ["unreadable"]


def test_an_ignore_file_that_is_a_pipe_says_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".gitignore")
    write(tmp_path, a_dot_txt="a")
    assert rows(tmp_path)["a.txt"] == "load"


def test_a_file_too_large_is_told_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FILE_BYTES", 10)
    write(tmp_path, big_dot_txt="x" * 11)
    (found,) = walk(tmp_path)
    assert (found.status, found.size_bytes) == ("unreadable", 11)
    assert "11 bytes" in found.reason


@pytest.mark.parametrize(
    "name", ["two\nlines.txt", "bell\x07.txt", os.fsdecode(b"not-\xff-utf8.txt"), "ä" * 120 + ".txt"]
)
def test_odd_names_load(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("text", encoding="utf-8")
    (found,) = walk(tmp_path)
    assert found.status == "load"
    assert found.relative.encode("utf-8")
    assert found.path.read_text(encoding="utf-8") == "text"
