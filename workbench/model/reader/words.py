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
    year date day time number amount""".split()
)
"""Words of a question that ask rather than describe: what they name is what the answer supplies, so they weigh little."""

ANAPHORS = frozenset(
    """he she it they his her its their him them this that these those there here such both neither former latter""".split()
)
"""A sentence that opens with one of these, or the like, needs the one before it to be understood."""
