"""Writes the result of a run as a table for people, as Markdown, or as one HTML page with plots that needs nothing else."""

from __future__ import annotations

import html
import json
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

_COLUMNS = (
    ("right", "right"), ("judged", "judged right"), ("contained", "answer contained"), ("exact", "exact match"), ("f1", "F1"),
    ("rouge_l", "ROUGE-L"), ("rouge_l_recall", "ROUGE-L recall"), ("sim_1", "SIM-1"), ("sim_3", "SIM-3"), ("sim_h", "SIM-H"),
    ("gold_cited", "gold cited"), ("gold_paged", "gold paged in"), ("gold_all_paged", "all gold paged in"),
    ("refusal_precision", "refusal precision"), ("refusal_recall", "refusal recall"),
    ("quotes_verified", "quotes verified"), ("calibration_error", "calibration error"), ("steps", "steps"),
    ("prompt_tokens", "tokens"), ("cached_share", "cached"), ("seconds", "seconds"), ("cost", "cost"),
    ("judge_cost", "judge's cost"), ("judge_unclear", "no verdict"), ("failed", "failed"),
)  # fmt: skip
_WHOLE = ("prompt_tokens", "failed", "judge_unclear")
_IF_ANY = ("cached_share", "cost", "judge_cost", "judge_unclear", "failed")
"""Left out where they are 0 for every arm."""

_WITH_INTERVAL = ("right", "judged")
_OF_OPENERS = ("contained", "exact", "f1", "rouge_l")
"""What says nothing about an opener: no words of it are the right ones."""

_NUMBER = re.compile(r"\d+")
_COLOURS = ("#167", "#b51", "#591", "#838", "#555", "#a33", "#36b", "#871")


