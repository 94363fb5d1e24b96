"""Questions to a finished state graph: deadlocks, lock order, and what each state still allows."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Literal, NamedTuple

from sevviz.interpreter import CPU, Wait, cpu_keepers, is_stuck, wait_of, waits_of
from sevviz.loops import components
from sevviz.model import FAULTED, Program, State, Trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.explorer import StateGraph

__all__ = [
    "Deadlock",
    "LockOrder",
    "StateClass",
    "Survey",
    "deadlock_of",
    "deadlocks_of",
    "last_choice",
    "lock_order",
    "proven_classes",
    "returns_of",
    "ring_of",
    "show_result",
    "survey",
    "trace_classes",
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

    @property
    def by_signal(self) -> bool:
        """Whether fatal signals, if there were any, would end it: no signal finds a CPU for a task."""
        if any(wait.object == CPU for wait in self.waits):
            return False
        if self.cyclic:
            return self.killable
        waits = {wait.task: wait for wait in self.waits}
        return all(_ends_by_signal(wait, waits) for wait in self.waits)


def _ends_by_signal(wait: Wait, waits: dict[int, Wait]) -> bool:
    """Whether a signal ends a wait, or that of the task it waits for, and so on; waits that close no ring."""
    while not wait.killable:
        if wait.holder not in waits:
            return False
        wait = waits[wait.holder]
    return True


def show_result(result: int | None) -> str | None:
    """A task's result as C people write it: "0", "-EBUSY"; None while it has not returned."""
    if result is None:
        return None
    name = errno.errorcode.get(-result) if result < 0 else None
    return f"-{name}" if name else str(result)


def returns_of(program: Program, state: State) -> tuple[str | None, ...]:
    """The result of each task, None for those that have not returned."""
    return tuple(show_result(program.position(state, task).result) for task in range(len(program.tasks)))


def deadlocks_of(program: Program, state: State) -> tuple[Deadlock, ...]:
    """Every deadlock of a state: each cycle of waits, or all waits where nothing can ever happen again."""
    if any(mark & FAULTED for mark in state.marks):
        return ()
    waits = {wait.task: wait for wait in waits_of(program, state) if wait is not None}
    found = []
    for cycle in _cycles({t: w for t, w in waits.items() if w.object != CPU}):
        # A signal ends a killable wait, but the task that it wakes still needs a CPU to go on.
        endable = program.signals and any(wait.killable for wait in cycle) and not is_stuck(program, state)
        found.append(Deadlock(cycle, cyclic=True, final=not endable))
    if not found and waits and is_stuck(program, state):
        through_cpus = _cycles(waits)
        shown = through_cpus[0] if through_cpus else tuple(waits.values())
        found.append(Deadlock(shown, cyclic=bool(through_cpus), final=True))
    return tuple(found)


def deadlock_of(program: Program, state: State) -> Deadlock | None:
    """The deadlock of a state to show first: one that nothing can end before one that a fatal signal may end."""
    found = deadlocks_of(program, state)
    return next((deadlock for deadlock in found if deadlock.final), found[0] if found else None)


def ring_of(program: Program, state: State, deadlock: Deadlock) -> tuple[Wait, ...]:
    """The waits of a deadlock. A ring through the CPUs closes through every task that keeps one, not through one alone.

    `state` is one in which the deadlock is; its own waits come first.
    """
    found = {wait.task: wait for wait in deadlock.waits}
    todo = list(cpu_keepers(program, state)) if any(wait.object == CPU for wait in deadlock.waits) else []
    for task in todo:
        wait = wait_of(program, state, task)
        if wait is not None and task not in found:
            found[task] = wait
            todo.append(wait.holder)
    return tuple(found.values())


def _cycles(waits: dict[int, Wait]) -> list[tuple[Wait, ...]]:
    """All cycles, each from its lowest task on. A task waits for one other, so following the waits finds them."""
    done: set[int] = set()
    found = []
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
            found.append(tuple(waits[t] for t in (*ring[lowest:], *ring[:lowest])))
    return found


class Survey(NamedTuple):
    """What is known of every state: its deadlocks, its class, and the graph's strongly connected components."""

    all_deadlocks: tuple[tuple[Deadlock, ...], ...]
    deadlocks: tuple[Deadlock | None, ...]  # the one to show, see `deadlock_of`
    classes: tuple[StateClass, ...]
    parts: list[list[int]]
    ends: tuple[bool, ...]  # whether schedules end here: all returned, a fault, or a deadlock that nothing can end


def survey(graph: StateGraph) -> Survey:
    """Look at every state once."""
    every = tuple(deadlocks_of(graph.program, state) for state in graph.states)
    shown = tuple(next((d for d in found if d.final), found[0] if found else None) for found in every)
    classes = _classes(graph, shown)
    ends = tuple(
        kind in ("finished", "faulted") or any(deadlock.final for deadlock in found)
        for kind, found in zip(classes, every, strict=True)
    )
    return Survey(every, shown, classes, components(graph.edges), ends)


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
    return tuple(
        _class(state, finished=finished[s], deadlocked=deadlocks[s] is not None, safe=s in safe)
        for s, state in enumerate(graph.states)
    )


def _class(state: State, *, finished: bool, deadlocked: bool, safe: bool) -> StateClass:
    if finished:
        return "finished"
    if any(mark & FAULTED for mark in state.marks):
        return "faulted"
    if deadlocked:
        return "deadlocked"
    return "safe" if safe else "doomed"


def last_choice(classes: Sequence[StateClass]) -> int | None:
    """The number of the last step that left a safe state for one that is not; None while the run is safe.

    `classes` are those of the states of a trace, so step n leads from classes[n - 1] to classes[n].
    """
    if classes[-1] in ("safe", "finished"):
        return None
    return next((n for n in range(len(classes) - 1, 0, -1) if classes[n - 1] == "safe"), None)


def proven_classes(graph: StateGraph, looked_at: Survey) -> list[str]:
    """Each state's class; where the search stopped early, "safe" without a way to the end in hand is "unknown"."""
    classes = looked_at.classes
    if graph.complete:
        return list(classes)
    proven = [name == "finished" for name in classes]
    found = True
    while found:
        found = False
        for number in range(len(proven) - 1, -1, -1):
            if not proven[number] and any(proven[target] for _, target in graph.edges[number]):
                proven[number] = found = True
    return ["unknown" if name == "safe" and not sure else name for name, sure in zip(classes, proven, strict=True)]


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
