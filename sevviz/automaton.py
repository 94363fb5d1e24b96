"""What a task does: its operations, the positions between them, and the automaton that leads from one to the next.

All values are NamedTuples, for the reason that `sevviz.model` gives. That module has them too, and is where to import
them from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["Action", "Automaton", "Operation", "Position", "Span"]

Action = Literal[
    "lock", "trylock", "unlock", "load", "store", "cmpxchg", "xchg", "may_sleep", "relax", "enter", "leave",
    "spin",  # of no C text: see interpreter.next_operation
]  # fmt: skip


class Span(NamedTuple):
    """Where something stands in a source text; lines and columns count from 1, the end column is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class Operation(NamedTuple):
    """One step of a task: a primitive on a named object, or a plain read or write of a shared field."""

    primitive: str  # as written: "mutex_lock_killable", or "read" and "write" for plain accesses
    action: Action
    span: Span
    object: int = -1  # index into Program.objects, -1 for none
    operands: tuple[int, ...] = ()  # cmpxchg: (old, new); xchg and store: (new,)
    interruptible: bool = False  # its wait ends with -EINTR after a fatal signal
    order: str = ""  # "plain", "once", "relaxed", "acquire", "release", "full"; "" for locks
    subclass: int = 0  # lockdep's nesting annotation
    nest: int = -1  # the nest lock that lockdep is told of: index into Program.objects, -1 for none
    vms: tuple[int, ...] = ()  # sev_migrate_from: indices into Program.vms
    text: str = ""  # with names resolved: "mutex_lock(B.lock)"
    function: str = ""  # the C function it stands in
    source: int = 0  # index into Program.sources


class Position(NamedTuple):
    """Where a task stands: before `operation`, or finished with `result` (then `operation` is None).

    `calls` are the lines of the calls that led here, outermost first; `variables` the live locals of the innermost.
    """

    operation: Operation | None
    result: int | None = None
    calls: tuple[Span, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    attempt: int = 1


class _Deferred(NamedTuple):
    """A place where the operations of some positions are still to be done, in their order, before `following`."""

    pending: tuple[int, ...]
    following: int


class Automaton:
    """A task's program: numbered positions, made on demand and kept, so that equal places have equal numbers.

    `advance(place, result)` gives the place that is reached when the operation there returns `result`,
    `describe(place)` its Position, and `returns(place, result)` whether a call ends there; all must be pure. A place is
    any hashable value of the front end.
    """

    __slots__ = ("_advance", "_after", "_describe", "_numbers", "_places", "_returns", "positions")

    def __init__(
        self, start: Hashable, advance: Callable[[Any, int], Hashable], describe: Callable[[Any], Position],
        returns: Callable[[Any, int], bool] = lambda _, __: False,
    ) -> None:  # fmt: skip
        self._advance = advance
        self._describe = describe
        self._returns = returns
        self._places: list[Hashable] = []
        self._numbers: dict[Hashable, int] = {}
        self._after: dict[tuple[int, int], int] = {}
        self.positions: list[Position] = []
        self._number(start)

    def after(self, position: int, result: int) -> int:
        """The position that follows when the operation at `position` returns `result`."""
        key = (position, result)
        number = self._after.get(key)
        if number is None:
            place = self._places[position]
            if isinstance(place, _Deferred):
                number = self.defer(place.pending[1:], place.following)
            else:
                number = self._number(self._advance(place, result))
            self._after[key] = number
        return number

    def ends_call(self, position: int, result: int) -> bool:
        """Whether a call returns to user space when its operation returns `result`: the last of a task, or another."""
        if self.positions[self.after(position, result)].operation is None:
            return True
        place = self._places[position]
        return not isinstance(place, _Deferred) and self._returns(place, result)

    def defer(self, pending: tuple[int, ...], following: int) -> int:
        """The position that does the operations of the positions `pending` and then goes on at `following`.

        Only operations without a result can be deferred: what comes after them is known already.
        """
        return self._number(_Deferred(pending, following)) if pending else following

    def _number(self, place: Hashable) -> int:
        number = self._numbers.get(place)
        if number is None:
            # Describing a place may refuse the program; nothing is kept then.
            position = self.positions[place.pending[0]] if isinstance(place, _Deferred) else self._describe(place)
            number = self._numbers[place] = len(self._places)
            self._places.append(place)
            self.positions.append(position)
        return number
