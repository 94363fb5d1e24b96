"""What the kernel's own checker would say: lockdep's verdict on one schedule, as sevviz models it.

Lockdep looks at classes of locks, not at locks: every kvm->lock is of one class, made where the mutex is initialised,
and a nesting annotation makes a class of its own (`&kvm->lock/1`). It looks at each acquisition before the task may
have to wait, says at most one thing per boot and then turns itself off. So it can cry wolf at a scheme that cannot
deadlock, and it is silent on a deadlock whose acquisitions are annotated.

Source: kernel/locking/lockdep.c (check_wait_context, check_deadlock, check_prevs_add, lock_release) and
Documentation/locking/lockdep-design.rst; each rule here is compared with a real kernel by `sevviz kernel compare`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from sevviz.model import MUTEX, SPINLOCK

if TYPE_CHECKING:
    from sevviz.model import Operation, Program, Trace

__all__ = ["LockClass", "Lockdep", "Report", "ReportKind", "lockdep_reports"]

ReportKind = Literal["recursive", "circular", "invalid-wait-context", "bad-unlock", "held-at-return"]


class LockClass(NamedTuple):
    """What lockdep takes for one lock: the place that initialises it, and a subclass ("/1" in reports)."""

    name: str  # the field without its VM: "lock", or a file-scope lock
    subclass: int = 0

    def __str__(self) -> str:
        return f"{self.name}/{self.subclass}" if self.subclass else self.name


class Report(NamedTuple):
    """What lockdep says, once: `task` (from 1) is doing `operation`; `held` are the classes it holds."""

    kind: ReportKind
    task: int
    lock: LockClass
    held: tuple[LockClass, ...]


class _Held(NamedTuple):
    lock: LockClass
    object: int
    tried: bool  # by a trylock
    sleeps: bool  # a mutex, not a spinlock


class Lockdep:
    """The checker of one boot: told of every acquisition and release, it answers with its one report."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.report: Report | None = None
        self.on = True
        self.held: dict[int, list[_Held]] = {}
        self.after: dict[LockClass, set[LockClass]] = {}  # dependencies seen so far: outer -> inner
        self.chains: set[tuple[LockClass, ...]] = set()

    def acquire(self, task: int, operation: Operation) -> None:
        """A task asks for a lock (and may have to wait), or has got one by a trylock."""
        if not self.on:
            return
        held = self.held.setdefault(task, [])
        lock, sleeps = self._class(operation), self.program.objects[operation.object].kind == MUTEX
        tried = operation.action == "trylock"
        kind = None if tried else self._check(held, lock, sleeps=sleeps)
        if kind:
            self._say(kind, task, lock)
        held.append(_Held(lock, operation.object, tried, sleeps))

    def release(self, task: int, operation: Operation) -> None:
        """A task gives a lock back, or gives up waiting for it."""
        held = self.held.setdefault(task, [])
        found = next((h for h in reversed(held) if h.object == operation.object), None)
        if found is not None:
            held.remove(found)
        else:
            self._say("bad-unlock", task, self._class(operation))

    def leave_kernel(self, task: int) -> None:
        """A task's call returns to user space."""
        held = self.held.get(task, [])
        if held:
            self._say("held-at-return", task, held[-1].lock)

    def turn_off(self) -> bool:
        """Another check of locks has spoken: all of them share one switch. Whether it was still on."""
        was_on, self.on = self.on, False
        return was_on

    def _say(self, kind: ReportKind, task: int, lock: LockClass) -> None:
        if self.turn_off():
            self.report = Report(kind, task, lock, tuple(h.lock for h in self.held.get(task, [])))

    def _class(self, operation: Operation) -> LockClass:
        thing = self.program.objects[operation.object]
        return LockClass(thing.name.removeprefix(f"{thing.vm}.") if thing.vm else thing.name, operation.subclass)

    def _check(self, held: list[_Held], lock: LockClass, *, sleeps: bool) -> ReportKind | None:
        # A sleeping lock inside a spinning one: before anything else is looked at.
        if sleeps and any(not h.sleeps for h in held):
            return "invalid-wait-context"
        chain = (*(h.lock for h in held), lock)
        if chain in self.chains:
            return None  # only a new chain of classes is looked at
        self.chains.add(chain)
        if any(h.lock == lock for h in held):
            return "recursive"
        # What was tried adds no dependency, so the search goes on behind it; the first that was not tried is the last.
        for outer in reversed(held):
            if self._reaches(lock, outer.lock):
                return "circular"
            self.after.setdefault(outer.lock, set()).add(lock)
            if not outer.tried:
                break
        return None

    def _reaches(self, start: LockClass, goal: LockClass) -> bool:
        todo, seen = [start], {start}
        while todo:
            lock = todo.pop()
            if lock == goal:
                return True
            fresh = self.after.get(lock, set()) - seen
            seen |= fresh
            todo += sorted(fresh)
        return False


def lockdep_reports(trace: Trace) -> tuple[Report, ...]:
    """What lockdep says along a trace, at most one report: empty where it is silent, be there a deadlock or not.

    Tasks that wait at the end of the trace have asked for their locks.
    """
    from sevviz.interpreter import wait_of

    program, checker = trace.program, Lockdep(trace.program)
    for step, state in zip(trace.steps, trace.states[1:], strict=True):
        operation = step.operation
        if operation is None:
            continue
        if operation.action == "lock" or (operation.action == "trylock" and step.result):
            checker.acquire(step.actor, operation)
        if operation.action == "unlock" or (operation.action == "lock" and step.result):
            checker.release(step.actor, operation)
        if program.position(state, step.actor - 1).operation is None:
            checker.leave_kernel(step.actor)
    for task in range(1, len(program.tasks) + 1):
        waits = program.position(trace.states[-1], task - 1).operation
        if waits is not None and waits.action == "lock" and wait_of(program, trace.states[-1], task) is not None:
            checker.acquire(task, waits)
    return (checker.report,) if checker.report else ()


def is_spinning(program: Program, operation: Operation) -> bool:
    """Whether a wait at this operation spins."""
    return operation.action == "lock" and program.objects[operation.object].kind == SPINLOCK
