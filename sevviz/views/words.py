"""English about steps: the only place where steps, waits, faults, outcomes and verdicts are put into sentences.

Numbers that depend on the schedule walked stand as {since}: the step at which a lock got its present holder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.analysis import show_result
from sevviz.interpreter import CPU, in_atomic_context, wait_of
from sevviz.model import MUTEX, OVERTAKE, SPINLOCK, Operation, Program, State, Step
from sevviz.schedule import task_of
from sevviz.traces import kept_cpus
from sevviz.views.names import arrow, listed, result_words, task_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.analysis import Deadlock
    from sevviz.interpreter import Wait
    from sevviz.model import Fault

__all__ = [
    "CLASS_WORDS", "about_to", "arrow", "cycle_words", "deadlock_sentence", "fault_sentence", "locals_words",
    "result_words", "step_sentence", "task_name", "wait_reason",
]  # fmt: skip

CLASS_WORDS = {
    "safe": "every task can still return",
    "doomed": "tasks still run, but no choice lets all of them return any more",
    "deadlocked": "some tasks wait for each other",
    "finished": "every task has returned",
    "faulted": "a fault has ended this schedule",
    "unknown": "the search stopped before it could tell",
}

# What a task is about to do, and why it cannot.


def about_to(operation: Operation | None, result: int | None = None) -> str:
    """The line under a Step button: "about to call mutex_lock(B.lock)"."""
    if operation is None:
        return result_words(result)
    match operation.primitive, operation.action:
        case ("read", _):
            return f"about to {operation.text}"
        case ("write", _):
            return f"about to set {operation.text}"
        case (_, "enter"):
            return f"about to enter {operation.text.removesuffix(': enter')}"
        case (_, "leave"):
            return f"about to leave {operation.text.removesuffix(': leave')}"
    return f"about to call {operation.text}"


def locals_words(variables: Sequence[tuple[str, str]]) -> str:
    """A task's locals: "dst = B, ret = -EBUSY", without addresses inside a VM, which say no more than the VM does."""
    told = [(name, show_result(int(value)) if value.startswith("-") else value) for name, value in variables]
    return ", ".join(f"{name} = {value}" for name, value in told if value and not value.startswith("&"))


def wait_reason(program: Program, wait: Wait) -> str:
    """Why a task cannot step: "waits for A.lock, held by task 2 (B→A) since step {since}"."""
    if wait.object == CPU:
        return f"has no CPU: {kept_cpus(program)}"
    shared = program.objects[wait.object]
    verb = "spins on" if shared.kind == SPINLOCK else "waits for"
    holder = "itself" if wait.holder == wait.task else task_name(program, wait.holder)
    killable = "; a fatal signal would end the wait" if wait.killable and program.signals else ""
    return f"{verb} {shared.name}, held by {holder} since step {{since}}{killable}"


# What a step did.


def step_sentence(program: Program, step: Step, before: State, after: State) -> str:
    """One plain sentence on a step from `before` to `after`, and one more if the task returned with it."""
    if step.actor < -OVERTAKE:
        return _overtaking(program, step, before)
    if step.operation is None:
        return f"A fatal signal reaches {task_name(program, -step.actor)}."
    who = f"Task {step.actor} ({arrow(program.tasks[step.actor - 1].label)})"
    told = f"{who} {_what_happened(program, step, step.operation, after)}."
    task = step.actor - 1
    if program.position(after, task).operation is None:
        told += f" It {result_words(program.position(after, task).result)}.".replace("It returned", "It returns")
    elif after.positions[task] == 0 != before.positions[task]:
        told += " It is back at its first step."
    return told


def _overtaking(program: Program, step: Step, before: State) -> str:
    task = task_of(step.actor)
    unlock, store = program.position(before, task - 1).operation, step.operation
    first, second = unlock.text if unlock else "its unlock", store.text if store else "a later store"
    name = program.objects[store.object].name if store else "the field"
    return (
        f"In {task_name(program, task)}, {second} overtakes {first}: {name} was {step.before} and is {step.after} now."
    )


def _what_happened(program: Program, step: Step, operation: Operation, after: State) -> str:
    match operation.action:
        case "lock" | "spin":
            return f"calls {operation.text}{_lock_result(program, step, operation, after)}"
        case "trylock":
            return f"calls {operation.text}{_try_result(program, step, operation)}"
        case "unlock" if step.before == step.actor:
            return f"calls {operation.text}: {program.objects[operation.object].name} is free again"
        case "enter":
            return f"enters {operation.text.removesuffix(': enter')}, the work that the locks protect"
        case "leave":
            return f"leaves {operation.text.removesuffix(': leave')}: the work is done"
    accesses = operation.action in ("load", "store", "cmpxchg", "xchg")
    return _access(program, step, operation) if accesses else f"calls {operation.text}"


def _lock_result(program: Program, step: Step, operation: Operation, after: State) -> str:
    if operation.action == "spin":
        holder = "itself" if step.before == step.actor else task_name(program, step.before or 0)
        return f", held by {holder}: it begins to spin, and keeps a CPU until it has the lock"
    if step.result:
        return f": a fatal signal ends the wait, and the call returns {show_result(step.result)}"
    if step.before == step.actor:
        return ": woken by the signal, it is handed the lock that it holds itself, and the call returns 0"
    got = " and holds it now"
    if program.objects[operation.object].kind == SPINLOCK and in_atomic_context(program, after, step.actor):
        got += ", so it is in atomic context"
    return got


