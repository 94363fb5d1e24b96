"""A task's automaton: the places of its calls, bound to numbered objects and VMs."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NamedTuple

from sevviz.csource.places import Finished, Frame, Place, Pointer
from sevviz.model import Automaton, Operation, Position

if TYPE_CHECKING:
    from sevviz.csource.ir import Access
    from sevviz.csource.scheme import Scheme
    from sevviz.csource.values import Value

__all__ = ["Call", "TaskBuilder"]

EBUSY = -errno.EBUSY
SUBCLASSES = 8  # MAX_LOCKDEP_SUBCLASSES, include/linux/lockdep_types.h
IDLE = ("relax", "may_sleep")  # steps that look at nothing
MAX_IDLE_STEPS = 10_000  # in a row


class Call(NamedTuple):
    """One call of a task: the function of a scheme on VMs (their numbers)."""

    scheme: Scheme
    source: int
    function: str
    vms: tuple[int, ...]


class Stand(NamedTuple):
    """Where a task stands: which of its calls, which attempt, and the place in it."""

    call: int
    attempt: int
    place: Place


class TaskBuilder:
    """Makes one task's automaton: binds the places of its calls to numbered objects and VMs."""

    def __init__(
        self, calls: tuple[Call, ...], retry: int | None, vms: tuple[str, ...],
        numbers: dict[tuple[int, tuple[str, ...]], int], names: tuple[str, ...],
    ) -> None:  # fmt: skip
        self.calls = calls
        self.retry = retry
        self.vms = vms
        self.numbers = numbers
        self.names = names
        self.not_idle: set[Stand] = set()  # places from which idle steps are known to lead to a shared access

    def automaton(self) -> Automaton:
        """The task from its first step on."""
        return Automaton(self._settle(self._start(0, 1)), self._advance, self._describe, self._returns)

    def _start(self, number: int, attempt: int) -> Stand:
        call = self.calls[number]
        place = call.scheme.runner.call(call.function, tuple(Pointer(vm, ()) for vm in call.vms))
        if self.retry is None and isinstance(place, Finished) and place.result == EBUSY:
            message = f"{call.function} returns -EBUSY without a step, so retrying it for ever never ends"
            call.scheme.text.fail(call.scheme.functions[call.function].span, message)
        return Stand(number, attempt, place)

    def _settle(self, stand: Stand) -> Stand:
        """Go on to the next attempt or the next call where this one has returned."""
        while isinstance(stand.place, Finished):
            result = stand.place.result
            again = self._again(stand.place, stand.attempt)
            if again is not None:
                stand = self._start(stand.call, again)
            elif result == 0 and stand.call + 1 < len(self.calls):
                stand = self._start(stand.call + 1, 1)
            else:
                return Stand(len(self.calls), 1 if self.retry is None else stand.attempt, stand.place)
        return stand

    def _again(self, place: Finished, attempt: int) -> int | None:
        """The number of the next attempt, None if there is none. Retrying for ever does not count."""
        if place.result != EBUSY or self.retry == 0:
            return None
        if self.retry is None:
            return 1
        return attempt + 1 if attempt <= self.retry else None

    def _advance(self, stand: Stand, result: int) -> Stand:
        return self._settle(stand._replace(place=self._resume(stand, result)))

    def _returns(self, stand: Stand, result: int) -> bool:
        return isinstance(self._resume(stand, result), Finished)

    def _resume(self, stand: Stand, result: int) -> Place:
        assert not isinstance(stand.place, Finished)
        return self.calls[stand.call].scheme.runner.resume(stand.place, result)

    def _describe(self, stand: Stand) -> Position:
        if isinstance(stand.place, Finished):
            return Position(None, stand.place.result, attempt=stand.attempt)
        call, frames = self.calls[stand.call], stand.place
        operation = self._operation(call, frames)
        if operation.action in IDLE:
            self._refuse_idle_loop(stand)
        functions = call.scheme.functions
        calls = tuple(functions[f.function].code[f.pc].span for f in frames[:-1])
        top = frames[-1]
        named = [(v.name, value) for v, value in zip(functions[top.function].variables, top.locals, strict=True)]
        variables = tuple((name, self._show(value)) for name, value in named if name and value is not None)
        return Position(operation, None, calls, variables, stand.attempt)

    def _operation(self, call: Call, frames: tuple[Frame, ...]) -> Operation:
        access, address, operands = call.scheme.runner.access(frames)
        primitive, text = access.primitive, call.scheme.text
        number = -1
        if isinstance(address, Pointer):
            number = self.numbers[address]
        nest = -1
        if primitive.under_nest_lock:
            nest, operands = self._nest_lock(call, access, operands), ()
        vms = tuple(value.vm for value in operands if isinstance(value, Pointer) and not value.path and value.vm >= 0)
        values = tuple(value for value in operands if isinstance(value, int))
        if primitive.action in ("enter", "leave") and len(vms) != len(operands):
            text.fail(access.span, f"{access.name} takes two VMs, one of these is not a VM")
        if primitive.action not in ("enter", "leave") and len(values) != len(operands):
            text.fail(access.span, f"{access.name}: a pointer cannot be stored in a shared field")
        subclass = values[0] if primitive.subclassed else 0
        if not 0 <= subclass < SUBCLASSES:
            text.fail(access.span, f"lockdep has subclasses 0 to {SUBCLASSES - 1}, not {subclass}")
        return Operation(
            access.name, primitive.action, access.span, number, () if primitive.subclassed else values,
            primitive.interruptible, primitive.order, subclass, nest, vms,
            self._text(access, [n for n in (number, nest) if n >= 0], values, vms), frames[-1].function, call.source,
        )  # fmt: skip

    def _nest_lock(self, call: Call, access: Access, operands: tuple[Value, ...]) -> int:
        """The number of the lock that stands second in mutex_lock_nest_lock()."""
        if not isinstance(operands[0], Pointer):
            call.scheme.text.fail(access.span, f"{access.name} under a NULL pointer: the kernel would crash here")
        return self.numbers[operands[0]]

    def _text(self, access: Access, objects: list[int], values: tuple[int, ...], vms: tuple[int, ...]) -> str:
        names = [self.names[number] for number in objects]
        name = names[0] if names else ""
        if access.name == "read":
            return f"read {name}"
        if access.name == "write":
            return f"{name} = {values[0]}"
        shown = names or [self.vms[vm] for vm in vms]
        subclassed = access.primitive.subclassed
        shown += ["SINGLE_DEPTH_NESTING" if subclassed and v == 1 else str(v) for v in values]
        where = {"enter": ": enter", "leave": ": leave"}.get(access.primitive.action, "")
        return f"{access.name}({', '.join(shown)}){where}"

    def _show(self, value: int | Pointer | None) -> str:
        if not isinstance(value, Pointer):
            return str(value)
        if not value.path:
            return self.vms[value.vm]
        number = self.numbers.get(value)
        name = (
            self.names[number]
            if number is not None
            else ".".join((*([self.vms[value.vm]] if value.vm >= 0 else []), *value.path))
        )
        return f"&{name}"

    def _refuse_idle_loop(self, stand: Stand) -> None:
        """Refuse a loop of cpu_relax() and the like that never looks at anything shared."""
        seen, call = {stand: None}, stand.call  # a dict keeps the order
        while not isinstance(stand.place, Finished) and stand.call == call and stand not in self.not_idle:
            runner = self.calls[call].scheme.runner
            access, _, _ = runner.access(stand.place)
            if access.primitive.action not in IDLE:
                break
            stand = self._advance(stand, 0)
            if stand in seen or len(seen) > MAX_IDLE_STEPS:
                message = "this loop never touches a shared object, so nothing can end it"
                runner.text.fail(access.span, f"{message}; let it read or lock something shared")
            seen[stand] = None
        self.not_idle.update(seen)
