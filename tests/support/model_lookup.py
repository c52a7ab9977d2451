"""A scripted model for nested look-ups that does only what the functions' texts tell it, and the table that it gives.

    python -m tests.support.model_lookup DIR [SAMPLES]

prints accuracy by nesting for a folder of pairs and orderings: with true totals, and with results worded as MemGPT worded them.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.model_replies import Reply, calls, says
from tests.support.model_scripts import hits, last_result, question_of
from tests.support.model_server import ModelServer
from workbench.core.paths import locate
from workbench.core.settings import Settings
from workbench.evaluation.nested_kv import DEEPEST, WORDINGS, Chain, Records, Wording, chains, is_right
from workbench.services.session import Session

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHOWING = re.compile(r"^Showing (\d+) of (\d+) results \(page (\d+)/(\d+)\)")


def as_memgpt(result: str) -> str:
    """A result in MemGPT's own words: every total was the size of the page, and no next call was given."""
    found = _SHOWING.match(result)
    if not found:
        return result
    lines = [line for line in result.split("\n")[1:] if not line.startswith(("Next: ", "No more results."))]
    return "\n".join([f"Showing {found[1]} of {found[1]} results (page 0/0):", *lines])


class Looker:
    """Searches the identifier of the question and then each value; asks for the next page when a total says there is one.

    It stops by the paper's rule: the value turns up as nobody's key. `worded` changes results before it reads them.
    """

    def __init__(self, worded: Callable[[str], str] = str) -> None:
        self._worded = worded
        self._question = ""

    def __call__(self, body: Mapping[str, Any]) -> Reply:
        asked = question_of(body)
        if asked != self._question:
            self._question = asked
            self._at, self._page, self._record = _UUID.search(asked).group(), 0, ""  # type: ignore[union-attr]
            return self._search()
        result = self._worded(last_result(body))
        for hit in hits(result):
            text = " ".join(hit.text.split())
            named = _UUID.findall(text)
            if named == [self._at, named[-1]]:
                self._at, self._page, self._record = named[-1], 0, f'"{text}" [{hit.handle}]'
                return self._search()
        shown = _SHOWING.match(result)
        if shown and int(shown[3]) < int(shown[4]):
            self._page += 1
            return self._search()
        return says(self._record or "Not found in the documents.")

    def _search(self) -> Reply:
        return calls("archival_memory_search", query=self._at, page=self._page, request_heartbeat=True)


def crowd(chain: Chain, copies: int = 12) -> list[str]:
    """Records that name each identifier of the chain more often than its own pair does, so that they come first."""
    links = dict(chain.pairs)
    path = [chain.key]
    while path[-1] in links:
        path.append(links[path[-1]])
    return [f"Round {n}: {name} seen. {name} sealed. {name} signed." for name in path[:-1] for n in range(copies)]


def accuracy(
    found: Sequence[Chain], wording: Wording, home: Path, *, worded: Callable[[str], str] = str, crowded: bool = False
) -> dict[int, float]:
    """Accuracy by nesting of the scripted model over HTTP, in a window of 4,096 with 10 results a page."""
    right: dict[int, list[bool]] = {}
    with ModelServer(Looker(worded)) as server:
        settings = Settings(
            model="scripted", base_url=server.url, window_tokens=4_096, preset="lookup", page_hits=10, read_ahead=False
        )
        with Session(settings, locate(home)) as session:
            records = Records(session, wording)
            for chain in found:
                text, _ = records.ask(chain, crowd(chain) if crowded else ())
                right.setdefault(chain.nesting, []).append(is_right(text, chain))
    return {nesting: sum(values) / len(values) for nesting, values in right.items()}


def main(folder: Path, samples: int) -> None:
    """Print the table."""
    found = chains(folder, samples)
    print(
        f"accuracy at nesting           {'  '.join(f'{n:>4}' for n in range(DEEPEST + 1))}   ({samples} questions each)"
    )
    for wording in WORDINGS:
        for crowded in (False, True):
            for name, worded in (("true totals", str), ("MemGPT's words", as_memgpt)):
                with tempfile.TemporaryDirectory() as home:
                    shares = accuracy(found, wording, Path(home), worded=worded, crowded=crowded)
                label = f"{wording.name}{' crowded' if crowded else ''}, {name}"
                print(f"{label:<30}{'  '.join(f'{shares[n]:4.2f}' for n in sorted(shares))}", flush=True)


if __name__ == "__main__":
    print(json.dumps({"data": sys.argv[1]}))
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3)
