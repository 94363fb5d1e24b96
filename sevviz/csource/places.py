"""Running a task's own code: from one step to the next, in locals only.

A place is a stack of frames before an Access, or the result of a finished call. Locals that nobody will read again are
forgotten, so that places with the same future are the same place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn

from sevviz.csource.expressions import INT_MAX
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
    Unary,
    locals_in,
)

if TYPE_CHECKING:
    from sevviz.csource.reader import Text
    from sevviz.model import Span

__all__ = ["Finished", "Frame", "Place", "Pointer", "Runner"]

MAX_DEPTH = 64  # calls; the deepest chain of the thread has 3
MAX_LOCAL_STEPS = 100_000  # instructions between two steps


class Pointer(NamedTuple):
    """The address of a VM (`path` empty) or of something in it; file-scope objects have the VM number -1."""

    vm: int
    path: tuple[str, ...]


Value = int | Pointer | None  # None: never set, or never read again


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

    def __init__(self, text: Text, functions: dict[str, Function]) -> None:
        self.text = text
        self.functions = functions
        self.live = {name: _live_slots(function) for name, function in functions.items()}

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
            address = self._value(access.address, top)
            if not isinstance(address, Pointer):
                self._fail(access.span, f"{access.name} through a NULL pointer")
        return access, address, tuple(self._value(operand, top) for operand in access.operands)

    def _fail(self, span: Span, message: str) -> NoReturn:
        self.text.fail(span, message)

    def _frame(self, name: str, arguments: tuple[Value, ...]) -> Frame:
        function = self.functions[name]
        variables = function.variables
        values = [bool(value) if variables[slot].boolean else value for slot, value in enumerate(arguments)]
        values = [int(value) if isinstance(value, bool) else value for value in values]
        return Frame(name, 0, (*values, *(None,) * (len(variables) - len(values))))

    def _advance(self, frame: Frame, slot: int | None, value: Value) -> Frame:
        """The frame after its current instruction, with `value` put into `slot`."""
        if slot is None:
            return frame._replace(pc=frame.pc + 1)
        if self.functions[frame.function].variables[slot].boolean:
            value = int(bool(value))
        values = (*frame.locals[:slot], value, *frame.locals[slot + 1 :])
        return Frame(frame.function, frame.pc + 1, values)

    def _forget(self, frame: Frame) -> Frame:
        """The frame without the locals that nobody will read."""
        live = self.live[frame.function][frame.pc]
        return frame._replace(locals=tuple(v if slot in live else None for slot, v in enumerate(frame.locals)))

    def _run(self, stack: list[Frame]) -> Place:
        for _ in range(MAX_LOCAL_STEPS):
            top = stack[-1]
            match self.functions[top.function].code[top.pc]:
                case Access():
                    stack[-1] = self._forget(top)
                    return tuple(stack)
                case Assign(slot, value, _):
                    stack[-1] = self._advance(top, slot, self._value(value, top))
                case Jump(target, _):
                    stack[-1] = top._replace(pc=target)
                case Branch(condition, then, otherwise, _):
                    stack[-1] = top._replace(pc=then if self._value(condition, top) else otherwise)
                case Call() as call:
                    self._push(stack, call)
                case Return(value, span):
                    result = self._returned(top, value, span)
                    if len(stack) == 1:
                        return Finished(result if isinstance(result, int) else 0)
                    self._pop(stack, result)
        top = stack[-1]
        span = self.functions[top.function].code[top.pc].span
        return self._fail(
            span,
            f"more than {MAX_LOCAL_STEPS:,} local steps without touching a shared object: a loop that waits for nothing "
            "never ends; let it read or lock something shared, or give it an end",
        )

    def _push(self, stack: list[Frame], call: Call) -> None:
        top = stack[-1]
        if len(stack) >= MAX_DEPTH:
            self._fail(call.span, f"{call.function} is called more than {MAX_DEPTH} deep: recursion without end?")
        arguments = tuple(self._value(argument, top) for argument in call.arguments)
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
        result = self._value(value, frame)
        return int(bool(result)) if function.result == "bool" else result

    # Values.

    def _value(self, expression: Expression, frame: Frame) -> Value:
        match expression:
            case Number(value, _):
                return value
            case Local(slot, span):
                value = frame.locals[slot]
                if value is None:
                    name = self.functions[frame.function].variables[slot].name
                    self._fail(span, f"{name!r} is read before anything was put into it")
                return value
            case Global(name, _):
                return Pointer(-1, (name,))
            case Field(base, member, span):
                pointer = self._value(base, frame)
                if not isinstance(pointer, Pointer):
                    self._fail(span, f"member {member!r} of a NULL pointer")
                return Pointer(pointer.vm, (*pointer.path, member))
            case Unary(operator, operand, span):
                value = self._value(operand, frame)
                return (
                    int(not value) if operator == "!" else self._int(-value if isinstance(value, int) else None, span)
                )
            case Binary(operator, left, right, span):
                return self._compute(operator, self._value(left, frame), self._value(right, frame), span)
        raise AssertionError(expression)

    def _int(self, value: int | None, span: Span) -> int:
        if value is None:
            self._fail(span, "arithmetic on a pointer is not understood")
        if not -INT_MAX - 1 <= value <= INT_MAX:
            self._fail(span, f"integer overflow: {value} does not fit an int, and overflow of an int is undefined in C")
        return value

    def _compute(self, operator: str, left: Value, right: Value, span: Span) -> int:
        if operator == "==":
            return int(left == right)
        if operator == "!=":
            return int(left != right)
        if operator in ("+", "-"):
            both_int = isinstance(left, int) and isinstance(right, int)
            if not both_int:
                return self._int(None, span)
            assert isinstance(left, int) and isinstance(right, int)
            return self._int(left + right if operator == "+" else left - right, span)
        low, high = _rank(left), _rank(right)
        return int({"<": low < high, "<=": low <= high, ">": low > high, ">=": low >= high}[operator])


def _rank(value: Value) -> tuple[int, int, tuple[str, ...]]:
    """Order of numbers, and of addresses: NULL, file-scope objects, then VMs A < B < C with their members inside."""
    if isinstance(value, Pointer):
        return (1, value.vm, value.path)
    return (0, value or 0, ())


def _live_slots(function: Function) -> list[frozenset[int]]:
    """For each instruction the slots that may be read from there on (backward data flow to a fixed point)."""
    code = function.code
    live: list[frozenset[int]] = [frozenset()] * (len(code) + 1)
    changed = True
    while changed:
        changed = False
        for pc in range(len(code) - 1, -1, -1):
            instruction = code[pc]
            after = frozenset[int]().union(*(live[target] for target in _targets(instruction, pc)))
            now = (after - _written(instruction)) | _reads(instruction)
            if now != live[pc]:
                live[pc], changed = now, True
    return live


def _targets(instruction: object, pc: int) -> tuple[int, ...]:
    match instruction:
        case Jump(target, _):
            return (target,)
        case Branch(_, then, otherwise, _):
            return (then, otherwise)
        case Return():
            return ()
    return (pc + 1,)


def _written(instruction: object) -> frozenset[int]:
    match instruction:
        case Assign(slot=slot) | Access(slot=slot) | Call(slot=slot) if slot is not None:
            return frozenset((slot,))
    return frozenset()


def _reads(instruction: object) -> frozenset[int]:
    match instruction:
        case Assign(value=value) | Return(value=value) | Branch(condition=value):
            return frozenset(locals_in(value))
        case Access(address=address, operands=operands):
            return frozenset(locals_in(address)).union(*(locals_in(o) for o in operands))
        case Call(arguments=arguments):
            return frozenset[int]().union(*(locals_in(a) for a in arguments))
    return frozenset()
