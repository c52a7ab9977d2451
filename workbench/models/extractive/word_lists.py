"""Word lists of the reader: closed classes of English only, nothing about any document."""

from __future__ import annotations

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
