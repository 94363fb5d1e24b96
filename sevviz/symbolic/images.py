"""One step from a set of states, forwards or backwards, without closing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sevviz.symbolic.diagrams import EMPTY, MASK, SHIFT
from sevviz.symbolic.reached import Part, Reached, exclusions
from sevviz.symbolic.rules import NO_OBJECT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sevviz.symbolic.rules import Local, Row

__all__ = ["Images"]

Relation = dict[tuple[int, int], list[tuple[int, int]]]  # what (upper value, lower value) may become


class _Way(NamedTuple):
    """What happens to the value of an upper variable, by that of the lower one."""

    upper: int
    lower: int  # the level of the lower variable
    relation: Relation


class Images:
    """Steps of single tasks on parts of the reachable states. Distances grow by one forwards and stay backwards.

    `own_only`: the tasks' own steps, not what the environment does to them (signals, stores that overtake).
    """

    def __init__(self, reached: Reached, *, own_only: bool = False) -> None:
        self._reached = reached
        self._own_only = own_only
        self._diagrams = reached.diagrams
        self._relations: dict[tuple[int, int, bool, bool], Relation] = {}
        self._rows: dict[tuple[int, int], list[tuple[Local, int, Row]]] = {}
        for (task, number, local, value), rows in reached.rules.known_rows().items():
            for row in rows:
                self._rows.setdefault((task, number), []).append((local, value, row))
        self._excluded: dict[int, Part] = {}  # by task: the states in which its guarded step is not taken
        for (task, local), met in (exclusions(reached) if reached.guards else {}).items():
            parts = [reached.where({task: {local}, other: places}) for other, places in met.items()]
            self._excluded[task] = reached.union([self._excluded.get(task, EMPTY), *parts])

    def after(self, part: Part, tasks: Collection[int]) -> Part:
        """The states that one step of one of the tasks leads to, a fatal signal to it included."""
        found = EMPTY
        for task, number in sorted(self._rows):
            if task in tasks:
                found = self._diagrams.union(found, self._apply(part, task, number, backwards=False, guarded=False))
        for task in set(tasks) & set(self._excluded):
            allowed = self._diagrams.minus(part, self._excluded[task])
            step = self._apply(allowed, task, NO_OBJECT, backwards=False, guarded=True)
            found = self._diagrams.union(found, step)
        return found

    def before(self, part: Part, tasks: Collection[int]) -> Part:
        """The reachable states from which one step of one of the tasks leads into a part."""
        found = EMPTY
        for task, number in sorted(self._rows):
            if task in tasks:
                step = self._apply(part, task, number, backwards=True, guarded=False)
                found = self._diagrams.union(found, step)
        for task in set(tasks) & set(self._excluded):
            step = self._apply(part, task, NO_OBJECT, backwards=True, guarded=True)
            found = self._diagrams.union(found, self._diagrams.minus(step, self._excluded[task]))
        return self._diagrams.meet(self._reached.states, found)

    def _apply(self, part: Part, task: int, number: int, *, backwards: bool, guarded: bool) -> Part:
        relation = self._relation(task, number, backwards, guarded)
        if not relation or not part:
            return EMPTY
        levels = self._levels(task, number)
        upper, lower = min(levels), max(levels)
        cost = 0 if backwards else 1
        known: dict[int, Part] = {}

        def above(level: int, edge: int) -> int:
            node = edge >> SHIFT
            found = known.get(node)
            if found is None:
                children: dict[int, int] = {}
                for value, child in self._diagrams.nodes[node].items():
                    if level < upper:
                        rest = above(level + 1, child)
                        moves = {value: rest} if rest else {}
                    else:
                        moves = self._below(level + 1, child, _Way(value, lower, relation), {})
                    for target, moved in moves.items():
                        children[target] = self._diagrams.union(children.get(target, EMPTY), moved)
                found = known[node] = self._diagrams.make(children)
            return found + (edge & MASK) if found else EMPTY

        found = above(0, part)
        return found + cost if found else EMPTY

    def _below(self, level: int, edge: int, way: _Way, known: dict[int, dict[int, int]]) -> dict[int, int]:
        """What is below each new value of the upper variable."""
        if level > way.lower:  # there is no second variable
            return {target: edge for target, _ in way.relation.get((way.upper, 0), ())}
        node = edge >> SHIFT
        found = known.get(node)
        if found is None:
            parts: dict[int, dict[int, int]] = {}
            for value, child in self._diagrams.nodes[node].items():
                if level == way.lower:
                    for target, after in way.relation.get((way.upper, value), ()):
                        part = parts.setdefault(target, {})
                        part[after] = self._diagrams.union(part.get(after, EMPTY), child)
                else:
                    for target, moved in self._below(level + 1, child, way, known).items():
                        parts.setdefault(target, {})[value] = moved
            found = known[node] = {target: self._diagrams.make(part) for target, part in parts.items()}
        return {target: moved + (edge & MASK) for target, moved in found.items()}

    def _levels(self, task: int, number: int) -> tuple[int, ...]:
        order = self._reached.order
        return (order.tasks[task],) if number == NO_OBJECT else (order.tasks[task], order.objects[number])

    def _relation(self, task: int, number: int, backwards: bool, guarded: bool) -> Relation:  # noqa: FBT001
        key = (task, number, backwards, guarded)
        if key not in self._relations:
            relation = self._relations[key] = Relation()
            levels = self._levels(task, number)
            for source, target in self._steps(task, number, guarded=guarded):
                ends = [source, target] if levels[0] == min(levels) else [source[::-1], target[::-1]]
                first, last = reversed(ends) if backwards else ends
                relation.setdefault(first, []).append(last)
        return self._relations[key]

    def _steps(self, task: int, number: int, *, guarded: bool) -> Iterator[tuple[tuple[Local, int], tuple[Local, int]]]:
        for local, value, row in self._rows.get((task, number), ()):
            if self._is_guarded(task, local, row) == guarded and (row.actor > 0 or not self._own_only):
                yield (local, value), (row.local, row.value)

    def _is_guarded(self, task: int, local: int, row: Row) -> bool:
        return row.actor > 0 and (task, local) in self._reached.guards
