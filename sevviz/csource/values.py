"""Values of locals: ints, and addresses with their order."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Location", "Member", "Pointer", "Value", "compare", "why_open"]


class Location(NamedTuple):
    """A field of any VM (root "") or a file-scope object (root = its name, path empty)."""

    root: str
    path: tuple[str, ...]


class Member(NamedTuple):
    """A member of a struct with a name: `mutex` of `struct kvm_vcpu`."""

    struct: str
    path: tuple[str, ...]

    @property
    def pointer(self) -> str:
        """What the struct's initialiser calls its argument: "vcpu" for a struct kvm_vcpu, as the kernel does."""
        return "vcpu" if self.struct == "kvm_vcpu" else self.struct

    @property
    def initialised(self) -> str:
        """The text that the member is initialised with: "&vcpu->mutex"."""
        return f"&{self.pointer}->{'.'.join(self.path)}"

    def __str__(self) -> str:
        return f"{self.struct}->{'.'.join(self.path)}"


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


def why_open(symbol: str, left: Value, right: Value) -> str:
    """Why C does not say whether `left symbol right`, or "": where things lie inside a VM or a file is nobody's rule.

    VMs lie in memory in the order of their names. That is an assumption: where a scenario is not symmetric, other names
    stand for another order.
    """
    if not isinstance(left, Pointer) or not isinstance(right, Pointer) or left == right:
        return ""
    if symbol in ("==", "!="):
        shorter, longer = sorted((left.path, right.path), key=len)
        if left.vm != right.vm or longer[: len(shorter)] != shorter:
            return ""
        return "an object and its first member have one address, and which member is first is not known"
    if left.vm >= 0 and right.vm >= 0 and left.vm != right.vm:
        return ""
    where = "members inside a VM" if left.vm == right.vm >= 0 else "objects at file scope and VMs"
    return f"the order of {where} in memory is not known: compare the addresses of two VMs"


def _rank(value: Value) -> Rank:
    """Order of numbers, and of addresses: NULL, then VMs A < B < C with their members inside; see why_open."""
    if isinstance(value, Pointer):
        return (1, value.vm, value.path)
    return (0, value or 0, ())
