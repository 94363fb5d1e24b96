"""Questions to a finished state graph: outcomes, deadlocks, faults, and what each state still allows."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sevviz.explorer import StateGraph
from sevviz.interpreter import CPU, Wait, wait_of
from sevviz.loops import components, is_loop
from sevviz.model import FAULTED, Fault, Program, State, Trace

__all__ = [
    "Census", "Deadlock", "FoundFault", "LockOrder", "Outcome", "StateClass", "Survey", "census", "deadlock_of",
    "last_choice", "lock_order", "returns_of", "show_result", "survey",
]  # fmt: skip

StateClass = Literal["safe", "doomed", "deadlocked", "finished", "faulted"]


class Deadlock(NamedTuple):
    """Tasks that wait for each other. `final`: nothing that the scenario has can end it."""

    waits: tuple[Wait, ...]  # the cycle, from its lowest task on; without a cycle, all waits of a state without a step
    cyclic: bool
    final: bool

    @property
    def killable(self) -> bool:
        """Whether SIGKILL to one of the tasks ends it (and the hung-task detector skips that task)."""
        return any(wait.killable for wait in self.waits)


def show_result(result: int | None) -> str | None:
    """A task's result as C people write it: "0", "-EBUSY"; None while it has not returned."""
    if result is None:
        return None
    name = errno.errorcode.get(-result) if result < 0 else None
    return f"-{name}" if name else str(result)


def returns_of(program: Program, state: State) -> tuple[str | None, ...]:
    """The result of each task, None for those that have not returned."""
    return tuple(show_result(program.position(state, task).result) for task in range(len(program.tasks)))


def deadlock_of(program: Program, state: State, *, stuck: bool) -> Deadlock | None:
    """The deadlock of a state; `stuck` tells that nothing can happen in it."""
    if any(mark & FAULTED for mark in state.marks):
        return None
    waits = {w.task: w for task in range(len(program.tasks)) if (w := wait_of(program, state, task + 1))}
    cycle = _cycle({t: w for t, w in waits.items() if w.object != CPU})
    if cycle:
        killable = program.signals and any(wait.killable for wait in cycle)
        return Deadlock(cycle, cyclic=True, final=not killable)
    if not stuck or all(program.position(state, task).operation is None for task in range(len(program.tasks))):
        return None
    through_cpus = _cycle(waits)
    return Deadlock(through_cpus or tuple(waits.values()), cyclic=bool(through_cpus), final=True)


def _cycle(waits: dict[int, Wait]) -> tuple[Wait, ...]:
    """The first cycle, from its lowest task on. Each task waits for one other, so following the waits finds it."""
    done: set[int] = set()
    for start in waits:
        path: list[int] = []
        task = start
        while task in waits and task not in done:
            done.add(task)
            path.append(task)
            task = waits[task].holder
        if task in path:
            ring = path[path.index(task) :]
            lowest = ring.index(min(ring))
            return tuple(waits[t] for t in (*ring[lowest:], *ring[:lowest]))
    return ()


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
class Survey:
    """What is known of every state: its deadlock, its class, and the graph's strongly connected components."""

    deadlocks: tuple[Deadlock | None, ...]
    classes: tuple[StateClass, ...]
    parts: list[list[int]]


@dataclass(frozen=True, slots=True)
class Census:
    """All outcomes and faults of a program, in the order in which a breadth-first search meets them."""

    outcomes: tuple[Outcome, ...]
    faults: tuple[FoundFault, ...]
    interleavings: int | None


def survey(graph: StateGraph) -> Survey:
    """Look at every state once."""
    program = graph.program
    deadlocks = tuple(
        deadlock_of(program, state, stuck=not edges and graph.complete)
        for state, edges in zip(graph.states, graph.edges, strict=True)
    )
    return Survey(deadlocks, _classes(graph, deadlocks), components(graph.edges))


