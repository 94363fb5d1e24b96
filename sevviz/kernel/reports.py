"""Which reports the model expects of a kernel while its tasks are driven: those of lockdep and of the other checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.kernel.transcript import Finding, Told
from sevviz.lockdep import Lockdep, is_spinning
from sevviz.model import SPINLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sevviz.model import Operation, Program

__all__ = ["Reports"]

# The hung-task detector looks at tasks in the order of their creation and stops after so many reports.
HUNG_TASK_WARNINGS = 10


class Reports:
    """The reports so far, lockdep's lists, and each task's preempt count."""

    def __init__(self, program: Program, operation_of: Callable[[int], Operation | None], *, up: bool) -> None:
        """`operation_of` tells where a task stands; `up`: the kernel has one CPU."""
        self.program = program
        self.up = up
        self.told: list[Told] = []
        self.counts: dict[int, int] = {}
        self.checker = Lockdep(program, lambda report: self.tell(report.kind, report.task))
        self._operation_of = operation_of

    def tell(self, kind: str, task: int) -> None:
        """A report about a task, as things are now."""
        held = self.checker.held.get(task, [])
        known = tuple(held) if self.checker.on else None
        self.told.append(Told(Finding(kind, task), self.counts.get(task, 0), known, self._operation_of(task)))

    def note_sleep(self, task: int, operation: Operation) -> None:
        """might_sleep() looks at the preempt count before anything else is done."""
        may_sleep = operation.action == "may_sleep" or (
            operation.action == "lock" and not is_spinning(self.program, operation)
        )
        told = any(one.finding.kind == "sleeping-function" for one in self.told)  # at most once a second
        if may_sleep and self.counts.get(task) and not told:
            self.tell("sleeping-function", task)

    def begins(self, task: int, operation: Operation, *, on_itself: bool) -> None:
        """A task comes to an operation; with `on_itself`, to a spinlock that it has."""
        self.note_sleep(task, operation)
        if operation.action == "lock":
            self.checker.acquire(task, operation)
        if on_itself and self.checker.turn_off():
            self.tell("spinlock-recursion", task)  # DEBUG_SPINLOCK knows the owner

    def sleeps(self, task: int) -> None:
        """A task is about to sleep; in atomic context it has the count taken away."""
        if self.counts.get(task):
            self.tell("scheduling-while-atomic", task)
            self.counts[task] = 0

    def took(self, task: int, operation: Operation, result: int, ends: str) -> None:
        """A step was taken; `ends` is the fault that it is, "" for none."""
        spinning = operation.object >= 0 and self.program.objects[operation.object].kind == SPINLOCK
        if operation.action == "trylock" and result:
            self.checker.acquire(task, operation)
        if operation.action == "unlock" or (operation.action == "lock" and result):
            self.checker.release(task, operation)
        if ends == "unlock-not-held" and not spinning and self.checker.turn_off():
            self.tell("unlock-by-non-owner", task)  # DEBUG_MUTEXES, where lockdep has no objection
        if self.up and spinning and operation.action == "trylock" and not result and self.checker.turn_off():
            # On one CPU nobody else could be inside: DEBUG_SPINLOCK takes it for a bug of the locks.
            self.tell("spin-trylock-on-up", task)
        if spinning:
            got = operation.action == "lock" or (operation.action == "trylock" and result)
            self.counts[task] = max(0, self.counts.get(task, 0) + (1 if got else -(operation.action == "unlock")))

    def returned(self, task: int, *, last: bool) -> None:
        """A call has returned to user space, be it the task's last one or not."""
        self.checker.leave_kernel(task)
        if last and self.counts.get(task):
            self.tell("scheduling-while-atomic", task)  # with a spinlock: at the next chance to run another task

    def stuck(self, spinning: Sequence[int], hung: Sequence[int]) -> None:
        """Nothing moves any more: who spins, and who is asleep in state D."""
        for task in spinning:
            self.tell("soft-lockup", task)
        for task in sorted(hung)[:HUNG_TASK_WARNINGS]:
            self.tell("hung-task", task)
