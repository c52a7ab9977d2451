"""Measures what a model's vectors are like: their length, what its cosines mean, and one vector by which it is recognised.

Twelve questions and the sentences that answer them: the mean cosine of a question with its own answer, and of one with all
others, say where a model's scale begins and how far it reaches: 0.61 and 0.02 for all-MiniLM-L6-v2, 0.85 and 0.72 for
multilingual-e5-small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.embedding.client import Embedder

PROBE = "The keeper of the lighthouse wrote down every ship that passed before the storm."
"""Embedded as a passage; a model is recognised by its vector. Never changed."""

SAME_COSINE = 0.995
"""Two vectors of PROBE at least so near are of one model: servers round, and weights of eight bits come this near."""

PAIRS = (
    ("When was the bridge over the river opened?", "The river bridge was opened to traffic in May 1931."),
    (
        "Who wrote the novel about the whale?",
        "Herman Melville is the author of Moby-Dick, a novel about a white whale.",
    ),
    ("How much did the company earn last year?", "Revenue for the fiscal year was 4.2 billion dollars."),
    (
        "What does the patient take against the pain?",
        "She was prescribed ibuprofen, 400 mg three times a day, for pain.",
    ),
    ("Which plants grow in the shade?", "Ferns and hostas thrive in shady corners of a garden."),
    ("Why was the train late?", "A signal failure delayed the train by forty minutes."),
    ("How is the password reset?", "Click “Forgot password” and follow the link to choose a new one."),
    ("Where do penguins live?", "Penguins are found almost only in the Southern Hemisphere, many in Antarctica."),
    ("What is the notice period of the lease?", "Either party may end the tenancy by giving three months' notice."),
    ("How long must the bread bake?", "Bake the loaf for 45 minutes at 220 degrees."),
    ("What makes the sky blue?", "Air scatters short wavelengths more than long ones, so the sky looks blue."),
    ("Who won the final?", "Uruguay beat Argentina 4-2 to win the championship match."),
)


@dataclass(frozen=True)
class Measured:
    """What was found; `normalised`: the vectors came with length 1, before the client made them so."""

    probe: np.ndarray
    normalised: bool
    unrelated: float
    related: float

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""
        return len(self.probe)


def measure(embedder: Embedder) -> Measured:
    """Embed the probe and the pairs. Raises EmbedderError."""
    passages = embedder.embed([PROBE, *(answer for _, answer in PAIRS)], kind="passage")
    queries = embedder.embed([question for question, _ in PAIRS], kind="query")
    cosines = queries @ passages[1:].T
    own = np.eye(len(PAIRS), dtype=bool)
    came = bool(getattr(embedder, "came_normalised", True))
    return Measured(passages[0], came, float(cosines[~own].mean()), float(cosines[own].mean()))


def is_same(probe: np.ndarray, known: Sequence[float]) -> bool:
    """Whether two vectors of PROBE are of one model."""
    return len(probe) == len(known) and float(probe @ np.array(known, np.float32)) >= SAME_COSINE
