"""Groups documents whose sketches say that they are nearly the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.storage.database import Database

if TYPE_CHECKING:
    import numpy as np

ALIKE = 0.8
"""The share of their shingles that two documents must have in common (Jaccard)."""

_LEADING = 8
"""Two alike documents share one of their least hashes for all practical purposes: 1 - 0.2 ** 8."""

_COMPARED = 16


def groups(sketches: Mapping[int, bytes]) -> list[tuple[int, ...]]:
    """Groups of two or more documents, by number, each alike to one of its group at least. Empty sketches are alone."""
    import numpy as np

    values = {key: np.frombuffer(data, dtype="<u8") for key, data in sorted(sketches.items()) if data}
    leader = {key: key for key in values}

    def root(key: int) -> int:
        while leader[key] != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    buckets: dict[int, list[int]] = {}
    for key, own in values.items():
        near = dict.fromkeys(other for value in own[:_LEADING].tolist() for other in buckets.get(value, ()))
        for other in near:
            if root(other) != root(key) and likeness(own, values[other]) >= ALIKE:
                leader[root(key)] = root(other)
        for value in own[:_LEADING].tolist():
            # Among many alike ones a few speak for all: comparing every pair would take the square of their number.
            if len(bucket := buckets.setdefault(value, [])) < _COMPARED:
                bucket.append(key)
    found: dict[int, list[int]] = {}
    for key in values:
        found.setdefault(root(key), []).append(key)
    return sorted(tuple(sorted(group)) for group in found.values() if len(group) > 1)


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """The estimated share of shingles in common, 0..1, from two sketches (rising numbers): exact for short documents."""
    import numpy as np

    most = max(len(one), len(other))
    least = np.union1d(one, other)[:most]
    both = np.intersect1d(np.intersect1d(one, other), least)
    return len(both) / len(least) if len(least) else 0.0


LinksWithSketches = Callable[[Sequence[int]], Iterable[tuple[Any, ...]]]
"""Of sources: (source name, path, document, sketch) of every link, by source and path."""


class Likeness:
    """Near-duplicates of an archive, looked for again only after something was loaded or removed: `version` is the catalogue's."""

    def __init__(self, links: LinksWithSketches, version: Callable[[], int]) -> None:
        self._links, self._version = links, version
        self._known: dict[tuple[int, ...], tuple[int, list[tuple[tuple[str, str], ...]]]] = {}

    def paths(self, sources: Iterable[int]) -> list[tuple[tuple[str, str], ...]]:
        """Groups of near-duplicates in these sources, each of (source name, path); the same bytes twice count too."""
        chosen, now = tuple(sorted(sources)), self._version()
        known = self._known.get(chosen)
        if known is None or known[0] != now:
            known = self._known[chosen] = (now, self._found(chosen))
        return known[1]

    def _found(self, sources: tuple[int, ...]) -> list[tuple[tuple[str, str], ...]]:
        rows = list(self._links(sources))
        places: dict[int, list[tuple[str, str]]] = {}
        for name, path, document, _ in rows:
            places.setdefault(int(document), []).append((str(name), str(path)))
        together = groups({int(row[2]): bytes(row[3]) for row in rows})
        grouped = {document for group in together for document in group}
        together += [(document,) for document, found in places.items() if len(found) > 1 and document not in grouped]
        return sorted(tuple(place for document in group for place in places[document]) for group in together)


def links_with_sketches(database: Database) -> LinksWithSketches:
    """Those of the embedded archive."""
    return lambda sources: database.archive_rows(
        "SELECT s.name, l.path, l.document_id, d.sketch FROM source_documents l JOIN documents d USING (document_id) "
        "JOIN sources s USING (source_id) WHERE list_contains(?, l.source_id) ORDER BY s.source_id, l.path",
        [list(sources)],
    )
