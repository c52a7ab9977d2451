"""Which measure a question asks for (money, a duration, a length, a count of things), and whether a text gives one.

"How long" is not answered by any number but by one with a unit of time or of length; "how many slides" by a number beside the
word for slides. Units are closed classes of a few languages; elsewhere any number will do.
"""

# A pattern is one line for each measure, so that languages can be compared word by word.
# ruff: noqa: E501

from __future__ import annotations

import re

from workbench.core.text_cache import text_cache
from workbench.models.extractive.languages import FUNCTION_WORDS
from workbench.text.dates import days

_NUMBER = (
    r"(?:\d[\d.,' ]*\d|\d|half|quarter|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    r"|eighteen|nineteen|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-[a-z]+)?|hundred|thousand|million|billion|dozen|several"
    r"|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|dreizehn|vierzehn|fünfzehn|\w*zig|\w*hundert|\w*tausend|halbe[nrs]?"
    r"|deux|trois|quatre|cinq|sept|huit|neuf|dix|onze|douze|quinze|vingt|trente|quarante|cinquante|soixante|cent|mille"
    r"|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|quince|veinte|veinti\w+|treinta|cuarenta|cincuenta|cien|ciento|mil|medi[oa])"
)
_UNITS: dict[str, str] = {
    "money": r"dollars?|euros?|pounds?|shillings?|pence|penn(?:y|ies)|cents?|francs?|crowns?|guineas?|yen|yuan|marks?|rupees?|pesos?|coronas?|franken|kronen|libras?|livres?|centimes?|céntimos?|usd|eur|gbp|chf|m(?:illion|rd|io)\.?",
    "time": r"seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?|decades?|centur(?:y|ies)|sekunden?|minuten?|stunden?|tage?n?|nächte?n?|wochen?|monate?n?|jahre?n?|secondes?|heures?|jours?|nuits?|semaines?|mois|ans?|années?|siècles?|segundos?|minutos?|horas?|días?|noches?|semanas?|meses|mes|años?|siglos?|min|hrs?|h|s|ms",
    "age": r"years?(?:[ -]old)?|jahre?n?(?: alt)?|ans|años|months?|monate?n?|weeks?|days?",
    "times": r"times?|mal|fois|veces|vez|a (?:day|week|month|year)|days|weeks|months|years|hours|tage|wochen|monate|jahre",
    "length": r"met(?:er|re)s?|metern?|kilomet(?:er|re)s?|kilometern?|centimet(?:er|re)s?|miles?|f(?:oo|ee)t|inch(?:es)?|yards?|fathoms?|leagues?|knots?|mètres?|kilomètres?|metros?|kilómetros?|millas?|meilen?|fuß|pieds?|km|cm|mm|nm|m|ft",
    "area": r"(?:square|sq\.?) ?(?:kilomet(?:er|re)s?|met(?:er|re)s?|miles?|feet|foot|yards?|km|mi|ft|m)|acres?|hectares?|ha|km²|m²|km2|m2|quadrat\w+|hektar|kilomètres carrés|mètres carrés|kilómetros cuadrados|metros cuadrados|hectáreas?",
    "weight": r"(?:metric )?tons?|tonnes?|kilograms?|kilos?|grams?|pounds?|ounces?|stones?|tonnen?|kilogramm|gramm|pfund|grammes?|kilogrammes?|livres?|gramos?|kilogramos?|toneladas?|kg|g|lbs?|oz|t",
    "share": r"percent|per cent|prozent|pour cent|por ciento|%|％",
    "heat": r"degrees?|grad|degrés?|grados?|°\s?[cf]?|celsius|fahrenheit",
    "speed": r"(?:km|miles|m|knots?|meilen|kilometer|kilomètres?|kilómetros?)\s?(?:/|per|an|pro|par|por)\s?(?:h|hour|s|second|stunde|heure|hora)|mph|km/h|kn(?:ots?)?|knoten",
}  # fmt: skip
_CJK_UNITS = {
    "age": r"[岁歳]|[年个]|か月", "times": r"[次回度]",
    "money": r"[元円块角分]|人民币|美元|日元|ドル|ユーロ", "time": r"[年月日天秒時时]|小时|分钟|分間?|時間|週間|か月|ヶ月|个月|星期|世纪|世紀|晚",
    "length": r"[米尺里寸]|公里|千米|厘米|毫米|英里|メートル|キロ|センチ", "area": r"平方|公顷|亩", "weight": r"[吨克斤]|公斤|千克|グラム|キログラム|トン", "share": r"[%％]|百分之|パーセント|割",
    "heat": r"度|℃", "speed": r"公里/小时|每小时|時速|キロ毎時",
}  # fmt: skip
_CJK_NUMBER = r"[\d〇零一二三四五六七八九十百千万亿億两兩半几数]"
_WHAT = r"\b(?:what|which) (?:\w+ ){0,3}"
_WELCHE = r"\b(?:welche[nmrs]?|was) (?:\w+ ){0,3}"
_QUEL = r"\bquel(?:le)?s? (?:\w+ |l['’]){0,3}"
_QUE = r"\b(?:qu[ée]|cu[áa]l(?:es)?) (?:\w+ ){0,3}"
_ASKED: tuple[tuple[str, str], ...] = (
    ("money", rf"\bhow much (?:is|are|was|were) (?:a|an|the)\b|\bhow much money\b|\bhow much (?:\w+ ){{0,6}}(?:cost|pay|paid|charge|earn|worth)\b|\bhow much (?:did|do|does|is|are|was|were|has|have|had|would|will|can|could) (?:[\w'’-]+ ){{1,8}}(?:cost|pay|paid|charged?|earn(?:ed)?|worth|sell for|sold(?: for)?|go for|fetch(?:ed)?|spen[dt]|owed?|len[dt]|borrow(?:ed)?|donated?|invest(?:ed)?|raised?|bid)\b|\bhow many (?:dollars|euros|pounds)\b|\b(?:amount|sum) of (?:the |an? |its |their )?(?:\w+ )?(?:gain|loss|proceeds|payment|fee|fine|rent|deposit|debt|loan|tax|dividend|bonus|salary|grant|donation|invoice|bill|refund|rebate|discount|price|cost|premium)s?\b|{_WHAT}(?:cost|price|fee|fine|fare|salary|wage|rent)\b|\bwhat (?:do|does|did|would|will) .*\bcost\b"
     rf"|\bwie teuer\b|\bwas (?:kostet?e?n?)\b|\bwie hoch (?:ist|war|sind) .*(?:preis|gebühr|miete|lohn|kosten|zahlung|strafe|kaution)\w*|{_WELCHE}(?:preis|gebühr|miete|lohn)\b"
     rf"|\b(?:combien|que) (?:\w+ )?coûte\w*|\bà combien s'élève\w*|{_QUEL}(?:prix|tarif|loyer|salaire)\b|\bcuánto (?:cuesta|vale|costó|cobra)\w*|\bqué cuesta\w*|{_QUE}(?:precio|tarifa|alquiler|salario)\b|多少钱|(?:费用?|价格|价钱|押金|罚款)(?:是|为)?多少|いくら"),
    ("share", rf"\bhow many (?:percent|per cent)\b|{_WHAT}(?:percentage|percent|proportion|share)\b|\b(?:welche[nmrs]?|wie viel) (?:prozent\w*|anteil)\b|{_QUEL}(?:pourcentage|proportion)\b|{_QUE}(?:porcentaje|proporción)\b|百分之几|什么比例|多少比例|何パーセント|何割"),
    ("speed", rf"\bhow fast\b|{_WHAT}speed\b|\bwie schnell\b|{_QUEL}vitesse\b|{_QUE}velocidad\b|速度是多少|時速何"),
    ("heat", rf"\bwhat (?:\w+ ){{0,5}}temperatures?\b|\bhow many degrees\b|\bdegrees (?:celsius|fahrenheit)\b|\bhow (?:hot|cold)\b|{_WELCHE}temperatur\b|{_QUEL}température\b|{_QUE}temperatura\b|多少度|何度"),
    ("weight", rf"\bhow many (?:metric )?(?:tons|tonnes|kilograms|kilos|grams|ounces)\b|\bhow (?:heavy|much (?:do|does|did) .* weigh)\b|\bwhat (?:do|does|did) .* weigh\b|{_WHAT}weight\b|\bwie schwer\b|\bwieviel wiegt\b|\bcombien pèse\w*|\bcuánto pesa\w*|多重"),
    ("area", rf"\bhow many (?:acres|hectares|square )|\bwhat (?:\w+ ){{0,3}}(?:surface|floor|land|total) area\b|{_WELCHE}fläche\b|\bwie viele (?:hektar|quadrat)|{_QUEL}superficie\b|{_QUE}superficie\b|多少(?:平方|公顷|亩)"),
    ("length", rf"\bhow many (?:kilomet(?:er|re)s|met(?:er|re)s|centimet(?:er|re)s|miles|feet|inches|yards)\b|\bhow (?:far|tall|high|deep|wide|thick)\b|{_WHAT}(?:height|depth|length|width|distance)\b|\bwie (?:weit|tief|breit|dick)\b|\bwie hoch (?:ist|war|sind) (?:der|das) (?:turm|berg|mast|baum|gebäude)\w*"
     rf"|{_WELCHE}(?:höhe|tiefe|länge|breite|entfernung)\b|{_QUEL}(?:hauteur|profondeur|longueur|largeur|distance)\b|{_QUE}(?:altura|profundidad|longitud|anchura|distancia)\b|多[高远深宽](?![^？?]*[天年])|何メートル"),
    ("time", rf"\bhow (?:many|much) (?:\w+ )?(?:seconds|minutes|hours|days|nights|weeks|months|years|decades|centuries|time)\b|{_WHAT}(?:duration|period)\b|\bwie viele (?:sekunden|minuten|stunden|tage|wochen|monate|jahre)\b"
     rf"|\bwie lange?\b(?=.*(?:frist|dauert?e?))|\bcombien de (?:temps|jours|mois|années|ans|heures|semaines)\b|{_QUEL}(?:durée|délai)\b|\bcuánt[oa]s? (?:tiempo|días|meses|años|horas|semanas)\b|{_QUE}(?:duración|plazo)\b|多久|多长时间|几[天年月周]|多少[天年月]|何[日年月週時]間"),
    ("age", rf"\bhow old\b|{_WHAT}age\b|\bwie alt\b|{_QUEL}âge\b|\bcuántos años (?:tiene|tenía)\b|{_QUE}edad\b|几岁|何歳"),
    ("times", r"\bhow often\b|\bhow many times\b|\bwie oft\b|\bcombien de fois\b|\bcuántas veces\b|几次|多少次|何回|何度も"),
    ("time or length", r"\bhow long\b|\bwie lange?\b|多长|どのくらい|どれくらい"),
)  # fmt: skip
_PATTERNS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _ASKED)
_GIVEN = {
    kind: re.compile(
        rf"(?:[$€£¥]\s?\d|\d\s?[$€£¥]|\b{_NUMBER}\s?-?(?:of an? |and a half |\w+ )?(?:{units})(?![\w])"
        rf"|{_CJK_NUMBER}\s?(?:{_CJK_UNITS[kind]}))"
        if kind == "money"
        else rf"(?:\b{_NUMBER}\s?-?(?:of an? |and a half |\w+ )?(?:{units})(?![\w])|{_CJK_NUMBER}\s?(?:{_CJK_UNITS[kind]})"
        rf"{'|百分之' if kind == 'share' else ''})",
        re.IGNORECASE,
    )
    for kind, units in _UNITS.items()
}
_PARTS = re.compile(
    r"\b(?:half|a third|thirds?|a quarter|quarters|majority|hälfte|drittel|viertel|moitié|tiers|mitad|tercios?)\b|一半|半数|半分",
    re.IGNORECASE,
)
_AGED = re.compile(
    r"\b(?:aged?|at|born|alter von|mit|im alter|geboren|âgée?|à l['’]âge|née?|nacid[oa]|edad de|a los)\b[^.;]{0,20}?\d",
    re.IGNORECASE,
)
_TIMES = re.compile(
    r"\b(?:once|twice|thrice|every|each|daily|weekly|monthly|yearly|annually|hourly|jede[nrs]?|täglich|wöchentlich|monatlich|jährlich|zweimal|einmal|dreimal|\w+mal|chaque|tous les|cada)\b|每[天年月周次]|毎[日年月週]",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\bhow many (?:of (?:the |his |her |their |its )?)?((?:[^\W\d_]+[ -]){0,2}?[^\W\d_]+)(?= (?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|must|may|in|on|of|at|for|from|to|with|by|there|took|sat|live|lived|die|died|stand|stood|belong\w*|came|come|be|been|who|that|which)\b|\W*$)"
    r"|\bwie ?viele? ([^\W\d_]+)|\bcombien d(?:e |['’])([^\W\d_]+)|\bcuánt[oa]s ([^\W\d_]+)",
    re.IGNORECASE,
)


