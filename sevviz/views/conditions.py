"""What can be said of one task in one state, for cards, lanes and markers: asked of the engine, never derived here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from sevviz.analysis import show_result
from sevviz.interpreter import CPU, cpu_keepers, in_atomic_context, wait_of, waits_of
from sevviz.model import FAULTED, SIGNALLED, SPINLOCK
from sevviz.views.names import result_words
from sevviz.views.words import wait_reason

if TYPE_CHECKING:
    from sevviz.interpreter import Wait
    from sevviz.model import Program, State
    from sevviz.views.style import Role

__all__ = ["Condition", "ConditionKind", "condition_of", "conditions_of", "role_of"]

# stopped: another task's fault has ended the schedule
ConditionKind = Literal["running", "sleeping", "spinning", "no-cpu", "returned", "faulted", "stopped"]


class Condition(NamedTuple):
    """One task (numbers from 1) in one state."""

    kind: ConditionKind
    atomic: bool  # in atomic context
    signalled: bool  # a fatal signal is pending
    holds: tuple[int, ...]  # indices of the locks that it holds
    object: int  # what it waits for: an index, CPU (-1) for a processor or nothing
    holder: int  # the task that has it (one of those that keep the CPUs), 0 if it does not wait
    keeps_cpu: bool  # is one of those that keep all CPUs from a task that waits for one
    reason: str  # why it cannot step, with {since}; "" if it can
    result: str | None  # "0", "-EBUSY"; None until it has returned


def condition_of(program: Program, state: State, task: int) -> Condition:
    """The condition of a task, numbered from 1."""
    return _condition(program, state, task, wait_of(program, state, task), cpu_keepers(program, state))


def conditions_of(program: Program, state: State) -> list[Condition]:
    """The conditions of all tasks, in their order."""
    waits, keepers = waits_of(program, state), cpu_keepers(program, state)
    return [_condition(program, state, task, wait, keepers) for task, wait in enumerate(waits, 1)]


def _condition(
    program: Program, state: State, task: int, wait: Wait | None, keepers: tuple[int, ...]
) -> Condition:  # fmt: skip
    position, kind = program.position(state, task - 1), _kind(program, state, task, wait)
    reason = ""
    if position.operation is None:
        reason = result_words(position.result)
    elif kind in ("faulted", "stopped"):
        reason = "a fault has ended this schedule"
    elif wait is not None:
        reason = wait_reason(program, wait)
    return Condition(
        kind,
        in_atomic_context(program, state, task),
        bool(state.marks[task - 1] & SIGNALLED),
        tuple(lock for lock in program.locks if state.values[lock] == task),
        wait.object if wait else CPU,
        wait.holder if wait else 0,
        task in keepers,
        reason,
        show_result(position.result),
    )


def _kind(program: Program, state: State, task: int, wait: Wait | None) -> ConditionKind:
    if program.position(state, task - 1).operation is None:
        return "returned"
    if any(mark & FAULTED for mark in state.marks):
        return "faulted" if state.marks[task - 1] & FAULTED else "stopped"
    if wait is None:
        return "running"
    if wait.object == CPU:
        return "no-cpu"
    return "spinning" if program.objects[wait.object].kind == SPINLOCK else "sleeping"


def role_of(condition: Condition) -> Role | None:
    """How a task that cannot go on by itself is drawn; None for one that runs or has been stopped."""
    match condition.kind:
        case "sleeping" | "spinning" | "no-cpu" | "returned" as kind:
            return kind
        case "faulted":
            return "fault"
    return None
