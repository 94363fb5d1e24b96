"""What a timeline shows: for each task, which of its steps touch what, and from when to when it holds and waits.

Times are states of the trace: state n is what step n leads to, so step n goes from time n - 1 to time n.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sevviz.analysis import Deadlock, deadlock_of, show_result
from sevviz.interpreter import CPU
from sevviz.model import OVERTAKE, SPINLOCK
from sevviz.schedule import task_of
from sevviz.views.conditions import condition_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.model import Operation, Step, Trace
    from sevviz.views.style import Role

__all__ = ["WORK", "Bar", "Lane", "Mark", "closing_of", "lanes_of", "short_call"]

WORK = -2  # the "object" of the work that the locks protect


class Mark(NamedTuple):
    """A step of a task at an object's row: a short label, and the kinds of the faults."""

    step: int  # from 1
    object: int  # index, WORK, or CPU for a step without an object
    label: str
    faults: tuple[str, ...] = ()


class Bar(NamedTuple):
    """Something that lasts, from time `start` to time `end`; `open` if it lasts beyond the trace."""

    role: Role
    object: int
    start: int
    end: int
    open: bool
    holder: int = 0  # of a wait: the task that has it


class Lane(NamedTuple):
    """One task, numbered from 1."""

    task: int
    objects: tuple[int, ...]  # its rows: what it touches or waits for
    marks: tuple[Mark, ...]
    bars: tuple[Bar, ...]
    returned: int | None  # the time of its return
    result: str | None


def closing_of(trace: Trace) -> tuple[int, Deadlock] | None:
    """The first state of a trace that has a deadlock, by its number, and the deadlock."""
    for number, state in enumerate(trace.states):
        found = deadlock_of(trace.program, state)
        if found is not None:
            return number, found
    return None


def lanes_of(trace: Trace) -> list[Lane]:
    """A lane for each task of a trace."""
    return [_lane(trace, task) for task in range(1, len(trace.program.tasks) + 1)]


def _lane(trace: Trace, task: int) -> Lane:
    program = trace.program
    marks = tuple(_mark(number, step, task) for number, step in enumerate(trace.steps, 1) if _concerns(step, task))
    waits = _waits(trace, task)
    bars = (*_cut(_holds(trace, task), waits), *waits, *_works(marks, trace), *_settings(trace, task))
    touched = {mark.object for mark in marks} | {bar.object for bar in bars}
    objects = tuple(o for o in (*range(len(program.objects)), WORK, CPU) if o in touched and o != CPU)
    ended = [n for n, state in enumerate(trace.states) if program.position(state, task - 1).operation is None]
    result = show_result(program.position(trace.states[-1], task - 1).result)
    return Lane(task, objects, marks, bars, ended[0] if ended else None, result)


def _concerns(step: Step, task: int) -> bool:
    """Whether a step is of a task, or breaks a rule on its behalf."""
    return task_of(step.actor) == task or any(fault.task == task for fault in step.faults)


def _mark(number: int, step: Step, task: int) -> Mark:
    own = task_of(step.actor) == task
    faults = tuple(fault.kind for fault in step.faults if fault.task == task or (own and fault.task is None))
    if not own:
        return Mark(number, CPU, "", faults)
    operation = step.operation
    label = short_call(step)
    if operation is None:
        return Mark(number, CPU, label, faults)
    place = WORK if operation.action in ("enter", "leave") else operation.object
    return Mark(number, place, label, faults)


def short_call(step: Step) -> str:
    """What a step did, in at most seven letters: "lock", "0→1", "busy", "unlock"."""
    operation = step.operation
    if operation is None:
        return "SIGKILL"
    if step.actor < -OVERTAKE:
        return f"{step.before}→{step.after}"
    match operation.action:
        case "lock":
            return (show_result(step.result) or "lock") if step.result else "lock"
        case "trylock":
            return "try" if step.result else "fails"
        case "unlock" | "enter" | "leave" | "relax" | "may_sleep":
            return operation.action.replace("may_sleep", "sleep?")
    return _access(operation, step)


