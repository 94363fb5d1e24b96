"""One schedule on several schemes, side by side, with the first divergence marked and explained."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from sevviz.analysis import returns_of
from sevviz.catalogue import program
from sevviz.errors import SevvizError
from sevviz.interpreter import wait_of
from sevviz.schedule import format_actor, format_schedule, parse_schedule
from sevviz.traces import replay
from sevviz.verdict import verdict_of
from sevviz.views.names import listed
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

    told: tuple[str, ...]  # sentences; where the step could not be taken, the reason
    fate: str  # "safe", "deadlocked", "fault: ...", "refused" ...
    call: str  # what was called, with names resolved: what two schemes are compared by
    waits: tuple[str, ...]  # who is blocked now, a phrase each


@dataclass(frozen=True, slots=True)
class Column:
    """One scheme: its search, the trace of the schedule as far as it goes, and why it goes no further."""

    verdict: Verdict
    trace: Trace
    problem: str
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
        head = f"{number}: {format_actor(self.schedule[number - 1])}{marked}"
        entries = [column.entries[number - 1] for column in self.columns]
        cells = "".join(f"<td>{escape(' '.join(e.told))} <i>{escape(e.fate)}</i></td>" for e in entries)
        return f'<tr><th scope="row">{head}</th>{cells}</tr>'


def compare(schemes: Sequence[Scheme | str], schedule: str = "", scenario: Scenario | str = "double") -> Comparison:
    """Replay one schedule on several schemes in a scenario; each is followed as far as it goes.

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
    return "; ".join(parts)


def _column(verdict: Verdict, schedule: tuple[int, ...]) -> Column:
    trace, problem = replay(verdict.program, schedule)
    numbers = [0]
    for actor in trace.schedule:
        numbers.append(dict(verdict.graph.edges[numbers[-1]]).get(actor, numbers[-1]))
    entries = [_entry(verdict, trace, number, numbers[number]) for number in range(1, len(trace.steps) + 1)]
    for number in range(len(trace.steps) + 1, len(schedule) + 1):
        why = f"Cannot be taken: {_why(problem)}" if number == len(trace.steps) + 1 else "Not reached."
        entries.append(Entry((why,), f"stopped at step {len(trace.steps)}", why, ()))
    return Column(verdict, trace, problem, tuple(entries))


def _why(problem: str) -> str:
    """The reason in a replay's message, without who and what else was possible, which the table says."""
    reason = problem.split("), ", 1)[-1].rsplit("; ", 1)[0].removeprefix("which ").removeprefix("but ")
    return f"it {reason}."


def _entry(verdict: Verdict, trace: Trace, number: int, state: int) -> Entry:
    step, program = trace.steps[number - 1], trace.program
    fate = verdict.survey.classes[state]
    kinds = [FAULT_WORDS.get(fault.kind, fault.kind) for past in trace.steps[:number] for fault in past.faults]
    shown = f"{fate}, after a fault ({listed(dict.fromkeys(kinds))})" if kinds else str(fate)
    after = trace.states[number]
    waits = [wait_of(program, after, task) for task in range(1, len(program.tasks) + 1)]
    blocked = tuple(f"task {w.task} {wait_reason(program, w).replace(SINCE, '')}" for w in waits if w)
    call = step.operation.text if step.operation else "a fatal signal"
    return Entry(tuple(timeline_sentences(trace, number)), shown, call, blocked)


def _column_data(column: Column) -> dict[str, Any]:
    line = {"name": _name(column), "title": column.trace.program.title, "status": column.verdict.status}
    entries = [{"told": list(e.told), "fate": e.fate, "waits": list(e.waits)} for e in column.entries]
    return {**line, "entries": entries, "end": _end(column), "followed": len(column.trace.steps)}
