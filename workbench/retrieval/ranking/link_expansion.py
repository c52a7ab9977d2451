"""Link expansion: raises passages that a well-ranked passage leads to by name.

A question often needs a passage that shares no word with it, only a name with a passage that does. Every pair of a
well-ranked passage and one it leads to is weighed by a small logistic model; its features and weights stand here.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.core.text_cache import text_cache
from workbench.retrieval.index.snapshot import Allowed, View
from workbench.retrieval.ranking import second_hop
from workbench.text import analyzer, entities
from workbench.text.stemming import stem
from workbench.text.term_overlap import held_words

SEEDS = 20
"""Passages followed from: the best of the first ranking; ten among more than `_MANY_PASSAGES`, where the others take 4 ms."""

_MANY_PASSAGES = 20_000
_TRUSTED_SEEDS, _DOUBTED = 10, 0.25
"""The first ten are followed from in full; what only a later one leads to counts a quarter, so that it fills gaps and
displaces nothing. Chosen among seven schedules on 300 questions: all gold in the first ten for 61 of 100 on MuSiQue against
59; on HotpotQA within a question of before either way; counted in full, the later ones cost two points in the first five."""

BONUS = 12.0
"""What certainty of a pair is worth, in units of the first ranking's score."""

_TRUST = np.where(np.arange(SEEDS) < _TRUSTED_SEEDS, 1.0, _DOUBTED)
_POOL = 60
_FIRST, _BEHIND = 5, 0.001
"""Thirds come behind the first five: what answers by itself keeps its place, and who asks in small steps sees no change."""
_SHARED_ROWS = 20
_FIRST_NAMES = 10
_ROOT_CHARS = 4
_RARE_PASSAGES = 30
_MANY_ROWS = 64

Features = NDArray[np.float64]
ScoreRows = Callable[[Sequence[int]], dict[int, float]]


class PairFeatures(NamedTuple):
    """What speaks for a seed and a second passage answering together; each between 0 and 1 or nearly, an array by row."""

    seed: Any  # the first ranking's score of the seed
    second: Any  # … and of the other
    titled: Any  # the seed's text names the other's title or heading: how rare that name is
    mentions: Any  # … 1 if it does at all
    shared: Any  # the rarest name that both use and the question does not
    residual: Any  # share of the question's words (by rarity) that the other adds to the seed
    joint: Any  # share of the question's words that the two have together
    seed_asked: Any  # 1 if the question names the seed's title
    second_asked: Any  # 1 if the question names the other's title
    titled_residual: Any
    shared_residual: Any


@dataclass(frozen=True)
class SearchScope:
    """What following may look at: a view, the rows that may be found, and how many passages are searched."""

    view: View
    allowed: Allowed
    size: int


class Link(NamedTuple):
    """How a passage is reached from a seed."""

    titled: float = 0.0
    shared: float = 0.0


