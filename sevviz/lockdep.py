"""What the kernel's own checker would say: lockdep's verdict on one schedule, as sevviz models it.

Lockdep looks at classes of locks, not at locks: every kvm->lock is of one class, made where the mutex is initialised,
and a nesting annotation makes a class of its own (`&kvm->lock/1`). It looks at each acquisition before the task may
have to wait, says at most one thing per boot and then turns itself off. So it can cry wolf at a scheme that cannot
deadlock, and it is silent on a deadlock whose acquisitions are annotated. A comparison function for a class (a scheme's
header says `ordered: lock`) tells two locks of it apart, but is asked only where the chain of classes is new. A nest
lock (`mutex_lock_nest_lock(&inner, &outer)`) says that its holder alone may nest the locks of a class, in any order.

Source: kernel/locking/lockdep.c (check_wait_context, print_lock_nested_lock_not_held, check_deadlock, check_prev_add,
match_held_lock, __lock_release, reacquire_held_locks) and Documentation/locking/lockdep-design.rst; each rule here is
compared with a real kernel by `sevviz kernel compare`.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Literal, NamedTuple

from sevviz.heldlocks import LockClass, asked_by, counted_together, in_order, misuse, serialized, taken_out, with_asked
from sevviz.model import SPINLOCK, SPINS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sevviz.heldlocks import Held
    from sevviz.model import Operation, Program, Trace

__all__ = ["Lockdep", "Report", "ReportKind", "is_spinning", "lockdep_reports"]

ReportKind = Literal[
    "recursive", "circular", "invalid-wait-context", "bad-unlock", "held-at-return", "non-static-key",
    "nest-lock-not-held", "nest-lock-mixed",
]  # fmt: skip


class Report(NamedTuple):
    """What lockdep says, once: `task` (from 1) asks for a lock, or gives it back, while it holds others."""

    kind: ReportKind
    task: int
    lock: LockClass
    held: tuple[Held, ...]
    asked: Held | None = None  # the lock itself; None at a return
    against: Held | None = None  # the held lock that it goes against
    path: tuple[LockClass, ...] = ()  # circular: the dependencies known already, from `lock` to the class of `against`
    fresh: bool = False  # nobody has ever had a lock of this class


class Lockdep:
    """The checker of one boot: told of every acquisition and release, it answers with its one report.

    `heard` is called with that report at the moment when the kernel would print it.
    """

    def __init__(self, program: Program, heard: Callable[[Report], None] | None = None) -> None:
        self.program = program
        self.report: Report | None = None
        self.on = True
        self.held: dict[int, list[Held]] = {}
        self.after: dict[LockClass, dict[LockClass, None]] = {}  # dependencies seen so far, in order: outer -> inner
        self.chains: set[tuple[LockClass, ...]] = set()
        self._used: set[LockClass] = set()
        self._heard = heard

    def acquire(self, task: int, operation: Operation) -> None:
        """A task asks for a lock (and may have to wait), or has got one by a trylock."""
        if not self.on:
            return
        asked = asked_by(self.program, operation)
        held = self.held.setdefault(task, [])
        if self.program.objects[asked.object].uninitialised:  # it has no class, and its address does not stand for one
            self._say(Report("non-static-key", task, asked.lock, tuple(held), asked))
            return
        self._take(task, held, asked)
        self._used.add(asked.lock)

    def release(self, task: int, operation: Operation) -> None:
        """A task gives a lock back, or gives up waiting for it."""
        held = self.held.setdefault(task, [])
        split = taken_out(self.program, held, operation.object)
        if split is None:
            asked = asked_by(self.program, operation)
            self._say(Report("bad-unlock", task, asked.lock, tuple(held), asked))
            return
        held[:], later = split
        for kept in later:
            self._take(task, held, kept)

    def leave_kernel(self, task: int) -> None:
        """A task's call returns to user space, be it the task's last one or not (lockdep_sys_exit)."""
        held = tuple(self.held.get(task, []))
        if held:
            self._say(Report("held-at-return", task, held[-1].lock, held))

    def turn_off(self) -> bool:
        """Another check of locks has spoken: all of them share one switch. Whether it was still on."""
        was_on, self.on = self.on, False
        return was_on

    def _say(self, report: Report) -> None:
        if self.turn_off():
            self.report = report
            if self._heard is not None:
                self._heard(report)

    def _take(self, task: int, held: list[Held], asked: Held) -> None:
        """Put a lock on a task's list; what was tried is not looked at (validate_chain)."""
        before = tuple(held)
        held[:] = with_asked(before, asked)
        if counted_together(before, asked):  # then nothing else is looked at
            wrong = misuse(self.program, before, asked)
            if wrong:
                self._say(Report(wrong, task, asked.lock, before, asked, before[-1]))
        elif self.on and not asked.tried:
            self._check(task, before, asked)

    def _check(self, task: int, held: tuple[Held, ...], asked: Held) -> None:
        fresh = asked.lock not in self._used
        # A sleeping lock inside a spinning one: before anything else is looked at.
        spinning = next((h for h in held if not h.sleeps), None) if asked.sleeps else None
        if spinning is not None:
            self._say(Report("invalid-wait-context", task, asked.lock, held, asked, spinning, fresh=fresh))
            return
        wrong = misuse(self.program, held, asked)
        if wrong:
            self._say(Report(wrong, task, asked.lock, held, asked))
            return
        chain = (*(h.lock for h in held), asked.lock)
        if chain in self.chains:
            return  # only a new chain of classes is looked at
        self.chains.add(chain)
        same = next((h for h in held if h.lock == asked.lock and not in_order(self.program, h, asked)), None)
        if same is not None:
            if not serialized(self.program, held, asked):
                self._say(Report("recursive", task, asked.lock, held, asked, same))
            return  # under a nest lock: no dependency either
        # What was tried adds no dependency, so the search goes on behind it; the first that was not tried is the last.
        for outer in reversed(held):
            if outer.lock != asked.lock:  # two of one class are in address order here, which makes no dependency
                path = self._path(asked.lock, outer.lock)
                if path:
                    self._say(Report("circular", task, asked.lock, held, asked, outer, path))
                    return
                self.after.setdefault(outer.lock, {})[asked.lock] = None
            if not outer.tried:
                break

    def _path(self, start: LockClass, goal: LockClass) -> tuple[LockClass, ...]:
        """A shortest way along known dependencies, found as lockdep finds it: breadth first, oldest first."""
        todo, ways = deque([start]), dict[LockClass, tuple[LockClass, ...]]({start: (start,)})
        while todo:
            lock = todo.popleft()
            if lock == goal:
                return ways[lock]
            for inner in self.after.get(lock, {}):
                if inner not in ways:
                    ways[inner] = (*ways[lock], inner)
                    todo.append(inner)
        return ()


