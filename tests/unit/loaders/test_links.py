"""Links in a folder: those inside it are followed, those that lead out are a row with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from loaders.folder import Rules, walk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "secret.txt").write_text("the key to the safe")
    (outside / "deep" / "more.txt").write_text("and the safe")
    inside = tmp_path / "folder"
    (inside / "sub").mkdir(parents=True)
    (inside / "own.txt").write_text("the lamp")
    (inside / "sub" / "chain.txt").symlink_to(inside / "sub" / "to_outside")
    (inside / "sub" / "to_outside").symlink_to("../../outside/secret.txt")
    (inside / "absolute.txt").symlink_to(outside / "secret.txt")
    (inside / "a_folder").symlink_to(outside)
    (inside / "again.txt").symlink_to("own.txt")
    (inside / "sneaky.txt").symlink_to(inside / ".." / "outside" / "secret.txt")
    return inside


def test_links_that_lead_out_are_rows_with_a_remedy(folder: Path) -> None:
    rows = {row.relative: row for row in walk(folder)}
    out = {"absolute.txt", "a_folder", "sneaky.txt", "sub/chain.txt", "sub/to_outside"}
    assert {name for name, row in rows.items() if row.status == "not yet"} == out
    assert all("--follow-links" in rows[name].remedy and "leads out" in rows[name].reason for name in out)
    assert {name for name, row in rows.items() if row.status == "load"} == {"own.txt", "again.txt"}


def test_they_are_followed_when_that_is_asked_for(folder: Path) -> None:
    rows = {row.relative: row.status for row in walk(folder, Rules(follow_links=True))}
    assert rows["absolute.txt"] == rows["a_folder/deep/more.txt"] == rows["sub/chain.txt"] == "load"


def test_a_folder_that_is_itself_named_by_a_link_is_loaded(folder: Path, tmp_path: Path) -> None:
    named = tmp_path / "shortcut"
    named.symlink_to(folder)
    rows = {row.relative: row.status for row in walk(named)}
    assert rows["own.txt"] == rows["again.txt"] == "load"
    assert rows["absolute.txt"] == "not yet"
