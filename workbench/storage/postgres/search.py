"""Searches passages in PostgreSQL: nearest vectors by pgvector, words by an inverted index and BM25 in SQL.

PostgreSQL's own ranking of texts knows no rarity of words. So a passage's terms, as the workbench makes them for all archives,
are numbers in a GIN index, and BM25 is counted from what that index finds: the same terms, the same formula and the same scores
as in the index in memory of an embedded archive.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.storage.passage_search import Bm25, Places, Within
from workbench.storage.postgres import keys
from workbench.storage.postgres.catalogue import Catalogue
from workbench.storage.postgres.server import PostgresServer
from workbench.text.analyzer import term_hash

if TYPE_CHECKING:
    import numpy as np
    import psycopg

EXACT_PASSAGES = 10_000
"""Up to so many passages every vector is compared: exact, and as quick as the graph. Measured: tests/benchmarks/shared_search.py."""

_EF_SEARCH, _MOST_EF_SEARCH = 400, 1_000
_SCANNED = 40_000
_MOST_HEADED = 2_000
"""Passages that a key of titles leads to, at most: a heading that so many have leads nowhere in particular."""

_STATISTICS_SECONDS = 60.0

_COUNTS = {"text": range(2, keys.COUNTED + 1), "title": range(2, 5), "heading": range(2, 5)}
"""How often a term may come up in a field for that to be looked up."""


class SharedPaths(dict[int, tuple[str, str]]):
    """Names of the documents of some sources: the database filters by the sources, the numbers of all documents need not travel."""

    sources: frozenset[int] = frozenset()


class SharedSearch:
    """See passage_search.PassageSearch."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._known: dict[frozenset[int], tuple[int, _Statistics]] = {}
        self._common = CommonKeys(catalogue.server)

    def among(self, documents: Mapping[int, Any]) -> SharedQueries:
        """See PassageSearch."""
        server = self._catalogue.server
        if not isinstance(documents, SharedPaths):
            chosen = _Filter("p.document_id = ANY(%(view)s)", {"view": list(documents)})
            return SharedQueries(server, chosen, _Statistics.of(server, chosen), self._common)
        now = self._catalogue.version
        known = self._known.get(documents.sources)
        if known is None or known[0] != now:
            known = now, _Statistics.of(server, _of_sources(documents.sources))
            self._known = {**dict(list(self._known.items())[-8:]), documents.sources: known}
        statistics = known[1]
        chosen = _EVERYTHING if statistics.all_there_are else _of_sources(documents.sources)
        return SharedQueries(server, chosen, statistics, self._common)


class _Filter:
    """A condition on `p.document_id`, with its parameters."""

    def __init__(self, condition: str, parameters: Mapping[str, Any]) -> None:
        self.condition, self.parameters = condition, parameters

    def also(self, within: Within) -> _Filter:
        """The same, for what a search may return."""
        conditions, parameters = [self.condition], dict(self.parameters)
        if within.documents is not None:
            conditions.append("p.document_id = ANY(%(documents)s)")
            parameters["documents"] = list(within.documents)
        if within.pages is not None:
            conditions.append("p.page_number BETWEEN %(first)s AND %(last)s")
            parameters["first"], parameters["last"] = within.pages
        if within.passages is not None:
            conditions.append("p.passage_id = ANY(%(passages)s)")
            parameters["passages"] = list(within.passages)
        return _Filter(" AND ".join(conditions), parameters)


_EVERYTHING = _Filter("TRUE", {})


def _of_sources(sources: frozenset[int]) -> _Filter:
    inside = "EXISTS (SELECT 1 FROM source_documents l WHERE l.document_id = p.document_id AND l.source_id = ANY(%(sources)s))"
    return _Filter(inside, {"sources": sorted(sources)})


