"""Fits the answer scorer of the extractive reader on public question sets and writes its weights with what they were fitted on.

    python -m workbench.evaluation.fit_answer_scorer --work FOLDER [--write] [--unseen FOLD FILE] NAME=PATH …

Splits are by document: all questions about a document, in every language, are fitted on or measured on, never both. For
each question there is a second one whose documents are taken out of the results, and for those of a single fact a third
whose answering sentences are taken out of their passages: nothing in sight answers them. Out-of-fold probabilities are
what the confidence is calibrated on; `--leave-out` also measures each set with scorers that never saw it.
`--unseen` writes weights that never saw a fold, for whole sessions about its documents (tests/benchmarks/answer_table.py).
Needs scikit-learn; the reader itself does not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from workbench.api.results import Hit
from workbench.evaluation.answer_retrieval import KeptVectors, retrieved
from workbench.evaluation.answer_sets import AnswerQuestion, AnswerSet, holds, read_answer_sets
from workbench.models.extractive import answer_scorer
from workbench.models.extractive.answer_priors import adjusted
from workbench.models.extractive.answer_ranking import Ranking
from workbench.models.extractive.answer_scorer import SIGNALS, signals
from workbench.models.extractive.features import FEATURES_VERSION, NAMES, Asked, Candidate, candidates, matrix

FOLDS = 3
PAGE_HITS = 5
KEPT_NEGATIVES = 0.25
"""Of the sentences far from the question so many are fitted on, each counting for the others."""

NEAR_NEGATIVES = 8
GAP_WEIGHT = 0.2
"""What a question counts whose passage is there without its answering sentence: a hard case, and a rare one."""

GAP_SHARE = 0.08
"""The same for the confidence, which has to be right for what people ask."""

SET_WEIGHTS = {"nq": 4.0, "lnq": 2.0}
"""What the questions of a set count. XQuAD asks the same 826 questions in four languages, in whole sentences; nq-open is alone in
asking as people type, so it counts as much as those four: out of fold its quotes hold 92 % instead of 89 %, XQuAD's the same within two
points, HotpotQA's, which is answered by chains, 35 instead of 41. "lnq" are a hundred questions about whole web pages."""

TREES = {"max_iter": 150, "learning_rate": 0.08, "max_leaf_nodes": 10, "min_samples_leaf": 30, "l2_regularization": 5.0,
         "max_features": 0.3, "early_stopping": False, "random_state": 0}  # fmt: skip
LICENCES = {
    "nq": "Natural Questions, CC BY-SA 3.0 (selection: Lost in the Middle, MIT)",
    "en": "XQuAD, CC BY-SA 4.0", "de": "XQuAD, CC BY-SA 4.0", "es": "XQuAD, CC BY-SA 4.0", "zh": "XQuAD, CC BY-SA 4.0",
    "hot": "HotpotQA, CC BY-SA 4.0 (selection: HippoRAG, MIT)",
    "mus": "MuSiQue, CC BY 4.0 (selection: HippoRAG, MIT)",
    "lnq": "Natural Questions, CC BY-SA 3.0 (selection: L-Eval)",
}  # fmt: skip
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Instance:
    """A question with what is in sight: features, which sentences hold the answer (`right`), and which hold its words

    anywhere (`loose`). `answerable` is False where its documents were taken out, or, with `gap`, its sentences alone.
    """

    set: str
    fold: int
    answerable: bool
    hops: int
    asked: Asked
    found: tuple[Candidate, ...]
    rows: Array
    right: Array
    loose: Array
    gap: bool = False

    @property
    def group(self) -> str:
        """The set, and which kind of question it is there."""
        return f"{self.set}, sentence left out" if self.gap else self.set


