"""What an expression points to, told from its text alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.csource.nodes import operator_of, part, unwrap

if TYPE_CHECKING:
    from tree_sitter import Node

    from sevviz.csource.builder import Builder

__all__ = ["ACCESSORS", "check_pointer", "pointee_of"]

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
