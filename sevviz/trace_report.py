"""One schedule as text for a terminal, and as JSON."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from sevviz.analysis import deadlock_of, deadlocks_of, returns_of, show_result
from sevviz.interpreter import CPU, moves, wait_of
from sevviz.model import FAULTED
from sevviz.report import Paint, fault_text, head, table
from sevviz.schedule import format_actor, format_schedule, task_of
from sevviz.traces import kept_cpus
from sevviz.views.words import deadlock_sentence

if TYPE_CHECKING:
    from sevviz.model import Fault, Program, Step, Trace

__all__ = ["COLUMNS", "trace_json", "trace_text"]

COLUMNS = 84  # of a sentence: with a margin of 4, it fits the 88 of a notebook's output


def _change(program: Program, step: Step) -> str:
    if step.operation is not None and step.operation.action == "spin":
        return "begins to spin"
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
            rows.append((str(number), format_actor(step.actor), "", "fatal signal", "", ""))
            continue
        line = str(operation.span.line) if operation.source == 0 else program.sources[operation.source].name
        call, change = operation.text, _change(program, step)
        rows.append((str(number), format_actor(step.actor), line, call, _step_result(step), change))
    heading, *body = table(rows, right=(0, 1, 2))
    lines = [*head(program, paint), "", paint(heading, "dim")]
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
    deadlocks = deadlocks_of(program, state)
    waits = {wait.task for deadlock in deadlocks for wait in deadlock.waits}
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
    for deadlock in deadlocks:
        told = textwrap.wrap(deadlock_sentence(program, deadlock), COLUMNS, break_on_hyphens=False)
        lines += [paint(line, "bad") for line in told]
    return lines


def _blocked(program: Program, trace: Trace, task: int) -> str:
    wait = wait_of(program, trace.states[-1], task)
    if wait is None or wait.object == CPU:
        return f"has no CPU: {kept_cpus(program)}"
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
                "task": task_of(step.actor),
                "signal": operation is None,
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
