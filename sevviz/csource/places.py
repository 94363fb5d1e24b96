"""Running a task's own code: from one step to the next, in locals only.

A place is a stack of frames before an Access, or the result of a finished call. Locals that nobody will read again are
forgotten, so that places with the same future are the same place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn

from sevviz.csource.constants import INT_MAX
from sevviz.csource.ir import (
    Access,
    Assign,
    Binary,
    Branch,
    Call,
    Expression,
    Field,
    Function,
    Global,
    Jump,
    Local,
    Number,
    Return,
    Stored,
    Unary,
)  # fmt: skip
from sevviz.csource.liveness import live_slots
from sevviz.csource.values import Location, Pointer, Value, compare, why_open

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.csource.reader import Text
    from sevviz.model import Span

__all__ = ["Finished", "Frame", "Place", "Pointer", "Runner"]

MAX_DEPTH = 64  # calls; the deepest chain of the thread has 3
MAX_LOCAL_STEPS = 100_000  # instructions between two steps
GRACE = 1_000  # more, to find the loop
NO_END = (
    f"more than {MAX_LOCAL_STEPS:,} local steps without touching a shared object: a loop that waits for nothing "
    "never ends; let it read or lock something shared, or give it an end"
)


class Frame(NamedTuple):
    """One call in progress: `pc` is the instruction to run next, or the call that waits for its callee."""

    function: str
    pc: int
    locals: tuple[Value, ...]


class Finished(NamedTuple):
    """The call has returned."""

    result: int


Place = tuple[Frame, ...] | Finished


class Runner:
    """Runs the local code of one file."""

    def __init__(self, text: Text, functions: dict[str, Function], booleans: frozenset[Location] = frozenset()) -> None:
        self.text = text
        self.functions = functions
        self.booleans = booleans
        self.live = {name: live_slots(function) for name, function in functions.items()}

    def call(self, function: str, arguments: tuple[Value, ...]) -> Place:
        """The place of the first step of a call."""
        return self._run([self._frame(function, arguments)])

    def resume(self, frames: tuple[Frame, ...], result: int) -> Place:
        """The place after the step at `frames` returned `result`."""
        stack = list(frames)
        top = stack[-1]
        access = self.functions[top.function].code[top.pc]
        assert isinstance(access, Access)
        stack[-1] = self._advance(top, access.slot, result)
        return self._run(stack)

    def access(self, frames: tuple[Frame, ...]) -> tuple[Access, Value, tuple[Value, ...]]:
        """The step at a place with the values of its address and operands."""
        top = frames[-1]
        access = self.functions[top.function].code[top.pc]
        assert isinstance(access, Access)
        address = None
        if access.address is not None:
            address = self._value(access.address, top.function, top.locals)
            if not isinstance(address, Pointer):
                self._fail(access.span, f"{access.name} through a NULL pointer: the kernel would crash here")
        return access, address, tuple(self._value(operand, top.function, top.locals) for operand in access.operands)

    def _fail(self, span: Span, message: str) -> NoReturn:
        self.text.fail(span, message)

    def _frame(self, name: str, arguments: tuple[Value, ...]) -> Frame:
        function = self.functions[name]
        variables = function.variables
        values = [int(bool(value)) if variables[slot].boolean else value for slot, value in enumerate(arguments)]
        return Frame(name, 0, (*values, *(None,) * (len(variables) - len(values))))

    def _advance(self, frame: Frame, slot: int | None, value: Value) -> Frame:
        """The frame after its current instruction, with `value` put into `slot`."""
        if slot is None:
            return frame._replace(pc=frame.pc + 1)
        variables = list(frame.locals)
        self._put(frame.function, variables, slot, value)
        return Frame(frame.function, frame.pc + 1, tuple(variables))

    def _put(self, function: str, variables: list[Value], slot: int, value: Value) -> None:
        boolean = value is not None and self.functions[function].variables[slot].boolean
        variables[slot] = int(bool(value)) if boolean else value

    def _forget(self, frame: Frame) -> Frame:
        """The frame without the locals that nobody will read."""
        live = self.live[frame.function][frame.pc]
        return frame._replace(locals=tuple(v if slot in live else None for slot, v in enumerate(frame.locals)))

    def _run(self, stack: list[Frame]) -> Place:
        """Run local code up to the next step or the end of the call."""
        budget = MAX_LOCAL_STEPS
        while True:
            stack[-1], budget = self._run_straight(stack[-1], budget)
            top = stack[-1]
            match self.functions[top.function].code[top.pc]:
                case Access():
                    stack[-1] = self._forget(top)
                    return tuple(stack)
                case Call() as call:
                    self._push(stack, call)
                case Return(value, span):
                    result = self._returned(top, value, span)
                    if len(stack) == 1:
                        return Finished(result if isinstance(result, int) else 0)
                    self._pop(stack, result)

    def _run_straight(self, frame: Frame, budget: int) -> tuple[Frame, int]:
        """Run assignments and jumps within one call; returns the frame before anything else, and the steps left.

        Who has used up its steps is stopped at the next jump back, so that the error points at a loop; or soon after.
        """
        code, pc, variables = self.functions[frame.function].code, frame.pc, list(frame.locals)
        while True:
            budget -= 1
            following, instruction = pc + 1, code[pc]
            match instruction:
                case Assign(slot, value, _):
                    self._put(frame.function, variables, slot, self._value(value, frame.function, variables))
                case Jump(target, _):
                    following = target
                case Branch(condition, then, otherwise, _):
                    following = then if self._value(condition, frame.function, variables) else otherwise
                case _:
                    following = pc
            if budget < 0 and (following < pc or budget < -GRACE):
                self._fail(instruction.span, NO_END)
            if following == pc:
                return Frame(frame.function, pc, tuple(variables)), budget
            pc = following

    def _push(self, stack: list[Frame], call: Call) -> None:
        top = stack[-1]
        if len(stack) >= MAX_DEPTH:
            self._fail(call.span, f"{call.function} is called more than {MAX_DEPTH} deep: recursion without end?")
        arguments = tuple(self._value(argument, top.function, top.locals) for argument in call.arguments)
        # What the caller keeps while the callee runs is what is read after the call.
        live = self.live[top.function][top.pc + 1]
        kept = tuple(v if slot in live and slot != call.slot else None for slot, v in enumerate(top.locals))
        stack[-1] = top._replace(locals=kept)
        stack.append(self._frame(call.function, arguments))

    def _pop(self, stack: list[Frame], result: Value) -> None:
        stack.pop()
        caller = stack[-1]
        call = self.functions[caller.function].code[caller.pc]
        assert isinstance(call, Call)
        stack[-1] = self._advance(caller, call.slot, result)

    def _returned(self, frame: Frame, value: Expression | None, span: Span) -> Value:
        function = self.functions[frame.function]
        if value is None:
            if function.result != "void":
                self._fail(span, f"{function.name} ends here without return, but it returns {function.result}")
            return 0
        result = self._value(value, frame.function, frame.locals)
        return int(bool(result)) if function.result == "bool" else result

    # Values.

    def _value(self, expression: Expression, function: str, variables: Sequence[Value]) -> Value:
        found: Value = None
        match expression:
            case Number(number, _):
                found = number
            case Local(slot, span):
                found = variables[slot]
                if found is None:
                    name = self.functions[function].variables[slot].name
                    self._fail(span, f"local {name!r} is read before it has a value: give it one where it is declared")
            case Global(name, _):
                found = Pointer(-1, (name,))
            case Field(base, member, span):
                found = self._member(self._value(base, function, variables), member, span)
            case Unary(symbol, operand, span):
                value = self._value(operand, function, variables)
                found = int(not value) if symbol == "!" else self._sum(0, value, -1, span)
            case Binary(symbol, left, right, span):
                values = self._value(left, function, variables), self._value(right, function, variables)
                found = self._compute(symbol, *values, span)
            case Stored(address, stored, _):
                place, value = (self._value(inner, function, variables) for inner in (address, stored))
                found = int(bool(value)) if isinstance(place, Pointer) and place.location in self.booleans else value
        return found  # None for Unset

    def _member(self, pointer: Value, member: str, span: Span) -> Pointer:
        if not isinstance(pointer, Pointer):
            self._fail(span, f"member {member!r} of a NULL pointer: the kernel would crash here")
        return Pointer(pointer.vm, (*pointer.path, member))

    def _compute(self, symbol: str, left: Value, right: Value, span: Span) -> int:
        if symbol in ("+", "-"):
            return self._sum(left, right, 1 if symbol == "+" else -1, span)
        reason = why_open(symbol, left, right)
        if reason:
            self._fail(span, reason)
        return int(compare(symbol, left, right))

    def _sum(self, left: Value, right: Value, sign: int, span: Span) -> int:
        if not isinstance(left, int) or not isinstance(right, int):
            self._fail(span, "arithmetic on a pointer is not understood")
        value = left + sign * right
        if not -INT_MAX - 1 <= value <= INT_MAX:
            self._fail(span, f"integer overflow: {value} does not fit an int, and overflow of an int is undefined in C")
        return value
