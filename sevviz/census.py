"""The outcome census: every way in which schedules end and every fault, counted exactly, with shortest schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from sevviz.analysis import Deadlock, Survey, returns_of, survey
from sevviz.interpreter import CPU
from sevviz.interpreter.faults import fault_of
from sevviz.loops import is_loop

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from sevviz.explorer import StateGraph
    from sevviz.interpreter import Wait
    from sevviz.model import Fault, Program, State

__all__ = ["Census", "FoundFault", "Outcome", "census", "schedules_graph", "self_deadlock"]


class Outcome(NamedTuple):
    """One way in which schedules end. `interleavings` is None where they cannot be counted (a loop, or a limit)."""

    kind: Literal["returned", "deadlock", "fault"]
    returns: tuple[str | None, ...]
    interleavings: int | None
    schedule: tuple[int, ...]  # a shortest one
    state: int  # where it leads
    deadlock: Deadlock | None = None
    fault: Fault | None = None


class FoundFault(NamedTuple):
    """A fault with a shortest schedule to it, and how many complete schedules have a fault of its kind."""

    fault: Fault
    schedule: tuple[int, ...]
    interleavings: int | None


class Census(NamedTuple):
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


def schedules_graph(graph: StateGraph, looked_at: Survey) -> StateGraph:
    """The part of a graph that schedules walk: without what bystanders do after a deadlock that nothing can end."""
    if not any(end and edges for end, edges in zip(looked_at.ends, graph.edges, strict=True)):
        return graph
    order, parents = _arrivals(graph, looked_at.ends)
    number = {state: new for new, state in enumerate(order)}
    edges = [() if looked_at.ends[state] else graph.edges[state] for state in order]
    return graph._replace(
        states=tuple(graph.states[state] for state in order),
        edges=tuple(tuple((actor, number[target]) for actor, target in found) for found in edges),
        faults={(number[s], a): f for (s, a), f in graph.faults.items() if s in number and not looked_at.ends[s]},
        parents=tuple((number[parents[s][0]], parents[s][1]) if s in parents else graph.parents[s] for s in order),
    )


def _ways(graph: StateGraph, looked_at: Survey, avoid: Container[tuple[int, int]] = ()) -> list[int]:
    """The number of schedules to each state, without the steps (state, actor) in `avoid`."""
    ways = [0] * len(graph.states)
    ways[0] = 1
    for part in reversed(looked_at.parts):
        state = part[0]
        if looked_at.ends[state] or not ways[state]:
            continue
        for actor, target in graph.edges[state]:
            if (state, actor) not in avoid:
                ways[target] += ways[state]
    return ways


def census(graph: StateGraph, looked_at: Survey | None = None) -> Census:
    """Every way in which schedules end and every fault, with exact numbers of schedules and shortest ones.

    A schedule ends when all tasks have returned, at a fault that ends it, or at the step that closes a deadlock. A
    deadlock that a fatal signal of the scenario may still end is an outcome too, but the schedule goes on.
    """
    looked_at = looked_at or survey(graph)
    ends = looked_at.ends
    # What follows an end is no part of a schedule, and a loop is all before an end or all behind one.
    countable = graph.complete and not any(is_loop(graph.edges, p) and not ends[p[0]] for p in looked_at.parts)
    ways = _ways(graph, looked_at) if countable else [0] * len(graph.states)
    total = sum(w for w, end in zip(ways, ends, strict=True) if end) if countable else None
    counts: dict[_Key, int] = {}
    firsts: dict[_Key, tuple[tuple[int, ...], int]] = {}
    arrivals = _arrivals(graph, ends)
    for key, count, source, actor, state in _endings(graph, looked_at, ends, ways, arrivals):
        counts[key] = counts.get(key, 0) + count
        if key not in firsts:
            firsts[key] = ((*arrivals.schedule(source), actor) if actor else arrivals.schedule(source)), state
    outcomes = [
        Outcome(key.kind, key.returns, counts[key] if countable else None, schedule, state, key.deadlock, key.fault)
        for key, (schedule, state) in firsts.items()
    ]
    outcomes.sort(key=lambda outcome: len(outcome.schedule))
    return Census(tuple(outcomes), _faults(graph, looked_at, arrivals, total), total)


class _Key(NamedTuple):
    """What makes two endings the same outcome."""

    kind: Literal["returned", "deadlock", "fault"]
    returns: tuple[str | None, ...]
    deadlock: Deadlock | None = None
    fault: Fault | None = None


def _endings(
    graph: StateGraph, looked_at: Survey, ends: Sequence[bool], ways: Sequence[int], arrivals: _Arrivals
) -> Iterator[tuple[_Key, int, int, int, int]]:
    """Each ending with its number of schedules: its key, the number, and the step (source, actor) to its state.

    A cycle of waits is an ending of every step that closes it; the other endings are states, with the actor 0.
    """
    for source in arrivals.order:
        returns = returns_of(graph.program, graph.states[source])
        if looked_at.classes[source] == "finished":
            yield _Key("returned", returns), ways[source], source, 0, source
        elif looked_at.classes[source] == "faulted":
            yield _Key("fault", returns, fault=_ending_fault(graph, source)), ways[source], source, 0, source
        elif ends[source] and not any(_by_waiting(deadlock) for deadlock in looked_at.all_deadlocks[source]):
            yield _Key("deadlock", returns, looked_at.deadlocks[source]), ways[source], source, 0, source
        for actor, target in () if ends[source] else graph.edges[source]:
            for deadlock in looked_at.all_deadlocks[target]:
                if _by_waiting(deadlock) and deadlock not in looked_at.all_deadlocks[source]:
                    closed = returns_of(graph.program, graph.states[target])
                    yield _Key("deadlock", closed, deadlock), ways[source], source, actor, target


def _by_waiting(deadlock: Deadlock) -> bool:
    """Whether it is a cycle of waits for locks, which one step closes; waits for CPUs close none."""
    return deadlock.cyclic and all(wait.object != CPU for wait in deadlock.waits)


def _ending_fault(graph: StateGraph, state: int) -> Fault:
    """The fault that ended the schedule in a faulted state."""
    source, actor = graph.parents[state]
    return graph.faults[source, actor][0]


def _faults(graph: StateGraph, looked_at: Survey, arrivals: _Arrivals, total: int | None) -> tuple[FoundFault, ...]:
    """Every fault of a step that some schedule takes: what bystanders do after a deadlock is no matter of schedules."""
    found: dict[Fault, tuple[int, ...]] = {}
    steps: dict[str, set[tuple[int, int]]] = {}  # by kind: the steps that have such a fault
    for source in arrivals.order:
        for actor, target in () if looked_at.ends[source] else graph.edges[source]:
            alone = _self_deadlocks(graph, looked_at, target)
            for fault in (*graph.faults.get((source, actor), ()), *alone):
                steps.setdefault(fault.kind, set()).add((source, actor))
                if fault not in found:
                    found[fault] = (*arrivals.schedule(source), actor)
    affected: dict[str, int] = {}
    for kind, avoid in steps.items() if total is not None else ():
        ways = _ways(graph, looked_at, avoid)
        affected[kind] = (total or 0) - sum(w for w, end in zip(ways, looked_at.ends, strict=True) if end)
    listed = [FoundFault(fault, schedule, affected.get(fault.kind)) for fault, schedule in found.items()]
    return tuple(sorted(listed, key=lambda f: len(f.schedule)))


def _self_deadlocks(graph: StateGraph, looked_at: Survey, state: int) -> list[Fault]:
    """The deadlocks of one in a state: what led there closed them, or followed while a signal may end them."""
    alone = [d.waits[0] for d in looked_at.all_deadlocks[state] if _by_waiting(d) and len(d.waits) == 1]
    return [self_deadlock(graph.program, graph.states[state], wait) for wait in alone]


def self_deadlock(program: Program, state: State, wait: Wait) -> Fault:
    """A deadlock of one as a fault: the line to look at is that of the second acquisition."""
    operation = program.position(state, wait.task - 1).operation
    assert operation is not None  # who waits is at an operation
    return fault_of(program, state, "self-deadlock", wait.task, operation)
