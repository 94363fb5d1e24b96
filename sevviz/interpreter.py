"""What the primitives do: the only file that knows lock rules.

Every function is pure: states come in, states and faults go out. All nondeterminism is the choice of the next actor: a
task number from 1, or its negative for a fatal signal to that task.

Sources, all in the kernel's tree: Documentation/locking/mutex-design.rst (one owner, only the owner unlocks, not
recursive, may sleep), locktypes.rst (a sleeping lock cannot nest inside a spinning lock; a spinlock disables preemption),
Documentation/atomic_t.txt (value-returning operations, ordering), kernel/locking/mutex.c (killable waits, handoff).
"""

from __future__ import annotations

import errno
from typing import NamedTuple

from sevviz.errors import ScheduleError
from sevviz.model import FAULTED, MUTEX, OFF_CPU, SIGNALLED, SPINLOCK, WOKEN, Fault, Operation, Program, State, Step, Trace

__all__ = ["CPU", "Move", "Wait", "in_atomic_context", "initial_state", "moves", "replay", "run", "step", "wait_of"]

EINTR = -errno.EINTR
CPU = -1  # the "object" of a wait for a processor

ENDS_SCHEDULE = frozenset({"unlock-not-held", "exclusion"})  # the other faults are recorded, and execution goes on


class Move(NamedTuple):
    """What `actor` may do next, and where it leads."""

    actor: int
    state: State
    faults: tuple[Fault, ...]


class Wait(NamedTuple):
    """A task that cannot step (numbers from 1) waits for an object that `holder` has."""

    task: int
    object: int  # index into Program.objects, or CPU
    holder: int
    killable: bool


def initial_state(program: Program) -> State:
    """Every task before its first step, every lock free, every field at its initial value."""
    count = len(program.tasks)
    return State((0,) * count, tuple(o.initial for o in program.objects), (0,) * count)


def in_atomic_context(program: Program, state: State, task: int) -> bool:
    """Whether a task holds a spinlock, so that it must not sleep (locktypes.rst, "preemption disabled")."""
    return any(state.values[lock] == task for lock in program.spinlocks)


def wait_of(program: Program, state: State, task: int) -> Wait | None:
    """Why a task cannot step; None if it can or has finished. The only place that knows what blocks."""
    operation = program.position(state, task - 1).operation
    if operation is None:
        return None
    if operation.action == "lock":
        holder = state.values[operation.object]
        # A fatal signal ends an interruptible wait, so a signalled task is not blocked: its step returns -EINTR.
        interrupted = operation.interruptible and state.marks[task - 1] & SIGNALLED
        if holder and not interrupted:
            return Wait(task, operation.object, holder, operation.interruptible)
    if program.cpus is not None:
        return _wait_for_cpu(program, state, task, program.cpus)
    return None


def _wait_for_cpu(program: Program, state: State, task: int, cpus: int) -> Wait | None:
    """Spinners keep their CPUs, and so do tasks in atomic context unless they sleep (preemption is off)."""
    if in_atomic_context(program, state, task) and not state.marks[task - 1] & OFF_CPU:
        return None
    others = [u for u in range(1, len(program.tasks) + 1) if u != task and _keeps_cpu(program, state, u)]
    return Wait(task, CPU, others[0], killable=False) if len(others) >= cpus else None


def _keeps_cpu(program: Program, state: State, task: int) -> bool:
    operation = program.position(state, task - 1).operation
    if operation is None:
        return False
    if operation.action == "lock" and state.values[operation.object]:
        # Who waits for a spinlock spins; who waits for a mutex has left its CPU, in atomic context or not.
        return program.objects[operation.object].kind == SPINLOCK
    return in_atomic_context(program, state, task) and not state.marks[task - 1] & OFF_CPU


def moves(program: Program, state: State) -> list[Move]:
    """All that can happen next, tasks first, in the order of their numbers."""
    if any(mark & FAULTED for mark in state.marks):
        return []
    found = []
    for task in range(1, len(program.tasks) + 1):
        if program.position(state, task - 1).operation is not None and wait_of(program, state, task) is None:
            found.append(step(program, state, task))
    if program.signals:
        for task in range(1, len(program.tasks) + 1):
            if program.position(state, task - 1).operation is not None and not state.marks[task - 1] & SIGNALLED:
                found.append(step(program, state, -task))
    return found


