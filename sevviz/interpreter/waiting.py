"""What blocks a task: locks that others hold, and processors that others keep."""

from __future__ import annotations

from typing import NamedTuple

from sevviz.model import MUTEX, OFF_CPU, SIGNALLED, SPINLOCK, SPINS, Operation, Program, State

__all__ = [
    "CPU", "Wait", "cpu_keepers", "in_atomic_context", "lock_wait", "next_operation", "sleeps_in_atomic", "wait_of",
    "waits_of",
]  # fmt: skip

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
    wait = _lock_wait(program, state, task, operation)
    if wait is None and operation is not None and program.cpus is not None and len(keepers) >= program.cpus:
        return _wait_for_cpu(task, keepers)
    return wait


def lock_wait(program: Program, state: State, task: int) -> Wait | None:
    """The lock that a task waits for, asleep or spinning."""
    return _lock_wait(program, state, task, program.position(state, task - 1).operation)


def next_operation(program: Program, state: State, task: int) -> Operation | None:
    """What a task does with its next step, if it can take one: its next operation, or it begins to spin for a lock.

    To begin is a step of its own where tasks share CPUs, for then a CPU is kept from others. With a CPU for each task
    nobody could tell: who stands at a spinlock that another one holds is taken to spin.
    """
    operation = program.position(state, task - 1).operation
    if operation is None or not _begins_to_spin(program, state, task, operation):
        return operation
    return operation._replace(action="spin")


def _begins_to_spin(program: Program, state: State, task: int, operation: Operation) -> bool:
    if program.cpus is None or operation.action != "lock" or state.marks[task - 1] & SPINS:
        return False
    return program.objects[operation.object].kind == SPINLOCK and state.values[operation.object] != 0


def _lock_wait(program: Program, state: State, task: int, operation: Operation | None) -> Wait | None:
    if operation is None or operation.action != "lock":
        return None
    holder = state.values[operation.object]
    # A fatal signal ends an interruptible wait, so a signalled task is not blocked: its step returns -EINTR.
    if not holder or (operation.interruptible and state.marks[task - 1] & SIGNALLED):
        return None
    if _begins_to_spin(program, state, task, operation):
        return None
    return Wait(task, operation.object, holder, operation.interruptible)


def _wait_for_cpu(task: int, keepers: list[int]) -> Wait | None:
    """Spinners keep their CPUs, and so do tasks in atomic context unless they sleep (preemption is off)."""
    return None if task in keepers else Wait(task, CPU, keepers[0], killable=False)


def cpu_keepers(program: Program, state: State) -> tuple[int, ...]:
    """The tasks that keep all CPUs from another one that waits for any of them; () while nobody waits for a CPU."""
    keepers = _keepers(program, state)
    if program.cpus is None or len(keepers) < program.cpus:
        return ()
    waits = (_wait(program, state, task, keepers) for task in range(1, len(program.tasks) + 1))
    return tuple(keepers) if any(wait is not None and wait.object == CPU for wait in waits) else ()


def _keepers(program: Program, state: State) -> list[int]:
    """The tasks that have a CPU and give it to nobody: who spins, and who is in atomic context and has not slept."""
    if program.cpus is None:
        return []  # everybody has one
    atomic = {state.values[lock] for lock in program.spinlocks}
    return [
        task
        for task, mark in enumerate(state.marks, 1)
        if mark & SPINS or (task in atomic and not mark & OFF_CPU and program.position(state, task - 1).operation)
    ]


def sleeps_in_atomic(program: Program, state: State, task: int) -> Operation | None:
    """The mutex operation that a task sleeps in while it holds a spinlock ("scheduling while atomic")."""
    wait = lock_wait(program, state, task)
    if wait is None or program.objects[wait.object].kind != MUTEX or not in_atomic_context(program, state, task):
        return None
    return program.position(state, task - 1).operation
