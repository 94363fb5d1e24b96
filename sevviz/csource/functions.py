"""A whole file: what stands at file scope, and each function lowered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.csource.builder import Builder, Signature
from sevviz.csource.calls import call
from sevviz.csource.declarations import (
    NO_STRUCTS,
    declarator_of,
    file_scope,
    macro_object,
    refuse_preprocessor,
    signature_of,
)
from sevviz.csource.ir import Function, GlobalObject, Return
from sevviz.csource.nodes import part, parts_of
from sevviz.csource.statements import statement
from sevviz.primitives import PRIMITIVES

if TYPE_CHECKING:
    from tree_sitter import Node

    from sevviz.csource.reader import Text

__all__ = ["lower_file"]

STATEMENTS = "if else while do for switch goto break continue return, calls and assignments"
FILE_SCOPE = "functions, static DEFINE_MUTEX(m);, DEFINE_SPINLOCK(s);, atomic_t, bool and int"


def lower_file(text: Text, root: Node) -> tuple[dict[str, Function], dict[str, GlobalObject]]:
    """All functions and file-scope objects of a syntax tree."""
    signatures: dict[str, Signature] = {}
    objects: dict[str, GlobalObject] = {}
    bodies = []
    for node in parts_of(root):
        refuse_preprocessor(text, node)
        if node.type == "function_definition":
            _define(text, node, signatures)
            bodies.append(node)
        elif node.type == "declaration":
            file_scope(text, node, objects)
        elif not macro_object(text, node, objects) and not _is_nothing(text, node):
            shown = text.of(node).split("\n")[0][:50]
            text.fail(node, f"{shown!r}: what stands at file scope is {FILE_SCOPE}")
    for name in signatures.keys() & objects.keys():
        text.fail(objects[name].span, f"{name!r} is a function and an object; give one of them another name")
    functions = [_function(text, node, signatures, objects) for node in bodies]
    return {function.name: function for function in functions}, objects


def _define(text: Text, node: Node, signatures: dict[str, Signature]) -> None:
    signature = signature_of(text, node)
    if signature.name in signatures:
        text.fail(node, f"function {signature.name!r} is defined twice")
    if signature.name in PRIMITIVES:
        text.fail(node, f"{signature.name!r} is a primitive of the kernel; give the function another name")
    signatures[signature.name] = signature


def _is_nothing(text: Text, node: Node) -> bool:
    """Whether a node at file scope says nothing: #include, `;` or `struct kvm;`."""
    if node.type == "struct_specifier" and node.child_by_field_name("body") is not None:
        text.fail(node, NO_STRUCTS)
    return node.type in ("preproc_include", "struct_specifier") or text.of(node) == ";"


def _function(text: Text, node: Node, signatures: dict[str, Signature], objects: dict[str, GlobalObject]) -> Function:
    declarator, _ = declarator_of(text, part(node, "declarator"))
    signature = signatures[text.of(part(declarator, "declarator"))]
    function = Function(signature.name, len(signature.parameters), signature.result, text.span(declarator))
    b = Builder(text, function, signatures, objects, lower_call=call)
    for parameter in signature.parameters:
        b.declare(parameter)
    body = part(node, "body")
    for child in body.named_children:  # in the scope of the parameters, as C has it
        statement(b, child)
    end = text.span(body)
    b.emit(Return(None, end._replace(line=end.end_line, column=max(1, end.end_column - 1))))
    return b.finish()