def instances(name: str, found: AnswerSet, folder: Path, most: int = 10**9) -> list[Instance]:
    """All questions of a set as instances, each with and without its documents."""
    shown = retrieved(found, folder, most)
    vectors = KeptVectors(folder / f"{name}.vec.npz")
    made: list[Instance] = []
    for number, question in enumerate(found.questions[:most]):
        asked = Asked(question.text)
        for answerable in (True, False):
            hits = [one for one in shown[question.id] if answerable or one.document not in question.documents][
                :PAGE_HITS
            ]
            instance = _instance(name, question, asked, hits, vectors, answerable)
            if instance is None or (not answerable and instance.loose.any()):
                continue
            made.append(instance)
            if answerable and question.hops == 1 and instance.right.any() and number % _gaps(name) == 0:
                gone = [one.text for one, held in zip(instance.found, instance.loose, strict=True) if held]
                rest = [replace(one, text=_without(one.text, gone)) for one in hits]
                gap = _instance(name, question, asked, [one for one in rest if one.text], vectors, answerable=False)
                if gap is not None and not gap.loose.any():
                    made.append(replace(gap, gap=True))
    vectors.close()
    return made


def _gaps(name: str) -> int:
    """Every how manyth question of a set is also asked with its sentences left out: XQuAD asks the same in every language."""
    return 1 if name in ("nq", "en", "lnq") else 4


def _without(text: str, gone: Sequence[str]) -> str:
    for sentence in sorted(gone, key=len, reverse=True):
        text = text.replace(sentence, "")
    return text.strip()


def _instance(
    name: str,
    question: AnswerQuestion,
    asked: Asked,
    hits: Sequence[Hit],
    vectors: KeptVectors,
    answerable: bool,
) -> Instance | None:
    passages = {f"#a{at}": replace(one, handle=f"#a{at}") for at, one in enumerate(hits)}
    found = candidates(passages, {handle: at for at, handle in enumerate(passages)})
    if not found:
        return None
    loose = np.array([holds(one.text, question.answers) for one in found])
    evidence = _unspaced(question.evidence)
    right = np.array([
        bool(held) and one.document in question.documents and (not evidence or _unspaced(one.text)[:_OPENING] in evidence)
        for one, held in zip(found, loose, strict=True)
    ])  # fmt: skip
    rows = matrix(asked, found, vectors).astype(np.float32)
    return Instance(name, fold_of(question), answerable, question.hops, asked, tuple(found), rows, right, loose)


def fold_of(question: AnswerQuestion) -> int:
    """The fold of a question: that of its first document, which is the same in every language."""
    document = min(question.documents, default="")
    return int(hashlib.sha1(document.encode()).hexdigest(), 16) % FOLDS


def _unspaced(text: str) -> str:
    return re.sub(r"\s+", "", text)


_OPENING = 40
"""So many letters of a sentence say where it stands."""


