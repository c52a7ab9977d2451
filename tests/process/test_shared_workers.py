"""Workers of a shared archive: whatever moment one is killed at, nothing is lost, done twice or half."""

from __future__ import annotations

import random
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ingest_fakes import CountingEmbedder, InProcessReader
from tests.support.killing import corpus
from tests.support.postgres import new_database
from tests.support.shared_workers import BUILT_IN, contents, offer, time_with, worker
from workbench.embedding.machine_slot import MachineSlot
from workbench.services.load_worker import LoadWorker
from workbench.storage.postgres.archive import PostgresArchive
from workbench.storage.postgres.server import PostgresServer

pytestmark = pytest.mark.process


@pytest.fixture
def archives() -> Iterator[tuple[PostgresArchive, PostgresArchive]]:
    """Two archives: one for work that is undisturbed."""
    opened = [PostgresArchive(PostgresServer(new_database()), "test") for _ in range(2)]
    yield opened[0], opened[1]
    for archive in opened:
        archive.close()


def kill_workers(archive: PostgresArchive, kills: int, moments: random.Random, at_once: int) -> int:
    """Start workers and kill one after the other, each after it was seen at work; returns how many were hit."""
    hit = 0
    running = [worker(archive.server.url) for _ in range(at_once)]
    try:
        while hit < kills:
            target = running.pop(0)
            _wait_for_work(archive, target)
            time.sleep(moments.uniform(0, 0.4))
            hit += target.poll() is None
            target.kill()
            target.wait()
            running.append(worker(archive.server.url))
            left = archive.jobs.backlog()
            if not left.files and not left.passages:
                break
        for process in running:
            assert process.wait(120) == 0
    finally:
        for process in running:
            process.kill()
            process.wait()
    return hit


def _wait_for_work(archive: PostgresArchive, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        if any(row.files or row.passages for row in archive.jobs.backlog().workers):
            return
        time.sleep(0.02)


def check(archives: tuple[PostgresArchive, PostgresArchive], folder: Path, files: int, kills: int, at_once: int) -> int:
    calm, killed = archives
    corpus(folder, files)
    assert offer(calm, folder) == offer(killed, folder) == files + 2
    assert worker(calm.server.url, 0.0).wait(120) == 0
    hit = kill_workers(killed, kills, random.Random(20261130), at_once)
    expected = contents(calm)
    assert all(expected[:4])
    assert expected[5] == []
    for one, other in zip(contents(killed), expected, strict=True):
        assert one == other
    return hit


def test_workers_that_are_killed_lose_and_double_nothing(
    archives: tuple[PostgresArchive, PostgresArchive], tmp_path: Path
) -> None:
    assert check(archives, tmp_path / "docs", 16, kills=2, at_once=2) > 0


def test_a_worker_without_the_slot_of_its_machine_leaves_embedding_to_who_has_it(
    archives: tuple[PostgresArchive, PostgresArchive], tmp_path: Path
) -> None:
    archive, embedder = archives[0], CountingEmbedder()
    corpus(tmp_path / "docs", 4)
    offer(archive, tmp_path / "docs")
    other, own = (MachineSlot("an archive", folder=tmp_path, most=1) for _ in range(2))
    assert other.held()
    one = LoadWorker(archive, embedder, lambda options: InProcessReader(), own)
    thread = threading.Thread(target=lambda: list(one.run()))
    thread.start()
    try:
        until = time.monotonic() + 60
        while archive.jobs.backlog().files and time.monotonic() < until:
            time.sleep(0.05)
        left = archive.jobs.backlog()
        assert (left.files, left.passages > 0, embedder.texts) == (0, True, [])
    finally:
        other.close()
        thread.join(60)
    assert archive.jobs.backlog().passages == 0
    assert other.held(), "who has nothing left to do gives up its slot"


@pytest.mark.nightly
def test_twenty_kills_lose_and_double_nothing(
    archives: tuple[PostgresArchive, PostgresArchive], tmp_path: Path
) -> None:
    assert check(archives, tmp_path / "docs", 400, kills=20, at_once=3) == 20


@pytest.mark.nightly
def test_four_workers_are_much_faster_than_one_where_embedding_takes_its_time(
    archives: tuple[PostgresArchive, PostgresArchive], tmp_path: Path
) -> None:
    corpus(tmp_path / "docs", 240)
    alone, four = (
        time_with(archive, tmp_path / "docs", count, 0.1) for archive, count in zip(archives, (1, 4), strict=True)
    )
    assert contents(archives[0]) == contents(archives[1])
    assert alone / four >= 2.5


@pytest.mark.nightly
def test_four_workers_with_the_built_in_model_take_no_longer_than_one(
    archives: tuple[PostgresArchive, PostgresArchive], tmp_path: Path
) -> None:
    """They share the cores of one machine: nothing is gained, and nothing may be lost. A tenth is left to chance."""
    corpus(tmp_path / "docs", 240)
    alone, four = (
        time_with(archive, tmp_path / "docs", count, BUILT_IN) for archive, count in zip(archives, (1, 4), strict=True)
    )
    print(f"one worker {alone:.1f} s, four {four:.1f} s, ratio {alone / four:.2f}")
    assert alone / four >= 0.9
