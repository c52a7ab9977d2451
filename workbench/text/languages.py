"""Recognises the language of a text in Latin script by its commonest words, and gives its words' stems and parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from workbench.core.text_cache import text_cache
from workbench.text.stemming import stem_in

# The commonest function words of each language, normalised. A word that several languages share tells for each of them.
_COMMON = {
    "en": "the of and to in is was for that with as on by are from at this be it which or an were has have not",
    "de": "der die das und ist von zu den dem des mit auf für ein eine einen im nicht sich als auch es an werden aus "
    "wird bei nach wie wer was wann wo oder nur sind hat durch am zum zur beträgt",
    "fr": "le la les des du de et est en un une dans que qui pour par sur au aux avec pas ce plus sont il elle se ne "
    "quel quelle où ou été cette",
    "es": "el la los las de del y en es un una que por con para se al su como más no lo fue sus está son qué cuál "
    "cuándo dónde entre",
    "it": "il lo la gli le di del della dei e è in un una che per con da non si al alla sono nel come più quale chi "
    "dove quando anche",
    "pt": "o a os as de do da dos das e em é um uma que para com por não se no na ao mais como foi são qual quem onde",
    "nl": "de het een en van is in op te dat met voor niet zijn aan er door ook wordt bij werd naar wie wat waar of uit",
    "sv": "och att det som en är av för på den med inte ett till har de om från var vid eller kan",
    "da": "og at det som en er af for på den med ikke et til har de om fra var ved eller kan blev",
    "no": "og at det som en er av for på den med ikke et til har de om fra var ved eller kan ble",
    "fi": "ja on ei se että oli hän kun ovat mutta tai myös joka mitä kuin sen ole",
    "ro": "și în de la cu nu este care pe din un o ce mai sunt pentru sau fost",
    "hu": "a az és hogy nem is egy ez van volt meg de ha vagy mint már csak",
    "tr": "ve bir bu da de için ile olarak ne mi daha çok gibi kadar olan var",
}  # fmt: skip
_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_STEMMERS = {
    "de": "german", "fr": "french", "es": "spanish", "it": "italian", "pt": "portuguese", "nl": "dutch", "sv": "swedish",
    "da": "danish", "no": "norwegian", "fi": "finnish", "ro": "romanian", "hu": "hungarian", "tr": "turkish",
}  # fmt: skip
COMPOUNDING = frozenset(("de", "nl", "sv", "da", "no", "fi", "hu"))
"""Languages that write compounds as one word."""

_LEAST_SHARE = 0.12
_LEAST_LEAD = 1.25
_LEAST_PART = 5
_LEAST_REST = 3
_LEAST_COMPOUND = 10


def language_of(words: Iterable[str]) -> str:
    """The language of a text's words (normalised) where they tell one: "en", "de", …; "" where they do not.

    At least 12 % of the words must be among the language's commonest, and a quarter more than of any other.
    """
    counts = Counter(words)
    total = sum(counts.values())
    scores = sorted(
        ((sum(counts[word] for word in common if word in counts), name) for name, common in _WORDS.items()),
        reverse=True,
    )
    (best, language), (second, _) = scores[:2]
    return language if best and best >= _LEAST_SHARE * total and best >= _LEAST_LEAD * second else ""


@text_cache(200_000)
def stored_forms(word: str, language: str) -> tuple[str, ...]:
    """The terms that a word of a text in this language is found by besides itself: its stem and, in languages that write
    compounds as one word, the beginnings and ends of a long one. They begin with the language, so that no other text's
    words are meant. Empty for English, whose stems are terms already."""
    if language not in _STEMMERS or not word.isalpha():
        return ()
    return (f"{language}:{stem_in(_STEMMERS[language], word)}", *_parts(word, language))


@text_cache(50_000)
def asked_forms(word: str, language: str) -> tuple[tuple[str, float], ...]:
    """The stored forms that a word of a query asks for, with their weights; of every language where the query tells none."""
    if language == "en" or not word.isalpha():
        return ()
    forms: dict[str, float] = {}
    for name in (language,) if language else _STEMMERS:
        root = stem_in(_STEMMERS[name], word)
        forms[f"{name}:{root}"] = 1.0 if language else 0.6
        if name in COMPOUNDING:
            for part in {word, root}:
                if len(part) >= _LEAST_PART:
                    forms[f"{name}+{part}"] = 0.6
    return tuple(forms.items())


def _parts(word: str, language: str) -> Iterator[str]:
    if language in COMPOUNDING and len(word) >= _LEAST_COMPOUND:
        for at in range(_LEAST_PART, len(word) - _LEAST_REST + 1):
            yield f"{language}+{word[:at]}"
            yield f"{language}+{word[len(word) - at :]}"
