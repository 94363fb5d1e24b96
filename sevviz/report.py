"""A verdict or a trace as text for a terminal. Colour says nothing that the words do not say."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from sevviz.counting import all_states, counted
from sevviz.schedule import format_schedule
from sevviz.verdict import fault_json, waits_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.analysis import Deadlock
    from sevviz.census import FoundFault, Outcome
    from sevviz.model import Program
    from sevviz.symbolic import SymbolicVerdict
    from sevviz.verdict import Verdict

__all__ = ["Paint", "fault_text", "head", "symbolic_text", "table", "verdict_text"]

MOST_LINES = 9  # of a head: with many tasks, the first ones show what all are like
LONGEST_SCHEDULE = 40  # choices; with more of them, the first ones

COLOURS = {"good": "32", "bad": "1;31", "note": "33", "dim": "2", "bold": "1"}


class Paint:
    """Adds terminal colours, or nothing."""

    def __init__(self, *, colour: bool) -> None:
        self.colour = colour

    def __call__(self, text: str, style: str) -> str:
        """The text in a style of COLOURS."""
        return f"\x1b[{COLOURS[style]}m{text}\x1b[0m" if self.colour else text


def table(rows: Sequence[Sequence[str]], *, right: tuple[int, ...] = ()) -> list[str]:
    """Rows as aligned columns; the columns in `right` are right-aligned. The last column is not padded."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        lines.append("  ".join(cells).rstrip())
    return lines


def verdict_text(verdict: Verdict, paint: Paint) -> str:
    """The whole verdict: what was searched, every outcome, every fault, endless runs, and the conclusion."""
    program = verdict.program
    lines = [*head(program, paint), "", _searched(verdict), ""]
    lines += _outcomes(verdict, paint)
    lines += _faults(verdict, paint)
    lines += _loops(verdict, paint)
    return "\n".join([*lines, "", _conclusion(verdict, paint)])


def symbolic_text(verdict: SymbolicVerdict, paint: Paint) -> str:
    """The verdict of the symbolic engine: it counts states, not schedules, and with many tasks it counts results."""
    program = verdict.program
    lines = [*head(program, paint)[:MOST_LINES], *(["  ..."] if len(program.tasks) >= MOST_LINES else []), ""]
    states = "an unknown number of" if verdict.states is None else f"{verdict.states:,}"
    lines += [f"Searched with decision diagrams: {states} states, {counted(verdict.nodes, 'node')}.", ""]
    rows = [(outcome_label(o), _beginning(o.schedule)) for o in verdict.outcomes]
    lines += table([("outcome", "shortest schedule"), *rows]) if rows else []
    for count in verdict.counts:
        lines.append(f"{count.result}: {count.numbers[0]} to {count.numbers[-1]} of {len(program.tasks)} tasks at once")
    for found in verdict.faults:
        line = fault_text(program, found.fault.kind, fault_json(program, found))
        lines.append(paint(f"{line}  {_beginning(found.schedule)}", "bad"))
    lines += _loops(verdict, paint)
    lines += [paint(note, "note") for note in verdict.notes]
    return "\n".join([*lines, "", _symbolic_conclusion(verdict, paint)])


def _beginning(schedule: Sequence[int]) -> str:
    """A schedule, or the beginning of one that is too long to be read."""
    if len(schedule) <= LONGEST_SCHEDULE:
        return format_schedule(schedule) or "(no step)"
    return f"{format_schedule(schedule[:LONGEST_SCHEDULE])} ... ({len(schedule)} steps, all of them with --json)"


def _symbolic_conclusion(verdict: SymbolicVerdict, paint: Paint) -> str:
    bad = _bad(verdict)
    if bad:
        return paint(f"Found: {', '.join(bad)}.", "bad")
    if not verdict.complete:
        return paint("Inconclusive: nothing wrong was found, but the search did not finish.", "note")
    return paint(f"Certified: no deadlock, livelock or fault in {all_states(verdict.states or 0)}.", "good")


def head(program: Program, paint: Paint) -> list[str]:
    """The scheme, its tasks, and what the scenario adds."""
    lines = [f"{paint(program.name, 'bold')}: {program.title}"]
    lines += [f"  task {number}  {task.label}" for number, task in enumerate(program.tasks, 1)]
    extra = ["fatal signals"] if program.signals else []
    extra += [f"{program.cpus} CPUs"] if program.cpus else []
    return [*lines, *([f"  with {' and '.join(extra)}"] if extra else [])]


def _searched(verdict: Verdict) -> str:
    graph = verdict.graph
    states = f"{counted(len(graph.states), 'state')}, {counted(graph.transitions, 'transition')}"
    if not verdict.complete:
        return f"Stopped at the limit: {states} were searched, and there are more."
    count = verdict.census.interleavings
    endless = "schedules without number (the state graph has a loop)"
    return f"Every interleaving searched: {states}, {endless if count is None else counted(count, 'schedule')}."


def outcome_label(outcome: Outcome) -> str:
    """An outcome in a few words: "0, -EBUSY", "deadlock", "fault: unlock-not-held"."""
    if outcome.kind == "returned" and len(outcome.returns) >= MOST_LINES:
        return ", ".join(f"{value} x{len(list(same))}" for value, same in groupby(outcome.returns))
    if outcome.kind == "returned":
        return ", ".join(str(value) for value in outcome.returns)
    if outcome.fault is not None:
        return f"fault: {outcome.fault.kind}"
    done = [f"task {n} returned {value}" for n, value in enumerate(outcome.returns, 1) if value is not None]
    return "deadlock" + (f" ({', '.join(done)})" if done else "")


