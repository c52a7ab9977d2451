"""How much of what there is a sweep finds: `python -m tests.benchmarks.sweep --corpus FILE.json.gz [--talks FILE.json.gz]`.

Questions for all of something, whose answers are known: made of the corpus itself (films of one director, people born in one
place, a word, the same in other words), and, of conversations with labelled evidence (LoCoMo's layout), those that rest on three
turns or more. Each rule of relevance is tried on the same candidates: share of the known passages listed, share of what is listed
that is known (others may be right too), passages listed, pages read. Then the engine's own sweep with its report, paging through
everything, and the best of a search.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.search_corpus import write_archive
from workbench.embedding.client import LocalEmbedder
from workbench.retrieval.candidate_set import Evidence, Relevance, evidence
from workbench.retrieval.exhaustive import WINDOW_PAGES, Sweeper, Swept, sweep
from workbench.retrieval.paging.pager import Budget
from workbench.retrieval.query import NO_RESTRICTION
from workbench.retrieval.service import ArchivalSearch
from workbench.storage.database import Database
from workbench.storage.documents import DuckDBArchive

Rows = list[tuple[str, str]]
SHARE = 0.05
_LEAST = 3
_CITIES = ("Paris", "Rome", "London", "Berlin", "Toronto", "Los Angeles", "New York", "Chicago", "Dublin", "Vienna")
_WORDS = {
    "cricketer": r"\bcricketers?\b", "silent film": r"\bsilent (?:\w+ ){0,2}films?\b", "poet": r"\bpoets?\b",
    "opera singer": r"\bopera singers?\b", "painter": r"\bpainters?\b", "documentary": r"\bdocumentar(?:y|ies)\b",
    "Telugu": r"\bTelugu\b", "Malayalam film": r"\bMalayalam\b", "bishop": r"\b(?:arch)?bishops?\b",
    "horror film": r"\bhorror\b", "composer": r"\bcomposers?\b", "mathematician": r"\bmathematicians?\b",
    "studio album": r"\bstudio album\b", "rower": r"\b(?:rower|rowing)s?\b", "footballer": r"\bfootballers?\b",
    "Olympic": r"\bOlympics?\b",
}  # fmt: skip
_OTHERWISE = {
    "soccer players": "footballer", "movies without sound": "silent film", "people who sang in operas": "opera singer",
    "writers of verse": "poet", "artists who made pictures with paint": "painter", "scary movies": "horror film",
    "church leaders of a diocese": "bishop", "people who write music": "composer", "records made by bands": "studio album",
    "athletes at the Games": "Olympic", "people who compete in racing boats": "rower", "non-fiction films": "documentary",
    "people who study numbers": "mathematician", "films from Kerala": "Malayalam film",
}  # fmt: skip
_ABSENT = (
    "quantum chromodynamics", "kubernetes deployments", "photosynthesis in algae", "tax deductions for small firms",
    "leaks of the oil tank", "cryptocurrency exchanges", "vaccines against influenza", "the price of copper",
    "recipes with lentils", "patents about batteries", "rent reviews in leases", "garbage collection in Java",
)  # fmt: skip
"""What no paragraph of an encyclopedia about people and films is about."""


@dataclass(frozen=True)
class FindAll:
    """A question for all of something, and the rows that are known to answer it."""

    kind: str
    query: str
    known: frozenset[int]


def questions_of(corpus: Rows) -> list[FindAll]:
    """Questions whose answers the corpus itself tells."""
    texts = [text for _, text in corpus]

    def asked(kind: str, query: str, pattern: str, flags: int = 0) -> FindAll:
        return FindAll(kind, query, frozenset(n for n, text in enumerate(texts) if re.search(pattern, text, flags)))

    name = r"directed by ([A-Z][\w\-']+ (?:[A-Z]\. )?[A-Z][\w\-']+)"
    directors = Counter(found for text in texts for found in set(re.findall(name, text)))
    found = [
        asked("director", f"films directed by {who}", f"directed by {re.escape(who)}")
        for who, _ in directors.most_common(15)
    ]
    found += [asked("born", f"people born in {city}", rf"born[^.;]{{0,60}} in {city}\b") for city in _CITIES]
    found += [asked("word", word, pattern, re.IGNORECASE) for word, pattern in _WORDS.items()]
    found += [asked("otherwise", query, _WORDS[word], re.IGNORECASE) for query, word in _OTHERWISE.items()]
    return [one for one in found if len(one.known) >= _LEAST] + [
        FindAll("absent", query, frozenset()) for query in _ABSENT
    ]


def talks_of(file: Path) -> Iterator[tuple[Rows, list[FindAll]]]:
    """Each conversation as a row a turn, and its questions that rest on several turns."""
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        talks = json.load(opened)
    for talk in talks:
        said, rows, place = talk["conversation"], Rows(), dict[str, int]()
        sessions = sorted((key for key in said if re.fullmatch(r"session_\d+", key)), key=lambda key: int(key[8:]))
        for key in sessions:
            for turn in said[key]:
                place[turn["dia_id"]] = len(rows)
                shown = f" [{turn['blip_caption']}]" if turn.get("blip_caption") else ""
                rows.append((f"{key}, {said[key + '_date_time']}", f"{turn['speaker']}: {turn['text']}{shown}"))
        asked = [
            FindAll("talk", item["question"], known)
            for item in talk["qa"]
            if len(known := frozenset(place[turn] for turn in item["evidence"] if turn in place)) >= _LEAST
            and item["category"] in (1, 3)
        ]
        yield rows, asked


@dataclass(frozen=True)
class Outcome:
    """What one sweep of one question gave."""

    kind: str
    recall: float
    precision: float
    listed: int
    read: int
    forecast: int
    tokens: int = 0


def outcome(asked: FindAll, found: Evidence, swept: Swept, tokens: int = 0) -> Outcome:
    """What a sweep listed against what is known; a row's passage is its number and one."""
    listed = {found.ids[at] - 1 for at in swept.found}
    hit = len(listed & asked.known)
    share = hit / len(listed) if listed else 1.0
    return Outcome(asked.kind, hit / max(1, len(asked.known)), share, len(listed), swept.read, swept.forecast, tokens)


