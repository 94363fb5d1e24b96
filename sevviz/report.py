"""A verdict or a trace as text for a terminal. Colour says nothing that the words do not say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevviz.analysis import deadlock_of, returns_of, show_result
from sevviz.interpreter import CPU, moves
from sevviz.model import FAULTED
from sevviz.schedule import format_schedule
from sevviz.verdict import fault_json, waits_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.census import FoundFault, Outcome
    from sevviz.model import Fault, Program, Step, Trace
    from sevviz.verdict import Verdict

__all__ = ["Paint", "trace_json", "trace_text", "verdict_text"]

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
    lines = [*_head(program, paint), "", _searched(verdict), ""]
    lines += _outcomes(verdict, paint)
    lines += _faults(verdict, paint)
    lines += _loops(verdict, paint)
    return "\n".join([*lines, "", _conclusion(verdict, paint)])


def _head(program: Program, paint: Paint) -> list[str]:
    lines = [f"{paint(program.name, 'bold')}: {program.title}"]
    lines += [f"  task {number}  {task.label}" for number, task in enumerate(program.tasks, 1)]
    extra = ["fatal signals"] if program.signals else []
    extra += [f"{program.cpus} CPUs"] if program.cpus else []
    return [*lines, *([f"  with {' and '.join(extra)}"] if extra else [])]


def _searched(verdict: Verdict) -> str:
    graph = verdict.graph
    states = f"{len(graph.states):,} states, {graph.transitions:,} transitions"
    if not verdict.complete:
        return f"Stopped at the limit: {states} were searched, and there are more."
    count = verdict.census.interleavings
    endless = "schedules without number (the state graph has a loop)"
    plural = "s" if count != 1 else ""
    return f"Every interleaving searched: {states}, {f'{count:,} schedule{plural}' if count is not None else endless}."


def _share(count: int | None, total: int | None) -> tuple[str, str]:
    if count is None or not total:
        return "", ""
    return f"{count:,}", f"{100 * count / total:.1f} %"


def outcome_label(outcome: Outcome) -> str:
    """An outcome in a few words: "0, -EBUSY", "deadlock", "fault: unlock-not-held"."""
    if outcome.kind == "returned":
        return ", ".join(str(value) for value in outcome.returns)
    if outcome.fault is not None:
        return f"fault: {outcome.fault.kind}"
    done = [f"task {n} returned {value}" for n, value in enumerate(outcome.returns, 1) if value is not None]
    return "deadlock" + (f" ({', '.join(done)})" if done else "")


def _outcomes(verdict: Verdict, paint: Paint) -> list[str]:
    total = verdict.census.interleavings
    rows = [("outcome", "schedules", "", "shortest schedule")]
    for outcome in verdict.outcomes:
        shortest = format_schedule(outcome.schedule) or "(no step)"
        rows.append((outcome_label(outcome), *_share(outcome.interleavings, total), shortest))
    if len(rows) == 1:
        return ["No schedule ends within what was searched."]
    head, *body = table(rows, right=(1, 2))
    lines = [paint(head, "dim")]
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
        what = "a CPU, kept by spinning" if wait["waits_for"] == "cpu" else f"{wait['waits_for']}, held by"
        lines.append(f"task {wait['task']} waits for {what} task {wait['held_by']}{since}")
    if outcome.deadlock.killable:
        lines.append("SIGKILL ends it; the hung-task detector does not report killable waits")
    return lines


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


def _loops(verdict: Verdict, paint: Paint) -> list[str]:
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


def _conclusion(verdict: Verdict, paint: Paint) -> str:
    bad = ["a deadlock"] if verdict.deadlocks else []
    bad += sorted({found.fault.kind for found in verdict.faults} - {"self-deadlock"})
    bad += ["a livelock"] if verdict.livelock else []
    if bad:
        return paint(f"Found: {', '.join(bad)}.", "bad")
    count = len(verdict.graph.states)
    if verdict.status == "inconclusive":
        text = (
            f"Inconclusive: nothing wrong in the first {count:,} states, but the search did not finish; raise --limit."
        )
        return paint(text, "note")
    return paint(f"Certified: no deadlock, livelock or fault in all {count:,} states.", "good")


# One schedule.


def _change(program: Program, step: Step) -> str:
    if step.operation is None or step.operation.object < 0 or step.before == step.after:
        return ""
    shared = program.objects[step.operation.object]
    if not shared.is_lock:
        return f"{shared.name}: {step.before} → {step.after}"
    holders = ["free" if value == 0 else f"task {value}" for value in (step.before, step.after)]
    return f"{shared.name}: {' → '.join(holders)}"


def _step_result(step: Step) -> str:
    returns = step.operation is not None and step.operation.action in ("trylock", "cmpxchg", "xchg", "load")
    interruptible = step.operation is not None and step.operation.interruptible
    return f"= {show_result(step.result)}" if returns or interruptible else ""


def trace_text(trace: Trace, paint: Paint) -> str:
    """One line per step, then how it stands at the end: results, waits, deadlock, faults."""
    program = trace.program
    rows = [("step", "task", "line", "call", "", "change")]
    for number, step in enumerate(trace.steps, 1):
        operation = step.operation
        if operation is None:
            rows.append((str(number), f"{-step.actor}!", "", "fatal signal", "", ""))
            continue
        line = str(operation.span.line) if operation.source == 0 else program.sources[operation.source].name
        call, change = operation.text, _change(program, step)
        rows.append((str(number), str(step.actor), line, call, _step_result(step), change))
    head, *body = table(rows, right=(0, 1, 2))
    lines = [*_head(program, paint), "", paint(head, "dim")]
    for text, step in zip(body, trace.steps, strict=True):
        lines.append(text)
        lines += [f"      {paint(_fault_line(program, fault), 'bad')}" for fault in step.faults]
    return "\n".join([*lines, "", *_standing(trace, paint)])


def _fault_line(program: Program, fault: Fault) -> str:
    found = {
        "line": fault.span.line if fault.span and fault.source == 0 else None,
        "task": fault.task,
        "object": fault.object,
        "holding": fault.holding,
    }
    return fault_text(program, fault.kind, found)


def _standing(trace: Trace, paint: Paint) -> list[str]:
    """Each task at the end of a trace."""
    program, state = trace.program, trace.states[-1]
    following = moves(program, state)
    can = {move.actor for move in following}
    deadlock = deadlock_of(program, state)
    waits = {wait.task: wait for wait in deadlock.waits} if deadlock else {}
    lines = []
    for task in range(1, len(program.tasks) + 1):
        position = program.position(state, task - 1)
        if position.operation is None:
            text = f"has returned {show_result(position.result)}"
        elif state.marks[task - 1] & FAULTED:
            text = f"broke a rule at {position.operation.text}; the schedule ends"
        elif task in can:
            text = f"is about to {position.operation.text}"
        elif any(mark & FAULTED for mark in state.marks):
            text = f"was about to {position.operation.text}"
        else:
            text = _blocked(program, trace, task)
        lines.append(paint(f"task {task} {text}", "bad" if task in waits else "bold"))
    if deadlock is not None:
        lines.append(paint("Deadlock.", "bad"))
    return lines


def _blocked(program: Program, trace: Trace, task: int) -> str:
    from sevviz.interpreter import wait_of

    wait = wait_of(program, trace.states[-1], task)
    if wait is None or wait.object == CPU:
        return "has no CPU: spinning tasks keep them all"
    name = program.objects[wait.object].name
    values = [state.values[wait.object] for state in trace.states]
    since = next((n for n in range(len(values) - 1, 0, -1) if values[n - 1] != values[n]), 0)
    return f"waits for {name}, held by task {wait.holder} since step {since}"


def trace_json(trace: Trace) -> dict[str, Any]:
    """A replayed schedule as one JSON object: its steps, the results so far, and the deadlock at its end if any."""
    program, last = trace.program, trace.states[-1]
    deadlock = deadlock_of(program, last)
    steps = []
    for number, step in enumerate(trace.steps, 1):
        operation = step.operation
        steps.append(
            {
                "step": number,
                "task": abs(step.actor),
                "signal": step.actor < 0,
                "call": operation.text if operation else "fatal signal",
                "line": operation.span.line if operation and operation.source == 0 else None,
                "result": show_result(step.result) if _step_result(step) else None,
                "object": program.objects[operation.object].name if operation and operation.object >= 0 else None,
                "before": step.before,
                "after": step.after,
                "faults": [fault.kind for fault in step.faults],
            }
        )
    return {
        "format": 1,
        "scheme": program.name,
        "tasks": [task.label for task in program.tasks],
        "schedule": format_schedule(trace.schedule),
        "steps": steps,
        "returns": list(returns_of(program, last)),
        "deadlock": [wait.task for wait in deadlock.waits] if deadlock else None,
    }
