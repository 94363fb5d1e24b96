"""All interleavings: breadth-first search over whole states."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sevviz.interpreter import initial_state, moves

if TYPE_CHECKING:
    from collections.abc import Callable

    from sevviz.model import Fault, Program, State

__all__ = ["DEFAULT_LIMIT", "StateGraph", "explore"]

DEFAULT_LIMIT = 1_000_000  # states; about 1 GB
PROGRESS_EVERY = 10_000  # states


class StateGraph(NamedTuple):
    """All reachable states and transitions, in breadth-first order; state 0 is initial.

    `edges[s]` are (actor, target) in the order of `moves`; `faults[s, actor]` the rules that this step breaks. The
    search stopped early if `complete` is false: then an absence proves nothing.
    """

    program: Program
    states: tuple[State, ...]
    edges: tuple[tuple[tuple[int, int], ...], ...]
    faults: dict[tuple[int, int], tuple[Fault, ...]]
    parents: tuple[
        tuple[int, int], ...
    ]  # (state, actor) by which each state was first reached; (-1, 0) for the initial
    complete: bool

    @property
    def transitions(self) -> int:
        """The number of edges."""
        return sum(map(len, self.edges))

    def schedule_to(self, state: int) -> tuple[int, ...]:
        """A shortest schedule to a state: the first one in the order of actors."""
        actors = []
        while state:
            state, actor = self.parents[state]
            actors.append(actor)
        return tuple(reversed(actors))


def explore(program: Program, limit: int = DEFAULT_LIMIT, progress: Callable[[int], None] | None = None) -> StateGraph:
    """The state graph of a program; marked as not complete if it has more than `limit` states.

    `progress` is called with the number of states found, every PROGRESS_EVERY states.
    """
    start = initial_state(program)
    states, numbers = [start], {start: 0}
    parents = [(-1, 0)]
    edges: list[tuple[tuple[int, int], ...]] = []
    faults: dict[tuple[int, int], tuple[Fault, ...]] = {}
    # The list grows while it is walked: it is the queue.
    for source, state in enumerate(states):
        reached = moves(program, state)
        room = limit - len(states)
        if len(reached) > room and len({move.state for move in reached} - numbers.keys()) > room:
            break
        found = []
        for actor, target, broken in reached:
            number = numbers.get(target)
            if number is None:
                number = numbers[target] = len(states)
                states.append(target)
                parents.append((source, actor))
                if progress is not None and number % PROGRESS_EVERY == 0:
                    progress(number)
            found.append((actor, number))
            if broken:
                faults[source, actor] = broken
        edges.append(tuple(found))
    complete = len(edges) == len(states)
    edges += [()] * (len(states) - len(edges))
    return StateGraph(program, tuple(states), tuple(edges), faults, tuple(parents), complete)
