"""Expressions: shared reads and calls become instructions, what is left is an expression over locals."""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING

from sevviz.csource.builder import Builder, suggest
from sevviz.csource.constants import constant, literal
from sevviz.csource.ir import Binary, Expression, Field, Global, Local, Number, Unary
from sevviz.csource.nodes import operator_of, part, unwrap
from sevviz.csource.pointers import check_branches, check_comparison, check_pointer, pointee_of, refuse_arithmetic
from sevviz.primitives import PRIMITIVES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

    from sevviz.model import Span

__all__ = ["address_of", "branch_on", "effect", "operator_of", "part", "value_of"]

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
ARITHMETIC = ("+", "-")
OPERATORS = "&& || ! == != < <= > >= + - ++ -- ?: = += -="


def place_of(b: Builder, node: Node) -> int | Expression:
    """What an expression on the left of an assignment names: a slot (int) or a shared address."""
    node = unwrap(node)
    match node.type:
        case "identifier":
            return _named_place(b, node)
        case "field_expression":
            return _member(b, node)
        case "pointer_expression" if operator_of(node) == "*":
            return _pointed_at(b, part(node, "argument"))
    return b.fail(node, f"{b.text.of(node)[:40]!r} is not a variable or a field")


def _pointed_at(b: Builder, node: Node) -> Expression:
    """The place that `*node` names."""
    if not pointee_of(b, node):
        b.fail(node, f"{b.text.of(node)[:40]!r} is not a pointer, so there is nothing it points at")
    return value_of(b, node)


def _named_place(b: Builder, node: Node) -> int | Expression:
    name = b.text.of(node)
    slot = b.lookup(name)
    if slot is not None:
        return slot
    if name in b.globals:
        return Global(name, b.text.span(node))
    return b.unknown_name(node, name)


def _member(b: Builder, node: Node) -> Field:
    """`base->member` or `base.member`, as an address."""
    base, member = unwrap(part(node, "argument")), b.text.of(part(node, "field"))
    span = b.text.span(node)
    if operator_of(node) == ".":
        place = place_of(b, base)
        if isinstance(place, int | Global):
            what = f"a {'local' if isinstance(place, int) else 'file-scope object'}, not a struct"
            b.fail(node, f"{b.text.of(base)!r} is {what}; fields are reached through pointers, as in kvm->lock")
        return Field(place, member, span)
    if base.type == "field_expression":
        dotted = f"{b.text.of(base)}.{member}"
        b.fail(node, f"a field that is a pointer is not understood: write the nested field as {dotted!r}")
    if pointee_of(b, base) == "":
        b.fail(base, f"{b.text.of(base)!r} is not a pointer, so it has no member {member!r}")
    return Field(value_of(b, base), member, span)


def address_of(b: Builder, node: Node) -> Expression:
    """The value of `&lvalue`."""
    place = place_of(b, node)
    if isinstance(place, int):
        local = f"local {b.text.of(node)!r}"
        b.fail(node, f"the address of {local} is not understood: return the value from the function instead")
    return place


def value_of(b: Builder, node: Node) -> Expression:
    """The value of an expression, after the instructions that it takes to know it."""
    node = unwrap(node)
    lower = _LOWER.get(node.type)
    if lower is None:
        what = f"{node.type.replace('_', ' ')} {b.text.of(node)[:40]!r}"
        if node.type == "cast_expression":
            b.fail(node, f"{what} is not understood: a scheme has no casts; drop the type or the needless parentheses")
        b.fail(node, f"{what} is not understood: a scheme computes with names, numbers, fields and {OPERATORS}")
    return lower(b, node, b.text.span(node))


def effect(b: Builder, node: Node) -> None:
    """An expression whose value nobody wants."""
    node = unwrap(node)
    if node.type == "call_expression":
        b.call(node, wanted=False)
    elif node.type == "comma_expression":
        for side in ("left", "right"):
            effect(b, part(node, side))
    else:
        value_of(b, node)


def _name(b: Builder, node: Node, span: Span) -> Expression:
    name = b.text.of(node)
    if b.lookup(name) is None and name not in b.globals:
        value = constant(name)
        if value is not None:
            return Number(value, span)
        if name in b.functions or name in PRIMITIVES:
            b.fail(node, f"{name!r} is a function: call it, as in {name}(...)")
        if re.fullmatch(r"E[A-Z0-9]+", name):
            b.fail(node, f"unknown errno name {name!r}{suggest(name, [n for n in dir(errno) if n.startswith('E')])}")
    place = _named_place(b, node)
    return Local(place, span) if isinstance(place, int) else b.read(place, span)


def _unary(b: Builder, node: Node, span: Span) -> Expression:
    operator = operator_of(node)
    operand = part(node, "argument")
    if operator not in ("-", "!", "+"):
        b.fail(node, f"operator {operator!r} is not understood: a scheme computes with {OPERATORS}")
    if operator != "!":
        refuse_arithmetic(b, node, operand)
    return value_of(b, operand) if operator == "+" else Unary(operator, value_of(b, operand), span)


