"""Tells lines and sections that point to other texts (references, links, contents) from what a document itself says.

Half of a web page or a paper can be such lines. They hold the words of many a question and answer none: the title of a cited article
names its subject, the day beside it is when somebody read it.
"""

from __future__ import annotations

import re

from workbench.core.text_cache import text_cache
from workbench.text.stemming import fold_accents

_SECTIONS = frozenset(
    fold_accents(name.strip())
    for name in re.split(
        r"[|\n]",
        """
    references|reference list|bibliography|selected bibliography|footnotes|endnotes|citations|works cited|external links|see also
    further reading|contents|table of contents|notes and references|references and notes|notes and citations|navigation menu
    einzelnachweise|weblinks|siehe auch|literaturverzeichnis|fußnoten|inhaltsverzeichnis
    références|liens externes|voir aussi|bibliographie|notes et références|table des matières|sommaire
    referencias|enlaces externos|véase también|bibliografía
    riferimenti|collegamenti esterni|voci correlate|bibliografia|referências|ligações externas|ver também|sumário
    externe links|zie ook|примечания|ссылки|литература|см также
    参考文献|参考资料|參考資料|参见|參見|外部链接|外部連結|外部リンク|脚注|注释|注釋|出典|関連項目|目录|目錄|目次
    """,
    )
    if name.strip()
)
_NOT_LETTERS = re.compile(r"\W*[(\[](?:edit|hide|show|bearbeiten|modifier|editar)[)\]]|[\W\d_]+")

_REFERENCE = re.compile(
    r"^\W*(?:\d{1,4}\.?\s*)?(?:jump (?:up|back)|↑|\^)"
    r"|^\[\d{1,3}\]\s+\w"
    r"|\b(?:retrieved|accessed|archived)\s+(?:on |from |at )?(?:the original|\d|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*\b)"
    r"|\b(?:abgerufen am|archiviert vom|consulté le|consultado el|archivado desde|recuperado el|geraadpleegd|url consultato)\b"
    r"|\b(?:isbn|issn|oclc|pmid|arxiv|doi(?:\.org|:))\b|\bin (?:proceedings|proc\.)|\bvol\. ?\d+, no\.|\bpages? \d+[–-]\d+|\bpp\. \d"
    r"|检索于|閲覧|存档于|原始内容",
    re.IGNORECASE,
)
_AUTHORS = re.compile(
    r"^(?:[A-Z][\w'’-]+, (?:[A-Z]\.[ -]?){1,3}[;,] ){2,}|^\W*[A-Z][\w'’-]+, [A-Z][\w.'’ -]{1,25} \([^)]*\d{4}\)\.?\s"
)
_CITED_TITLE = re.compile(r"^\W*[\"“«„](?P<title>[^\"”»“]{8,200})[\"”»“]\W{1,3}(?P<rest>.{0,60})$")
_LONGEST_PUBLISHER = 6


def reference_share(text: str) -> float:
    """Which share of the lines of a text are entries of a list of references."""
    lines = [line for line in text.splitlines() if line.strip()]
    return sum(map(is_reference, lines)) / max(1, len(lines))


ASKS_FOR_REFERENCES = re.compile(
    r"\b(?:cit(?:e[sd]?|ations?|ing)|references?|bibliograph\w*|isbn|doi|arxiv|journal|proceedings|footnotes?|literaturverzeichnis"
    r"|zitiert|références?|referencias?)\b|参考文献|引用",
    re.IGNORECASE,
)
"""A question or a search that is about references themselves."""


def names_references(heading: str) -> bool:
    """Whether a heading, or the last of a path of headings ("Report > References"), is that of references, links or contents."""
    last = heading.rsplit(" > ", 1)[-1]
    return fold_accents(" ".join(_NOT_LETTERS.sub(" ", last).casefold().split()).removesuffix(" edit")) in _SECTIONS


@text_cache(65_536)
def is_reference(line: str) -> bool:
    """Whether a line is an entry of a list of references, or points to another text in the way of one."""
    if _REFERENCE.search(line) or _AUTHORS.search(line):
        return True
    cited = _CITED_TITLE.match(line)
    if not cited:
        return False
    words = cited["rest"].split()
    return len(words) <= _LONGEST_PUBLISHER and all(
        word[:1].isupper() or not word[:1].isalpha() or len(word) <= 3 for word in words
    )