def swept_with(search: ArchivalSearch, query: str, found: Evidence, pages: int, share: float) -> Swept:
    """A sweep to its end."""
    steps = sweep(query, found, pages, share, search.archive.passages, lambda: False)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Swept = end.value
            return result


def under(rule: Relevance, found: Evidence) -> Evidence:
    """The same candidates judged by another rule, in the order that it gives them."""
    return replace(found, relevance=rule).best_first()


def told(name: str, found: Sequence[Outcome]) -> None:
    """A row of the table: the mean of each kind."""
    parts = []
    for kind in dict.fromkeys(one.kind for one in found):
        mine = [one for one in found if one.kind == kind]
        means = [
            float(np.mean([getattr(one, part) for one in mine])) for part in ("recall", "precision", "listed", "read")
        ]
        parts.append(f"{means[0]:5.2f} {means[1]:4.2f} {means[2]:5.0f} {means[3]:5.0f}")
    print(f"{name:34} | " + " | ".join(parts), flush=True)


def rules() -> Iterator[tuple[str, Relevance]]:
    """The grid: each value of the rule alone, and the rule that never looks for other words."""
    yield "as it is", Relevance()
    yield "never in other words", Relevance(enough=0)
    for name, values in {
        "near": (0.0, 0.3, 0.4), "enough": (1, 5, 10), "share_of_nearest": (0.5, 0.7, 0.8), "least_coverage": (0.4, 0.6),
        "barely_similar": (0.2, 0.3), "most_coverage": (0.6, 0.9), "similar": (0.4, 0.5),
    }.items():  # fmt: skip
        for value in values:
            yield f"{name} {value}", replace(Relevance(), **{name: value})


@dataclass(frozen=True)
class Measured:
    """A corpus in an archive, its questions, and their candidates."""

    search: ArchivalSearch
    sources: tuple[int, ...]
    rows: Rows
    asked: list[tuple[FindAll, Evidence, Any]]

    @classmethod
    def of(
        cls, folder: Path, rows: Rows, asked: Sequence[FindAll], embed: Callable[..., Any], vectors: Any
    ) -> Measured:
        """The corpus stored, indexed, and asked."""
        write_archive(folder / "archive.duckdb", rows, vectors, len(rows))
        archive = DuckDBArchive(Database(folder / "archive.duckdb"))
        search = ArchivalSearch(archive, lambda queries: embed(list(queries), kind="query"))
        sources = (archive.source_id("corpus"),)
        search.warm(sources)
        view, queries = search.view(archive.paths(sources)), embed([one.query for one in asked], kind="query")
        found = [evidence(view, one.query, vector, NO_RESTRICTION) for one, vector in zip(asked, queries)]
        return cls(search, sources, rows, list(zip(asked, found, queries)))


