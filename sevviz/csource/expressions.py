"""Expressions: shared reads and calls become instructions, what is left is an expression over locals."""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING

from sevviz.csource.builder import Builder, suggest
from sevviz.csource.ir import Access, Binary, Call, Expression, Field, Global, Local, Number, Unary
from sevviz.primitives import PRIMITIVES

if TYPE_CHECKING:
    from tree_sitter import Node

    from sevviz.model import Span

__all__ = ["INT_MAX", "address_of", "branch_on", "effect", "value_of"]

INT_MAX = 2**31 - 1
ACCESSORS = {"to_kvm_svm": ("svm",), "to_kvm_sev_info": ("svm", "sev_info")}
CONSTANTS = {"NULL": 0, "true": 1, "false": 0, "SINGLE_DEPTH_NESTING": 1}
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
ARITHMETIC = ("+", "-")
OPERATORS = "&& || ! == != < <= > >= + - ++ -- ?: = += -="


def constant(name: str) -> int | None:
    """The value of an errno name or another constant, None for anything else."""
    if name in CONSTANTS:
        return CONSTANTS[name]
    if name.startswith("E"):
        found: int | None = getattr(errno, name, None)
        return found
    return None


def unwrap(node: Node) -> Node:
    """The expression inside its parentheses."""
    while node.type == "parenthesized_expression":
        inner = [child for child in node.named_children if child.type != "comment"]
        node = inner[0]
    return node


def operator_of(node: Node) -> str:
    """The operator of an expression, as written."""
    child = node.child_by_field_name("operator")
    assert child is not None  # the grammar gives every operator expression one
    return child.type


def part(node: Node, name: str) -> Node:
    """A part that the grammar guarantees."""
    child = node.child_by_field_name(name)
    assert child is not None, (node.type, name)
    return child


# Places: a local's slot, or the address of something shared.


def place_of(b: Builder, node: Node) -> int | Expression:
    """What an expression on the left of an assignment names: a slot (int) or a shared address."""
    node = unwrap(node)
    match node.type:
        case "identifier":
            return _named_place(b, node)
        case "field_expression":
            return _member(b, node)
        case "pointer_expression" if operator_of(node) == "*":
            return value_of(b, part(node, "argument"))
    return b.fail(node, f"{b.text.of(node)[:40]!r} is not a variable or a field")


def _named_place(b: Builder, node: Node) -> int | Expression:
    name = b.text.of(node)
    slot = b.lookup(name)
    if slot is not None:
        return slot
    if name in b.globals:
        return Global(name, b.text.span(node))
    visible = sorted({name for scope in b.scopes for name in scope} | b.globals.keys())
    has = f"; known here: {', '.join(visible)}" if visible else ""
    return b.fail(node, f"unknown name {name!r}{suggest(name, visible)}{has}")


def _member(b: Builder, node: Node) -> Field:
    """`base->member` or `base.member`, as an address."""
    base, member = unwrap(part(node, "argument")), b.text.of(part(node, "field"))
    span = b.text.span(node)
    if operator_of(node) == ".":
        place = place_of(b, base)
        if isinstance(place, int):
            b.fail(
                node,
                f"{b.text.of(base)!r} is a local, not a struct; fields are reached through pointers, as in kvm->lock",
            )
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
        b.fail(
            node,
            f"the address of local {b.text.of(node)!r} is not understood: return the value from the function instead",
        )
    return place


def pointee_of(b: Builder, node: Node) -> str:
    """What an expression points to: "kvm", "mutex", ..., "?" if not known, "" for a number."""
    node = unwrap(node)
    match node.type:
        case "identifier":
            slot = b.lookup(b.text.of(node))
            return b.variable(slot).pointee if slot is not None else ("" if b.text.of(node) != "NULL" else "?")
        case "pointer_expression":
            return "?" if operator_of(node) == "&" else ""
        case "null":
            return "?"
        case "call_expression":
            name = b.text.of(part(node, "function"))
            if name in ACCESSORS:
                return "?"
            return b.functions[name].result.removesuffix(" *") if _returns_pointer(b, name) else ""
        case "conditional_expression":
            return pointee_of(b, part(node, "consequence")) or pointee_of(b, part(node, "alternative"))
        case "assignment_expression":
            return pointee_of(b, part(node, "left"))
    return ""


def _returns_pointer(b: Builder, name: str) -> bool:
    return name in b.functions and b.functions[name].result.endswith(" *")


# Values.


