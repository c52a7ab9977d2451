"""Checks the sentences of a text of the user's own against sources: supported, contradicted, partly, not found, or no claim.

Each sentence is looked up like a query, and the sentences of the passages that come up are compared with it; no language model is
asked. What is known is stored sentence by sentence, so a check that was killed goes on where it ended.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from workbench.agent.answers import claim_check
from workbench.agent.answers.claim_check import Finding, stated_values
from workbench.agent.answers.claims import Claim, claims, opens_with_pronoun
from workbench.agent.answers.source_sentences import SourceSentence, document_sentences, source_sentences
from workbench.agent.tools.attached_documents import AttachedDocuments
from workbench.agent.tools.registry import CallRefused
from workbench.api.check import ChangedFact, CheckedSentence, CheckProgress, Comparison, Quote, ValueDifference
from workbench.api.documents import LoadOptions
from workbench.core.errors import NotFound, UsageError
from workbench.services.container import AppContext
from workbench.services.open_agents import CurrentAgent
from workbench.storage.home import Jobs
from workbench.text.analyzer import content_words
from workbench.text.values import CODE, values

_PASSAGES, _PASSAGES_BY_VALUES = 10, 4
"""How many passages are compared with a sentence: the best for its words, and for its names, dates and numbers alone."""

_AGAINST = 3
_SIGNS = re.compile(r"[^\w\s.,'’%€$£/:]|(?<!\w)-")
RULES_VERSION = 4
"""Raised when the same sentence and sources would give another result: what was stored is then not used."""


class CheckService:
    """See CheckServiceProtocol."""

    def __init__(self, app: AppContext, current: CurrentAgent) -> None:
        self._app = app
        self._current = current
        self._stop = threading.Event()

    def text_of(self, file: Path) -> str:
        """See CheckServiceProtocol."""
        from loaders.document import LoadError

        if not file.is_file():
            raise UsageError(
                f"There is no file at {file}.", "Name a text, Markdown or Word file, or - for standard input."
            )
        reader = self._app.file_reader(LoadOptions())
        try:
            pages = reader.read(file).document.pages
        except LoadError as error:
            raise UsageError(f"{file.name} cannot be read: {error.reason}.", error.remedy) from None
        finally:
            reader.stop()
        return "\n".join(page.text for page in pages)

    def check(self, text: str, source: str = "", *, fresh: bool = False) -> Iterator[CheckProgress | CheckedSentence]:
        """See CheckServiceProtocol."""
        sentences = claims(text)
        if not sentences:
            raise UsageError("There is no sentence in the text.", "Give a text with sentences to check.")
        comparer = SourceComparer(self._app, self._sources(source))
        results = self._app.home.jobs
        job = results.job("check", {"documents": comparer.digest, "rules": RULES_VERSION})
        known = {} if fresh else results.results(job)
        return self._run(sentences, comparer, results, job, known)

    def _run(
        self,
        sentences: Sequence[Claim],
        comparer: SourceComparer,
        results: Jobs,
        job: int,
        known: Mapping[str, Any],
    ) -> Iterator[CheckProgress | CheckedSentence]:
        began, again, asked = time.monotonic(), 0, 0
        self._stop.clear()
        yield CheckProgress(0, len(sentences), 0, 0.0)
        before = ""
        for number, sentence in enumerate(sentences, 1):
            context = before if opens_with_pronoun(sentence.text) else ""
            before = sentence.text
            if self._stop.is_set():
                return
            if sentence.why_not:
                checked = CheckedSentence(
                    number, sentence.text, sentence.line, claim_check.NO_CLAIM, why_not=sentence.why_not
                )
            else:
                key = hashlib.sha256(f"{context}\n{sentence.text}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
                stored = known.get(key)
                if stored is not None:
                    checked, again = _restored(stored, number, sentence.text, sentence.line), again + 1
                else:
                    checked, documents = comparer.checked(sentence.text, context)
                    checked, asked = replace(checked, number=number, line=sentence.line), asked + 1
                    results.keep(job, key, asdict(checked), documents)
            yield checked
            seconds = time.monotonic() - began
            left = seconds / asked * (len(sentences) - number) if asked else None
            yield CheckProgress(number, len(sentences), again, seconds, left)

    def compare(self, first: str, second: str, source: str = "") -> Comparison:
        """See CheckServiceProtocol."""
        sources = self._sources(source)
        attached = AttachedDocuments.over(self._app.archive, sources)
        try:
            (one, one_name), (two, two_name) = attached.document(first), attached.document(second)
        except CallRefused as refused:
            raise NotFound(refused.message.replace("attached ", ""), "See `workbench sources --json`.") from None
        if one == two:
            raise UsageError("Both names are the same document.", "Name two documents.")
        return DocumentComparer(self._app, SourceComparer(self._app, sources)).compare((one, one_name), (two, two_name))

    def stop(self) -> None:
        """See CheckServiceProtocol."""
        self._stop.set()

    def _sources(self, source: str) -> list[int]:
        archive = self._app.archive
        chosen = [archive.find_source(source)] if source else list(self._current.source_ids)
        chosen = chosen or [row.id for row in archive.sources()]
        if not chosen:
            raise UsageError(
                "Nothing is loaded to check against.", "Load documents: workbench load PATH --source NAME."
            )
        return chosen


class SourceComparer:
    """Compares sentences with the documents of sources."""

    def __init__(self, app: AppContext, sources: Sequence[int]) -> None:
        self._app = app
        self._paths = app.archive.paths(sources)
        sizes = app.archive.sizes(sources)
        self._titles = {
            key: f"{path} {sizes[key][1] if key in sizes else ''}" for key, (path, _) in self._paths.items()
        }
        ids = ",".join(map(str, sorted(self._paths)))
        self.digest = hashlib.sha256(ids.encode()).hexdigest()[:32]
        """Names the documents: other ones may say something else."""

    def checked(self, claim: str, context: str = "") -> tuple[CheckedSentence, list[int]]:
        """What the documents say of a claim, and the ids of those that are quoted; `context` is what a pronoun in it speaks of."""
        found = claim_check.find(claim, self.sentences(claim, context), self._app.queries.score, context)
        found = self._of_its_subject(context or claim, found)
        best = found[0] if found else Finding(claim_check.NOT_FOUND)
        against = []
        if best.state == claim_check.SUPPORTED and best.sentence is not None:
            own = best.sentence.document
            against = [
                item
                for item in found
                if item.state == claim_check.CONTRADICTED
                and item.sentence is not None
                and item.sentence.document != own
            ]
        shown = best if best.state != claim_check.NOT_FOUND or best.share >= _NEAR else Finding(claim_check.NOT_FOUND)
        quoted = [item.sentence for item in (shown, *against[:_AGAINST]) if item.sentence is not None]
        quotes = self.quotes(quoted)
        result = CheckedSentence(
            0, claim, 0, best.state,
            quotes[0] if shown.sentence is not None else None,
            tuple(ValueDifference(item.kind, item.claimed, item.stated) for item in shown.differences),
            shown.lacking, tuple(quotes[1:]),
        )  # fmt: skip
        return result, sorted({item.document for item in quoted})

    def _of_its_subject(self, claim: str, found: list[Finding]) -> list[Finding]:
        """Without the contradictions by a document about somebody else, where another document is about the claim's subject."""
        subject = claim_check.subject_of(claim)
        if subject is None or all(item.state != claim_check.CONTRADICTED for item in found):
            return found
        about = {key for key, title in self._titles.items() if claim_check.is_titled(title, subject)}
        if not about:
            return found
        return [
            item
            for item in found
            if item.state != claim_check.CONTRADICTED
            or item.sentence is None
            or item.sentence.document in about
            or claim_check.names_subject(item.sentence, subject)
        ]

    def quotes(self, sentences: Sequence[SourceSentence]) -> list[Quote]:
        """Sentences as they are quoted, with page labels and the days of their documents."""
        labels = self._app.archive.labels([(item.document, item.page) for item in sentences])
        days = self._app.archive.days({item.document for item in sentences}) if sentences else {}
        return [
            Quote(
                item.text, self._paths[item.document][0], item.page, labels.get((item.document, item.page)), item.passage,
                days[item.document].isoformat() if item.document in days else "",
            )
            for item in sentences
        ]  # fmt: skip

    def sentences(self, claim: str, context: str = "") -> list[SourceSentence]:
        """The sentences of the passages that are nearest to a claim."""
        values = stated_values(claim)
        plain = f"{context} {claim}"
        for value in values:
            if value.kind == CODE:  # a query with an identifier would find nothing else
                plain = plain.replace(value.text, " ")
        ranking = self._app.search.ranking
        found = list(ranking(self._paths, _query(plain), _PASSAGES).ids[:_PASSAGES])
        telling = _query(" ".join(value.text for value in values if value.kind != CODE))
        if telling:
            found += [
                key
                for key in ranking(self._paths, telling, _PASSAGES_BY_VALUES).ids[:_PASSAGES_BY_VALUES]
                if key not in found
            ]
        for value in values:
            if value.kind == CODE:
                found += [
                    key for key in ranking(self._paths, value.text, _PASSAGES_BY_VALUES).ids[:2] if key not in found
                ]
        return self.sentences_of(found)

    def sentences_of(self, passages: Sequence[int]) -> list[SourceSentence]:
        """The sentences of passages, those of one document together."""
        stored = self._app.archive.passages(passages)
        by_document: dict[int, list[int]] = {}
        for key in passages:
            if key in stored:
                by_document.setdefault(stored[key].document, []).append(key)
        return [
            sentence
            for document, keys in by_document.items()
            for sentence in source_sentences([stored[key] for key in keys], self._titles.get(document, ""))
        ]


