"""Which schedules to run: every one where there are few enough, else a seeded sample.

In a sample each schedule is equally likely; but with fatal signals, of which most would reach nobody who waits, a third
of it is of schedules with a signal that ends a wait, each such moment equally likely.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

from sevviz.analysis import deadlocks_of
from sevviz.explorer import explore
from sevviz.interpreter import initial_state, moves, wait_of
from sevviz.loops import components, is_loop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevviz.explorer import StateGraph
    from sevviz.model import Program, State

__all__ = ["Choice", "choose"]

LONGEST_WALK = 60  # steps, where schedules have no end
MOST_STATES = 60_000  # more are not worth the wait for a sample
TRIES = 20  # random walks for each that is wanted, for the short ones come again and again


class Choice(NamedTuple):
    """Schedules of a program; `total` is the number that there are, None where they were not counted.

    `endless` tells why not: in a loop, one can go round any number of times; else there are too many states.
    """

    schedules: tuple[tuple[int, ...], ...]
    total: int | None
    endless: bool = False

    @property
    def complete(self) -> bool:
        """Whether these are all."""
        return self.total == len(self.schedules)


def choose(program: Program, most: int, seed: int = 1) -> Choice:
    """At most `most` complete schedules. A schedule ends as in a census: at a return, a fault or a final deadlock.

    Where they cannot be counted (a loop, or more than MOST_STATES states) the sample is of random walks.
    """
    generator = random.Random(seed)  # noqa: S311 - a sample, not a secret
    graph = explore(program, MOST_STATES)
    parts = components(graph.edges)
    endless = any(is_loop(graph.edges, part) for part in parts)
    if endless or not graph.complete:
        walks = set[tuple[int, ...]]()
        for _ in range(TRIES * most):
            walks.add(_walk(program, generator))
            if len(walks) == most:
                break
        return Choice(tuple(sorted(walks)), None, endless)
    ends = [_is_final(program, state) or not edges for state, edges in zip(graph.states, graph.edges, strict=True)]
    left = [0] * len(graph.states)  # the number of complete schedules from each state on
    for part in parts:  # sinks first
        state = part[0]
        left[state] = 1 if ends[state] else sum(left[to] for _, to in graph.edges[state])
    if left[0] <= most:
        return Choice(tuple(_every(graph, ends)), left[0])
    found = set[tuple[int, ...]]()
    kills = _kills(graph, ends) if program.signals else []
    for _ in range(most // 3 if kills else 0):
        way, state = generator.choice(kills)
        found.add((*way, *_draw(graph, ends, left, generator.randrange(left[state]), state)))
    while len(found) < most:
        found.add(_draw(graph, ends, left, generator.randrange(left[0])))
    return Choice(tuple(sorted(found)), left[0])


def _is_final(program: Program, state: State) -> bool:
    """Whether a schedule ends here although the model may have moves: none changes anything for a final deadlock."""
    return any(deadlock.final for deadlock in deadlocks_of(program, state))


def _every(graph: StateGraph, ends: list[bool]) -> Iterator[tuple[int, ...]]:
    todo: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    while todo:
        state, schedule = todo.pop()
        if ends[state]:
            yield schedule
        else:
            todo += [(target, (*schedule, actor)) for actor, target in reversed(graph.edges[state])]


def _kills(graph: StateGraph, ends: list[bool]) -> list[tuple[tuple[int, ...], int]]:
    """Shortest ways to a task's wait that a fatal signal ends at once, each with the state that it leads to."""
    found = []
    for number, state in enumerate(graph.states):
        signals = [(-actor, to) for actor, to in graph.edges[number] if actor < 0]
        for task, signalled in signals if not ends[number] else ():  # a final deadlock stays one
            wait, after = wait_of(graph.program, state, task), dict(graph.edges[signalled]).get(task)
            if wait is not None and wait.killable and after is not None and not ends[signalled]:
                found.append(((*graph.schedule_to(number), -task, task), after))
    return found


def _draw(graph: StateGraph, ends: list[bool], left: list[int], number: int, state: int = 0) -> tuple[int, ...]:
    """Schedule `number`, in the order of `_every`, of those that go on from a state."""
    schedule = list[int]()
    while not ends[state]:
        for actor, target in graph.edges[state]:
            if number < left[target]:
                schedule.append(actor)
                state = target
                break
            number -= left[target]
    return tuple(schedule)


def _walk(program: Program, generator: random.Random) -> tuple[int, ...]:
    """A random walk: where a loop has no end, the walk is cut."""
    state, schedule = initial_state(program), list[int]()
    while len(schedule) < LONGEST_WALK and not _is_final(program, state):
        possible = moves(program, state)
        if not possible:
            break
        move = generator.choice(possible)
        schedule.append(move.actor)
        state = move.state
    return tuple(schedule)
