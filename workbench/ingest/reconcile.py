"""After a complete scan, finds which loaded files moved and which are gone, and updates the source's links."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

from workbench.ingest.file_uri import path_of
from workbench.ingest.report import LoadReport
from workbench.ingest.scanner import Survey
from workbench.storage.documents import ArchivalStorage


def settle(
    source: int,
    archive: ArchivalStorage,
    survey: Survey,
    new_links: Mapping[str, int],
    tally: LoadReport,
    *,
    prune: bool,
) -> None:
    """Tell what moved and what is gone under the roots of the survey; what is gone is dropped with `prune` only.

    A file whose path is gone and whose document a path links that is new in this load has moved: its note goes with it.
    """
    lost = [
        link
        for link in archive.holdings.links(source)
        if link.path not in survey.paths and _is_gone(link.location, survey.roots)
    ]
    arrived: dict[int, list[str]] = {}
    for path, document in new_links.items():
        arrived.setdefault(document, []).append(path)
    drop: list[str] = []
    for link in lost:
        if places := arrived.get(link.document):
            tally.moved.append((link.path, places.pop(0)))
            archive.notes.carry(source, *tally.moved[-1])
            drop.append(link.path)
        elif prune:
            tally.dropped.append(link.path)
            drop.append(link.path)
        else:
            tally.gone.append(link.path)
    archive.holdings.unlink(source, drop)
    queued = [item.path for item in archive.queue.files(source) if _is_gone(item.location, survey.roots)]
    archive.queue.drop(source, [*queued, *survey.answered])


def _is_gone(location: str, roots: Collection[str]) -> bool:
    """Whether a file that was seen under one of the roots is no longer there."""
    path = path_of(location)
    under = any(path == root or path.startswith(root.rstrip("/") + "/") for root in roots)
    return under and not os.path.lexists(path)
