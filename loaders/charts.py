"""Charts of slides, Word and workbooks as tables: the categories with the value of every series, as they are shown.

Reads the numbers that the drawing keeps of its data (c:chart, ECMA-376 part 1, 21.2) and those of the newer kinds of chart
(cx:chart: waterfall, funnel, tree map).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from loaders.days import moment
from loaders.grid import Grid
from loaders.number_format import number_format
from loaders.opc import local

_POINTS = 20_000
"""Points of one series beyond this are not read."""


def chart_grid(root: Any) -> Grid | None:
    """The table of a chart part, None when it keeps no numbers. Its caption has the chart's title and axes."""
    if root is None:
        return None
    series = [one for one in root.iter() if local(one) == "ser"]
    measures = _measures(root)
    columns = [_series(one, measures) for one in series] if series else list(_newer(root))
    columns = [(name, points) for name, points in columns if points]
    if not columns:
        return None
    places = list(dict.fromkeys(place for _, points in columns for place in points))
    titles = [_text_of(axis) for axis in root.iter() if local(axis) in ("catAx", "valAx", "dateAx", "serAx")]
    axes = [title for title in titles if title and title not in measures.values()]
    title = _title(root)
    category = next((_text_of(axis) for axis in root.iter() if local(axis) in ("catAx", "dateAx")), "")
    plain = [name or f"Series {number}" for number, (name, _) in enumerate(columns, 1)]
    rows = [[category or "Category", *plain]]
    for place in places:
        rows.append([place[1], *(points.get(place, "") for _, points in columns)])
    caption = ": ".join(filter(None, ("Chart", title)))
    if axes:
        caption += f" ({'; '.join(dict.fromkeys(axes))})"
    return Grid(rows, header_rows=1, caption=caption)


Points = dict[tuple[int, str], str]
"""The shown values of a series by number and name of their category."""


def _measures(root: Any) -> dict[str, str]:
    """What each of two axes of values measures, by its number, where both say so: series are read by the one or the other."""
    axes = [one for one in root.iter() if local(one) == "valAx"]
    if len(axes) < 2 or any(local(one) in ("scatterChart", "bubbleChart") for one in root.iter()):
        return {}
    titles = {_value_of(_child(axis, "axId")): _text_of(axis) for axis in axes}
    return titles if len(set(filter(None, titles.values()))) > 1 else {}


def _value_of(element: Any) -> str:
    return "" if element is None else element.get("val") or ""


def _series(series: Any, measures: Mapping[str, str]) -> tuple[str, Points]:
    """The name of a series, with what its axis measures where there are two, and its points."""
    name = " ".join(_values(_child(series, "tx"), 1).values())
    chart = series.getparent()
    ids = [_value_of(one) for one in chart if local(one) == "axId"] if measures and chart is not None else []
    measure = next((measures[one] for one in ids if measures.get(one)), "")
    if measure and measure not in name:
        name = f"{name} ({measure})".strip()
    categories = _categories(_child(series, "cat", "xVal"))
    values = _values(_child(series, "val", "yVal"))
    sizes = _values(_child(series, "bubbleSize"))
    points: Points = {}
    for place, value in values.items():
        shown = f"{value} (size {sizes[place]})" if place in sizes else value
        points[place, categories.get(place, str(place + 1))] = shown
    return name, points


def _child(element: Any, *names: str) -> Any:
    return next((one for one in element if local(one) in names), None)


def _values(holder: Any, limit: int = _POINTS) -> dict[int, str]:
    """The cached or literal points below an element, as they are shown."""
    if holder is None:
        return {}
    code = next((one.text or "" for one in holder.iter() if local(one) == "formatCode"), "General")
    shown: dict[int, str] = {}
    for point in _points(holder):
        if len(shown) >= limit:
            break
        text = next((one.text or "" for one in point if local(one) == "v"), "")
        place = int(point.get("idx") or len(shown)) if (point.get("idx") or "0").isdigit() else len(shown)
        shown[place] = _shown(text, point.get("formatCode") or code)
    if not shown:
        text = " ".join("".join(one.itertext()) for one in holder.iter() if local(one) == "v")
        if text.strip():
            shown[0] = " ".join(text.split())
    return shown


def _points(holder: Any) -> Iterator[Any]:
    """The points of a cache, in order."""
    return (one for one in holder.iter() if local(one) == "pt")


def _shown(text: str, code: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return " ".join(text.split())
    form = number_format(code)
    if form.is_date and (day := moment(number)) is not None:
        return form.show_day(day, number)
    return form.show(number) or text


def _categories(holder: Any) -> dict[int, str]:
    """The names of the points; those of several levels are joined, the outermost first."""
    if holder is None:
        return {}
    levels = [one for one in holder.iter() if local(one) == "lvl"]
    if not levels:
        return _values(holder)
    known = [_values(level) for level in levels]
    outer = [_carried(level, max(known[0], default=-1)) for level in known[1:]]
    return {
        place: " ".join([*(level.get(place, "") for level in reversed(outer)), name]).strip()
        for place, name in known[0].items()
    }


def _carried(level: dict[int, str], last: int) -> dict[int, str]:
    carried, name = {}, ""
    for place in range(min(last, _POINTS) + 1):
        name = level.get(place, name)
        carried[place] = name
    return carried


def _title(root: Any) -> str:
    chart = next((one for one in root.iter() if local(one) == "chart"), root)
    title = _child(chart, "title")
    return "" if title is None else _text(title)


def _text_of(axis: Any) -> str:
    title = _child(axis, "title")
    return "" if title is None else _text(title)


def _text(element: Any) -> str:
    return " ".join("".join(one.text or "" if local(one) in ("t", "v") else " " for one in element.iter()).split())


def _newer(root: Any) -> Iterator[tuple[str, Points]]:
    """The series of a cx:chart: each names its data by number, which have texts and numbers by place."""
    data: dict[str, tuple[dict[int, str], dict[int, str]]] = {}
    for one in root.iter():
        if local(one) == "data" and one.get("id") is not None:
            texts = next((_newer_points(dimension) for dimension in one if local(dimension) == "strDim"), {})
            values = next((_newer_points(dimension) for dimension in one if local(dimension) == "numDim"), {})
            data[one.get("id")] = (texts, values)
    for one in root.iter():
        if local(one) == "series":
            number = next((ref.get("val") for ref in one if local(ref) == "dataId"), None)
            names, values = data.get(number or "", ({}, {}))
            yield (
                _newer_name(one),
                {(place, names.get(place, str(place + 1))): value for place, value in values.items()},
            )


def _newer_name(series: Any) -> str:
    name = _child(series, "tx")
    return "" if name is None else _text(name)


def _newer_points(dimension: Any) -> dict[int, str]:
    levels: Iterable[Any] = [one for one in dimension if local(one) == "lvl"]
    for level in levels:
        code = level.get("formatCode") or "General"
        points = _points(level)
        return {int(point.get("idx") or 0): _shown(point.text or "", code) for point, _ in zip(points, range(_POINTS))}
    return {}