class LinkExpander:
    """Follows from the best passages of one question."""

    def __init__(self, question: str, around: SearchScope) -> None:
        self.around = around
        self._asked = "_" + "_".join(entities.words(question)) + "_"
        self._log_size = math.log(max(around.size, 2))
        words = dict.fromkeys(analyzer.content_words(question))
        counts = around.view.keywords.frequencies([stem(word) for word in words])
        weights = {word: self._rarity(counts[stem(word)]) for word in words}
        total = sum(weights.values()) or 1.0
        self._rarities = np.array([weight / total for weight in weights.values()], dtype=np.float64)
        self._roots = [_root(word) for word in words]
        self._known: dict[int, float] = {}
        self._reached: dict[int, dict[int, Link]] = {}
        self.partners: dict[int, int] = {}
        """After `bonus`: the row that each row owes most of it to."""

    def bonus(self, scores: dict[int, float], score_rows: ScoreRows) -> dict[int, float]:
        """What following adds to each row: the likeliest pair it begins, the likeliest pair it ends, the pair it goes with."""
        seeds, rows, features = self.pairs(scores, score_rows)
        likely = likelihood(features) * _TRUST[: len(seeds), None]
        gain = likely.max(axis=0)  # as the second of a pair
        place = {int(row): number for number, row in enumerate(rows)}
        best = likely.max(axis=0)
        self.partners = dict(zip(rows, (seeds[number] for number in likely.argmax(axis=0).tolist()), strict=True))
        for seed, row_likely in zip(seeds, likely, strict=True):
            if row_likely.max() > best[place[seed]]:
                self.partners[seed] = int(rows[int(row_likely.argmax())])
            gain[place[seed]] += row_likely.max()
        bonuses = {row: BONUS * float(gain[number]) for row, number in place.items()}
        if self.around.size <= _MANY_PASSAGES:
            ids = self.around.view.ids[np.array(rows, dtype=np.int64)].tolist()
            self._add_thirds(bonuses, second_hop.likeliest(likely, seeds, rows, ids), score_rows)
        return bonuses

    def _add_thirds(self, found: dict[int, float], pairs: Sequence[second_hop.Pair], score_rows: ScoreRows) -> None:
        """Add what each row is worth as a third beside the pair it goes with best; none comes among the first `_FIRST`."""
        if not pairs:
            return
        rows, features = self.thirds(pairs, score_rows)
        likely = second_hop.third_likelihood(features)
        totals = sorted((self._known[row] + gain for row, gain in found.items()), reverse=True)
        top = totals[min(_FIRST, len(totals)) - 1] - _BEHIND
        for row, share, number in zip(rows, likely.max(axis=0).tolist(), likely.argmax(axis=0).tolist(), strict=True):
            gain = found.get(row, 0.0)
            more = max(0.0, min(second_hop.THIRD_BONUS * share, top - self._known[row] - gain))
            if more > gain:
                ends = pairs[number][:2]
                self.partners[row] = max(ends, key=lambda end: sum(self._reached[end].get(row, Link())))
            found[row] = gain + more

    def pairs(self, scores: dict[int, float], score_rows: ScoreRows) -> tuple[list[int], list[int], Features]:
        """Seeds, rows, and the features (seeds, rows, PairFeatures) of each seed with each row; a row is no pair with
        itself. `scores` is the first ranking by row; rows reached beyond it are scored by `score_rows`."""
        ids = dict(zip(scores, self.around.view.ids[np.array(list(scores), dtype=np.int64)].tolist(), strict=True))
        ranked = sorted(scores, key=lambda row: (-scores[row], ids[row]))
        seeds = ranked[: SEEDS if self.around.size <= _MANY_PASSAGES else _TRUSTED_SEEDS]
        links = self.links(seeds, scores)
        linked = np.array(sorted({row for reached in links for row in reached}), dtype=np.int64)
        # by passage: of equal pairs the first counts
        reached = linked[np.argsort(self.around.view.ids[linked])].tolist()
        self._known = {**scores, **score_rows([row for row in reached if row not in scores])}
        self._reached = dict(zip(seeds, links, strict=True))
        self._table = self._table_of(list(dict.fromkeys([*ranked[:_POOL], *reached])))
        return seeds, self._table.rows, self._features(seeds, self._table)

    def thirds(self, pairs: Sequence[second_hop.Pair], score_rows: ScoreRows) -> tuple[list[int], Features]:
        """After `pairs`: rows, and the features (pairs, rows, ThirdFeatures) of each as a third beside a pair of rows."""
        members = dict.fromkeys(row for pair in pairs for row in pair[:2])
        new = [row for row in members if row not in self._reached]
        self._reached.update(zip(new, self.links(new, self._known), strict=True))
        more = sorted({row for member in members for row in self._reached[member]} - set(self._table.rows))
        self._known.update(score_rows([row for row in more if row not in self._known]))
        table = self._table.with_more(self._table_of(more)) if more else self._table
        strengths = {member: self._strengths(member, table.rows) for member in members}
        return table.rows, second_hop.third_features(pairs, table, strengths, self._rarities)

    def _table_of(self, rows: list[int]) -> second_hop.Table:
        view = self.around.view
        view.fetch(rows)
        held = held_words(view.texts_of(rows), self._roots).astype(np.float64)
        asked = np.array([float(any(map(self._is_asked, called))) for called in view.calls_of(rows)])
        score = np.array([self._known[row] for row in rows])
        return second_hop.Table(rows, view.documents[np.array(rows, dtype=np.int64)], held, score, asked)

    def _strengths(self, member: int, rows: Sequence[int]) -> tuple[Features, Features]:
        """How strongly a row leads to each of `rows`: by title, and by a shared name."""
        reached, none = self._reached[member], Link()
        titled, shared = np.array([reached.get(row, none) for row in rows], dtype=np.float64).T
        return titled, shared

    def _features(self, seeds: list[int], table: second_hop.Table) -> Features:
        rows, _, held, score, asked = table
        place = {row: number for number, row in enumerate(rows)}
        rarity = self._rarities
        at = [place[seed] for seed in seeds]
        titled, shared = np.zeros((2, len(seeds), len(rows)))
        for number, reached in enumerate(self._reached[seed] for seed in seeds):
            columns = [place[row] for row in reached]
            titled[number, columns] = [link.titled for link in reached.values()]
            shared[number, columns] = [link.shared for link in reached.values()]
        # einsum, not BLAS: its sums do not depend on what stands beside
        residual = np.einsum("sw,rw->sr", (1 - held[at]) * rarity, held)
        alike = np.ones_like(titled)
        features = np.stack(
            PairFeatures(
                seed=score[at, None] * alike,
                second=score * alike,
                titled=titled,
                mentions=np.sign(titled),
                shared=shared,
                residual=residual,
                joint=residual + np.einsum("sw,w->s", held[at], rarity)[:, None],
                seed_asked=asked[at, None] * alike,
                second_asked=asked * alike,
                titled_residual=titled * residual,
                shared_residual=shared * residual,
            ),
            axis=-1,
        )
        features[np.arange(len(seeds)), at] = -np.inf
        return features

    def links(self, rows: Sequence[int], known: dict[int, float]) -> list[dict[int, Link]]:
        """The passages that each row leads to: those whose title or heading it names, those that share a rare name."""
        view = self.around.view
        view.fetch(rows)
        own = [view.called_of(row) for row in rows]
        read = [_read(view.text_of(row)) for row in rows]
        mentions = [
            {key for key in keys if ("_" in key or key in used) and key not in called}
            for keys, (used, _), called in zip(view.mentioned([words for _, words in read]), read, own, strict=True)
        ]
        names_of = [dict.fromkeys([*used, *called]) for (used, _), called in zip(read, own, strict=True)]
        counts = view.keywords.frequencies({name for part in (*names_of, *mentions) for name in part}, "names")
        titled = self._titled(rows, mentions, counts, known)
        shared = self._shared(rows, [self._rare(part, counts) for part in names_of])
        pairs = []
        for strengths, sharing in zip(titled, shared, strict=True):
            links = {target: Link(titled=strength) for target, strength in strengths.items()}
            links.update((at, links.get(at, Link())._replace(shared=strength)) for at, strength in sharing.items())
            pairs.append(links)
        return pairs

    def _titled(
        self, rows: Sequence[int], mentions: Sequence[set[str]], counts: dict[str, int], known: dict[int, float]
    ) -> list[dict[int, float]]:
        """For each row, how strongly it names the titles of others. A key of many rows leads to the `known` ones alone:
        one common word names a title only when written as a name."""
        view, allowed = self.around.view, self.around.allowed
        keys = sorted({key for part in mentions for key in part})
        called = {key: at[allowed[at]].tolist() for key, at in view.keywords.rows_of(keys, "called").items()}
        targets = {
            key: at if len(at) <= _MANY_ROWS else [item for item in at if item in known] for key, at in called.items()
        }
        every = sorted({at for found in targets.values() for at in found})
        first = {at: keys[0] for at, keys in zip(every, view.calls_of(every), strict=True)}
        rarity = self._name_rarities([key for key in keys if called[key]], counts)
        reached = []
        for row, part in zip(rows, mentions, strict=True):
            found: dict[int, float] = {}
            for key in part:
                strength = rarity.get(key, 0.0) * (0.5 if self._is_asked(key) else 1.0)
                for target in targets[key]:
                    if target != row:
                        whole = first[target] == key
                        found[target] = max(found.get(target, 0.0), strength * (1.0 if whole else 0.8))
            reached.append(found)
        return reached

    def _rare(self, used: Iterable[str], counts: dict[str, int]) -> dict[str, float]:
        """The names that few passages use and the question does not, the heaviest first."""
        limit = max(_RARE_PASSAGES, self.around.size**0.4)
        rare = [(counts[name], name) for name in used if 2 <= counts[name] <= limit and not self._is_asked(name)]
        return {name: math.log(self.around.size / count) / self._log_size for count, name in sorted(rare)}

    def _shared(self, rows: Sequence[int], rare: Sequence[dict[str, float]]) -> list[dict[int, float]]:
        """For each row, the passages that use one of its rare names, by the rarest."""
        first = [dict(itertools.islice(part.items(), _FIRST_NAMES)) for part in rare]  # nearly always enough
        holders = self._holders({name for part in first for name in part})
        links = []
        for row, part in zip(rows, rare, strict=True):
            best: dict[int, float] = {}
            last = 0.0
            for name, weight in part.items():
                if len(best) >= _SHARED_ROWS and weight < last:
                    break
                if name not in holders:
                    holders |= self._holders(other for other in part if other not in holders)
                for at in holders[name]:
                    if at not in best:
                        best[at] = last = weight
            ids = self.around.view.ids[np.array(list(best), dtype=np.int64)].tolist()
            ranked = sorted(zip(best, ids, strict=True), key=lambda item: (-best[item[0]], item[1]))[:_SHARED_ROWS]
            links.append({at: best[at] for at, _ in ranked if at != row and best[at] > 0})
        return links

    def _holders(self, used: Iterable[str]) -> dict[str, list[int]]:
        """The rows that may be found and use each name."""
        allowed = self.around.allowed
        rows_by_name = self.around.view.keywords.rows_of(sorted(used), "names")
        return {name: rows[allowed[rows]].tolist() for name, rows in rows_by_name.items()}

    def _is_asked(self, key: str) -> bool:
        return f"_{key}_" in self._asked

    def _rarity(self, count: int) -> float:
        return math.log(1 + (self.around.size - count + 0.5) / (count + 0.5)) if count <= self.around.size else 0.0

    def _name_rarities(self, keys: Sequence[str], counts: dict[str, int]) -> dict[str, float]:
        """How rare each name is; one that is never used as a name is as rare as its rarest word."""
        unused = [key for key in keys if not counts[key]]
        words = self.around.view.keywords.frequencies({word for key in unused for word in key.split("_")})
        found = {}
        for key in keys:
            count = counts[key] or min(words[word] for word in key.split("_"))
            found[key] = max(0.0, math.log(self.around.size / max(count, 1)) / self._log_size)
        return found


