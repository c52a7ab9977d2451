"""Secrets in web addresses: what is hidden, what is not, and that nothing of them is kept, shown or sent elsewhere."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from loaders import fetch, fetched, web_secrets
from loaders.document import LoadError
from loaders.web_origin import WebOrigin

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://h/a?token=abc", "https://h/a?token=***"),
        ("https://h/a?page=2&access_token=abc&x=1", "https://h/a?page=2&access_token=***&x=1"),
        ("https://h/a?accessToken=abc", "https://h/a?accessToken=***"),
        ("https://h/a?api_key=abc&API-KEY=d&apikey=e", "https://h/a?api_key=***&API-KEY=***&apikey=***"),
        ("https://h/a?X-Amz-Date=2&X-Amz-Signature=ab&X-Amz-Credential=q", "https://h/a?X-Amz-Date=2&X-Amz-Signature=***&X-Amz-Credential=***"),
        ("https://h/a?sv=1&sig=ab%2Fc%3D", "https://h/a?sv=1&sig=***"),
        ("https://h/a?%74oken=abc", "https://h/a?%74oken=***"),
        ("https://h/a;jsessionid=F00BA4/b?x=1", "https://h/a;jsessionid=***/b?x=1"),
        ("https://h/a?PHPSESSID=abc;password=x", "https://h/a?PHPSESSID=***;password=***"),
        ("https://h/a?key=AIzaSyA1234567890abcdefghijklmnopqrstuv", "https://h/a?key=***"),
        ("https://h/a?key=a8f5f167f44f4964e6c998dee827110c", "https://h/a?key=***"),
        (f"https://h/a?q={JWT}", "https://h/a?q=***"),
        ("https://h/a?x=ghp_abcdefghijklmnopqrstuvwxyz0123456789", "https://h/a?x=***"),
        ("https://me:secret@h/a", "https://***@h/a"),
        ("https://ghp_abc@h/a?token=b", "https://***@h/a?token=***"),
        ("https://h/a?token=a/b?c", "https://h/a?token=***"),
        ("HTTPS://me:p@h", "HTTPS://***@h"),
    ],
)  # fmt: skip
def test_secrets_are_hidden(address: str, shown: str) -> None:
    assert web_secrets.shown(address) == shown
    assert web_secrets.shown(shown) == shown


@pytest.mark.parametrize(
    "address",
    [
        "https://h/a?key=annual-report-2019-of-the-harbour", "https://h/a?code=DE", "https://h/a?session=2021",
        "https://h/list?pageToken=CAUQAA&next_token=abc", "https://h/a?tokens=5&author=x&secretary=y&signal=1", "https://h/a?q=token=",
        "https://h/tokens/about?x", "https://h/a?token=", "https://h/@me/b",
    ],
)  # fmt: skip
def test_what_is_no_secret_stays(address: str) -> None:
    assert web_secrets.shown(address) == address
    assert web_secrets.hidden_names(address) == []


def test_the_names_of_what_is_missing_are_known_of_a_kept_address() -> None:
    kept = web_secrets.shown("https://h/a?key=a8f5f167f44f4964e6c998dee827110c&x=1&token=q")
    assert web_secrets.hidden_names(kept) == ["key", "token"]


class Asked:
    """Takes the place of the network and remembers what it was asked for."""

    def __init__(self, *answers: fetch.Fetched | LoadError) -> None:
        self.urls: list[str] = []
        self._answers = list(answers)

    def __call__(self, url: str, **_: object) -> fetch.Fetched:
        self.urls.append(url)
        answer = self._answers.pop(0)
        if isinstance(answer, LoadError):
            raise answer
        return answer


def test_the_whole_address_is_fetched_and_none_of_its_secrets_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = fetch.Fetched("https://store/x?X-Amz-Signature=other-s3cret", b"<p>The lamp.</p>", {"etag": "1"})
    asked = Asked(page)
    monkeypatch.setattr(fetch, "fetch", asked)
    origin = WebOrigin("https://h/a?token=s3cret-word&x=1", tmp_path)
    (found,) = origin.found(threading.Event())
    assert asked.urls == ["https://h/a?token=s3cret-word&x=1"]
    assert found.relative == origin.key == origin.name == "https://h/a?token=***&x=1"
    assert "s3cret" not in repr(origin)
    assert len(list(tmp_path.iterdir())) == 2
    for file in tmp_path.iterdir():
        assert b"s3cret" not in file.read_bytes()
    metadata = fetched.load(found.path).metadata
    assert metadata["redirected_to"] == "https://store/x?X-Amz-Signature=***"


def test_a_new_token_is_not_another_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [fetch.Fetched("https://h/a", b"<p>The lamp.</p>"), fetch.Fetched("https://h/a", b"<p>The rope.</p>")]
    monkeypatch.setattr(fetch, "fetch", Asked(*pages))
    first, second = (
        next(iter(WebOrigin(f"https://h/a?token={word}", tmp_path).found(threading.Event()))) for word in ("one", "two")
    )
    assert (first.path, first.relative) == (second.path, second.relative)


def test_an_address_whose_secret_is_gone_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked()
    monkeypatch.setattr(fetch, "fetch", asked)
    with pytest.raises(LoadError, match="needs what stood at token=, which is kept nowhere"):
        list(WebOrigin("https://h/a?token=***", tmp_path).found(threading.Event()))
    assert asked.urls == []


def test_a_server_that_echoes_the_secret_in_its_refusal_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = LoadError("the server answers 401 no such token a/b-c", "Log in.")
    monkeypatch.setattr(fetch, "fetch", Asked(refusal))
    with pytest.raises(LoadError, match=r"the server answers 401 no such token \*\*\*"):
        list(WebOrigin("https://h/a?token=a%2Fb-c", tmp_path).found(threading.Event()))