def fit_trees(fitted_on: Sequence[Instance]) -> Any:
    """Boosted trees over the sentences of instances; every question counts the same, every set by the root of its size."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    random = np.random.default_rng(0)
    sizes: dict[str, int] = {}
    for one in fitted_on:
        sizes[one.set] = sizes.get(one.set, 0) + 1
    rows, labels, weights = [], [], []
    like = NAMES.index("like_context")
    for one in fitted_on:
        near = np.zeros(len(one.rows), bool)
        near[np.argsort(-one.rows[:, like])[:NEAR_NEGATIVES]] = True
        sampled = random.random(len(one.rows)) < KEPT_NEGATIVES
        chosen = (one.right | near | sampled) & ~(one.loose & ~one.right)
        weight = np.where(one.right | near, 1.0, 1.0 / KEPT_NEGATIVES)
        weight *= (1.0 if one.answerable else GAP_WEIGHT if one.gap else 0.5) / len(one.rows) / sizes[one.set] ** 0.5
        weight *= SET_WEIGHTS.get(one.set, 1.0)
        rows.append(one.rows[chosen])
        labels.append(one.right[chosen])
        weights.append(weight[chosen])
    scale = np.concatenate(weights)
    model = HistGradientBoostingClassifier(**TREES)
    model.fit(np.concatenate(rows), np.concatenate(labels), sample_weight=scale / scale.mean())
    return model


def trees_as_json(model: Any) -> tuple[float, list[dict[str, list[Any]]]]:
    """The baseline and the trees of a fitted model as plain lists."""
    trees: list[dict[str, list[Any]]] = []
    for stage in model._predictors:
        nodes = stage[0].nodes
        inner = nodes["is_leaf"] == 0
        trees.append({
            "feature": [int(value) for value in np.where(inner, nodes["feature_idx"], 0)],
            "threshold": [float(f"{value:.6g}") for value in np.where(inner, nodes["num_threshold"], 0.0)],
            "left": [int(value) for value in np.where(inner, nodes["left"], 0)],
            "right": [int(value) for value in np.where(inner, nodes["right"], 0)],
            "value": [float(f"{value:.5g}") for value in np.where(inner, 0.0, nodes["value"])],
        })  # fmt: skip
    return float(np.ravel(model._baseline_prediction)[0]), trees


def ranking(one: Instance, probabilities: Array, confidence: float = 0.0) -> Ranking:
    """An instance as the reader would rank it: what no weight should outweigh is counted in, as it is there."""
    given = zip(one.found, one.rows, probabilities, strict=True)
    values = np.round([adjusted(one.asked, found, row, round(float(value), 4)) for found, row, value in given], 4)
    order = sorted(range(len(values)), key=lambda at: (-values[at], one.found[at].rank, at))
    return Ranking(
        one.asked,
        tuple(one.found[at] for at in order),
        tuple(float(values[at]) for at in order),
        one.rows[order],
        confidence,
    )


@dataclass(frozen=True)
class Answered:
    """What the reader would quote for an instance, and whether that is right; `signals` are what its confidence is made of."""

    instance: Instance
    first: bool
    quoted: bool
    quotes: int
    chars: int
    signals: list[float]


def answered(one: Instance, probabilities: Array) -> Answered:
    """Quote an instance as the reader does and compare with the sentences that hold the answer."""
    ranked = ranking(one, probabilities)
    quotes = ranked.quotes()
    holding = {candidate.text for candidate, held in zip(one.found, one.loose, strict=True) if held}
    hits = [any(text in quote.text for text in holding) for quote in quotes]
    made = signals(ranked.probabilities, [float(value) for value in ranked.rows[0]])
    return Answered(one, hits[0], any(hits), len(quotes), sum(len(quote.text) for quote in quotes), made)


def fit_confidence(outcomes: Sequence[Answered], *, one_passage: bool = True) -> tuple[list[float], float]:
    """Weights and intercept of the logistic that says how likely the quotes of an answer are right.

    With `one_passage` fitted on questions of a single fact alone: where two passages answer together no quote holds the answer,
    however alike it is, and the reader goes by chains. With HotpotQA among them the confidence in answers to the others was too low
    by .01 to .12, without it by .01 to .06; without it, though, a question of two hops looks answered by its first.
    """
    from sklearn.linear_model import LogisticRegression

    if one_passage:
        outcomes = [one for one in outcomes if one.instance.hops == 1]
    rows = np.array([one.signals for one in outcomes])
    centre, spread = rows.mean(0), rows.std(0) + 1e-6
    sizes: dict[tuple[str, bool], int] = {}
    for one in outcomes:
        key = one.instance.group, one.instance.answerable
        sizes[key] = sizes.get(key, 0) + 1
    weights = [
        sizes[one.instance.group, one.instance.answerable] ** -0.5 * (GAP_SHARE if one.instance.gap else 1.0)
        for one in outcomes
    ]
    model = LogisticRegression(C=0.3, max_iter=2000)
    model.fit(
        (rows - centre) / spread,
        [one.quoted and one.instance.answerable for one in outcomes],
        sample_weight=np.array(weights) / np.mean(weights),
    )
    slopes = model.coef_[0] / spread
    return [float(value) for value in slopes], float(model.intercept_[0] - (slopes * centre).sum())


def confidence(one: Answered, weights: Sequence[float], intercept: float) -> float:
    """The confidence in an answer."""
    total = intercept + float(np.dot(weights, one.signals))
    return round(float(1.0 / (1.0 + np.exp(-np.clip(total, -30, 30)))), 4)


def calibration_error(confidences: Array, right: Array, bins: int = 10) -> float:
    """Expected calibration error: the mean distance of confidence and share right over bins of equal width."""
    places = np.minimum((confidences * bins).astype(int), bins - 1)
    return float(sum(
        (places == at).mean() * abs(confidences[places == at].mean() - right[places == at].mean())
        for at in range(bins) if (places == at).any()
    ))  # fmt: skip


def table(
    outcomes: Sequence[Answered], confidences: Sequence[float], stated: Sequence[float], threshold: float
) -> dict[str, dict[str, float]]:
    """For each set: answered, right, first, unanswerable refused, quotes and characters an answer; and how far what is stated of
    the answers given is off: the calibration error, and how much too high (or, below 0, too low) it is in the mean."""
    found: dict[str, dict[str, float]] = {}
    values, told = np.array(confidences), np.array(stated)
    for name in dict.fromkeys(one.instance.group for one in outcomes):
        mine = [at for at, one in enumerate(outcomes) if one.instance.group == name]
        good = [at for at in mine if outcomes[at].instance.answerable]
        none = [at for at in mine if not outcomes[at].instance.answerable]
        given = [at for at in good if values[at] >= threshold]
        said = [at for at in mine if values[at] >= threshold]
        right = np.array([outcomes[at].quoted and outcomes[at].instance.answerable for at in said])
        found[name] = {
            "questions": len(good), "unanswerable": len(none), "answered": len(given) / max(1, len(good)),
            "quoted": sum(outcomes[at].quoted for at in given) / max(1, len(good)),
            "first": sum(outcomes[at].first for at in given) / max(1, len(good)),
            "refused": float(np.mean(values[none] < threshold)) if none else 0.0,
            "calibration": calibration_error(told[said], right) if said else 0.0,
            "too sure": float(told[said].mean() - right.mean()) if said else 0.0,
            "quotes": sum(outcomes[at].quotes for at in good) / max(1, len(good)),
            "chars": sum(outcomes[at].chars for at in good) / max(1, len(good)),
            "quoted if all answered": sum(outcomes[at].quoted for at in good) / max(1, len(good)),
        }  # fmt: skip
    return found


def coverage(outcomes: Sequence[Answered], confidences: Sequence[float]) -> dict[str, list[tuple[float, float]]]:
    """For each set, risk against coverage: (share of answerable questions answered, share of answers given that are wrong)."""
    found: dict[str, list[tuple[float, float]]] = {}
    for name in dict.fromkeys(one.instance.set for one in outcomes):
        mine = [at for at, one in enumerate(outcomes) if one.instance.set == name and not one.instance.gap]
        good = sum(outcomes[at].instance.answerable for at in mine)
        curve = []
        for threshold in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
            given = [at for at in mine if confidences[at] >= threshold]
            wrong = sum(not (outcomes[at].quoted and outcomes[at].instance.answerable) for at in given)
            share = sum(outcomes[at].instance.answerable for at in given) / max(1, good)
            curve.append((round(share, 3), round(wrong / max(1, len(given)), 3)))
        found[name] = curve
    return found


def out_of_fold(every: Sequence[Instance], held_out: Sequence[Any]) -> list[Answered]:
    """Answers of scorers that never saw the instance's document, or set: `held_out` gives the part of each instance."""
    outcomes: list[Answered | None] = [None] * len(every)
    for part in sorted(set(held_out), key=str):
        model = fit_trees([one for one, key in zip(every, held_out, strict=True) if key != part])
        mine = [at for at, key in enumerate(held_out) if key == part]
        values = model.predict_proba(np.concatenate([every[at].rows for at in mine]))[:, 1]
        start = 0
        for at in mine:
            outcomes[at] = answered(every[at], values[start : start + len(every[at].rows)])
            start += len(every[at].rows)
        print(f"held out {part}", flush=True)
    return [one for one in outcomes if one is not None]


