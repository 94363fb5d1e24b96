"""How schedules end, from a set of states: result tuples where they are few, and for many tasks numbers of results."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from sevviz.analysis import returns_of, show_result
from sevviz.census import FoundFault, Outcome, self_deadlock
from sevviz.interpreter import step
from sevviz.symbolic.deadlocks import finished_locals
from sevviz.symbolic.diagrams import EMPTY, MASK, SHIFT, TERMINAL
from sevviz.symbolic.faults import Suspect, by_holding, faults_of, schedule_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevviz.model import Fault, State
    from sevviz.symbolic.deadlocks import Deadlocks
    from sevviz.symbolic.reached import Part, Reached
    from sevviz.symbolic.rules import Local

__all__ = ["ResultCount", "deadlock_outcomes", "ended_outcomes", "result_counts", "returned_outcomes", "self_deadlocks"]

NO_STATE = -1  # these outcomes are not states of a graph


class ResultCount(NamedTuple):
    """How many tasks can have a result at once, when all have returned."""

    result: str
    numbers: tuple[int, ...]  # every number that occurs, in ascending order
    schedule: tuple[int, ...]  # a shortest schedule after which most of them have it


def returned_outcomes(reached: Reached, most: int) -> list[Outcome] | None:
    """The reachable result tuples, nearest first; None if there are more than `most`."""
    pieces = _by_results(reached, _all_returned(reached), most)
    if pieces is None:
        return None
    found = []
    for state in map(reached.nearest, sorted(pieces, key=reached.length)):
        returns = returns_of(reached.program, state)
        found.append(Outcome("returned", returns, None, reached.schedule_to(state), NO_STATE))
    return found


def deadlock_outcomes(reached: Reached, deadlocks: Deadlocks, most: int) -> tuple[list[Outcome], bool]:
    """The deadlocks by the results that tasks have returned by then, and whether this is all.

    Where one deadlock is found with too many combinations of results, only the nearest one is told.
    """
    found, complete = list[Outcome](), not deadlocks.more
    for deadlock, states, sources in deadlocks.closings:
        pieces = _by_results(reached, states, most)
        for piece in [states] if pieces is None else pieces:
            state = reached.nearest(piece)
            returns, schedule = returns_of(reached.program, state), reached.schedule_to(state, sources)
            found.append(Outcome("deadlock", returns, None, schedule, NO_STATE, deadlock=deadlock))
        complete = complete and pieces is not None
    return found, complete


def ended_outcomes(reached: Reached, suspects: list[Suspect], running: Part, most: int) -> tuple[list[Outcome], bool]:
    """The faults that end schedules, by the results returned by then, and whether this is all."""
    found: dict[tuple[tuple[str | None, ...], Fault], tuple[int, State, int]] = {}
    complete = True
    for suspect in suspects:
        part = reached.diagrams.meet(suspect.part, running) if suspect.ends else EMPTY
        pieces = _by_results(reached, part, most) if part else []
        complete = complete and pieces is not None
        for piece in [part] if pieces is None else pieces:
            state = reached.nearest(piece)
            returns = returns_of(reached.program, step(reached.program, state, suspect.actor).state)
            for fault in faults_of(reached, state, suspect.actor, running):
                key, length = (returns, fault), reached.length(piece) + 1
                if key not in found or found[key][0] > length:
                    found[key] = length, state, suspect.actor
    return [
        Outcome("fault", returns, None, schedule_of(reached, state, actor, running), NO_STATE, fault=fault)
        for (returns, fault), (_, state, actor) in found.items()
    ], complete


def self_deadlocks(reached: Reached, deadlocks: Deadlocks) -> list[FoundFault]:
    """Deadlocks of one, listed as faults too: the line to look at is that of the second acquisition."""
    found: dict[Fault, tuple[int, State, Part | None]] = {}
    for deadlock, states, sources in deadlocks.closings:
        if deadlock.cyclic and len(deadlock.waits) == 1:
            (wait,) = deadlock.waits
            for piece in _by_place(reached, wait.task - 1, states):
                state, length = reached.nearest(piece), reached.length(piece)
                fault = self_deadlock(reached.program, state, wait)
                if fault not in found or found[fault][0] > length:
                    found[fault] = length, state, sources
    return [FoundFault(fault, reached.schedule_to(end, sources), None) for fault, (_, end, sources) in found.items()]


def _by_place(reached: Reached, task: int, part: Part) -> Iterator[Part]:
    """A part in pieces by where a task is and which locks it holds."""
    for local in sorted(reached.locals_of(task)):
        for _, objects in by_holding(reached, task, local):
            piece = reached.where({task: {local}}, objects, part)
            if piece:
                yield piece


def result_counts(reached: Reached) -> tuple[ResultCount, ...]:
    """For each result: how many tasks can have it at once."""
    part = _all_returned(reached)
    if not part:
        return ()
    results = {
        _result(reached, t, local) for t in range(len(reached.program.tasks)) for local in finished_locals(reached, t)
    }
    found = []
    for result in sorted(results, key=str):
        numbers = _numbers(reached, part, result)
        if numbers[-1]:
            nearest = reached.nearest(_with_number(reached, part, result, numbers[-1]))
            found.append(ResultCount(str(result), numbers, reached.schedule_to(nearest)))
    return tuple(found)


def _result(reached: Reached, task: int, local: Local) -> str | None:
    return show_result(reached.rules.position(task, local).result)


def _all_returned(reached: Reached) -> Part:
    tasks = range(len(reached.program.tasks))
    return reached.where({task: finished_locals(reached, task) for task in tasks})


def _by_results(reached: Reached, part: Part, most: int) -> list[Part] | None:
    """A part in pieces by what tasks have returned; None if there are more than `most`."""
    if not _few_results(reached, part, most):
        return None
    pieces = [part] if part else []
    for task in range(len(reached.program.tasks)):
        kind = {task: partial(_result, reached, task)}
        pieces = [smaller for piece in pieces for _, smaller in reached.split(piece, kind)]
    return pieces


def _few_results(reached: Reached, part: Part, most: int) -> bool:
    """Whether a part has at most `most` combinations of results."""
    known: dict[int, frozenset[tuple[str | None, ...]]] = {0: frozenset(), TERMINAL: frozenset({()})}

    def results(level: int, node: int) -> frozenset[tuple[str | None, ...]]:
        found = known.get(node)
        if found is None:
            is_task, number = reached.order.variables[level]
            sets = []
            for value, edge in reached.diagrams.nodes[node].items():
                below = results(level + 1, edge >> SHIFT)
                if len(below) > most:  # then there are as many here, and counting can stop
                    return known.setdefault(node, below)
                own = (_result(reached, number, value),) if is_task else ()
                sets.append(frozenset(own + others for others in below) if own else below)
            found = known[node] = frozenset().union(*sets)
        return found

    return len(results(0, part >> SHIFT)) <= most


def _numbers(reached: Reached, part: Part, result: str | None) -> tuple[int, ...]:
    """The numbers of tasks with a result in some state of a part, in ascending order."""
    known = {TERMINAL: 1}  # by node: bit n is set if n tasks from here on can have the result

    def numbers(level: int, node: int) -> int:
        found = known.get(node)
        if found is None:
            found = 0
            for value, edge in reached.diagrams.nodes[node].items():
                found |= numbers(level + 1, edge >> SHIFT) << _counts(reached, level, value, result)
            known[node] = found
        return found

    bits = numbers(0, part >> SHIFT)
    return tuple(number for number in range(bits.bit_length()) if bits >> number & 1)


def _counts(reached: Reached, level: int, value: int, result: str | None) -> int:
    is_task, number = reached.order.variables[level]
    return 1 if is_task and _result(reached, number, value) == result else 0


def _with_number(reached: Reached, part: Part, result: str | None, number: int) -> Part:
    """The states of a part in which exactly `number` tasks have a result."""
    known: dict[tuple[int, int], Part] = {}

    def keep(level: int, edge: int, left: int) -> Part:
        node = edge >> SHIFT
        if node == TERMINAL or left < 0:
            return EMPTY if left else edge
        if (node, left) not in known:
            children = {}
            for value, below in reached.diagrams.nodes[node].items():
                rest = keep(level + 1, below, left - _counts(reached, level, value, result))
                if rest:
                    children[value] = rest
            known[node, left] = reached.diagrams.make(children)
        found = known[node, left]
        return found + (edge & MASK) if found else EMPTY

    return keep(0, part, number)
