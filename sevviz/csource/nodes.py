"""Small questions to tree-sitter's nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["operator_of", "part", "parts_of", "unwrap"]


def parts_of(node: Node) -> list[Node]:
    """The named children without comments."""
    return [child for child in node.named_children if child.type != "comment"]


def unwrap(node: Node) -> Node:
    """The expression inside its parentheses."""
    while node.type == "parenthesized_expression":
        node = parts_of(node)[0]
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
