"""Closed word classes by language: function words, question words by the kind of answer they ask for, and negation.

Languages without a list here are read by likeness and by shared characters alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from workbench.core.text_cache import text_cache

FUNCTION_WORDS = frozenset(
    """a an the this that these those and or but nor so yet if then than as at by for from in into of off on onto out over to
    up with within without about above across after against along among around before behind below beneath beside between
    beyond down during except inside near outside past since through throughout till toward towards under underneath until
    upon via is am are was were be been being do does did doing done have has had having will would shall should can could
    may might must ought i you he she it we they me him her us them my your his its our their mine yours hers ours theirs
    myself yourself himself herself itself ourselves themselves who whom whose which what when where why how there here not
    no nor only own same such too very just also both each few more most other some any all every either neither much many
    again further once s t d ll m o re ve y don didn doesn isn wasn weren hasn haven hadn won wouldn couldn shouldn one ones
    ever still even while because whether though although however therefore thus hence another""".split()
)

QUESTION_WORDS = frozenset(
    """name names named call called tell give find say says said please know known mean answer question document documents
    according exactly eventually later first last kind sort type thing person people someone somebody man woman place
    year date day time number amount earlier later earliest latest older younger oldest youngest larger smaller largest
    smallest bigger biggest longer shorter longest shortest taller tallest higher highest lower lowest newer newest better
    best worse worst former latter difference common compared alike similar different""".split()
)
"""Words of a question that ask rather than describe: what they name is what the answer supplies, so they weigh little."""

ANAPHORS = frozenset(
    """he she it they his her its their him them this that these those there here such both neither former latter""".split()
)
"""A sentence that opens with one of these, or the like, needs the one before it to be understood."""

_IRREGULAR = """be been was were is are|begin began begun|bite bit bitten|blow blew blown|break broke broken|breed bred|bring brought
build built|burn burnt|buy bought|catch caught|choose chose chosen|come came|cut cutting|dig dug|draw drew drawn|drink drank drunk
drive drove driven|eat ate eaten|fall fell fallen|feed fed|feel felt|fight fought|find found|flee fled|fly flew flown|forbid forbade
forget forgot forgotten|freeze froze frozen|get got gotten|give gave given|go went gone|grow grew grown|hang hung|hear heard|hide hid hidden
hold held|keep kept|know knew known|lay laid|lead led|leave left|lend lent|lose lost|make made|mean meant|meet met|pay paid|ride rode ridden
ring rang rung|rise rose risen|run ran|say said|see saw seen|seek sought|sell sold|send sent|shake shook shaken|shine shone|shoot shot
sing sang sung|sink sank sunk|sit sat|sleep slept|speak spoke spoken|spend spent|stand stood|steal stole stolen|stick stuck|strike struck
swear swore sworn|sweep swept|swim swam swum|take took taken|teach taught|tear tore torn|tell told|think thought|throw threw thrown
wake woke woken|wear wore worn|weave wove woven|win won|wind wound|write wrote written|die died dying death dead|marry marriage married
sew sewn sewed|woman women|man men|child children|foot feet|tooth teeth|goose geese|mouse mice|wife wives|knife knives|life lives
licence license licensed|high height|long length|wide width|deep depth|strong strength|wed wedding"""
SAME_WORD = {
    form: forms[0] for line in _IRREGULAR.replace("\n", "|").split("|") for forms in [line.split()] for form in forms
}
"""Forms that no stemmer joins, each to its first form."""


# A pattern is one line for each kind of answer, so that languages can be compared line by line.
# ruff: noqa: E501


KINDS = ("date", "number", "person", "place", "reason", "manner", "definition", "yes_no", "name", "other")
"""The kinds of answer a question may ask for."""


@dataclass(frozen=True)
class Language:
    """One language: its function words, its negations, and patterns that say which kind of answer is asked for.

    `stemmer` names the Snowball algorithm, "" where there is none. `spaced` tells whether words are set apart by spaces.
    `capitalised_nouns` says that a capital letter marks any noun, not a name.
    """

    code: str
    function_words: frozenset[str]
    negations: frozenset[str]
    asks: tuple[tuple[str, re.Pattern[str]], ...]
    stemmer: str = ""
    spaced: bool = True
    capitalised_nouns: bool = False


def _asks(**patterns: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in patterns.items())


_ENGLISH = Language(
    "en", FUNCTION_WORDS, frozenset("not no never none nobody nothing neither nor without cannot n't nowhere".split()),
    _asks(
        date=r"\bwhen\b|\b(?:what|which) (?:\w+ )?(?:year|date|day|month|century|decade|season)\b|\bhow (?:early|late|recently)\b",
        number=r"\bhow (?:many|much|long|far|tall|high|deep|wide|old|large|big|heavy|fast|often|few|great|strong|thick|close)\b"
        r"|\bwhat (?:do|does|did|would|will) .*\b(?:cost|weigh|measure)\b"
        r"|\b(?:what|which) (?:\w+ ){0,2}(?:number|percentage|percent|proportion|amount|population|price|cost|height|depth|length|weight|age|distance|share|speed|rate|fee|fine|salary|size)\b",
        person=r"\bwho(?:m|se)?\b|\b(?:what|which) (?:\w+ )?(?:person|man|woman|actor|actress|singer|player|king|queen|president|author|scientist|artist)\b",
        place=r"\bwhere\b|\b(?:what|which) (?:\w+ )?(?:city|country|state|town|place|island|river|county|region|continent|village|location|venue|stadium)\b",
        reason=r"\bwhy\b|\bwhat (?:\w+ )?(?:cause[sd]?|reason)\b|\bhow come\b",
        manner=r"\bhow\b",
        definition=r"^\W*what (?:is|are|was|were) (?:an? |the )?[\w'’-]+(?: [\w'’-]+)?\W*$|\bwhat does .* mean\b|\bdefin(?:e|ition)\b|\bmeaning of\b",
        name=r"\bwhich\b|\bwhat\b",
    ), "english",
)  # fmt: skip

_GERMAN = Language(
    "de",
    frozenset(
        """der die das den dem des ein eine einen einem einer eines und oder aber denn sondern doch als wie wenn ob dass daß weil da
        in im ins an am ans auf aus bei beim mit nach von vom vor zu zum zur für über unter um durch gegen ohne bis seit
        während wegen zwischen hinter neben ist sind war waren bin bist sei wäre wurde wurden wird werden worden geworden
        hat haben hatte hatten habe kann können konnte konnten muss müssen musste darf dürfen soll sollen sollte will
        wollen wollte mag möchte ich du er sie es wir ihr mich dich sich uns euch ihn ihm ihnen mein dein sein seine
        seinen seiner seinem unser euer ihre ihren ihrer ihrem dieser diese dieses diesen diesem jener jene jenes solche
        man wer wen wem wessen was welche welcher welches welchen welchem wo wohin woher wann warum weshalb wieso wozu
        wofür womit wodurch woran wovon nicht kein keine keinen keinem keiner nie auch nur noch schon sehr so dann dort
        hier mehr viel viele wieviel wieviele alle alles etwas nichts einige mal je pro gibt gab""".split()
    ),
    frozenset("nicht kein keine keinen keinem keiner keines nie niemals niemand nichts ohne weder nirgends".split()),
    _asks(
        date=r"\bwann\b|\b(?:welche[mnrs]?) (?:\w+ )?(?:jahr|datum|tag|monat|jahrhundert|jahrzehnt)\w*\b|\bseit wann\b",
        number=r"\bwie ?viele?\b|\bwas kostete?n?\b|\bwas wiegt\b|\bwie (?:hoch|lange?|groß|alt|weit|schwer|oft|tief|breit|schnell|teuer|stark|häufig|dick|nahe?)\b"
        r"|\bwelche[nrs]? (?:\w+ )?(?:anzahl|prozent\w*|anteil|betrag|preis|höhe|länge|größe|gewicht|alter|summe)\b",
        person=r"\b(?:wer|wen|wem|wessen)\b",
        place=r"\b(?:wo|wohin|woher)\b|\bwelche[mnrs]? (?:\w+ )?(?:stadt|land|ort|staat|insel|fluss|gebiet|region|kontinent)\b",
        reason=r"\b(?:warum|weshalb|wieso|wozu|weswegen)\b",
        manner=r"\bwie\b|\bwodurch\b|\bwomit\b",
        definition=r"^\W*was (?:ist|sind|war|waren) (?:ein(?:e[nr]?)? |der |die |das )?[\w-]+\W*$|\bwas (?:bedeutet|heißt)\b|\bwas versteht man\b",
        name=r"\bwelche[mnrs]?\b|\bwas\b",
    ), "german", capitalised_nouns=True,
)  # fmt: skip

_FRENCH = Language(
    "fr",
    frozenset(
        """le la les l un une des du de d au aux et ou mais donc or ni car que qu qui quoi dont où quand comment combien pourquoi
        quel quelle quels quelles lequel laquelle lesquels lesquelles est sont était étaient sera seront soit être été
        a ont avait avaient aura auront avoir eu peut peuvent pouvait doit doivent fait faire à en dans par pour sur sous
        avec sans entre vers chez contre depuis pendant avant après jusque il elle ils elles on je tu nous vous se s me m
        te t lui leur leurs son sa ses mon ma mes ton ta tes notre nos votre vos ce cet cette ces c ne n pas plus moins
        très aussi y si tout tous toute toutes même autre autres y-a-t-il est-ce""".split()
    ),
    frozenset("ne n pas jamais aucun aucune rien personne sans ni nulle nul".split()),
    _asks(
        date=r"\bquand\b|\bquel(?:le)?s? (?:\w+ ){0,3}(?:année|date|jour|mois|siècle|époque)s?\b",
        number=r"\bcombien\b|\bque (?:coûte|pèse)\w*|\bquel(?:le)? (?:\w+ ){0,3}(?:nombre|montant|prix|pourcentage|proportion|âge|hauteur|longueur|taille|poids|distance|durée|part|population)\b",
        person=r"\bqui\b(?! est-ce qu)",
        place=r"\boù\b|\bquel(?:le)?s? (?:\w+ )?(?:ville|pays|lieu|endroit|région|île|état|continent)s?\b",
        reason=r"\bpourquoi\b|\bpour quelle raison\b",
        manner=r"\bcomment\b|\bde quelle (?:manière|façon)\b",
        definition=r"\bqu['’]est-ce qu['’](?:un|une|le|la)\b|\bque (?:signifie|veut dire)\b",
        name=r"\bquel(?:le)?s?\b|\bqu['’]|\bque\b|\bquoi\b",
    ), "french",
)  # fmt: skip

_SPANISH = Language(
    "es",
    frozenset(
        """el la los las un una unos unas lo de del a al en con por para sin sobre entre hacia desde hasta durante según contra
        y e o u pero sino que qué quien quién quienes quiénes cual cuál cuales cuáles cuando cuándo cuanto cuánto cuanta
        cuánta cuantos cuántos cuantas cuántas como cómo donde dónde adonde adónde porque es son era eran fue fueron será
        ser sido está están estaba estar ha han había habían haber hay hubo puede pueden podía debe deben hace hizo hacer
        se su sus le les me te nos mi mis tu tus yo él ella ellos ellas este esta estos estas ese esa eso esos esas esto
        aquel aquella no ni más menos muy también ya si sí todo todos toda todas otro otra otros otras cada tiene tienen
        tuvo tenía""".split()
    ),
    frozenset("no nunca jamás ningún ninguno ninguna nada nadie sin ni tampoco".split()),
    _asks(
        date=r"\b(?:cu[áa]ndo)\b|\b(?:qu[ée]|cu[áa]l) (?:\w+ ){0,3}(?:año|fecha|día|mes|siglo|década)s?\b",
        number=r"\bcu[áa]nt[oa]s?\b|\bqué (?:cuesta|pesa)n?\b|\bqu[ée] (?:\w+ )?(?:número|cantidad|porcentaje|proporción|precio|altura|longitud|tamaño|peso|edad|distancia|parte)\b"
        r"|\bcu[áa]l (?:es|era|fue) (?:el|la) (?:número|cantidad|porcentaje|proporción|precio|altura|longitud|tamaño|peso|edad|distancia|población)\b",
        person=r"\bqui[ée]n(?:es)?\b",
        place=r"\ba?d[óo]nde\b|\bqu[ée] (?:\w+ )?(?:ciudad|país|lugar|región|isla|estado|río|continente)\b",
        reason=r"\bpor qu[ée]\b",
        manner=r"\bc[óo]mo\b|\bde qu[ée] (?:manera|forma)\b",
        definition=r"\bqu[ée] (?:es|son|significa) (?:una? |el |la )?[\w-]+\W*$",
        name=r"\bqu[ée]\b|\bcu[áa]l(?:es)?\b",
    ), "spanish",
)  # fmt: skip

_CHINESE = Language(
    "zh",
    frozenset(
        """什么时候 什么地方 什么样 为什么 多少 什么 怎么样 怎么 怎样 如何 哪里 哪儿 哪些 哪个 哪位 哪一 哪 谁 何时 何处 为何 几 多大 多高 多长 多久 多远
        的 了 是 在 有 和 与 及 或 也 都 就 而 但 被 把 对 从 到 于 以 为 之 其 这 那 这个 那个 他 她 它 们 我 你 您 吗 呢 吧 啊 请问 个 所 等 中 上 下 年
        一个 一种 可以 能 会 要 将 让 使 由 向 因为 所以 如果 公司""".split()
    ) - {"公司", "年", "等", "中", "上", "下"},
    frozenset("不 没 没有 未 无 非 别 勿 不得 不能 不可 从不".split()),
    _asks(
        date=r"什么时候|何时|哪一?年|哪一?天|哪一?月|几月|几号|日期|哪个世纪|什么年|多早|截止",
        number=r"多少|几[个天年次人位名种条家岁元本页小分只]|多[大高长久远重宽深快]|百分之几|比例|数量",
        person=r"谁|哪位|哪个人|什么人",
        place=r"哪里|哪儿|何处|什么地方|在哪|哪个(?:城市|国家|省|州|地区|岛)|哪座",
        reason=r"为什么|为何|什么原因|因何",
        manner=r"如何|怎么|怎样",
        definition=r"是什么[？?]?$|什么是|什么叫|定义|含义",
        yes_no=r"吗[？?]?$|是否|能否|有没有|可不可以",
        name=r"什么|哪",
    ), spaced=False,
)  # fmt: skip

_JAPANESE = Language(
    "ja",
    frozenset(
        """です ます でした ました ですか ますか か は が を に の へ と で も や から まで より など こと もの これ それ あれ この その あの ここ そこ
        いつ どこ だれ 誰 何 なに なん どの どれ どう なぜ いくら いくつ どのくらい どれくらい どのように ください する した して され れる られる
        ある いる あり という について による ため""".split()
    ),
    frozenset("ない ません なかった ず ぬ なし 不 非".split()),
    _asks(
        date=r"いつ|何年|何月|何日|何時|何曜日|期限は",
        number=r"いくつ|いくら|何[人個回本歳枚台円名件階分秒%％]|どのくらい|どれくらい|どれだけ|何パーセント",
        person=r"誰|だれ|どなた|何者",
        place=r"どこ|どちら|何処",
        reason=r"なぜ|どうして|何故|理由",
        manner=r"どのように|どうやって|どう",
        definition=r"とは(?:何|なん|なに)|とは[？?。]?$",
        yes_no=r"(?<![いつこ何誰])ますか[？?。]?$|でしょうか[？?。]?$",
        name=r"何|どの|どれ|どんな",
    ), spaced=False,
)  # fmt: skip

LANGUAGES: Mapping[str, Language] = {
    one.code: one for one in (_ENGLISH, _GERMAN, _FRENCH, _SPANISH, _CHINESE, _JAPANESE)
}
_OTHER = Language("", frozenset(), frozenset(), ())
_KANA = re.compile(r"[\u3040-\u30ff]")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[^\W\d_]+")
_YES_NO = {
    "en": re.compile(r"^\W*(?:is|are|was|were|do|does|did|has|have|had|can|could|may|must|will|would|should|am)\b", re.IGNORECASE),
    "de": re.compile(r"^\W*(?:ist|sind|war|waren|hat|haben|hatte|hatten|kann|können|darf|dürfen|muss|müssen|soll|wird|werden|wurde|wurden|gibt|gab|gilt|bekommt)\b", re.IGNORECASE),
    "fr": re.compile(r"^\W*(?:est-ce que|est-ce qu|est-il|est-elle|sont-ils|a-t-|ont-ils|peut-on|y a-t-il|faut-il|doit-on)", re.IGNORECASE),
    "es": re.compile(r"^\W*(?:es|son|era|fue|hay|está|están|puede|pueden|debe|ha|han|tiene|tienen|existe)\b", re.IGNORECASE),
}  # fmt: skip


@text_cache(256)
def language_of(text: str) -> Language:
    """The language of a question, by its script and its function words; one without lists when none fits."""
    if _KANA.search(text):
        return _JAPANESE
    if _HAN.search(text):
        return _CHINESE
    words = [word.lower() for word in _WORD.findall(text)]
    if not words:
        return _OTHER
    shares = {
        one.code: sum(word in one.function_words for word in words) / len(words)
        for one in LANGUAGES.values()
        if one.spaced
    }
    best = max(shares, key=lambda code: (shares[code], _opens_like(code, words), code == "en"))
    latin = sum(word.isascii() or all(ord(letter) < 0x250 for letter in word) for word in words) / len(words)
    if shares[best] == 0.0:
        return _ENGLISH if latin > 0.5 and all(word.isascii() for word in words) else _OTHER
    return LANGUAGES[best]


def _opens_like(code: str, words: list[str]) -> bool:
    """Whether a question whose words two languages share opens as one of them does ("Was geschah …", not "Was it …")."""
    return code == "de" and words[0] == "was" and len(words) > 1 and words[1] not in FUNCTION_WORDS


@text_cache(256)
def kind_of(text: str) -> str:
    """The kind of answer that a question asks for, one of KINDS: the first question word that says it decides."""
    language = language_of(text)
    opening = _YES_NO.get(language.code)
    if opening and opening.search(text):
        return "yes_no"
    best, position = "other", len(text) + 1
    for kind, pattern in language.asks:
        match = pattern.search(text)
        if match and match.start() < position:
            best, position = kind, match.start()
    return best


def negated(text: str, language: Language) -> bool:
    """Whether a text denies: it holds one of the language's negations."""
    lowered = text.lower()
    if not language.spaced:
        return any(one in lowered for one in language.negations)
    return bool(language.negations.intersection(_WORD.findall(lowered))) or ("n't" in lowered and language.code == "en")