def _binary(b: Builder, node: Node, span: Span) -> Expression:
    operator = operator_of(node)
    if operator in ("&&", "||"):
        return _truth(b, node, span)
    if operator not in COMPARISONS + ARITHMETIC:
        b.fail(node, f"operator {operator!r} is not understood: a scheme computes with {OPERATORS}")
    left, right = part(node, "left"), part(node, "right")
    check_comparison(b, node) if operator in COMPARISONS else refuse_arithmetic(b, node, left, right)
    # A local is read when the whole is computed: `i + i++` is undefined in C, and a callee cannot change a local.
    return Binary(operator, value_of(b, left), value_of(b, right), span)


def _truth(b: Builder, node: Node, span: Span) -> Expression:
    """A condition as 0 or 1."""
    slot, then, otherwise, end = b.temporary(span), b.label(), b.label(), b.label()
    branch_on(b, node, then, otherwise)
    b.place(then)
    b.assign(slot, Number(1, span), span)
    b.jump(end, span)
    b.place(otherwise)
    b.assign(slot, Number(0, span), span)
    b.place(end)
    return Local(slot, span)


def _conditional(b: Builder, node: Node, span: Span) -> Expression:
    check_branches(b, node)
    slot, then, otherwise, end = b.temporary(span, pointee_of(b, node)), b.label(), b.label(), b.label()
    if (consequence := node.child_by_field_name("consequence")) is None:  # GNU C's `a ?: b`: a is evaluated once
        b.assign(slot, value_of(b, part(node, "condition")), span)
        b.branch(Local(slot, span), end, otherwise, span)
    else:
        branch_on(b, part(node, "condition"), then, otherwise)
    b.place(then)
    if consequence is not None:
        b.assign(slot, value_of(b, consequence), span)
    b.jump(end, span)
    b.place(otherwise)
    b.assign(slot, value_of(b, part(node, "alternative")), span)
    b.place(end)
    return Local(slot, span)


def _assignment(b: Builder, node: Node, span: Span) -> Expression:
    operator, left, right = operator_of(node), part(node, "left"), part(node, "right")
    if operator not in ("=", "+=", "-="):
        b.fail(node, f"operator {operator!r} is not understood: a scheme computes with {OPERATORS}")
    place = place_of(b, left)
    check_pointer(b, right, "int or bool" if pointee_of(b, left) == "" else "pointer", right)
    if operator == "=":
        return b.store(place, value_of(b, right), span)
    refuse_arithmetic(b, node, left)
    old = b.load(place, b.text.span(left))
    return b.store(place, Binary(operator[0], old, value_of(b, right), span), span)


def _update(b: Builder, node: Node, span: Span) -> Expression:
    operand = part(node, "argument")
    refuse_arithmetic(b, node, operand)
    place = place_of(b, operand)
    old = b.load(place, b.text.span(operand))
    new = b.store(place, Binary(operator_of(node)[0], old, Number(1, span), span), span)
    prefix = node.children[0].type in ("++", "--")
    return new if prefix else old


# Conditions.


def branch_on(b: Builder, node: Node, then: int, otherwise: int) -> None:
    """Go to `then` if the condition holds, else to `otherwise`; each shared read in it is a step of its own."""
    node = unwrap(node)
    operator = operator_of(node) if node.type in ("binary_expression", "unary_expression") else ""
    if operator == "!":
        branch_on(b, part(node, "argument"), otherwise, then)
    elif operator in ("&&", "||"):
        middle = b.label()
        if operator == "&&":
            branch_on(b, part(node, "left"), middle, otherwise)
        else:
            branch_on(b, part(node, "left"), then, middle)
        b.place(middle)
        branch_on(b, part(node, "right"), then, otherwise)
    else:
        value = value_of(b, node)
        b.branch(value, then, otherwise, b.text.span(node))


def _pointer(b: Builder, node: Node, span: Span) -> Expression:
    if operator_of(node) == "&":
        return address_of(b, part(node, "argument"))
    return b.read(_pointed_at(b, part(node, "argument")), span)


def _comma(b: Builder, node: Node, _span: Span) -> Expression:
    effect(b, part(node, "left"))
    return value_of(b, part(node, "right"))


_LOWER: dict[str, Callable[[Builder, Node, Span], Expression]] = {
    "number_literal": lambda b, node, span: Number(literal(b.text, node), span),
    "true": lambda _, __, span: Number(1, span),
    "false": lambda _, __, span: Number(0, span),
    "null": lambda _, __, span: Number(0, span),
    "identifier": _name,
    "field_expression": lambda b, node, span: b.read(_member(b, node), span),
    "pointer_expression": _pointer,
    "unary_expression": _unary,
    "binary_expression": _binary,
    "conditional_expression": _conditional,
    "assignment_expression": _assignment,
    "update_expression": _update,
    "comma_expression": _comma,
    "call_expression": lambda b, node, _: b.call(node, wanted=True),
}
