"""What blocks a task: locks that others hold, and processors that others keep."""

from __future__ import annotations

from typing import NamedTuple

from sevviz.model import MUTEX, OFF_CPU, SIGNALLED, SPINLOCK, Operation, Program, State

__all__ = ["CPU", "Wait", "cpu_keepers", "in_atomic_context", "lock_wait", "sleeps_in_atomic", "wait_of", "waits_of"]

CPU = -1  # the "object" of a wait for a processor


class Wait(NamedTuple):
    """A task that cannot step (numbers from 1) waits for an object that `holder` has."""

    task: int
    object: int  # index into Program.objects, or CPU
    holder: int
    killable: bool


def in_atomic_context(program: Program, state: State, task: int) -> bool:
    """Whether a task holds a spinlock, so that it must not sleep (locktypes.rst, "preemption disabled")."""
    return any(state.values[lock] == task for lock in program.spinlocks)


def wait_of(program: Program, state: State, task: int) -> Wait | None:
    """Why a task cannot step; None if it can or has finished. This module is the only place that knows what blocks."""
    return _wait(program, state, task, _keepers(program, state))


def waits_of(program: Program, state: State) -> list[Wait | None]:
    """Why each task cannot step: `wait_of` for all of them."""
    keepers = _keepers(program, state)
    return [_wait(program, state, task, keepers) for task in range(1, len(program.tasks) + 1)]


def _wait(program: Program, state: State, task: int, keepers: list[int]) -> Wait | None:
    operation = program.position(state, task - 1).operation
    wait = _lock_wait(state, task, operation)
    if wait is None and operation is not None and program.cpus is not None and len(keepers) >= program.cpus:
        return _wait_for_cpu(program, state, task, program.cpus, keepers)
    return wait


def lock_wait(program: Program, state: State, task: int) -> Wait | None:
    """The lock that a task waits for, asleep or spinning."""
    return _lock_wait(state, task, program.position(state, task - 1).operation)


def _lock_wait(state: State, task: int, operation: Operation | None) -> Wait | None:
    if operation is None or operation.action != "lock":
        return None
    holder = state.values[operation.object]
    # A fatal signal ends an interruptible wait, so a signalled task is not blocked: its step returns -EINTR.
    if not holder or (operation.interruptible and state.marks[task - 1] & SIGNALLED):
        return None
    return Wait(task, operation.object, holder, operation.interruptible)


def _wait_for_cpu(program: Program, state: State, task: int, cpus: int, keepers: list[int]) -> Wait | None:
    """Spinners keep their CPUs, and so do tasks in atomic context unless they sleep (preemption is off)."""
    if in_atomic_context(program, state, task) and not state.marks[task - 1] & OFF_CPU:
        return None
    others = [u for u in keepers if u != task]
    return Wait(task, CPU, others[0], killable=False) if len(others) >= cpus else None


def cpu_keepers(program: Program, state: State) -> tuple[int, ...]:
    """The tasks that keep all CPUs from another one that waits for any of them; () while nobody waits for a CPU."""
    keepers = _keepers(program, state)
    if program.cpus is None or len(keepers) < program.cpus:
        return ()
    waits = (_wait(program, state, task, keepers) for task in range(1, len(program.tasks) + 1))
    return tuple(keepers) if any(wait is not None and wait.object == CPU for wait in waits) else ()


def _keepers(program: Program, state: State) -> list[int]:
    if program.cpus is None or not any(state.values[lock] for lock in program.spinlocks):
        return []  # everybody has a CPU, or nobody spins and nobody is in atomic context
    return [task for task in range(1, len(program.tasks) + 1) if _keeps_cpu(program, state, task)]


def _keeps_cpu(program: Program, state: State, task: int) -> bool:
    operation = program.position(state, task - 1).operation
    if operation is None:
        return False
    wait = _lock_wait(state, task, operation)
    if wait is not None:
        # Who waits for a spinlock spins; who waits for a mutex has left its CPU, in atomic context or not.
        return program.objects[wait.object].kind == SPINLOCK
    return in_atomic_context(program, state, task) and not state.marks[task - 1] & OFF_CPU


def sleeps_in_atomic(program: Program, state: State, task: int) -> Operation | None:
    """The mutex operation that a task sleeps in while it holds a spinlock ("scheduling while atomic")."""
    wait = lock_wait(program, state, task)
    if wait is None or program.objects[wait.object].kind != MUTEX or not in_atomic_context(program, state, task):
        return None
    return program.position(state, task - 1).operation
