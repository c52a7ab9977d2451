"""Writes the result of a run as a table for people, as Markdown, or as one HTML page with plots that needs nothing else."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

_COLUMNS = (
    ("right", "right"), ("contained", "answer contained"), ("exact", "exact match"), ("f1", "F1"), ("rouge_l", "ROUGE-L"),
    ("gold_cited", "gold cited"), ("refused", "refused rightly"), ("quotes_verified", "quotes verified"),
    ("calibration_error", "calibration error"), ("steps", "steps"), ("prompt_tokens", "tokens"), ("seconds", "seconds"),
    ("cost", "cost"), ("failed", "failed"),
)  # fmt: skip
_WHOLE = ("prompt_tokens", "failed")


def _cells(name: str, metrics: Mapping[str, float]) -> list[str]:
    cells = [name]
    for key, _ in _COLUMNS:
        value = metrics.get(key)
        if value is None:
            cells.append("–")
        elif key == "right":
            cells.append(f"{value:.3f} ({metrics['right_low']:.3f} to {metrics['right_high']:.3f})")
        else:
            cells.append(f"{value:.0f}" if key in _WHOLE else f"{value:.3f}")
    return cells


def markdown(result: Mapping[str, Any]) -> str:
    """The table of a run. `right` is the share of all questions that were answered or refused rightly, with its 95 % interval."""
    heads = ["arm", *(label for _, label in _COLUMNS)]
    rows = [_cells(name, metrics) for name, metrics in result["arms"].items()]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return (
        f"{result['data']}, {result['questions']} questions, revision {result['revision'] or 'unknown'}\n\n"
        + "\n".join(lines)
    )


def page(result: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """One HTML page: the table, a plot of what is right with its interval, and every question. Everything foreign is escaped."""
    heads = "".join(f"<th>{html.escape(label)}</th>" for label in ("arm", *(label for _, label in _COLUMNS)))
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in _cells(name, metrics)) + "</tr>"
        for name, metrics in result["arms"].items()
    )
    asked = "".join(
        f"<tr class={'right' if row['right'] else 'wrong'}><td>{html.escape(str(row['arm']))}</td>"
        f"<td>{html.escape(str(row['question']))}</td><td>{html.escape(str(row['text'])[:600])}</td>"
        f"<td>{'right' if row['right'] else 'wrong'}</td><td>{html.escape(str(row['agent']))}</td></tr>"
        for row in rows
    )
    title = html.escape(f"{result['data']}: {result['questions']} questions")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<h1>{title}</h1><p>Revision {html.escape(result['revision'] or 'unknown')}. The bars show the share of questions that were "
        f"answered or refused rightly, the lines its 95 % interval.</p>{_plot(result['arms'])}"
        f"<table><tr>{heads}</tr>{body}</table><h2>Questions</h2>"
        f"<table><tr><th>arm</th><th>question</th><th>answer</th><th></th><th>agent</th></tr>{asked}</table></html>\n"
    )


_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0}td,th{border-bottom:1px solid #ccc;padding:.3rem .6rem;text-align:left;"
    "vertical-align:top}.wrong td:nth-child(4){color:#a00}.right td:nth-child(4){color:#070}svg text{font:13px system-ui}"
)


def _plot(arms: Mapping[str, Mapping[str, float]]) -> str:
    rows = []
    for at, (name, metrics) in enumerate(arms.items()):
        y, width = at * 28, 500
        low, high = 120 + metrics["right_low"] * width, 120 + metrics["right_high"] * width
        rows.append(
            f'<text x="0" y="{y + 18}">{html.escape(name)}</text>'
            f'<rect x="120" y="{y + 5}" width="{metrics["right"] * width:.1f}" height="18" fill="#4a9"/>'
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y + 14}" y2="{y + 14}" stroke="#123" stroke-width="2"/>'
            f'<text x="{120 + width + 8}" y="{y + 18}">{metrics["right"]:.3f}</text>'
        )
    return (
        f'<svg width="700" height="{28 * len(arms)}" role="img" aria-label="share right by arm">{"".join(rows)}</svg>'
    )
