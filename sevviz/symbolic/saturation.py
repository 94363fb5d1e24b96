"""All reachable states by saturation, with the length of a shortest schedule to each.

Ciardo, Lüttgen and Siminiceanu, "Saturation: an efficient iteration strategy for symbolic state-space generation",
TACAS 2001: a node is closed under all moves of its own level and below before anything above it is looked at. The
values of a variable are found on the way, as in Ciardo, Marmorstein and Siminiceanu, "Saturation unbound", TACAS 2003,
so a counter needs no bound beforehand. A move concerns a task and at most one object: an upper and a lower level.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from sevviz.symbolic.diagrams import EMPTY, MASK, SHIFT, TERMINAL, Diagrams
from sevviz.symbolic.rules import NO_OBJECT, Local, Rules, local_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevviz.symbolic.order import Order

__all__ = ["Guards", "Meeting", "Saturation", "deep_recursion"]

Guards = dict[tuple[int, Local], tuple[int, ...]]


class Meeting(NamedTuple):
    """A task and an object that it uses (-1 for none): the moves that depend on both."""

    task: int
    object: int
    lower: int  # the level of the one that stands lower
    task_is_upper: bool


class Entry(NamedTuple):
    """A step that other tasks may exclude: its task, and all levels that it depends on, from the top."""

    task: int
    local: Local
    levels: tuple[int, ...]


Move = Callable[[int, int, int], dict[int, int]]  # from level, node and upper value to what is below each new value


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
        self._fired: dict[tuple[Meeting, int], dict[int, dict[int, int]]] = {}
        self._pairs: dict[Meeting, dict[tuple[int, int], tuple[tuple[int, int], ...]]] = {}
        self._moves: dict[tuple[int, int, int], list[Move]] = {}
        self._entered: dict[tuple[Entry, int], int] = {}
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

    def meetings(self, task: int, number: int) -> set[tuple[Local, int]]:
        """The pairs of a local state of a task and a value of an object that some state has together.

        Only of local states whose moves depend on the object: what they meet had to be looked at.
        """
        mine, its = self.order.tasks[task], self.order.objects[number]
        asked = self._pairs.get(Meeting(task, number, max(mine, its), task_is_upper=mine < its), {})
        pairs = asked if mine < its else ((local, value) for value, local in asked)
        return {(local, value) for local, value in pairs if number in self.rules.objects(task, local)}

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
            for fire in self._moves_at(level, value):
                edge = children[value]
                for target, moved in fire(level + 1, edge >> SHIFT, value).items():
                    before = children.get(target, EMPTY)
                    after = union(before, moved + (edge & MASK) + 1)
                    if after != before:
                        children[target] = after
                        if target not in todo:
                            todo.append(target)
        return self.diagrams.make(children)

    def _moves_at(self, level: int, value: int) -> list[Move]:
        """The moves whose upper level this is; each tells, for the node below `value`, what comes below which value."""
        is_task, number = self.order.variables[level]
        # More users of an object may be found while its node is being closed.
        key = (level, value, 0) if is_task else (level, 0, len(self.rules.users.get(number, ())))
        found = self._moves.get(key)
        if found is None:
            found = self._moves_of_task(level, number, value) if is_task else self._moves_of_object(level, number)
            self._moves[key] = found
        return found

    def _moves_of_task(self, level: int, task: int, local: Local) -> list[Move]:
        found: list[Move] = []
        for number in self.rules.objects(task, local):
            if number == NO_OBJECT:
                found.append(partial(self._fire_alone, Meeting(task, NO_OBJECT, level, task_is_upper=True)))
            elif self.order.objects[number] > level:
                found.append(partial(self._fire, Meeting(task, number, self.order.objects[number], task_is_upper=True)))
        return found + [partial(self._enter, entry) for entry in self._entries if entry.levels[0] == level]

    def _moves_of_object(self, level: int, number: int) -> list[Move]:
        users = self.rules.users.get(number, ())
        below = [(task, self.order.tasks[task]) for task in users if self.order.tasks[task] > level]
        return [partial(self._fire, Meeting(task, number, lower, task_is_upper=False)) for task, lower in below]

    def _fire_alone(self, meeting: Meeting, _level: int, node: int, local: Local) -> dict[int, int]:
        rows = self.rules.rows(meeting.task, NO_OBJECT, local, 0)
        guarded = (meeting.task, local) in self.guards  # then the step is an Entry's; a signal is not
        return {row.local: node << SHIFT for row in rows if row.actor < 0 or not guarded}

    def _fire(self, meeting: Meeting, level: int, node: int, upper: int) -> dict[int, int]:
        """What a node becomes when `meeting` moves while the upper variable is `upper`, for each new value of that."""
        known = self._fired.get((meeting, upper))
        if known is None:
            known = self._fired[meeting, upper] = {}
        found = known.get(node)
        if found is not None:
            return found
        parts: dict[int, dict[int, int]] = {}
        if level == meeting.lower:
            self._meet(node, meeting, upper, parts)
        else:
            for value, edge in self.diagrams.nodes[node].items():
                for target, moved in self._fire(meeting, level + 1, edge >> SHIFT, upper).items():
                    part = parts.get(target)
                    if part is None:
                        part = parts[target] = {}
                    part[value] = moved + (edge & MASK)
        make, close = self.diagrams.make, self.close
        found = known[node] = {target: close(level, make(part)) for target, part in parts.items()}
        return found

    def _meet(self, node: int, meeting: Meeting, upper: int, parts: dict[int, dict[int, int]]) -> None:
        """At the lower level: both values are known, so the rules say what both become."""
        pairs = self._pairs.setdefault(meeting, {})
        for lower, edge in self.diagrams.nodes[node].items():
            targets = pairs.get((upper, lower))
            if targets is None:
                targets = pairs[upper, lower] = self._ask(meeting, upper, lower)
            for target, value in targets:
                part = parts.setdefault(target, {})
                part[value] = self.diagrams.union(part.get(value, EMPTY), edge)

    def _ask(self, meeting: Meeting, upper: int, lower: int) -> tuple[tuple[int, int], ...]:
        local, value = (upper, lower) if meeting.task_is_upper else (lower, upper)
        rows = self.rules.rows(meeting.task, meeting.object, local, value)
        if meeting.task_is_upper:
            return tuple((row.local, row.value) for row in rows)
        return tuple((row.value, row.local) for row in rows)

    # Steps that other tasks may exclude.

    def _entry(self, task: int, local: Local) -> Entry:
        levels = {self.order.tasks[other] for other in (task, *self.guards[task, local])}
        return Entry(task, local, tuple(sorted(levels)))

    def _enter(self, entry: Entry, level: int, node: int, value: int) -> dict[int, int]:
        return {target: self._enter_below(level, node, entry) for target in self._passes(level - 1, entry, value)}

    def _enter_below(self, level: int, node: int, entry: Entry) -> int:
        if level > entry.levels[-1] or not node:
            return node << SHIFT
        found = self._entered.get((entry, node))
        if found is None:
            children: dict[int, int] = {}
            for value, edge in self.diagrams.nodes[node].items():
                below = self._enter_below(level + 1, edge >> SHIFT, entry)
                for target in self._passes(level, entry, value) if below else ():
                    moved = below + (edge & MASK)
                    children[target] = self.diagrams.union(children.get(target, EMPTY), moved)
            made = self.diagrams.make(children)
            found = self._entered[entry, node] = self.close(level, made) if made else EMPTY
        return found

    def _passes(self, level: int, entry: Entry, value: int) -> tuple[int, ...]:
        """What a value becomes at a step of `entry`: nothing where the step is excluded."""
        is_task, number = self.order.variables[level]
        if level not in entry.levels or not is_task:
            return (value,)
        if number == entry.task:
            rows = self.rules.rows(number, NO_OBJECT, value, 0) if value == entry.local else ()
            return tuple(row.local for row in rows if row.actor > 0)
        return () if self.rules.excludes(entry.task, entry.local, number, value) else (value,)
