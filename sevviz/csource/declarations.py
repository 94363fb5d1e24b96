"""Declarations: types, variables, signatures, and the objects at file scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from sevviz.csource.builder import Signature, suggest
from sevviz.csource.constants import INT_MAX, constant_value
from sevviz.csource.ir import GlobalObject, Variable
from sevviz.csource.nodes import part, parts_of

if TYPE_CHECKING:
    from tree_sitter import Node

    from sevviz.csource.reader import Text
    from sevviz.model import Kind

__all__ = [
    "NO_STRUCTS", "declarator_of", "file_scope", "macro_object", "refuse_preprocessor", "signature_of",
    "variable_of",
]  # fmt: skip

GLOBAL_MACROS: dict[str, Kind] = {"DEFINE_MUTEX": "mutex", "DEFINE_SPINLOCK": "spinlock"}
GLOBAL_TYPES: dict[str, Kind] = {
    "atomic_t": "atomic",
    "bool": "plain",
    "int": "plain",
    "spinlock_t": "spinlock",
    "struct mutex": "mutex",
}
POINTEES = ("int", "bool", "spinlock_t", "atomic_t")  # and any struct
LOCAL_TYPES = "int, bool, and pointers such as struct kvm *, struct mutex *, spinlock_t *"
NO_STRUCTS = "a struct needs no declaration: what a field is follows from the primitive used on it; remove it"


def refuse_preprocessor(text: Text, node: Node) -> None:
    """Refuse #define, #ifdef and the like; an #include needs no action."""
    if node.type.startswith("preproc") and node.type != "preproc_include":
        shown = text.of(node).split("\n")[0][:50]
        text.fail(node, f"{shown!r}: preprocessor lines are not understood; write the constant or the function out")


def type_of(text: Text, node: Node) -> str:
    """The type that a declaration starts with: "int", "bool", "void", "struct kvm", "spinlock_t"."""
    type_node = part(node, "type")
    if type_node.type == "struct_specifier":
        if type_node.child_by_field_name("body") is not None:
            text.fail(type_node, NO_STRUCTS)
        return f"struct {text.of(part(type_node, 'name'))}"
    return text.of(type_node)


def declarator_of(text: Text, node: Node) -> tuple[Node, int]:
    """The innermost declarator and the number of stars round it."""
    stars = 0
    while node.type in ("pointer_declarator", "parenthesized_declarator"):
        stars += node.type == "pointer_declarator"
        node = node.child_by_field_name("declarator") or parts_of(node)[-1]
    if stars > 1:
        text.fail(node, "a pointer to a pointer is not understood")
    return node, stars


def variable_of(text: Text, node: Node, declarator: Node) -> Variable:
    """A parameter or local from its declaration."""
    written = type_of(text, node)
    inner, stars = declarator_of(text, declarator)
    span = text.span(inner)
    if inner.type != "identifier":
        text.fail(inner, f"{text.of(inner)[:40]!r}: a local is one of {LOCAL_TYPES}")
    name = text.of(inner)
    if stars:
        return Variable(name, _pointee(text, node, written), boolean=False, span=span)
    if written not in ("int", "bool"):
        text.fail(node, f"{written!r} is not a type of a local: {LOCAL_TYPES}")
    return Variable(name, "", boolean=written == "bool", span=span)


def _pointee(text: Text, node: Node, written: str) -> str:
    """What a pointer points to; an `unsigned *` would read a field that holds an int as something else."""
    if not written.startswith("struct ") and written not in POINTEES:
        can = "a pointer points to a struct, an int, a bool, a spinlock_t or an atomic_t"
        text.fail(node, f"a pointer to {written!r} is not understood: {can}")
    return written.removeprefix("struct ")


