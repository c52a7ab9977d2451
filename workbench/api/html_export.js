"use strict";
// Everything shown comes from the JSON block and goes through textContent: nothing of a document is ever parsed as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const byId = id => document.getElementById(id);
const make = (tag, text, cls) => { const e = document.createElement(tag); if (text !== undefined) e.textContent = text;
  if (cls) e.className = cls; return e; };
const said = (tag, text, cls) => { const e = make(tag, text, cls); e.dir = "auto"; return e; };
const count = (n, noun) => n.toLocaleString("en") + " " + noun + (n === 1 ? "" : "s");
const { steps, parts, talk, names } = data, slider = byId("step"), last = Math.max(0, steps.length - 1);
const ORDER = ["S", "M", "Σ", "C", "P"];
const opened = new Set();
slider.max = last; slider.value = last;

function sums(s) { const by = {}; for (const [p, tokens] of s.segments) by[parts[p].letter] = (by[parts[p].letter] || 0) + tokens; return by; }
function go(at) { slider.value = Math.max(0, Math.min(last, at)); draw(); }

function chart() {
  const top = Math.max(1, ...steps.map(s => s.usable ? s.used / s.usable : 0));
  for (const [n, s] of steps.entries()) {
    const bar = make("button"), by = sums(s);
    bar.title = "step " + s.step + ": " + s.used.toLocaleString("en") + " tokens · " + s.did.join(" · ");
    bar.setAttribute("aria-label", bar.title);
    if (s.first) bar.classList.add("asked");
    for (const letter of ORDER) if (by[letter] && s.usable) {
      const piece = make("i", undefined, letter); piece.style.height = 100 * by[letter] / s.usable / top + "%"; bar.append(piece); }
    bar.addEventListener("click", () => go(n)); byId("bars").append(bar);
    byId("signs").append(make("i", undefined, s.evicted ? "out" : s.warned ? "warned" : ""));
  }
  const newest = steps[last];
  if (newest && newest.usable) for (const [share, name, cls] of [[newest.warn / newest.usable, "warns", ""], [newest.flush / newest.usable, "evicts", " full"]]) {
    if (!(share > 0)) continue;
    const line = make("div", undefined, "limit" + cls); line.append(make("span", name)); line.style.top = 110 * (1 - share / top) + "px"; byId("chart").append(line); }
}

function drawMap(s, known) {
  const map = byId("map"), cells = 64 * 8, each = s.window / cells || 1; let filled = 0, total = 0; map.replaceChildren();
  for (const [p, tokens] of s.segments) {
    const part = parts[p]; total += tokens;
    for (let size = Math.max(tokens ? 1 : 0, Math.round(total / each) - filled); size > 0 && filled < cells; size--, filled++) {
      const c = make("i", undefined, part.letter); c.title = part.title; if (!known.has(part.key)) c.classList.add("new"); map.append(c); } }
  for (const reserved = Math.round(s.reserve / each); filled < cells; filled++)
    map.append(make("i", undefined, filled >= cells - reserved ? "R" : "free"));
  const by = sums(s), legend = byId("legend"); legend.replaceChildren();
  const item = (cls, letter, text) => { const e = make("span"); e.append(make("span", letter, "key " + cls), text); legend.append(e); };
  for (const letter of ORDER) item(letter, letter, data.labels[letter] + " " + (by[letter] || 0).toLocaleString("en"));
  item("R", "R", "reserved for the answer " + s.reserve.toLocaleString("en"));
  item("free", "·", "free " + Math.max(0, s.usable - s.used).toLocaleString("en"));
  legend.append(make("span", "a cell is " + count(Math.max(1, Math.round(each)), "token") + "; bright: came in with this step", "dim"));
}

function drawTiers(s, before) {
  byId("recall-sum").textContent = count(s.messages + s.gone, "message") + ", " + s.messages.toLocaleString("en") + " in context";
  const strip = byId("recall"); strip.replaceChildren();
  for (const [n, cls, title] of [[s.gone - s.lately, "free", "evicted earlier"], [s.lately, "Σ", "evicted in the last steps"], [s.messages, "P", "in context"]]) {
    if (!n) continue; const e = make("i", undefined, cls); e.style.flexGrow = n; e.title = count(n, "message") + " " + title; strip.append(e); }
  const here = byId("archive"), had = new Set(before ? before.inside : s.inside); here.replaceChildren();
  byId("archive-sum").textContent = count(s.inside.length, "passage") + " in context";
  const places = new Map();
  for (const p of s.inside) { const name = names[p] || "passage " + p; places.set(name, places.get(name) || !had.has(p)); }
  for (const [name, fresh] of [...places].sort((a, b) => a[0] < b[0] ? -1 : 1)) here.append(said("span", name, "chip" + (fresh ? " new" : "")));
  if (!places.size) here.append(make("span", "nothing is paged in", "dim"));
}

