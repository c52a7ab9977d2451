"""The doctor: an engine comes in, one verdict a part comes out, each with what to do when it is bad."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from workbench import __version__
from workbench.core import paths
from workbench.core.errors import WorkbenchError
from workbench.core.tokens import count
from workbench.services.container import AppContext


@dataclass(frozen=True)
class Check:
    """One part and how it is."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def checks(engine: AppContext, *, offline: bool = False) -> Iterator[Check]:
    """Every part by turns; nothing is fetched. `offline` leaves the model's server alone."""
    yield Check("version", True, f"memgpt-workbench {__version__}")
    yield Check("database", True, f"{engine.database.file} ({engine.database.file.stat().st_size:,} bytes)")
    yield Check("settings", True, str(engine.paths.settings_file))
    yield _try("tokens", lambda: f"{count('The quick brown fox.')} tokens counted offline")
    yield _try("embedder", lambda: _embed(engine))
    yield _try("search index", lambda: _index(engine))
    samples = paths.samples()
    there = (samples / "questions.json").is_file()
    yield Check("samples", there, str(samples), "" if there else "Reinstall memgpt-workbench.")
    yield _try("model", lambda: _model(engine, offline))


def _embed(engine: AppContext) -> str:
    started = time.monotonic()
    vectors = engine.embed_queries(["Where is the light?"])
    return f"{engine.embedder.model_id}, {vectors.shape[1]} dimensions, ready in {time.monotonic() - started:.1f} s"


def _index(engine: AppContext) -> str:
    status = engine.search.measured()
    allowed = f"of {status.budget_bytes / 1e6:,.0f} MB allowed (index_memory_mb)"
    held = f"{status.passages:,} passages in {status.bytes / 1e6:,.0f} MB {allowed}"
    if status.fits:
        return f"{held}; all sources together would take {status.wanted_bytes / 1e6:,.0f} MB"
    return f"{held}; all sources would take {status.wanted_bytes / 1e6:,.0f} MB: together they are searched in the database"


def _model(engine: AppContext, offline: bool) -> str:
    settings = engine.settings
    if settings.uses_reader:
        hint = " (OPENAI_API_KEY is set: choose a model with --model to use it)" if settings.api_key else ""
        return f"the embedded extractive reader{hint}"
    if offline:
        return f"{settings.model or 'first listed'} at {settings.base_url or 'OpenAI'}, not asked"
    from workbench.models.openai.listing import ANY_MODEL, first_model

    listed = first_model(settings.base_url, settings.api_key) if settings.base_url else ""
    return f"{settings.model or listed} at {settings.base_url or 'OpenAI'}" + (
        ", which lists no models" if listed == ANY_MODEL else ""
    )


def _try(name: str, probe: Callable[[], str]) -> Check:
    try:
        return Check(name, True, probe())
    except WorkbenchError as error:
        return Check(name, False, error.message, error.hint)
    except Exception as error:
        return Check(name, False, f"{type(error).__name__}: {error}", "Reinstall memgpt-workbench.")
