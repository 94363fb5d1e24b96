"""One schedule on several schemes, side by side, with the first divergence marked and explained."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from sevviz.analysis import returns_of
from sevviz.catalogue import program
from sevviz.errors import SevvizError
from sevviz.interpreter import wait_of
from sevviz.model import OVERTAKE
from sevviz.schedule import format_actor, format_schedule, parse_schedule, task_of
from sevviz.traces import follow
from sevviz.verdict import verdict_of
from sevviz.views.names import listed, task_name
from sevviz.views.regions import scenario_title
from sevviz.views.text import timeline_sentences
from sevviz.views.verdict_words import FAULT_WORDS
from sevviz.views.words import about_to, wait_reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.catalogue import Scenario
    from sevviz.csource import Scheme
    from sevviz.model import Trace
    from sevviz.verdict import Verdict

__all__ = ["Column", "Comparison", "Entry", "compare"]

MOST_STATES = 50_000  # of each scheme's search
SINCE = " since step {since}"  # in reasons for waiting: a column has no room for it


class Entry(NamedTuple):
    """One scheme after one step: what it did, what it came to, and the class of the state."""

    told: tuple[str, ...]  # sentences; where the turn was passed over, the reason
    fate: str  # "safe", "deadlocked", "safe, after a fault (...)" ...
    call: str  # what was called, with names resolved: what two schemes are compared by
    waits: tuple[str, ...]  # who is blocked now, a phrase each


@dataclass(frozen=True, slots=True)
class Column:
    """One scheme: its search, and the trace of the turns of the schedule that its tasks could take."""

    verdict: Verdict
    trace: Trace
    passed: tuple[int, ...]  # the numbers (from 1) of the other turns: a task that has to wait, or has returned
    entries: tuple[Entry, ...]  # one per step of the schedule


@dataclass(frozen=True, slots=True)
class Comparison:
    """One schedule on several schemes. Steps count from 1; None where the schemes do not part."""

    schedule: tuple[int, ...]
    columns: tuple[Column, ...]
    calls_part: int | None  # the first step at which they do different things
    fates_part: int | None  # the first step after which they are not equally well off

    @property
    def explanation(self) -> str:
        """Where the schemes part, in words."""
        told = []
        if self.calls_part is not None:
            did = [f"{_name(c)}: {c.entries[self.calls_part - 1].call}" for c in self.columns]
            told.append(f"Step {self.calls_part} is the first at which they do different things ({'; '.join(did)}).")
        if self.fates_part is not None:
            fates = [f"{_name(c)} is {c.entries[self.fates_part - 1].fate}" for c in self.columns]
            told.append(f"After step {self.fates_part} their fates differ: {listed(fates)}.")
        return " ".join(told) or "They do the same all along this schedule."

    @property
    def text(self) -> str:
        """The columns one below the other, as plain text."""
        lines = [f"Schedule {format_schedule(self.schedule)} on {len(self.columns)} schemes", self.explanation]
        for column in self.columns:
            lines += ["", f"{_name(column)}: {column.trace.program.title}"]
            for number, entry in enumerate(column.entries, 1):
                mark = ">" if number == self.fates_part else " "
                lines.append(f"{mark} {number:>2}. {' '.join(entry.told)} [{entry.fate}]")
            lines += [f"  ends: {_end(column)}"]
        return "\n".join(lines)

    def payload(self) -> dict[str, Any]:
        """What the browser shows."""
        first = self.columns[0].trace.program
        return {
            "view": "compare",
            "label": "Comparison of schemes",
            "title": f"One schedule, {len(self.columns)} schemes: {scenario_title(first)}",
            "tasks": len(first.tasks),
            "schedule": format_schedule(self.schedule),
            "actors": [format_actor(actor) for actor in self.schedule],
            "turns": [_turn(number, actor) for number, actor in enumerate(self.schedule, 1)],
            "explanation": self.explanation,
            "calls_part": self.calls_part,
            "fates_part": self.fates_part,
            "columns": [_column_data(column) for column in self.columns],
            "text": self.text,
        }

    def as_html(self) -> str:
        """A table that needs no script."""
        heads = "".join(f'<th scope="col">{escape(c.trace.program.title)}</th>' for c in self.columns)
        rows = "".join(self._row(number) for number in range(1, len(self.schedule) + 1))
        ends = "".join(f"<td>{escape(_end(column))}</td>" for column in self.columns)
        table = f'<table><thead><tr><th scope="col">step</th>{heads}</tr></thead><tbody>{rows}'
        return f'<p>{escape(self.explanation)}</p>{table}<tr><th scope="row">end</th>{ends}</tr></tbody></table>'

    def _row(self, number: int) -> str:
        marked = " ← fates differ" if number == self.fates_part else ""
        head = f"{_turn(number, self.schedule[number - 1])}{marked}"
        entries = [column.entries[number - 1] for column in self.columns]
        cells = "".join(f"<td>{escape(' '.join(e.told))} <i>{escape(e.fate)}</i></td>" for e in entries)
        return f'<tr><th scope="row">{head}</th>{cells}</tr>'


def compare(schemes: Sequence[Scheme | str], schedule: str = "", scenario: Scenario | str = "double") -> Comparison:
    """Replay one schedule on several schemes in a scenario. The turn of a task that has to wait passes, and is told.

    Without a schedule, that of the first failure that one of the schemes has is taken. Raises SevvizError for input
    that is not understood, and if there are fewer than two schemes.
    """
    if len(schemes) < len("ab"):
        raise SevvizError('a comparison needs at least two schemes, such as compare(["naive", "v4"])')
    verdicts = [verdict_of(program(scheme, scenario), MOST_STATES) for scheme in schemes]
    tasks = len(verdicts[0].program.tasks)
    actors = parse_schedule(schedule, tasks) if schedule.strip() else _first_failure(verdicts)
    columns = tuple(_column(verdict, actors) for verdict in verdicts)
    rows = range(1, len(actors) + 1)
    calls = next((n for n in rows if len({c.entries[n - 1].call for c in columns}) > 1), None)
    fates = next((n for n in rows if len({c.entries[n - 1].fate for c in columns}) > 1), None)
    return Comparison(actors, columns, calls, fates)


def _first_failure(verdicts: list[Verdict]) -> tuple[int, ...]:
    for verdict in verdicts:
        failures = [o.schedule for o in verdict.deadlocks] + [f.schedule for f in verdict.faults]
        if failures:
            return min(failures, key=len)
    outcomes = verdicts[0].outcomes
    return outcomes[-1].schedule if outcomes else ()


def _name(column: Column) -> str:
    return column.trace.program.name.removesuffix(".c")


def _end(column: Column) -> str:
    """How the column's schedule leaves its tasks."""
    program, state = column.trace.program, column.trace.states[-1]
    parts = []
    for task, result in enumerate(returns_of(program, state), 1):
        wait = wait_of(program, state, task)
        if result is not None:
            parts.append(f"task {task} returned {result}")
        elif wait is not None:
            parts.append(f"task {task} {wait_reason(program, wait).replace(SINCE, '')}")
        else:
            parts.append(f"task {task} is {about_to(program.position(state, task - 1).operation)}")
    if column.passed:
        parts.append(f"passed over: {'turns' if len(column.passed) > 1 else 'turn'} {listed(map(str, column.passed))}")
    return "; ".join(parts)