def cross_fitted(outcomes: Sequence[Answered], parts: Sequence[Any], *, one_passage: bool = False) -> list[float]:
    """Confidences of weights that never saw the part an outcome is in (see fit_confidence)."""
    values = [0.0] * len(outcomes)
    for part in set(parts):
        fitted_on = [one for one, key in zip(outcomes, parts, strict=True) if key != part]
        weights, intercept = fit_confidence(fitted_on, one_passage=one_passage)
        for at, key in enumerate(parts):
            if key == part:
                values[at] = confidence(outcomes[at], weights, intercept)
    return values


def show(title: str, rows: dict[str, dict[str, float]]) -> None:
    """Print a table."""
    print(title)
    for name, row in rows.items():
        print(
            f"  {name:5}",
            "  ".join(
                f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}" for key, value in row.items()
            ),
        )


def main() -> None:
    """Fit, measure and, with --write, replace the weights that ship."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", metavar="NAME=PATH")
    parser.add_argument("--work", type=Path, required=True, help="folder for results of searches and embeddings")
    parser.add_argument("--most", type=int, default=10**9, help="questions of each set")
    parser.add_argument("--write", action="store_true", help="write the weights into the package")
    parser.add_argument(
        "--unseen", nargs=2, metavar=("FOLD", "FILE"), help="write weights that never saw a fold (0, 1 or 2)"
    )
    parser.add_argument("--leave-out", action="store_true", help="also measure each set with scorers that never saw it")
    parser.add_argument("--threshold", type=float, default=0.5, help="from which confidence on an answer is given")
    given = parser.parse_args()
    every: list[Instance] = []
    for item in given.sets:
        name, _, path = item.partition("=")
        every += instances(name, read_answer_sets(Path(path)), given.work, given.most)
        print(f"{name}: {len(every)} instances so far", flush=True)
    folds = [one.fold for one in every]
    outcomes = out_of_fold(every, folds)
    values = cross_fitted(outcomes, folds)
    show("Split by document", table(outcomes, values, cross_fitted(outcomes, folds, one_passage=True), given.threshold))
    print(json.dumps(coverage(outcomes, values)))
    if given.leave_out:
        family = ["xquad" if one.set in ("en", "de", "es", "zh") else one.set for one in every]
        others = out_of_fold(every, family)
        stated = cross_fitted(others, family, one_passage=True)
        show("Each set left out in turn", table(others, cross_fitted(others, family), stated, given.threshold))
    if given.write:
        write(every, outcomes, given.threshold, Path(answer_scorer.__file__).with_name("answer_scorer.json"))
    if given.unseen:
        fold, file = int(given.unseen[0]), Path(given.unseen[1])
        seen = [one for one in every if one.fold != fold]
        write(seen, [one for one in outcomes if one.instance.fold != fold], given.threshold, file)


def write(every: Sequence[Instance], outcomes: Sequence[Answered], threshold: float, file: Path) -> None:
    """Fit on all of these instances, calibrate on these outcomes, and write the weights."""
    baseline, trees = trees_as_json(fit_trees(every))
    logistics = {
        key: {"signals": list(SIGNALS), "weights": [float(f"{one:.6g}") for one in weights], "intercept": float(f"{intercept:.6g}")}
        for key, (weights, intercept) in (
            ("answer", fit_confidence(outcomes, one_passage=False)), ("stated", fit_confidence(outcomes))
        )
    }  # fmt: skip
    names = list(dict.fromkeys(one.set for one in every))
    data: dict[str, Any] = {
        "about": "Weights of the extractive reader's answer scorer; made by workbench/evaluation/fit_answer_scorer.py.",
        "fitted_on": {name: LICENCES.get(name, "see the set") for name in names},
        "licence": "Numbers fitted on the sets named; they hold no text of them.",
        "questions": {name: sum(one.set == name and one.answerable for one in every) for name in names},
        "features_version": FEATURES_VERSION, "features": list(NAMES), "baseline": float(f"{baseline:.6g}"), "trees": trees,
        **logistics,
        "thresholds": {"answer": threshold, "nearest": 0.03, "settled": 0.7},
    }  # fmt: skip
    digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:8]
    data["version"] = f"{FEATURES_VERSION}-{digest}"
    file.write_text(json.dumps(data, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{file.name}: {file.stat().st_size:,} bytes, version {data['version']}")


if __name__ == "__main__":
    main()