def _columns(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The measures that any arm has."""
    arms = result["arms"].values()
    opener = any("sim_1" in metrics for metrics in arms)
    return [
        (key, label)
        for key, label in _COLUMNS
        if any(metrics.get(key) if key in _IF_ANY else key in metrics for metrics in arms)
        and not (opener and key in _OF_OPENERS)
    ]


def _cells(name: str, metrics: Mapping[str, float], columns: Sequence[tuple[str, str]]) -> list[str]:
    cells = [name]
    for key, _ in columns:
        value = metrics.get(key)
        if value is None:
            cells.append("–")
        elif key in _WITH_INTERVAL:
            cells.append(f"{value:.3f} ({metrics[f'{key}_low']:.3f} to {metrics[f'{key}_high']:.3f})")
        else:
            cells.append(f"{value:.0f}" if key in _WHOLE else f"{value:.3f}")
    return cells


def _tables(result: Mapping[str, Any]) -> list[tuple[str, list[list[str]]]]:
    """The tables of a run as (caption, rows with the heads first): its measures, by group, and what others published."""
    columns = _columns(result)
    measured = [["arm", *(label for _, label in columns)]]
    measured += [_cells(name, metrics, columns) for name, metrics in result["arms"].items()]
    tables = [("", measured)]
    if groups := result.get("groups"):
        names = sorted({group for own in groups.values() for group in own}, key=_natural)
        rows = [["right, of questions", *(name or "other" for name in names)]]
        for arm, own in groups.items():
            cells = [f"{own[name]['right']:.3f} of {own[name]['questions']}" if name in own else "–" for name in names]
            rows.append([arm, *cells])
        tables.append(("By group", rows))
    if theirs := published(result["task"]):
        rows = [["published, not ours", *theirs["columns"]]]
        rows += [[name, *(f"{value:.3f}" for value in values)] for name, values in theirs["rows"].items()]
        tables.append((f"Theirs: {theirs['source']}. Measured: {theirs['measure']}", rows))
    return tables


def published(task: str) -> dict[str, Any] | None:
    """What others published of a task, with its source; None where nothing is kept."""
    text = resources.files("workbench.evaluation").joinpath("published.json").read_text(encoding="utf-8")
    kept = json.loads(text)
    return {**kept[task], "source": kept["source"]} if task in kept else None


def _title(result: Mapping[str, Any]) -> str:
    pool = f" over {result['pool']}" if result.get("pool") else ""
    return f"{result['task']} on {result['data']}: {result['questions']} questions{pool}, seed {result['seed']}"


def markdown(result: Mapping[str, Any]) -> str:
    """The tables of a run. `right` is the share of all questions that were answered or refused rightly, with its 95 % interval."""
    parts = [f"{_title(result)}, revision {result['revision'] or 'unknown'}"]
    for caption, rows in _tables(result):
        lines = ["| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows]
        lines.insert(1, "|" + "---|" * len(rows[0]))
        parts += [f"{caption}:"] if caption else []
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def text(result: Mapping[str, Any]) -> list[str]:
    """The same tables for a terminal, line by line: measures go down and arms across, so that a narrow screen holds them."""
    lines = [f"{_title(result)}, revision {result['revision'] or 'unknown'}"]
    for number, (caption, rows) in enumerate(_tables(result)):
        table = [list(column) for column in zip(*rows, strict=True)] if number == 0 else rows
        widths = [max(len(row[at]) for row in table) for at in range(len(table[0]))]
        lines += ["", *([f"{caption}:"] if caption else [])]
        for row in table:
            cells = [
                cell.rjust(width) if at else cell.ljust(width)
                for at, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            lines.append("  ".join(cells).rstrip())
    return lines


def open_command(home: str, agent: str = "NAME") -> str:
    """The command that opens an agent of a kept run on the screen, with all its steps."""
    return f"WORKBENCH_HOME={shlex.quote(home)} workbench --agent {shlex.quote(agent)}"


def page(result: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], home: str = "") -> str:
    """One HTML page: tables, plots and every question. Everything foreign is escaped, and no script runs in it."""
    tables = "".join(
        f"{f'<h2>{html.escape(caption)}</h2>' if caption else ''}{_html_table(table)}"
        for caption, table in _tables(result)
    )
    asked = "".join(
        f"<tr class={_mark(row)}><td>{html.escape(str(row['arm']))}</td>"
        f"<td>{html.escape(str(row['question']))}</td><td>{html.escape(str(row['text'] or row['failed'])[:600])}</td>"
        f"<td>{_mark(row)}</td><td>{html.escape(str(row['agent']))}</td></tr>"
        for row in rows
    )
    opens = (
        f"<p>Open the agent of a question, with the prompt of every step: <code>{html.escape(open_command(home))}</code></p>"
        if home
        else ""
    )
    title = html.escape(_title(result))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<style>{_STYLE}</style><h1>{title}</h1><p>Revision {html.escape(result['revision'] or 'unknown')}. Bars show the share "
        f"of questions that were answered or refused rightly, lines across them its 95 % interval.</p>{_plots(result)}"
        f"{tables}<h2>Questions</h2>{opens}"
        f"<table><tr><th>arm</th><th>question</th><th>answer</th><th></th><th>agent</th></tr>{asked}</table></html>\n"
    )


def _mark(row: Mapping[str, Any]) -> str:
    return "open" if row["right"] is None else "right" if row["right"] else "wrong"


def _html_table(rows: Sequence[Sequence[str]]) -> str:
    heads, *body = rows
    lines = ["<tr>" + "".join(f"<th>{html.escape(cell)}</th>" for cell in heads) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in body]
    return f"<table>{''.join(lines)}</table>"


_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}h2{font-size:1.1rem}"
    "table{border-collapse:collapse;margin:1rem 0}td,th{border-bottom:1px solid #ccc;padding:.3rem .6rem;text-align:left;"
    "vertical-align:top}.wrong td:nth-child(4){color:#a00}.right td:nth-child(4){color:#070}svg{margin:.5rem 1.5rem .5rem 0}"
    "svg text{font:13px system-ui}"
)


# -- plots ----------------------------------------------------------------------------------------------------------------------

_BY_RATIO = 10.0
"""Numbers that differ more than so many times stand on a logarithmic axis."""

Points = Mapping[str, Sequence[tuple[float, float]]]
"""For each name the points (x, share right) of its line."""


def _plots(result: Mapping[str, Any]) -> str:
    arms = {name: metrics for name, metrics in result["arms"].items() if "right" in metrics}
    if not arms:
        return ""
    plots = [_bars(arms)]
    theirs = published(result["task"]) or {"columns": [], "rows": {}}
    by_group = {
        name: [(_first_number(group), own["right"]) for group, own in sorted(groups.items(), key=lambda one: _natural(one[0]))]
        for name, groups in result.get("groups", {}).items()
        if groups and all(_NUMBER.search(group) for group in groups)
    }  # fmt: skip
    if by_group:
        label = "nesting" if result["task"] == "nested-kv" else "hops"
        plots.append(_lines(f"right by {label}", by_group | _their_points(theirs, "nesting")))
    by_documents = _by_documents(arms)
    if any(len(points) > 1 for points in by_documents.values()):
        plots.append(_lines("right by documents in the context", by_documents | _their_points(theirs, "")))
    by_tokens = {name: [(metrics["prompt_tokens"], metrics["right"])] for name, metrics in arms.items()}
    if len({points[0][0] for points in by_tokens.values()}) > 1:
        plots.append(_lines("right by tokens read a question", by_tokens))
    return "".join(plots)


def _their_points(theirs: Mapping[str, Any], prefix: str) -> dict[str, list[tuple[float, float]]]:
    """Published figures as lines, where their columns count what the plot counts."""
    columns = theirs["columns"]
    if not columns or not all(re.fullmatch(rf"{prefix} ?\d+", column) for column in columns):
        return {}
    numbers = [_first_number(column) for column in columns]
    return {f"{name} (theirs)": list(zip(numbers, values, strict=True)) for name, values in theirs["rows"].items()}


def _by_documents(arms: Mapping[str, Mapping[str, float]]) -> dict[str, list[tuple[float, float]]]:
    """Arms that were asked with several numbers of documents as one line each; the others are level."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for name, metrics in arms.items():
        if match := re.search(r"\bdocuments=(\d+)", name):
            base = re.sub(r"\[documents=\d+\]|,?documents=\d+", "", name)
            lines.setdefault(base, []).append((float(match[1]), metrics["right"]))
    numbers = sorted({x for points in lines.values() for x, _ in points})
    for name, metrics in arms.items():
        if "documents=" not in name and numbers:
            lines[name] = [(x, metrics["right"]) for x in numbers]
    return {name: sorted(points) for name, points in lines.items()}


def _bars(arms: Mapping[str, Mapping[str, float]]) -> str:
    rows = []
    left = 20 + 7 * max(len(name) for name in arms)
    for at, (name, metrics) in enumerate(arms.items()):
        y, width = at * 28, 460
        low, high = left + metrics["right_low"] * width, left + metrics["right_high"] * width
        rows.append(
            f'<text x="0" y="{y + 18}">{html.escape(name)}</text>'
            f'<rect x="{left}" y="{y + 5}" width="{metrics["right"] * width:.1f}" height="18" fill="#4a9"/>'
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y + 14}" y2="{y + 14}" stroke="#123" stroke-width="2"/>'
            f'<text x="{left + width + 8}" y="{y + 18}">{metrics["right"]:.3f}</text>'
        )
    return f'<svg width="{left + 540}" height="{28 * len(arms)}" role="img" aria-label="share right by arm">{"".join(rows)}</svg>'


