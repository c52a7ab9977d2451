"""Generates leases with known values in varied wording, as Markdown, plain text, Word and PDF: the truth of a table of answers.

Values, wordings, order of the clauses and the format are drawn at random, so that no rule can know a lease. Beside each value stand
others of its kind (deposit, late fee, day of signing, landlord), and now and then a value is not stated at all.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

QUESTIONS = (
    "Tenant | Who is the tenant?",
    "Rent | What is the monthly rent? | number",
    "Begins | On which date does the lease begin? | date",
    "Notice | How long is the notice period? | number",
    "Pets | Are pets allowed? | yes/no",
)
"""As lines of a question file."""

_FIRST = (
    "Ada Bruno Chloe Dmitri Elena Farid Greta Hugo Imani Jonas Katya Liam Mina Nadia Oscar Petra Quentin Rosa Samir Tessa"
).split()
_LAST = (
    "Abbot Bergmann Castillo Dunmore Eriksen Fontaine Grabowski Hartley Ibarra Jansen Kowalski Lindqvist Marchetti Novak "
    "Okafor"
).split()
_STREETS = "Alder Lane|Mill Road|Station Street|Harbour View|Orchard Close|Castle Hill|Park Avenue|Bridge Street".split(
    "|"
)
_SIGNS = {"€": "EUR", "£": "GBP", "$": "USD"}
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve".split()


@dataclass(frozen=True)
class GeneratedLease:
    """A lease: its text in paragraphs, and what is true of it by the name of the column; None where it does not say."""

    title: str
    paragraphs: tuple[str, ...]
    truth: dict[str, str | None] = field(default_factory=dict)


def generate(seed: int) -> GeneratedLease:
    """The lease of a seed."""
    rng = random.Random(seed)
    tenant, landlord, agent = (f"{rng.choice(_FIRST)} {rng.choice(_LAST)}" for _ in range(3))
    while landlord == tenant:
        landlord = f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"
    sign = rng.choice(list(_SIGNS))
    rent = rng.randrange(38, 260) * 10
    begins = date(2017, 1, 1) + timedelta(days=rng.randrange(2_900))
    begins = begins.replace(day=1) if rng.random() < 0.5 else begins
    signed = begins - timedelta(days=rng.randrange(5, 60))
    ends = begins + timedelta(days=365 * rng.randrange(1, 6))
    months = rng.choice([1, 2, 3, 4, 6])
    pets = rng.choice([True, False])
    address = f"{rng.randrange(1, 180)} {rng.choice(_STREETS)}"
    missing = rng.choice(["Notice", "Pets", *[""] * 6])
    truth: dict[str, str | None] = {
        "Tenant": tenant, "Rent": str(rent), "Begins": begins.isoformat(), "Notice": str(months),
        "Pets": "yes" if pets else "no",
    }  # fmt: skip
    clauses = {
        "parties": _parties(rng, tenant, landlord),
        "premises": rng.choice(
            [
                f"The premises are the flat at {address}, with {rng.randrange(1, 5)} rooms and a cellar.",
                f"The landlord lets to the tenant the dwelling known as {address}, comprising {rng.randrange(2, 6)} rooms.",
            ]
        ),
        "term": _term(rng, begins, ends),
        "rent": _rent(rng, rent, sign),
        "deposit": rng.choice(
            [
                f"A deposit of {_money(rng, rent * 2, sign)} is paid before the keys are handed over.",
                f"The tenant lodges {_money(rng, rent * 3, sign)} as security, returned {rng.randrange(2, 9)} weeks after the end.",
            ]
        ),
        "late": rng.choice(
            [
                f"For every reminder a fee of {_money(rng, rng.randrange(5, 40), sign)} is charged.",
                f"Sums paid more than {rng.randrange(5, 15)} days late bear interest at {rng.randrange(3, 9)} per cent a year.",
            ]
        ),
        "notice": _notice(rng, months),
        "pets": _pets(rng, pets),
        "upkeep": rng.choice(
            [
                f"Repairs of up to {_money(rng, rng.randrange(40, 200), sign)} each are the tenant's to pay.",
                "The landlord keeps the roof, the walls and the heating in good repair.",
            ]
        ),
        "quiet": "Quiet hours are from ten in the evening until seven in the morning. The stairs are kept clear.",
        "agent": f"Enquiries about the building go to the managing agent, {agent}, on weekdays.",
    }
    if missing:
        del clauses[missing.lower()]
        truth[missing] = None
    first = [clauses.pop("parties")]
    rest = list(clauses.values())
    rng.shuffle(rest)
    closing = f"Signed on {_day(rng, signed)} by {landlord} and {tenant}."
    title = rng.choice(["Residential Lease", "Tenancy Agreement", "Lease of a Dwelling", "Agreement for Lease"])
    return GeneratedLease(title, (*first, *rest, closing), truth)


def write(folder: Path, count: int, seed: int = 0) -> dict[str, dict[str, str | None]]:
    """Write `count` leases into a folder, a quarter of them in each format; file name -> what is true of it."""
    folder.mkdir(parents=True, exist_ok=True)
    truth = {}
    for number in range(count):
        lease = generate(seed + number)
        suffix = ("md", "txt", "docx", "pdf")[number % 4]
        file = folder / f"lease-{number:02}.{suffix}"
        _write(file, lease, random.Random(seed + number))
        truth[file.name] = lease.truth
    return truth


def _parties(rng: random.Random, tenant: str, landlord: str) -> str:
    return rng.choice([
        f"This agreement is made between {landlord} (the landlord) and {tenant} (the tenant).",
        f"{landlord}, hereinafter called the Lessor, and {tenant}, hereinafter called the Tenant, agree as follows.",
        f"Landlord: {landlord}\nTenant: {tenant}",
        f"The tenant under this lease is {tenant}. The landlord is {landlord}.",
        f"BETWEEN {landlord} as landlord AND {tenant} as tenant, it is agreed:",
    ])  # fmt: skip


def _term(rng: random.Random, begins: date, ends: date) -> str:
    start, end = _day(rng, begins), _day(rng, ends)
    return rng.choice([
        f"The lease begins on {start} and ends on {end}.",
        f"The term commences on {start} and runs until {end}.",
        f"Commencement date: {start}\nExpiry date: {end}",
        f"The tenancy starts on {start}. Unless it is renewed it expires on {end}.",
        f"With effect from {start} the tenant takes possession; the lease begins on that day and is for a fixed term until {end}.",
    ])  # fmt: skip


def _rent(rng: random.Random, rent: int, sign: str) -> str:
    money = _money(rng, rent, sign)
    parking = _money(rng, rng.randrange(20, 90), sign)
    return rng.choice([
        f"The monthly rent is {money}, payable in advance.",
        f"The tenant shall pay rent of {money} per month, on or before the third working day.",
        f"Rent: {money} per calendar month\nParking space: {parking} per calendar month",
        f"A rent of {money} is due on the first day of each month. The parking space costs {parking} more.",
        f"Rent is payable monthly in the amount of {money}.",
    ])  # fmt: skip


def _notice(rng: random.Random, months: int) -> str:
    number = str(months) if rng.random() < 0.5 else _SMALL[months]
    said = f"{number} month{'s' * (months != 1)}"
    given = f"{said} of" if months == 1 else f"{said}'"
    return rng.choice([
        f"Either party may end the lease by giving {given} notice in writing.",
        f"The notice period is {said}.",
        f"Notice period: {said}",
        f"The tenant may terminate on not less than {given} written notice to the landlord.",
        f"A period of notice of {said} applies to both sides.",
    ])  # fmt: skip


def _pets(rng: random.Random, allowed: bool) -> str:
    if allowed:
        return rng.choice([
            "Pets are allowed.", "The tenant may keep pets in the flat.", "Pets: allowed",
            "Cats and dogs are welcome; the keeping of pets is permitted without further consent.",
        ])  # fmt: skip
    return rng.choice([
        "Pets are not allowed.", "No pets may be kept in the flat.", "Pets: not permitted",
        "The keeping of pets is prohibited.", "The tenant shall not keep any pets on the premises.",
    ])  # fmt: skip


def _money(rng: random.Random, amount: int, sign: str) -> str:
    digits = f"{amount:,}" if rng.random() < 0.5 else str(amount)
    cents = ".00" if rng.random() < 0.3 else ""
    return f"{_SIGNS[sign]} {digits}{cents}" if rng.random() < 0.4 else f"{sign}{digits}{cents}"


def _day(rng: random.Random, day: date) -> str:
    return rng.choice([
        f"{day.day} {day:%B} {day.year}", f"{day:%B} {day.day}, {day.year}", day.isoformat(), f"{day:%d.%m.%Y}",
        f"the {_ordinal(day.day)} day of {day:%B} {day.year}",
    ])  # fmt: skip


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _write(file: Path, lease: GeneratedLease, rng: random.Random) -> None:
    numbered = [
        f"{at}. {text}" if rng.random() < 0.9 and "\n" not in text else text
        for at, text in enumerate(lease.paragraphs, 1)
    ]
    if file.suffix == ".docx":
        from docx import Document

        document = Document()
        document.add_heading(lease.title, 1)
        for paragraph in numbered:
            for line in paragraph.split("\n"):
                document.add_paragraph(line)
        document.save(str(file))
    elif file.suffix == ".pdf":
        from reportlab.lib.styles import getSampleStyleSheet
        from reportlab.platypus import Paragraph, SimpleDocTemplate

        styles = getSampleStyleSheet()
        parts = [Paragraph(lease.title, styles["Title"])]
        parts += [Paragraph(line, styles["BodyText"]) for paragraph in numbered for line in paragraph.split("\n")]
        SimpleDocTemplate(str(file)).build(parts)
    else:
        head = f"# {lease.title}" if file.suffix == ".md" else lease.title.upper()
        body = [paragraph.replace("\n", "\n\n" if file.suffix == ".md" else "\n") for paragraph in numbered]
        file.write_text("\n\n".join([head, *body]) + "\n", encoding="utf-8")
