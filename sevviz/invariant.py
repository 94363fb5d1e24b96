"""Why a scheme cannot deadlock: an invariant that rules every cycle of waits out, checked on every reachable state.

A cycle needs tasks that each hold a lock and ask for the next one's. Two patterns rule that out, alone or together:

* **guard**: a lock L has a guard, a flag or another lock with one owner at a time. Whoever holds a lock and asks for L
  owns the guard of L, and whoever holds L and asks for any lock owns it as well. Then nobody in a cycle can wait for L:
  the waiter and the holder would both own the guard.
* **order**: whoever holds an unguarded lock and asks for another unguarded one asks for one further up in a fixed
  order. A cycle would have to come down somewhere (Documentation/locking/lockdep-design.rst proves it for classes).

Besides, nobody asks for a lock that it holds itself. "Asks" means: stands before a call that waits if the lock is held.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from sevviz.errors import SevvizError
from sevviz.loops import components
from sevviz.schedule import task_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevviz.explorer import StateGraph
    from sevviz.model import Program, State

__all__ = ["Claim", "Invariant", "Ownership", "Violation", "check_invariant", "claims_of", "find_invariant", "owners"]

Rule = Literal["self", "guard-asks", "guard-holds", "order"]


@dataclass(frozen=True, slots=True)
class Invariant:
    """Indices of objects: `guards` are pairs of a lock and its guard, `order` the unguarded locks from the lowest up.

    `asked`: some task asks for a lock while it holds one; if not, there is nothing that a cycle could be made of.
    """

    guards: tuple[tuple[int, int], ...] = ()
    order: tuple[int, ...] = ()
    asked: bool = True

    @classmethod
    def named(cls, program: Program, guards: dict[str, str] | None = None, order: tuple[str, ...] = ()) -> Invariant:
        """An invariant of one's own: `Invariant.named(program, {"A.lock": "A.migration_in_progress"}, ("G",))`.

        Raises SevvizError for a name that the program does not have.
        """
        numbers = {shared.name: number for number, shared in enumerate(program.objects)}
        unknown = [name for name in (*(guards or {}), *(guards or {}).values(), *order) if name not in numbers]
        if unknown:
            raise SevvizError(f"no object {unknown[0]!r}; this scheme has {', '.join(numbers)}")
        pairs = tuple((numbers[lock], numbers[guard]) for lock, guard in (guards or {}).items())
        return cls(pairs, tuple(numbers[name] for name in order))


class Claim(NamedTuple):
    """What the invariant says of one task in one state, and whether it is so.

    The task (from 1) asks for `asked` while it holds `held`; `guard` is the object that it has to own, -1 for none.
    """

    rule: Rule
    task: int
    asked: int
    held: int
    guard: int
    holds: bool


class Violation(NamedTuple):
    """A reachable state in which a claim does not hold, with a shortest schedule to it."""

    state: int
    schedule: tuple[int, ...]
    claim: Claim


Ownership = tuple[tuple[int, ...], ...]  # per state, per object: the task that owns it, 0 for nobody, -1 if unclear


def owners(graph: StateGraph) -> Ownership:
    """Who owns each object in each state: a lock's holder; for a field, who changed it from its initial value.

    A state that says nothing of its past may be reached by different owners of a field: it is unclear then, and proves
    nothing.
    """
    program = graph.program
    found: list[list[int] | None] = [None] * len(graph.states)
    found[0] = [0] * len(program.objects)
    todo = [0]
    while todo:
        source = todo.pop()
        before = found[source]
        assert before is not None  # only states that were reached are to do
        for actor, target in graph.edges[source]:
            after = _owners_after(program, before, graph.states[source], graph.states[target], actor)
            known = found[target]
            merged = after if known is None else [a if a == b else -1 for a, b in zip(known, after, strict=True)]
            if merged != known:
                found[target] = merged
                todo.append(target)
    return tuple(tuple(row or ()) for row in found)


def _owners_after(program: Program, owned: list[int], before: State, after: State, actor: int) -> list[int]:
    """The owners after a step of `actor`: whoever changes a field from its initial value owns it until it is back."""
    found = list(after.values)
    for number, shared in enumerate(program.objects):
        if not shared.is_lock:
            old, new = before.values[number], after.values[number]
            taken = old == shared.initial != new
            found[number] = 0 if new == shared.initial else task_of(actor) if taken else owned[number]
    return found


def asks(program: Program, state: State, task: int) -> int | None:
    """The lock that a task (from 1) stands before and would wait for; None if it is at no such call."""
    operation = program.position(state, task - 1).operation
    return operation.object if operation is not None and operation.action == "lock" else None


def _nested(graph: StateGraph) -> Iterator[tuple[int, int, int, int]]:
    """Every (state, task, lock asked for, lock held) in which a task asks for a lock while it holds one."""
    program = graph.program
    for number, state in enumerate(graph.states):
        for task in range(1, len(program.tasks) + 1):
            asked = asks(program, state, task)
            if asked is not None:
                yield from ((number, task, asked, lock) for lock in program.locks if state.values[lock] == task)


def claims_of(program: Program, state: State, owned: tuple[int, ...], invariant: Invariant) -> list[Claim]:
    """What the invariant says of one state; `owned` is its row of `owners`."""
    claims: list[Claim] = []
    for task in range(1, len(program.tasks) + 1):
        asked = asks(program, state, task)
        if asked is not None:
            for held in (lock for lock in program.locks if state.values[lock] == task):
                claims += _claims_of_pair(task, asked, held, owned, invariant)
    return claims


def _claims_of_pair(task: int, asked: int, held: int, owned: tuple[int, ...], invariant: Invariant) -> list[Claim]:
    """What the invariant says of a task that asks for one lock while it holds another."""
    if asked == held:
        return [Claim("self", task, asked, held, -1, holds=False)]
    guard_of, order = dict(invariant.guards), invariant.order
    claims: list[Claim] = []
    if asked in guard_of:
        claims.append(Claim("guard-asks", task, asked, held, guard_of[asked], owned[guard_of[asked]] == task))
    if held in guard_of:
        claims.append(Claim("guard-holds", task, asked, held, guard_of[held], owned[guard_of[held]] == task))
    if not claims:
        up = asked in order and held in order and order.index(held) < order.index(asked)
        claims.append(Claim("order", task, asked, held, -1, up))
    return claims


def check_invariant(graph: StateGraph, invariant: Invariant, owned: Ownership | None = None) -> Violation | None:
    """The first reachable state in which the invariant fails; None if it holds in all of them.

    If it holds in a finished search, no reachable state has a cycle of waits for locks.
    Waits for a CPU are another matter.
    """
    owned = owned or owners(graph)
    for number, state in enumerate(graph.states):
        for claim in claims_of(graph.program, state, owned[number], invariant):
            if not claim.holds:
                return Violation(number, graph.schedule_to(number), claim)
    return None


def find_invariant(graph: StateGraph) -> Invariant | None:
    """An invariant of the two patterns that holds in every reachable state; None if none of them fits.

    The order alone is tried first; then the locks that stand in each other's way get guards, an object of the same VM
    before others.
    """
    nested = list(_nested(graph))
    if not graph.complete or any(asked == held for _, _, asked, held in nested):
        return None
    if not nested:
        return Invariant(asked=False)
    locks, owned = graph.program.locks, owners(graph)
    pairs = {(held, asked) for _, _, asked, held in nested}
    order, tangled = _order(locks, pairs)
    if not tangled:
        return Invariant((), order)
    guards = [(lock, guard) for lock in tangled if (guard := _guard_of(graph, lock, nested, owned)) is not None]
    guarded = {lock for lock, _ in guards}
    rest = {(held, asked) for held, asked in pairs if not {held, asked} & guarded}
    order, tangled = _order([lock for lock in locks if lock not in guarded], rest)
    if tangled:
        return None
    used = {lock for pair in rest for lock in pair} | {guard for _, guard in guards if guard in locks}
    found = Invariant(tuple(guards), tuple(lock for lock in order if lock in used))
    return found if check_invariant(graph, found, owned) is None else None


def _order(locks: tuple[int, ...] | list[int], pairs: set[tuple[int, int]]) -> tuple[tuple[int, ...], list[int]]:
    """The locks from the outermost in, as the pairs (held, asked for) have it, and those on a cycle of pairs."""
    number_of = {lock: number for number, lock in enumerate(locks)}
    edges = [[(0, number_of[asked]) for held, asked in sorted(pairs) if held == lock] for lock in locks]
    parts = list(reversed(components(edges)))
    tangled = sorted(locks[number] for part in parts if len(part) > 1 for number in part)
    involved = {lock for pair in pairs for lock in pair}
    return tuple(lock for part in parts for number in part if (lock := locks[number]) in involved), tangled


def _guard_of(graph: StateGraph, lock: int, nested: list[tuple[int, int, int, int]], owned: Ownership) -> int | None:
    """An object that the asker for `lock` (holding something) and the asking holder of `lock` own in every state."""
    objects = graph.program.objects
    # A field before a lock: a flag is a guard by design, a lock that happens to be held may be one by accident.
    concerned = [(state, task) for state, task, asked, held in nested if lock in (asked, held)]
    same_vm = sorted(range(len(objects)), key=lambda n: (objects[n].vm != objects[lock].vm, objects[n].is_lock, n))
    return next((g for g in same_vm if g != lock and all(owned[s][g] == task for s, task in concerned)), None)
