"""One function being lowered: its scopes, temporaries, labels and instructions."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from sevviz.csource.ir import (
    Access,
    Assign,
    Branch,
    Expression,
    Function,
    GlobalObject,
    Instruction,
    Jump,
    Local,
    Stored,
    Variable,
)
from sevviz.primitives import PRIMITIVES, Primitive

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

    from sevviz.csource.reader import Text
    from sevviz.model import Span

__all__ = ["Builder", "Signature", "suggest"]

KEYWORDS = frozenset(
    """
    auto bool break case char const continue default do double else enum extern false float for goto if inline int long
    register return short signed sizeof static struct switch true typedef union unsigned void volatile while NULL
    """.split()  # noqa: SIM905 - a list of words is read best as words
)
READ = Primitive("load", "plain", order="plain", returns=True)
WRITE = Primitive("store", "plain", ("value",), order="plain")


def suggest(name: str, known: list[str] | tuple[str, ...]) -> str:
    """For a near miss: `; did you mean 'x'?`, else nothing."""
    near = get_close_matches(name, known, n=1, cutoff=0.75)
    return f"; did you mean {near[0]!r}?" if near else ""


class Signature(NamedTuple):
    """What a caller must know of a function of the file."""

    name: str
    result: str
    parameters: tuple[Variable, ...]


@dataclass(slots=True)
class Builder:
    """Collects the instructions of one function. Labels are negative until `finish` puts instruction numbers in."""

    text: Text
    function: Function
    functions: dict[str, Signature]
    globals: dict[str, GlobalObject]
    scopes: list[dict[str, int]] = field(default_factory=lambda: [{}])
    breaks: list[int] = field(default_factory=list)
    continues: list[int] = field(default_factory=list)
    named_labels: dict[str, int] = field(default_factory=dict)
    gotos: dict[str, Node] = field(default_factory=dict)
    placed: dict[int, int] = field(default_factory=dict)
    labels: int = 0
    # How a call is lowered: calls and expressions contain each other, so one of the two is handed in.
    lower_call: Callable[..., Expression] = field(kw_only=True)

    def call(self, node: Node, *, wanted: bool) -> Expression:
        """Lower a call; `wanted` tells that somebody uses its value."""
        return self.lower_call(self, node, wanted=wanted)

    def fail(self, where: Span | Node, message: str) -> NoReturn:
        """Raise the error at a span or node."""
        self.text.fail(where, message)

    def unknown_name(self, node: Node, name: str) -> NoReturn:
        """Raise the error for a name that is not visible, with those that are."""
        visible = sorted({name for scope in self.scopes for name in scope} | self.globals.keys())
        has = f"; known here: {', '.join(visible)}" if visible else ""
        self.fail(node, f"unknown name {name!r}{suggest(name, visible)}{has}")

    # Variables.

    def declare(self, variable: Variable) -> int:
        """A new local in the innermost scope; returns its slot."""
        scope = self.scopes[-1]
        if variable.name in scope:
            first = self.function.variables[scope[variable.name]].span
            self.fail(variable.span, f"{variable.name!r} is declared twice; first at line {first.line}")
        if variable.name in KEYWORDS:
            self.fail(variable.span, f"{variable.name!r} is a word of C; give the variable another name")
        if variable.name in PRIMITIVES or variable.name in self.functions:
            self.fail(variable.span, f"{variable.name!r} is a function; give the variable another name")
        scope[variable.name] = slot = self.slot(variable)
        return slot

    def slot(self, variable: Variable) -> int:
        """A new slot, for a local or a temporary."""
        self.function.variables.append(variable)
        return len(self.function.variables) - 1

    def temporary(self, span: Span, pointee: str = "") -> int:
        """A slot without a name."""
        return self.slot(Variable("", pointee, boolean=False, span=span))

    def lookup(self, name: str) -> int | None:
        """The slot of a visible local."""
        return next((scope[name] for scope in reversed(self.scopes) if name in scope), None)

    def variable(self, slot: int) -> Variable:
        """The declaration behind a slot."""
        return self.function.variables[slot]

    # Instructions.

    def emit(self, instruction: Instruction) -> None:
        """Append an instruction."""
        self.function.code.append(instruction)

    def assign(self, slot: int, value: Expression, span: Span) -> None:
        """`slot = value`."""
        self.emit(Assign(slot, value, span))

    def read(self, address: Expression, span: Span) -> Local:
        """A plain read of a shared field into a temporary."""
        slot = self.temporary(span)
        self.emit(Access("read", READ, address, (), slot, span))
        return Local(slot, span)

    def write(self, address: Expression, value: Expression, span: Span) -> None:
        """A plain write of a shared field."""
        self.emit(Access("write", WRITE, address, (value,), None, span))

    def store(self, place: int | Expression, value: Expression, span: Span) -> Expression:
        """Put a value into a local or a shared place; the value of that is what C says: the left side's."""
        if isinstance(place, int):
            self.assign(place, value, span)
            return Local(place, span)
        value = Stored(place, value, span)
        self.write(place, value, span)
        return value

    def load(self, place: int | Expression, span: Span) -> Expression:
        """The value of a place that is about to change."""
        if not isinstance(place, int):
            return self.read(place, span)
        copy = self.temporary(span)
        self.assign(copy, Local(place, span), span)
        return Local(copy, span)

    # Control flow.

    def label(self) -> int:
        """A new label, not placed yet."""
        self.labels -= 1
        return self.labels

    def place(self, label: int) -> None:
        """The label means the next instruction."""
        self.placed[label] = len(self.function.code)

    def jump(self, label: int, span: Span) -> None:
        """Go to a label."""
        self.emit(Jump(label, span))

    def branch(self, condition: Expression, then: int, otherwise: int, span: Span) -> None:
        """Go to one of two labels."""
        self.emit(Branch(condition, then, otherwise, span))

    def goto_label(self, name: str, node: Node) -> int:
        """The label that `goto name` names, placed or not."""
        self.gotos.setdefault(name, node)
        if name not in self.named_labels:
            self.named_labels[name] = self.label()
        return self.named_labels[name]

    def finish(self) -> Function:
        """Put instruction numbers in the place of labels."""
        for name, node in self.gotos.items():
            if self.named_labels[name] not in self.placed:
                known = [n for n, label in self.named_labels.items() if label in self.placed]
                has = f"; labels here: {', '.join(known)}" if known else "; this function has no labels"
                self.fail(node, f"goto {name}: no such label{has}{suggest(name, known)}")
        self.function.code[:] = [self._placed(instruction) for instruction in self.function.code]
        return self.function

    def _placed(self, instruction: Instruction) -> Instruction:
        match instruction:
            case Jump(target, span):
                return Jump(self.placed[target], span)
            case Branch(condition, then, otherwise, span):
                return Branch(condition, self.placed[then], self.placed[otherwise], span)
        return instruction
