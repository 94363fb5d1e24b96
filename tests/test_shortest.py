"""Every schedule in a verdict, held against a plain breadth-first search with the interpreter alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pairs import pairs, shipped_verdict

import sevviz
from sevviz.analysis import returns_of
from sevviz.interpreter import CPU, initial_state, is_stuck, moves, wait_of
from sevviz.model import FAULTED

if TYPE_CHECKING:
    from sevviz.interpreter import Wait
    from sevviz.model import Program, State
    from sevviz.verdict import Verdict

Ending = tuple[object, ...]


def cycles_of(program: Program, state: State) -> set[frozenset[Wait]]:
    """The cycles of waits for locks: follow each task to the holder that it waits for until a task comes again."""
    waits = {task: wait_of(program, state, task) for task in range(1, len(program.tasks) + 1)}
    found = set()
    for first in waits.values():
        path: list[Wait] = []
        wait = first
        while wait is not None and wait.object != CPU and wait not in path:
            path.append(wait)
            wait = waits[wait.holder]
        if path and wait == path[0]:
            found.add(frozenset(path))
    return found


def is_final(program: Program, state: State, cycle: frozenset[Wait]) -> bool:
    """Whether no fatal signal of the scenario can end a cycle."""
    return not (program.signals and any(wait.killable for wait in cycle)) or is_stuck(program, state)


def endings(program: Program, before: State, after: State, faults: list[str]) -> list[Ending]:
    """What a step from one state to another ends in."""
    returns = returns_of(program, after)
    if any(mark & FAULTED for mark in after.marks):
        return [("fault", returns, faults[0])]
    if None not in returns:
        return [("returned", returns)]
    closed = cycles_of(program, after) - cycles_of(program, before)
    found: list[Ending] = [("deadlock", returns, cycle) for cycle in closed]
    if not cycles_of(program, after) and is_stuck(program, after):
        found.append(("deadlock", returns, "stuck"))
    return found


def search(program: Program) -> tuple[dict[Ending, int], dict[tuple[object, ...], int]]:
    """The least number of steps to each ending and to each fault, level by level.

    A state counts twice, with and without a deadlock on the way that nothing can end: faults are looked for beyond it.
    """
    start = initial_state(program)
    returns = returns_of(program, start)
    shortest: dict[Ending, int] = {} if None in returns else {("returned", returns): 0}
    first_fault: dict[tuple[object, ...], int] = {}
    level, seen, depth = [(start, False)], {(start, False)}, 0
    while level:
        depth += 1
        following = []
        for state, over in level:
            for _, after, broken in moves(program, state):
                for fault in broken:
                    first_fault.setdefault((fault.kind, fault.task, fault.span, fault.object, fault.holding), depth)
                if not over:
                    for ending in endings(program, state, after, [fault.kind for fault in broken]):
                        shortest.setdefault(ending, depth)
                ends = over or any(is_final(program, after, cycle) for cycle in cycles_of(program, after))
                if (after, ends) not in seen and (after, False) not in seen:
                    seen.add((after, ends))
                    following.append((after, ends))
        level = following
    return shortest, first_fault


def claimed(found: Verdict) -> dict[Ending, int]:
    """The endings of a verdict with the lengths of their schedules."""
    lengths: dict[Ending, int] = {}
    for outcome in found.outcomes:
        what: tuple[object, ...] = ()
        if outcome.deadlock is not None:
            by_locks = outcome.deadlock.cyclic and all(wait.object != CPU for wait in outcome.deadlock.waits)
            what = (frozenset(outcome.deadlock.waits) if by_locks else "stuck",)
        elif outcome.fault is not None:
            what = (outcome.fault.kind,)
        key = (outcome.kind, outcome.returns, *what)
        lengths[key] = min(lengths.get(key, len(outcome.schedule)), len(outcome.schedule))
    return lengths


@pairs(sevviz.scenario_names())
def test_every_schedule_of_a_verdict_is_a_shortest_one_and_replays_to_what_it_claims(
    scheme: str, scenario: str
) -> None:
    found = shipped_verdict(scheme, scenario)
    shortest, first_fault = search(found.program)
    assert claimed(found) == shortest
    for outcome in found.outcomes:
        end = sevviz.run(found.program, outcome.schedule).states[-1]
        assert end == found.graph.states[outcome.state]
        assert returns_of(found.program, end) == outcome.returns
        if outcome.deadlock is not None:
            assert all(wait == wait_of(found.program, end, wait.task) for wait in outcome.deadlock.waits)
    for listed in found.faults:
        fault, last = listed.fault, sevviz.run(found.program, listed.schedule)
        if fault.kind != "self-deadlock":
            assert fault in last.steps[-1].faults
            assert len(listed.schedule) == first_fault[fault.kind, fault.task, fault.span, fault.object, fault.holding]
    for lasso in (found.livelock, found.starvation):
        if lasso is not None:
            states = sevviz.run(found.program, lasso.stem + lasso.loop).states
            assert states[len(lasso.stem)] == states[-1]
            assert not set(lasso.tasks) & set(lasso.loop)
