"""Writes a conversation as one HTML file that anyone can scrub: timeline, memory map, exact prompts, answers with evidence.

Everything of documents and models is data in a JSON block and reaches the page through `textContent` alone. A policy in
the page allows only its own script, by hash, and no request to anywhere, so that not even a fault here could run or
fetch anything of a document.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Sequence
from typing import Any

from workbench.api.citation_marks import cited, numbered
from workbench.api.events import AnswerDone, ContextAssembled, Event, QuestionAsked, paged_out
from workbench.api.paging import StepRecord, steps_of
from workbench.api.segment_titles import segment_title
from workbench.core.sanitize import sanitize

LETTERS = {
    "system": "S",
    "functions": "S",
    "overhead": "S",
    "working_context": "M",
    "summary": "Σ",
    "conversation": "C",
    "paged": "P",
}

_STYLE = """
:root { color-scheme: light dark; --S:#7a8699; --M:#b48ead; --Σ:#c9a227; --C:#5e81ac; --P:#2a9d8f; --R:#ccd; --free:#8882 }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 1.5rem auto; padding: 0 1rem }
h1 { font-size: 1.3rem } h2 { font-size: 1.05rem; margin: 1.2rem 0 .3rem }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #8881; padding: .6rem; margin: .2rem 0 }
#map { display: grid; grid-template-columns: repeat(64, 1fr); gap: 1px }
#map i { display: block; height: 12px; background: var(--free) } #map i.new { outline: 2px solid #e76f51; outline-offset: -2px }
.S { background: var(--S) !important } .M { background: var(--M) !important } .Σ { background: var(--Σ) !important }
.C { background: var(--C) !important } .P { background: var(--P) !important } .R { background: var(--R) !important }
#bars { display: flex; align-items: flex-end; height: 80px; gap: 2px; border-bottom: 1px solid #8888 }
#bars button { flex: 1; min-width: 3px; padding: 0; border: 0; background: var(--P); cursor: pointer }
#bars button.warn { background: #e9a23b } #bars button.full { background: #d1495b } #bars button.on { outline: 2px solid }
input[type=range] { width: 100% } .key { display: inline-block; padding: 0 .5em; color: #fff; margin-right: .4em }
blockquote { border-left: 3px solid var(--P); margin: .3rem 0; padding-left: .6rem } .dim { opacity: .7 }
""".strip()

_SCRIPT = """
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const byId = id => document.getElementById(id);
const make = (tag, text, cls) => { const e = document.createElement(tag); if (text !== undefined) e.textContent = text;
  if (cls) e.className = cls; return e; };
const steps = data.steps, slider = byId("step");
slider.max = Math.max(0, steps.length - 1); slider.value = slider.max;
steps.forEach((s, n) => { const b = make("button"); const share = s.usable ? s.used / s.usable : 0;
  b.style.height = Math.max(2, Math.min(100, share * 100)) + "%"; b.title = "step " + s.step + ": " + s.used + " tokens";
  b.setAttribute("aria-label", b.title);
  if (share >= 1) b.classList.add("full"); else if (s.warned) b.classList.add("warn");
  b.addEventListener("click", () => { slider.value = n; draw(); }); byId("bars").append(b); });
function draw() {
  const at = Number(slider.value), s = steps[at]; if (!s) return;
  [...byId("bars").children].forEach((b, n) => b.classList.toggle("on", n === at));
  const used = s.used ? s.used.toLocaleString() + " of " + s.window.toLocaleString() + " tokens" : "interrupted";
  byId("now").textContent = "Step " + s.step + " · " + used + " · " + s.did.join(" · ");
  const map = byId("map"); map.replaceChildren(); const count = 64 * 8, each = s.window / count || 1; let filled = 0, total = 0;
  const before = new Set((steps[at - 1] || s).segments.map(g => g.id));
  for (const g of s.segments) { total += g.tokens; let size = Math.max(g.tokens ? 1 : 0, Math.round(total / each) - filled);
    for (; size > 0 && filled < count; size--, filled++) { const c = make("i", undefined, g.letter); c.title = g.title;
      if (!before.has(g.id)) c.classList.add("new"); map.append(c); } }
  const reserved = Math.round(s.reserve / each);
  for (; filled < count; filled++) map.append(make("i", undefined, filled >= count - reserved ? "R" : ""));
  const list = byId("segments"); list.replaceChildren();
  for (const g of s.segments) { const d = make("details"), h = make("summary"); h.append(make("span", g.letter, "key " + g.letter),
    g.title + " · " + g.tokens.toLocaleString() + " tokens"); d.append(h, make("pre", g.text)); list.append(d); }
}
for (const t of data.talk) { const box = byId("talk");
  if (t.question) box.append(make("h2", t.question));
  if (t.answer) { box.append(make("pre", t.answer)); if (t.state) box.append(make("p", t.state, "dim"));
    for (const c of t.citations) { const q = make("blockquote");
      q.append(make("div", c.quote), make("div", c.where, "dim")); box.append(q); } } }
slider.addEventListener("input", draw);
document.addEventListener("keydown", e => { const by = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
  if (by && e.target !== slider) { slider.value = Number(slider.value) + by; draw(); } });
let timer = 0; byId("play").addEventListener("click", () => { if (timer) { clearInterval(timer); timer = 0; return; }
  if (Number(slider.value) >= steps.length - 1) slider.value = 0;
  timer = setInterval(() => { if (Number(slider.value) >= steps.length - 1) { clearInterval(timer); timer = 0; }
    else slider.value = Number(slider.value) + 1; draw(); }, 600); });
draw();
""".strip()


def page(agent: str, history: Sequence[Event], contexts: Iterable[ContextAssembled]) -> str:
    """The whole file.

    Args:
        agent: The agent's name.
        history: The durable events of its branch, oldest first.
        contexts: The prompt of each recorded step, with `step` set.
    """
    prompts = {context.step: context for context in contexts}
    steps = [_step(item, prompts.get(item.step)) for item in steps_of(history)]
    data = json.dumps({"steps": steps, "talk": _talk(history)}, ensure_ascii=False)
    # Inside a script element only "</" and "<!--" mean anything: without "<" there is neither.
    data = data.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    script = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
    style = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    title = html.escape(sanitize(agent), quote=True)
    legend = "".join(
        f'<span class="key {letter}">{letter}</span>{name} '
        for letter, name in (("S", "system"), ("M", "memory"), ("Σ", "summary"), ("C", "chat"), ("P", "paged in"))
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer"><title>{title} · MemGPT Workbench</title><style>{_STYLE}</style></head><body>
<h1>{title}</h1><p id="now"></p><div id="bars"></div>
<p><input id="step" type="range" min="0" aria-label="step"><button id="play">play / pause</button>
<span class="dim">left and right go through the steps; what came in with a step is outlined</span></p>
<div id="map"></div><p>{legend}<span class="key R">R</span>reserved for the answer</p>
<h2>The prompt, segment by segment</h2><div id="segments"></div>
<h2>The conversation</h2><div id="talk"></div>
<script type="application/json" id="data">{data}</script><script>{_SCRIPT}</script></body></html>
"""


def _step(item: StepRecord, context: ContextAssembled | None) -> dict[str, Any]:
    did = [f"{len(item.hits)} passages read"] if item.hits else []
    did += [f"{item.edits} edits of memory"] if item.edits else []
    did += ["warned"] if item.warned else []
    did += [f"{item.evicted_messages} messages evicted"] if item.evicted_messages else []
    did += [paged_out(len(item.receipts))] if item.receipts else []
    segments = context.segments if context else ()
    return {
        "step": item.step,
        "used": item.used or (context.used if context else 0),
        "usable": item.usable or (context.usable if context else 0),
        "window": context.window if context else 0,
        "reserve": context.reserve if context else 0,
        "warned": item.warned,
        "did": did or ["nothing moved"],
        "segments": [
            {
                "id": f"{segment.name} {segment.message or segment.title}",
                "letter": LETTERS.get(segment.name, "C"),
                "title": segment_title(segment),
                "tokens": segment.tokens,
                "text": sanitize(segment.text),
            }
            for segment in segments
        ],
    }


def _talk(history: Sequence[Event]) -> list[dict[str, Any]]:
    talk: list[dict[str, Any]] = []
    for event in history:
        match event:
            case QuestionAsked():
                talk.append({"question": sanitize(event.text)})
            case AnswerDone():
                shown = cited(event.quotes)
                talk.append(
                    {
                        "answer": numbered(event.text, shown, event.unquoted),
                        "state": event.standing,
                        "citations": [
                            {"quote": sanitize(c.quote), "where": f"[{c.number}] {sanitize(c.where)}"} for c in shown
                        ],
                    }
                )
    return talk
