"""Common English words: they still match, with less weight. No word is ever dropped."""

from __future__ import annotations

_COMMON = """
    a about after all also an and any are as at be been before being between both but by can could did do does
    during each for from had has have he her his how i if in into is it its many me more most much my no nor not of on
    one or other our out over she so some such than that the their them then there these they this those through to
    under up was we were what when where which while who whom whose why will with would you your
"""
STOP_WORDS = frozenset(_COMMON.split())
