"""The progress graph of two tasks: how far each has come on its path, and where each pair of positions can lead.

The picture is Dijkstra's (Coffman, Elphick and Shoshani 1971; Bryant and O'Hallaron, "Computer Systems", progress
graphs). Here it is not drawn from the geometry of lock intervals: every cell and border is asked of the finished state
graph, so tries, signals and further tasks are told as they are.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from sevviz.errors import SevvizError
from sevviz.schedule import task_of
from sevviz.traces import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.analysis import StateClass, Survey
    from sevviz.explorer import StateGraph
    from sevviz.model import Operation

__all__ = ["Border", "Cell", "CellKind", "Passage", "Path", "Plane", "ProgressGraph"]

CellKind = Literal["safe", "doomed", "deadlocked", "finished", "faulted", "mixed", "forbidden", "unreachable"]
# free: an ordinary step. wall: the task has to wait. door: a try that goes through; shut: a try that does not, so that
# the task leaves the path. On the path of a failed try it is the other way round: where the try is refused, the task
# stays on the path, and where it is granted, the task leaves it. Several in one border: it depends on the other tasks,
# or on a signal.
Passage = Literal["free", "wall", "door", "shut", "refused", "granted"]
Border = tuple[Passage, ...]

PAIR = 2


class Cell(NamedTuple):
    """One pair of positions. `states` are the reachable ones in it, in breadth-first order; `locks` both would hold."""

    kind: CellKind
    states: tuple[int, ...] = ()
    locks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """The positions of one task along an axis, from its start.

    `fork` is the number of the first step that is not the one which the task takes alone, None if there is none.
    """

    task: int
    positions: tuple[int, ...]
    operations: tuple[Operation | None, ...]  # one per step: one less than positions
    fork: int | None


@dataclass(frozen=True, slots=True)
class ProgressGraph:
    """The plane of two paths. Cells are `cells[x][y]`: x steps of the first task are done and y of the second.

    `across[x][y]` is the border that step x + 1 of the first task has to pass, `up[x][y]` that of step y + 1 of the
    second. `stairs` are the coordinates of a schedule's states.
    """

    graph: StateGraph
    paths: tuple[Path, Path]
    cells: tuple[tuple[Cell, ...], ...]
    across: tuple[tuple[Border, ...], ...]
    up: tuple[tuple[Border, ...], ...]
    stairs: tuple[tuple[int, int], ...]
    schedule: tuple[int, ...]

    def schedule_to(self, x: int, y: int) -> tuple[int, ...] | None:
        """A shortest schedule into a cell; None if no schedule leads there."""
        states = self.cells[x][y].states
        return self.graph.schedule_to(states[0]) if states else None


class Plane:
    """Everything about two tasks (numbered from 1) of a state graph that is worth keeping from schedule to schedule."""

    def __init__(self, graph: StateGraph, looked_at: Survey, tasks: tuple[int, int] = (1, 2)) -> None:
        count = len(graph.program.tasks)
        if count < PAIR:
            raise SevvizError("a progress graph has two axes: it needs a scenario with at least two tasks")
        if len(set(tasks)) != PAIR or not all(1 <= task <= count for task in tasks):
            raise SevvizError(f"a progress graph needs two different tasks out of 1 to {count}, not {tasks}")
        self.graph, self.survey, self.tasks = graph, looked_at, tasks
        self._states: dict[tuple[int, int], list[int]] = defaultdict(list)
        # For each axis: the positions that may follow one, in the order met; the locks held in one.
        self._next: tuple[dict[int, list[int]], dict[int, list[int]]] = (defaultdict(list), defaultdict(list))
        self._held: tuple[dict[int, frozenset[int]], dict[int, frozenset[int]]] = ({}, {})
        self._changing: tuple[set[tuple[int, int]], set[tuple[int, int]]] = (set(), set())  # steps that change a value
        self._look()
        self._alone = tuple(self._run_alone(axis) for axis in (0, 1))

    def along(self, schedule: Sequence[int] = ()) -> ProgressGraph:
        """The plane of the paths that a schedule takes, each carried on to its end; without one, of the straight paths.

        Raises ScheduleError if the schedule cannot be followed.
        """
        numbers = self._walk(tuple(schedule))
        first, second = (self._path(axis, numbers) for axis in (0, 1))
        cells = tuple(tuple(self._cell(p, q) for q in second.positions) for p in first.positions)
        across = tuple(
            tuple(self._border(cells[x][y], first, x) for y in range(len(second.positions)))
            for x in range(len(first.positions) - 1)
        )
        up = tuple(
            tuple(self._border(cells[x][y], second, y) for y in range(len(second.positions) - 1))
            for x in range(len(first.positions))
        )
        return ProgressGraph(
            self.graph, (first, second), cells, across, up, self._stairs(numbers, schedule), tuple(schedule)
        )

    # The facts of the state graph, each kept by the positions of the two tasks.

    def _look(self) -> None:
        program = self.graph.program
        for number, state in enumerate(self.graph.states):
            self._states[self._pair(number)].append(number)
            for axis, task in enumerate(self.tasks):
                held = frozenset(lock for lock in program.locks if state.values[lock] == task)
                self._held[axis].setdefault(state.positions[task - 1], held)
            for actor, target in self.graph.edges[number]:
                if actor > 0 and actor in self.tasks:
                    axis, here = self.tasks.index(actor), state.positions[actor - 1]
                    after = self.graph.states[target].positions[actor - 1]
                    if after not in self._next[axis][here]:
                        self._next[axis][here].append(after)
                    if self.graph.states[target].values != state.values:
                        self._changing[axis].add((here, after))

    def _pair(self, number: int) -> tuple[int, int]:
        positions = self.graph.states[number].positions
        return positions[self.tasks[0] - 1], positions[self.tasks[1] - 1]

    def _run_alone(self, axis: int) -> dict[int, int]:
        """Each position and the one that follows when nobody else ever runs: the straight path."""
        task, state, found = self.tasks[axis], 0, dict[int, int]()
        while True:
            position = self.graph.states[state].positions[task - 1]
            target = dict(self.graph.edges[state]).get(task)
            if target is None or position in found:
                return found
            found[position] = self.graph.states[target].positions[task - 1]
            state = target

    def _walk(self, schedule: tuple[int, ...]) -> list[int]:
        """The numbers of the states along a schedule."""
        numbers = [0]
        for actor in schedule:
            target = dict(self.graph.edges[numbers[-1]]).get(actor)
            if target is None:
                run(self.graph.program, schedule)  # raises the error that says why
                raise SevvizError(f"the search stopped before step {len(numbers)} of the schedule: raise its limit")
            numbers.append(target)
        return numbers

    # One picture.

    def _path(self, axis: int, numbers: list[int]) -> Path:
        """What the task did on the schedule, carried on along the straight path or the first known way."""
        task, alone = self.tasks[axis], self._alone[axis]
        found = [self.graph.states[0].positions[task - 1]]
        for number in numbers[1:]:
            position = self.graph.states[number].positions[task - 1]
            if position != found[-1]:
                found.append(position)
        ahead = {found[-1]}
        while found[-1] in alone or found[-1] in self._next[axis]:
            following = alone[found[-1]] if found[-1] in alone else self._next[axis][found[-1]][0]
            found.append(following)
            if following in ahead:  # round and round: once is enough to show
                break
            ahead.add(following)
        pairs = list(pairwise(found))
        fork = next((n for n, (here, there) in enumerate(pairs, 1) if alone.get(here, there) != there), None)
        positions = self.graph.program.tasks[task - 1].automaton.positions
        return Path(task, tuple(found), tuple(positions[here].operation for here, _ in pairs), fork)

    def _cell(self, first: int, second: int) -> Cell:
        states = tuple(self._states.get((first, second), ()))
        if states:
            kinds = {self.survey.classes[state] for state in states}
            return Cell(_kind_of(kinds), states)
        locks = self._held[0].get(first, frozenset()) & self._held[1].get(second, frozenset())
        return Cell("forbidden" if locks else "unreachable", (), tuple(sorted(locks)))

    def _border(self, cell: Cell, path: Path, step: int) -> Border:
        """How a task's step out of a cell goes in each of the cell's states; empty where nobody gets to the cell."""
        here, there = path.positions[step], path.positions[step + 1]
        operation, axis = path.operations[step], self.tasks.index(path.task)
        branches = len(self._next[axis].get(here, ())) > 1
        tries = branches and operation is not None and operation.action != "lock"
        fails = branches and self._fails(axis, here, there)
        found: set[Passage] = set()
        for number in cell.states:
            target = dict(self.graph.edges[number]).get(path.task)
            if target is None:
                found.add("wall")
            elif self.graph.states[target].positions[path.task - 1] != there:
                found.add("granted" if fails else "shut")
            elif tries:
                found.add("refused" if fails else "door")
            else:
                found.add("free")
        return tuple(sorted(found))

    def _fails(self, axis: int, here: int, there: int) -> bool:
        """Whether a try takes this way when it fails: nothing changes by it. Reads change nothing: then, not alone."""
        if any((here, after) in self._changing[axis] for after in self._next[axis][here]):
            return (here, there) not in self._changing[axis]
        return self._alone[axis].get(here, there) != there

    def _stairs(self, numbers: list[int], schedule: Sequence[int]) -> tuple[tuple[int, int], ...]:
        at = [0, 0]
        stairs = [(0, 0)]
        for actor, before, after in zip(schedule, numbers, numbers[1:], strict=False):
            task = task_of(actor)
            moved = self.graph.states[before].positions[task - 1] != self.graph.states[after].positions[task - 1]
            if task in self.tasks and moved:
                at[self.tasks.index(task)] += 1
            stairs.append((at[0], at[1]))
        return tuple(stairs)


def _kind_of(classes: set[StateClass]) -> CellKind:
    """One word for the classes of a cell's states: "mixed" only where some are lost and others are not."""
    if len(classes) == 1:
        return next(iter(classes))
    if classes == {"safe", "finished"}:
        return "safe"
    return "doomed" if classes == {"doomed", "deadlocked"} else "mixed"
