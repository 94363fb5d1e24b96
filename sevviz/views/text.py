"""Text twins: what the pictures show, as tables for a terminal and sentences for those who do not see them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from sevviz.analysis import deadlocks_of
from sevviz.interpreter import CPU
from sevviz.schedule import format_actor
from sevviz.views.conditions import condition_of
from sevviz.views.names import arrow, listed, task_name
from sevviz.views.words import deadlock_sentence, fault_sentence, step_sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.model import Program, State, Trace

__all__ = ["table", "timeline_sentences", "timeline_text", "wait_for_sentences", "wait_for_text"]

SINCE = " since step {since}"
COLUMNS = 100  # of a line of text


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as columns of text, two blanks apart; the first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines)


def _lines(sentence: str, columns: int = COLUMNS) -> list[str]:
    return textwrap.wrap(sentence, columns, break_long_words=False, break_on_hyphens=False)


# The wait-for graph.


def wait_for_text(program: Program, state: State, trace: Trace | None = None) -> str:
    """Who holds and who waits for what in a state, as a table; a deadlock in words under it.

    With a trace that passes `state`, waits tell since which step the lock is held.
    """
    rows = [("task", "holds", "now")]
    for task in range(1, len(program.tasks) + 1):
        condition = condition_of(program, state, task)
        held = ", ".join(program.objects[lock].name for lock in condition.holds) or "-"
        rows.append((f"{task} {arrow(program.tasks[task - 1].label)}", held, _now(program, state, task, trace)))
    told = [line for found in deadlocks_of(program, state) for line in _lines(deadlock_sentence(program, found))]
    return "\n".join([table(rows), *told])


def _now(program: Program, state: State, task: int, trace: Trace | None) -> str:
    """Why a task cannot step, or what it does next."""
    condition, operation = condition_of(program, state, task), program.position(state, task - 1).operation
    if operation is None or condition.kind == "stopped" or condition.reason:
        return _with_since(condition.reason, state, condition.object, trace)
    return f"next: {operation.text}"


def _with_since(reason: str, state: State, waited_for: int, trace: Trace | None) -> str:
    if SINCE not in reason or trace is None or waited_for == CPU or state not in trace.states:
        return reason.replace(SINCE, "")
    last = len(trace.states) - 1 - trace.states[::-1].index(state)
    values = [past.values[waited_for] for past in trace.states[: last + 1]]
    return reason.format(since=next((n for n in range(last, 0, -1) if values[n] != values[n - 1]), 0))


def wait_for_sentences(program: Program, state: State, trace: Trace | None = None) -> list[str]:
    """A sentence for each task that holds or waits for something, and one for a deadlock."""
    told = []
    for task in range(1, len(program.tasks) + 1):
        condition = condition_of(program, state, task)
        parts = [f"holds {listed(program.objects[lock].name for lock in condition.holds)}"] if condition.holds else []
        parts += [_with_since(condition.reason, state, condition.object, trace)] if condition.holder else []
        if parts:
            told.append(f"T{task_name(program, task)[1:]} {listed(parts)}.")
    told += [deadlock_sentence(program, deadlock) for deadlock in deadlocks_of(program, state)]
    return told or ["Nobody holds or waits for anything."]


# The timeline.


def timeline_text(trace: Trace) -> str:
    """The steps of a trace as a table, with faults and the closing of a deadlock, and what became of each task."""
    program = trace.program
    rows = [("step", "actor", "what happens")]
    for number, step in enumerate(trace.steps, 1):
        said = [line for sentence in timeline_sentences(trace, number) for line in _lines(sentence, COLUMNS - 13)]
        rows.append((str(number), format_actor(step.actor), said[0]))
        rows += [("", "", line) for line in said[1:]]
    return f"{table(rows)}\n\n{wait_for_text(program, trace.states[-1], trace)}"


def timeline_sentences(trace: Trace, number: int) -> list[str]:
    """What step `number` (from 1) did, which rules it broke, and the deadlock that it closed."""
    program, step = trace.program, trace.steps[number - 1]
    before, after = trace.states[number - 1 : number + 1]
    told = [step_sentence(program, step, before, after)]
    told += [fault_sentence(program, fault, step.actor, before, after) for fault in step.faults]
    earlier = deadlocks_of(program, before)
    told += [deadlock_sentence(program, found) for found in deadlocks_of(program, after) if found not in earlier]
    return told