def signature_of(text: Text, node: Node) -> Signature:
    """The name, result and parameters of a function definition."""
    declarator, stars = declarator_of(text, part(node, "declarator"))
    if declarator.type != "function_declarator":
        text.fail(declarator, "this is not a function that is understood")
    written = type_of(text, node)
    if stars == 0 and written not in ("int", "bool", "void"):
        text.fail(node, f"a function returns int, bool, void or a pointer, not {written!r}")
    name = part(declarator, "declarator")
    if name.type != "identifier":
        text.fail(name, f"{text.of(name)[:40]!r}: a function that returns a pointer to a function is not understood")
    parameters = tuple(
        _parameter(text, child) for child in parts_of(part(declarator, "parameters")) if text.of(child) != "void"
    )
    result = f"{_pointee(text, node, written)} *" if stars else written
    return Signature(text.of(name), result, parameters)


def _parameter(text: Text, node: Node) -> Variable:
    named = node.child_by_field_name("declarator")
    if node.type != "parameter_declaration" or named is None:
        text.fail(node, f"{text.of(node)!r}: a parameter is a type and a name, one of {LOCAL_TYPES}")
    return variable_of(text, node, named)


# File scope.


def file_scope(text: Text, node: Node, objects: dict[str, GlobalObject]) -> None:
    """Add the objects of a declaration at file scope; a prototype adds nothing."""
    written = type_of(text, node)
    for declarator in node.children_by_field_name("declarator"):
        initial = declarator.child_by_field_name("value") if declarator.type == "init_declarator" else None
        inner = declarator if initial is None else part(declarator, "declarator")
        bare, stars = declarator_of(text, inner)
        if bare.type == "function_declarator" and initial is None:
            continue
        by_macro = inner.type == "parenthesized_declarator"
        kind = (GLOBAL_MACROS if by_macro else GLOBAL_TYPES).get(written)
        if kind is None or stars or bare.type != "identifier":
            _refuse_object(text, node, written)
        value = 0 if initial is None else _initial(text, initial, kind)
        boolean = written == "bool"
        value = int(bool(value)) if boolean else value
        _add(text, objects, GlobalObject(text.of(bare), kind, value, text.span(bare), boolean))


def macro_object(text: Text, node: Node, objects: dict[str, GlobalObject]) -> bool:
    """Add the object of `DEFINE_MUTEX(m);` without `static`, which reads as a call; whether it is one."""
    call = parts_of(node)[0] if node.type == "expression_statement" and parts_of(node) else node
    if call.type != "call_expression" or text.of(part(call, "function")) not in GLOBAL_MACROS:
        return False
    arguments = parts_of(part(call, "arguments"))
    if len(arguments) != 1 or arguments[0].type != "identifier":
        text.fail(call, f"{text.of(part(call, 'function'))} takes one name")
    kind = GLOBAL_MACROS[text.of(part(call, "function"))]
    _add(text, objects, GlobalObject(text.of(arguments[0]), kind, 0, text.span(arguments[0])))
    return True


def _add(text: Text, objects: dict[str, GlobalObject], declared: GlobalObject) -> None:
    if declared.name in objects:
        text.fail(
            declared.span, f"{declared.name!r} is declared twice; first at line {objects[declared.name].span.line}"
        )
    objects[declared.name] = declared


def _refuse_object(text: Text, node: Node, written: str) -> NoReturn:
    macros = [*GLOBAL_MACROS, *GLOBAL_TYPES]
    shown = text.of(node).split("\n")[0][:50]
    near = "; one object each, no arrays and no pointers" if written in macros else suggest(written, macros)
    text.fail(node, f"{shown!r}: file-scope objects are {', '.join(macros)}{near}")


def _initial(text: Text, node: Node, kind: Kind) -> int:
    if kind in ("mutex", "spinlock"):
        text.fail(node, f"a {kind} starts free and takes no initial value here: write DEFINE_{kind.upper()}(name);")
    value = constant_value(text, node)
    if value is None:
        text.fail(node, "an initial value is a number, true, false or ATOMIC_INIT(number)")
    if not -INT_MAX - 1 <= value <= INT_MAX:
        text.fail(node, f"{value} does not fit an int (at most {INT_MAX})")
    return value
