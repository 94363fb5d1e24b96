"""What moves make of the nodes of diagrams, each node looked at once.

A move concerns a task and at most one object, so two levels. A *firing* is all moves of such a pair while the variable
of the upper level has one value: it says what becomes of a node below, for each new value of the upper variable.
Between the two levels nodes are rebuilt, and closed on the way back up.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

from sevviz.symbolic.diagrams import EMPTY, MASK, SHIFT
from sevviz.symbolic.rules import NO_OBJECT, Local

if TYPE_CHECKING:
    from sevviz.symbolic.saturation import Saturation

__all__ = ["Alone", "Entering", "Entry", "Firing", "Meeting", "Together"]

Image = dict[int, int]  # new values of the upper variable, and what is below each


class Meeting(NamedTuple):
    """A task and an object that it uses: the moves that depend on both."""

    task: int
    object: int
    lower: int  # the level of the one that stands lower
    task_is_upper: bool


class Entry(NamedTuple):
    """A step that other tasks may exclude: its task, and all levels that it depends on, from the top."""

    task: int
    local: Local
    levels: tuple[int, ...]


class Firing(ABC):
    """Moves with a value of their upper variable; `known` is what they make of each node seen so far."""

    __slots__ = ("_of", "known")

    def __init__(self, of: Saturation) -> None:
        self._of = of
        self.known: dict[int, Image] = {}

    @abstractmethod
    def fire(self, level: int, node: int) -> Image:
        """What becomes of a node at `level`, not yet in `known`."""


class Together(Firing):
    """The moves of a meeting."""

    __slots__ = ("_meeting", "_targets", "_upper")

    def __init__(self, of: Saturation, meeting: Meeting, upper: int) -> None:
        super().__init__(of)
        self._meeting = meeting
        self._upper = upper
        self._targets: dict[int, list[tuple[int, int]]] = {}  # by value of the lower variable: what both values become

    def fire(self, level: int, node: int) -> Image:
        """What becomes of a node at `level`, not yet in `known`."""
        parts = self._meet(node) if level == self._meeting.lower else self._descend(level + 1, node)
        make, close = self._of.diagrams.make, self._of.close
        found = self.known[node] = {target: close(level, make(part)) for target, part in parts.items()}
        return found

    def _descend(self, below: int, node: int) -> dict[int, dict[int, int]]:
        known, parts = self.known, dict[int, dict[int, int]]()
        for value, edge in self._of.diagrams.nodes[node].items():
            image = known.get(edge >> SHIFT)
            if image is None:
                image = self.fire(below, edge >> SHIFT)
            for target, moved in image.items():
                if target in parts:
                    parts[target][value] = moved + (edge & MASK)
                else:
                    parts[target] = {value: moved + (edge & MASK)}
        return parts

    def _meet(self, node: int) -> dict[int, dict[int, int]]:
        """At the lower level: both values are known, so the rules say what both become."""
        parts = dict[int, dict[int, int]]()
        for lower, edge in self._of.diagrams.nodes[node].items():
            targets = self._targets.get(lower)
            if targets is None:
                targets = self._targets[lower] = self._ask(lower)
            for target, value in targets:
                part = parts.setdefault(target, {})
                part[value] = self._of.diagrams.union(part.get(value, EMPTY), edge)
        return parts

    def _ask(self, lower: int) -> list[tuple[int, int]]:
        meeting = self._meeting
        local, value = (self._upper, lower) if meeting.task_is_upper else (lower, self._upper)
        self._of.meetings.setdefault((meeting.task, meeting.object), set()).add((local, value))
        rows = self._of.rules.rows(meeting.task, meeting.object, local, value)
        return [(row.local, row.value) if meeting.task_is_upper else (row.value, row.local) for row in rows]


class Alone(Firing):
    """The moves of a task's local state that depend on nothing else."""

    __slots__ = ("_targets",)

    def __init__(self, of: Saturation, task: int, local: Local) -> None:
        super().__init__(of)
        guarded = (task, local) in of.guards  # then the step is an Entry's; a signal is not
        rows = of.rules.rows(task, NO_OBJECT, local, 0)
        self._targets = [row.local for row in rows if row.actor < 0 or not guarded]

    def fire(self, level: int, node: int) -> Image:  # noqa: ARG002 - the level does not matter here
        """What becomes of a node at `level`, not yet in `known`."""
        found = self.known[node] = dict.fromkeys(self._targets, node << SHIFT)
        return found


class Entering(Firing):
    """A step that is excluded in some states."""

    __slots__ = ("_below", "_entry", "_targets")

    def __init__(self, of: Saturation, entry: Entry, upper: int) -> None:
        super().__init__(of)
        self._entry = entry
        self._targets = self._passes(entry.levels[0], upper)
        self._below: dict[int, int] = {}

    def fire(self, level: int, node: int) -> Image:
        """What becomes of a node at `level`, not yet in `known`."""
        found = self.known[node] = {target: self._enter(level, node) for target in self._targets}
        return found

    def _enter(self, level: int, node: int) -> int:
        if level > self._entry.levels[-1] or not node:
            return node << SHIFT
        found = self._below.get(node)
        if found is None:
            diagrams, children = self._of.diagrams, dict[int, int]()
            for value, edge in diagrams.nodes[node].items():
                below = self._enter(level + 1, edge >> SHIFT)
                for target in self._passes(level, value) if below else ():
                    children[target] = diagrams.union(children.get(target, EMPTY), below + (edge & MASK))
            made = diagrams.make(children)
            found = self._below[node] = self._of.close(level, made) if made else EMPTY
        return found

    def _passes(self, level: int, value: int) -> tuple[int, ...]:
        """What a value becomes at the step: nothing where the step is excluded."""
        rules, entry = self._of.rules, self._entry
        is_task, number = self._of.order.variables[level]
        if level not in entry.levels or not is_task:
            return (value,)
        if number == entry.task:
            rows = rules.rows(number, NO_OBJECT, value, 0) if value == entry.local else ()
            return tuple(row.local for row in rows if row.actor > 0)
        return () if rules.excludes(entry.task, entry.local, number, value) else (value,)