def value_of(b: Builder, node: Node) -> Expression:
    """The value of an expression, after the instructions that it takes to know it."""
    node = unwrap(node)
    span = b.text.span(node)
    match node.type:
        case "number_literal":
            return Number(_number(b, node), span)
        case "true" | "false" | "null":
            return Number(CONSTANTS[b.text.of(node)], span)
        case "identifier":
            return _name(b, node, span)
        case "field_expression":
            return b.read(_member(b, node), span)
        case "pointer_expression":
            if operator_of(node) == "&":
                return address_of(b, part(node, "argument"))
            return b.read(value_of(b, part(node, "argument")), span)
        case "unary_expression":
            return _unary(b, node, span)
        case "binary_expression":
            return _binary(b, node, span)
        case "conditional_expression":
            return _conditional(b, node, span)
        case "assignment_expression":
            return _assignment(b, node, span)
        case "update_expression":
            return _update(b, node, span)
        case "comma_expression":
            effect(b, part(node, "left"))
            return value_of(b, part(node, "right"))
        case "call_expression":
            return call(b, node, wanted=True)
    what = node.type.replace("_", " ")
    return b.fail(
        node,
        f"{what} {b.text.of(node)[:40]!r} is not understood here: a scheme computes with names, numbers, fields and {OPERATORS}",
    )


def effect(b: Builder, node: Node) -> None:
    """An expression whose value nobody wants."""
    node = unwrap(node)
    if node.type == "call_expression":
        call(b, node, wanted=False)
    elif node.type == "comma_expression":
        effect(b, part(node, "left"))
        effect(b, part(node, "right"))
    else:
        value_of(b, node)


def _number(b: Builder, node: Node) -> int:
    written = b.text.of(node)
    digits = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)[uUlL]*", written)
    if digits is None:
        b.fail(node, f"{written!r} is not an int; a scheme computes with ints and bools")
    octal = len(digits[1]) > 1 and digits[1][0] == "0" and digits[1][1] not in "xX"
    try:
        value = int(digits[1], 8 if octal else 0)
    except ValueError:
        b.fail(node, f"{written!r} is not an octal number; a number that starts with 0 is octal in C")
    if value > INT_MAX:
        b.fail(node, f"{written} does not fit an int (at most {INT_MAX})")
    return value


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
    if operator == "+":
        return value_of(b, part(node, "argument"))
    if operator not in ("-", "!"):
        b.fail(node, f"operator {operator!r} is not understood: a scheme computes with {OPERATORS}")
    return Unary(operator, value_of(b, part(node, "argument")), span)


def _binary(b: Builder, node: Node, span: Span) -> Expression:
    operator = operator_of(node)
    if operator in ("&&", "||"):
        return _truth(b, node, span)
    if operator not in COMPARISONS + ARITHMETIC:
        b.fail(node, f"operator {operator!r} is not understood: a scheme computes with {OPERATORS}")
    left, right = part(node, "left"), part(node, "right")
    if operator in ARITHMETIC and (pointee_of(b, left) or pointee_of(b, right)):
        b.fail(node, "arithmetic on a pointer is not understood")
    # A value read from a local must be the value at that time: `i` in `i + i++` is not at issue (undefined in C), but
    # `i + f()` where f is called later reads i first, and f cannot change it.
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
    slot, then, otherwise, end = b.temporary(span, pointee_of(b, node)), b.label(), b.label(), b.label()
    branch_on(b, part(node, "condition"), then, otherwise)
    b.place(then)
    b.assign(slot, value_of(b, part(node, "consequence")), span)
    b.jump(end, span)
    b.place(otherwise)
    b.assign(slot, value_of(b, part(node, "alternative")), span)
    b.place(end)
    return Local(slot, span)


def _store(b: Builder, place: int | Expression, value: Expression, node: Node) -> Expression:
    """Put a value into a place; the value of the assignment is what C says: the left side's."""
    span = b.text.span(node)
    if not isinstance(place, int):
        b.write(place, value, span)
        return value
    b.assign(place, value, span)
    return Local(place, span)


def _load(b: Builder, place: int | Expression, span: Span) -> Expression:
    if not isinstance(place, int):
        return b.read(place, span)
    # A copy: the place is about to change.
    copy = b.temporary(span)
    b.assign(copy, Local(place, span), span)
    return Local(copy, span)


def _assignment(b: Builder, node: Node, span: Span) -> Expression:
    operator, left, right = operator_of(node), part(node, "left"), part(node, "right")
    if operator not in ("=", "+=", "-="):
        b.fail(node, f"operator {operator!r} is not understood: a scheme computes with {OPERATORS}")
    place = place_of(b, left)
    check_pointer(b, right, "int or bool" if pointee_of(b, left) == "" else "pointer", right)
    if operator == "=":
        return _store(b, place, value_of(b, right), node)
    if pointee_of(b, left):
        b.fail(node, "arithmetic on a pointer is not understood")
    old = _load(b, place, b.text.span(left))
    return _store(b, place, Binary(operator[0], old, value_of(b, right), span), node)


def _update(b: Builder, node: Node, span: Span) -> Expression:
    operand = part(node, "argument")
    if pointee_of(b, operand):
        b.fail(node, "arithmetic on a pointer is not understood")
    place = place_of(b, operand)
    old = _load(b, place, b.text.span(operand))
    new = _store(b, place, Binary(operator_of(node)[0], old, Number(1, span), span), node)
    prefix = node.children[0].type in ("++", "--")
    return new if prefix else old


