"""The outcome census: every way in which schedules end and every fault, counted exactly, with shortest schedules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from sevviz.analysis import Deadlock, Survey, returns_of, survey
from sevviz.loops import is_loop
from sevviz.model import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sevviz.explorer import StateGraph

__all__ = ["Census", "FoundFault", "Outcome", "census"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way in which schedules end. `interleavings` is None where they cannot be counted (a loop, or a limit)."""

    kind: Literal["returned", "deadlock", "fault"]
    returns: tuple[str | None, ...]
    interleavings: int | None
    schedule: tuple[int, ...]  # a shortest one
    state: int  # where it leads
    deadlock: Deadlock | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class FoundFault:
    """A fault with a shortest schedule to it, and how many complete schedules have a fault of its kind."""

    fault: Fault
    schedule: tuple[int, ...]
    interleavings: int | None


@dataclass(frozen=True, slots=True)
class Census:
    """All outcomes and faults of a program, in the order in which a breadth-first search meets them."""

    outcomes: tuple[Outcome, ...]
    faults: tuple[FoundFault, ...]
    interleavings: int | None


class _Arrivals(NamedTuple):
    """The states that schedules pass or end in, shortest first, and the tree of shortest schedules to them."""

    order: list[int]
    parents: dict[int, tuple[int, int]]

    def schedule(self, state: int) -> tuple[int, ...]:
        actors = []
        while state in self.parents:
            state, actor = self.parents[state]
            actors.append(actor)
        return tuple(reversed(actors))


def _arrivals(graph: StateGraph, ends: Sequence[bool]) -> _Arrivals:
    """Breadth first without going on after an end: a deadlock ends a schedule even while bystanders run."""
    order, parents, seen = [0], dict[int, tuple[int, int]](), {0}
    for state in order:
        if ends[state]:
            continue
        for actor, target in graph.edges[state]:
            if target not in seen:
                seen.add(target)
                parents[target] = (state, actor)
                order.append(target)
    return _Arrivals(order, parents)


def _ways(graph: StateGraph, looked_at: Survey, ends: Sequence[bool], avoid: str | None = None) -> list[int]:
    """The number of schedules to each state, without steps that have a fault of the kind `avoid`."""
    ways = [0] * len(graph.states)
    ways[0] = 1
    for part in reversed(looked_at.parts):
        state = part[0]
        if ends[state] or not ways[state]:
            continue
        for actor, target in graph.edges[state]:
            if avoid is None or all(fault.kind != avoid for fault in graph.faults.get((state, actor), ())):
                ways[target] += ways[state]
    return ways


def census(graph: StateGraph, looked_at: Survey | None = None) -> Census:
    """Every way in which schedules end and every fault, with exact numbers of schedules and shortest ones.

    A schedule ends when all tasks have returned, at a fault that ends it, or at the step that closes a deadlock. A
    deadlock that a fatal signal of the scenario may still end is an outcome too, but the schedule goes on.
    """
    looked_at = looked_at or survey(graph)
    deadlocks = looked_at.deadlocks
    ends = [
        c in ("finished", "faulted") or bool(d and d.final) for c, d in zip(looked_at.classes, deadlocks, strict=True)
    ]
    countable = graph.complete and not any(is_loop(graph.edges, part) for part in looked_at.parts)
    ways = _ways(graph, looked_at, ends) if countable else []
    total = sum(w for w, end in zip(ways, ends, strict=False) if end) if countable else None
    arrivals = _arrivals(graph, ends)
    closings = _closings(graph, looked_at, ways) if countable and graph.program.signals else {}
    counts: dict[tuple[object, ...], int] = {}
    firsts: dict[tuple[object, ...], int] = {}
    for state in arrivals.order:
        key = _outcome_key(graph, looked_at, state)
        if key is None or (not ends[state] and not _closes(looked_at, arrivals, state)):
            continue
        firsts.setdefault(key, state)
        if countable:
            counts[key] = counts.get(key, 0) + (ways[state] if ends[state] else closings.get(state, 0))
    outcomes = tuple(
        _outcome(graph, looked_at, state, counts.get(key) if countable else None, arrivals.schedule(state))
        for key, state in firsts.items()
    )
    return Census(outcomes, _faults(graph, looked_at, ends, outcomes, total), total)


