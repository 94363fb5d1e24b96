"""Sets of states as decision diagrams that also tell each state's distance from the initial one.

A diagram has a level for each variable. A node maps each value that its variable may have to an *edge*, which is a
number that packs the node below and what is added to the distance on the way: a state's distance is the sum along its
path. Nodes are normalised (the smallest addition is 0) and kept once, so equal sets with equal distances are the same
edge.
Edge-valued diagrams: Ciardo and Siminiceanu, "Using edge-valued decision diagrams for symbolic generation of shortest
paths", FMCAD 2002.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from sevviz.symbolic.limits import Limits

__all__ = ["EMPTY", "MASK", "SHIFT", "TERMINAL", "Diagrams"]

SHIFT = 32  # an edge is node << SHIFT | distance
MASK = (1 << SHIFT) - 1
EMPTY = 0  # the edge to no state; its node is 0 as well
TERMINAL = 1  # the node below the last level


class Diagrams:
    """The table of nodes and the operations on sets. Edges of different tables must not be mixed."""

    def __init__(self, depth: int, limits: Limits) -> None:
        self.depth = depth  # the number of levels; level 0 is at the top
        self.nodes: list[dict[int, int]] = [{}, {}]
        self._numbers: dict[object, int] = {}
        self._unions: dict[tuple[int, int], int] = {}
        self._counts: dict[int, int] = {0: 0, TERMINAL: 1}
        self._limits = limits

    def make(self, children: dict[int, int]) -> int:
        """The edge to the node with these edges; none of them may be empty."""
        if len(children) == 1:  # by far the most, so worth a shorter way
            ((value, edge),) = children.items()
            least = edge & MASK
            key: object = (value, edge - least)
        elif children:
            least = min([edge & MASK for edge in children.values()])
            if least:
                children = {value: edge - least for value, edge in children.items()}
            key = frozenset(children.items())
        else:
            return EMPTY
        number = self._numbers.get(key)
        if number is None:
            if least and len(children) == 1:
                children = {value: edge - least}
            number = self._add(key, children)
        return number << SHIFT | least

    def _add(self, key: object, children: dict[int, int]) -> int:
        number = self._numbers[key] = len(self.nodes)
        self.nodes.append(children)
        if number & 1023 == 0:
            self._limits.check(number)
        return number

    def state(self, values: tuple[int, ...]) -> int:
        """The set of one state, at distance 0."""
        edge = TERMINAL << SHIFT
        for value in reversed(values):
            edge = self.make({value: edge})
        return edge

    def union(self, one: int, other: int) -> int:
        """States of either set; those of both get the smaller distance."""
        if one == other or not other:
            return one
        if not one:
            return other
        if one >> SHIFT == other >> SHIFT:
            return min(one, other)
        least = min(one & MASK, other & MASK)
        one, other = one - least, other - least
        key = (one, other) if one < other else (other, one)
        found = self._unions.get(key)
        if found is None:
            found = self._unions[key] = self._unite(*key)
        return found + least

    def _unite(self, one: int, other: int) -> int:
        extra, added = one & MASK, other & MASK
        children = self.nodes[one >> SHIFT]
        children = {value: edge + extra for value, edge in children.items()} if extra else dict(children)
        for value, edge in self.nodes[other >> SHIFT].items():
            mine = children.get(value)
            children[value] = edge + added if mine is None else self.union(mine, edge + added)
        return self.make(children)

    def meet(self, one: int, other: int) -> int:
        """States of both sets, with the distances of the first."""
        return self._combine(one, other, keep=True, known={})

    def minus(self, one: int, other: int) -> int:
        """States of the first set that are not in the second."""
        return self._combine(one, other, keep=False, known={})

    def _combine(self, one: int, other: int, *, keep: bool, known: dict[tuple[int, int], int]) -> int:
        mine, theirs = one >> SHIFT, other >> SHIFT
        if not mine or not theirs:
            return EMPTY if keep else one
        if mine == theirs:
            return one if keep else EMPTY
        found = known.get((mine, theirs))
        if found is None:
            against, children = self.nodes[theirs], dict[int, int]()
            for value, edge in self.nodes[mine].items():
                rest = self._combine(edge, against.get(value, EMPTY), keep=keep, known=known)
                if rest:
                    children[value] = rest
            found = known[mine, theirs] = self.make(children)
        return found + (one & MASK) if found else EMPTY

    def restrict(self, edge: int, allowed: Mapping[int, AbstractSet[int]]) -> int:
        """The states whose values are allowed on every level that is named."""
        last = max(allowed, default=-1)
        known: dict[int, int] = {}

        def keep(level: int, edge: int) -> int:
            node = edge >> SHIFT
            if level > last:
                return edge
            found = known.get(node)
            if found is None:
                values, children = allowed.get(level), dict[int, int]()
                for value, below in self.nodes[node].items():
                    if values is None or value in values:
                        rest = keep(level + 1, below)
                        if rest:
                            children[value] = rest
                found = known[node] = self.make(children)
            return found + (edge & MASK) if found else EMPTY

        return keep(0, edge) if edge else EMPTY

    def flat(self, edge: int) -> int:
        """The same states, all at distance 0."""
        known = {0: EMPTY, TERMINAL: TERMINAL << SHIFT}

        def flatten(node: int) -> int:
            found = known.get(node)
            if found is None:
                found = self.make({value: flatten(below >> SHIFT) for value, below in self.nodes[node].items()})
                known[node] = found
            return found

        return flatten(edge >> SHIFT)

    # Questions to a set.

    def count(self, edge: int) -> int:
        """The number of states."""
        node = edge >> SHIFT
        found = self._counts.get(node)
        if found is None:
            found = self._counts[node] = sum([self.count(below) for below in self.nodes[node].values()])
        return found

    def distance(self, edge: int, values: tuple[int, ...]) -> int | None:
        """The distance of a state, None if it is not in the set."""
        total = edge & MASK
        for value in values:
            edge = self.nodes[edge >> SHIFT].get(value, EMPTY)
            if not edge:
                return None
            total += edge & MASK
        return total

    def nearest(self, edge: int) -> tuple[int, ...]:
        """A state at the smallest distance, which is `edge & MASK`: the first one in the order of values."""
        values = []
        while edge >> SHIFT != TERMINAL:
            children = self.nodes[edge >> SHIFT]
            value = min(value for value, below in children.items() if not below & MASK)
            values.append(value)
            edge = children[value]
        return tuple(values)

    def levels(self, edge: int) -> list[set[int]]:
        """The nodes of a set, level by level."""
        found: list[set[int]] = [{edge >> SHIFT} if edge else set()]
        for _ in range(self.depth - 1):
            found.append({below >> SHIFT for node in found[-1] for below in self.nodes[node].values()})
        return found

    def values_at(self, nodes: AbstractSet[int]) -> set[int]:
        """The values that the variable of these nodes has in some state."""
        return {value for node in nodes for value in self.nodes[node]}

    def meets(self, levels: list[set[int]], upper: tuple[int, int], lower: tuple[int, AbstractSet[int]]) -> set[int]:
        """Which of the values on a lower level some state has together with one value on an upper level.

        Both are (level, value or values).
        """
        level, value = upper
        nodes = {edge >> SHIFT for node in levels[level] if (edge := self.nodes[node].get(value, EMPTY))}
        for _ in range(lower[0] - level - 1):
            nodes = {edge >> SHIFT for node in nodes for edge in self.nodes[node].values()}
        return {other for node in nodes for other in self.nodes[node] if other in lower[1]}

    def split(
        self, edge: int, classify: Mapping[int, Callable[[int], object]]
    ) -> Iterator[tuple[tuple[object, ...], int]]:
        """The set in parts, by the classes of the values on the levels named: (the class at each, the part)."""
        parts: list[tuple[tuple[object, ...], int]] = [((), edge)] if edge else []
        for level, kind in classify.items():
            parts = [piece for labels, part in parts for piece in self._pieces(labels, part, level, kind)]
        yield from parts

    def _pieces(
        self, labels: tuple[object, ...], part: int, level: int, kind: Callable[[int], object]
    ) -> Iterator[tuple[tuple[object, ...], int]]:
        classes: dict[object, set[int]] = {}
        for value in sorted(self.values_at(self.levels(part)[level])):
            classes.setdefault(kind(value), set()).add(value)
        for label, values in classes.items():
            yield (*labels, label), part if len(classes) == 1 else self.restrict(part, {level: values})
