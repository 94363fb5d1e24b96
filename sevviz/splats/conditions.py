"""When a kernel prints what, and why it prints nothing: sentences beside the reports.

Sources: Documentation/locking/lockdep-design.rst, lib/Kconfig.debug, kernel/hung_task.c, kernel/watchdog.c and
kernel/sched/core.c of Linux 6.12, and what a kernel did where it was tried (data/kernel).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.analysis import deadlock_of
from sevviz.heldlocks import asked_by, is_compared
from sevviz.interpreter import CPU, wait_of
from sevviz.kernel.transcript import WITHOUT_LOCK_CHECKS
from sevviz.model import ATOMIC, PLAIN
from sevviz.splats.waits import waiting_for_ever
from sevviz.views.names import listed, task_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sevviz.kernel.transcript import Prediction
    from sevviz.model import Operation, Program, Trace
    from sevviz.splats.scene import Machine

__all__ = ["TITLES", "condition_of", "silences"]

TITLES = {
    "recursive": "lockdep (recursive locking)",
    "circular": "lockdep (circular dependency)",
    "invalid-wait-context": "lockdep (invalid wait context)",
    "bad-unlock": "lockdep (bad unlock balance)",
    "held-at-return": "lockdep (lock held at return)",
    "non-static-key": "lockdep (a lock that nobody initialised)",
    "nest-lock-not-held": "lockdep (nest lock not held)",
    "nest-lock-mixed": "lockdep (nest lock for the later lock only)",
    "sleeping-function": "might_sleep()",
    "scheduling-while-atomic": "The scheduler",
    "spinlock-recursion": "Spinlock debugging",
    "unlock-by-non-owner": "Mutex debugging",
    "hung-task": "The hung-task detector",
    "soft-lockup": "The soft-lockup detector",
}

_ONCE = "needs CONFIG_PROVE_LOCKING. It prints its first report only, then it turns itself off until the next boot."
_CONDITIONS = {
    "recursive": f"{_ONCE} Contention is not needed: one task that takes two locks of one class is enough.",
    "circular": f"{_ONCE} The two orders need not overlap: they may be minutes apart.",
    "invalid-wait-context": f"{_ONCE} The numbers are wait types; CONFIG_PROVE_RAW_LOCK_NESTING makes them one higher.",
    "bad-unlock": _ONCE,
    "held-at-return": _ONCE,
    "non-static-key": f"{_ONCE} The lock works, as memory of zeros is a free spinlock; what is lost is the checker.",
    "nest-lock-not-held": f"{_ONCE} Who is to nest locks of one class by leave of another lock must hold that one.",
    "nest-lock-mixed": f"{_ONCE} Locks of one class under a nest lock are counted as one entry of the list, at the "
    "first of them; this first one was taken without the nest lock, and cannot stand for others.",
    "sleeping-function": "needs CONFIG_DEBUG_ATOMIC_SLEEP. It speaks once a second at most: there may be more cases.",
    "scheduling-while-atomic": "needs CONFIG_PREEMPT_COUNT, which comes with PREEMPT_DYNAMIC too, and a task that "
    "leaves its CPU with a spinlock: it has to wait for a mutex, or it has returned.",
    "spinlock-recursion": "needs CONFIG_DEBUG_SPINLOCK, and a lockdep that has not spoken before.",
    "unlock-by-non-owner": "needs CONFIG_DEBUG_MUTEXES, and a lockdep that has not spoken before; with "
    "CONFIG_DEBUG_BUGVERBOSE it names file and line.",
    "soft-lockup": "needs CONFIG_SOFTLOCKUP_DETECTOR, and a CPU that has not scheduled for twice "
    "kernel.watchdog_thresh (10 s). It repeats itself while that lasts.",
}


def condition_of(kind: str, machine: Machine) -> str:
    """What a kernel needs to print a report of this kind, to be read after its title."""
    if kind == "hung-task":
        return (
            f"needs CONFIG_DETECT_HUNG_TASK, and a task that is asleep in state D for {machine.hung_seconds} s "
            "(kernel.hung_task_timeout_secs). It makes ten reports at most (kernel.hung_task_warnings)."
        )
    return _CONDITIONS[kind]


def silences(prediction: Prediction, trace: Trace, printed: Iterable[str], *, checks: bool) -> list[str]:
    """What a reader may expect in the log and does not find, each with its reason. `trace` is all that happened."""
    kinds, program = set(printed), trace.program
    told = _nothing(prediction, trace, kinds, checks=checks)
    told += _waits_not_reported(program, trace)
    if checks:
        return told + _orders_not_seen(program, prediction, trace)
    missing = {told.finding.kind for told in prediction.told} - {*WITHOUT_LOCK_CHECKS}
    if missing & set(TITLES):
        words = listed(title[0].lower() + title[1:] for kind, title in TITLES.items() if kind in missing)
        told.append(f"Without lock checks this kernel does not look. With them, these would speak too: {words}.")
    return told


def _nothing(prediction: Prediction, trace: Trace, kinds: set[str], *, checks: bool) -> list[str]:
    if prediction.ends == "exclusion":
        return ["Two tasks are inside the work on one VM: no lock checker knows what the locks are there to protect."]
    deadlock = deadlock_of(trace.program, trace.states[-1])
    if deadlock is None and not kinds:
        return ["No checker sees anything to complain of." if checks else "Nobody sleeps or spins for too long."]
    if deadlock is not None and not kinds:
        return ["This is a deadlock, and the log stays empty."]
    if deadlock is not None and not kinds & {"hung-task", "soft-lockup"}:
        return ["The deadlock itself is not reported."]
    return []


def _waits_not_reported(program: Program, trace: Trace) -> list[str]:
    """Tasks that wait at the end without a word from a watchdog."""
    state, sentences = trace.states[-1], []
    for_ever = waiting_for_ever(program, state)
    for task in range(1, len(program.tasks) + 1):
        wait, operation = wait_of(program, state, task), program.position(state, task - 1).operation
        if wait is None or operation is None or wait.object == CPU:
            continue
        if task not in for_ever:
            sentences.append(
                f"T{task_name(program, task)[1:]} waits in {operation.text} for a task that can go on: "
                "no watchdog counts that long."
            )
        elif operation.interruptible:
            kind = "interruptible" if operation.primitive.endswith("_interruptible") else "killable"
            sentences.append(
                f"T{task_name(program, task)[1:]} waits in {operation.text}. The wait is {kind}, a signal could "
                "end it: the hung-task detector skips it, however long it lasts."
            )
    return sentences


def _orders_not_seen(program: Program, prediction: Prediction, trace: Trace) -> list[str]:
    """Where lockdep is silent: what is annotated, what is a flag, what was only tried."""
    if prediction.checker.report is not None:
        return []
    asked = [step.operation for step in trace.steps if step.operation is not None]
    asked += [
        o for n in range(len(program.tasks)) if (o := program.position(trace.states[-1], n).operation) is not None
    ]
    locks = [o for o in asked if o.action == "lock"]
    nested = next((o for o in locks if o.subclass), None)
    told = []
    if nested is not None:
        told.append(
            f"lockdep is silent on the order: {nested.text} is annotated, which makes the second lock one of "
            "another class. That the order is right is the programmer's promise; lockdep does not check it."
        )
    excused = next((o for o in locks if o.nest >= 0), None)
    if excused is not None:
        told.append(
            f"lockdep is silent on the order: in {excused.text} the second lock is a nest lock. Who holds it may take "
            "any number of locks of the class, in any order, and lockdep neither compares nor remembers them."
        )
    compared = next((o for o in locks if is_compared(program, asked_by(program, o))), None)
    if compared is not None:
        told.append(
            f"lockdep can compare {_name(program, compared)} with others of its class by address, but does so only "
            "where a task's chain of classes is new. After one nesting in order it does not look."
        )
    flags = list(dict.fromkeys(_name(program, o) for o in asked if _is_flag(program, o)))
    if flags:
        told.append(f"lockdep sees locks only: {listed(flags)} can neither alarm it nor reassure it.")
    return told


def _is_flag(program: Program, operation: Operation) -> bool:
    return operation.object >= 0 and program.objects[operation.object].kind in (ATOMIC, PLAIN)


def _name(program: Program, operation: Operation) -> str:
    return program.objects[operation.object].name