def _lines(label: str, lines: Points) -> str:
    """A plot of shares (from 0 to 1) over numbers: a line with its marks for each name, dashed where it is not ours."""
    wide, high, left, top = 420, 200, 40, 24
    numbers = sorted({x for points in lines.values() for x, _ in points})
    least, most = numbers[0], numbers[-1]
    by_ratio = least > 0 and most / least > _BY_RATIO
    spread = (math.log(most / least) if by_ratio else most - least) or 1.0

    def across(x: float) -> float:
        return left + wide * (math.log(x / least) if by_ratio else x - least) / spread

    parts = [f'<text x="{left}" y="14">{html.escape(label)}</text>']
    for share in (0.0, 0.5, 1.0):
        y = top + high * (1 - share)
        parts.append(f'<line x1="{left}" x2="{left + wide}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="0" y="{y + 4:.1f}">{share:.1f}</text>')
    free = 0.0
    for x in numbers:
        if across(x) >= free:
            parts.append(f'<text x="{across(x) - 4:.1f}" y="{top + high + 18}">{x:,.0f}</text>')
            free = across(x) + 12 + 8 * len(f"{x:,.0f}")
    for at, (name, points) in enumerate(lines.items()):
        colour = _COLOURS[at % len(_COLOURS)]
        dashed = ' stroke-dasharray="4 3" opacity="0.6"' if name.endswith("(theirs)") else ""
        places = [(across(x), top + high * (1 - y)) for x, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"{dashed}/>' for x, y in places]
        row = top + 10 + 18 * at
        parts.append(f'<rect x="{left + wide + 16}" y="{row - 9}" width="10" height="10" fill="{colour}"{dashed}/>')
        parts.append(f'<text x="{left + wide + 32}" y="{row}">{html.escape(name)}</text>')
    tall = max(top + high + 26, top + 18 * len(lines) + 10)
    return f'<svg width="{left + wide + 330}" height="{tall}" role="img" aria-label="{html.escape(label)}">{"".join(parts)}</svg>'


def _first_number(text: str) -> float:
    match = _NUMBER.search(text)
    return float(match[0]) if match else 0.0


def _natural(text: str) -> tuple[float, str]:
    return _first_number(text), text