def _outcomes(verdict: Verdict, paint: Paint) -> list[str]:
    rows = [("outcome", "schedules", "shortest schedule")]
    for outcome in verdict.outcomes:
        shortest = format_schedule(outcome.schedule) or "(no step)"
        count = "" if outcome.interleavings is None else f"{outcome.interleavings:,}"
        rows.append((outcome_label(outcome), count, shortest))
    if len(rows) == 1:
        return ["No schedule ends within what was searched."]
    heading, *body = table(rows, right=(1,))
    lines = [paint(heading, "dim")]
    for line, outcome in zip(body, verdict.outcomes, strict=True):
        lines.append(line if outcome.kind == "returned" else paint(line, "bad"))
        lines += [f"    {text}" for text in _waits(verdict.program, outcome)]
    return lines


def _waits(program: Program, outcome: Outcome) -> list[str]:
    if outcome.deadlock is None:
        return []
    lines = []
    for wait in waits_json(program, outcome):
        since = f" since step {wait['since']}" if wait["since"] is not None else ""
        what = "a CPU, kept by" if wait["waits_for"] == "cpu" else f"{wait['waits_for']}, held by"
        lines.append(f"task {wait['task']} waits for {what} task {wait['held_by']}{since}")
    if outcome.deadlock.by_signal:
        lines.append(_kill_ends(outcome.deadlock))
    return lines


def _kill_ends(deadlock: Deadlock) -> str:
    """That SIGKILL ends a deadlock: of a cycle, it has to reach somebody whose wait is killable."""
    killable = [str(wait.task) for wait in deadlock.waits if wait.killable]
    if not deadlock.cyclic or len(killable) == len(deadlock.waits):
        return "SIGKILL ends it; the hung-task detector does not report killable waits"
    tasks = " or ".join(killable)
    return f"SIGKILL to task {tasks} ends it; the hung-task detector skips who waits killably, and reports the rest"


def fault_text(program: Program, kind: str, fault: dict[str, Any]) -> str:
    """One line on a fault: its kind, the place, the object and what was held."""
    where = f"{program.sources[0].name}:{fault['line']}" if fault["line"] else ""
    who = f"task {fault['task']}" if fault["task"] else ""
    holding = [name for name in fault["holding"] if name != fault["object"]]
    what = " ".join(filter(None, [fault["object"], f"while holding {', '.join(holding)}" if holding else ""]))
    return "  ".join(filter(None, [kind, who, where, what]))


def _faults(verdict: Verdict, paint: Paint) -> list[str]:
    if not verdict.faults:
        return []
    kinds = {found.fault.kind: found for found in verdict.faults}
    lines = []
    for kind, first in kinds.items():
        lines += ["", paint(f"{kind}{_in_how_many(verdict, first)}", "bad")]
        rows = [_fault_row(verdict, found) for found in verdict.faults if found.fault.kind == kind]
        lines += [f"    {line}" for line in table(rows)]
    return lines


def _fault_row(verdict: Verdict, found: FoundFault) -> tuple[str, str]:
    fault = fault_json(verdict.program, found)
    return fault_text(verdict.program, "", fault), fault["schedule"] or "(no step)"


def _in_how_many(verdict: Verdict, found: FoundFault) -> str:
    total = verdict.census.interleavings
    if found.interleavings is None or not total:
        return ""
    if found.interleavings == total:
        return " in every schedule"
    return f" in {found.interleavings:,} of {total:,} schedules"


def _loops(verdict: Verdict | SymbolicVerdict, paint: Paint) -> list[str]:
    lines = []
    if verdict.livelock is not None:
        stem, loop = format_schedule(verdict.livelock.stem), format_schedule(verdict.livelock.loop)
        lines.append(paint(f"livelock: after {stem or '(nothing)'}, for ever {loop}", "bad"))
    if verdict.starvation is not None:
        stem, loop = format_schedule(verdict.starvation.stem), format_schedule(verdict.starvation.loop)
        left = ", ".join(map(str, verdict.starvation.tasks))
        who = f"task{'s' if len(verdict.starvation.tasks) > 1 else ''} {left}"
        text = f"starvation under an unfair scheduler: after {stem or '(nothing)'}, for ever {loop}; {who} left out"
        lines.append(paint(text, "note"))
    return ["", *lines] if lines else []


def _bad(verdict: Verdict | SymbolicVerdict) -> list[str]:
    bad = ["a deadlock"] if verdict.deadlocks else []
    bad += sorted({found.fault.kind for found in verdict.faults} - {"self-deadlock"})
    return bad + (["a livelock"] if verdict.livelock else [])


def _conclusion(verdict: Verdict, paint: Paint) -> str:
    bad = _bad(verdict)
    if bad:
        return paint(f"Found: {', '.join(bad)}.", "bad")
    count = len(verdict.graph.states)
    if verdict.status == "inconclusive":
        text = (
            f"Inconclusive: nothing wrong in the first {counted(count, 'state')}, but the search did not finish; "
            "raise --limit."
        )
        return paint(text, "note")
    return paint(f"Certified: no deadlock, livelock or fault in {all_states(count)}.", "good")
