"""Takes the sentences of passages apart, each with what stands around it: what a claim or a value is compared with.

A sentence alone rarely says what it is about: the day stands at the head of the entry, the name in the heading, the meaning of a
cell in the head of its table. These belong to the sentence, and count less than its own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.core.text_cache import text_cache
from workbench.models.extractive.sentences import blocks, is_heading
from workbench.storage.archive import ArchivalStorage
from workbench.storage.rows import Passage

_BEFORE, _AFTER = 3, 1


@dataclass(frozen=True)
class SourceSentence:
    """A sentence, or the row of a table, verbatim but for its line breaks.

    `before` and `after` are its neighbours in the paragraph, `head` the first sentence of the paragraph, `heading` what it stands
    under and, for a row, the head of the table. `document` is an id, `page` counts from 1.
    """

    text: str
    before: str
    after: str
    head: str
    heading: str
    document: int
    page: int
    passage: int

    @property
    def around(self) -> str:
        """What stands around it, as one text."""
        return "\n".join(filter(None, (self.heading, self.head, self.before, self.after)))


def source_sentences(passages: Sequence[Passage], title: str = "") -> list[SourceSentence]:
    """The sentences of passages of one document in order, each once; `title` is what the document is called."""
    found: dict[tuple[str, int], SourceSentence] = {}
    for passage in passages:
        for text, before, after, head, heading in _parts(passage.text):
            whole = " > ".join(filter(None, (title, passage.heading, heading)))
            found.setdefault(
                (text, passage.page),
                SourceSentence(text, before, after, head, whole, passage.document, passage.page, passage.id),
            )
    return list(found.values())


def document_sentences(archive: ArchivalStorage, document: int) -> list[SourceSentence]:
    """All sentences of a document, in order."""
    pages = range(1, archive.page_count(document) + 1)
    return source_sentences([item for page in pages for item in archive.passages_of(document, page)])


@text_cache(512)
def _parts(text: str) -> tuple[tuple[str, str, str, str, str], ...]:
    """(sentence, before, after, head of its paragraph, heading) of a passage's text."""
    found = []
    heading, table, last = "", "", ""
    for block in blocks(text):
        if len(block) == 1 and block[0].startswith("|"):
            if not set(block[0]) - set("|-: "):
                continue
            table = table or block[0]
            found.append((block[0], last if last != table else "", "", "", f"{heading} {table}".strip()))
            last = block[0]
            continue
        table = ""
        if len(block) == 1 and (block[0].startswith("#") or is_heading(block[0])):
            heading = block[0].lstrip("# ")
            found.append((block[0].lstrip("# "), "", "", "", ""))
            continue
        # A row of a list or a record is understood from the one before it, a sentence from its paragraph.
        lead = last if len(block) == 1 else ""
        for at, sentence in enumerate(block):
            before = " ".join(block[max(0, at - _BEFORE) : at]) or lead
            head = block[0] if at > _BEFORE else ""
            found.append((sentence, before, " ".join(block[at + 1 : at + 1 + _AFTER]), head, heading))
        last = block[-1]
    return tuple(found)
