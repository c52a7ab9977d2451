"""Embeds a source again with another model, while the vectors it has go on serving."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from workbench.api.events import LoadProgress, Reembedded
from workbench.core.errors import UsageError
from workbench.core.settings import Settings
from workbench.core.worker_process import CancelledError
from workbench.services.container import AppContext
from workbench.storage.documents import NOTES_PREFIX
from workbench.storage.embedding_models import BUILT_IN

_BATCH_PASSAGES = 96


def reembed(
    app: AppContext, source: str, settings: Settings, cancel: threading.Event
) -> Iterator[LoadProgress | Reembedded]:
    """Give all passages of a source vectors of the model that the settings name; the last event is Reembedded.

    They are written batch by batch beside those that serve, so whatever ends this, the next call goes on there. When every
    passage has one, the new vectors take the place of the old ones in one transaction. Raises NotFound, UsageError, ConfigError and
    EmbedderError; nothing has changed then but what is written beside.
    """
    from workbench.ingest.passage import embedding_text
    from workbench.ingest.progress import Meter

    if source.startswith(NOTES_PREFIX):
        raise UsageError(
            "The notes of an agent keep the built-in model.", "Name a source, as `workbench sources` lists it."
        )
    key, models = app.archive.find_source(source), app.archive.models
    name = app.embedders.resolve(settings.embedding_model, settings)
    embedder = app.embedder if name == BUILT_IN else app.embedders.of(name, settings)
    meter = Meter(time.monotonic)
    lacking, total = models.lacking(key, embedder.model_id)
    meter.left_before(lacking)
    changed: list[int] | None = None
    made = 0
    try:
        while changed is None:
            after = 0
            while batch := models.next_lacking(key, embedder.model_id, after, _BATCH_PASSAGES):
                texts = [embedding_text(passage.text, passage.context) for passage in batch]
                vectors = embedder.embed(texts, cancel=cancel, on_done=meter.embedded)
                models.keep(embedder.model_id, [passage.id for passage in batch], vectors)
                made, after = made + len(batch), batch[-1].id
                yield meter.progress(source, "embed", app.archive.path_of(batch[0].document) or "", 0)
                if cancel.is_set():
                    raise CancelledError
            # What was loaded meanwhile has no vector of this model yet: once more.
            changed = models.switch(key, embedder.model_id)
    except CancelledError:
        yield Reembedded(
            source=source, model=embedder.model_id, passages=made, kept=total - lacking, stopped=True, seconds=meter.seconds,
            left=models.lacking(key, embedder.model_id)[0],
        )  # fmt: skip
        return
    app.search.renew(changed)
    yield Reembedded(
        source=source, model=embedder.model_id, documents=len(changed), passages=made, kept=total - lacking,
        shared=tuple(other for other in models.sources_of(changed) if other != source), seconds=meter.seconds,
    )  # fmt: skip
