"""Keeps what was found out about model servers, and fits settings and requests to it."""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.core import private_file
from workbench.core.server_profile import ServerProfile
from workbench.core.settings import SMALLEST_WINDOW_TOKENS, Settings
from workbench.models.openai import discovery, probe
from workbench.models.openai.client import OPENAI_URL
from workbench.models.openai.retry import Learnt

_MOST_PROFILES = 50


class ServerProfiles:
    """The profiles of servers in a file of the home, the last one that was made of each model. Thread-safe."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._known: dict[str, ServerProfile] | None = None

    def get(self, base_url: str, model: str) -> ServerProfile | None:
        """What is known of a model of a server; None where it was never asked."""
        with self._lock:
            return self._read().get(_key(discovery.shown_url(base_url or OPENAI_URL), model))

    def all(self) -> list[ServerProfile]:
        """All that is known, the oldest first."""
        with self._lock:
            return list(self._read().values())

    def keep(self, profile: ServerProfile) -> None:
        """Remember a profile. A file that cannot be written is no failure: it is found out again."""
        with self._lock:
            known = self._read()
            known.pop(_key(profile.url, profile.model), None)
            known[_key(profile.url, profile.model)] = profile
            for oldest in list(known)[:-_MOST_PROFILES]:
                del known[oldest]
            text = json.dumps([item.dump() for item in known.values()], ensure_ascii=False, indent=1)
            with contextlib.suppress(OSError):
                private_file.write(self._file, text)

    def _read(self) -> dict[str, ServerProfile]:
        if self._known is None:
            self._known = {}
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
                for value in json.loads(self._file.read_text(encoding="utf-8")):
                    profile = ServerProfile.load(value)
                    self._known[_key(profile.url, profile.model)] = profile
        return self._known


def _key(url: str, model: str) -> str:
    return f"{url} {model}"


def learnt(settings: Settings, profile: ServerProfile | None) -> Learnt:
    """How requests are made from the first one on: as the settings say, else as the server was found to want them."""
    known = probe.load(profile) if profile else Learnt()
    shape = dict(known.shape)
    if settings.server_api != "auto":
        shape["wire"] = settings.server_api
    if settings.function_calls != "auto":
        shape["functions"] = settings.function_calls
    return Learnt(known.repairs, shape)


def fitted(settings: Settings, profile: ServerProfile | None) -> Settings:
    """The settings with a window that the server is known to have."""
    context = profile.context_tokens if profile else None
    if context is None or context >= settings.window_tokens or context < SMALLEST_WINDOW_TOKENS:
        return settings
    return replace(settings, window_tokens=context, reserve_tokens=min(settings.reserve_tokens, context // 4))


@dataclass(frozen=True)
class Fit:
    """How an agent fits its model, in sentences; `notable` where the window was lowered or is tight."""

    words: tuple[str, ...]
    notable: bool


def fit_words(settings: Settings, wanted_window: int, fixed_tokens: int, profile: ServerProfile | None) -> Fit:
    """Whether an agent fits its model, in sentences: the server's context, and what a window has room for.

    `wanted_window` is the window that was asked for, `settings.window_tokens` the one in force; `fixed_tokens` is what
    instructions, functions and state take.
    """
    said: list[str] = []
    window, context = settings.window_tokens, profile.context_tokens if profile else None
    if window < wanted_window and context:
        how = "measured" if profile and profile.measured_tokens else "as it says"
        said.append(
            f"The server has a context of {context:,} tokens ({how}): the window is {window:,} instead of {wanted_window:,}."
        )
    if context and context < SMALLEST_WINDOW_TOKENS:
        said.append(
            f"The server has a context of {context:,} tokens, and the smallest that works is {SMALLEST_WINDOW_TOKENS:,}: start "
            "it with a larger one (num_ctx, --ctx-size)."
        )
    room = settings.usable_tokens - fixed_tokens
    page = int(window * settings.page_share)
    pages = max(0, room // max(1, page))
    fits = (
        f"Instructions and functions take ~{fixed_tokens:,} of {window:,} tokens, the reply up to {settings.reserve:,}"
    )
    if pages < 2:
        said.append(
            f"{fits}: there is room for {max(0, room):,}, less than two pages of results. Use a larger window: --window."
        )
    else:
        said.append(f"{fits}: there is room for about {pages} pages of results.")
    if profile is None:
        said.append("What the server really takes is not known yet: workbench doctor finds it out.")
    elif context and context >= 2 * wanted_window:
        said.append(
            f"The server has {context:,} tokens: a larger window holds more, for example --window {_larger(context)}."
        )
    return Fit(tuple(said), window < wanted_window or pages < 2 or bool(context and context < SMALLEST_WINDOW_TOKENS))


def _larger(context: int) -> int:
    return next(size for size in (131_072, 65_536, 32_768, 16_384, 8_192, 4_096) if size <= context)
