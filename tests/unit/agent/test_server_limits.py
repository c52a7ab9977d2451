"""The window after a refusal, and servers that read less than they are sent."""

from __future__ import annotations

import pytest

from workbench.agent.loop import joined
from workbench.agent.server_limits import TruncationWatch, refit, told
from workbench.core.errors import ModelOverflow
from workbench.core.settings import Settings
from workbench.models.base import Usage

SETTINGS = Settings(model="gpt-4o", window_tokens=8_192)


@pytest.mark.parametrize(
    ("numbers", "sent", "window"),
    [
        ({"limit_tokens": 4_097, "requested_tokens": 4_305}, 4_000, 4_097),
        ({"limit_tokens": 4_096}, 3_000, 4_096),
        ({"over_tokens": 1_000}, 5_000, 5_024),
        ({}, 4_000, 3_516),
        ({"limit_tokens": 131_072}, 4_000, 3_516),
        ({"limit_tokens": 2_048}, 4_000, 2_048),
    ],
)
def test_the_window_is_what_the_server_names_or_smaller_than_what_it_refused(
    numbers: dict[str, int], sent: int, window: int
) -> None:
    overflow = ModelOverflow("too long", **numbers)  # type: ignore[arg-type]
    made = refit(SETTINGS, overflow, sent)
    assert made.settings.window_tokens == window
    assert made.factor is None
    assert f"{window:,}" in told(SETTINGS, made.settings, overflow)


def test_the_right_window_with_smaller_tokens_is_learnt_as_a_factor() -> None:
    made = refit(SETTINGS, ModelOverflow("too long", limit_tokens=8_192, requested_tokens=9_000), 6_000)
    assert made.settings.window_tokens == 8_192
    assert made.factor == 1.5


@pytest.mark.parametrize("limit", [512, 2_047])
def test_a_server_that_is_too_small_is_told_so(limit: int) -> None:
    with pytest.raises(ModelOverflow) as caught:
        refit(SETTINGS, ModelOverflow("too long", limit_tokens=limit), 4_000)
    assert "2,048" in caught.value.hint
    smallest = Settings(model="gpt-4o", window_tokens=2_048)
    with pytest.raises(ModelOverflow):
        refit(smallest, ModelOverflow("too long"), 1_500)


def test_a_reserve_of_ones_own_fits_the_smaller_window() -> None:
    made = refit(Settings(window_tokens=8_192, reserve_tokens=4_000), ModelOverflow("x", limit_tokens=4_096), 4_000)
    assert made.settings.reserve == 1_024


def test_one_low_usage_says_nothing_and_several_are_told_once() -> None:
    watch = TruncationWatch()
    assert watch.see(4_000, Usage(500, 1)) is None
    assert watch.see(4_100, Usage(4_000, 1)) is None
    assert watch.see(4_200, Usage(500, 1)) is None
    cut = watch.see(4_400, Usage(500, 1))
    assert cut is not None
    assert "500" in cut.message
    assert cut.window_tokens is None, "no window that works is that small"
    assert watch.see(4_600, Usage(500, 1)) is None


def test_what_is_always_read_is_the_window_there_is() -> None:
    watch = TruncationWatch()
    assert watch.see(5_000, Usage(2_048, 1)) is None
    cut = watch.see(5_500, Usage(2_050, 1))
    assert cut is not None
    assert cut.window_tokens == 2_342
    assert Settings(window_tokens=cut.window_tokens).usable_tokens <= 2_100


def test_what_was_cached_is_no_truncation() -> None:
    watch = TruncationWatch()
    for counted in (4_000, 4_400, 4_800):
        assert watch.see(counted, Usage(700, 1, 3_500)) is None


@pytest.mark.parametrize(
    ("begun", "rest", "whole"),
    [
        ("", "All.", "All."),
        ("The light was", " kept.", "The light was kept."),
        ("The light was", "kept.", "The light was kept."),
        ("The light was kept by", "The light was kept by Alda.", "The light was kept by Alda."),
        ("The light was", "The light was", "The light was"),
        (
            "The light was kept by Alda Marner",
            "kept by Alda Marner for years.",
            "The light was kept by Alda Marner for years.",
        ),
    ],
)
def test_a_text_that_was_cut_goes_on(begun: str, rest: str, whole: str) -> None:
    assert joined(begun, rest) == whole
