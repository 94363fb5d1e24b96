"""The wait-for graph as DOT text: the arrows of states, and tasks and locks at their fixed places."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from sevviz.interpreter import CPU, cpu_keepers, waits_of
from sevviz.views.names import arrow
from sevviz.views.placement import TASK, Place, place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sevviz.model import Program, State

__all__ = ["LETTERS", "Arrows", "arrows_of", "lock_name", "node_of", "wait_for_dot"]

POINTS_PER_INCH = 72
BOX_PADDING = 16.0  # points
ROUND = 8.0  # the same, of a task
LONGEST_CALL = 18  # letters that a task has room for; the title tells all
LETTERS = 13  # points, the height of all letters
LETTER = 7.3  # points, a wide one at the size of the labels

HEAD = f"""digraph {{
graph [splines=true, bgcolor=transparent, pad=0.06]
node [fontname="sans-serif", fontsize={LETTERS}, fixedsize=true]
edge [arrowsize=0.8]
"""


class Arrows(NamedTuple):
    """Who holds and who waits, as pairs. A lock is an index into Program.objects, or CPU."""

    holds: frozenset[tuple[int, int]]  # (lock, task)
    waits: frozenset[tuple[int, int]]  # (task, lock)

    @property
    def ids(self) -> set[str]:
        """Their ids in the drawing: h-3-1 (lock 3 is held by task 1), w-1-3 (task 1 waits for lock 3)."""
        held = {f"h-{_suffix(lock)}-{task}" for lock, task in self.holds}
        return held | {f"w-{task}-{_suffix(lock)}" for task, lock in self.waits}


def arrows_of(program: Program, states: Iterable[State]) -> Arrows:
    """Every hold and every wait of some states. While a task waits for a CPU, all that keep one have their arrows."""
    holds, waits = set[tuple[int, int]](), set[tuple[int, int]]()
    for state in states:
        holds.update((lock, state.values[lock]) for lock in program.locks if state.values[lock])
        holds.update((CPU, task) for task in cpu_keepers(program, state))
        waits.update((wait.task, wait.object) for wait in waits_of(program, state) if wait is not None)
    return Arrows(frozenset(holds), frozenset(waits))


def wait_for_dot(program: Program, arrows: Arrows) -> str:
    """The DOT text of some arrows between tasks (round, t1) and locks (boxes, o3; cpu for the processors)."""
    touched = defaultdict[int, set[int]](set)
    for lock, task in (*arrows.holds, *((lock, task) for task, lock in arrows.waits)):
        touched[lock].add(task)
    used = {lock: frozenset(touched[lock]) for lock in sorted(touched)}
    across = max(TASK, *(_across(_call(program, task)) for task in range(1, len(program.tasks) + 1)))
    tasks, locks = place(len(program.tasks), used, {lock: _width(program, lock) for lock in used}, across)
    lines = [_task(program, task, at, across) for task, at in sorted(tasks.items())]
    lines += [_lock(program, lock, at) for lock, at in sorted(locks.items())]
    for lock, task in sorted(arrows.holds):
        lines.append(f'{node_of(lock)} -> t{task} [id="h-{_suffix(lock)}-{task}", class=hold]')
    for task, lock in sorted(arrows.waits):
        lines.append(f't{task} -> {node_of(lock)} [id="w-{task}-{_suffix(lock)}", class=wait, style=dashed]')
    return HEAD + "\n".join(lines) + "\n}\n"


def node_of(lock: int) -> str:
    """The id of a lock's box."""
    return "cpu" if lock == CPU else f"o{lock}"


def _suffix(lock: int) -> str:
    return "cpu" if lock == CPU else str(lock)


def lock_name(program: Program, lock: int) -> str:
    """What stands in its box: "A.lock", "2 CPUs"."""
    if lock != CPU:
        return program.objects[lock].name
    return "1 CPU" if program.cpus == 1 else f"{program.cpus} CPUs"


def _call(program: Program, task: int) -> str:
    call = arrow(program.tasks[task - 1].label)
    return call if len(call) <= LONGEST_CALL else f"{call[: LONGEST_CALL - 1]}…"


def _across(call: str) -> float:
    """How wide a task is for its call; an arrow is as wide as two letters."""
    return LETTER * (len(call) + call.count("→")) + ROUND


def _task(program: Program, task: int, at: Place, across: float) -> str:
    label = f"{task}\\n{_call(program, task)}"
    size = f"width={across / POINTS_PER_INCH:.3f}, height={TASK / POINTS_PER_INCH:.3f}"
    return f't{task} [id="t{task}", class=task, shape=ellipse, margin=0, {size}, {_pin(at)}, label="{label}"]'


def _lock(program: Program, lock: int, at: Place) -> str:
    name, kind = lock_name(program, lock), "cpu" if lock == CPU else f"lock {program.objects[lock].kind}"
    size = f"width={_width(program, lock) / POINTS_PER_INCH:.3f}, height=0.36"
    return f'{node_of(lock)} [id="{node_of(lock)}", class="{kind}", shape=box, {size}, {_pin(at)}, label="{name}"]'


def _width(program: Program, lock: int) -> float:
    return BOX_PADDING + LETTER * len(lock_name(program, lock))


def _pin(at: Place) -> str:
    inches = [f"{length / POINTS_PER_INCH:.3f}" for length in at]
    return f'pos="{inches[0]},{inches[1]}!"'