function drawMoved(s, before) {
  const moved = byId("moved"), had = new Set(before ? before.inside : s.inside), now = new Set(s.inside); moved.replaceChildren();
  const came = s.inside.filter(p => !had.has(p)), went = [...had].filter(p => !now.has(p));
  const where = list => [...new Set(list.map(p => names[p] || "passage " + p))].slice(0, 6).join(", ");
  if (came.length) moved.append(make("li", "⇣ paged in " + count(came.length, "passage") + ": " + where(came), "in"));
  if (s.evicted) moved.append(make("li", "⇡ evicted " + count(s.evicted, "message") + " to recall storage", "out"));
  if (went.length) moved.append(make("li", "⇡ " + count(went.length, "passage") + " left the window: " + where(went), "out"));
  if (!moved.children.length) moved.append(make("li", at() ? "nothing moved between the tiers before this prompt" : "the first prompt", "dim"));
}

function drawSegments(s, known) {
  const list = byId("segments"); list.replaceChildren();
  for (const [p, tokens] of s.segments) {
    const part = parts[p], d = make("details"), h = make("summary"); d.dir = "auto";
    h.append(make("span", part.letter, "key " + part.letter), part.title + " ", make("span", "· " + count(tokens, "token") + (known.has(part.key) ? "" : " · new"), "size"));
    const fill = () => { if (d.open && d.children.length < 2) d.append(said("pre", part.text)); if (d.open) opened.add(part.key); else opened.delete(part.key); };
    d.append(h); d.open = opened.has(part.key); fill(); d.addEventListener("toggle", fill); list.append(d);
  }
}

const at = () => Number(slider.value);
function draw() {
  const n = at(), s = steps[n]; if (!s) return;
  const before = steps[n - 1], known = new Set((before || s).segments.map(([p]) => parts[p].key));
  [...byId("bars").children].forEach((b, i) => b.classList.toggle("on", i === n));
  const share = s.usable ? Math.round(100 * s.used / s.usable) + "%" : "";
  const size = s.used ? (s.exact ? "" : "~") + s.used.toLocaleString("en") + " of " + s.usable.toLocaleString("en") + " usable tokens, " + share : "interrupted";
  byId("now").textContent = "Step " + s.step + " · " + size + " · " + s.did.join(" · ");
  byId("context-sum").textContent = "window " + s.window.toLocaleString("en") + " tokens";
  drawMap(s, known); drawMoved(s, before); drawTiers(s, before); drawSegments(s, known);
  for (const [i, box] of [...byId("talk").children].entries()) {
    const on = i === s.talk; box.classList.toggle("on", on);
    const pane = byId("conversation");
    if (on && pane.scrollHeight > pane.clientHeight + 1) pane.scrollTop = box.offsetTop - pane.offsetTop - 40;
  }
}

function conversation() {
  for (const [i, t] of talk.entries()) {
    const box = make("article"), head = said("h3", t.question || "(a turn without a question)"); box.append(head);
    const step = steps.findLastIndex(s => s.talk === i);
    if (step >= 0) { const to = make("button", "step " + steps[step].step, "to"); to.title = "show the window at the end of this answer";
      to.addEventListener("click", () => go(step)); head.append(to); }
    if (t.answer) box.append(said("div", t.answer, "answer")); else box.append(make("p", t.stopped || "no answer", "dim"));
    if (t.state) box.append(make("p", t.state, "dim"));
    for (const c of t.citations) {
      const q = make("blockquote"); q.append(said("div", c.quote), said("div", c.where, "dim")); box.append(q);
      if (!c.page) continue;
      const d = make("details"), [head, marked, tail] = c.page; d.append(make("summary", "the page", "dim"));
      d.addEventListener("toggle", () => { if (!d.open || d.children.length > 1) return;
        const pre = said("pre", head); pre.append(make("mark", marked), tail); d.append(pre); pre.children[0].scrollIntoView({ block: "nearest" }); });
      q.append(d);
    }
    byId("talk").append(box);
  }
  if (!talk.length) byId("talk").append(make("p", "nothing was asked", "dim"));
}

let timer = 0;
function play() {
  const stop = () => { clearInterval(timer); timer = 0; byId("play").textContent = "Play"; };
  if (timer) { stop(); return; }
  if (at() >= last) go(0);
  byId("play").textContent = "Pause";
  timer = setInterval(() => { go(at() + 1); if (at() >= last) stop(); }, 600);
}
slider.addEventListener("input", draw);
byId("play").addEventListener("click", play);
document.addEventListener("keydown", e => {
  if (e.ctrlKey || e.altKey || e.metaKey || e.target === slider) return;
  const by = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
  if (by) { go(at() + by); e.preventDefault(); }
});
chart(); conversation(); draw();
if (!steps.length) byId("now").textContent = "No step yet.";
