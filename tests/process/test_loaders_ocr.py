"""Pictures and scanned pages: read by tesseract where there is one (here a stand-in on PATH), else a row says what to install."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from loaders import ocr, registry
from loaders.document import Document, LoadError
from loaders.options import ReadOptions, reading
from workbench.ingest.reader_client import Reader

STAND_IN = """#!{python}
import pathlib, sys, time
data = sys.stdin.buffer.read()
with open({log!r}, "a") as log:
    print(" ".join(sys.argv[1:]), len(data), file=log)
{body}
print("Seen by the stand-in.")
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "calls.log"


@pytest.fixture
def tesseract(tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program called tesseract, the only one on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "tesseract"
    program.write_text(STAND_IN.format(python=sys.executable, log=str(log), body=""))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return program


@pytest.fixture
def no_tesseract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


def picture(size: tuple[int, int] = (200, 100)) -> Image.Image:
    image = Image.new("L", size, 255)
    ImageDraw.Draw(image).text((20, 20), "Hello", fill=0)
    return image


def scan(file: Path, pages: int = 2) -> Path:
    first, *rest = [picture() for _ in range(pages)]
    first.save(file, save_all=True, append_images=rest)
    return file


def read(file: Path, mode: str = "auto", languages: str = "") -> Document:
    with reading(ReadOptions(mode, languages)):  # type: ignore[arg-type]
        return registry.read(file)


@pytest.mark.usefixtures("tesseract")
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.bmp", "a.gif", "a.webp"])
def test_a_picture_is_a_page(tmp_path: Path, name: str) -> None:
    picture().save(tmp_path / name)
    document = read(tmp_path / name)
    assert [page.text for page in document.pages] == ["Seen by the stand-in."]
    assert document.metadata["read_with"] == "tesseract"


@pytest.mark.usefixtures("tesseract")
def test_every_picture_of_a_tiff_is_a_page_and_languages_are_passed_on(tmp_path: Path, log: Path) -> None:
    document = read(scan(tmp_path / "three.tif", 3), languages="deu+eng")
    assert [page.number for page in document.pages] == [1, 2, 3]
    assert [line.split()[:4] for line in log.read_text().splitlines()] == [["stdin", "stdout", "-l", "deu+eng"]] * 3


@pytest.mark.usefixtures("tesseract")
def test_scanned_pages_of_a_pdf_are_read_and_noted(tmp_path: Path) -> None:
    document = read(scan(tmp_path / "scan.pdf"))
    assert [page.text for page in document.pages] == ["Seen by the stand-in."] * 2
    assert document.loader == "pdf with ocr"
    assert document.metadata["pages_by_ocr"] == "1-2"


@pytest.mark.usefixtures("tesseract")
def test_pages_with_text_are_left_alone_unless_always(tmp_path: Path, log: Path) -> None:
    file = sample()
    assert read(file).loader == "pdf"
    assert not log.exists()
    always = read(file, "always")
    assert always.loader == "pdf by ocr"
    assert len(log.read_text().splitlines()) == len(always.pages)


def sample() -> Path:
    return next(iter(sorted((Path(__file__).parents[2] / "sample_docs").rglob("*.pdf"))))


@pytest.mark.usefixtures("no_tesseract")
def test_without_tesseract_the_row_says_what_to_install(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    for file in (tmp_path / "a.png", scan(tmp_path / "scan.pdf")):
        with pytest.raises(LoadError) as caught:
            read(file)
        assert "Install tesseract" in caught.value.remedy
    with pytest.raises(LoadError, match="tesseract is not installed"):
        read(tmp_path / "scan.pdf", "always")


@pytest.mark.usefixtures("tesseract")
def test_never_means_never(tmp_path: Path, log: Path) -> None:
    with pytest.raises(LoadError) as caught:
        read(scan(tmp_path / "scan.pdf"), "never")
    assert "--ocr never" in caught.value.remedy
    assert not log.exists()


def test_what_was_not_read_is_read_once_tesseract_is_there(tmp_path: Path, tesseract: Path) -> None:
    from loaders.pdf import LOADER

    program = tesseract.rename(tesseract.with_name("later"))
    without = LOADER.stored_as(ReadOptions())
    program.rename(tesseract)
    assert "pdf without its pictures" in without
    assert "pdf without its pictures" not in LOADER.stored_as(ReadOptions())
    assert "pdf without its pictures" in LOADER.stored_as(ReadOptions("never"))
    assert LOADER.stored_as(ReadOptions("always")) == ("pdf by ocr",)


def test_a_page_that_takes_too_long_is_left_out_and_told(
    tmp_path: Path, tesseract: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tesseract.write_text(STAND_IN.format(python=sys.executable, log=str(log), body="time.sleep(60)"))
    monkeypatch.setattr(ocr, "PAGE_SECONDS", 0.5)
    picture().save(tmp_path / "a.png")
    with pytest.raises(LoadError, match=r"took more than 0\.5 seconds"):
        read(tmp_path / "a.png")


def test_a_program_that_fails_is_told(tmp_path: Path, tesseract: Path, log: Path) -> None:
    body = 'sys.exit("Failed loading language")'
    tesseract.write_text(STAND_IN.format(python=sys.executable, log=str(log), body=body))
    picture().save(tmp_path / "a.png")
    with pytest.raises(LoadError, match="Failed loading language"):
        read(tmp_path / "a.png")


@pytest.mark.usefixtures("tesseract")
def test_a_blank_or_broken_picture_has_its_reason(tmp_path: Path, log: Path) -> None:
    Image.new("L", (50, 50), 255).save(tmp_path / "blank.png")
    picture().save(tmp_path / "whole.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "whole.png").read_bytes()[:150])
    (tmp_path / "bomb.png").write_bytes(_claims(60_000, 60_000))
    reasons = {}
    for name in ("blank.png", "broken.png", "bomb.png"):
        with pytest.raises(LoadError) as caught:
            read(tmp_path / name)
        reasons[name] = caught.value.reason
    assert "no text" in reasons["blank.png"]
    assert "damaged" in reasons["broken.png"]
    assert "bomb" in reasons["bomb.png"]
    assert not log.exists()


def _claims(width: int, height: int) -> bytes:
    """A PNG file that says it is so large."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.nightly
def test_many_slow_pages_are_not_one_slow_file(tmp_path: Path, tesseract: Path, log: Path) -> None:
    """The reader's limit is for a page: four of 1.5 seconds each pass with a limit of five."""
    tesseract.write_text(STAND_IN.format(python=sys.executable, log=str(log), body="time.sleep(1.5)"))
    reader = Reader()
    try:
        reader.read(sample())  # the worker is warm
        reader.limit_seconds = 5.0
        document = reader.read(scan(tmp_path / "scan.pdf", 4)).document
        folder = reader._folder
    finally:
        reader.stop()
    assert [page.text for page in document.pages] == ["Seen by the stand-in."] * 4
    assert not Path(folder).exists()
