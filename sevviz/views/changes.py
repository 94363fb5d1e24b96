"""What became different between two verdicts and two runs of a schedule, in words: for a reader who edits a scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.schedule import format_actor, task_of
from sevviz.traces import replay
from sevviz.views.chips import chips_of

if TYPE_CHECKING:
    from sevviz.model import Program, Step, Trace
    from sevviz.verdict import Verdict

__all__ = ["census_changes", "follow"]


def census_changes(before: Verdict, after: Verdict) -> list[str]:
    """Findings that are gone, new, or as before in another number of schedules; empty if nothing changed."""
    old = {chip.label: chip.count for chip in chips_of(before)}
    new = {chip.label: chip.count for chip in chips_of(after)}
    told = [f"gone: {_counted(label, count)}" for label, count in old.items() if label not in new]
    told += [f"new: {_counted(label, count)}" for label, count in new.items() if label not in old]
    for label, count in new.items():
        if label in old and old[label] != count:
            told.append(f"changed: {label}, {old[label] or 'not counted'} → {count or 'not counted'}")
    states = len(before.graph.states), len(after.graph.states)
    return told + ([f"states: {states[0]:,} → {states[1]:,}"] if states[0] != states[1] else [])


def _counted(label: str, count: str) -> str:
    return f"{label} ({count})" if count else label


def follow(program: Program, before: Trace) -> tuple[Trace, str]:
    """Take the choices of a run in another program as far as they go; and in words the first step that differs."""
    tasks = len(program.tasks)
    known = next((n for n, actor in enumerate(before.schedule) if task_of(actor) > tasks), len(before.steps))
    trace, problem = replay(program, before.schedule[:known])
    pairs = list(zip(before.steps, trace.steps, strict=False))
    differs = next((n for n, (old, new) in enumerate(pairs, 1) if _call(old) != _call(new)), None)
    told = []
    if differs is not None:
        old, new = pairs[differs - 1]
        told.append(
            f"The first step of the schedule that differs is step {differs}: {_call(old)} before, {_call(new)} now."
        )
    if problem:
        told.append(f"The schedule ends earlier now: {problem}.")
    elif known < len(before.steps):
        choice = format_actor(before.schedule[known])
        told.append(f"The schedule ends earlier now: step {known + 1} was {choice}, and there is no such task.")
    return trace, " ".join(told)


def _call(step: Step) -> str:
    """What a step did, so that two programs can be compared: the call with its result, where it has one."""
    if step.operation is None:
        return "a fatal signal"
    tries = step.operation.action in ("trylock", "cmpxchg", "xchg", "load")
    return f"{step.operation.text} = {step.result}" if tries else step.operation.text