def _same_cycle(one: Deadlock | None, other: Deadlock | None) -> bool:
    return bool(one and other and one.waits == other.waits)


def _closes(looked_at: Survey, arrivals: _Arrivals, state: int) -> bool:
    """Whether the shortest schedule to a state with a deadlock is one that closes it."""
    if state not in arrivals.parents:
        return True
    return not _same_cycle(looked_at.deadlocks[arrivals.parents[state][0]], looked_at.deadlocks[state])


def _closings(graph: StateGraph, looked_at: Survey, ways: list[int]) -> dict[int, int]:
    """For each state with a deadlock, the number of schedules whose last step closes it."""
    deadlocks, found = looked_at.deadlocks, dict[int, int]()
    for source, edges in enumerate(graph.edges):
        for _, target in edges:
            if deadlocks[target] is not None and not _same_cycle(deadlocks[source], deadlocks[target]):
                found[target] = found.get(target, 0) + ways[source]
    return found


def _outcome_key(graph: StateGraph, looked_at: Survey, state: int) -> tuple[object, ...] | None:
    deadlock = looked_at.deadlocks[state]
    returns = returns_of(graph.program, graph.states[state])
    match looked_at.classes[state]:
        case "finished":
            return ("returned", returns)
        case "deadlocked" if deadlock is not None:
            return ("deadlock", returns, deadlock.waits)
        case "faulted":
            fault = _ending_fault(graph, state)
            return ("fault", returns, fault.kind, fault.task, fault.span, fault.object)
    return None


def _ending_fault(graph: StateGraph, state: int) -> Fault:
    """The fault that ended the schedule in a faulted state."""
    source, actor = graph.parents[state]
    return graph.faults[source, actor][0]


def _outcome(graph: StateGraph, looked_at: Survey, state: int, count: int | None, schedule: tuple[int, ...]) -> Outcome:
    returns = returns_of(graph.program, graph.states[state])
    match looked_at.classes[state]:
        case "finished":
            return Outcome("returned", returns, count, schedule, state)
        case "faulted":
            return Outcome("fault", returns, count, schedule, state, fault=_ending_fault(graph, state))
    return Outcome("deadlock", returns, count, schedule, state, deadlock=looked_at.deadlocks[state])


def _faults(
    graph: StateGraph, looked_at: Survey, ends: Sequence[bool], outcomes: Iterable[Outcome], total: int | None
) -> tuple[FoundFault, ...]:
    found: dict[Fault, tuple[int, ...]] = {}
    for (source, actor), faults in graph.faults.items():
        for fault in faults:
            if fault not in found:
                found[fault] = (*graph.schedule_to(source), actor)
    affected: dict[str, int] = {}
    for kind in {fault.kind for fault in found} if total is not None else ():
        ways = _ways(graph, looked_at, ends, avoid=kind)
        affected[kind] = (total or 0) - sum(w for w, end in zip(ways, ends, strict=True) if end)
    listed = [FoundFault(fault, schedule, affected.get(fault.kind)) for fault, schedule in found.items()]
    alone = [o for o in outcomes if o.deadlock is not None and o.deadlock.cyclic and len(o.deadlock.waits) == 1]
    listed += [_self_deadlock(graph, outcome) for outcome in alone]
    return tuple(sorted(listed, key=lambda f: len(f.schedule)))


def _self_deadlock(graph: StateGraph, outcome: Outcome) -> FoundFault:
    """A deadlock of one, listed as a fault too: the line to look at is that of the second acquisition."""
    assert outcome.deadlock is not None, "only called for deadlocks"
    wait, program = outcome.deadlock.waits[0], graph.program
    operation = program.position(graph.states[outcome.state], wait.task - 1).operation
    assert operation is not None  # who waits is at an operation
    name = program.objects[wait.object].name
    fault = Fault("self-deadlock", wait.task, operation.span, operation.source, name, (name,))
    return FoundFault(fault, outcome.schedule, outcome.interleavings)
