"""What the oracle's C computes with, and what a task asks of the world."""

import errno
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Pointer:
    """The address of something inside a VM, or of a file-scope object (then ``vm`` is empty).

    Order is address order: VM A lies below VM B.
    """

    vm: str
    path: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The object's name as contract 3 has it: VM and fields without the way to sev_info, or the global's name."""
        parts = ([self.vm] if self.vm else []) + [part for part in self.path if part not in ("svm", "sev_info")]
        return ".".join(parts)


Value = int | Pointer


@dataclass(frozen=True, slots=True)
class Operation:
    """One step that a task is about to make: its kind, the object's name, its operands, its line."""

    kind: str
    target: str | None
    operands: tuple[Value, ...]
    line: int | None


def result_name(value: Value) -> str:
    """Return a task's result as it is printed: success is "0", an errno goes by its name."""
    if isinstance(value, Pointer):
        return value.name
    if value < 0 and -value in errno.errorcode:
        return "-" + errno.errorcode[-value]
    return str(value)


def constant(name: str) -> int | None:
    """Return the number that a name stands for in every scheme, or None."""
    fixed = {"true": 1, "false": 0, "NULL": 0, "SINGLE_DEPTH_NESTING": 1}
    if name in fixed:
        return fixed[name]
    number = getattr(errno, name, None)
    return number if isinstance(number, int) else None
