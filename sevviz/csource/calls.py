"""Calls: an accessor, a primitive, or a function of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.csource.builder import Builder, suggest
from sevviz.csource.expressions import address_of, value_of
from sevviz.csource.ir import Access, Call, Expression, Field, Local, Number, Stored
from sevviz.csource.nodes import operator_of, part, parts_of, unwrap
from sevviz.csource.pointers import ACCESSORS, check_pointer, pointee_of
from sevviz.primitives import PRIMITIVES

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["call"]

# What kernel code has and a scheme needs not.
_NO_LOCK = "it takes no lock: leave it out"
HINTS = {
    "likely": "write the condition alone",
    "unlikely": "write the condition alone",
    **dict.fromkeys(("BUG_ON", "WARN_ON", "WARN_ON_ONCE", "lockdep_assert_held", "pr_err", "printk"), _NO_LOCK),
    **dict.fromkeys(("spin_lock_init", "mutex_init"), "locks need no initialisation: leave it out"),
}


def call(b: Builder, node: Node, *, wanted: bool) -> Expression:
    """A call: an accessor, a primitive, or a function of the file. `wanted`: somebody uses its value."""
    callee = part(node, "function")
    name = b.text.of(callee)
    arguments = parts_of(part(node, "arguments"))
    if callee.type != "identifier":
        b.fail(callee, f"{name[:40]!r} is not the name of a function; calls through pointers are not understood")
    if name in ACCESSORS:
        return _accessor(b, node, name, arguments)
    if name in b.functions:
        return _own(b, node, arguments, wanted=wanted)
    if name in PRIMITIVES:
        return _primitive(b, node, arguments, wanted=wanted)
    known = [*PRIMITIVES, *b.functions, *ACCESSORS]
    near = f"; {HINTS[name]}" if name in HINTS else suggest(name, known)
    if not near:
        near = f"; there are {', '.join([*b.functions, *ACCESSORS])} and the primitives {', '.join(_families())}"
    return b.fail(callee, f"unknown function {name!r}{near}")


def _families() -> list[str]:
    """The primitives in short: "atomic_set (_release)"."""
    families: dict[str, list[str]] = {}
    for name in PRIMITIVES:
        stem = next((known for known in families if name.startswith(f"{known}_")), None)
        families[stem].append(name.removeprefix(stem)) if stem else families.setdefault(name, [])
    return [f"{stem} ({', '.join(forms)})" if forms else stem for stem, forms in families.items()]


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
        count = f"{len(signature.parameters)} argument{'s' * (len(signature.parameters) != 1)}"
        b.fail(node, f"{signature.name} takes {count} ({takes}), not {len(arguments)}")
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
    pointers = primitive.action == "enter" or primitive.under_nest_lock
    for argument in arguments:
        check_pointer(b, argument, "pointer" if pointers else "int or bool", argument)
    operands = tuple(value_of(b, argument) for argument in arguments)
    if primitive.action == "store" and address is not None:
        operands = tuple(Stored(address, value, span) for value in operands)
    if primitive.action == "enter":  # the work takes two steps: its entry and its exit
        b.emit(Access(name, primitive, None, operands, None, span))
        primitive = primitive._replace(action="leave")
    b.emit(Access(name, primitive, address, operands, slot, span))
    return Local(slot, span) if slot is not None else Number(0, span)


def _object(b: Builder, name: str, node: Node) -> Expression:
    """The address of the object that a primitive works on."""
    if PRIMITIVES[name].by_name:
        if unwrap(node).type == "pointer_expression" and operator_of(unwrap(node)) == "&":
            field = b.text.of(part(unwrap(node), "argument"))
            b.fail(node, f"{name} takes the field itself, not its address: write {name}({field})")
        return address_of(b, node)
    if not pointee_of(b, node):
        more = ", ..." if PRIMITIVES[name].operands else ""
        b.fail(node, f"{name} takes the address of its object: write {name}(&{b.text.of(node)}{more})")
    return value_of(b, node)
