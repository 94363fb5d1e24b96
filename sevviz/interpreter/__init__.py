"""What the primitives do: the only package that knows lock rules.

Every function is pure: states come in, states and faults go out. All nondeterminism is the choice of the next actor: a
task number from 1, its negative for a fatal signal to that task, or -(OVERTAKE + number) for a store that overtakes.

Sources, all in the kernel's tree: Documentation/locking/mutex-design.rst (one owner, only the owner unlocks, not
recursive, may sleep), locktypes.rst (a sleeping lock cannot nest inside a spinning lock; a spinlock disables
preemption), Documentation/atomic_t.txt (value-returning operations, ordering), kernel/locking/mutex.c (killable waits,
handoff).
"""

from __future__ import annotations

import errno
from typing import NamedTuple

from sevviz.interpreter.faults import broken_rule, fault_of, faults_after
from sevviz.interpreter.waiting import (
    CPU,
    Wait,
    cpu_keepers,
    in_atomic_context,
    lock_wait,
    next_operation,
    sleeps_in_atomic,
    wait_of,
    waits_of,
)
from sevviz.model import FAULTED, MUTEX, OFF_CPU, OVERTAKE, SIGNALLED, SPINS, WOKEN, Fault, Operation, Program, State
from sevviz.release_order import overtaker_of

__all__ = [
    "CPU",
    "ENDS_SCHEDULE",
    "Move",
    "Wait",
    "cpu_keepers",
    "effect_of",
    "in_atomic_context",
    "initial_state",
    "is_stuck",
    "moves",
    "next_operation",
    "sleeps_in_atomic",
    "step",
    "wait_of",
    "waits_of",
]

EINTR = -errno.EINTR
ENDS_SCHEDULE = frozenset({"unlock-not-held", "exclusion"})  # the other faults are recorded, and execution goes on


class Move(NamedTuple):
    """What `actor` may do next, and where it leads."""

    actor: int
    state: State
    faults: tuple[Fault, ...]


def initial_state(program: Program) -> State:
    """Every task before its first step, every lock free, every field at its initial value."""
    count = len(program.tasks)
    return State((0,) * count, tuple(o.initial for o in program.objects), (0,) * count)


def moves(program: Program, state: State) -> list[Move]:
    """All that can happen next, tasks first, in the order of their numbers."""
    if any(mark & FAULTED for mark in state.marks):
        return []
    running = [t for t in range(1, len(program.tasks) + 1) if program.position(state, t - 1).operation is not None]
    waits = waits_of(program, state)
    found = [_advance(program, state, task) for task in running if waits[task - 1] is None]
    if program.signals:
        found += [step(program, state, -task) for task in running if not state.marks[task - 1] & SIGNALLED]
    if program.weak:
        able = (task for task in running if waits[task - 1] is None)  # who is at an unlock may lack a CPU
        overtaking = (task for task in able if overtaker_of(program, state, task) is not None)
        found += [step(program, state, -(OVERTAKE + task)) for task in overtaking]
    return found


def is_stuck(program: Program, state: State) -> bool:
    """Whether tasks are left and none can step, now or after every fatal signal that may still come."""
    running = [t for t in range(1, len(program.tasks) + 1) if program.position(state, t - 1).operation is not None]
    if program.signals:
        for task in running:
            if not state.marks[task - 1] & SIGNALLED:
                state = _signal(program, state, task).state
    waits = waits_of(program, state)
    return bool(running) and all(waits[task - 1] is not None for task in running)


def step(program: Program, state: State, actor: int) -> Move:
    """One step of an actor that can take it (see `moves`); asking for another one is a mistake of the caller's."""
    if actor < -OVERTAKE:
        return _overtake(program, state, actor)
    if actor < 0:
        return _signal(program, state, -actor)
    assert wait_of(program, state, actor) is None, "a blocked task cannot step"
    return _advance(program, state, actor)