def _try_result(program: Program, step: Step, operation: Operation) -> str:
    name = program.objects[operation.object].name
    if step.result:
        return f", which succeeds: it holds {name} now"
    holder = "itself" if step.before == step.actor else task_name(program, step.before or 0)
    return f", which fails at once: {name} is held by {holder}"


def _access(program: Program, step: Step, operation: Operation) -> str:
    name = program.objects[operation.object].name
    changed = f"was {step.before} and is {step.after} now" if step.before != step.after else f"stays {step.before}"
    match operation.primitive, operation.action:
        case ("read", _):
            return f"reads {name}: it is {step.before}"
        case ("write", _):
            return f"sets {name}: it {changed}"
        case (_, "load"):
            return f"calls {operation.text}: it is {step.before}"
        case (_, "cmpxchg") if step.before != operation.operands[0]:
            return f"calls {operation.text}: it is {step.before}, not {operation.operands[0]}, so nothing changes"
    return f"calls {operation.text}: it {changed}"


# What a step broke.


def fault_sentence(program: Program, fault: Fault, actor: int, before: State, after: State) -> str:
    """One sentence on a rule that the step of `actor` from `before` to `after` breaks."""
    who = f"Task {fault.task}" if fault.task else "A task"
    match fault.kind:
        case "sleep-in-atomic":
            return f"{who} {_sleep_in_atomic(program, fault, actor, before, after)}"
        case "held-at-return":
            return f"{who} returns while it still holds {fault.object}: nobody else will ever get it."
        case "flag-left-set":
            value = after.values[next(i for i, o in enumerate(program.objects) if o.name == fault.object)]
            return f"All tasks have returned, but {fault.object} is still {value}: nobody is left to put it back."
        case "unlock-not-held":
            return f"{who} unlocks {fault.object}, which it does not hold. The schedule ends here."
        case "exclusion":
            return f"{who} enters the work on VM {fault.object} while another task is inside. The schedule ends here."
    return f"{who} breaks a rule: {fault.kind}."


def _sleep_in_atomic(program: Program, fault: Fault, actor: int, before: State, after: State) -> str:
    task = fault.task or actor
    state = before if task == actor and program.position(before, task - 1).operation is not None else after
    operation = program.position(state, task - 1).operation
    if operation is None or operation.span != fault.span:
        state, operation = after, program.position(after, task - 1).operation
    text, name = (operation.text, operation.primitive) if operation else ("a function that may sleep", "it")
    held = f"while it holds the spinlock {listed(fault.holding)}" if fault.holding else "in atomic context"
    if state is after and wait_of(program, after, task) is not None:
        return f"goes to sleep in {text} {held}: sleeping in atomic context is forbidden."
    is_mutex = operation is not None and operation.object >= 0 and program.objects[operation.object].kind == MUTEX
    free = ", even though the mutex is free" if is_mutex and operation and not before.values[operation.object] else ""
    return f"calls {text} {held}: {name} may sleep, and sleeping in atomic context is forbidden{free}."


# Deadlocks.


def cycle_words(program: Program, deadlock: Deadlock) -> str:
    """The ring of a deadlock: "1→A.lock→2→B.lock→1"; without a ring, who waits for what."""
    names = [(wait.task, "CPU" if wait.object == CPU else program.objects[wait.object].name) for wait in deadlock.waits]
    if not deadlock.cyclic:
        return ", ".join(f"{task}→{name}" for task, name in names)
    return "→".join(f"{task}→{name}" for task, name in names) + f"→{names[0][0]}"


def deadlock_sentence(program: Program, deadlock: Deadlock) -> str:
    """One sentence that names every task and lock of a deadlock, and how it may end."""
    waits = deadlock.waits
    if len(waits) == 1 and deadlock.cyclic:
        told = f"Self-deadlock: {task_name(program, waits[0].task)} {_waits(program, waits[0])}, which it holds itself"
    elif deadlock.cyclic:
        told = f"Deadlock: {_ring(program, waits)}"
    else:
        each = [f"{task_name(program, w.task)} {_waits(program, w)}{_held_by(program, w)}" for w in waits]
        told = f"Deadlock: nothing can step any more; {'; '.join(each)}"
    return f"{told}. {_ending(program, deadlock)}"


def _ending(program: Program, deadlock: Deadlock) -> str:
    """What can end a deadlock: a fatal signal that the scenario has, one that it has not, or nothing."""
    if not deadlock.final:
        return "Only a fatal signal can end this."
    if deadlock.by_signal and not program.signals:
        return "Only a fatal signal could end this."
    return "Nothing can end this."


def _ring(program: Program, waits: Sequence[Wait]) -> str:
    first = f"{task_name(program, waits[0].task)} {_waits(program, waits[0])}"
    rest = [f", held by {task_name(program, wait.task)}, which {_waits(program, wait)}" for wait in waits[1:]]
    return f"{first}{''.join(rest)}, held by task {waits[0].task}"


def _waits(program: Program, wait: Wait) -> str:
    if wait.object == CPU:
        return "waits for a CPU"
    shared = program.objects[wait.object]
    return f"{'spins on' if shared.kind == SPINLOCK else 'waits for'} {shared.name}"


def _held_by(program: Program, wait: Wait) -> str:
    return "" if wait.object == CPU else f", held by {task_name(program, wait.holder)}"
