"""The C names of contract 1's primitives, turned into the few kinds of operation that the rules tell apart."""

import re

from .values import Operation, Pointer, Value

_KINDS = {
    "mutex_lock": "mutex_lock",
    "mutex_lock_killable": "mutex_lock_killable",
    "mutex_lock_interruptible": "mutex_lock_killable",
    "mutex_trylock": "mutex_trylock",
    "mutex_unlock": "mutex_unlock",
    "spin_lock": "spin_lock",
    "spin_trylock": "spin_trylock",
    "spin_unlock": "spin_unlock",
    "atomic_read": "read",
    "READ_ONCE": "read",
    "smp_load": "read",
    "atomic_set": "write",
    "WRITE_ONCE": "write",
    "smp_store": "write",
    "atomic_cmpxchg": "cmpxchg",
    "atomic_xchg": "xchg",
    "might_sleep": "may_sleep",
    "cond_resched": "may_sleep",
    "cpu_relax": "nothing",
}
_TAKES_A_PLACE = ("READ_ONCE", "WRITE_ONCE")


def is_primitive(name: str) -> bool:
    """Tell whether a call of this name is one step."""
    return _plain(name) in _KINDS


def takes_a_place(name: str) -> bool:
    """Tell whether the first argument is the object itself, as for READ_ONCE(x), and not its address."""
    return name in _TAKES_A_PLACE


def operation(name: str, arguments: list[Value], line: int) -> Operation:
    """Return the step that a call of a primitive is. A subclass or a nest lock means nothing here."""
    target = arguments[0].name if arguments and isinstance(arguments[0], Pointer) else None
    return Operation(_KINDS[_plain(name)], target, tuple(arguments[1:]), line)


def _plain(name: str) -> str:
    return re.sub(r"_(nested|nest_lock|acquire|release|relaxed)$", "", name)