def _turn(number: int, actor: int) -> str:
    """A turn of the schedule: "step 1, task 2"."""
    task = task_of(actor)
    if actor > 0:
        return f"step {number}, task {task}"
    return (
        f"step {number}, fatal signal to task {task}" if actor > -OVERTAKE else f"step {number}, store of task {task}"
    )


def _column(verdict: Verdict, schedule: tuple[int, ...]) -> Column:
    trace, problems = follow(verdict.program, schedule)
    state, taken, entries = 0, 0, list[Entry]()
    for number, actor in enumerate(schedule, 1):
        if number in problems:
            entries.append(_passing(verdict, trace, taken, state, actor))
            continue
        taken += 1
        state = dict(verdict.graph.edges[state]).get(actor, state)
        entries.append(_entry(verdict, trace, taken, state))
    return Column(verdict, trace, tuple(problems), tuple(entries))


def _entry(verdict: Verdict, trace: Trace, taken: int, state: int) -> Entry:
    """What the last of the steps `taken` did."""
    operation = trace.steps[taken - 1].operation
    call = operation.text if operation else "a fatal signal"
    told = tuple(timeline_sentences(trace, taken))
    return Entry(told, _fate(verdict, trace, taken, state), call, _blocked(trace, taken))


def _passing(verdict: Verdict, trace: Trace, taken: int, state: int, actor: int) -> Entry:
    """A turn that passes: to wait is no failure while every task can still return."""
    program, now, task = trace.program, trace.states[taken], task_of(actor)
    wait = wait_of(program, now, task) if actor > 0 else None
    if verdict.survey.classes[state] == "faulted":
        call, why = "nothing: it has ended", "A fault has ended this schedule."
    elif program.position(now, task - 1).operation is None:
        call, why = "nothing: it has returned", f"Task {task} has returned. Its turn passes."
    elif wait is None:
        call, why = "nothing", "This is not possible here. The turn passes."
    else:
        call = "waits"
        passes = "No failure: its turn passes." if verdict.survey.classes[state] == "safe" else "Its turn passes."
        who = task_name(program, task)
        why = f"{who[0].upper()}{who[1:]} {wait_reason(program, wait).replace(SINCE, '')}. {passes}"
    return Entry((why,), _fate(verdict, trace, taken, state), call, _blocked(trace, taken))


def _fate(verdict: Verdict, trace: Trace, taken: int, state: int) -> str:
    fate = verdict.survey.classes[state]
    kinds = [FAULT_WORDS.get(fault.kind, fault.kind) for past in trace.steps[:taken] for fault in past.faults]
    return f"{fate}, after a fault ({listed(dict.fromkeys(kinds))})" if kinds else str(fate)


def _blocked(trace: Trace, taken: int) -> tuple[str, ...]:
    program = trace.program
    waits = [wait_of(program, trace.states[taken], task) for task in range(1, len(program.tasks) + 1)]
    return tuple(f"task {w.task} {wait_reason(program, w).replace(SINCE, '')}" for w in waits if w)


def _column_data(column: Column) -> dict[str, Any]:
    line = {"name": _name(column), "title": column.trace.program.title, "status": column.verdict.status}
    entries = [{"told": list(e.told), "fate": e.fate, "waits": list(e.waits)} for e in column.entries]
    return {**line, "entries": entries, "end": _end(column), "followed": len(column.trace.steps)}
