"""The lock-order graph twice: of the locks themselves, and of the classes that lockdep takes for locks.

Lockdep builds its graph as it goes, over the runs that happen, and stops at its first report; this is what it would
know after every interleaving of a scenario, had it never stopped. An arrow leads from a lock to one that a task asks
for while it holds the first (Documentation/locking/lockdep-design.rst, "L1 -> L2").
"""

from __future__ import annotations

from functools import lru_cache, reduce
from typing import TYPE_CHECKING, NamedTuple

from sevviz.csource.fields import short_names
from sevviz.csource.scheme import texts_uses
from sevviz.heldlocks import (
    Held,
    LockClass,
    asked_by,
    counted_together,
    in_order,
    misuse,
    serialized,
    taken_out,
    with_asked,
)
from sevviz.loops import components

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sevviz.explorer import StateGraph
    from sevviz.model import Program, Source, State

__all__ = ["Nesting", "class_arrows", "class_name", "lock_texts", "misused_nest_locks", "nestings", "rings"]

Stack = tuple[Held, ...]


class Nesting(NamedTuple):
    """`task` asks for `inner` while it holds `outer`, with no other lock between them that it waited for.

    Or it has asked for `inner` and then given back what was between them: lockdep takes the later locks anew.
    """

    outer: Held
    inner: Held
    task: int
    allowed: bool = False  # by the comparison function of their class
    classless: bool = False  # nobody initialised one of the two, so that it has no class
    excused: bool = False  # by the nest lock of `inner`: the task holds one of its class already

    @property
    def seen(self) -> bool:
        """Whether lockdep makes an arrow of it: not of what is only tried, nor of a class inside itself by leave."""
        return not (self.inner.tried or self.allowed or self.classless or self.excused)


def nestings(graph: StateGraph) -> tuple[Nesting, ...]:
    """Every lock asked for inside another one, in all states, in breadth-first order."""
    found = dict[Nesting, None]()
    for number, stacks in _lists(graph):
        for task, stack, asked in _asked(graph.program, graph.states[number], stacks):
            found.update(dict.fromkeys(_nested(graph.program, stack, asked, task)))
        for _, target in graph.edges[number]:
            found.update(dict.fromkeys(_taken_anew(graph, number, target, stacks)))
    return tuple(found)


def misused_nest_locks(graph: StateGraph) -> tuple[tuple[str, LockClass], ...]:
    """What lockdep would say of nest locks (a kind of report), and the class of the locks that are taken under them."""
    tasks, found = graph.program.tasks, dict[tuple[str, LockClass], None]()
    operations = (position.operation for task in tasks for position in task.automaton.positions)
    if all(operation is None or operation.nest < 0 for operation in operations):
        return ()
    for number, stacks in _lists(graph):
        for _, stack, asked in _asked(graph.program, graph.states[number], stacks):
            wrong = misuse(graph.program, stack, asked)
            if wrong:
                found[wrong, asked.lock] = None
    return tuple(found)


def _lists(graph: StateGraph) -> Iterator[tuple[int, tuple[Stack, ...]]]:
    """Every state by its number, with each order in which the tasks' held locks can have been taken."""
    nothing: tuple[Stack, ...] = ((),) * len(graph.program.tasks)
    todo, met = [(0, nothing)], {(0, nothing)}
    for number, stacks in todo:  # grows while it is walked
        yield number, stacks
        for _, target in graph.edges[number]:
            after = _after(graph, number, target, stacks)
            if (target, after) not in met:
                met.add((target, after))
                todo.append((target, after))


def _asked(program: Program, state: State, stacks: Sequence[Stack]) -> Iterator[tuple[int, Stack, Held]]:
    """The tasks that stand before a lock, each with its list and what it asks for."""
    for task, stack in enumerate(stacks, 1):
        operation = program.position(state, task - 1).operation
        if operation is not None and operation.action in ("lock", "trylock"):
            yield task, stack, asked_by(program, operation)


def _nested(program: Program, stack: Stack, inner: Held, task: int) -> Iterable[Nesting]:
    """What a lock is inside of, on the list of a task that asks for it."""
    again = any(outer.lock == inner.lock and not in_order(program, outer, inner) for outer in stack)
    excused = counted_together(stack, inner) or (again and serialized(program, stack, inner))
    linked = True  # lockdep goes on behind what was tried, and stops at the first that was not
    for outer in reversed(stack):
        if linked or outer.lock == inner.lock:  # the same class twice is noticed wherever it stands
            classless = any(program.objects[lock.object].uninitialised for lock in (outer, inner))
            yield Nesting(outer, inner, task, in_order(program, outer, inner), classless, excused)
        linked = linked and outer.tried


