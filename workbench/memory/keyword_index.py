"""Passages by their words, in memory (tantivy, BM25). In: terms by row; out: scored rows, or all rows with all terms.

The terms are ours (`terms.index_terms`), so digits, identifiers and every script are kept; tantivy only counts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import tantivy

_HEAP_BYTES = 64_000_000
_FIELDS = ("text", "title", "heading", "names")


@dataclass(frozen=True)
class PassageTerms:
    """The terms of one passage, each field joined by single spaces; `document` is the document's id.

    `names` are the keys of the names it uses and is called by (`names.names_in`, `names.title_keys`).
    """

    row: int
    document: int
    text: str
    title: str
    heading: str
    names: str = ""


@dataclass(frozen=True)
class FieldWeights:
    """How much a term found in each field counts."""

    text: float = 1.0
    title: float = 0.6
    heading: float = 0.3


DEFAULT_WEIGHTS = FieldWeights()


class KeywordIndex:
    """The writing side: one thread at a time. Each change returns a searcher that sees it."""

    def __init__(self) -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("row", stored=False, indexed=True, fast=True)
        builder.add_unsigned_field("document", stored=False, indexed=True)
        for field in _FIELDS:
            builder.add_text_field(field, stored=False, tokenizer_name="terms", index_option="freq")
        self._schema = builder.build()
        self._index = tantivy.Index(self._schema)
        analyzer = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        self._index.register_tokenizer("terms", analyzer)
        self._writer: Any = None

    def change(self, added: Iterable[PassageTerms] = (), removed: Iterable[int] = ()) -> KeywordSearcher:
        """Remove the rows `removed`, add the passages `added`, and return a searcher that sees both."""
        if self._writer is None:  # one thread keeps rows in order inside a segment, so equal scores stay in order
            self._writer = self._index.writer(heap_size=_HEAP_BYTES, num_threads=1)
        for row in removed:
            self._writer.delete_documents_by_term("row", row)
        for passage in added:
            document = tantivy.Document()
            document.add_unsigned("row", passage.row)
            document.add_unsigned("document", passage.document)
            document.add_text("text", passage.text)
            document.add_text("title", passage.title)
            document.add_text("heading", passage.heading)
            document.add_text("names", passage.names)
            self._writer.add_document(document)
        self._writer.commit()
        self._index.reload()
        return KeywordSearcher(self._index.searcher(), self._schema)


@dataclass(frozen=True)
class KeywordSearcher:
    """The reading side: a snapshot, safe in any thread."""

    _searcher: Any
    _schema: Any

    def search(
        self,
        weights: dict[str, float],
        count: int,
        documents: frozenset[int] | None = None,
        fields: FieldWeights = DEFAULT_WEIGHTS,
        rows: Sequence[int] | None = None,
    ) -> list[tuple[int, float]]:
        """The `count` best (row, BM25 score) for weighted query terms, best first, ties by row; among `rows` only, if
        given (by the same statistics, so scores compare)."""
        parts = [
            (tantivy.Occur.Should, tantivy.Query.boost_query(self._term(field, term), weight * share))
            for term, weight in weights.items()
            for field, share in (("text", fields.text), ("title", fields.title), ("heading", fields.heading))
            if share > 0
        ]
        if not parts:
            return []
        query = self._within(tantivy.Query.boolean_query(parts), documents)
        return self._best(self._among(query, rows), count)

    def containing(self, terms: Sequence[str], documents: frozenset[int] | None = None) -> list[int]:
        """Every row whose text has all of `terms`, in order."""
        total = self._searcher.num_docs
        if not terms or not total:
            return []
        musts = [(tantivy.Occur.Must, self._term("text", term)) for term in dict.fromkeys(terms)]
        query = self._within(tantivy.Query.boolean_query(musts), documents)
        hits = self._searcher.search(query, limit=total, count=False).hits
        return sorted(int(row) for row in self._searcher.fast_field_values("row", [address for _, address in hits]))

    def sharing(self, names: dict[str, float], count: int, documents: frozenset[int] | None) -> list[tuple[int, float]]:
        """The `count` best (row, weight) that use one of `names`, each row with the heaviest name it has."""
        parts = [tantivy.Query.const_score_query(self._term("names", name), weight) for name, weight in names.items()]
        return self._best(self._within(tantivy.Query.disjunction_max_query(parts), documents), count) if parts else []

    def holding(self, term: str, rows: Sequence[int]) -> list[int]:
        """Which of `rows` have `term` in their text or title."""
        either = [(tantivy.Occur.Should, self._term(field, term)) for field in ("text", "title")]
        hits = self._best(self._among(tantivy.Query.boolean_query(either), rows), len(rows))
        return [row for row, _ in hits]

    def frequency(self, term: str, field: str = "text") -> int:
        """How many passages have `term` in `field`."""
        return int(self._searcher.doc_freq(field, term))

    def _best(self, query: Any, count: int) -> list[tuple[int, float]]:
        hits = self._searcher.search(query, limit=count + 50, count=False).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in hits])
        ranked = sorted(((int(row), float(hit[0])) for row, hit in zip(rows, hits, strict=True)), key=_best_first)
        return ranked[:count]

    def _among(self, query: Any, rows: Sequence[int] | None) -> Any:
        return query if rows is None else self._also(query, "row", sorted(rows))

    def _term(self, field: str, term: str) -> Any:
        return tantivy.Query.term_query(self._schema, field, term, index_option="freq")

    def _within(self, query: Any, documents: frozenset[int] | None) -> Any:
        return query if documents is None else self._also(query, "document", sorted(documents))

    def _also(self, query: Any, field: str, values: list[int]) -> Any:
        allowed = tantivy.Query.term_set_query(self._schema, field, values)
        silent = tantivy.Query.const_score_query(allowed, 0.0)
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, silent)])


def _best_first(hit: tuple[int, float]) -> tuple[float, int]:
    return (-round(hit[1], 4), hit[0])
