"""Nested look-ups: a model that does only what results tell it reaches the end of every chain; without true totals it does not."""

from __future__ import annotations

import json
import random
import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_lookup import accuracy, as_memgpt
from tests.support.model_replies import Reply
from tests.support.model_server import ModelServer
from workbench.core.errors import UsageError
from workbench.core.settings import READER, Settings
from workbench.evaluation import experiment, nested_kv
from workbench.evaluation.nested_kv import WORDINGS, Chain, chains, is_right

pytestmark = pytest.mark.usefixtures("word_embedder")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty pairs, and orderings for nesting 0 and 1."""
    draw = random.Random(5)
    pairs = [[str(uuid.UUID(int=draw.getrandbits(128))) for _ in range(2)] for _ in range(40)]
    home = tmp_path / "kv-pairs"
    home.mkdir()
    (home / "pairs.jsonl").write_text(json.dumps({"ordered_kv_records": pairs}) + "\n")
    (home / "levels_1.jsonl").write_text("[7]\n[9]\n")
    (home / "levels_2.jsonl").write_text("[3, 5]\n[39, 0]\n")
    return home


def test_chains_follow_the_orderings_and_are_drawn_beyond(folder: Path) -> None:
    found = chains(folder, 2)
    assert [(chain.nesting, chain.number) for chain in found] == [(n, k) for n in range(10) for k in range(2)]
    assert found == chains(folder, 2)
    pairs = json.loads((folder / "pairs.jsonl").read_text())["ordered_kv_records"]
    assert (found[0].key, found[0].value) == tuple(pairs[7])
    assert (found[3].key, found[3].value) == (pairs[39][0], pairs[0][1])
    for chain in found:
        links, at = dict(chain.pairs), chain.key
        for _ in range(chain.nesting + 1):
            at = links[at]
        assert at == chain.value
        assert at not in links


@pytest.mark.nightly
@pytest.mark.parametrize(
    "wording",
    [pytest.param(one, marks=[pytest.mark.nightly] if one is not WORDINGS[0] else [], id=one.name) for one in WORDINGS],
)
def test_who_does_what_results_say_finds_every_end(folder: Path, tmp_path: Path, wording: Any) -> None:
    assert set(accuracy(chains(folder, 1), wording, tmp_path / "home").values()) == {1.0}


def test_true_totals_are_what_finds_it_in_a_crowd(folder: Path, tmp_path: Path) -> None:
    some = [chain for chain in chains(folder, 1) if chain.nesting in (0, 1, 3)]
    with_totals = accuracy(some, WORDINGS[0], tmp_path / "one", crowded=True)
    without = accuracy(some, WORDINGS[0], tmp_path / "two", crowded=True, worded=as_memgpt)
    assert with_totals == {0: 1.0, 1: 1.0, 3: 1.0}
    assert without == {0: 0.0, 1: 0.0, 3: 0.0}


@pytest.mark.nightly
def test_the_reader_finds_every_end_in_either_wording(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested_kv, "SAMPLES", 1)
    rows = list(experiment.run(experiment.Plan("nested-kv", folder), Settings(model=READER)))
    result = rows[-1]
    assert result["questions"] == len(rows) - 1 == 20
    assert result["arms"]["reader"]["right"] == 1.0
    assert list(result["groups"]["reader"]) == [f"nesting {n}" for n in range(10)]
    assert all(row["right"] and row["steps"] <= 14 for row in rows[:-1])


def test_a_fixed_context_holds_the_pairs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested_kv, "SAMPLES", 1)

    def follows(body: Any) -> Reply:
        content = body["messages"][0]["content"]
        pairs = dict(re.findall(r"key = (\S+), value = (\S+)", content))
        at = re.findall(r"for the key (\S+)\?", content)[0]
        while at in pairs:
            at = pairs[at]
        return Reply(content=at)

    monkeypatch.setattr(nested_kv, "WORDINGS", WORDINGS[:1])
    with ModelServer(follows) as server:
        settings = Settings(model="scripted", base_url=server.url)
        plan = experiment.Plan("nested-kv", folder, ("fixed",), (("window_tokens", ("4096", "2048")),))
        arms = list(experiment.run(plan, settings))[-1]["arms"]
    # 40 pairs of some 50 tokens: all fit 4,096, not 2,048.
    assert arms["fixed[window_tokens=4096]"]["right"] == 1
    assert 0 < arms["fixed[window_tokens=2048]"]["right"] < 1


def test_a_wrong_answer_is_counted_as_wrong() -> None:
    one, two = (str(uuid.UUID(int=n)) for n in (1, 2))
    chain = Chain(0, 0, one, two, ((one, two),))
    assert is_right(f"It is {one}, then {two}.", chain)
    assert not is_right(f"It is {two}, then {one}.", chain)
    assert not is_right("Not found in the documents.", chain)


def test_no_code_and_no_prompt_knows_the_phrase() -> None:
    root = Path(nested_kv.__file__).parents[1]
    for file in [*root.rglob("*.py"), *root.rglob("*.txt")]:
        if "evaluation" not in file.parts:
            text = file.read_text(encoding="utf-8")
            assert not re.search(r"key-value pair|\blockers?\b", text, re.IGNORECASE), file


def test_a_folder_without_pairs_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no key-value pairs"):
        list(experiment.run(experiment.Plan("nested-kv", tmp_path), Settings(model=READER)))
