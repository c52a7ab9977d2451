"""Stored numbers shown by a workbook's formats."""

from __future__ import annotations

import datetime

import pytest

from loaders.number_format import NumberFormat, number_format

ACCOUNTING = '_-* #,##0.00\\ "€"_-;\\-* #,##0.00\\ "€"_-;_-* "-"??\\ "€"_-;_-@_-'


@pytest.mark.parametrize(
    ("code", "number", "shown"),
    [
        ("0.0%", 0.934, "93.4%"), ("0.00%", 0.0575, "5.75%"), ('"P-"00000', 417, "P-00417"), ("00000", 417, "00417"),
        ("#,##0", 1284500, "1,284,500"), ("#,##0.00;(#,##0.00)", -81.5, "(81.50)"), (ACCOUNTING, 1234.5, "1,234.50 €"),
        (ACCOUNTING, -1, "-1.00 €"), (ACCOUNTING, 0, "- €"), ("[$CHF-807] #,##0", -5, "-CHF 5"), ('0.0,,"m"', 12345678, "12.3m"),
        ("# ##0", 12553, "12 553"), ("# ##0", 81, "81"), ("000-00-0000", 123456789, "123-45-6789"),
        ("(000) 000-0000", 5551234567, "(555) 123-4567"), ("0.00E+00", 12345, "1.23E+04"), ("##0.0E+0", 12345, "12.3E+3"),
        ("# ?/?", 1.5, "1 1/2"), ("# ?/8", 0.25, "2/8"), ("0.##", 5, "5"), ("#.00", 0.5, ".50"), ("0", 2.5, "3"),
        ("0.00", 2.675, "2.68"), ("General", 0.1 + 0.2, "0.3"), ('[>=1000]#,##0,"k";0', 1500, "2k"), ('"yes";;"no"', 0, "no"),
        ("[Red]-0.0", 3, "-3.0"), ('0" kg"', 5, "5 kg"), ("0\\ °C", -21, "-21 °C"), ('0 "of" 9', 4, "4 of 9"), ("", 7, "7"),
        ('"', 7, ""), (";;;", 7, ""), ("0" * 40, 1, "0" * 39 + "1"),
    ],
)  # fmt: skip
def test_numbers(code: str, number: float, shown: str) -> None:
    assert NumberFormat(code).show(number) == shown


DAY = datetime.datetime(2033, 2, 3, 14, 5, 9)


@pytest.mark.parametrize(
    ("code", "moment", "shown"),
    [
        ("d.m.yyyy", DAY, "3.2.2033"), ("dd/mm/yy", DAY, "03/02/33"), ("[$-407]d. mmmm yyyy", DAY, "3. Februar 2033"),
        ("[$-fr-FR]dddd d mmmm", DAY, "jeudi 3 février"), ("yyyy-mm-dd h:mm:ss", datetime.datetime(2033, 2, 3), "2033-02-03"),
        ("h:mm AM/PM", DAY, "2:05 PM"), ("mm:ss.0", DAY, "05:09.0"), ("[h]:mm", DAY, "48:05"), ("mmm-yy", DAY, "Feb-33"),
        ("[$-F800]dddd, mmmm dd, yyyy", DAY, "2033-02-03"), ('yyyy"年"m"月"d"日"', DAY, "2033年2月3日"),
        ("m/d/yyyy h:mm", DAY, "2/3/2033 14:05"),
    ],
)  # fmt: skip
def test_days(code: str, moment: datetime.datetime, shown: str) -> None:
    form = number_format(code)
    assert form.is_date
    assert form.show_day(moment, 2.0 + 5 / 1440) == shown


def test_texts() -> None:
    assert NumberFormat('"Dept. "@').show_text("North") == "Dept. North"
    assert NumberFormat("0.00").show_text("North") == "North"
    assert not NumberFormat('"md"0').is_date
