"""All reachable states by saturation, with the length of a shortest schedule to each.

Ciardo, Lüttgen and Siminiceanu, "Saturation: an efficient iteration strategy for symbolic state-space generation",
TACAS 2001: a node is closed under all moves of its own level and below before anything above it is looked at. The
values of a variable are found on the way, as in Ciardo, Marmorstein and Siminiceanu, "Saturation unbound", TACAS 2003,
so a counter needs no bound beforehand.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sevviz.symbolic.diagrams import EMPTY, MASK, SHIFT, TERMINAL, Diagrams
from sevviz.symbolic.firing import Alone, Entering, Entry, Meeting, Together
from sevviz.symbolic.rules import NO_OBJECT, Local, Rules, local_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevviz.symbolic.firing import Firing
    from sevviz.symbolic.order import Order

__all__ = ["Guards", "Saturation", "deep_recursion"]

Guards = dict[tuple[int, Local], tuple[int, ...]]


@contextmanager
def deep_recursion(depth: int) -> Iterator[None]:
    """Allow recursion over diagrams of so many levels."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 2_000 + 40 * depth))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


class Saturation:
    """Closes sets of states under the moves of a program.

    `guards[task, local]` are other tasks: while one of them excludes it (`Rules.excludes`), the step from `local` is
    not taken.
    """

    def __init__(self, rules: Rules, order: Order, diagrams: Diagrams, guards: Guards) -> None:
        self.rules = rules
        self.order = order
        self.diagrams = diagrams
        self.guards = guards
        self._closed: dict[int, int] = {TERMINAL: TERMINAL << SHIFT}
        # By task and object: the pairs of a local state, whose moves depend on the object, and a value of the object
        # that some state has together. It is what the rules were asked about.
        self.meetings: dict[tuple[int, int], set[tuple[Local, int]]] = {}
        self._firings: dict[tuple[int, int, int], list[Firing]] = {}
        self._togethers: dict[tuple[Meeting, int], Together] = {}
        self._entries = [self._entry(task, local) for task, local in sorted(guards)]

    def reachable(self) -> int:
        """The set of reachable states."""
        objects = self.rules.program.objects
        variables = self.order.variables
        start = tuple(local_state(0, 0) if is_task else objects[number].initial for is_task, number in variables)
        for task in range(len(self.rules.program.tasks)):
            self.rules.objects(task, local_state(0, 0))
        with deep_recursion(self.diagrams.depth):
            return self.close(0, self.diagrams.state(start))

    def close(self, level: int, edge: int) -> int:
        """The set of an edge at `level`, closed under the moves of this level and of those below."""
        node = edge >> SHIFT
        found = self._closed.get(node)
        if found is None:
            found = self._saturate(level, node)
            self._closed[node] = self._closed[found >> SHIFT] = found
        return found + (edge & MASK)

    def _saturate(self, level: int, node: int) -> int:
        union, close = self.diagrams.union, self.close
        children = {value: close(level + 1, edge) for value, edge in self.diagrams.nodes[node].items()}
        todo = list(children)  # the values whose edge has changed since their moves were made
        while todo:
            value = todo.pop()
            for firing in self._firings_at(level, value):
                edge = children[value]
                image = firing.known.get(edge >> SHIFT)
                if image is None:
                    image = firing.fire(level + 1, edge >> SHIFT)
                for target, moved in image.items():
                    before = children.get(target, EMPTY)
                    after = union(before, moved + (edge & MASK) + 1)
                    if after != before:
                        children[target] = after
                        if target not in todo:
                            todo.append(target)
        return self.diagrams.make(children)

    def _firings_at(self, level: int, value: int) -> list[Firing]:
        """The moves whose upper level this is, while its variable has a value."""
        is_task, number = self.order.variables[level]
        # More users of an object may be found while its node is being closed.
        key = (level, value, 0 if is_task else len(self.rules.users.get(number, ())))
        found = self._firings.get(key)
        if found is None:
            made = self._of_task(level, number, value) if is_task else self._of_object(level, number, value)
            found = self._firings[key] = list(made)
        return found

    def _of_task(self, level: int, task: int, local: Local) -> Iterator[Firing]:
        for number in self.rules.objects(task, local):
            if number == NO_OBJECT:
                yield Alone(self, task, local)
            elif self.order.objects[number] > level:
                yield self._together(Meeting(task, number, self.order.objects[number], task_is_upper=True), local)
        yield from (Entering(self, entry, local) for entry in self._entries if entry.levels[0] == level)

    def _of_object(self, level: int, number: int, value: int) -> Iterator[Firing]:
        for task in self.rules.users.get(number, ()):
            if self.order.tasks[task] > level:
                yield self._together(Meeting(task, number, self.order.tasks[task], task_is_upper=False), value)

    def _together(self, meeting: Meeting, upper: int) -> Together:
        """Kept, because lists of firings are made anew when an object has more users."""
        found = self._togethers.get((meeting, upper))
        if found is None:
            found = self._togethers[meeting, upper] = Together(self, meeting, upper)
        return found

    def _entry(self, task: int, local: Local) -> Entry:
        levels = {self.order.tasks[other] for other in (task, *self.guards[task, local])}
        return Entry(task, local, tuple(sorted(levels)))
