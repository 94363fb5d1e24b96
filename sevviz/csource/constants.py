"""Constants: literals, errno names, and the initial values of file-scope objects."""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING

from sevviz.csource.nodes import operator_of, part, parts_of, unwrap

if TYPE_CHECKING:
    from tree_sitter import Node

    from sevviz.csource.reader import Text

__all__ = ["CONSTANTS", "INT_MAX", "constant", "constant_value", "literal"]

INT_MAX = 2**31 - 1
CONSTANTS = {"NULL": 0, "true": 1, "false": 0, "SINGLE_DEPTH_NESTING": 1}


def constant(name: str) -> int | None:
    """The value of an errno name or another constant, None for anything else."""
    if name in CONSTANTS:
        return CONSTANTS[name]
    if name.startswith("E"):
        found: int | None = getattr(errno, name, None)
        return found
    return None


def literal(text: Text, node: Node) -> int:
    """The value of a number. The grammar may make a sign part of it, as in `return -1`.

    Everything in a scheme is signed: one unsigned operand would make its partner unsigned too (C17, 6.3.1.8).
    """
    written = text.of(node)
    digits = re.fullmatch(r"([-+]?)\s*(0[xX][0-9a-fA-F]+|[0-9]+)([uUlL]*)", written)
    if digits is None:
        text.fail(node, f"{written!r} is not an int; a scheme computes with ints and bools")
    if "u" in digits[3].lower():  # it would make -1 > 1u true; a long computes as an int does where both hold the value
        text.fail(node, f"{written!r} is unsigned, and a scheme computes with signed ints: leave the u away")
    octal = re.fullmatch("0[0-9]+", digits[2])
    try:
        value = int(digits[2], 8 if octal else 0)
    except ValueError:
        text.fail(node, f"{written!r} is not an octal number; a number that starts with 0 is octal in C")
    value = -value if digits[1] == "-" else value
    if not -INT_MAX - 1 <= value <= INT_MAX:
        text.fail(node, f"{written} does not fit an int (at most {INT_MAX})")
    return value


def constant_value(text: Text, node: Node) -> int | None:
    """The value of a constant expression: a number or a name with a sign; None for anything else."""
    node = unwrap(node)
    match node.type:
        case "number_literal":
            return literal(text, node)
        case "true" | "false" | "identifier":
            return constant(text.of(node))
        case "unary_expression" if operator_of(node) in ("-", "+"):
            value = constant_value(text, part(node, "argument"))
            if value == -INT_MAX - 1 and operator_of(node) == "-":
                text.fail(node, f"{-value} does not fit an int (at most {INT_MAX})")
            return value if value is None or operator_of(node) == "+" else -value
        case "call_expression" if text.of(part(node, "function")) == "ATOMIC_INIT":
            arguments = parts_of(part(node, "arguments"))
            return constant_value(text, arguments[0]) if len(arguments) == 1 else None
    return None
