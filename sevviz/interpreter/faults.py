"""The rules that a step breaks, and what a reader is told of it."""

from __future__ import annotations

from sevviz.interpreter.waiting import in_atomic_context, sleeps_in_atomic
from sevviz.model import MUTEX, Fault, Operation, Program, State

__all__ = ["broken_rule", "fault_of", "faults_after"]


def broken_rule(program: Program, state: State, task: int, operation: Operation) -> str:
    """The kind of fault that this step is, "" for none."""
    match operation.action:
        # mutex_lock() begins with might_sleep(), so under a spinlock it is a fault even when the mutex is free.
        case "lock" | "may_sleep" if _may_sleep(program, operation) and in_atomic_context(program, state, task):
            return "sleep-in-atomic"
        case "unlock" if state.values[operation.object] != task:
            return "unlock-not-held"
        case "enter" if _inside(program, state, operation.vms, task):
            return "exclusion"
    return ""


def _may_sleep(program: Program, operation: Operation) -> bool:
    """Whether it may sleep, now or another time: a mutex's lock function, might_sleep(), cond_resched()."""
    return operation.action == "may_sleep" or program.objects[operation.object].kind == MUTEX


def _inside(program: Program, state: State, vms: tuple[int, ...], task: int) -> int:
    """The number of another task that is inside the work on one of `vms`, 0 if there is none."""
    for other in range(1, len(program.tasks) + 1):
        operation = program.position(state, other - 1).operation
        if other != task and operation is not None and operation.action == "leave" and set(operation.vms) & set(vms):
            return other
    return 0


def fault_of(program: Program, state: State, kind: str, task: int, operation: Operation) -> Fault:
    """A broken rule, with what the task holds and the object that it is about."""
    holding = program.spinlocks if kind == "sleep-in-atomic" else program.locks
    held = tuple(program.objects[lock].name for lock in holding if state.values[lock] == task)
    name = program.objects[operation.object].name if operation.object >= 0 else None
    if kind == "exclusion":
        inside = program.position(state, _inside(program, state, operation.vms, task) - 1).operation
        common = sorted(set(operation.vms) & set(inside.vms if inside else ()))
        name = program.vms[common[0]]
    return Fault(kind, task, operation.span, operation.source, name, held)


def faults_after(program: Program, before: State, after: State, actor: int, operation: Operation) -> list[Fault]:
    """Faults that the new state shows: a sleeper in atomic context, a lock held at return, a flag left set."""
    faults = []
    in_atomic = {after.values[lock] for lock in program.spinlocks}
    for task in range(1, len(program.tasks) + 1):
        sleeping = sleeps_in_atomic(program, after, task) if task in in_atomic else None
        if sleeping is not None and sleeps_in_atomic(program, before, task) is None:
            faults.append(fault_of(program, after, "sleep-in-atomic", task, sleeping))
    if actor > 0 and program.position(after, actor - 1).operation is None:
        held = tuple(program.objects[lock].name for lock in program.locks if after.values[lock] == actor)
        faults += [Fault("held-at-return", actor, operation.span, operation.source, name, held) for name in held]
        if all(program.position(after, task).operation is None for task in range(len(program.tasks))):
            for shared, value in zip(program.objects, after.values, strict=True):
                if not shared.is_lock and value != shared.initial and not shared.persistent:
                    faults.append(Fault("flag-left-set", None, None, 0, shared.name))
    return faults
