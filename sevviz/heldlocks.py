"""Locks as lockdep knows them: the class of each, and the list of those that a task holds.

Source: kernel/locking/lockdep.c (assign_lock_key, match_held_lock, __lock_acquire, lockdep_set_lock_cmp_fn).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from sevviz.model import MUTEX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.model import Operation, Program, SharedObject

__all__ = [
    "Held",
    "LockClass",
    "address_order",
    "asked_by",
    "class_of",
    "class_of_lock",
    "counted_together",
    "finds",
    "in_order",
    "is_compared",
    "misuse",
    "serialized",
    "taken_out",
    "with_asked",
]


class LockClass(NamedTuple):
    """What lockdep takes for one lock: the place that initialises it, and a subclass ("/1" in reports)."""

    name: str  # the field without its VM: "lock"; a member of a struct of its own: "kvm_vcpu->mutex"; a file-scope lock
    subclass: int = 0
    shared: bool = False  # a file-scope lock, which may have the name of a VM's field

    def __str__(self) -> str:
        return f"{self.name}/{self.subclass}" if self.subclass else self.name


class Held(NamedTuple):
    """A lock on a task's list of held locks. It is put there before the task has to wait: it may be wanted only."""

    lock: LockClass
    object: int  # index into Program.objects
    tried: bool  # by a trylock
    sleeps: bool  # a mutex, not a spinlock
    function: str  # the C function that asks for it
    nest: int = -1  # the lock under which it may nest in its class, as the C says (mutex_lock_nest_lock); -1: none
    references: int = 0  # how many locks of its class it stands for; 0: for itself alone


def class_of(program: Program, operation: Operation) -> LockClass:
    """The class of the lock that an operation is about."""
    return class_of_lock(program.objects[operation.object], operation.subclass)


def class_of_lock(lock: SharedObject, subclass: int = 0) -> LockClass:
    """The class of a lock, or one of its subclasses."""
    name = lock.member or (lock.name.removeprefix(f"{lock.vm}.") if lock.vm else lock.name)
    return LockClass(name, subclass, not lock.vm)


def asked_by(program: Program, operation: Operation) -> Held:
    """The lock that an operation is about, as it stands on the list of the task that asks for it."""
    sleeps = program.objects[operation.object].kind == MUTEX
    lock = class_of(program, operation)
    return Held(lock, operation.object, operation.action == "trylock", sleeps, operation.function, operation.nest)


def in_order(program: Program, outer: Held, inner: Held) -> bool:
    """Whether a comparison function allows a lock inside one of its class (check_deadlock, check_prev_add)."""
    return outer.lock == inner.lock and is_compared(program, inner) and address_order(outer, inner) < 0


def is_compared(program: Program, held: Held) -> bool:
    """Whether a class has a comparison function: `lock_set_cmp_fn` sets it for the one without a subclass."""
    return not held.lock.subclass and program.objects[held.object].ordered


def address_order(outer: Held, inner: Held) -> int:
    """What a function that compares addresses returns: -1, 0 or 1. The objects of a program are in address order."""
    return (outer.object > inner.object) - (outer.object < inner.object)


# A task's list of held locks.


def counted_together(held: Sequence[Held], asked: Held) -> bool:
    """Whether a lock with a nest lock is only counted, at the last one of the list: it is of the same class."""
    return bool(held) and asked.nest >= 0 and held[-1].lock == asked.lock


def with_asked(held: Sequence[Held], asked: Held) -> tuple[Held, ...]:
    """The list with one lock more (__lock_acquire)."""
    if not counted_together(held, asked):
        return (*held, asked)
    count = max(held[-1].references, 1) + max(asked.references, 1)
    return (*held[:-1], held[-1]._replace(references=count))


def taken_out(program: Program, held: Sequence[Held], lock: int) -> tuple[tuple[Held, ...], tuple[Held, ...]] | None:
    """The list without a lock that is given back: what stays, and what is then taken anew; None if it is not there.

    Source: __lock_release, reacquire_held_locks.
    """
    place = next((n for n in reversed(range(len(held))) if finds(program, held[n], lock)), None)
    if place is None:
        return None
    found, before, later = held[place], tuple(held[:place]), tuple(held[place + 1 :])
    if found.references > 1:  # it stands for others still
        return (*before, found._replace(references=found.references - 1), *later), ()
    return before, later


def finds(program: Program, held: Held, lock: int) -> bool:
    """Whether lockdep takes an entry of the list for a lock: the lock itself, or one of those that it stands for."""
    counted = held.references > 0 and held.nest >= 0
    return held.object == lock or (counted and class_of_lock(program.objects[lock]) == held.lock)


def misuse(program: Program, held: Sequence[Held], asked: Held) -> Literal["", "nest-lock-mixed", "nest-lock-not-held"]:
    """What lockdep has against the nest lock of a lock that is asked for, "" for nothing.

    Mixed: the entry that it is counted at was taken without one and cannot stand for others. Lockdep does not look when
    it counts, but does so at its next walk through the list, which the scheduler takes at the latest.
    """
    if counted_together(held, asked):
        return "nest-lock-mixed" if held[-1].nest < 0 else ""
    not_held = asked.nest >= 0 and not any(finds(program, outer, asked.nest) for outer in held)
    return "nest-lock-not-held" if not_held else ""


def serialized(program: Program, held: Sequence[Held], asked: Held) -> bool:
    """Whether the nest lock excuses a lock inside one of its class: it was taken before that one (check_deadlock)."""
    for outer in held:
        if outer.object == asked.nest:
            return True
        if outer.lock == asked.lock and not in_order(program, outer, asked):
            return False
    return False
