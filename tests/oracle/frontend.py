"""C text to syntax trees, with pycparser. No message is ever worded here: a bad scheme raises what it raises."""

import re
from dataclasses import dataclass
from typing import Any

from pycparser import c_parser

from .bools import bool_places, is_bool

Node = Any
"""A pycparser node; the package carries no annotations."""

_PRELUDE = "typedef int bool; typedef int spinlock_t; typedef int atomic_t;\n"
_TYPES = (["int"], ["bool"], ["void"], ["spinlock_t"], ["atomic_t"])
_BYSTANDERS = """
static int ioctl(struct kvm *kvm)
{
    mutex_lock(&kvm->lock);
    mutex_unlock(&kvm->lock);
    return 0;
}

static int vcpu_run(struct kvm *kvm)
{
    if (mutex_lock_killable(&kvm->vcpu0.mutex))
        return -EINTR;
    mutex_unlock(&kvm->vcpu0.mutex);
    return 0;
}
"""


@dataclass(frozen=True, slots=True)
class Function:
    """One function: its parameters, which of its variables are bool (so hold 0 or 1), and its body."""

    name: str
    parameters: tuple[str, ...]
    bools: frozenset[str]
    returns_bool: bool
    body: Node


@dataclass(frozen=True, slots=True)
class Scheme:
    """A parsed scheme file: functions, file-scope objects with their first values, and the header."""

    functions: dict[str, Function]
    globals: dict[str, int]
    bool_places: frozenset[str]
    entry: str
    persistent: frozenset[str]


def parse_scheme(text: str) -> Scheme:
    """Read one scheme file (contract 1)."""
    header = _header(text)
    functions = _functions(_parse(_BYSTANDERS))
    # The bystanders have no line in the scheme, so their lines are not the scheme's either.
    tree = _parse(_declare_locks(_strip_comments(text)))
    _refuse_unsigned(tree)
    functions.update(_functions(tree))
    declared = [item for item in tree.ext if _kind(item) == "Decl" and _kind(item.type) == "TypeDecl"]
    return Scheme(
        functions=functions,
        globals={item.name: _first_value(item) for item in declared},
        bool_places=bool_places(tree),
        entry=header["entry"],
        persistent=frozenset(re.findall(r"[\w.]+", header.get("persistent", ""))),
    )


def _refuse_unsigned(node: Node) -> None:
    """Everything here computes with signed ints, so nothing else may be declared, not even behind a pointer."""
    if _kind(node) == "IdentifierType" and node.names not in _TYPES:
        raise ValueError(node.names)
    for _, child in node.children():
        _refuse_unsigned(child)


def _header(text: str) -> dict[str, str]:
    first = re.search(r"/\*(.*?)\*/", text, re.DOTALL)
    assert first is not None, "a scheme starts with a header comment"
    return dict(re.findall(r"^[ \t*]*([\w-]+):[ \t]*(.*?)[ \t]*$", first.group(1), re.MULTILINE))


def _strip_comments(text: str) -> str:
    def blank(comment: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", comment.group())

    return re.sub(r"/\*.*?\*/|//[^\n]*", blank, text, flags=re.DOTALL)


def _declare_locks(text: str) -> str:
    text = re.sub(r"DEFINE_MUTEX\s*\(\s*(\w+)\s*\)", r"struct mutex \1", text)
    return re.sub(r"DEFINE_SPINLOCK\s*\(\s*(\w+)\s*\)", r"spinlock_t \1", text)


def _parse(text: str) -> Node:
    return c_parser.CParser().parse(f'{_PRELUDE}#line 1 "scheme.c"\n{text}', filename="scheme.c")


def _kind(node: Node) -> str:
    return type(node).__name__


def _functions(tree: Node) -> dict[str, Function]:
    found = [_function(item) for item in tree.ext if _kind(item) == "FuncDef"]
    return {function.name: function for function in found}


def _function(node: Node) -> Function:
    declaration = node.decl.type
    parameters = [item for item in (declaration.args.params if declaration.args else []) if _kind(item) == "Decl"]
    _tell_apart(node.body, {item.name: item.name for item in parameters}, set())
    variables = parameters + _declarations(node.body)
    return Function(
        name=node.decl.name,
        parameters=tuple(item.name for item in parameters),
        bools=frozenset(item.name for item in variables if is_bool(item.type)),
        returns_bool=is_bool(declaration.type),
        body=node.body,
    )


def _declarations(node: Node) -> list[Node]:
    below = [found for _, child in node.children() for found in _declarations(child)]
    return ([node] if _kind(node) == "Decl" else []) + below


def _tell_apart(node: Node, names: dict[str, str], taken: set[str]) -> None:
    """Give every local variable a name of its own, so that an inner ``r`` leaves an outer ``r`` alone."""
    kind = _kind(node)
    if kind == "ID":
        node.name = names.get(node.name, node.name)
    inner = dict(names) if kind in ("Compound", "For") else names
    for role, child in node.children():
        if not (kind == "StructRef" and role == "field"):
            _tell_apart(child, inner, taken)
    if kind == "Decl":
        names[node.name] = node.name + "'" * sum(name.rstrip("'") == node.name for name in taken)
        node.name = names[node.name]
        taken.add(node.name)


def _first_value(item: Node) -> int:
    value = _initial(item.init)
    return int(value != 0) if is_bool(item.type) else value


def _initial(node: Node) -> int:
    """Return the number a file-scope object starts with; a lock has none, so 0 does no harm."""
    if node is None:
        return 0
    if _kind(node) == "FuncCall":  # ATOMIC_INIT(n)
        return _initial(node.args.exprs[0])
    if _kind(node) == "UnaryOp":
        return -_initial(node.expr)
    return int(node.name == "true") if _kind(node) == "ID" else int(node.value, 0)