def lockdep_reports(trace: Trace) -> tuple[Report, ...]:
    """What lockdep says along a trace, at most one report: empty where it is silent, be there a deadlock or not.

    Tasks that wait at the end of the trace have asked for their locks.
    """
    from sevviz.interpreter import CPU, wait_of

    program, checker = trace.program, Lockdep(trace.program)
    for step, before in zip(trace.steps, trace.states[:-1], strict=True):
        operation = step.operation
        if operation is None:
            continue
        spun = step.actor > 0 and before.marks[step.actor - 1] & SPINS  # lockdep was told when it began
        asks = operation.action == "spin" or (operation.action == "lock" and not spun)
        if asks or (operation.action == "trylock" and step.result):
            checker.acquire(step.actor, operation)
        if operation.action == "unlock" or (operation.action == "lock" and step.result):
            checker.release(step.actor, operation)
        task = step.actor - 1
        if program.tasks[task].automaton.ends_call(before.positions[task], step.result or 0):
            checker.leave_kernel(step.actor)
    for task in range(1, len(program.tasks) + 1):
        waits, spins = program.position(trace.states[-1], task - 1).operation, trace.states[-1].marks[task - 1] & SPINS
        wait = wait_of(program, trace.states[-1], task)
        blocked = wait is not None and wait.object != CPU  # who has no CPU does not ask
        if waits is not None and waits.action == "lock" and blocked and not spins:
            checker.acquire(task, waits)
    return (checker.report,) if checker.report else ()


def is_spinning(program: Program, operation: Operation) -> bool:
    """Whether a wait at this operation spins."""
    return operation.action == "lock" and program.objects[operation.object].kind == SPINLOCK