def _access(operation: Operation, step: Step) -> str:
    if operation.action == "load":
        return f"is {step.before}"
    if step.before != step.after:
        return f"{step.before}→{step.after}"
    return f"={step.after}" if operation.action == "store" else f"is {step.before}"


# What lasts.


def _spans(values: Sequence[tuple[int, ...]]) -> list[tuple[int, int, tuple[int, ...]]]:
    """Runs of equal values that are not empty: (first, end, value), the end exclusive."""
    found, start = list[tuple[int, int, tuple[int, ...]]](), 0
    for number in range(1, len(values) + 1):
        if number == len(values) or values[number] != values[start]:
            if values[start]:
                found.append((start, number, values[start]))
            start = number
    return found


def _holds(trace: Trace, task: int) -> list[Bar]:
    program, last, bars = trace.program, len(trace.states) - 1, list[Bar]()
    for lock in program.locks:
        held = [(1,) if state.values[lock] == task else () for state in trace.states]
        role: Role = "atomic" if program.objects[lock].kind == SPINLOCK else "holding"
        # Taken by the step to the first state with it, given back by the step to the first state without.
        bars += [Bar(role, lock, max(0, a - 1), min(b, last), b > last) for a, b, _ in _spans(held)]
    return bars


def _cut(holds: list[Bar], waits: list[Bar]) -> list[Bar]:
    """Holds that end where the task begins to wait for what it holds itself: a row has room for one bar at a time."""
    cut = []
    for hold in holds:
        begins = [w.start for w in waits if w.object == hold.object and hold.start < w.start and _lasts(hold, w.start)]
        cut.append(hold._replace(end=begins[0], open=False) if begins else hold)
    return cut


def _lasts(hold: Bar, time: int) -> bool:
    return hold.open or time < hold.end


def _waits(trace: Trace, task: int) -> list[Bar]:
    waits = list[tuple[int, ...]]()
    kinds: dict[int, Role] = {}
    for number, state in enumerate(trace.states):
        condition = condition_of(trace.program, state, task)
        # Any of several tasks keeps the CPUs; for a lock, another holder is another wait.
        waits.append(
            ()
            if not condition.holder
            else (CPU, 1)
            if condition.object == CPU
            else (condition.object, condition.holder)
        )
        if condition.kind in ("sleeping", "spinning", "no-cpu"):
            kinds[number] = condition.kind
    last = len(trace.states) - 1
    return [
        Bar(kinds.get(first, "sleeping"), key[0], first, min(end, last), end > last, key[1])
        for first, end, key in _spans(waits)
    ]


def _works(marks: tuple[Mark, ...], trace: Trace) -> list[Bar]:
    bars, entered = list[Bar](), None
    for mark in marks:
        if mark.label == "enter" and "exclusion" not in mark.faults:
            entered = mark.step
        elif mark.label == "leave" and entered is not None:
            bars.append(Bar("work", WORK, entered - 1, mark.step, open=False))
            entered = None
    last = len(trace.states) - 1
    return [*bars, Bar("work", WORK, entered - 1, last, open=True)] if entered is not None else bars


def _settings(trace: Trace, task: int) -> list[Bar]:
    """Fields that differ from their initial values because this task wrote them last."""
    writers = dict[int, list[tuple[int, ...]]]()
    program, last, bars = trace.program, len(trace.states) - 1, list[Bar]()
    for field, shared in enumerate(program.objects):
        if shared.is_lock:
            continue
        writer = 0
        writers[field] = [()]
        for step, state in zip(trace.steps, trace.states[1:], strict=True):
            if step.operation is not None and step.operation.object == field and step.before != step.after:
                writer = task_of(step.actor)
            changed = state.values[field] != shared.initial
            writers[field].append((1,) if changed and writer == task else ())
        bars += [Bar("set", field, max(0, a - 1), min(b, last), b > last) for a, b, _ in _spans(writers[field])]
    return bars
