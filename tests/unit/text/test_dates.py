"""Days and months in any written form."""

from __future__ import annotations

import pytest

from workbench.text.dates import days, written_as


@pytest.mark.parametrize(
    ("question", "text", "read"),
    [
        ("What broke on 14 May 2041?", "14.05.2041 The crane broke.", "14 May 2041 The crane broke."),
        ("What broke on May 14th, 2041?", "On 2041-05-14 it broke.", "On May 14th, 2041 it broke."),
        ("Was brach am 14.05.2041?", "Am 14. Mai 2041 brach er.", "Am 14.05.2041 brach er."),
        ("What broke in May 2041?", "14/05/2041 It broke.", "May 2041 It broke."),
        ("What broke on 14 May 2041?", "15.05.2041 It broke.", "15.05.2041 It broke."),
        ("What broke on 14 May 2041?", "In May 2041 it broke.", "In May 2041 it broke."),
        ("What broke?", "14.05.2041 It broke.", "14.05.2041 It broke."),
    ],
)
def test_a_text_is_read_with_the_days_as_the_question_writes_them(question: str, text: str, read: str) -> None:
    assert written_as(question, text) == read


def test_a_day_that_may_be_two_is_none() -> None:
    assert days("on 14 May 2041 and 2041-06-01") == [("14 May 2041", "2041-05-14"), ("2041-06-01", "2041-06-01")]
    assert days("on 05/06/2041") == []