class DocumentComparer:
    """Compares two documents sentence by sentence; what both say needs no search, so even long ones take seconds."""

    def __init__(self, app: AppContext, comparer: SourceComparer) -> None:
        self._app = app
        self._comparer = comparer

    def compare(self, first: tuple[int, str], second: tuple[int, str]) -> Comparison:
        """What differs between two documents, given by id and name."""
        ones, twos = self._sentences(first[0]), self._sentences(second[0])
        in_second, in_first = _Nearest(twos), _Nearest(ones)
        changed: list[ChangedFact] = []
        seen: set[tuple[str, str]] = set()
        same = only_first = 0
        for sentence in ones:
            found = claim_check.find(sentence.text, in_second.of(sentence.text))
            if found and found[0].state == claim_check.SUPPORTED:
                same += 1
                continue
            best = next((item for item in found if _same_fact(sentence, item, in_first)), None)
            other = best.sentence if best else None
            if best is None or other is None:
                only_first += 1
            elif (sentence.text, other.text) not in seen:
                seen.add((sentence.text, other.text))
                quotes = self._comparer.quotes([sentence, other])
                differences = tuple(ValueDifference(item.kind, item.claimed, item.stated) for item in best.differences)
                changed.append(ChangedFact(quotes[0], quotes[1], differences))
        told = {fact.second.text for fact in changed}
        only_second = sum(
            item.text not in told and _best(item.text, in_first).state != claim_check.SUPPORTED for item in twos
        )
        days = self._app.archive.days([first[0], second[0]])
        shown = [days[key].isoformat() if key in days else "" for key, _ in (first, second)]
        return Comparison(first[1], second[1], shown[0], shown[1], tuple(changed), same, only_first, only_second)

    def _sentences(self, document: int) -> list[SourceSentence]:
        found = document_sentences(self._app.archive, document)
        return [item for item in found if len(item.text.split()) >= _FACT_WORDS]


