"""Runs the tasks of `workbench eval`: the same questions asked of several arms, recorded one by one, resumed after a kill.

A run is a file of JSON lines. Its first line says what was asked of whom (task, set, arms, seed, settings, revision); each further
line is one question of one arm. Started again with the same file, a run goes on behind its last whole line, and refuses to when
anything that its first line says is different: two kinds of answers would be counted as one.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from workbench import __version__
from workbench.api.events import LoadProgress
from workbench.core.errors import UsageError, WorkbenchError, WorkError
from workbench.core.paths import locate
from workbench.core.secrets import environment_without_keys
from workbench.core.settings import SECRET_SETTINGS, Settings, parsed
from workbench.evaluation.answers import calibration_error
from workbench.evaluation.arms import ARMS, MEMORIES, SHOWN, Answered, ArmUnfit, Asking, arm
from workbench.evaluation.judge import Judge
from workbench.evaluation.metrics import (
    bootstrap,
    exact_match,
    f1,
    mcnemar,
    nearest_mean,
    refusal_precision,
    refusal_recall,
    rouge_l,
    rouge_l_recall,
)
from workbench.evaluation.nested_kv import store_records
from workbench.evaluation.task_sets import Material, TaskQuestion, TaskSet
from workbench.evaluation.tasks import TASKS, Task, contained, matched
from workbench.services.session import Session

_FAILURES = 5
"""So many questions in a row that fail end a run."""

_SILENT_SECONDS = 5.0
"""The time between two words about how far a load is."""

_NOT_THE_RUN = (*SECRET_SETTINGS, "archive", "theme", "ascii")
_FIXED = ("fixed", "fixed-tokens", "fixed-cut")
_AGENTS = ("reader", "agent", "guided")
_OF_A_MODEL = ("agent", "guided", *_FIXED)
_OF_ARMS = {
    "documents": _FIXED, "memory": _AGENTS, "drive": ("agent",), "model": _OF_A_MODEL, "base_url": _OF_A_MODEL,
}  # fmt: skip
"""The arms that something means anything to: `documents` and `memory`, which `--vary` knows beside settings, and some settings."""


@dataclass(frozen=True)
class Plan:
    """What a run asks.

    Args:
        task: one of TASKS.
        data: the set, in the layout that it was published in.
        arms: who is asked; none: the arms that the task names.
        vary: settings, and `documents` of fixed contexts or `memory` of conversations, each with the values to compare.
        limit: so many questions are drawn with `seed`, evenly from the groups of the set; 0 asks all.
        cost: the run stops before its cost passes this; 0 is no bound. With several workers, what is under way is finished.
        workers: so many questions are asked at once.
        judge: judges the answers, where one is wanted.
        home: where the agents of the run stay, to be opened later; None: they go with the run.
        given: names of settings that the user gave, which the task's own do not replace.
    """

    task: str
    data: Path
    arms: tuple[str, ...] = ()
    vary: tuple[tuple[str, tuple[str, ...]], ...] = ()
    limit: int = 0
    seed: int = 0
    cost: float = 0.0
    workers: int = 1
    judge: Judge | None = None
    home: Path | None = None
    given: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Variant:
    """An arm under certain settings: `reader[read_ahead=false]`."""

    name: str
    arm: str
    settings: Settings
    documents: int = SHOWN
    memory: str = "both"
    varied: frozenset[str] = frozenset()
    """The names of what varies."""


def task(name: str) -> Task:
    """The task of that name. Raises UsageError, naming all there are."""
    if name not in TASKS:
        raise UsageError(f"There is no task {name!r}.", f"Tasks: {', '.join(TASKS)}.")
    return TASKS[name]


def run(
    plan: Plan,
    settings: Settings,
    record: Path | None = None,
    tell: Callable[[str], object] = lambda _: None,
    begin: Callable[[int], object] = lambda _: None,
) -> Iterator[dict[str, Any]]:
    """Rows ready for JSON: a line a question of an arm as they are answered, last the result.

    Args:
        plan: what is asked of whom.
        settings: the model and window of the arms that have one.
        record: the file of the run; it is resumed where it is there.
        tell: hears every few seconds how far the loading of a material is.
        begin: hears once how many answers the run still needs.

    Raises UsageError for an unknown task, arm or set, for a record of another run, and when the budget is used up; WorkError
    when several questions in a row fail, as they do when a server is gone. Those that failed are asked again when it is resumed.
    """
    chosen = task(plan.task)
    settings = replace(settings, archive="")  # a run has an archive of its own
    variants = variants_of(plan, settings)
    found = chosen.read(plan.data)
    questions = drawn(found.questions, plan)
    head = _head(plan, variants, found, questions)
    rows = _resumed(record, head)
    known = {(row["arm"], row["id"]) for row in rows}
    waiting = [(one, question) for question in questions for one in variants if (one.name, question.id) not in known]
    begin(len(waiting))
    with _bench(plan, chosen, settings, found, tell) as bench:
        spent = sum(row["cost"] + row.get("judge_cost", 0.0) for row in rows)
        failed = 0
        for row in _answers(bench, plan, waiting, spent):
            rows.append(row)
            _append(record, row)
            yield row
            failed = failed + 1 if row["failed"] else 0
            if failed == _FAILURES:
                raise WorkError(
                    f"The last {failed} questions failed: {row['failed']}", "Put it right, and start it again to go on."
                )
    yield result(plan, in_order(rows, variants, questions), head)


def variants_of(plan: Plan, settings: Settings) -> list[Variant]:
    """The arms of a run, each under every combination of what varies. Raises UsageError and ConfigError."""
    chosen = task(plan.task)
    own = {key: value for key, value in chosen.settings.items() if key not in plan.given}
    base = replace(settings, **own)
    names = plan.arms or (chosen.alone if settings.uses_reader else chosen.modelled)
    found: dict[str, Variant] = {}
    for name in names:
        arm(name)
        keys = [(key, values) for key, values in plan.vary if _concerns(key, name)]
        for values in itertools.product(*(values for _, values in keys)):
            changed = dict(zip((key for key, _ in keys), values, strict=True))
            label = ",".join(f"{key}={value}" for key, value in changed.items())
            made = Variant(f"{name}[{label}]" if label else name, name, base, varied=frozenset(changed))
            for key, value in changed.items():
                made = _varied(made, key, value)
            found[made.name] = made
    return list(found.values())


def _concerns(key: str, name: str) -> bool:
    return name in _OF_ARMS[key] if key in _OF_ARMS else name != "human"


def _varied(one: Variant, key: str, value: str) -> Variant:
    if key == "documents":
        if not value.isdecimal() or not int(value):
            raise UsageError(f"documents={value} is no number of passages.", "For example --vary documents=1,5,10,20.")
        return replace(one, documents=int(value))
    if key == "memory":
        if value not in MEMORIES:
            raise UsageError(f"There is no memory {value!r}.", f"It is one of {', '.join(MEMORIES)}.")
        return replace(one, memory=value)
    return replace(one, settings=replace(one.settings, **{key: parsed(key, value)}))


def drawn(questions: Sequence[TaskQuestion], plan: Plan) -> list[TaskQuestion]:
    """The questions of a run, in the order of the set: `plan.limit` of them, in turn from each group, by its seed."""
    if not plan.limit or plan.limit >= len(questions):
        return list(questions)
    chance = random.Random(plan.seed)
    groups: dict[str, list[int]] = {}
    for at, question in enumerate(questions):
        groups.setdefault(question.group, []).append(at)
    for members in groups.values():
        chance.shuffle(members)
    turns = itertools.chain.from_iterable(itertools.zip_longest(*groups.values()))
    chosen = set(itertools.islice((at for at in turns if at is not None), plan.limit))
    return [question for at, question in enumerate(questions) if at in chosen]


# -- asking -----------------------------------------------------------------------------------------------------------------


class _Bench:
    """An archive that the materials of a set are loaded into when they are first asked about, and who asks over it."""

    def __init__(
        self, session: Session, plan: Plan, chosen: Task, found: TaskSet, folder: Path, tell: Callable[[str], object]
    ) -> None:
        self.session, self.plan, self.task, self.set = session, plan, chosen, found
        self._folder, self._tell = folder, tell
        self._loading = threading.Lock()
        self._sources: dict[str, str] = {}
        self._vectors: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._displays: list[Session] = []
        self._stopped = False

    def row(self, one: Variant, question: TaskQuestion) -> dict[str, Any]:
        """A question asked of an arm, with its measures."""
        source = self._source(question.material)
        material = self.set.materials[question.material]
        asking = Asking(
            self.session, one.settings, source, question.text, one.documents, material.talk, one.memory, question.human,
            tuple(text for texts in material.records.values() for text in texts),
            one.varied, self._opened,
        )  # fmt: skip
        try:
            answered = ARMS[one.arm](asking)
        except ArmUnfit:
            raise
        except WorkbenchError as error:
            answered = Answered("", False, failed=error.one_line())
        row = scored(self.task, one.name, question, answered)
        return {**row, **self._likenesses(question, answered), **self._judged(question, answered)}

    def stop(self) -> None:
        """End the questions that are under way; none is begun from here on."""
        with self._lock:
            self._stopped = True
            displays, self._displays = self._displays, []
        for display in displays:
            with suppress(WorkbenchError):
                display.stop()
                display.stop()

    def _opened(self, display: Session) -> None:
        with self._lock:
            if self._stopped:
                raise UsageError("The run was stopped.", "Start it again to go on.")
            self._displays = [*self._displays[-32:], display]

    def _source(self, name: str) -> str:
        """The source of a material, loaded when it is first asked for."""
        with self._loading:
            if name not in self._sources:
                self._sources[name] = self._load(name, self.set.materials[name])
            return self._sources[name]

    def _load(self, name: str, material: Material) -> str:
        source = f"{name} {_digest(asdict(material) | {'talk': ()})[:8]}"
        files = list(material.files)
        if material.texts:
            folder = self._folder / source.replace("/", " ")
            folder.mkdir(parents=True, exist_ok=True)
            for file, text in material.texts.items():
                (folder / file).write_text(text, encoding="utf-8")
            files.append(folder)
        if files:
            said = time.monotonic()
            for event in self.session.load(files, source=source, attach=False):
                if isinstance(event, LoadProgress) and time.monotonic() - said > _SILENT_SECONDS:
                    said = time.monotonic()
                    self._tell(f"loading {name}: {_how_far(event)}")
        for document, texts in material.records.items():
            store_records(self.session.app, source, document, texts, self._vectors)
        return source

    def _likenesses(self, question: TaskQuestion, answered: Answered) -> dict[str, float]:
        """How alike an opener is to the facts it should draw on, and to the one that a person wrote."""
        if not question.facts:
            return {}
        if not answered.text or not answered.answered:
            return {"sim_1": 0.0, "sim_3": 0.0, "sim_h": 0.0}
        alike = list(self.session.app.queries.score(answered.text, [*question.facts, question.human]))
        return {"sim_1": nearest_mean(alike[:-1], 1), "sim_3": nearest_mean(alike[:-1], 3), "sim_h": float(alike[-1])}

    def _judged(self, question: TaskQuestion, answered: Answered) -> dict[str, Any]:
        judge = self.plan.judge
        if judge is None or question.facts:
            return {}
        if not question.answerable or not answered.answered:
            return {"judged": float(not question.answerable and answered.refused)}
        verdict = judge.verdict(self.session, question.text, question.answers, answered.text)
        return {
            "judged": verdict.share, "judge_reply": verdict.reply, "judge_tokens": verdict.tokens, "judge_cost": verdict.cost,
            "judge_failed": verdict.failed,
        }  # fmt: skip


def _how_far(load: LoadProgress) -> str:
    """How far a load is: its documents while they are read, its passages once there are some."""
    if not load.passages_total:
        return f"reading, {load.files_done:,} of {load.files_total:,} documents done"
    return f"{load.passages_done:,} of {load.passages_total:,} passages"


@contextmanager
def _bench(
    plan: Plan, chosen: Task, settings: Settings, found: TaskSet, tell: Callable[[str], object]
) -> Iterator[_Bench]:
    with tempfile.TemporaryDirectory(prefix="workbench-eval-") as temporary:
        home = plan.home or Path(temporary) / "home"
        with Session(settings, locate(home)) as session:
            bench = _Bench(session, plan, chosen, found, home / "sets", tell)
            try:
                yield bench
            finally:
                bench.stop()


def _answers(
    bench: _Bench, plan: Plan, waiting: Sequence[tuple[Variant, TaskQuestion]], spent: float
) -> Iterator[dict[str, Any]]:
    """The rows of what waits, as they come; with one worker in its order."""
    left = iter(waiting)
    if plan.workers <= 1:
        for one, question in left:
            _within_budget(plan, spent)
            row = bench.row(one, question)
            spent += row["cost"] + row.get("judge_cost", 0.0)
            yield row
        return
    with ThreadPoolExecutor(plan.workers, thread_name_prefix="eval-question") as pool:
        try:
            running: set[Future[dict[str, Any]]] = set()
            over = False
            while True:
                while not over and len(running) < plan.workers and (now := next(left, None)) is not None:
                    if over := bool(plan.cost and spent >= plan.cost):
                        break
                    running.add(pool.submit(bench.row, *now))
                if not running:
                    break
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    row = future.result()
                    spent += row["cost"] + row.get("judge_cost", 0.0)
                    yield row
            if over:
                _within_budget(plan, spent)
        finally:
            bench.stop()
            pool.shutdown(cancel_futures=True)


def _within_budget(plan: Plan, spent: float) -> None:
    if plan.cost and spent >= plan.cost:
        raise UsageError(
            f"The run has cost {spent:.2f} of {plan.cost:.2f}.", "Raise --budget, and start it again to go on."
        )


# -- measures -----------------------------------------------------------------------------------------------------------------


def scored(chosen: Task, name: str, question: TaskQuestion, answered: Answered) -> dict[str, Any]:
    """An answer with its measures, ready for JSON."""
    answerable = question.answerable
    right = chosen.right(question, answered)
    given = answered.text if answerable and answered.answered else ""
    cited, paged = matched(question.gold, answered.cited), matched(question.gold, answered.paged)
    gold = len(question.gold)
    measures: dict[str, Any] = {
        "right": right, "refused": answered.refused,
        "contained": answerable and contained(question, answered),
        "exact": exact_match(given, question.answers) if answerable else 0.0,
        "f1": f1(given, question.answers) if answerable else 0.0,
        "rouge_l": rouge_l(given, question.answers) if answerable else 0.0,
        "rouge_l_recall": rouge_l_recall(given, question.answers) if answerable else 0.0,
        "gold": gold, "gold_cited": bool(cited), "gold_paged": len(paged) / gold if gold else 0.0,
        "gold_all_paged": bool(gold) and len(paged) == gold,
    }  # fmt: skip
    return {
        "event": "question", "step": None, "arm": name, "id": question.id, "question": question.text, "group": question.group,
        "answerable": answerable, **measures, **asdict(answered),
    }  # fmt: skip


def in_order(
    rows: Sequence[dict[str, Any]], variants: Sequence[Variant], questions: Sequence[TaskQuestion]
) -> list[dict[str, Any]]:
    """Rows in the order of the arms and the questions, whatever the order in which they were answered."""
    by_key = {(row["arm"], row["id"]): row for row in rows}
    keys = ((one.name, question.id) for one in variants for question in questions)
    return [by_key[key] for key in keys if key in by_key]


def result(plan: Plan, rows: Sequence[Mapping[str, Any]], head: Mapping[str, Any]) -> dict[str, Any]:
    """The table of a run: the measures of each arm, with 95 % intervals for what is right, for all and by group."""
    names = list(dict.fromkeys(row["arm"] for row in rows))
    of = {name: [row for row in rows if row["arm"] == name] for name in names}
    arms = {name: arm_metrics(own) for name, own in of.items()}
    groups = {name: _by_group(own) for name, own in of.items()}
    return {
        "event": "result", "step": None, "task": plan.task, "data": plan.data.name, "revision": head["revision"],
        "questions": len(head["questions"]), "pool": head["pool"], "seed": head["seed"],
        "metrics": {f"{name}: right": own["right"] for name, own in arms.items() if "right" in own}, "arms": arms,
        "groups": groups if len({row["group"] for row in rows}) > 1 else {},
    }  # fmt: skip


def _by_group(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    found: dict[str, list[float]] = {}
    for row in rows:
        if row["right"] is not None:
            found.setdefault(row["group"], []).append(float(row["right"]))
    return {group: {"questions": len(values), "right": _average(values)} for group, values in sorted(found.items())}


def arm_metrics(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The measures of one arm. Shares are of the answerable questions; a measure that nothing can be said of is left out."""
    good = [row for row in rows if row["answerable"]]
    placed = [row for row in good if row["gold"]]
    sure = [row for row in rows if row["answered"] and row["confidence"] is not None]
    measures: dict[str, float] = {}
    if known := [float(row["right"]) for row in rows if row["right"] is not None]:
        right = bootstrap(known)
        measures |= {"right": right.mean, "right_low": right.low, "right_high": right.high}
    if judged := [row for row in rows if "judged" in row]:
        clear = [row["judged"] for row in judged if row["judged"] is not None]
        if clear:
            interval = bootstrap(clear)
            measures |= {"judged": interval.mean, "judged_low": interval.low, "judged_high": interval.high}
        measures["judge_unclear"] = float(len(judged) - len(clear))
        measures["judge_cost"] = sum(row.get("judge_cost", 0.0) for row in judged)
    for key in ("contained", "exact", "f1", "rouge_l", "rouge_l_recall"):
        measures[key] = _mean(good, key)
    cites = bool(rows) and str(rows[0]["arm"]).partition("[")[0] not in (*_FIXED, "human")
    for key in ("gold_cited", "gold_paged", "gold_all_paged") if placed else ():
        if cites or key != "gold_cited":  # a fixed context is asked for no citations
            measures[key] = _mean(placed, key)
    measures["answered"] = _mean(good, "answered")
    said = [(bool(row["answerable"]), bool(row["refused"])) for row in rows]
    if len(good) < len(rows):
        for key, value in (("refusal_precision", refusal_precision(said)), ("refusal_recall", refusal_recall(said))):
            if value is not None:
                measures[key] = value
    for key in ("sim_1", "sim_3", "sim_h"):
        if likened := [row for row in rows if key in row]:
            measures[key] = _mean(likened, key)
    if (quotes := sum(len(row["quotes"]) for row in rows)) > 0:
        measures["quotes_verified"] = sum(row["verified"] for row in rows) / quotes
    if sure:
        measures["calibration_error"] = calibration_error(
            [row["confidence"] for row in sure], [bool(row["contained"]) for row in sure]
        )
    sent = sum(row["prompt_tokens"] for row in rows)
    measures |= {
        "steps": _mean(rows, "steps"), "prompt_tokens": _mean(rows, "prompt_tokens"),
        "completion_tokens": _mean(rows, "completion_tokens"),
        "cached_share": sum(row["cached_tokens"] for row in rows) / sent if sent else 0.0,
        "cost": sum(row["cost"] for row in rows), "seconds": _mean(rows, "seconds"),
        "failed": float(sum(bool(row["failed"]) for row in rows)),
    }  # fmt: skip
    return measures


