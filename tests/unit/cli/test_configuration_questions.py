"""`workbench configure` asks for server, key, model and window, and hands on what it was told as settings."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import pytest

from tests.support.model_server import ModelServer
from workbench.cli.configuration_questions import ask
from workbench.core import keys
from workbench.core.errors import ConfigError, UsageError
from workbench.core.settings import Settings
from workbench.models.openai import discovery


def chosen(**given: object) -> argparse.Namespace:
    plain = {"ask": True, "key": False, "show": False, "json": False, "changes": [], "probe": False}
    return argparse.Namespace(**{**plain, **given})


def answers(*lines: str) -> Callable[[str], str]:
    said: Iterator[str] = iter(lines)
    return lambda question: next(said)


def test_a_local_server_is_asked_for_its_models_and_no_key_is_wanted() -> None:
    with ModelServer([], models=("text-embedding-x", "qwen3-8b", "gemma3")) as server:
        got = chosen()
        ask(got, Settings(), read=answers(server.url, "2", "16,384"), read_key=answers(), ports=())
    assert got.changes == [f"base_url={server.url}", "model=gemma3", "window_tokens=16384"]
    assert got.probe


def test_the_reader_needs_no_more_questions() -> None:
    got = chosen()
    ask(got, Settings(), read=answers("1"), read_key=answers(), ports=())
    assert got.changes == ["base_url=", "model=reader"]


def test_a_window_that_is_too_small_and_a_number_that_is_not_there_are_asked_again() -> None:
    with ModelServer([], models=("qwen3-8b",)) as server:
        got = chosen()
        ask(got, Settings(), read=answers("9", server.url, "", "100", ""), read_key=answers(), ports=())
    assert got.changes[1:] == ["model=", "window_tokens=8192"]


@pytest.mark.parametrize(("yes", "changes"), [("y", ["api_key=sk-typed"]), ("", [])])
def test_a_key_goes_into_the_keyring_else_with_a_yes_into_the_file(
    monkeypatch: pytest.MonkeyPatch, yes: str, changes: list[str]
) -> None:
    kept: list[tuple[str, str]] = []
    monkeypatch.setattr(keys, "keep", lambda url, key: kept.append((url, key)))
    got = chosen(key=True)
    ask(got, Settings(base_url="https://api.example/v1"), read=answers(), read_key=answers("sk-typed"))
    assert kept == [("https://api.example/v1", "sk-typed")]
    assert got.changes == ["api_key=keyring"]

    def no_keyring(url: str, key: str) -> None:
        raise ConfigError("This system has no keyring that can be used.")

    monkeypatch.setattr(keys, "keep", no_keyring)
    got = chosen(key=True)
    ask(got, Settings(), read=answers(yes), read_key=answers("sk-typed"))
    assert got.changes == changes


def test_a_new_server_is_asked_for_its_models_with_its_own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, asked = {"old.example": "sk-old"}, list[tuple[str, str]]()

    def listing(url: str, key: str) -> discovery.Listing:
        asked.append((url, key))
        return discovery.Listing("server", False, "it is down")

    monkeypatch.setattr(keys, "keep", lambda url, key: kept.update({keys.entry_name(url): key}))
    monkeypatch.setattr(keys, "key_of", lambda settings: kept[keys.entry_name(settings.base_url)])
    monkeypatch.setattr(discovery, "ask", listing)
    before = Settings(base_url="https://old.example/v1", api_key="keyring")
    ask(chosen(), before, read=answers("https://new.example/v1", "m", ""), read_key=answers("sk-new"), ports=())
    assert asked == [("https://new.example/v1", "sk-new")]


def test_nothing_is_asked_where_settings_are_given_or_only_shown() -> None:
    for given in ({"ask": False, "changes": ["model=x"]}, {"ask": False, "show": True}, {"ask": False, "json": True}):
        got = chosen(**given)
        ask(got, Settings(), read=answers(), read_key=answers())
        assert got.changes == given.get("changes", [])


def test_questions_that_end_in_the_middle_write_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    got = chosen()
    with pytest.raises(UsageError, match="not answered to the end"):
        ask(got, Settings(), read_key=answers(), ports=())
    assert got.changes == []
