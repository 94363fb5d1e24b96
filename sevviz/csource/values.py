"""Values of locals: ints, and addresses with their order."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Location", "Pointer", "Value", "compare"]


class Location(NamedTuple):
    """A field of any VM (root "") or a file-scope object (root = its name, path empty)."""

    root: str
    path: tuple[str, ...]


class Pointer(NamedTuple):
    """The address of a VM (`path` empty) or of something in it; file-scope objects have the VM number -1."""

    vm: int
    path: tuple[str, ...]

    @property
    def location(self) -> Location:
        """Which field or object it is, whatever the VM."""
        return Location("", self.path) if self.vm >= 0 else Location(self.path[0], self.path[1:])


Rank = tuple[int, int, tuple[str, ...]]
Value = int | Pointer | None  # None: never set, or never read again


def compare(symbol: str, left: Value, right: Value) -> bool:
    """`left symbol right`, for numbers and for addresses."""
    return _COMPARE[symbol](_rank(left), _rank(right))


_COMPARE: dict[str, Callable[[Rank, Rank], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def _rank(value: Value) -> Rank:
    """Order of numbers, and of addresses: NULL, file-scope objects, then VMs A < B < C with their members inside."""
    if isinstance(value, Pointer):
        return (1, value.vm, value.path)
    return (0, value or 0, ())