def _classes(graph: StateGraph, deadlocks: Sequence[Deadlock | None]) -> tuple[StateClass, ...]:
    """Safe: some schedule from here still lets every task return. Doomed: none does, though tasks still run."""
    count = len(graph.states)
    before: list[list[int]] = [[] for _ in range(count)]
    for source, edges in enumerate(graph.edges):
        for _, target in edges:
            before[target].append(source)
    finished = [all(r is not None for r in returns_of(graph.program, state)) for state in graph.states]
    # In a graph that was cut, what was not expanded may still be safe.
    todo = [s for s in range(count) if finished[s] or (not graph.complete and not graph.edges[s])]
    safe = set(todo)
    while todo:
        for source in before[todo.pop()]:
            if source not in safe:
                safe.add(source)
                todo.append(source)
    classes: list[StateClass] = []
    for s, state in enumerate(graph.states):
        faulted = any(mark & FAULTED for mark in state.marks)
        stuck = deadlocks[s] is not None
        classes.append(
            "finished" if finished[s] else "faulted" if faulted else "deadlocked" if stuck else "safe" if s in safe else "doomed"
        )
    return tuple(classes)


def last_choice(classes: Sequence[StateClass]) -> int | None:
    """The number of the last step that left a safe state for one that is not; None while the run is safe.

    `classes` are those of the states of a trace, so step n leads from classes[n - 1] to classes[n].
    """
    if classes[-1] in ("safe", "finished"):
        return None
    return next((n for n in range(len(classes) - 1, 0, -1) if classes[n - 1] == "safe"), None)


# The census.


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
    ends = [c in ("finished", "faulted") or bool(d and d.final) for c, d in zip(looked_at.classes, deadlocks, strict=True)]
    countable = graph.complete and not any(is_loop(graph.edges, part) for part in looked_at.parts)
    ways = _ways(graph, looked_at, ends) if countable else []
    total = sum(w for w, end in zip(ways, ends, strict=False) if end) if countable else None
    arrivals = _arrivals(graph, ends)
    closings = _closings(graph, looked_at, ways) if countable and graph.program.signals else {}
    counts: dict[tuple[object, ...], int] = {}
    firsts: dict[tuple[object, ...], int] = {}
    for state in arrivals.order:
        key = _outcome_key(graph, looked_at, state)
        if key is None or (not ends[state] and not _closes(graph, looked_at, arrivals, state)):
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


def _closes(graph: StateGraph, looked_at: Survey, arrivals: _Arrivals, state: int) -> bool:
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


def _outcome(
    graph: StateGraph, looked_at: Survey, state: int, count: int | None, schedule: tuple[int, ...]
) -> Outcome:
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
    for outcome in outcomes:
        if outcome.deadlock is not None and outcome.deadlock.cyclic and len(outcome.deadlock.waits) == 1:
            listed.append(_self_deadlock(graph, outcome))
    return tuple(sorted(listed, key=lambda f: len(f.schedule)))


def _self_deadlock(graph: StateGraph, outcome: Outcome) -> FoundFault:
    """A deadlock of one, listed as a fault too: the line to look at is that of the second acquisition."""
    assert outcome.deadlock is not None  # noqa: S101
    wait, program = outcome.deadlock.waits[0], graph.program
    operation = program.position(graph.states[outcome.state], wait.task - 1).operation
    assert operation is not None  # who waits is at an operation  # noqa: S101
    name = program.objects[wait.object].name
    fault = Fault("self-deadlock", wait.task, operation.span, operation.source, name, (name,))
    return FoundFault(fault, outcome.schedule, outcome.interleavings)


# Lock order.


class LockOrder(NamedTuple):
    """`task` asks for `inner` while it holds `outer`; `tries`: with a trylock, which does not wait."""

    outer: str
    inner: str
    task: int
    tries: bool
    state: int  # a state in which it does, first in breadth-first order


def lock_order(graph: StateGraph) -> tuple[LockOrder, ...]:
    """The lock-order graph of a scheme in a scenario: outer -> inner (Documentation/locking/lockdep-design.rst)."""
    program = graph.program
    found: dict[tuple[str, str, int, bool], LockOrder] = {}
    for number, state in enumerate(graph.states):
        for task in range(1, len(program.tasks) + 1):
            operation = program.position(state, task - 1).operation
            if operation is None or operation.action not in ("lock", "trylock"):
                continue
            for lock in program.locks:
                if state.values[lock] == task:
                    outer, inner = program.objects[lock].name, program.objects[operation.object].name
                    tries = operation.action == "trylock"
                    found.setdefault((outer, inner, task, tries), LockOrder(outer, inner, task, tries, number))
    return tuple(found.values())


def trace_classes(graph: StateGraph, looked_at: Survey, trace: Trace) -> list[StateClass]:
    """The class of each state of a trace in its own graph."""
    numbers = {state: number for number, state in enumerate(graph.states)}
    return [looked_at.classes[numbers[state]] for state in trace.states]
