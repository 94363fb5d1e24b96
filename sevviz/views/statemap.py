"""The state map: the whole state graph, layered by the number of steps to each state, coloured by what it allows.

One layout serves the figure and the live view, so that a reader finds a state in the same place.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from sevviz.counting import counted
from sevviz.errors import SevvizError
from sevviz.schedule import format_actor, format_schedule, parse_schedule
from sevviz.traces import run
from sevviz.views.names import listed
from sevviz.views.regions import REGIONS, loop_states, mark_words, marked_classes, scenario_title
from sevviz.views.text import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.explorer import StateGraph
    from sevviz.verdict import Verdict

__all__ = ["MOST_STATES", "StateMap", "alt_of", "map_payload", "map_text", "state_map"]

MOST_STATES = 1_500  # more is a cloud, not a map
SWEEPS = 6  # of sorting each layer by where its neighbours stand
ENDS = "The schedule {schedule} ends in a {kind} state."
ORDER = ("finished", "safe", "livelock", "faulted", "doomed", "deadlocked")  # from the top of a layer down


class StateMap(NamedTuple):
    """Places (in units of one state's room, the start on the left) and classes of all states of a verdict.

    `path` are the states of a schedule, `loop` those of the livelock that the verdict shows.
    """

    verdict: Verdict
    classes: list[str]
    places: list[tuple[float, float]]
    path: tuple[int, ...]
    loop: tuple[int, ...]
    schedule: tuple[int, ...]


def state_map(verdict: Verdict, schedule: str = "") -> StateMap:
    """The map of a verdict's states with a schedule in it; raises SevvizError where it would be too large to read."""
    graph = verdict.graph
    if len(graph.states) > MOST_STATES:
        words = f"a state map shows up to {MOST_STATES:,} states, and this search has {len(graph.states):,}"
        raise SevvizError(f"{words}: take a scenario with fewer tasks, or the progress graph")
    actors = parse_schedule(schedule, len(verdict.program.tasks))
    run(verdict.program, actors)  # raises the error that names the step
    path = [0]
    for actor in actors:
        path.append(dict(graph.edges[path[-1]])[actor])
    classes = marked_classes(verdict)
    return StateMap(verdict, classes, _places(graph, classes), tuple(path), loop_states(verdict), actors)


def _places(graph: StateGraph, classes: Sequence[str]) -> list[tuple[float, float]]:
    depth = [0] * len(graph.states)
    layers: list[list[int]] = [[]]
    for number in range(len(graph.states)):
        depth[number] = depth[graph.parents[number][0]] + 1 if number else 0
        if depth[number] == len(layers):
            layers.append([])
        layers[depth[number]].append(number)
    height = _sorted_layers(graph, classes, layers)
    return [(float(depth[number]), height[number]) for number in range(len(graph.states))]


def _sorted_layers(graph: StateGraph, classes: Sequence[str], layers: list[list[int]]) -> list[float]:
    """Heights: within a layer by class, then by the mean height of the neighbours, so that few edges cross."""
    near: list[list[int]] = [[] for _ in graph.states]
    for source, edges in enumerate(graph.edges):
        for _, target in edges:
            near[source].append(target)
            near[target].append(source)
    height = [0.0] * len(graph.states)
    for sweep in range(SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            means = {n: sum(height[m] for m in near[n]) / max(1, len(near[n])) for n in layer}
            layer.sort(key=lambda n: (ORDER.index(classes[n]), means[n], n))
            for index, number in enumerate(layer):
                height[number] = index - (len(layer) - 1) / 2
    return height


# Words.


def map_text(found: StateMap) -> str:
    """The map as plain text: how many states of each class there are at each depth, and how to get to the first."""
    graph, program = found.verdict.graph, found.verdict.program
    used = [kind for kind in REGIONS if kind in found.classes]
    depths = [int(x) for x, _ in found.places]
    counts = Counter(zip(depths, found.classes, strict=True))
    rows = [("steps", *used)]
    rows += [(str(d), *(str(counts[d, kind] or ".") for kind in used)) for d in range(max(depths) + 1)]
    firsts = [("class", "states", "a shortest schedule")]
    for kind in used:
        first = format_schedule(graph.schedule_to(found.classes.index(kind))) or "(the start)"
        firsts.append((kind, str(found.classes.count(kind)), first))
    head = f"State map: {program.title}, {scenario_title(program)}"
    return "\n".join([head, table(firsts), "", "States by the number of steps to them:", table(rows)])


def alt_of(found: StateMap) -> str:
    """What a glance at the map shows."""
    ends = ENDS.format(schedule=format_schedule(found.schedule), kind=found.classes[found.path[-1]])
    return f"{_alt_without_schedule(found)} {ends}" if found.schedule else _alt_without_schedule(found)


def _alt_without_schedule(found: StateMap) -> str:
    counts = Counter(found.classes)
    each = listed(f"{counts[kind]} {kind}" for kind in REGIONS if counts[kind])
    graph = found.verdict.graph
    return (
        f"State map of {found.verdict.program.title}: {counted(len(graph.states), 'state')} and "
        f"{counted(graph.transitions, 'step')} between them, from the start on the left. States: {each}."
    )


# Data for the live view.


def map_payload(found: StateMap) -> dict[str, Any]:
    """What the browser draws and walks: columns with an entry per state, and edges as rows (source, choice, target).

    `alt` speaks of no schedule: `ends` is the sentence that the browser adds for the one that it shows.
    """
    graph, program = found.verdict.graph, found.verdict.program
    used = [kind for kind in REGIONS if kind in found.classes]
    return {
        "view": "statemap",
        "label": f"State map: {program.title}, {scenario_title(program)}",
        "title": f"{program.title}, {scenario_title(program)}",
        "schedule": format_schedule(found.schedule),
        "x": [x for x, _ in found.places],
        "y": [y for _, y in found.places],
        "class": [used.index(kind) for kind in found.classes],
        "parent": [parent for parent, _ in graph.parents],
        "edges": [[s, format_actor(actor), t] for s, edges in enumerate(graph.edges) for actor, t in edges],
        "loop": list(found.loop),
        "used": [{**_look(found, kind), "states": found.classes.count(kind)} for kind in used],
        "alt": _alt_without_schedule(found),
        "ends": ENDS,
        "text": map_text(found),
    }


def _look(found: StateMap, kind: str) -> dict[str, str]:
    words = mark_words(found.verdict, kind)
    return {"kind": kind, "letter": REGIONS[kind].letter, "marker": REGIONS[kind].marker, "words": words}


def loop_steps(found: StateMap) -> list[tuple[int, int]]:
    """The edges of the livelock, in order."""
    closed = [*found.loop, *found.loop[:1]]
    return list(pairwise(closed)) if found.loop else []
