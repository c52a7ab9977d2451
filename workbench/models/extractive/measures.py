"""Which measure a question asks for (money, a duration, a length, a count of things), and whether a text gives one.

"How long" is not answered by any number but by one with a unit of time or of length; "how many slides" by a number beside the
word for slides. Units are closed classes of a few languages; elsewhere any number will do.
"""

# A pattern is one line for each measure, so that languages can be compared word by word.
# ruff: noqa: E501

from __future__ import annotations

import re

from workbench.core.text_cache import text_cache

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
    "length": r"met(?:er|re)s?|metern?|kilomet(?:er|re)s?|kilometern?|centimet(?:er|re)s?|miles?|f(?:oo|ee)t|inch(?:es)?|yards?|fathoms?|leagues?|knots?|mètres?|kilomètres?|metros?|kilómetros?|millas?|meilen?|fuß|pieds?|km|cm|mm|nm|m|ft",
    "weight": r"tons?|tonnes?|kilograms?|kilos?|grams?|pounds?|ounces?|stones?|tonnen?|kilogramm|gramm|pfund|grammes?|kilogrammes?|livres?|gramos?|kilogramos?|toneladas?|kg|g|lbs?|oz|t",
    "share": r"percent|per cent|prozent|pour cent|por ciento|%|％",
    "heat": r"degrees?|grad|degrés?|grados?|°\s?[cf]?|celsius|fahrenheit",
    "speed": r"(?:km|miles|m|knots?|meilen|kilometer|kilomètres?|kilómetros?)\s?(?:/|per|an|pro|par|por)\s?(?:h|hour|s|second|stunde|heure|hora)|mph|km/h|kn(?:ots?)?|knoten",
}  # fmt: skip
_CJK_UNITS = {
    "money": r"[元円块角分]|人民币|美元|日元|ドル|ユーロ", "time": r"[年月日天秒時时]|小时|分钟|分間?|時間|週間|か月|ヶ月|个月|星期|世纪|世紀|晚",
    "length": r"[米尺里寸]|公里|千米|厘米|毫米|英里|メートル|キロ|センチ", "weight": r"[吨克斤]|公斤|千克|グラム|キログラム|トン", "share": r"[%％]|百分之|パーセント|割",
    "heat": r"度|℃", "speed": r"公里/小时|每小时|時速|キロ毎時",
}  # fmt: skip
_CJK_NUMBER = r"[\d〇零一二三四五六七八九十百千万亿億两兩半几数]"
_ASKED: tuple[tuple[str, str], ...] = (
    ("money", r"\bhow much (?:is|are|was|were|does|do|did|will|would|must|did) .*|\b(?:cost|costs|price|fee|fine|fare|salary|wage|rent|worth|paid|pay)\b|\b(?:kostet?e?n?|preis|gebühr|miete|lohn|teuer)\b|\b(?:coûte\w*|prix|tarif|loyer|salaire|s'élève)\b|\b(?:cuesta\w*|precio|tarifa|alquiler|salario)\b|多少钱|费用|价格|价钱|押金|年费|罚款|いくら|料金|値段|費用"),
    ("share", r"\b(?:percentage|percent|proportion|prozent\w*|anteil|pourcentage|proportion|porcentaje|proporción)\b|百分之几|比例|パーセント|割合"),
    ("speed", r"\bhow fast\b|\bwhat speed\b|\bwie schnell\b|\bquelle vitesse\b|\bqué velocidad\b|速度"),
    ("heat", r"\btemperature\b|\btemperatur\b|\btempérature\b|\btemperatura\b|温度|気温"),
    ("weight", r"\bhow heavy\b|\bweigh\w*\b|\bwie schwer\b|\b(?:wiegt|gewicht)\b|\b(?:pèse\w*|poids)\b|\b(?:pesa\w*|peso)\b|多重|重量|重さ"),
    ("length", r"\bhow (?:far|tall|high|deep|wide|thick)\b|\b(?:height|depth|length|width|distance)\b|\bwie (?:weit|hoch|tief|breit|dick|groß)\b(?! ist die \w*(?:zahlung|gebühr|miete|strafe|kosten))|\b(?:höhe|tiefe|länge|breite|entfernung)\b|\b(?:hauteur|profondeur|longueur|largeur|distance)\b|\b(?:altura|profundidad|longitud|anchura|distancia)\b|多[高远深宽]|高さ|長さ|距離|深さ"),
    ("time", r"\bhow (?:old|often|soon|late|early)\b|\bhow (?:many|much) (?:\w+ )?(?:seconds|minutes|hours|days|nights|weeks|months|years|decades|centuries|time)\b|\b(?:duration|age|period)\b|\bwie (?:alt|oft)\b|\b(?:dauer\w*|frist|alter)\b|\bcombien de (?:temps|jours|mois|années|ans|heures|semaines)\b|\b(?:durée|âge|délai)\b|\bcuánt[oa]s? (?:tiempo|días|meses|años|horas|semanas)\b|\b(?:duración|edad|plazo)\b|多[久]|多长时间|几[天年月周]|多少[天年月]|期間|期限|何[日年月週時]"),
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
    return any(_GIVEN[kind].search(text) for kind in kinds)


@text_cache(256)
def counted(question: str) -> str:
    """The thing whose number is asked for ("how many slides": slides); "" when none is."""
    match = _COUNTED.search(question)
    return next((group for group in match.groups() if group), "").strip() if match else ""


_BESIDE_WORDS = 3


@text_cache(32_768)
def counts(word_beginning: str, text: str) -> bool:
    """Whether a number stands right before a word that begins so ("two hundred and six slides")."""
    if not word_beginning:
        return False
    pattern = rf"\b{_NUMBER}(?:[\s-]+[\w'’]+){{0,{_BESIDE_WORDS}}}?[\s-]+{re.escape(word_beginning)}"
    return bool(re.search(pattern, text, re.IGNORECASE))
