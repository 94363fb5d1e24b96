"""Endless runs: livelock (a fair scheduler can follow it for ever) and starvation (only an unfair one can).

A loop is fair if every task steps in it or is disabled somewhere on it (weak fairness; "justice" in Manna and Pnueli
1992). A strongly connected component has a fair loop if and only if it is fair as a whole, since a walk can visit all
of it. Tarjan's algorithm (1972) finds the components.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from sevviz.explorer import StateGraph

__all__ = ["Lasso", "components", "find_livelock", "find_starvation"]

N = TypeVar("N")
Edges = Sequence[Sequence[tuple[int, int]]]


class Lasso(NamedTuple):
    """An endless run: `stem` leads to a state, `loop` leads from there back to it. `tasks` are left out for ever."""

    stem: tuple[int, ...]
    loop: tuple[int, ...]
    tasks: tuple[int, ...] = ()


def components(edges: Edges) -> list[list[int]]:
    """The strongly connected components, each before those that lead to it (so the reverse is topological)."""
    index, low = [0] * len(edges), [0] * len(edges)  # 0: not visited
    on_stack, stack = [False] * len(edges), list[int]()
    found: list[list[int]] = []
    counter = 0
    for root in range(len(edges)):
        if index[root]:
            continue
        work = [(root, 0)]
        while work:
            state, position = work.pop()
            if position == 0:
                counter += 1
                index[state] = low[state] = counter
                stack.append(state)
                on_stack[state] = True
            for following in range(position, len(edges[state])):
                target = edges[state][following][1]
                if not index[target]:
                    work += [(state, following + 1), (target, 0)]
                    break
                if on_stack[target]:
                    low[state] = min(low[state], index[target])
            else:
                if low[state] == index[state]:
                    found.append(_pop_component(state, stack, on_stack))
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[state])
    return found


def _pop_component(root: int, stack: list[int], on_stack: list[bool]) -> list[int]:
    members: list[int] = []
    while not members or members[-1] != root:
        members.append(stack.pop())
        on_stack[members[-1]] = False
    return members


def is_loop(edges: Edges, members: list[int]) -> bool:
    """Whether a component has an edge inside."""
    return len(members) > 1 or any(target == members[0] for _, target in edges[members[0]])


def find_livelock(graph: StateGraph, parts: list[list[int]]) -> Lasso | None:
    """A fair loop with a shortest stem, and the shortest fair loop from its end; None if there is none.

    `parts` are the components of the graph.
    """
    tasks = range(1, len(graph.program.tasks) + 1)
    loops = sorted((sorted(p) for p in parts if is_loop(graph.edges, p)), key=lambda p: p[0])
    for members in loops:
        inside = set(members)
        stepping = {actor for s in members for actor, target in graph.edges[s] if target in inside}
        if all(t in stepping or any(_disabled(graph, s, t) for s in members) for t in tasks):
            return Lasso(graph.schedule_to(members[0]), _fair_loop(graph, members[0], inside))
    return None


def _disabled(graph: StateGraph, state: int, task: int) -> bool:
    return all(actor != task for actor, _ in graph.edges[state])


def _fair_loop(graph: StateGraph, start: int, inside: set[int]) -> tuple[int, ...]:
    """The shortest walk from `start` back to it that steps, or sees disabled, every task."""
    count = len(graph.program.tasks)

    def seen_in(state: int) -> int:
        return sum(1 << t - 1 for t in range(1, count + 1) if _disabled(graph, state, t))

    first = (start, seen_in(start))
    goal = (start, (1 << count) - 1)
    parents: dict[tuple[int, int], tuple[tuple[int, int], int]] = {}
    queue = deque([first])
    while queue:
        node = queue.popleft()
        state, seen = node
        for actor, target in graph.edges[state]:
            following = (target, seen | (1 << actor - 1 if actor > 0 else 0) | seen_in(target))
            if target in inside and following not in parents:
                parents[following] = (node, actor)
                if following == goal:
                    return _unwind(parents, goal, first)
                queue.append(following)
    raise AssertionError("a fair component has a fair loop")


def _unwind(parents: dict[N, tuple[N, int]], goal: N, first: N) -> tuple[int, ...]:
    actors = []
    node = goal
    while True:
        node, actor = parents[node]
        actors.append(actor)
        if node == first:
            return tuple(reversed(actors))


def find_starvation(graph: StateGraph, parts: list[list[int]]) -> Lasso | None:
    """A loop on which some task could always step and never does, with a shortest stem; None if there is none."""
    best: Lasso | None = None
    if not any(is_loop(graph.edges, part) for part in parts):
        return None
    for task in range(1, len(graph.program.tasks) + 1):
        enabled = [not _disabled(graph, s, task) for s in range(len(graph.states))]
        edges = [
            [(a, t) for a, t in graph.edges[s] if a != task and a > 0 and enabled[t]] if enabled[s] else []
            for s in range(len(graph.states))
        ]
        entry = min((min(part) for part in components(edges) if is_loop(edges, part)), default=None)
        if entry is None:
            continue
        stem, loop = graph.schedule_to(entry), _shortest_loop(edges, entry)
        if best is None or len(stem) < len(best.stem):
            best = Lasso(stem, loop, _left_out(graph, entry, loop))
    return best


def _shortest_loop(edges: Edges, start: int) -> tuple[int, ...]:
    parents: dict[int, tuple[int, int]] = {}
    queue = deque([start])
    while queue:
        state = queue.popleft()
        for actor, target in edges[state]:
            if target not in parents:
                parents[target] = (state, actor)
                if target == start:
                    return _unwind(parents, start, start)
                queue.append(target)
    raise AssertionError("the start lies on a loop")


def _left_out(graph: StateGraph, state: int, loop: Iterable[int]) -> tuple[int, ...]:
    """The tasks that could step in every state of the loop and do not."""
    left = set(range(1, len(graph.program.tasks) + 1)) - set(loop)
    for actor in loop:
        left -= {task for task in left if _disabled(graph, state, task)}
        state = dict(graph.edges[state])[actor]
    return tuple(sorted(left))
