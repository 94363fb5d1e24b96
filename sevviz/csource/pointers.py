"""What an expression points to, told from its text alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.csource.nodes import operator_of, part, unwrap

if TYPE_CHECKING:
    from tree_sitter import Node

    from sevviz.csource.builder import Builder

__all__ = ["ACCESSORS", "check_branches", "check_comparison", "check_pointer", "pointee_of", "refuse_arithmetic"]

# The kernel's ways from a VM to its SEV state, as the members they pass.
ACCESSORS = {"to_kvm_svm": ("svm",), "to_kvm_sev_info": ("svm", "sev_info")}


def pointee_of(b: Builder, node: Node) -> str:
    """What an expression points to: "kvm", "mutex", ..., "?" if not known, "" for a number."""
    node = unwrap(node)
    match node.type:
        case "identifier":
            slot = b.lookup(b.text.of(node))
            return b.variable(slot).pointee if slot is not None else ""
        case "pointer_expression":
            return "?" if operator_of(node) == "&" else ""
        case "null":
            return "?"
        case "call_expression":
            return _pointee_of_call(b, b.text.of(part(node, "function")))
        case "conditional_expression" | "assignment_expression" | "comma_expression":
            return next((pointee for inner in _results(node) if (pointee := pointee_of(b, inner))), "")
    return ""


def _pointee_of_call(b: Builder, name: str) -> str:
    if name in b.functions:
        result = b.functions[name].result
        return result.removesuffix(" *") if result.endswith(" *") else ""
    return "?" if name in ACCESSORS else ""


def _results(node: Node) -> list[Node]:
    """The parts of an expression one of which is its value."""
    match node.type:
        case "conditional_expression":
            first = node.child_by_field_name("consequence") or part(node, "condition")
            return [first, part(node, "alternative")]
        case "assignment_expression":
            return [part(node, "left")]
    return [part(node, "right")]


def check_comparison(b: Builder, node: Node) -> None:
    """Refuse `pointer == number` (but for 0 and NULL) and an order with NULL in it."""
    sides, operator = (part(node, "left"), part(node, "right")), operator_of(node)
    nothing = any(b.text.of(unwrap(side)) in ("0", "NULL") for side in sides)
    pointers, shown = [bool(pointee_of(b, side)) for side in sides], repr(b.text.of(node)[:40])
    if operator in ("==", "!="):
        if not nothing and pointers[0] != pointers[1]:
            b.fail(node, f"{shown} compares a pointer with a number: compare it with a pointer or NULL")
    elif pointers[0] != pointers[1] or (pointers[0] and nothing):
        b.fail(node, f"{shown}: the order of addresses is one of two pointers, neither of them NULL")


def refuse_arithmetic(b: Builder, node: Node, *operands: Node) -> None:
    """Refuse arithmetic on a pointer."""
    if any(pointee_of(b, operand) for operand in operands):
        b.fail(node, "arithmetic on a pointer is not understood")


def check_branches(b: Builder, node: Node) -> None:
    """Refuse `condition ? pointer : number`."""
    if pointee_of(b, node):
        for inner in _results(node):
            check_pointer(b, inner, "pointer", inner)


def check_pointer(b: Builder, node: Node, wanted: str, where: Node) -> None:
    """Refuse a pointer where a number is wanted and the other way round (0 and NULL are both)."""
    bare = unwrap(node)
    if b.text.of(bare) in ("0", "NULL"):
        return
    found = "pointer" if pointee_of(b, bare) else "int or bool"
    if found != wanted:
        article = {"pointer": "a", "int or bool": "an"}
        shown = b.text.of(bare)[:40]
        b.fail(where, f"{shown!r} is {article[found]} {found}, but {article[wanted]} {wanted} is needed here")
