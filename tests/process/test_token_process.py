"""Tokens counted in a process of its own: the same counts, no tables in this one, and a way on when that process is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from tests.support.processes import descendants
from workbench.core import tokens
from workbench.core.token_process import TokenProcess, counting_apart

TEXTS = [
    "",
    "The lease ends on 3 May 2031.",
    "灯台 المنارة 1891 \U0001f468\u200d\U0001f469",
    "a\ud800b\udc00",
    "x" * 30_000,
    "  \r\n\t",
]

pytestmark = pytest.mark.process


def test_the_counts_are_those_of_this_process() -> None:
    before = set(descendants(os.getpid()))
    with counting_apart():
        apart = [tokens.count(text) for text in TEXTS]
        (child,) = set(descendants(os.getpid())) - before
    assert apart == [tokens.count_here(text) for text in TEXTS]
    assert child not in descendants(os.getpid())


def test_this_process_builds_no_tables() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys\nfrom workbench.core import tokens\nfrom workbench.core.token_process import counting_apart\n"
            "with counting_apart():\n    tokens.prepare('o200k_base'); print(tokens.count('Who kept the light?'))\n"
            "    print('tiktoken' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == ["5", "False"]


def test_many_threads_get_their_own_counts_and_a_killed_process_is_done_without() -> None:
    before = set(descendants(os.getpid()))
    process, counted = TokenProcess(), dict[int, int]()

    def ask(number: int) -> None:
        counted[number] = process.count(tokens.USUAL, " a" * number)

    try:
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(1, 17)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert counted == {number: number for number in range(1, 17)}
        (child,) = set(descendants(os.getpid())) - before
        os.kill(child, signal.SIGKILL)
        assert process.count(tokens.USUAL, "Who kept the bell?") == 5
    finally:
        process.close()