def step(program: Program, state: State, actor: int) -> Move:
    """One step of an actor that can take it (see `moves`); asking for another one is a mistake of the caller's."""
    if actor < 0:
        return _signal(program, state, -actor)
    task = actor - 1
    automaton = program.tasks[task].automaton
    operation = automaton.positions[state.positions[task]].operation
    assert operation is not None and wait_of(program, state, actor) is None, "not runnable"  # noqa: S101, PT018
    result, value = _perform(operation, state, actor)
    kinds = _broken_rules(program, state, actor, operation)
    values = state.values
    if operation.object >= 0 and value != values[operation.object]:
        values = (*values[: operation.object], value, *values[operation.object + 1 :])
    if ENDS_SCHEDULE.intersection(kinds):
        after = State(state.positions, state.values, _mark(state.marks, task, state.marks[task] | FAULTED))
    else:
        position = automaton.after(state.positions[task], result)
        positions = (*state.positions[:task], position, *state.positions[task + 1 :])
        after = State(positions, values, state.marks)
        if program.cpus is not None:
            after = _leave_cpus(program, State(positions, values, _mark(state.marks, task, state.marks[task] & ~OFF_CPU)))
    faults = [_fault(program, state, kind, actor, operation) for kind in kinds]
    return Move(actor, after, (*faults, *_faults_after(program, state, after, actor, operation)))


def _mark(marks: tuple[int, ...], task: int, mark: int) -> tuple[int, ...]:
    return (*marks[:task], mark, *marks[task + 1 :])


def _signal(program: Program, state: State, task: int) -> Move:
    wait = wait_of(program, state, task)
    # A task that waits for a mutex it holds itself is woken by SIGKILL and takes the mutex by the handoff path
    # (__mutex_trylock_common with HANDOFF in kernel/locking/mutex.c): mutex_lock_killable() then returns 0, not -EINTR.
    woken = WOKEN if wait is not None and wait.killable and wait.holder == task else 0
    marks = _mark(state.marks, task - 1, state.marks[task - 1] | SIGNALLED | woken)
    return Move(-task, state._replace(marks=marks), ())


def _perform(operation: Operation, state: State, task: int) -> tuple[int, int]:
    """The result of an operation (0 where it has none) and the new value of its object."""
    value = state.values[operation.object] if operation.object >= 0 else 0
    match operation.action:
        case "lock":
            if not value:
                return 0, task  # a free mutex is taken even with a signal pending: the fast path comes first
            handed_off = value == task and state.marks[task - 1] & WOKEN
            return (0 if handed_off else EINTR), value
        case "trylock":
            return (0, value) if value else (1, task)
        case "unlock":
            return 0, 0
        case "load":
            return value, value
        case "store":
            return 0, operation.operands[0]
        case "cmpxchg":
            old, new = operation.operands
            return value, new if value == old else value
        case "xchg":
            return value, operation.operands[0]
    return 0, value  # may_sleep, relax, enter, leave


def _broken_rules(program: Program, state: State, task: int, operation: Operation) -> list[str]:
    match operation.action:
        # mutex_lock() begins with might_sleep(), so under a spinlock it is a fault even when the mutex is free.
        case "lock" if program.objects[operation.object].kind == MUTEX and in_atomic_context(program, state, task):
            return ["sleep-in-atomic"]
        case "may_sleep" if in_atomic_context(program, state, task):
            return ["sleep-in-atomic"]
        case "unlock" if state.values[operation.object] != task:
            return ["unlock-not-held"]
        case "enter" if _inside(program, state, operation.vms, task):
            return ["exclusion"]
    return []


def _inside(program: Program, state: State, vms: tuple[int, ...], task: int) -> int:
    """The number of another task that is inside the work on one of `vms`, 0 if there is none."""
    for other in range(1, len(program.tasks) + 1):
        operation = program.position(state, other - 1).operation
        if other != task and operation is not None and operation.action == "leave" and set(operation.vms) & set(vms):
            return other
    return 0


def _fault(program: Program, state: State, kind: str, task: int, operation: Operation) -> Fault:
    holding = program.spinlocks if kind == "sleep-in-atomic" else program.locks
    held = tuple(program.objects[lock].name for lock in holding if state.values[lock] == task)
    name = program.objects[operation.object].name if operation.object >= 0 else None
    if kind == "exclusion":
        inside = program.position(state, _inside(program, state, operation.vms, task) - 1).operation
        common = sorted(set(operation.vms) & set(inside.vms if inside else ()))
        name = program.vms[common[0]]
    return Fault(kind, task, operation.span, operation.source, name, held)


def _faults_after(program: Program, before: State, after: State, actor: int, operation: Operation) -> list[Fault]:
    """Faults that the new state shows: a sleeper in atomic context, a lock held at return, a flag left set."""
    faults = []
    if program.spinlocks:
        for task in range(1, len(program.tasks) + 1):
            sleeping = _sleeps_in_atomic(program, after, task)
            if sleeping is not None and _sleeps_in_atomic(program, before, task) is None:
                faults.append(_fault(program, after, "sleep-in-atomic", task, sleeping))
    if actor > 0 and program.position(after, actor - 1).operation is None:
        held = tuple(program.objects[lock].name for lock in program.locks if after.values[lock] == actor)
        faults += [Fault("held-at-return", actor, operation.span, operation.source, name, held) for name in held]
        if all(program.position(after, task).operation is None for task in range(len(program.tasks))):
            for shared, value in zip(program.objects, after.values, strict=True):
                if not shared.is_lock and value != shared.initial and not shared.persistent:
                    faults.append(Fault("flag-left-set", None, None, 0, shared.name))
    return faults