def _taken_anew(graph: StateGraph, before: int, after: int, stacks: Sequence[Stack]) -> Iterable[Nesting]:
    """What lockdep looks at when a task gives back a lock that is not its last one (reacquire_held_locks)."""
    old, new = graph.states[before], graph.states[after]
    for lock in graph.program.locks:
        giver = old.values[lock]
        if giver and giver != new.values[lock]:
            rest, later = taken_out(graph.program, stacks[giver - 1], lock) or (stacks[giver - 1], ())
            for inner in later:
                if not inner.tried:
                    yield from _nested(graph.program, rest, inner, giver)
                rest = with_asked(rest, inner)


def _after(graph: StateGraph, before: int, after: int, stacks: tuple[Stack, ...]) -> tuple[Stack, ...]:
    """The lists of held locks when one state has become the other."""
    program, old, new = graph.program, graph.states[before], graph.states[after]
    changed = [lock for lock in program.locks if old.values[lock] != new.values[lock]]
    lists = list(stacks)
    for lock in changed:
        giver, taker = old.values[lock], new.values[lock]
        if giver:
            kept, later = taken_out(program, lists[giver - 1], lock) or (lists[giver - 1], ())
            lists[giver - 1] = reduce(with_asked, later, kept)
        operation = program.position(old, taker - 1).operation if taker else None
        if operation is not None:
            lists[taker - 1] = with_asked(lists[taker - 1], asked_by(program, operation))
    return tuple(lists)


def class_arrows(found: Iterable[Nesting]) -> dict[tuple[LockClass, LockClass], tuple[int, ...]]:
    """Lockdep's arrows, and the tasks that make each of them."""
    tasks: dict[tuple[LockClass, LockClass], set[int]] = {}
    for nesting in found:
        if nesting.seen:
            tasks.setdefault((nesting.outer.lock, nesting.inner.lock), set()).add(nesting.task)
    return {arrow: tuple(sorted(who)) for arrow, who in tasks.items()}


def rings(arrows: Iterable[tuple[str, str]]) -> list[list[str]]:
    """A shortest ring for each knot of arrows, and each node that leads to itself."""
    after: dict[str, list[str]] = {}
    for outer, inner in arrows:
        after.setdefault(outer, []).append(inner)
    nodes = list(dict.fromkeys(name for outer, inners in after.items() for name in (outer, *inners)))
    edges = tuple(tuple((0, nodes.index(inner)) for inner in after.get(node, [])) for node in nodes)
    parts = [sorted(part) for part in components(edges) if len(part) > 1]
    alone = [[node] for node in nodes if node in after.get(node, [])]
    return [*(_ring(after, nodes[part[0]], {nodes[n] for n in part}) for part in sorted(parts)), *alone]


def _ring(after: dict[str, list[str]], start: str, knot: set[str]) -> list[str]:
    """The nodes of a shortest way from a node of a knot, through others, back to itself."""
    todo = [[start]]
    for way in todo:  # grows while it is walked
        for node in after.get(way[-1], []):
            if node == start and len(way) > 1:
                return way
            if node in knot and node not in way:
                todo.append([*way, node])
    raise AssertionError(start)  # in a knot, every node leads to every other


# How the kernel spells a class.


def class_name(program: Program, lock: LockClass) -> str:
    """A class by the text that its locks are initialised with, and its subclass: "&kvm->lock/1"."""
    text = lock.name if lock.shared else lock_texts(program).get(lock.name, lock.name)
    return f"{text}/{lock.subclass}" if lock.subclass else text


def lock_texts(program: Program) -> dict[str, str]:
    """What initialises each lock of a VM, by its short name: "lock" is "&kvm->lock"."""
    return _lock_texts(program.sources)


@lru_cache(maxsize=64)
def _lock_texts(sources: tuple[Source, ...]) -> dict[str, str]:
    uses = texts_uses(sources)
    names = short_names(list(uses))
    texts = {short: f"&kvm->{'.'.join(place.path)}" for place, short in names.items() if not place.root}
    return texts | {str(use.member): use.member.initialised for use in uses.values() if use.member}