class _Statistics:
    """How many passages there are, how many terms each ranked field has, and whether that is all of the archive."""

    def __init__(self, passages: int, terms: Mapping[str, int], all_there_are: bool) -> None:
        self.passages, self.terms, self.all_there_are = passages, terms, all_there_are

    @classmethod
    def of(cls, server: PostgresServer, chosen: _Filter) -> _Statistics:
        """Of the documents of a filter, from what was counted when they were stored."""
        row = server.row(
            f"""SELECT coalesce(sum(passage_count), 0)::bigint, coalesce(sum(text_terms), 0)::bigint,
                       coalesce(sum(title_terms), 0)::bigint, coalesce(sum(heading_terms), 0)::bigint,
                       count(*) = (SELECT count(*) FROM documents)
                FROM documents p WHERE {chosen.condition}""",
            chosen.parameters,
        )
        passages, text, title, heading, every = row or (0, 0, 0, 0, False)
        return cls(int(passages), {"text": int(text), "title": int(title), "heading": int(heading)}, bool(every))


class CommonKeys:
    """The share of all passages that each of the most common keys is in, as PostgreSQL counted it when it last analysed them."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._known: dict[int, float] = {}
        self._read_at = float("-inf")

    def shares(self) -> dict[int, float]:
        """By key; read again after a minute."""
        if time.monotonic() - self._read_at > _STATISTICS_SECONDS:
            row = self._server.row(
                "SELECT most_common_elems::text::bigint[], most_common_elem_freqs FROM pg_stats "
                "WHERE schemaname = 'workbench' AND tablename = 'passage_keys' AND attname = 'keys'"
            )
            # Behind the shares of the elements stand the least, the greatest and that of NULL.
            self._known = dict(zip(row[0], row[1])) if row and row[0] else {}
            self._read_at = time.monotonic()
        return self._known


class SharedQueries:
    """See passage_search.PassageQueries."""

    def __init__(self, server: PostgresServer, chosen: _Filter, statistics: _Statistics, common: CommonKeys) -> None:
        self._server, self._filter, self._statistics, self._common = server, chosen, statistics, common

    @property
    def passages(self) -> int:
        """See PassageQueries."""
        return self._statistics.passages

    def count(self, within: Within) -> int:
        """See PassageQueries."""
        if within.everything:
            return self.passages
        chosen = self._filter.also(within)
        row = self._server.row(f"SELECT count(*) FROM passage_keys p WHERE {chosen.condition}", chosen.parameters)
        return int(row[0]) if row else 0

    # -- meaning --------------------------------------------------------------------------------------------------

    def nearest(self, query: np.ndarray, count: int, within: Within) -> Places:
        """See PassageQueries."""
        few = min(self.count(within), self.passages) <= EXACT_PASSAGES
        chosen = self._filter.also(within)
        condition = chosen.condition.replace("p.", "e.")
        if within.pages is not None:
            condition = condition.replace("e.page_number", "k.page_number")
        # What is added keeps the planner from the graph, which knows nothing of filters, where all can be compared.
        exactly = " + 0" if few else ""
        sql = f"""SELECT n.passage_id, n.document_id, k.page_number FROM (
                    SELECT e.passage_id, e.document_id, (e.embedding <#> %(query)s){exactly} AS distance FROM embeddings e
                    {"JOIN passage_keys k USING (passage_id)" if within.pages is not None else ""}
                    WHERE {condition} ORDER BY distance LIMIT %(count)s) n
                  JOIN passage_keys k USING (passage_id) ORDER BY n.distance, n.passage_id"""
        parameters = {**chosen.parameters, "query": query, "count": count}

        def work(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
            if few:
                return self._server.query(connection, sql, parameters)
            with connection.transaction():
                breadth = min(max(count, _EF_SEARCH), _MOST_EF_SEARCH)
                settings = f"SET LOCAL hnsw.ef_search = {breadth}; SET LOCAL hnsw.iterative_scan = strict_order; "
                settings += f"SET LOCAL hnsw.max_scan_tuples = {_SCANNED}; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off"
                connection.execute(settings)  # type: ignore[call-overload, unused-ignore]
                return self._server.query(connection, sql, parameters)

        return _places(self._server.run(work))

    def vectors(self, passages: Sequence[int]) -> dict[int, np.ndarray]:
        """See PassageQueries."""
        sql = "SELECT passage_id, embedding FROM embeddings WHERE passage_id = ANY(%(ids)s)"
        return {int(key): vector for key, vector in self._server.rows(sql, {"ids": list(passages)})}

    # -- words ----------------------------------------------------------------------------------------------------

    def ranked(self, weights: Mapping[str, float], count: int, within: Within, by: Bm25) -> tuple[Places, np.ndarray]:
        """See PassageQueries."""
        fields = [name for name in keys.RANKED if by.shares.get(name, 0) > 0 and self._statistics.terms[name]]
        asked = [(term, field) for term in weights for field in fields]
        if not asked:
            return _scored([])
        again = [(number, times) for number, (_, field) in enumerate(asked) for times in _COUNTS[field]]
        view, chosen = self._filter, _Filter("TRUE", {}).also(within)
        averages = {field: self._statistics.terms[field] / max(self.passages, 1) for field in keys.RANKED}
        parameters = {
            **view.parameters, **chosen.parameters, "count": count, "size": float(self.passages), "steps": list(map(float, by.steps)),
            "keys": [keys.key_of(term, field) for term, field in asked],
            "gains": [float(weights[term] * by.shares[field] * (by.k1 + 1)) for term, field in asked],
            "fields": [keys.FIELDS[field] for _, field in asked],
            "averages": [averages[field] or 1.0 for _, field in asked],
            "more": [keys.key_of(*asked[number], times) for number, times in again],
            "of": [number + 1 for number, _ in again], "times": [times for _, times in again],
        }  # fmt: skip
        sql = f"""WITH asked AS MATERIALIZED (
                    SELECT * FROM unnest(%(keys)s::bigint[], %(gains)s::float8[], %(fields)s::int[], %(averages)s::float8[])
                    WITH ORDINALITY AS a(key, gain, field, average, number)),
                  again AS MATERIALIZED (SELECT * FROM unnest(%(more)s::bigint[], %(of)s::int[], %(times)s::int[])
                            AS m(key, number, times)),
                  found AS MATERIALIZED (
                    SELECT a.number, a.gain, a.average, p.passage_id, p.document_id, p.page_number,
                           CASE a.field WHEN 0 THEN p.text_terms WHEN 1 THEN p.title_terms ELSE p.heading_terms END AS terms
                    FROM asked a JOIN passage_keys p ON p.keys @> ARRAY[a.key] WHERE {view.condition}),
                  rarity AS (SELECT number, ln(1 + (%(size)s - count(*) + 0.5) / (count(*) + 0.5)) AS idf FROM found GROUP BY number),
                  often AS (SELECT m.number, m.times, p.passage_id FROM again m JOIN passage_keys p ON p.keys @> ARRAY[m.key]),
                  scores AS (
                    SELECT p.passage_id, min(p.document_id) AS document_id, min(p.page_number) AS page_number,
                           round(10000 * sum(
                             p.gain * r.idf * coalesce(o.times, 1) / (coalesce(o.times, 1)::real + {by.k1}::real * ({1 - by.b}::real
                             + {by.b}::real * (%(steps)s::real[])[width_bucket(p.terms::real, %(steps)s::real[])]
                             / p.average::real)))) / 10000 AS score
                    FROM found p JOIN rarity r USING (number) LEFT JOIN often o ON o.number = p.number AND o.passage_id = p.passage_id
                    WHERE {chosen.condition} GROUP BY p.passage_id)
                  SELECT passage_id, document_id, page_number, score FROM scores WHERE score > 0
                  ORDER BY score DESC, passage_id LIMIT %(count)s"""
        return _scored(self._lookup(sql, parameters))

    def holding(self, terms: Sequence[str], field: str) -> list[Places]:
        """See PassageQueries."""
        if not terms:
            return []
        limit = f"LIMIT {_MOST_HEADED}" if field == "called" else ""
        rows = self._lookup(
            f"""SELECT f.passage_id, f.document_id, f.page_number, a.number
                FROM unnest(%(keys)s::bigint[]) WITH ORDINALITY AS a(key, number) CROSS JOIN LATERAL (
                  SELECT p.passage_id, p.document_id, p.page_number FROM passage_keys p
                  WHERE p.keys @> ARRAY[a.key] AND {self._filter.condition} {limit}) f
                ORDER BY a.number, f.passage_id""",
            {**self._filter.parameters, "keys": [keys.key_of(term, field) for term in terms]},
        )
        return _by_number(rows, len(terms))

    def containing(self, terms: Sequence[str]) -> Places:
        """See PassageQueries."""
        return _places(
            self._lookup(
                f"SELECT p.passage_id, p.document_id, p.page_number FROM passage_keys p "
                f"WHERE p.keys @> %(keys)s::bigint[] AND {self._filter.condition} ORDER BY p.passage_id",
                {**self._filter.parameters, "keys": [keys.key_of(term, "text") for term in terms]},
            )
        )

    def frequencies(self, terms: Sequence[str], field: str) -> list[int]:
        """See PassageQueries. Of common terms in a large archive about, as the planner's statistics say; of others exactly."""
        counts = [0] * len(terms)
        asked = [keys.key_of(term, field) for term in terms]
        common = self._common.shares() if self.passages > EXACT_PASSAGES else {}
        for number, key in enumerate(asked):
            counts[number] = round(common.get(key, 0.0) * self.passages)
        counted = [number for number, key in enumerate(asked) if key not in common]
        if counted:
            rows = self._lookup(
                f"""SELECT a.number, count(*) FROM unnest(%(keys)s::bigint[]) WITH ORDINALITY AS a(key, number)
                    JOIN passage_keys p ON p.keys @> ARRAY[a.key] WHERE {self._filter.condition} GROUP BY a.number""",
                {**self._filter.parameters, "keys": [asked[number] for number in counted]},
            )
            for number, count in rows:
                counts[counted[int(number) - 1]] = int(count)
        return counts

    def titles(self, beginnings: Sequence[str]) -> dict[int, int]:
        """See PassageQueries."""
        hashes = sorted({term_hash(item) for item in beginnings})
        sql = "SELECT hash, beginning FROM title_keys WHERE beginning = ANY(%s)"
        return {int(key): int(begun) for key, begun in self._server.rows(sql, [hashes])} if hashes else {}

    def _lookup(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Rows of a query that goes through the inverted index: the planner takes a term that it does not know for a common one."""

        def work(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
            with connection.transaction():
                connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL jit = off")
                return self._server.query(connection, sql, parameters)

        return self._server.run(work)

    # -- passages -------------------------------------------------------------------------------------------------

    def texts(self, passages: Sequence[int]) -> dict[int, tuple[str, tuple[str, ...]]]:
        """See PassageQueries."""
        sql = "SELECT passage_id, text, called FROM passages WHERE passage_id = ANY(%s)"
        rows = self._server.rows(sql, [list(passages)])
        return {int(key): (str(text), tuple(called.split())) for key, text, called in rows}

    def places(self, passages: Sequence[int]) -> Places:
        """See PassageQueries."""
        return self.every(Within(passages=frozenset(passages)))

    def every(self, within: Within) -> Places:
        """See PassageQueries."""
        chosen = self._filter.also(within)
        sql = "SELECT p.passage_id, p.document_id, p.page_number FROM passage_keys p WHERE"
        return _places(self._server.rows(f"{sql} {chosen.condition} ORDER BY p.passage_id", chosen.parameters))


def _places(rows: Sequence[tuple[Any, ...]]) -> Places:
    return Places(*keys.rows_as_arrays([row[:3] for row in rows], 3))


def _scored(rows: Sequence[tuple[Any, ...]]) -> tuple[Places, np.ndarray]:
    import numpy as np

    return _places(rows), np.array([row[3] for row in rows], dtype=np.float64)


def _by_number(rows: Sequence[tuple[Any, ...]], count: int) -> list[Places]:
    """Rows with a number from 1 at their end, in its order, as one Places for each number."""
    import numpy as np

    ids, documents, pages, number = keys.rows_as_arrays(rows, 4)
    bounds = np.searchsorted(number, np.arange(1, count + 2))
    return [Places(ids[a:b], documents[a:b], pages[a:b]) for a, b in itertools.pairwise(bounds.tolist())]