def measure(corpora: Sequence[Measured]) -> None:
    """Print the tables."""
    kinds = dict.fromkeys(one.kind for corpus in corpora for one, _, _ in corpus.asked)
    print(f"{'':34} | " + " | ".join(f"{kind:22}" for kind in kinds))
    print(f"{'recall, precision, listed, read':34}")
    for name, rule in rules():
        found = [
            outcome(one, judged, swept_with(corpus.search, one.query, judged, len(corpus.rows), SHARE))
            for corpus in corpora
            for one, candidates, _ in corpus.asked
            if (judged := under(rule, candidates))
        ]
        told(name, found)
    for share in (0.0, 0.02, 0.1, 0.2, 0.5):
        told(f"goes on at {share:.0%} of {WINDOW_PAGES}", [
            outcome(one, candidates, swept_with(corpus.search, one.query, candidates, len(corpus.rows), share))
            for corpus in corpora for one, candidates, _ in corpus.asked
        ])  # fmt: skip
    for best in (20, 50, 200):
        top = []
        for corpus in corpora:
            paths = corpus.search.archive.paths(corpus.sources)
            for one, _, _ in corpus.asked:
                ids = {key - 1 for key in corpus.search.ranking(paths, one.query).ids[:best]}
                hit = len(ids & one.known)
                top.append(
                    Outcome(one.kind, hit / max(1, len(one.known)), hit / max(1, len(ids)), len(ids), len(ids), 0)
                )
        told(f"the best {best} of a search", top)
    reports(corpora)


def reports(corpora: Sequence[Measured]) -> None:
    """What the engine's own sweep says, in pages as a model reads them: forecast against truth, tokens, and the words of it."""
    off, honest, tokens, whole, samples = [], 0, [], [], []
    for corpus in corpora:
        for one, _, _ in corpus.asked:
            sweeper, handles = Sweeper.of(corpus.search, corpus.sources, share=SHARE), dict[int, str]()
            steps = sweeper.run(
                one.query, 0, Budget(2_048, 100), lambda key: handles.setdefault(key, f"#a{len(handles)}")
            )
            forecast = next(steps)
            done, page = forecast, None
            while page is None:
                try:
                    done = next(steps)
                except StopIteration as end:
                    page = end.value
            off.append(abs(done.forecast_pages - done.read) / max(1, done.read))
            said = f"read {done.read:,} of {len(corpus.rows):,} pages" in page.note and page.total == done.found
            honest += said and ("gave nothing" not in page.note or f"the last {done.quiet} gave nothing" in page.note)
            shown = sum(hit.span[1] - hit.span[0] if hit.span else 200 for hit in page.hits) / 4 + 24 * len(page.hits)
            tokens.append(shown * page.total / max(1, len(page.hits)))
            whole.append(sum(len(text) for _, text in corpus.rows) / 4)
            samples.append(f"{one.query}: {page.total} of {len(one.known)} known{page.note}")
    print(f"\nforecast off by {np.median(off):.1%} (median), {np.max(off):.1%} (most)")
    print(f"reports that say what was so: {honest} of {len(off)}")
    print(f"tokens of the whole list {np.mean(tokens):,.0f}; of everything, paged to the end, {np.mean(whole):,.0f}")
    print("\n".join(samples[:: max(1, len(samples) // 8)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--corpus", type=Path, required=True, help="gzipped JSON: a list of {title, text}, or {title: [sentence]}"
    )
    parser.add_argument("--vectors", type=Path, help="the corpus's vectors in a .npy file, made when it is not there")
    parser.add_argument("--talks", type=Path, help="gzipped JSON in LoCoMo's layout")
    chosen = parser.parse_args()
    with gzip.open(chosen.corpus, "rt", encoding="utf-8") as opened:
        read = json.load(opened)
    corpus = (
        [(row["title"], row["text"]) for row in read]
        if isinstance(read, list)
        else [(key, "".join(read[key])) for key in read]
    )
    embedder = LocalEmbedder()

    def vectors_of(rows: Rows, file: Path | None) -> Any:
        if file and file.is_file():
            return np.load(file)
        made = embedder.embed([f"{title}\n{text}" for title, text in rows])
        if file:
            np.save(file, made)
        return made

    sets = [(corpus, questions_of(corpus), chosen.vectors)]
    sets += [(rows, asked, None) for rows, asked in (talks_of(chosen.talks) if chosen.talks else ())]
    with tempfile.TemporaryDirectory() as folder:
        corpora = []
        for number, (rows, asked, file) in enumerate(sets):
            (Path(folder) / str(number)).mkdir()
            corpora.append(Measured.of(Path(folder) / str(number), rows, asked, embedder.embed, vectors_of(rows, file)))
            print(
                f"{len(rows):,} pages, {len(asked)} questions with {sum(len(one.known) for one in asked)} known passages",
                flush=True,
            )
        measure(corpora)
        for one in corpora:
            one.search.index.close()
            one.search.archive.database.close()
    embedder.stop()


if __name__ == "__main__":
    main()
