"""Which places outside the local variables are bools, told by declarations and by what a `bool *` is made to point to.

C lets a `bool *` point to a bool only, so wherever one is expected, `&x->busy` says that `busy` is one. Members are
told apart by their last name alone.
"""

from typing import Any

Node = Any


def bool_places(tree: Node) -> frozenset[str]:
    """The names of file-scope bools and of members that are bools."""
    found = {item.name for item in tree.ext if _kind(item) == "Decl" and is_bool(item.type)}
    definitions = [item for item in tree.ext if _kind(item) == "FuncDef"]
    wanted = {item.decl.name: [_is_pointer(p.type) for p in _parameters(item)] for item in definitions}
    for item in definitions:
        pointers = {p.name for p in _parameters(item) if _is_pointer(p.type)}
        for node in _all_below(item.body):
            if _kind(node) == "Decl" and _is_pointer(node.type):
                pointers.add(node.name)
        for node in _all_below(item.body):
            for expression in _where_one_is_expected(node, pointers, wanted, item.decl):
                found |= _addressed(expression)
    choices = [_addressed(node) for item in definitions for node in _all_below(item.body) if _kind(node) == "TernaryOp"]
    for _ in choices:  # both sides of ?: have one type, and one choice may lead to the next
        found.update(*(names for names in choices if names & found))
    return frozenset(found)


def _where_one_is_expected(node: Node, pointers: set[str], wanted: dict[str, list[bool]], function: Node) -> list[Node]:
    match _kind(node):
        case "Decl" if node.name in pointers and node.init is not None:
            return [node.init]
        case "Assignment" if _kind(node.lvalue) == "ID" and node.lvalue.name in pointers:
            return [node.rvalue]
        case "Return" if _is_pointer(function.type.type):
            return [node.expr]
        case "FuncCall" if node.name.name in wanted and node.args is not None:
            pairs = zip(wanted[node.name.name], node.args.exprs, strict=True)
            return [argument for is_wanted, argument in pairs if is_wanted]
    return []


def _addressed(node: Node) -> set[str]:
    """The last names of the places whose address an expression may be."""
    match _kind(node):
        case "UnaryOp" if node.op == "&" and _kind(node.expr) == "StructRef":
            return {node.expr.field.name}
        case "UnaryOp" if node.op == "&" and _kind(node.expr) == "ID":
            return {node.expr.name}
        case "TernaryOp":
            return _addressed(node.iftrue) | _addressed(node.iffalse)
        case "ExprList":
            return _addressed(node.exprs[-1])
    return set()


def _all_below(node: Node) -> list[Node]:
    return [node, *(found for _, child in node.children() for found in _all_below(child))]


def _parameters(definition: Node) -> list[Node]:
    arguments = definition.decl.type.args
    return [item for item in (arguments.params if arguments else []) if _kind(item) == "Decl"]


def _is_pointer(declared: Node) -> bool:
    return _kind(declared) == "PtrDecl" and is_bool(declared.type)


def is_bool(declared: Node) -> bool:
    """Whether a type is bool."""
    return _kind(declared) == "TypeDecl" and getattr(declared.type, "names", []) == ["bool"]


def _kind(node: Node) -> str:
    return type(node).__name__