def _sleeps_in_atomic(program: Program, state: State, task: int) -> Operation | None:
    """The mutex operation that a task sleeps in while it holds a spinlock ("scheduling while atomic")."""
    operation = program.position(state, task - 1).operation
    if operation is None or operation.action != "lock" or program.objects[operation.object].kind != MUTEX:
        return None
    if not state.values[operation.object] or not in_atomic_context(program, state, task):
        return None
    return operation if wait_of(program, state, task) is not None else None


def _leave_cpus(program: Program, state: State) -> State:
    """Mark who has gone to sleep: a waiter for a mutex leaves its CPU, in atomic context too."""
    marks = list(state.marks)
    for task in range(1, len(program.tasks) + 1):
        operation = program.position(state, task - 1).operation
        if operation is not None and operation.action == "lock" and state.values[operation.object]:
            if program.objects[operation.object].kind == MUTEX:
                marks[task - 1] |= OFF_CPU
    return state._replace(marks=tuple(marks))


# One schedule.


def run(program: Program, schedule: tuple[int, ...]) -> Trace:
    """The trace along a schedule; raises ScheduleError at the first step that cannot be taken."""
    trace, problem = replay(program, schedule)
    if problem:
        raise ScheduleError(problem)
    return trace


def replay(program: Program, schedule: tuple[int, ...]) -> tuple[Trace, str]:
    """The trace along the longest prefix that can be followed, and why it ends there ("" if it does not)."""
    states, steps = [initial_state(program)], list[Step]()
    warned: set[tuple[int | None, object]] = set()
    for number, actor in enumerate(schedule, 1):
        state = states[-1]
        problem = _why_not(program, states, actor, number)
        if problem:
            return Trace(program, tuple(states), tuple(steps)), problem
        operation = program.position(state, actor - 1).operation if actor > 0 else None
        move = step(program, state, actor)
        # A task that was seen to go to sleep in atomic context was warned then; the kernel does not warn twice for one call.
        faults = tuple(f for f in move.faults if f.kind != "sleep-in-atomic" or (f.task, f.span) not in warned)
        warned -= {(actor, operation.span if operation else None)}
        warned |= {(f.task, f.span) for f in faults if f.task != actor}
        steps.append(_record(program, state, move, operation, faults))
        states.append(move.state)
    return Trace(program, tuple(states), tuple(steps)), ""


def _record(program: Program, state: State, move: Move, operation: Operation | None, faults: tuple[Fault, ...]) -> Step:
    if operation is None:
        return Step(move.actor, None, None, None, None, faults)
    result, _ = _perform(operation, state, move.actor)
    if operation.object < 0:
        return Step(move.actor, operation, result, None, None, faults)
    values = state.values[operation.object], move.state.values[operation.object]
    return Step(move.actor, operation, result, *values, faults)


def _why_not(program: Program, states: list[State], actor: int, number: int) -> str:
    """Why an actor cannot take step `number`, with what was possible; "" if it can."""
    state = states[-1]
    task = abs(actor)
    who = f"step {number} picks task {task} ({program.tasks[task - 1].label})"
    possible = moves(program, state)
    if actor in (move.actor for move in possible):
        return ""
    if any(mark & FAULTED for mark in state.marks):
        return f"{who}, but a fault at step {number - 1} has ended the schedule"
    names = [f"{move.actor}" if move.actor > 0 else f"{-move.actor}!" for move in possible]
    can = f"runnable: {', '.join(names)}" if names else "nothing is runnable"
    position = program.position(state, task - 1)
    if position.operation is None:
        return f"{who}, which has returned; {can}"
    if actor < 0:
        reason = "has had its fatal signal" if program.signals else "gets no fatal signal: the scenario has no signals"
        return f"{who.replace('picks', 'sends a fatal signal to')}, which {reason}; {can}"
    wait = wait_of(program, state, task)
    assert wait is not None  # not finished, not runnable  # noqa: S101
    if wait.object == CPU:
        return f"{who}, which has no CPU: spinning tasks keep all {program.cpus}; {can}"
    since = next((i for i in range(len(states) - 1, 0, -1) if states[i - 1].values[wait.object] != wait.holder), 0)
    return f"{who}, which waits for {program.objects[wait.object].name}, held by task {wait.holder} since step {since}; {can}"
