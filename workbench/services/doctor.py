"""Checks the installation part by part, each with what to do when it does not work."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench import __version__
from workbench.api.rendering import plural
from workbench.core import paths
from workbench.core.embedding_spec import read_spec
from workbench.core.errors import WorkbenchError
from workbench.core.secrets import without_password
from workbench.core.server_profile import BAD, ServerProfile
from workbench.core.settings import Settings
from workbench.core.tokens import count
from workbench.services import offline_proof
from workbench.services.container import AppContext
from workbench.storage.verification import verified

if TYPE_CHECKING:
    from workbench.storage.postgres.archive import PostgresArchive


@dataclass(frozen=True)
class Check:
    """One part of the installation: whether it works, and what to do when it does not."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def checks(app: AppContext, settings: Settings, *, storage: bool = False) -> Iterator[Check]:
    """Check every part of this machine in turn; nothing is downloaded. `storage` reads all of the database."""
    yield Check("version", True, f"memgpt-workbench {__version__}")
    yield _database(app)
    if (shared := app.shared) is not None:
        yield _try("shared archive", lambda: _shared_archive(shared))
    if storage:
        yield from storage_checks(app)
    yield Check("settings", True, str(app.paths.settings_file))
    yield _try("token counts", _token_counts)
    yield _try("embedder", lambda: _embed(app))
    yield from _other_embedders(app, settings)
    yield _try("search index", lambda: _index(app))
    samples = paths.samples()
    there = (samples / "questions.json").is_file()
    yield Check("samples", there, str(samples), "" if there else "Reinstall memgpt-workbench.")
    if settings.uses_reader:
        hint = " (OPENAI_API_KEY is set: choose a model with --model to use it)" if settings.api_key else ""
        yield Check("model", True, f"the embedded extractive reader{hint}")


def offline_checks(settings: Settings) -> Iterator[Check]:
    """What needs no network: the model's server is not asked, and the default is proved to work with every way out refused."""
    if not settings.uses_reader:
        yield Check(
            "model",
            True,
            f"{settings.model or 'first listed'} at {without_password(settings.base_url) or 'OpenAI'}, not asked",
        )
    proof = offline_proof.prove()
    tried = f"; refused: {', '.join(proof.attempts[:5])}" if proof.attempts else "; nothing tried to reach it"
    if proof.answered and not proof.attempts:
        yield Check("without network", True, f"a sample was loaded and the reader answered{tried}")
    elif proof.answered:
        yield Check(
            "without network", False, f"the reader answered{tried}", "Something wants to reach the network: report it."
        )
    else:
        yield Check(
            "without network", False, f"the reader did not answer ({proof.error}){tried}", "See the log; report it."
        )


def server_check(settings: Settings, profile: ServerProfile) -> Check:
    """The configured server as one line: whether it can be asked, and why not."""
    name = profile.model or settings.model or "no model"
    if not profile.reachable:
        remedy = "Start the server, correct OPENAI_BASE_URL, or use the built-in reader (--model reader)."
        return Check("model", False, f"{profile.url} is not reachable: {profile.reason}.", remedy)
    failed = next((one for one in profile.findings if one.aspect == "reply" and one.state == BAD), None)
    if failed is not None:
        return Check("model", False, f"{name} at {profile.url} does not answer: {failed.found}")
    listed = "" if profile.models else ", which lists no models"
    return Check("model", True, f"{name} at {profile.url}{listed}")


def _database(app: AppContext) -> Check:
    database = app.database
    detail = f"{database.file} ({database.file.stat().st_size:,} bytes)"
    return Check("database", not database.damage, f"{detail} {database.damage}".strip())


def _shared_archive(shared: PostgresArchive) -> str:
    rows = shared.sources()
    documents, passages = sum(row.documents for row in rows), sum(row.passages for row in rows)
    return f"{shared.server.address}, {len(rows):,} sources, {documents:,} documents, {passages:,} passages"


def storage_checks(app: AppContext) -> Iterator[Check]:
    """Reads every block of the database, and compares counts, hashes, links and what should belong to something."""
    for finding in verified(app.database, shared=app.shared is not None):
        yield Check(f"storage: {finding.what}", not finding.wrong, finding.detail, finding.remedy)


def _embed(app: AppContext) -> str:
    started = time.monotonic()
    vectors = app.embed_queries(["Where is the light?"])
    ready = time.monotonic() - started
    return f"{app.embedder.model_id} works here, {vectors.shape[1]} numbers a passage, ready in {ready:.1f} s"


def _other_embedders(app: AppContext, settings: Settings) -> Iterator[Check]:
    """The embedding model of the settings, and those that sources have: each is asked for one vector."""
    spec = read_spec(settings.embedding_model)
    if spec.kind != "minilm":
        yield _try(f"embedding model {spec}", lambda: f"vectors of {app.embedders.probed(spec, settings)} numbers")
    for name, model in app.archive.models.all().items():
        sources = [row.name for row in app.archive.sources() if name in app.archive.models.in_source(row.id)]
        if sources:
            yield _try(
                f"embeddings of {', '.join(sources)}", functools.partial(_checked, app, settings, name, model.address)
            )


def _checked(app: AppContext, settings: Settings, name: str, address: str) -> str:
    app.embedders.of(name, settings).check()
    return f"{name} ({address}) answers as it did"


def _index(app: AppContext) -> str:
    if app.shared is not None:
        return "in the shared archive's database"
    status = app.search.measured()
    allowed = f"the {_megabytes(status.budget_bytes)} allowed (index_memory_mb)"
    passages = sum(row.passages for row in app.archive.sources(notes=True))
    if not passages:
        return f"nothing is loaded yet; it may take {allowed.removeprefix('the ')}"
    size = f"{plural(passages, 'passage')} of all sources, {_megabytes(status.wanted_bytes)} in memory"
    if status.fits:
        return f"{size} once they are searched, within {allowed}"
    return f"{size}, more than {allowed}: together they are searched in the database"


def _megabytes(size_bytes: int) -> str:
    """A size as people read it: small ones are not rounded to nothing."""
    size = size_bytes / 1e6
    if 0 < size < _SMALLEST_MB:
        return f"less than {_SMALLEST_MB} MB"
    return f"{size:,.1f} MB" if 0 < size < 10 else f"{size:,.0f} MB"


_SMALLEST_MB = 0.1


def _token_counts() -> str:
    count("The quick brown fox.")
    return "made on this machine, without a network"


def _try(name: str, probe: Callable[[], str]) -> Check:
    try:
        return Check(name, True, probe())
    except WorkbenchError as error:
        return Check(name, False, error.message, error.hint)
    except Exception as error:
        return Check(name, False, f"{type(error).__name__}: {error}", "Reinstall memgpt-workbench.")
