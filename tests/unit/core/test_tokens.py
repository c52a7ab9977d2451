"""Encodings are let go when nothing is counted, and counts are the same afterwards."""

from __future__ import annotations

import subprocess
import sys

import pytest

from workbench.core import tokens


def test_an_encoding_goes_only_when_it_is_idle_and_comes_back() -> None:
    text = "Clause 4.2 is hereby deleted and replaced."
    before = tokens.count_once(text)
    assert not tokens.release_idle(60.0)
    assert tokens.release_idle(0.0)
    assert not tokens.release_idle(0.0), "there is none any more"
    assert tokens.count_once(text) == before
    assert tokens.release_idle(0.0), "the one that was built anew can go too"


_WEIGH = """
from workbench.core import tokens
def own_mb():
    for line in open("/proc/self/status"):
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
tokens.count_once("a word")
held = own_mb()
tokens.release_idle(0.0)
print(held - own_mb())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_its_memory_goes_back_to_the_system() -> None:
    """The screen's process has to stay below 250 MB while a load runs: 41 MB of it came from here."""
    done = subprocess.run([sys.executable, "-c", _WEIGH], capture_output=True, text=True, check=True, timeout=60)
    assert float(done.stdout) > 25


def test_texts_are_counted_alike_without_it() -> None:
    """Some without it, then with one that was built anew."""
    texts = [
        "Clause 4.2 is hereby deleted, and replaced by 12,345.67 euros.",
        '{"type": "state", "time": "2026-12-01T03:10:57Z", "documents": 16}',
        "naïve Straße 日本語の本文 \U0001f469\u200d\U0001f680  \n\n\t  x",
        "a" * 900 + " " * 40 + "=" * 70,
        "one more",
        "and another",
    ]
    before = [tokens.count_once(text) for text in texts]
    assert tokens.release_idle(0.0)
    assert [tokens.count(text) for text in texts] == before


_PEAK = """
from workbench.core import tokens
def mb(row):
    for line in open("/proc/self/status"):
        if line.startswith(row):
            return int(line.split()[1]) / 1024
tokens.count_once("a word")
tokens.release_idle(0.0)
before = mb("VmRSS")
open("/proc/self/clear_refs", "w").write("5")
tokens.count("the state of a prompt after a load")
print(mb("VmHWM") - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_text_that_is_counted_without_it_takes_little() -> None:
    """What the end of a load has counted took 66 MB for a moment: the most that the screen's process ever had."""
    done = subprocess.run([sys.executable, "-c", _PEAK], capture_output=True, text=True, check=True, timeout=60)
    assert float(done.stdout) < 25
