"""Chooses the embedding model of each source, keeps those that are in use, and explains what does not fit together.

A source remembers its model: what is loaded into it later is embedded by the same one, whatever the settings say by then.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from workbench.core.embedding_spec import EmbedderSpec, read_spec
from workbench.core.errors import EmbedderError, WorkbenchError
from workbench.core.keys import embedding_key_of
from workbench.core.settings import Settings
from workbench.embedding.client import ChosenEmbedder, Embedder, Kind, OnWait
from workbench.storage.archive import Models
from workbench.storage.embedding_models import BUILT_IN, EmbeddingModel

if TYPE_CHECKING:
    import numpy as np

    from workbench.retrieval.index.mixed_vectors import ModelQuery

OPENAI_URL = "https://api.openai.com/v1"
_QUERY_SECONDS = 15.0
"""A question does not wait longer than this for an embedding server; its passages are then found by their words."""

_REST_SECONDS = 30.0
"""A model that failed is not asked by a query again before so much time has passed."""

_PACKAGE_NAMES = {"e5": "multilingual-e5-small (4 bit)", "minilm-int8": "all-MiniLM-L6-v2 (8 bit)"}

log = logging.getLogger(__name__)


def admit(models: Models, setting: str) -> None:
    """Raises ArchiveError where an archive refuses the model that a setting names, and ConfigError where it names none."""
    spec = read_spec(setting)
    if spec.kind != "minilm":
        models.admit(str(spec))


class _Stoppable(Embedder, Protocol):
    """An embedder that holds a worker or connections."""

    def stop(self) -> None: ...
    def forget(self) -> None: ...


class AnotherModelError(EmbedderError):
    """A registered model gives other vectors than it gave before."""


class CheckedEmbedder:
    """The embedder of a registered model; before its first use it is asked whether it still is that model."""

    def __init__(self, model: EmbeddingModel, inner: _Stoppable) -> None:
        self.model_id, self.dimensions = model.name, model.dimensions
        self._model, self._inner = model, inner
        self._is_right = False
        self._lock = threading.Lock()

    def embed(
        self,
        texts: Sequence[str],
        *,
        kind: Kind = "passage",
        exact: bool | None = None,
        cancel: threading.Event | None = None,
        on_done: Callable[[int], None] | None = None,
    ) -> np.ndarray:
        """See embedding.client.Embedder. Raises AnotherModelError too."""
        self.check(waited_for=kind == "query")
        return self._inner.embed(texts, kind=kind, exact=exact, cancel=cancel, on_done=on_done)

    def check(self, *, waited_for: bool = False) -> None:
        """Raises AnotherModelError where it is not the model that was registered, EmbedderError where it does not answer.

        `waited_for`: a person waits for it, and not long.
        """
        with self._lock:
            if self._is_right:
                return
            from workbench.embedding.calibration import PROBE, is_same

            found = self._inner.embed([PROBE], kind="passage", exact=waited_for)[0]
            if is_same(found, self._model.probe):
                self._is_right = True
                return
        changed = "other vectors than it gave before"
        if len(found) != self.dimensions:
            changed = f"vectors of {len(found)} numbers where it gave {self.dimensions}"
        raise AnotherModelError(
            f"The embedding model {self._model.name} ({self._model.address}) gives {changed}: it is another model now.",
            "Put that model back, or embed its sources again: workbench reembed SOURCE.",
        )

    def stop(self) -> None:
        """End its worker or close its connections."""
        self._inner.stop()

    def forget(self) -> None:
        """Keep no text of what was embedded."""
        self._inner.forget()


class EmbedderPool:
    """The embedders of the registered models. Any thread may call; each starts when it first embeds."""

    def __init__(self, models: Models, settings: Settings, log_file: Path, on_wait: OnWait | None = None) -> None:
        self._models, self._settings, self._log_file, self._on_wait = models, settings, log_file, on_wait
        self._open: dict[str, CheckedEmbedder] = {}
        self._failed: dict[str, float] = {}
        self._lock = threading.Lock()

    # -- which model ------------------------------------------------------------------------------------------------

    def resolve(self, text: str, settings: Settings | None = None) -> str:
        """The name of the model that a setting names, registered if it is new; BUILT_IN for the built-in one.

        A model that is new here is asked for its vectors of a few fixed texts. One that gives the vectors of a model that is
        known is that model, at another address. Raises ConfigError, EmbedderError, and ArchiveError where the archive admits none.
        """
        settings = settings or self._settings
        spec = self._complete(read_spec(text), settings)
        if spec.kind == "minilm":
            return BUILT_IN
        self._models.admit(str(spec))
        newest_first = sorted(self._models.all().values(), key=lambda model: -model.id)
        for model in newest_first:
            if model.address == str(spec):
                with contextlib.suppress(AnotherModelError):
                    self.of(model.name, settings).check()
                    return model.name
        return self._registered(spec, settings, newest_first)

    def _registered(self, spec: EmbedderSpec, settings: Settings, known: Sequence[EmbeddingModel]) -> str:
        """The name of the model with these vectors: one of those that are known, now asked here, or a new one."""
        from workbench.embedding.calibration import is_same, measure

        inner = self._made(spec, settings)
        try:
            found = measure(inner)
        finally:
            inner.stop()
        for model in known:
            if read_spec(model.address).kind == spec.kind and is_same(found.probe, model.probe):
                self._models.move(model.name, str(spec))
                self._let_go(model.name)
                return model.name
        given = EmbeddingModel(
            0, self._free_name(spec), str(spec), found.dimensions, found.normalised, tuple(map(float, found.probe)),
            found.unrelated, found.related,
        )  # fmt: skip
        return self._models.add(given).name

    def _free_name(self, spec: EmbedderSpec) -> str:
        stem = _PACKAGE_NAMES.get(spec.model, Path(spec.model).name if spec.kind != "openai" else spec.model)
        taken, number, name = self._models.all(), 2, stem
        while name in taken:
            name, number = f"{stem} ({number})", number + 1
        return name

    def probed(self, spec: EmbedderSpec, settings: Settings) -> int:
        """How many numbers a vector of a model has; nothing is registered. Raises EmbedderError, ConfigError."""
        from workbench.embedding.calibration import PROBE

        inner = self._made(self._complete(spec, settings), settings)
        try:
            return len(inner.embed([PROBE], kind="passage")[0])
        finally:
            inner.stop()

    def is_named(self, spec: EmbedderSpec, address: str, settings: Settings) -> bool:
        """Whether a setting names the model that is asked at an address."""
        return str(self._complete(spec, settings)) == address

    # -- what embeds --------------------------------------------------------------------------------------------------

    def of(self, name: str, settings: Settings | None = None) -> CheckedEmbedder:
        """The embedder of a registered model. Raises EmbedderError where it cannot be made, ConfigError for its key."""
        model = self._models.all().get(name)
        if model is None:
            raise EmbedderError(
                f"There is no embedding model {name!r} here.", "Embed the source again: workbench reembed SOURCE."
            )
        with self._lock:
            if name not in self._open:
                settings = settings or self._settings
                self._open[name] = CheckedEmbedder(model, self._made(self._with_secrets(model, settings), settings))
            return self._open[name]

    def query(self, model: str, text: str) -> ModelQuery | None:
        """See retrieval.service.OtherModels."""
        from workbench.retrieval.index.mixed_vectors import ModelQuery, Scale

        if self.fails(model):
            return None
        known = self._models.all().get(model)
        if known is None:
            return None
        try:
            vector = self.of(model).embed([text], kind="query")[0]
        except WorkbenchError as error:
            log.warning("A query was not embedded: %s", error.message)
            self._failed[model] = time.monotonic()
            return None
        self._failed.pop(model, None)
        return ModelQuery(vector, Scale(known.unrelated, known.related))

    def fails(self, model: str) -> bool:
        """See retrieval.service.OtherModels."""
        return time.monotonic() - self._failed.get(model, float("-inf")) < _REST_SECONDS

    def forget(self) -> None:
        """Keep no text of what was embedded."""
        for embedder in list(self._open.values()):
            embedder.forget()

    def stop(self) -> None:
        """End the workers and close the connections."""
        for name in list(self._open):
            self._let_go(name)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _let_go(self, name: str) -> None:
        with self._lock:
            embedder = self._open.pop(name, None)
        if embedder is not None:
            embedder.stop()

    def _complete(self, spec: EmbedderSpec, settings: Settings) -> EmbedderSpec:
        """With the address of the server, where the settings leave it open; a folder by its whole path."""
        if spec.kind == "openai" and not spec.base_url:
            return EmbedderSpec("openai", spec.model, settings.base_url or OPENAI_URL)
        if spec.kind == "sentence-transformers" and (folder := Path(spec.model).expanduser()).is_dir():
            return EmbedderSpec(spec.kind, str(folder.absolute()))
        return spec

    def _with_secrets(self, model: EmbeddingModel, settings: Settings) -> EmbedderSpec:
        """How a registered model is asked: what the settings say of the same address may hold a password, the database not."""
        spec = self._complete(read_spec(settings.embedding_model), settings)
        return spec if str(spec) == model.address else read_spec(model.address)

    def _made(self, spec: EmbedderSpec, settings: Settings) -> _Stoppable:
        if spec.kind != "openai":
            return ChosenEmbedder(spec, log_file=self._log_file, on_wait=self._on_wait)
        from workbench.models.openai.embeddings import EmbeddingServer

        key = embedding_key_of(settings, spec.base_url)
        return EmbeddingServer(spec.model, spec.base_url, key, query_seconds=_QUERY_SECONDS, on_wait=self._on_wait)
