"""Secrets never come back: keys are checked where they enter, and every form a server may echo is scrubbed."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.properties import examples
from workbench.core.errors import ConfigError
from workbench.core.secrets import SCRUBBED, Scrubber, Secrets, checked_key

KEY = "sk-proj-Ab3+/dE5fGh7iJk9LmN1oPq3RsT5uVw7XyZ"


@pytest.mark.parametrize("text", [f"{KEY}\n", f"  {KEY}\r\n", f'"{KEY}"', f"'{KEY}'\n", f"\ufeff{KEY}", f"{KEY}\t"])
def test_what_a_file_leaves_around_a_key_is_taken_off(text: str) -> None:
    assert checked_key(text, "OPENAI_API_KEY") == KEY


@pytest.mark.parametrize(
    ("inside", "named"),
    [
        ("\n", "a line end"),
        ("\r\n", "a line end"),
        ("\0", "U+0000"),
        ("\x1b", "U+001B"),
        ("é", "U+00E9"),
        ("\x7f", "U+007F"),
    ],
)
def test_a_key_that_no_header_can_carry_is_named_without_being_told(inside: str, named: str) -> None:
    with pytest.raises(ConfigError) as told:
        checked_key(KEY[:12] + inside + KEY[12:], "OPENAI_API_KEY")
    line = told.value.one_line()
    assert "OPENAI_API_KEY" in line
    assert named in line
    assert not any(KEY[start : start + 5] in line for start in range(len(KEY) - 5))


ECHOES = [
    KEY,
    f"Bearer {KEY}",
    quote(KEY, safe=""),
    quote(KEY, safe="").replace("%2B", "%2b"),
    json.dumps({"key": KEY}),
    json.dumps(KEY).replace("/", "\\/"),
    "".join(f"\\u{ord(sign):04X}" for sign in KEY),
    KEY.replace("+", "\\u002B"),
    KEY.replace("+", "&#43;").replace("/", "&#x2F;"),
    base64.b64encode(KEY.encode()).decode(),
    base64.b64encode(f"Bearer {KEY}".encode()).decode(),
    base64.urlsafe_b64encode(f":{KEY}".encode()).decode(),
    base64.b64encode(f"user:{KEY}\n".encode()).decode(),
    KEY.encode().hex(),
    KEY[:20],
    f"{KEY[:13]} (cut)",
    KEY[-20:],
    KEY[5:25],
    KEY.upper(),
    f"{KEY[:7]}***************{KEY[-4:]}",
    f"{KEY[:10]}…{KEY[-6:]}",
    f"{KEY[:12]}...{KEY[-3:]}",
    f"{KEY[:9]}...",
    f"{KEY[:4]}****",
    f"{KEY[:8]}xxxxxxxx",
    repr(f"Bearer {KEY}".encode()),
]


@pytest.mark.parametrize("echo", ECHOES)
def test_an_echo_is_scrubbed_in_every_form(echo: str) -> None:
    secrets = Secrets(KEY)
    text = secrets.scrub(f"Incorrect API key provided: {echo}. Ask again.")
    assert SCRUBBED in text
    assert text.startswith("Incorrect API key provided: ")
    assert text.endswith(" Ask again.")
    # What is left of it says nothing: the marks around it, and at most what stood before the key.
    hidden = (KEY, quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode(), KEY.encode().hex())
    assert not any(form[start : start + 9].lower() in text.lower() for form in hidden for start in range(len(form) - 8))
    assert KEY[-4:] not in text


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("size", [1, 2, 5, 13])
def test_an_echo_that_comes_in_pieces_is_scrubbed_as_the_whole_is(echo: str, size: int) -> None:
    secrets = Secrets(KEY)
    text = f"You sent {echo}, and the skeleton key is in the sk-proj folder... {echo}"
    scrubber = Scrubber(secrets)
    pieces = [scrubber.feed(text[start : start + size]) for start in range(0, len(text), size)]
    assert "".join([*pieces, scrubber.finish()]) == secrets.scrub(text)


@examples(100)
@given(
    st.lists(
        st.one_of(st.text(max_size=8), st.sampled_from(ECHOES), st.sampled_from([KEY[:5], "...", "**", "x"])),
        max_size=8,
    ),
    st.data(),
)
def test_pieces_say_the_same_as_the_whole(parts: list[str], data: st.DataObject) -> None:
    secrets, text = Secrets(KEY), "".join(parts)
    scrubber, shown, start = Scrubber(secrets), [], 0
    while start < len(text):
        size = data.draw(st.integers(1, 20))
        shown.append(scrubber.feed(text[start : start + size]))
        start += size
    assert "".join([*shown, scrubber.finish()]) == secrets.scrub(text)


def test_ordinary_text_is_shown_at_once_and_unchanged() -> None:
    text = "The keeper's log says that the skipper project was described in 1903... **Bold** xxx, sk-learn."
    scrubber = Scrubber(Secrets(KEY))
    held = 0
    shown = ""
    for number, sign in enumerate(text, 1):
        shown += scrubber.feed(sign)
        held = max(held, number - len(shown))
    assert shown + scrubber.finish() == text
    assert held <= 4


@pytest.mark.parametrize("key", ["", "ollama", "lm-studio", "no-key", "EMPTY", "sk-no-key-required", "none", "abc"])
def test_what_is_no_secret_may_be_said(key: str) -> None:
    assert Secrets(key).scrub(f"Ask {key} about the empty pier.") == f"Ask {key} about the empty pier."


def test_the_password_of_an_address_is_a_secret_too() -> None:
    in_query = Secrets.of_server("http://host/v1?api_key=Abc%2Fdef123456&api-version=2", "")
    assert in_query.scrub("no key Abc/def123456, nor Abc%2Fdef123456") == "no key [API key], nor [API key]"
    secrets = Secrets.of_server("http://keeper:tar%20andoakum@host/v1", "")
    assert secrets.scrub("no route to keeper:tar%20andoakum@host") == f"no route to keeper:{SCRUBBED}@host"
    assert secrets.scrub("bad password 'tar andoakum'") == f"bad password '{SCRUBBED}'"
