"""Write the two question files, finding each gold page by its gold sentence.

    python tests/samples/build_questions.py

Every gold entry below is a document and a sentence of it. The sentence must
stand on exactly one page of exactly that document, or nothing is written.
sample_docs/questions.json is the published set; more_questions.json, beside
this file, is held out.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pypdfium2

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent.parent / "sample_docs"

SURVEY, HISTORY, INQUIRY = "harbour-survey.pdf", "station-history.pdf", "inquiry-report.pdf"
HANDBOOK, ANNALS = "instrument-handbook.pdf", "company-annals.pdf"
LETTERS, MINUTES, ORAL = "letters-from-the-fog.md", "council-minutes.md", "oral-history.md"
INVENTORY, KITCHEN = "stores-inventory.md", "kitchen-book.md"
LOG, RADIO, AUCTION = "keepers-log.txt", "radio-transcript.txt", "auction-catalogue.txt"

# id, question, answer, gold sentences in the order of the chain
PUBLISHED = [
    (
        "two-01",
        "What did the father of the diver who raised the bell of the Patient Griselda do for a living?",
        "He tuned pianos",
        [
            (INQUIRY, "The diver Ignatius Roper raised the bell of the Patient Griselda on 3 May 1939."),
            (ORAL, "Ignatius Roper's father tuned pianos for a living"),
        ],
    ),
    (
        "two-02",
        "In what kind of building was the designer of the Sand Table born?",
        "A signal box",
        [
            (HANDBOOK, "Constance Abernott designed the Sand Table in 1923."),
            (AUCTION, "Constance Abernott was born in a signal box on the Dunmarrow line"),
        ],
    ),
    (
        "two-03",
        "For what offence was the inventor of Stillness pudding fined?",
        "Keeping a pig in the reading room",
        [
            (KITCHEN, "Stillness pudding was invented by Gideon Farthingale"),
            (MINUTES, "The council fined Gideon Farthingale four shillings for keeping a pig in the reading room."),
        ],
    ),
    (
        "two-04",
        "Who were stranded where the barge Second Thoughts grounded?",
        "A party of Methodist choristers",
        [
            (LOG, "the barge Second Thoughts broke her tow in the dark this morning and grounded on Sabbath Reef"),
            (SURVEY, "Sabbath Reef was named after a party of Methodist choristers who were stranded upon it"),
        ],
    ),
    (
        "two-05",
        "Who built the vessel that was first to answer the distress call of the Patient Griselda?",
        "Hannibal Krook",
        [
            (RADIO, "The tug Obadiah was the first vessel to answer the distress call of the Patient Griselda."),
            (AUCTION, "The tug Obadiah was built by the shipbuilder Hannibal Krook at Wexcombe in 1922"),
        ],
    ),
    (
        "two-06",
        "Whose work is the spare part in the tin marked NOT BISCUITS?",
        "Lucian Tapp",
        [
            (INVENTORY, "The tin marked NOT BISCUITS holds the last spare of part KP-4471."),
            (ANNALS, "KP-4471 is the work of the Dunmarrow jeweller Lucian Tapp."),
        ],
    ),
    (
        "two-07",
        "Of which ship was the owner of the ivory barometer the purser?",
        "The Grey Dunlin",
        [
            (AUCTION, "The ivory barometer was the property of the late Anselm Digby, purser."),
            (LETTERS, "Anselm Digby is the purser of the Grey Dunlin."),
        ],
    ),
    (
        "two-08",
        "By what animal was the director who abolished the Sunday lecture bitten?",
        "The goat Bathsheba",
        [
            (HISTORY, "Yevgenia Solt abolished the Sunday lecture on fog."),
            (LOG, "Dr Yevgenia Solt was bitten by the goat Bathsheba while reading the thermometer."),
        ],
    ),
    (
        "two-09",
        "What animal did the mother of the pilot who first took a ship through Thimble Gut keep?",
        "A seal",
        [
            (SURVEY, "The pilot Fergus Ballantree was the first to take a ship through Thimble Gut."),
            (ORAL, "Fergus Ballantree's mother kept a seal in the wash-house"),
        ],
    ),
    (
        "two-10",
        "In which town was the nurse born who set the collarbone of Ottoline Vane?",
        "Wexcombe",
        [
            (LETTERS, "Sister Euphemia Drake set the collarbone of Ottoline Vane with two wooden spoons"),
            (KITCHEN, "Euphemia Drake was born at Wexcombe, over a saddler's shop"),
        ],
    ),
    (
        "three-01",
        "What did the council license the landlady of the man who last inspected the signal lamp of the Patient "
        "Griselda to open?",
        "A roller-skating rink",
        [
            (INQUIRY, "Barnaby Oxspring was the last man to inspect the signal lamp of the Patient Griselda."),
            (ANNALS, "Barnaby Oxspring lodged for eleven years with Honor Tidewell"),
            (MINUTES, "The council granted Honor Tidewell a licence for a roller-skating rink in the old sail loft."),
        ],
    ),
    (
        "three-02",
        "On which island is the quarry of the stone under the instrument stopped by the lightning of August 1930?",
        "Quillan",
        [
            (LOG, "stopped the Nodding Friar"),
            (HANDBOOK, "The Nodding Friar stands on a pillar of Larkstone sunk nine feet into the rock."),
            (SURVEY, "Larkstone is quarried on Quillan and nowhere else in the world"),
        ],
    ),
    (
        "three-03",
        "What creatures did the husband of the woman who carved the figurehead of the Grey Dunlin breed after he "
        "retired?",
        "Peacocks",
        [
            (AUCTION, "The figurehead of the Grey Dunlin was carved by Salome Brandreth in 1911."),
            (ORAL, "Salome Brandreth married Captain Jory Hartnoll in 1912"),
            (ANNALS, "After his retirement Captain Jory Hartnoll bred peacocks on Little Tarve."),
        ],
    ),
    (
        "three-04",
        "What was sewn from the balloon of the man who gave the galley its copper stockpot?",
        "Curtains for the lecture room",
        [
            (KITCHEN, "The copper stockpot called the Archdeacon was given to the galley by Evander Quist"),
            (LETTERS, "Evander Quist was the pilot of the balloon Hesitant Duchess."),
            (HISTORY, "The silk of the balloon Hesitant Duchess was sewn into curtains for the lecture room"),
        ],
    ),
    (
        "three-05",
        "What bearing was taken with the instrument that was left behind by the surveyor hired to settle the boundary "
        "quarrel?",
        "Two hundred and fourteen degrees",
        [
            (MINUTES, "The council hired the surveyor Caspian Holloway to settle the boundary quarrel"),
            (INVENTORY, "Theodolite T-208 was left at Kettle Point by Caspian Holloway"),
            (RADIO, "The bearing of the wreck by theodolite T-208 was two hundred and fourteen degrees."),
        ],
    ),
    (
        "one-01",
        "With what oil must the Brass Aunt be oiled?",
        "Neat's-foot oil thinned with paraffin",
        [(HANDBOOK, "The Brass Aunt must be oiled only with neat's-foot oil thinned with paraffin.")],
    ),
    (
        "one-02",
        "What was the name of the parrot that Maud Clevering kept?",
        "Lord Chancellor",
        [(LETTERS, "Maud Clevering keeps a parrot named Lord Chancellor.")],
    ),
    (
        "one-03",
        "What did Gamaliel Frith steer by in fog?",
        "A cornet",
        [(SURVEY, "one of them, Gamaliel Frith, used for that purpose a cornet")],
    ),
    ("none-01", "In what year did the harbour-master Cornelius Vint marry?", None, []),
    ("none-02", "What colour was the hull of the tug Obadiah painted?", None, []),
]

HELD_OUT = [
    (
        "held-two-01",
        "Which dish came to the galley from the steward who was sacked for serving up a chart?",
        "Seaweed rarebit",
        [
            (ANNALS, "Lemuel Crake was the steward dismissed in 1909 for serving the chairman a boiled chart."),
            (KITCHEN, "Lemuel Crake brought the recipe for seaweed rarebit to the galley in the winter of 1912."),
        ],
    ),
    (
        "held-two-02",
        "How far did Dagny Horrocks's swimming teacher once row to bring a doctor?",
        "Nineteen miles",
        [
            (ORAL, "Matthias Quoyle taught Dagny Horrocks to swim"),
            (LOG, "Matthias Quoyle rowed nineteen miles through the snow to fetch a doctor to Scaur Holm light."),
        ],
    ),
    (
        "held-two-03",
        "For what crime did the artist behind the Vesuvius lantern slides go to prison?",
        "Forging tram tickets",
        [
            (INVENTORY, 'The set of slides called "The Ascent of Vesuvius" was painted by Rosalba Intwistle.'),
            (AUCTION, "Rosalba Intwistle served two years in Dunmarrow gaol for forging tram tickets."),
        ],
    ),
    (
        "held-two-04",
        "On the night of the shipwreck, what did the first woman ever to spend a winter at Kettle Point recite on the "
        "radio?",
        "The thirteen times table",
        [
            (HISTORY, "Zenobia Clarke was the first woman to winter at Kettle Point."),
            (RADIO, "Zenobia Clarke recited the thirteen times table over the air."),
        ],
    ),
    (
        "held-two-05",
        "The man who designed the beacon on the Parson's Elbow lost what in a bet?",
        "His moustache",
        [
            (SURVEY, "Leopold Hask designed the iron beacon that has stood on the Parson's Elbow since 1913."),
            (HISTORY, "The engineer Leopold Hask lost his moustache in a wager with Hanno Breck."),
        ],
    ),
    (
        "held-two-06",
        "Which was launched earlier, the cutter Corrigenda or the lifeboat Widow Prosser?",
        "The Corrigenda",
        [
            (SURVEY, "The survey cutter Corrigenda was launched at Dunmarrow in April 1919"),
            (LOG, "The lifeboat Widow Prosser was launched at Port Amity on 26 July 1924."),
        ],
    ),
    (
        "held-three-01",
        "What had the lawyer found that earned him free travel, the one who drew up the petition brought by the "
        "teacher from whom Ottoline Vane learned the reel?",
        "The Company's lost seal, inside a cod",
        [
            (LETTERS, "taught Ottoline Vane the Morrin reel in one evening"),
            (MINUTES, "The petition against the gasworks was drafted by Hieronymus Cobb."),
            (ANNALS, "Hieronymus Cobb travelled free because he had found the Company's lost seal inside a cod."),
        ],
    ),
    (
        "held-three-02",
        "What deafened the maker of the concertina left to the station by the man whose rocket line reached the wreck?",
        "The noon gun on the Old Pier",
        [
            (RADIO, "Thaddeus Unwin fired the rocket line that reached the Patient Griselda."),
            (INVENTORY, "The concertina bequeathed by Thaddeus Unwin was made by Bettany Rusk"),
            (ORAL, "Bettany Rusk was made deaf in her left ear by the noon gun on the Old Pier"),
        ],
    ),
    (
        "held-three-03",
        "The mailbag that was missing from the wreck drifted ashore in a cove; from which ship's wreck does the cove "
        "get its name?",
        "The brig Charity Ann",
        [
            (INQUIRY, "Mailbag number 316 was the only mailbag of the Patient Griselda still missing"),
            (LOG, "Mailbag number 316 was washed ashore in Hobnail Cove on 11 July 1939."),
            (SURVEY, "Hobnail Cove took its name from the wreck of the brig Charity Ann"),
        ],
    ),
    (
        "held-one-01",
        "What sum did the council approve for a drinking fountain?",
        "Eighteen pounds",
        [(MINUTES, "The council voted eighteen pounds for the drinking fountain.")],
    ),
    ("held-none-01", "Which musical instrument did Captain Roderick Thwaite play?", None, []),
    ("held-none-02", "In what year was the keeper Magnus Eider born?", None, []),
]


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\u2019", "'")).strip()


def pages() -> dict[tuple[str, int], str]:
    """The text of every page; a text document is one page."""
    found: dict[tuple[str, int], str] = {}
    for path in sorted(SAMPLES.iterdir()):
        if path.suffix == ".pdf":
            with pypdfium2.PdfDocument(path) as pdf:
                for number in range(len(pdf)):
                    found[path.name, number + 1] = plain(pdf[number].get_textpage().get_text_range())
        elif path.suffix in (".md", ".txt"):
            found[path.name, 1] = plain(path.read_text(encoding="utf-8"))
    return found


def resolve(entries, texts) -> list[dict]:
    questions = []
    for ident, question, answer, golds in entries:
        gold = []
        for document, sentence in golds:
            places = [place for place, text in texts.items() if plain(sentence) in text]
            if len(places) != 1 or places[0][0] != document:
                raise SystemExit(f"{ident}: {sentence!r} stands at {places}, wanted once in {document}")
            gold.append({"document": document, "page": places[0][1]})
        questions.append({"id": ident, "question": question, "answer": answer, "hops": len(gold), "gold": gold})
    return questions


def write(target: Path, questions: list[dict]) -> None:
    target.write_text(json.dumps({"questions": questions}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    texts = pages()
    published, held_out = resolve(PUBLISHED, texts), resolve(HELD_OUT, texts)
    write(SAMPLES / "questions.json", published)
    write(HERE / "more_questions.json", held_out)


if __name__ == "__main__":
    main()
