"""The front end's intermediate form: expressions over locals, and flat instructions with one shared access each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sevviz.model import Kind, Span
    from sevviz.primitives import Primitive

__all__ = [
    "Access", "Assign", "Binary", "Branch", "Call", "Expression", "Field", "Function", "Global", "GlobalObject",
    "Instruction", "Jump", "Local", "Number", "Return", "Stored", "Unary", "Unset", "Variable", "locals_in",
]  # fmt: skip


class Number(NamedTuple):
    """An int constant; NULL is 0."""

    value: int
    span: Span


class Unset(NamedTuple):
    """No value: a local between its declaration and its first assignment."""

    span: Span


class Local(NamedTuple):
    """The value of a local variable or parameter."""

    slot: int
    span: Span


class Global(NamedTuple):
    """The address of a file-scope object."""

    name: str
    span: Span


class Field(NamedTuple):
    """The address of a member: `&base->member`."""

    base: Expression
    member: str
    span: Span


class Unary(NamedTuple):
    """`-x` or `!x`."""

    operator: str
    operand: Expression
    span: Span


class Binary(NamedTuple):
    """Arithmetic or comparison; && and || are branches by now."""

    operator: str
    left: Expression
    right: Expression
    span: Span


class Stored(NamedTuple):
    """What a store of `value` leaves at `address`: a bool holds 0 or 1."""

    address: Expression
    value: Expression
    span: Span


Expression = Number | Unset | Local | Global | Field | Unary | Binary | Stored


class Assign(NamedTuple):
    """`slot = value`, in the task's own memory: costs no step."""

    slot: int
    value: Expression
    span: Span


class Access(NamedTuple):
    """One step: a primitive, or a plain read or write, on the object at `address`."""

    name: str
    primitive: Primitive
    address: Expression | None
    operands: tuple[Expression, ...]
    slot: int | None  # where its result goes
    span: Span


class Jump(NamedTuple):
    """Go to `target`."""

    target: int
    span: Span


class Branch(NamedTuple):
    """Go to `then` if the condition is not 0, else to `otherwise`."""

    condition: Expression
    then: int
    otherwise: int
    span: Span


class Call(NamedTuple):
    """A call of a function of the file."""

    function: str
    arguments: tuple[Expression, ...]
    slot: int | None
    span: Span


class Return(NamedTuple):
    """Return `value`, None from a void function."""

    value: Expression | None
    span: Span


Instruction = Assign | Access | Jump | Branch | Call | Return


class Variable(NamedTuple):
    """A parameter, local or temporary (no name). `pointee` is "" for an int or bool, else what it points to."""

    name: str
    pointee: str
    boolean: bool
    span: Span


class GlobalObject(NamedTuple):
    """A file-scope lock or field."""

    name: str
    kind: Kind
    initial: int
    span: Span
    boolean: bool = False


@dataclass(slots=True)
class Function:
    """A function of the file; parameters are its first variables."""

    name: str
    parameters: int
    result: str  # "int", "bool", "void" or what its pointer points to with " *"
    span: Span
    variables: list[Variable] = field(default_factory=list)
    code: list[Instruction] = field(default_factory=list)


def locals_in(expression: Expression | None) -> tuple[int, ...]:
    """The slots that an expression reads."""
    match expression:
        case Local(slot, _):
            return (slot,)
        case Field(base, _, _) | Unary(_, base, _):
            return locals_in(base)
        case Binary(_, left, right, _) | Stored(left, right, _):
            return locals_in(left) + locals_in(right)
    return ()