@text_cache(256)
def measure_of(question: str) -> tuple[str, ...]:
    """The measures that a question may be asking for; none when it asks for no measure."""
    for kind, pattern in _PATTERNS:
        if pattern.search(question):
            return ("time", "length") if kind == "time or length" else (kind,)
    return ()


@text_cache(32_768)
def gives(kinds: tuple[str, ...], text: str) -> bool:
    """Whether a text gives a number with a unit of one of these measures."""
    said = {"age": _AGED, "times": _TIMES, "share": _PARTS}.get(kinds[0])
    return bool(said and said.search(text)) or any(_GIVEN[kind].search(text) for kind in kinds)


@text_cache(256)
def counted(question: str) -> str:
    """The thing whose number is asked for ("how many slides": slides); "" when none is."""
    match = _COUNTED.search(question)
    return next((group for group in match.groups() if group), "").strip() if match else ""


def counted_words(question: str) -> list[str]:
    """The words of an English question between "how many" and the verb it knows, function words left out: more than `counted`
    names ("how many large cinemas does …": large, cinemas), for what a whole answer must speak of."""
    match = _UP_TO_THE_VERB.search(question)
    return [word for word in match[1].lower().split() if word not in FUNCTION_WORDS] if match else []


_UP_TO_THE_VERB = re.compile(
    r"\bhow many ((?:[\w'’-]+ ){1,4}?)(?:do|does|did|is|are|was|were|has|have|had|can|could|will|would|there|of|in|on|at|that"
    r"|which|who|with)\b",
    re.IGNORECASE,
)


_BESIDE_WORDS = 2


@text_cache(32_768)
def counts(word_beginning: str, text: str) -> bool:
    """Whether a number that is no year stands right before a word that begins so ("two hundred and six slides")."""
    if not word_beginning:
        return False
    for written, _ in days(text):
        text = text.replace(written, " ")
    pattern = rf"(?<![\w./-])(?!(?:1\d{{3}}|20\d\d)(?![\d,])|\d{{1,2}}[./-]\d){_NUMBER}(?:[\s-]+[\w'’]+){{0,{_BESIDE_WORDS}}}?[\s-]+{re.escape(word_beginning)}"
    return bool(re.search(pattern, text, re.IGNORECASE))
