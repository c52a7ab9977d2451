"""Profiles of property tests: the same bounded examples in the gate, ever new and many more of them at night."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

NIGHTLY_FACTOR = 50
"""How many times the examples of the gate a nightly run tries."""

_GATE = settings(
    derandomize=True,       # the same examples every time: a red gate is the fault of the change that it judges
    database=None,
    deadline=None,          # a busy machine is no finding
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
_NIGHTLY = settings(_GATE, derandomize=False)

settings.register_profile("gate", _GATE)
settings.register_profile("nightly", _NIGHTLY, max_examples=_GATE.max_examples * NIGHTLY_FACTOR)


def examples(count: int, *, shrink: bool = True) -> settings:
    """Decorates a property that tries so many examples in the gate, and NIGHTLY_FACTOR times as many at night.

    Without `shrink` the gate shows a failing example as it was drawn: where an example is a whole session, making it
    smaller took minutes. At night it is made smaller always.
    """
    if settings.get_current_profile_name() == "nightly":
        return settings(max_examples=count * NIGHTLY_FACTOR)
    phases = [phase for phase in Phase if shrink or phase not in (Phase.shrink, Phase.explain)]
    return settings(max_examples=count, phases=phases)
