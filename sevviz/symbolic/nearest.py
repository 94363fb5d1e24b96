"""Nearest states of a set that have certain values.

Such a question needs no diagram of its own: it is a shortest path through the one that is there. What is above the
levels that are asked for is the same for every question, and what is below adds nothing to the nearest state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sevviz.symbolic.diagrams import MASK, SHIFT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from sevviz.symbolic.diagrams import Diagrams

__all__ = ["Nearest"]


class _Way(NamedTuple):
    """A shortest way to a node: its length, the node before it and the value that leads from that to this one."""

    length: int
    before: int
    value: int


Layer = dict[int, _Way]  # the nodes of a level that can be reached, each with a shortest way to it


class Nearest:
    """Asks one set for nearest states."""

    def __init__(self, diagrams: Diagrams, edge: int) -> None:
        self._nodes = diagrams.nodes
        self._nearest = diagrams.nearest
        self._above: list[Layer] = [{edge >> SHIFT: _Way(edge & MASK, 0, 0)}]

    def find(self, allowed: Mapping[int, AbstractSet[int]]) -> tuple[int, tuple[int, ...]] | None:
        """A nearest state with allowed values on the levels named: its distance and values; None if there is none."""
        first, last = min(allowed), max(allowed)
        while len(self._above) <= first:
            self._above.append(self._next(self._above[-1], None))
        layers = self._above[: first + 1]
        for level in range(first, last + 1):
            layers.append(self._next(layers[-1], allowed.get(level)))
        if not layers[-1]:
            return None
        node, way = min(layers[-1].items(), key=lambda item: item[1].length)
        below = self._nearest(node << SHIFT)
        return way.length, (*self._values(layers, node), *below)

    def _next(self, layer: Layer, allowed: AbstractSet[int] | None) -> Layer:
        found: Layer = {}
        for node, (length, _, _) in layer.items():
            for value, edge in self._nodes[node].items():
                if allowed is None or value in allowed:
                    total = length + (edge & MASK)
                    known = found.get(edge >> SHIFT)
                    if known is None or known.length > total:
                        found[edge >> SHIFT] = _Way(total, node, value)
        return found

    def _values(self, layers: list[Layer], node: int) -> tuple[int, ...]:
        """The values on a shortest way to a node of the last layer."""
        values = list[int]()
        for layer in layers[:0:-1]:
            way = layer[node]
            values.append(way.value)
            node = way.before
        return tuple(reversed(values))
