"""Compares the words of every page of a folder's PDFs with those that pypdfium2 and pypdf find.

    python -m tests.benchmarks.pdf_text FOLDER…
    python -m tests.benchmarks.pdf_text --speed FOLDER…     how many times as fast as pypdf we are

Each file is read three times, each in a process of its own with limits: by pypdfium2 alone, by pypdf alone, by us.
A file that either library reads must give text, and each of our pages must have all letters that pdfium or pypdf finds, in
any order: the order is ours, and notes, values of fields and link targets come on top. The exit code is 1 when one has not.

The speed is that of one process in which everything is imported and every file was read before; files that pypdf cannot
read do not count. Each file is read by each in turn, three times, and its shortest processor time is taken.
"""

from __future__ import annotations

import json
import logging
import resource
import subprocess
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from loaders.document import LoadError, clean_text

SECONDS = 60
TURNS = 3
MEMORY_BYTES = 3 << 30


def by_pdfium(file: Path) -> list[str]:
    import pypdfium2

    from loaders.pdf_lines import printed

    pdf = pypdfium2.PdfDocument(file)
    return [printed(pdf[index].get_textpage().get_text_range()) for index in range(len(pdf))]


def by_pypdf(file: Path) -> list[str]:
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    return [clean_text(page.extract_text()) for page in pypdf.PdfReader(file).pages]


def by_us(file: Path) -> list[str]:
    from loaders import registry

    logging.disable(logging.ERROR)
    return [page.text for page in registry.read(file).pages]


WAYS: dict[str, Callable[[Path], list[str]]] = {"pdfium": by_pdfium, "pypdf": by_pypdf, "us": by_us}


def child(way: str, file: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        answer: object = WAYS[way](Path(file))
    except LoadError as error:
        answer = f"{error.reason}"
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"[:200]
    print(json.dumps(answer))


def read(way: str, file: Path) -> list[str] | str:
    command = [sys.executable, "-m", "tests.benchmarks.pdf_text", "--child", way, str(file)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"more than {SECONDS} seconds"
    if done.returncode:
        return f"ended with {done.returncode}"
    found: list[str] | str = json.loads(done.stdout.splitlines()[-1])
    return found


def judge(file: Path) -> str:
    """What is wrong with our reading of a file, "" when nothing is."""
    found = {way: read(way, file) for way in WAYS}
    texts = {way: pages for way, pages in found.items() if isinstance(pages, list) and "".join(pages).strip()}
    if "us" not in texts:
        others = {way: len("".join(texts[way])) for way in texts}
        return f"NO TEXT, but {others}; we say: {found['us']}" if texts else ""
    if len(texts) == 1:
        return ""  # We read a part of what neither reads whole.
    wrong = [
        number
        for number, text in enumerate(texts["us"], 1)
        if all(
            number > len(pages) or letters(pages[number - 1]) - letters(text)
            for way, pages in texts.items()
            if way != "us"
        )
    ]
    return f"pages that lack letters: {wrong[:10]}" if wrong else ""


def letters(text: str) -> Counter[str]:
    """Letters and figures, however they are written; hyphens and blanks depend on where a line ends."""
    plain = unicodedata.normalize("NFKC", text)
    return Counter(char for char in plain if char.isalnum())


def speed(folders: list[str]) -> None:
    seconds: dict[tuple[Path, str], float] = {}
    files = [file for folder in folders for file in sorted(Path(folder).rglob("*.pdf"))]
    for turn in range(TURNS + 1):
        for file in files:
            for way, read_by in WAYS.items():
                start = time.process_time()
                try:
                    read_by(file)
                except Exception:
                    seconds[file, way] = float("inf")
                    continue
                if turn:
                    seconds[file, way] = min(time.process_time() - start, seconds.get((file, way), float("inf")))
    sound = [file for file in files if all(seconds[file, way] < float("inf") for way in WAYS)]
    total = {way: sum(seconds[file, way] for file in sound) for way in WAYS}
    print(", ".join(f"{way} {spent:.2f} s" for way, spent in total.items()), f"of processor time, {len(sound)} files")
    print(f"we are {total['pypdf'] / total['us']:.1f} times as fast as pypdf")


def main(folders: list[str]) -> int:
    files = [file for folder in folders for file in sorted(Path(folder).rglob("*.pdf"))]
    faults = 0
    for file in files:
        if fault := judge(file):
            faults += 1
            print(f"{file.name}: {fault}")
    print(f"{len(files)} files, {faults} with a fault")
    return 1 if faults else 0


if __name__ == "__main__":
    if sys.argv[1] == "--child":
        child(sys.argv[2], sys.argv[3])
    elif sys.argv[1] == "--speed":
        speed(sys.argv[2:])
    else:
        sys.exit(main(sys.argv[1:]))
