"""What to see in the two lock-order graphs, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sevviz.heldlocks import class_of, class_of_lock, is_compared
from sevviz.lockclasses import class_name, misused_nest_locks
from sevviz.schedule import format_schedule
from sevviz.views.names import listed

if TYPE_CHECKING:
    from sevviz.lockclasses import Nesting
    from sevviz.model import Program
    from sevviz.verdict import Verdict

__all__ = ["Arrows", "sentences_of"]


NEST_LOCKS = {
    "nest-lock-not-held": "the nest lock of {} is not held (nested lock was not taken)",
    "nest-lock-mixed": "{} is taken under a nest lock after one without (a warning of lockdep's own)",
}


class Arrows(NamedTuple):
    """One of the two graphs: names, and the tasks that make each arrow; `tries` are arrows of trylocks alone."""

    arrows: dict[tuple[str, str], tuple[int, ...]]
    tries: frozenset[tuple[str, str]]
    rings: list[list[str]]


def sentences_of(verdict: Verdict, found: tuple[Nesting, ...], locks: Arrows, classes: Arrows) -> list[str]:
    """What there is to see, and what is true of the scenario."""
    told = [_about_locks(locks), *_about_classes(verdict, found, locks, classes)]
    hidden = any(not n.classless and _annotated(n) for n in found)
    if hidden and locks.rings and not classes.rings:
        told.append(
            "The annotation (SINGLE_DEPTH_NESTING) hides the ring of locks: it makes the second lock one of another "
            "class. That is a promise, and lockdep takes it for the truth."
        )
    told += _about_nest_locks(verdict.program, found)
    told += _about_order(verdict.program, found)
    flags = [o.name for o in verdict.program.objects if not o.is_lock]
    if flags:
        told.append(f"No arrow leads to {listed(flags)}: to lockdep a flag is a number, nothing to wait for.")
    return [*told, _truth(verdict)]


def _annotated(nesting: Nesting) -> bool:
    """Whether nothing but an annotation tells the classes of the two locks apart."""
    outer, inner = nesting.outer.lock, nesting.inner.lock
    return outer != inner and outer._replace(subclass=inner.subclass) == inner


def _about_locks(locks: Arrows) -> str:
    if not locks.arrows:
        return "No lock is asked for inside another one: there is nothing to order."
    if not locks.rings:
        tries = " What is only tried does not wait." if locks.tries else ""
        return f"The locks themselves have an order: waits for them close no ring.{tries}"
    shown = listed(_round(ring) for ring in locks.rings)
    return f"The locks themselves are taken in a ring: {shown}. A ring warns of a deadlock, it does not prove one."


def _about_classes(verdict: Verdict, found: tuple[Nesting, ...], locks: Arrows, classes: Arrows) -> list[str]:
    """What lockdep would say of which arrow; it prints the first report only."""
    said = [f"nobody initialised {name}, so it has no class (non-static key)" for name in _without_class(verdict)]
    if any(n.seen and n.inner.sleeps and not n.outer.sleeps for n in found):
        said.append("a mutex is taken inside a spinlock (invalid wait context)")
    said += [NEST_LOCKS[kind].format(class_name(verdict.program, of)) for kind, of in misused_nest_locks(verdict.graph)]
    said += [f"{ring[0]} is taken inside itself (recursive)" for ring in classes.rings if len(ring) == 1]
    said += [f"{_round(ring)} is a ring of classes (circular)" for ring in classes.rings if len(ring) > 1]
    if not said:
        return ["Lockdep sees no ring of classes: it is silent on the order."] if locks.arrows else []
    once = " It prints what it meets first, and then turns itself off." if len(said) > 1 else ""
    told = [f"Lockdep objects: {'; '.join(said)}.{once}"]
    compared = {class_name(verdict.program, n.inner.lock) for n in found if is_compared(verdict.program, n.inner)}
    if not locks.rings and any(not compared & set(ring) for ring in classes.rings):
        told.append("It would say so of any order of the locks, for it cannot tell them apart: here they have one.")
    return told


def _without_class(verdict: Verdict) -> list[str]:
    """The locks that somebody asks for and nobody initialised, as their class would be called."""
    program = verdict.program
    if not any(o.uninitialised for o in program.objects):
        return []
    reached = {(n, place) for state in verdict.graph.states for n, place in enumerate(state.positions)}
    asked = [program.tasks[n].automaton.positions[place].operation for n, place in sorted(reached)]
    classless = [o for o in asked if o and o.action in ("lock", "trylock") and program.objects[o.object].uninitialised]
    return list(dict.fromkeys(class_name(program, class_of(program, o)._replace(subclass=0)) for o in classless))


def _about_nest_locks(program: Program, found: tuple[Nesting, ...]) -> list[str]:
    """What a nest lock changes, where one is named (mutex_lock_nest_lock)."""
    excused = dict.fromkeys(
        (class_name(program, n.inner.lock), class_name(program, class_of_lock(program.objects[n.inner.nest])))
        for n in found
        if n.excused
    )
    return [
        f"A nest lock makes no arrow: under one of class {nest}, a task may take any number of class {inner}. "
        "Lockdep checks that it holds the nest lock, and nothing else of them."
        for inner, nest in excused
    ]


def _about_order(program: Program, found: tuple[Nesting, ...]) -> list[str]:
    """What a comparison function changes, where one is set (lock_set_cmp_fn)."""
    told = []
    for lock in dict.fromkeys(n.inner.lock for n in found if is_compared(program, n.inner)):
        inside = [n for n in found if n.outer.lock == n.inner.lock == lock]
        can = f"Lockdep can compare two locks of class {class_name(program, lock)} by address, and"
        if any(n.allowed for n in inside):
            told.append(f"{can} one inside another in that order makes no arrow.")
        elif any(n.seen for n in inside):
            told.append(f"{can} here one is never inside another in that order.")
        if any(n.allowed for n in inside) and any(n.seen for n in inside):
            told.append(
                "It compares only where the chain of classes is new: after one nesting in order it no longer looks, "
                "and whether it objects depends on who comes first."
            )
    return told


def _round(ring: list[str]) -> str:
    return " → ".join([*ring, ring[0]])


def _truth(verdict: Verdict) -> str:
    if verdict.deadlocks:
        shortest = format_schedule(verdict.deadlocks[0].schedule)
        return f"In this scenario some schedules deadlock, the shortest one is {shortest}."
    if not verdict.complete:
        return "The search of this scenario stopped at its limit: there may be more arrows, and a deadlock."
    return "In this scenario no schedule deadlocks."
