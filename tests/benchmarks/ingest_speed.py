"""Speed of loading, side by side in one run: `python -m tests.benchmarks.ingest_speed FOLDER_OF_PDFS`.

Parsing against plain pypdf in pages a second; the whole ingest (read, cut, store, embed) against
`SentenceTransformer.encode` in torch float32 and against the embedder alone, on the same passages.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loaders import registry
from loaders.document import LoadError
from loaders.origins import PathOrigin
from tests.support.ingest_fakes import archive_in
from workbench.embedding import minilm
from workbench.embedding.client import LocalEmbedder
from workbench.ingest.passage import embedding_text
from workbench.ingest.pipeline import load
from workbench.ingest.reader_client import Reader

_TORCH_PASSAGES = 128


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def parse_all(files: list[Path]) -> int:
    pages = 0
    for file in files:
        try:
            pages += len(registry.read(file).pages)
        except LoadError:
            continue
    return pages


def parse_with_pypdf(files: list[Path]) -> int:
    import pypdf

    pages = 0
    for file in files:
        try:
            reader = pypdf.PdfReader(file)
            pages += sum(page.extract_text() is not None for page in reader.pages)
        except Exception:
            continue
    return pages


def torch_rate(texts: list[str]) -> tuple[float, Any]:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(minilm.folder()), device="cpu", local_files_only=True)
    model.encode(texts[:8])
    seconds, vectors = timed(lambda: model.encode(texts, batch_size=32, normalize_embeddings=True))
    return len(texts) / seconds, vectors


def main() -> None:
    logging.disable(logging.ERROR)
    files = sorted(Path(sys.argv[1]).rglob("*.pdf"))
    ours_seconds, ours = timed(lambda: parse_all(files))
    plain_seconds, plain = timed(lambda: parse_with_pypdf(files))
    ratio = (ours / ours_seconds) / (plain / plain_seconds)
    print(f"parsing   {ours / ours_seconds:8.1f} pages/s   pypdf {plain / plain_seconds:6.1f}   ratio {ratio:.1f}")

    embedder, reader = LocalEmbedder(), Reader()
    archive = archive_in(Path(tempfile.mkdtemp()))
    embedder.embed(["warm"])
    reader.start()
    settings = {"archive": archive, "embedder": embedder, "reader": reader, "clock": time.monotonic}
    origins = [PathOrigin(file) for file in files]
    origins = [PathOrigin(file) for file in files]
    seconds, events = timed(lambda: list(load(origins, source="bench", cancel=threading.Event(), **settings)))
    whole = events[-1].passages / seconds
    rows = archive.database.rows("SELECT text, context FROM passages ORDER BY passage_id")
    texts = [embedding_text(text, context) for text, context in rows]
    alone_seconds, vectors = timed(lambda: embedder.embed(texts))
    alone = len(texts) / alone_seconds
    every = max(1, len(texts) // _TORCH_PASSAGES)
    torch, reference = torch_rate(texts[::every])
    cosine = (vectors[::every] * reference).sum(axis=1)
    print(f"ingest    {whole:8.1f} passages/s   torch fp32 {torch:6.1f}   ratio {whole / torch:.2f}")
    print(f"embedder  {alone:8.1f} passages/s   ingest is {whole / alone:.0%} of it")
    print(f"cosine to torch fp32: mean {cosine.mean():.6f}, worst {cosine.min():.6f}")
    embedder.stop()
    reader.stop()


if __name__ == "__main__":
    main()
