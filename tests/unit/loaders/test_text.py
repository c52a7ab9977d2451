"""Text in any encoding, Markdown with its headings, and which loader reads what."""

from __future__ import annotations

from pathlib import Path

import pytest

from loaders import registry
from loaders.document import Document, LoadError, Page, clean_text
from loaders.markdown import markdown_headings
from loaders.registry import Loader
from loaders.sniff import Kind

TEXT = "Der Leuchtturm von Öland — gebaut 1845.\nÜber das Wasser hinweg sieht man Gotland.\n" * 5


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "cp1252"]
)
def test_text_is_read_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(TEXT.encode(encoding))
    document = registry.read(file)
    assert document.pages == (Page(1, None, TEXT),)


@pytest.mark.parametrize("encoding", ["shift_jis", "euc_jp", "iso2022_jp"])
def test_japanese_in_its_old_encodings(tmp_path: Path, encoding: str) -> None:
    text = "灯台は海岸に立っている白い塔である。船員たちは夜になるとその光を探す。\n" * 8
    file = tmp_path / "a.txt"
    file.write_bytes(text.encode(encoding))
    assert registry.read(file).pages[0].text == text


def test_line_ends_and_control_characters_are_cleaned() -> None:
    assert clean_text("a\r\nb\rc\u2028d\x00\x1b[0m\ud800\tend") == "a\nb\nc\nd\tend"


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "empty"), (b" \n\t\n", "white space"), (bytes(range(256)) * 40, "not text")]
)
def test_a_file_without_text_gives_its_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(content)
    with pytest.raises(LoadError, match=reason):
        registry.read(file)


MARKDOWN = """---
title: # no heading
---
# The *Light* [house](http://x)

Text.

Second part
-----------

```python
# a comment, no heading
```

### 2.1 Deep ###
- item
---
"""


def test_markdown_headings_stand_where_they_are() -> None:
    headings = markdown_headings(MARKDOWN)
    assert [(heading.level, heading.title) for heading in headings] == [
        (1, "The Light house"),
        (2, "Second part"),
        (3, "2.1 Deep"),
    ]
    assert MARKDOWN[headings[1].start_char :].startswith("Second part\n---")


def test_the_first_heading_is_the_title(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text(MARKDOWN, encoding="utf-8")
    assert registry.read(file).title == "The Light house"


def test_content_decides_over_the_suffix(tmp_path: Path) -> None:
    from tests.support.ingest_fakes import pdf

    file = pdf(tmp_path / "really.txt", ["a PDF by another name"])
    assert registry.read(file).loader == "pdf"
    picture, sound = tmp_path / "really.md", tmp_path / "sound.md"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\x00" * 50)
    with pytest.raises(LoadError, match="picture"):
        registry.read(picture)
    sound.write_bytes(b"ID3\x03" + b"\x00" * 50)
    with pytest.raises(LoadError, match="content does not match its suffix"):
        registry.read(sound)


def test_text_that_begins_like_a_binary_file_stays_text(tmp_path: Path) -> None:
    for number, start in enumerate(["ID3 tags hold the title", "BZh is how bzip2 begins", "RIFFs of the guitar", "MZ"]):
        file = tmp_path / f"{number}.txt"
        file.write_text(start + " and more\n", encoding="utf-8")
        assert registry.read(file).loader == "text"


def test_an_unknown_suffix_is_not_yet_and_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "a.xyz"
    file.write_text("words", encoding="utf-8")
    choice = registry.choose(file)
    assert choice.loader is None
    assert ".xyz" in choice.reason
    assert choice.remedy
    bare = tmp_path / "MANIFEST"
    bare.write_text("words", encoding="utf-8")
    assert registry.choose(bare).loader is not None


def test_a_third_partys_loader_comes_by_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site"
    (package / "tiny-1.0.dist-info").mkdir(parents=True)
    (package / "tiny-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
    (package / "tiny-1.0.dist-info" / "entry_points.txt").write_text("[workbench.loaders]\nzzz = tiny_loader:LOADER\n")
    (package / "tiny_loader.py").write_text(
        "from loaders.document import Document, Page\nfrom loaders.registry import Loader\n"
        "def load(path): return Document('', (Page(1, None, path.read_text()[::-1]),), 'tiny', 7)\n"
        "LOADER = Loader('tiny', 7, ('.zzz',), load)\n"
    )
    monkeypatch.syspath_prepend(str(package))
    registry.all_loaders.cache_clear()
    try:
        file = tmp_path / "a.zzz"
        file.write_text("sdrow", encoding="utf-8")
        document = registry.read(file)
        assert (document.loader, document.loader_version, document.pages[0].text) == ("tiny", 7, "words")
    finally:
        registry.all_loaders.cache_clear()


def test_a_loader_of_another_kind_wins_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Loader("ocr", 1, (), lambda path: Document("", (Page(1, None, "seen"),), "ocr", 1), kinds=(Kind.IMAGE,))
    loaders = registry.all_loaders()
    monkeypatch.setattr(registry, "all_loaders", lambda: (picture, *loaders))
    file = tmp_path / "a.dat"
    file.write_bytes(b"GIF89a" + b"\x00" * 20)
    assert registry.read(file).pages[0].text == "seen"
