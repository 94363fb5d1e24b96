"""The wait-for graph: one layout of everything that may happen, in which a player switches arrows on and off."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sevviz.views.conditions import condition_of
from sevviz.views.dot import render_dot
from sevviz.views.names import arrow
from sevviz.views.placement import Place, place

if TYPE_CHECKING:
    from sevviz.explorer import StateGraph
    from sevviz.model import Program

__all__ = ["union_dot", "union_svg"]

POINTS_PER_INCH = 72
MOST_STATES = 20_000  # enough to have met every pair of a task and a lock

HEAD = """digraph {
graph [splines=curved, bgcolor=transparent, pad=0.06]
node [fontname="sans-serif", fontsize=13]
edge [arrowsize=0.8]
"""


def union_svg(graph: StateGraph) -> str:
    """SVG with ids t1 (task), o3 (lock), h-3-1 (lock 3 held by 1), w-1-3 (1 waits for lock 3); "" without Graphviz."""
    return render_dot(union_dot(graph), "neato") or ""


def union_dot(graph: StateGraph) -> str:
    """The DOT text of every hold and wait of a state graph: tasks round, locks boxes."""
    program = graph.program
    holds, waits = _arrows(graph)
    touched = defaultdict[int, set[int]](set)
    for lock, task in (*holds, *((lock, task) for task, lock in waits)):
        touched[lock].add(task)
    used = {lock: frozenset(touched[lock]) for lock in sorted(touched)}
    tasks, locks = place(len(program.tasks), used)
    lines = [_task(program, task, at) for task, at in sorted(tasks.items())]
    lines += [_lock(program, lock, at) for lock, at in sorted(locks.items())]
    lines += [f'o{lock} -> t{task} [id="h-{lock}-{task}"]' for lock, task in sorted(holds)]
    lines += [f't{task} -> o{lock} [id="w-{task}-{lock}", style=dashed]' for task, lock in sorted(waits)]
    return HEAD + "\n".join(lines) + "\n}\n"


def _arrows(graph: StateGraph) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    holds, waits = set[tuple[int, int]](), set[tuple[int, int]]()
    for state in graph.states[:MOST_STATES]:
        for task in range(1, len(graph.program.tasks) + 1):
            condition = condition_of(graph.program, state, task)
            holds.update((lock, task) for lock in condition.holds)
            if condition.holder and condition.object >= 0:
                waits.add((task, condition.object))
    return holds, waits


def _task(program: Program, task: int, at: Place) -> str:
    label = f"{task}\\n{arrow(program.tasks[task - 1].label)}"
    return f't{task} [id="t{task}", shape=circle, margin=0, width=0.8, fixedsize=true, {_pin(at)}, label="{label}"]'


def _lock(program: Program, lock: int, at: Place) -> str:
    name = program.objects[lock].name
    return f'o{lock} [id="o{lock}", shape=box, margin="0.1,0.04", height=0.36, {_pin(at)}, label="{name}"]'


def _pin(at: Place) -> str:
    inches = [f"{length / POINTS_PER_INCH:.3f}" for length in at]
    return f'pos="{inches[0]},{inches[1]}!"'
