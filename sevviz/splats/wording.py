"""The kernel's reports, line by line. The words are facts of the kernel's output; what is predicted stands in them.

Sources, by what they print: kernel/locking/lockdep.c, kernel/sched/core.c, kernel/hung_task.c, kernel/watchdog.c,
kernel/locking/spinlock_debug.c and kernel/locking/mutex.c of Linux 6.12. Lines that depend on the compiler and on the
machine (CPU, registers, stack, call trace, offsets in functions) are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.interpreter import wait_of
from sevviz.splats.lockdep_wording import LOCKDEP_LINES

if TYPE_CHECKING:
    from sevviz.kernel.transcript import Prediction, Told
    from sevviz.lockdep import Report
    from sevviz.model import State
    from sevviz.splats.scene import Scene

__all__ = ["lines_of", "locks_in_the_system", "taint_of"]

MUTEX_LINE = "kernel/locking/mutex.c:586"  # of the might_sleep() in __mutex_lock_common(), Linux 6.12.117
UNLOCK_LINE = "kernel/locking/mutex.c:930"  # of the check of the owner in __mutex_unlock_slowpath()
TURNED_OFF = "INFO: lockdep is turned off."


def lines_of(scene: Scene, told: Told, report: Report | None) -> list[str]:
    """One report. `report` is lockdep's, for the kinds that are lockdep's own."""
    if told.finding.kind in LOCKDEP_LINES and report is not None:
        return LOCKDEP_LINES[told.finding.kind](scene, report)
    return _OTHER[told.finding.kind](scene, told)


def taint_of(kind: str) -> str:
    """The letter that a report leaves in all later ones, "" for none: W after a warning, L after a soft lockup."""
    if kind in ("sleeping-function", "scheduling-while-atomic", "unlock-by-non-owner", "nest-lock-mixed"):
        return "W"
    return "L" if kind == "soft-lockup" else ""


# The other checks.


def _held_or_off(scene: Scene, told: Told) -> list[str]:
    if not scene.machine.checks:
        return []
    return [TURNED_OFF] if told.held is None else scene.held_lines(told.finding.task, told.held)


def _sleeping(scene: Scene, told: Told) -> list[str]:
    task, operation = told.finding.task, told.operation
    place = MUTEX_LINE
    if operation is not None and operation.action == "may_sleep":
        place = f"{scene.program.sources[operation.source].name}:{operation.span.line}"
    return [
        f"BUG: sleeping function called from invalid context at {place}",
        f"in_atomic(): 1, irqs_disabled(): 0, non_block: 0, pid: {scene.pid(task)}, name: {scene.comm(task)}",
        f"preempt_count: {told.preempt_count:x}, expected: 0",
        "RCU nest depth: 0, expected: 0",
        *_held_or_off(scene, told),
    ]


def _scheduling(scene: Scene, told: Told) -> list[str]:
    # The scheduler itself has turned preemption off once more when it looks.
    count = told.preempt_count + 1
    return [f"BUG: scheduling while atomic: {scene.who(told.finding.task)}/0x{count:08x}", *_held_or_off(scene, told)]


def _spin_recursion(scene: Scene, told: Told) -> list[str]:
    task, cpu = told.finding.task, scene.cpu(told.finding.task)
    assert told.operation is not None
    lock = scene.spelled(told.operation.object)
    return [
        f"BUG: spinlock recursion on CPU#{cpu}, {scene.who(task)}",
        f" lock: {lock}, .magic: dead4ead, .owner: {scene.who(task)}, .owner_cpu: {cpu}",
    ]


def _not_owner(scene: Scene, told: Told) -> list[str]:
    me = "(current_thread_info()->task)" if scene.machine.one_cpu else "get_current()"
    what = f"DEBUG_LOCKS_WARN_ON(__owner_task(owner) != {me})"
    return scene.warning_lines(told.finding.task, what, f"{UNLOCK_LINE} __mutex_unlock_slowpath")


def _hung(scene: Scene, told: Told) -> list[str]:
    return [
        f"INFO: task {scene.who(told.finding.task, ':')} blocked for more than {scene.machine.hung_seconds} seconds.",
        f"      {scene.taint()} {scene.machine.system}",
        '"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.',
    ]


def _lockup(scene: Scene, told: Told) -> list[str]:
    task, seconds = told.finding.task, scene.machine.stuck_seconds
    return [f"watchdog: BUG: soft lockup - CPU#{scene.cpu(task)} stuck for {seconds}s! [{scene.who(task, ':')}]"]


_OTHER = {
    "sleeping-function": _sleeping,
    "scheduling-while-atomic": _scheduling,
    "spinlock-recursion": _spin_recursion,
    "unlock-by-non-owner": _not_owner,
    "hung-task": _hung,
    "soft-lockup": _lockup,
}


def locks_in_the_system(scene: Scene, prediction: Prediction, state: State) -> list[str]:
    """What follows the last hung task: every list of held locks, that of the detector itself first."""
    if not prediction.checker.on:
        return [TURNED_OFF]
    lines = ["", "Showing all locks held in the system:", "1 lock held by khungtaskd/34:"]
    lines.append(" #0: ffffffff82b5c280 (rcu_read_lock){....}-{1:2}, at: debug_show_all_locks")
    for task, held in sorted(prediction.checker.held.items()):
        if held:
            wait = wait_of(scene.program, state, task)
            running = wait is not None and wait.object >= 0 and not scene.sleeps(wait.object)
            lines += scene.held_lines(task, tuple(held), listed=not running)
    return [*lines, "", "=" * 45]