_BIAS = -11.74
_WEIGHTS = PairFeatures(
    seed=1.75,
    second=1.39,
    titled=6.4,
    mentions=-1.99,
    shared=2.4,
    residual=5.24,
    joint=1.32,
    seed_asked=2.5,
    second_asked=2.95,
    titled_residual=-0.38,
    shared_residual=2.49,
)
"""Fitted to 300 questions that need two to four paragraphs; each fifth was predicted by the other four as well."""


def likelihood(features: Features) -> NDArray[np.float64]:
    """The probability that a pair answers together, by the logistic model; 0 where there is no pair."""
    probabilities: NDArray[np.float64] = np.zeros(features.shape[:-1])
    pairs = np.isfinite(features[..., 0])
    probabilities[pairs] = 1.0 / (1.0 + np.exp(-(_BIAS + features[pairs] @ np.array(_WEIGHTS))))
    return probabilities


@text_cache(4_096)
def _read(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The name keys of a text and its folded words."""
    return tuple(entities.names_in(text)), tuple(entities.words(text))


def _root(word: str) -> str:
    """What a word has in common with its stem, or the word itself where that says too little: study, studies: stud."""
    pairs = zip(word, stem(word), strict=False)
    common = "".join(ours for ours, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
    return common if len(common) >= _ROOT_CHARS else word
