"""Mutated input: `python -m tests.benchmarks.fuzz loaders|streams|agents [SECONDS] [SEED]`.

loaders: the sample documents and files of the formats made here, with bytes changed, doubled, cut out, or swapped between
files. streams: replies of model servers, changed in the same ways and cut into pieces anywhere. agents: exported agent
files. Anything but the errors that each part promises is told with the input kept; exit code 1 then.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import random
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support.killing import ROOT

_KEPT = Path(tempfile.gettempdir()) / "workbench-fuzz-failures"
_SHORT_SECONDS = 60.0


def mutated(data: bytes, others: list[bytes], draw: random.Random) -> bytes:
    """The data with one to eight changes."""
    changed = bytearray(data)
    for _ in range(draw.randrange(1, 9)):
        at = draw.randrange(len(changed) + 1)
        kind = draw.randrange(6)
        if kind == 0 and changed:
            changed[min(at, len(changed) - 1)] ^= 1 << draw.randrange(8)
        elif kind == 1:
            changed[at:at] = draw.randbytes(draw.randrange(1, 20))
        elif kind == 2:
            del changed[at : at + draw.randrange(1, 200)]
        elif kind == 3:
            changed[at:at] = changed[at : at + draw.randrange(1, 400)]
        elif kind == 4:
            other = draw.choice(others)
            start = draw.randrange(len(other) + 1)
            changed[at : at + 50] = other[start : start + draw.randrange(1, 200)]
        else:
            changed[at : at + 8] = draw.choice(
                [b"\x00" * 8, b"\xff" * 8, b"99999999", b"-1", b"\xf0\x9f\x92", b"\r\n\r\n", b'"}{[']
            )
    return bytes(changed)


def loaders(draw: random.Random) -> Iterator[tuple[str, bytes, Callable[[bytes], None]]]:
    """Files read by their loaders, in this process: a LoadError is what they may raise."""
    from loaders import registry
    from loaders.document import LoadError

    seeds = _files()
    folder = Path(tempfile.mkdtemp(prefix="workbench-fuzz-"))

    def read(name: str) -> Callable[[bytes], None]:
        def run(data: bytes) -> None:
            file = folder / f"input{Path(name).suffix}"
            file.write_bytes(data)
            with contextlib.suppress(LoadError):
                registry.read(file, ())

        return run

    while True:
        name, data = draw.choice(seeds)
        yield name, mutated(data, [item for _, item in seeds], draw), read(name)


def _files() -> list[tuple[str, bytes]]:
    found = [(path.name, path.read_bytes()) for path in sorted((ROOT / "sample_docs").rglob("*")) if path.is_file()]
    small = [(name, data) for name, data in found if len(data) < 300_000]
    mail = (
        b"From: a@b.c\nTo: d@e.f\nDate: Mon, 1 Mar 2021 10:00:00 +0100\nSubject: lamp\nMIME-Version: 1.0\n"
        b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\nThe lamp.\n--x\nContent-Type: text/html\n\n<p>lamp</p>\n--x--\n"
    )
    calendar = (
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20210301T100000Z\nRRULE:FREQ=DAILY;COUNT=3\nSUMMARY:Lamp\n"
        b"END:VEVENT\nEND:VCALENDAR\n"
    )
    book = io.BytesIO()
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml", '<container><rootfiles><rootfile full-path="c.opf"/></rootfiles></container>'
        )
        archive.writestr(
            "c.opf",
            '<package><manifest><item id="a" href="a.xhtml"/></manifest><spine><itemref idref="a"/></spine></package>',
        )
        archive.writestr("a.xhtml", "<html><body><p>The lamp is green.</p></body></html>")
    made = {
        "a.eml": mail, "a.ics": calendar, "a.epub": book.getvalue(), "a.txt.gz": gzip.compress(b"The lamp. " * 50),
        "a.csv": b"name,price\nlamp,3\nrope,4\n", "a.json": b'{"lamp": [1, {"price": 3}]}', "a.html": b"<p>The <b>lamp</b></p>",
        "a.rtf": b"{\\rtf1 The lamp \\b is\\b0 green.}", "a.srt": b"1\n00:00:01,000 --> 00:00:02,000\nThe lamp\n",
        "a.vcf": b"BEGIN:VCARD\nFN:Alda\nTEL:1\nEND:VCARD\n", "a.xml": b"<a><b>lamp</b></a>",
        "a.md": b"# Lamp\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
    }  # fmt: skip
    return [*small, *made.items()]


def streams(draw: random.Random) -> Iterator[tuple[str, bytes, Callable[[bytes], None]]]:
    """Replies of model servers: what the reader of streams promises is to raise TooLong and nothing else."""
    from workbench.models.openai.sse import TooLong, read_response

    pieces = [
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "The lamp"}}]},
        {
            "choices": [
                {
                    "delta": {
                        "tool_calls": [
                            {"index": 0, "id": "c1", "function": {"name": "send_message", "arguments": '{"me'}}
                        ]
                    }
                }
            ]
        },
        {
            "choices": [
                {
                    "delta": {"tool_calls": [{"index": 0, "function": {"arguments": 'ssage": "x"}'}}]},
                    "finish_reason": "tool_calls",
                }
            ]
        },
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}},
    ]
    stream = b"".join(b"data: " + json.dumps(piece).encode() + b"\n\n" for piece in pieces) + b"data: [DONE]\n\n"
    whole = json.dumps({"choices": [{"message": {"content": "The lamp"}, "finish_reason": "stop"}]}).encode()
    seeds = [
        stream,
        whole,
        b'event: error\ndata: {"error": {"message": "no"}}\n\n',
        b"<html><title>502</title></html>",
        b": ping\n\n" + stream,
    ]

    def run(data: bytes) -> None:
        cuts = sorted(draw.randrange(len(data) + 1) for _ in range(draw.randrange(6)))
        parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        try:
            for _ in read_response(parts):
                pass
        except TooLong:
            pass

    while True:
        yield "stream", mutated(draw.choice(seeds), seeds, draw), run


def agents(draw: random.Random) -> Iterator[tuple[str, bytes, Callable[[bytes], None]]]:
    """Agent files: importing may raise the errors that people are told, and must leave a whole database."""
    from tests.support.embedding import embedding_words
    from tests.support.papers import write_papers
    from tests.support.reading import reading_in_one_worker
    from workbench.core.errors import WorkbenchError
    from workbench.core.paths import locate
    from workbench.core.settings import Settings
    from workbench.services.session import Session
    from workbench.storage.verification import verified

    folder = Path(tempfile.mkdtemp(prefix="workbench-fuzz-"))
    with (
        embedding_words(),
        reading_in_one_worker(),
        Session(Settings(model="reader"), locate(folder / "home")) as session,
    ):
        session.open_agent("tester")
        list(session.load([write_papers(folder / "papers")]))
        list(session.submit("Who kept the light?"))
        session.agent_service.export("tester", folder / "seed.agent")
        seed = (folder / "seed.agent").read_bytes()
        with zipfile.ZipFile(io.BytesIO(seed)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}

        def packed(changed: str) -> bytes:
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, data in parts.items():
                    archive.writestr(name, mutated(data, list(parts.values()), draw) if name == changed else data)
            return out.getvalue()

        def run(data: bytes) -> None:
            (folder / "input.agent").write_bytes(data)
            try:
                name = session.agent_service.import_agent(folder / "input.agent", None).agent
            except WorkbenchError:
                name = ""
            if name:
                session.agent_service.delete(name)
            wrong = [item for item in verified(session.app.database) if item.wrong]
            assert not wrong, wrong

        while True:
            inside = draw.random() < 0.8
            yield "agent", packed(draw.choice(list(parts))) if inside else mutated(seed, [seed], draw), run


def main() -> int:
    """Mutate and read until the time is over."""
    kinds = {"loaders": loaders, "streams": streams, "agents": agents}
    if len(sys.argv) < 2 or sys.argv[1] not in kinds:
        print(__doc__)
        return 2
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else _SHORT_SECONDS
    draw = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    end, tried, failures, slowest = 0.0, 0, 0, (0.0, "")
    for name, data, run in kinds[sys.argv[1]](draw):
        end = end or time.monotonic() + seconds  # from the first input: what is made before may take as long
        if time.monotonic() > end:
            break
        tried += 1
        began = time.monotonic()
        try:
            run(data)
        except Exception:
            failures += 1
            _KEPT.mkdir(exist_ok=True, mode=0o700)
            (_KEPT / f"{sys.argv[1]}-{tried}-{Path(name).name}").write_bytes(data)
            print(f"{name}: {traceback.format_exc(limit=-3)}", flush=True)
        slowest = max(slowest, (time.monotonic() - began, name))
    print(
        f"{tried:,} inputs, {failures} failures, the slowest took {slowest[0]:.1f} s ({slowest[1]})"
        + (f"; see {_KEPT}" if failures else "")
    )
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
