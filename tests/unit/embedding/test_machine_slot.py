"""Processes of one machine that embed for one archive: as many as its cores feed, and never none."""

from __future__ import annotations

import os
import time
from pathlib import Path

from workbench.embedding.machine_slot import MachineSlot


def slots(folder: Path, count: int, most: int = 1, archive: str = "postgresql://db/papers") -> list[MachineSlot]:
    return [MachineSlot(archive, folder=folder, most=most) for _ in range(count)]


def test_as_many_embed_as_there_are_slots_and_the_next_one_follows(tmp_path: Path) -> None:
    first, second, third = slots(tmp_path, 3, most=2)
    assert [first.held(), second.held(), third.held(), first.held()] == [True, True, False, True]
    second.close()
    assert third.held()
    assert not second.held()


def test_archives_do_not_wait_for_one_another(tmp_path: Path) -> None:
    (one,), (other,) = slots(tmp_path, 1), slots(tmp_path, 1, archive="postgresql://db/other")
    assert one.held()
    assert other.held()


def test_whoever_has_a_slot_and_does_nothing_with_it_keeps_nobody_from_embedding(tmp_path: Path) -> None:
    first, second = slots(tmp_path, 2)
    assert first.held()
    (file,) = tmp_path.iterdir()
    os.utime(file, (time.time() - 600, time.time() - 600))
    assert second.held()
    assert first.held(), "it says so again"
    assert not second.held()


def test_where_processes_cannot_meet_all_of_them_embed(tmp_path: Path) -> None:
    first, second = slots(tmp_path / "nowhere", 2)
    assert first.held()
    assert second.held()
    target = tmp_path / "elsewhere"
    target.touch()
    (linked,) = slots(tmp_path, 1)
    assert linked.held()
    (file,) = (entry for entry in tmp_path.iterdir() if entry != target)
    linked.close()
    file.unlink()
    file.symlink_to(target)
    assert all(slot.held() for slot in slots(tmp_path, 2)), "a link that somebody put there is not followed"