def check_pointer(b: Builder, node: Node, wanted: str, where: Node) -> None:
    """Refuse a pointer where a number is wanted and the other way round (0 and NULL are both)."""
    bare = unwrap(node)
    if b.text.of(bare) in ("0", "NULL"):
        return
    found = "pointer" if pointee_of(b, bare) else "int or bool"
    if found != wanted:
        b.fail(
            where,
            f"{b.text.of(bare)[:40]!r} is a{'n' if found[0] == 'i' else ''} {found}, wanted is a{'n' if wanted[0] == 'i' else ''} {wanted}",
        )


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


# Calls.


def call(b: Builder, node: Node, *, wanted: bool) -> Expression:
    """A call: an accessor, a primitive, or a function of the file. `wanted`: somebody uses its value."""
    callee = part(node, "function")
    name = b.text.of(callee)
    arguments = [child for child in part(node, "arguments").named_children if child.type != "comment"]
    if callee.type != "identifier":
        b.fail(callee, f"{name[:40]!r} is not the name of a function; calls through pointers are not understood")
    if name in ACCESSORS:
        return _accessor(b, node, name, arguments)
    if name in b.functions:
        return _own(b, node, arguments, wanted=wanted)
    if name in PRIMITIVES:
        return _primitive(b, node, arguments, wanted=wanted)
    known = [*PRIMITIVES, *b.functions, *ACCESSORS]
    near = suggest(name, known)
    possible = "" if near else f"; known are the functions of this file and {', '.join(PRIMITIVES)}"
    return b.fail(callee, f"unknown function {name!r}{near}{possible}")


def _accessor(b: Builder, node: Node, name: str, arguments: list[Node]) -> Expression:
    if len(arguments) != 1 or not pointee_of(b, arguments[0]):
        b.fail(node, f"{name} takes one struct kvm *")
    value = value_of(b, arguments[0])
    for member in ACCESSORS[name]:
        value = Field(value, member, b.text.span(node))
    return value


def _own(b: Builder, node: Node, arguments: list[Node], *, wanted: bool) -> Expression:
    signature = b.functions[b.text.of(part(node, "function"))]
    if len(arguments) != len(signature.parameters):
        takes = ", ".join(p.name for p in signature.parameters) or "nothing"
        b.fail(node, f"{signature.name} takes {len(signature.parameters)} arguments ({takes}), not {len(arguments)}")
    if wanted and signature.result == "void":
        b.fail(node, f"{signature.name} returns nothing, so it has no value to use")
    for parameter, argument in zip(signature.parameters, arguments, strict=True):
        check_pointer(b, argument, "pointer" if parameter.pointee else "int or bool", argument)
    values = tuple(value_of(b, argument) for argument in arguments)
    span = b.text.span(node)
    slot = b.temporary(span, signature.result[:-2] if signature.result.endswith(" *") else "") if wanted else None
    b.emit(Call(signature.name, values, slot, span))
    return Local(slot, span) if slot is not None else Number(0, span)


def _primitive(b: Builder, node: Node, arguments: list[Node], *, wanted: bool) -> Expression:
    name = b.text.of(part(node, "function"))
    primitive = PRIMITIVES[name]
    count = len(primitive.operands) + (primitive.kind is not None)
    if len(arguments) != count:
        few = "no argument" if not count else "1 argument" if count == 1 else f"{count} arguments"
        usage = f" ({primitive.usage})" if count else ""
        b.fail(node, f"{name} takes {few}{usage}, not {len(arguments)}")
    if wanted and not primitive.returns:
        b.fail(node, f"{name} returns nothing, so it has no value to use")
    span = b.text.span(node)
    slot = b.temporary(span) if wanted else None
    address = _object(b, name, arguments.pop(0)) if primitive.kind is not None else None
    for argument in arguments:
        check_pointer(b, argument, "pointer" if primitive.action == "enter" else "int or bool", argument)
    operands = tuple(value_of(b, argument) for argument in arguments)
    if primitive.action == "enter":  # the work takes two steps: its entry and its exit
        b.emit(Access(name, primitive, None, operands, None, span))
        primitive = primitive._replace(action="leave")
    b.emit(Access(name, primitive, address, operands, slot, span))
    return Local(slot, span) if slot is not None else Number(0, span)


def _object(b: Builder, name: str, node: Node) -> Expression:
    """The address of the object that a primitive works on."""
    if PRIMITIVES[name].by_name:
        return address_of(b, node)
    if not pointee_of(b, node):
        b.fail(
            node,
            f"{name} takes the address of its object: write {name}(&{b.text.of(node)}{', ...' if PRIMITIVES[name].operands else ''})",
        )
    return value_of(b, node)