def _same_fact(one: SourceSentence, found: Finding, in_first: _Nearest) -> bool:
    """Whether a sentence that contradicts another speaks of the same thing: both are rows of one label, or each is the other's nearest.

    "Total current assets" and "Total assets" share most of their words and are two things.
    """
    if found.state != claim_check.CONTRADICTED or found.sentence is None:
        return False
    labels = [_label(item.text) for item in (one, found.sentence)]
    if any(labels):
        return labels[0] == labels[1]
    back = _best(found.sentence.text, in_first)
    return back.state == claim_check.CONTRADICTED and back.sentence is not None and back.sentence.text == one.text


def _label(text: str) -> tuple[str, ...]:
    """The words of a row before its first value, where little but values follows; none for a sentence."""
    stated = values(text)
    if not stated:
        return ()
    after = "".join(text[one.end : two.start] for one, two in itertools.pairwise(stated)) + text[stated[-1].end :]
    if len([word for word in content_words(after) if word.isalpha()]) > _ROW_WORDS:
        return ()
    return tuple(sorted(content_words(text[: stated[0].start])))


_ROW_WORDS = 2

_FACT_WORDS, _COMPARED_SENTENCES = 2, 10


class _Nearest:
    """Finds the sentences of a document that share most with another sentence, rare words first."""

    def __init__(self, sentences: Sequence[SourceSentence]) -> None:
        self._sentences = sentences
        self._holding: dict[str, list[int]] = {}
        for at, sentence in enumerate(sentences):
            for word in set(content_words(sentence.text)):
                self._holding.setdefault(word, []).append(at)

    def of(self, text: str) -> list[SourceSentence]:
        """The nearest sentences, those that share most first."""
        shared: dict[int, float] = {}
        for word in set(content_words(text)):
            holding = self._holding.get(word, ())
            for at in holding:
                shared[at] = shared.get(at, 0.0) + 1.0 / len(holding)
        best = sorted(shared, key=lambda at: -shared[at])[:_COMPARED_SENTENCES]
        return [self._sentences[at] for at in best]


def _best(text: str, among: _Nearest) -> Finding:
    found = claim_check.find(text, among.of(text))
    return found[0] if found else Finding(claim_check.NOT_FOUND)


_NEAR = 0.35
"""How much of a claim a sentence must say to be shown as the nearest one."""


def _query(text: str) -> str:
    """A text as a query: signs that a search line gives a meaning to are left out."""
    return " ".join(_SIGNS.sub(" ", text).split())


def _restored(stored: Mapping[str, Any], number: int, text: str, line: int) -> CheckedSentence:
    quote = stored["quote"]
    return CheckedSentence(
        number, text, line, str(stored["state"]), Quote(**quote) if quote else None,
        tuple(ValueDifference(**item) for item in stored["differences"]), tuple(stored["lacking"]),
        tuple(Quote(**item) for item in stored["against"]), str(stored["why_not"]),
    )  # fmt: skip