def _advance(program: Program, state: State, actor: int) -> Move:
    """The next step of a task that nothing blocks."""
    task = actor - 1
    automaton = program.tasks[task].automaton
    operation = next_operation(program, state, actor)
    assert operation is not None, "a finished task has no step"
    if operation.action == "spin":
        return Move(actor, state._replace(marks=_put(state.marks, task, state.marks[task] & ~OFF_CPU | SPINS)), ())
    result, value = effect_of(operation, state, actor)
    broken = broken_rule(program, state, actor, operation)
    if broken in ENDS_SCHEDULE:
        after = state._replace(marks=_put(state.marks, task, state.marks[task] | FAULTED))
        return Move(actor, after, (fault_of(program, state, broken, actor, operation),))
    values = _put(state.values, operation.object, value) if operation.object >= 0 else state.values
    position = automaton.after(state.positions[task], result)
    # The handoff is for the wait that the signal ended, not for later ones.
    marks = _put(state.marks, task, state.marks[task] & ~WOKEN) if state.marks[task] & WOKEN else state.marks
    after = State(_put(state.positions, task, position), values, marks)
    if program.cpus is not None:
        after = _leave_cpus(program, after, actor)
    faults = (fault_of(program, state, broken, actor, operation),) if broken else ()
    return Move(actor, after, (*faults, *faults_after(program, state, after, actor, operation)))


def _put(numbers: tuple[int, ...], index: int, number: int) -> tuple[int, ...]:
    return (*numbers[:index], number, *numbers[index + 1 :])


def _signal(program: Program, state: State, task: int) -> Move:
    wait = wait_of(program, state, task)
    # A task that waits for a mutex it holds itself is woken by SIGKILL and takes the mutex by the handoff path
    # (__mutex_trylock_common with HANDOFF in kernel/locking/mutex.c): mutex_lock_killable() then returns 0, not -EINTR.
    woken = WOKEN if wait is not None and wait.killable and wait.holder == task else 0
    marks = _put(state.marks, task - 1, state.marks[task - 1] | SIGNALLED | woken)
    return Move(-task, state._replace(marks=marks), ())


def _overtake(program: Program, state: State, actor: int) -> Move:
    task = -actor - OVERTAKE
    found = overtaker_of(program, state, task)
    assert found is not None, "no store may overtake here"
    operation, position = found
    values = _put(state.values, operation.object, operation.operands[0])
    return Move(actor, State(_put(state.positions, task - 1, position), values, state.marks), ())


def effect_of(operation: Operation, state: State, task: int) -> tuple[int, int]:
    """The result of an operation that `task` can take (0 where it has none) and the new value of its object."""
    value = state.values[operation.object] if operation.object >= 0 else 0
    result, after = 0, value  # may_sleep, relax, enter, leave, spin
    match operation.action:
        case "lock" if value:
            # Not blocked, so a fatal signal has ended the wait; WOKEN: by handing the task its own mutex.
            result = 0 if value == task and state.marks[task - 1] & WOKEN else EINTR
        case "lock":
            after = task  # a free mutex is taken even with a signal pending: the fast path comes first
        case "trylock":
            result, after = (0, value) if value else (1, task)
        case "unlock":
            after = 0
        case "load":
            result = value
        case "store":
            after = operation.operands[0]
        case "cmpxchg":
            result, after = value, operation.operands[1] if value == operation.operands[0] else value
        case "xchg":
            result, after = value, operation.operands[0]
    return result, after


def _leave_cpus(program: Program, state: State, actor: int) -> State:
    """Mark who sleeps after a step of `actor`: a waiter for a mutex leaves its CPU, in atomic context too."""
    marks = [mark & ~(OFF_CPU | SPINS) if task == actor else mark for task, mark in enumerate(state.marks, 1)]
    for task in range(1, len(program.tasks) + 1):
        wait = lock_wait(program, state, task)
        if wait is not None and program.objects[wait.object].kind == MUTEX:
            marks[task - 1] |= OFF_CPU
    return state._replace(marks=tuple(marks))
