"""The progress graphs of every way that two tasks can take, for a page in which no Python can draw the next one."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from sevviz.views.progress import progress_payload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevviz.explorer import StateGraph
    from sevviz.progress import Path, Plane, ProgressGraph

__all__ = ["MOST_PLANES", "planes_payload"]

MOST_PLANES = 12  # in one page; two VMs take 1 to 9, unless a task can go round and round
MOST_WALKS = 20_000  # ends of walks looked at: about a tenth of a second

Ways = tuple[tuple[int, ...], tuple[int, ...]]  # the positions that each of the two tasks has passed


def planes_payload(plane: Plane, shown: ProgressGraph) -> dict[str, Any]:
    """What the browser draws, with `planes`: all progress graphs that the schedules of a page can need, `shown` first.

    Each axis has its `positions`, by which a page finds the graph of a schedule; `more` says that there are others.
    """
    found = {_key(shown): shown}
    walks = _schedules(plane.graph, plane.tasks)
    more = False
    for schedule in walks:
        graph = plane.along(schedule)
        more = len(found) == MOST_PLANES and _key(graph) not in found
        if more:
            break
        found.setdefault(_key(graph), graph)
    planes = [_with_positions(graph) for graph in found.values()]
    return {**planes[0], "planes": planes, "more": more}


def _key(graph: ProgressGraph) -> Ways:
    first, second = graph.paths
    return first.positions, second.positions


def _with_positions(graph: ProgressGraph) -> dict[str, Any]:
    payload = progress_payload(graph)
    axes: list[tuple[dict[str, Any], Path]] = list(zip(payload["axes"], graph.paths, strict=True))
    return {**payload, "axes": [{**axis, "positions": list(path.positions)} for axis, path in axes]}


def _schedules(graph: StateGraph, tasks: tuple[int, int]) -> Iterator[tuple[int, ...]]:
    """A schedule for every pair of ways to an end, shortest first."""
    start = graph.states[0].positions
    first: tuple[int, Ways] = (0, ((start[tasks[0] - 1],), (start[tasks[1] - 1],)))
    came: dict[tuple[int, Ways], tuple[tuple[int, Ways], int] | None] = {first: None}
    waiting = deque([first])
    while waiting and len(came) < MOST_WALKS:
        here = waiting.popleft()
        number, ways = here
        if not graph.edges[number]:
            yield _back(came, here)
        for actor, target in graph.edges[number]:
            positions = graph.states[target].positions
            passed = (_longer(ways[0], positions[tasks[0] - 1]), _longer(ways[1], positions[tasks[1] - 1]))
            if (target, passed) not in came:
                came[target, passed] = (here, actor)
                waiting.append((target, passed))


def _longer(way: tuple[int, ...], position: int) -> tuple[int, ...]:
    return way if way[-1] == position else (*way, position)


def _back(came: dict[tuple[int, Ways], tuple[tuple[int, Ways], int] | None], end: tuple[int, Ways]) -> tuple[int, ...]:
    schedule: list[int] = []
    step = came[end]
    while step is not None:
        before, actor = step
        schedule.append(actor)
        step = came[before]
    return tuple(reversed(schedule))
