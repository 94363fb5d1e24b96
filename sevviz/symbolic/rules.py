"""What a task can do in each of its local states: answers of the interpreter to small questions.

No lock rule is written here. A *probe* is a state of the program in which all other tasks have finished and all other
objects are 0; the interpreter is asked for the moves in it. That is enough because a step of a task depends on its own
position and mark and on the object of its operation. There are two exceptions, and both are handled elsewhere: a task
that enters the work while another is inside (`exclusion`), and scenarios that count CPUs, which are refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sevviz.interpreter import is_stuck, moves, wait_of
from sevviz.model import FAULTED, OVERTAKE, Automaton, Position, State, Task
from sevviz.release_order import overtaker_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from sevviz.interpreter import Move, Wait
    from sevviz.model import Operation, Program

__all__ = ["Local", "Row", "Rules", "endless", "local_state", "mark_of", "position_of"]

MARK_BITS = 4
Place = TypeVar("Place")
Local = int  # a task's position and mark in one number

NO_OBJECT = -1


def local_state(position: int, mark: int) -> Local:
    """A position and a mark as one number."""
    return position << MARK_BITS | mark


def position_of(local: Local) -> int:
    """The position in a local state."""
    return local >> MARK_BITS


def mark_of(local: Local) -> int:
    """The mark in a local state."""
    return local & (1 << MARK_BITS) - 1


class Row(NamedTuple):
    """One move: the local state and the value of the object after it. `actor` is that of a schedule."""

    actor: int
    local: Local
    value: int


class Rules:
    """The moves of single tasks, kept once they have been asked for. Tasks count from 0 here."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.users: dict[int, list[int]] = {}  # by object: the tasks that were found to use it
        self._finished = Task("", Automaton(0, lambda place, _: place, lambda _: Position(None, 0)))
        self._alone = [self._only((task,)) for task in range(len(program.tasks))]
        self._objects: dict[tuple[int, Local], tuple[int, ...]] = {}
        self._rows: dict[tuple[int, int, Local, int], tuple[Row, ...]] = {}
        self._moves: dict[tuple[object, ...], list[Move]] = {}  # by task, local state and values

    def _only(self, tasks: tuple[int, ...]) -> Program:
        """The program with all other tasks finished. Tasks keep their numbers: they are the holders of locks."""
        count = max(tasks) + 1
        kept = (self.program.tasks[t] if t in tasks else self._finished for t in range(count))
        return replace(self.program, tasks=tuple(kept))

    def probe(self, task: int, local: Local, values: dict[int, int]) -> State:
        """The state in which only `task` is left and only the objects in `values` are not 0."""
        marks, positions = (*(0,) * task, mark_of(local)), (*(0,) * task, position_of(local))
        filled = [0] * len(self.program.objects)
        for number, value in values.items():
            filled[number] = value
        return State(positions, tuple(filled), marks)

    def moves(self, task: int, local: Local, values: dict[int, int]) -> list[Move]:
        """What `task` can do in a probe."""
        key = (task, local, *values.items())
        found = self._moves.get(key)
        if found is None:
            found = self._moves[key] = moves(self._alone[task], self.probe(task, local, values))
        return found

    def wait(self, task: int, local: Local, values: dict[int, int]) -> Wait | None:
        """What `task` waits for in a probe."""
        return wait_of(self._alone[task], self.probe(task, local, values), task + 1)

    def is_stuck(self, task: int, local: Local, values: dict[int, int]) -> bool:
        """Whether `task` has not finished and cannot step in a probe, signals or not."""
        return is_stuck(self._alone[task], self.probe(task, local, values))

    def position(self, task: int, local: Local) -> Position:
        """Where a task stands in a local state."""
        return self.program.tasks[task].automaton.positions[position_of(local)]

    def operation(self, task: int, local: Local) -> Operation | None:
        """The next operation in a local state, None at the end."""
        return self.position(task, local).operation

    def objects(self, task: int, local: Local) -> tuple[int, ...]:
        """The objects on which the moves of a local state depend, one for each kind of move; -1 for none."""
        found = self._objects.get((task, local))
        if found is None:
            operation, found = self.operation(task, local), ()
            if operation is not None:
                overtaker = self._overtaker(task, local)
                found = (operation.object, *([overtaker.object] if overtaker else []))
            self._objects[task, local] = found
            for number in found:
                users = self.users.setdefault(number, [])
                if task not in users:
                    users.append(task)
        return found

    def _overtaker(self, task: int, local: Local) -> Operation | None:
        if not self.program.weak:
            return None
        found = overtaker_of(self._alone[task], self.probe(task, local, {}), task + 1)
        return found[0] if found else None

    def rows(self, task: int, number: int, local: Local, value: int) -> tuple[Row, ...]:
        """The moves of a local state that depend on object `number`, when that has `value`.

        A step that breaks a rule which ends the schedule has no next state and is left out.
        """
        key = (task, number, local, value)
        found = self._rows.get(key)
        if found is None:
            found = ()
            if number in self.objects(task, local):
                values = {number: value} if number >= 0 else {}
                made = self.moves(task, local, values)
                found = tuple(self._row(task, m, number) for m in made if self._concerns(task, local, m, number))
            self._rows[key] = found
        return found

    def _concerns(self, task: int, local: Local, move: Move, number: int) -> bool:
        if move.state.marks[task] & FAULTED:
            return False
        return number == self.objects(task, local)[1 if move.actor < -OVERTAKE else 0]

    def _row(self, task: int, move: Move, number: int) -> Row:
        local = local_state(move.state.positions[task], move.state.marks[task])
        self.objects(task, local)  # makes the task known to the objects it will use
        return Row(move.actor, local, move.state.values[number] if number >= 0 else 0)

    def known_rows(self) -> dict[tuple[int, int, Local, int], tuple[Row, ...]]:
        """All moves asked for so far, by (task, object, local state, value)."""
        return self._rows

    def have_loops(self) -> bool:
        """Whether the program of some task has a loop, so that an endless run is possible at all."""
        edges: dict[tuple[int, Local], set[tuple[int, Local]]] = {}
        for (task, _, local, _), rows in self._rows.items():
            edges.setdefault((task, local), set()).update((task, row.local) for row in rows)
        return bool(endless(edges))

    def excludes(self, task: int, local: Local, other: int, others: Local) -> bool:
        """Whether `task` must not make its step while `other` stands at `others`: both would be inside the work."""
        operation = self.operation(other, others)
        if operation is None or operation.action != "leave" or task == other:
            return False
        both = self._only((task, other))
        places = {task: local, other: others}
        positions = tuple(position_of(places.get(t, 0)) for t in range(len(both.tasks)))
        marks = tuple(mark_of(places.get(t, 0)) for t in range(len(both.tasks)))
        state = State(positions, (0,) * len(self.program.objects), marks)
        return any(m.state.marks[task] & FAULTED for m in moves(both, state) if m.actor == task + 1)

    def fault_kinds(self, task: int, local: Local, values: dict[int, int]) -> list[str]:
        """The rules that the next step of `task` breaks in a probe.

        A flag left set is no matter of one task, and in a probe all others have finished, so it is not told.
        """
        made = [move for move in self.moves(task, local, values) if move.actor == task + 1]
        return [fault.kind for move in made for fault in move.faults if fault.kind != "flag-left-set"]


def endless(following: Mapping[Place, AbstractSet[Place]]) -> set[Place]:
    """The nodes of a graph from which a path leads into a loop."""
    left = dict(following)
    while True:  # take away what has nothing behind it, until all have something
        last = {place for place, targets in left.items() if left.keys().isdisjoint(targets)}
        if not last:
            return set(left)
        left = {place: targets for place, targets in left.items() if place not in last}