def _mean(rows: Sequence[Mapping[str, Any]], key: str) -> float:
    return _average([float(row[key]) for row in rows])


def _average(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


# -- records of runs ----------------------------------------------------------------------------------------------------


def _head(plan: Plan, variants: Sequence[Variant], found: TaskSet, questions: Sequence[TaskQuestion]) -> dict[str, Any]:
    return {
        "event": "run", "task": plan.task, "data": found.name, "pool": _pool(found), "arms": [one.name for one in variants],
        "seed": plan.seed, "limit": plan.limit, "version": __version__, "revision": revision(),
        "settings": _digest([[one.name, _of_the_run(one.settings)] for one in variants]),
        "model": variants[0].settings.model, "judge": plan.judge.digest if plan.judge else "",
        "questions": [question.id for question in questions], "content": _digest([asdict(one) for one in questions]),
        "home": str(plan.home.resolve()) if plan.home else "",
    }  # fmt: skip


_MAY_DIFFER = ("revision", "home")


def _of_the_run(settings: Settings) -> dict[str, Any]:
    return {one.name: getattr(settings, one.name) for one in fields(settings) if one.name not in _NOT_THE_RUN}


def _pool(found: TaskSet) -> str:
    """What is searched, in words: how many documents, and in how many archives."""
    sizes = [
        len(one.texts) + len(one.files) + sum(len(pages) for pages in one.records.values())
        for one in found.materials.values()
    ]
    what = "records" if any(one.records for one in found.materials.values()) else "documents"
    if len(sizes) == 1:
        return f"{sizes[0]:,} {what}"
    each = f"{min(sizes):,}" if min(sizes) == max(sizes) else f"{min(sizes):,} to {max(sizes):,}"
    return f"{len(sizes):,} pools of {each} {what}"


def revision() -> str:
    """The git revision of the checkout that runs, "" outside one."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
            env=environment_without_keys(),
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _digest(value: Any) -> str:
    def plain(one: Any) -> Any:
        return sorted(one) if isinstance(one, (set, frozenset)) else str(one)

    return hashlib.sha256(json.dumps(value, sort_keys=True, default=plain).encode()).hexdigest()[:12]


def _resumed(record: Path | None, head: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that a record has; its first line is written where there is none. A torn last line and what failed go."""
    if record is None:
        return []
    try:
        new = not record.exists() or not record.stat().st_size
        if new:
            record.parent.mkdir(parents=True, exist_ok=True)
            record.write_text(json.dumps(head) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{record} cannot be written ({type(error).__name__}).", "Name another file.") from None
    if new:
        return []
    found, rows = read_run(record)
    if different := [key for key in head if key not in _MAY_DIFFER and found.get(key) != head[key]]:
        raise UsageError(f"{record} is another run: its {different[0]} differs.", "Name another file with --record.")
    answered = [row for row in rows if not row["failed"]]
    record.write_text("".join(json.dumps(row) + "\n" for row in (found, *answered)), encoding="utf-8")
    return answered


def _append(record: Path | None, row: Mapping[str, Any]) -> None:
    if record is not None:
        with record.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")


def read_run(record: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The first line of a record and its rows; a line that was torn by a kill is left out. Raises UsageError."""
    try:
        lines = record.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{record} cannot be read ({type(error).__name__}).", "Name the record of a run.") from None
    rows: list[dict[str, Any]] = []
    for line in lines:
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    if not rows or rows[0].get("event") != "run":
        raise UsageError(f"{record} is no record of a run.", "Make one with `workbench eval TASK --record FILE`.")
    return rows[0], rows[1:]


def pair(first: Path, second: Path, by: str = "right") -> dict[str, Any]:
    """Two runs over the same questions, arm by arm where both have it, else first arm against first arm: McNemar's test.

    `by` is "right", or "judged" for what a judge held right. Raises UsageError where they share no question.
    """
    (head, rows), (other_head, other_rows) = read_run(first), read_run(second)
    names = [name for name in head["arms"] if name in other_head["arms"]] or [""]
    compared = {}
    for name in names:
        one = _verdicts(rows, name or head["arms"][0], by)
        two = _verdicts(other_rows, name or other_head["arms"][0], by)
        shared = sorted(one.keys() & two.keys())
        if not shared:
            raise UsageError("The two runs have no question in common.", "Run both over the same set, with one seed.")
        pairs = [(one[key], two[key]) for key in shared]
        label = name or f"{head['arms'][0]} against {other_head['arms'][0]}"
        compared[label] = _compared(pairs)
    return {"event": "result", "step": None, "task": "pair", "arms": compared}


def _compared(pairs: Sequence[tuple[bool, bool]]) -> dict[str, float]:
    return {
        "questions": len(pairs), "first": sum(a for a, _ in pairs) / len(pairs), "second": sum(b for _, b in pairs) / len(pairs),
        "only_first": sum(a and not b for a, b in pairs), "only_second": sum(b and not a for a, b in pairs),
        "p": mcnemar([a for a, _ in pairs], [b for _, b in pairs]),
    }  # fmt: skip


def _verdicts(rows: Sequence[Mapping[str, Any]], name: str, by: str) -> dict[str, bool]:
    return {row["id"]: row[by] > 0.5 for row in rows if row["arm"] == name and row.get(by) is not None}
