"""The kernel functions that a scheme may call: arguments and kind of step. What a step does is the interpreter's."""

from __future__ import annotations

from typing import NamedTuple

from sevviz.model import ATOMIC, MUTEX, PLAIN, SPINLOCK, Action, Kind

__all__ = ["PRIMITIVES", "Primitive"]


_NESTED, _NEST_LOCK = ("subclass",), ("nest lock",)


class Primitive(NamedTuple):
    """One kernel function. `operands` are the numbers it takes after the object, as words for error messages."""

    action: Action
    kind: Kind | None = None  # the kind of object its first argument is, None where it takes none
    operands: tuple[str, ...] = ()
    order: str = ""
    interruptible: bool = False
    returns: bool = False  # whether it has a value
    by_name: bool = False  # READ_ONCE(x->f) takes the field itself, the others its address

    @property
    def subclassed(self) -> bool:
        """Whether it takes a subclass of its lock's class, for lockdep alone."""
        return self.operands == _NESTED

    @property
    def under_nest_lock(self) -> bool:
        """Whether it takes the address of a nest lock, for lockdep alone."""
        return self.operands == _NEST_LOCK

    @property
    def usage(self) -> str:
        """Its arguments in words, for errors: "a mutex's address, a subclass"."""
        first = {MUTEX: "struct mutex *", SPINLOCK: "spinlock_t *", ATOMIC: "atomic_t *", PLAIN: "bool or int *"}
        if self.kind is None:
            return ", ".join(self.operands)
        head = "a bool or int field" if self.by_name else first[self.kind]
        return ", ".join((head, *self.operands))


def _orders(name: str, primitive: Primitive) -> dict[str, Primitive]:
    """A read-modify-write function and its _acquire, _release and _relaxed forms (Documentation/atomic_t.txt)."""
    forms = {name: primitive._replace(order="full")}
    for order in ("acquire", "release", "relaxed"):
        forms[f"{name}_{order}"] = primitive._replace(order=order)
    return forms


_lock = Primitive("lock", MUTEX)
_killable = Primitive("lock", MUTEX, interruptible=True, returns=True)
_spin = Primitive("lock", SPINLOCK)

PRIMITIVES: dict[str, Primitive] = {
    "mutex_lock": _lock,
    "mutex_lock_nested": _lock._replace(operands=_NESTED),
    "mutex_lock_nest_lock": _lock._replace(operands=_NEST_LOCK),
    "mutex_lock_killable": _killable,
    "mutex_lock_killable_nested": _killable._replace(operands=_NESTED),
    "mutex_lock_killable_nest_lock": _killable._replace(operands=_NEST_LOCK),  # since Linux 6.16, fb49f07ba1d9
    "mutex_lock_interruptible": _killable,
    "mutex_trylock": Primitive("trylock", MUTEX, returns=True),
    "mutex_unlock": Primitive("unlock", MUTEX),
    "spin_lock": _spin,
    "spin_lock_nested": _spin._replace(operands=_NESTED),
    "spin_lock_nest_lock": _spin._replace(operands=_NEST_LOCK),
    "spin_trylock": Primitive("trylock", SPINLOCK, returns=True),
    "spin_unlock": Primitive("unlock", SPINLOCK),
    "atomic_read": Primitive("load", ATOMIC, order="relaxed", returns=True),
    "atomic_read_acquire": Primitive("load", ATOMIC, order="acquire", returns=True),
    "atomic_set": Primitive("store", ATOMIC, ("value",), order="relaxed"),
    "atomic_set_release": Primitive("store", ATOMIC, ("value",), order="release"),
    **_orders("atomic_cmpxchg", Primitive("cmpxchg", ATOMIC, ("old", "new"), returns=True)),
    **_orders("atomic_xchg", Primitive("xchg", ATOMIC, ("new",), returns=True)),
    "READ_ONCE": Primitive("load", PLAIN, order="once", returns=True, by_name=True),
    "WRITE_ONCE": Primitive("store", PLAIN, ("value",), order="once", by_name=True),
    "smp_load_acquire": Primitive("load", PLAIN, order="acquire", returns=True),
    "smp_store_release": Primitive("store", PLAIN, ("value",), order="release"),
    "might_sleep": Primitive("may_sleep"),
    "cond_resched": Primitive("may_sleep", returns=True),
    "cpu_relax": Primitive("relax"),
    "sev_migrate_from": Primitive("enter", None, ("destination VM", "source VM"), returns=True),
}
