"""Statements and functions: control flow becomes labels and jumps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.csource.builder import Builder, Signature, suggest
from sevviz.csource.expressions import branch_on, check_pointer, constant, effect, operator_of, part, unwrap, value_of
from sevviz.csource.ir import Binary, Function, GlobalObject, Local, Number, Return, Variable
from sevviz.primitives import PRIMITIVES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

    from sevviz.csource.reader import Text
    from sevviz.model import Kind

__all__ = ["lower_file"]

GLOBAL_MACROS: dict[str, Kind] = {"DEFINE_MUTEX": "mutex", "DEFINE_SPINLOCK": "spinlock"}
GLOBAL_TYPES: dict[str, Kind] = {
    "atomic_t": "atomic",
    "bool": "plain",
    "int": "plain",
    "spinlock_t": "spinlock",
    "struct mutex": "mutex",
}
LOCAL_TYPES = "int, bool, and pointers such as struct kvm *, struct mutex *, spinlock_t *"
STATEMENTS = "if else while do for switch goto break continue return, calls and assignments"


def lower_file(text: Text, root: Node) -> tuple[dict[str, Function], dict[str, GlobalObject]]:
    """All functions and file-scope objects of a syntax tree."""
    signatures: dict[str, Signature] = {}
    objects: dict[str, GlobalObject] = {}
    bodies: list[Node] = []
    for node in root.named_children:
        match node.type:
            case "comment" | "preproc_include":
                continue
            case "function_definition":
                signature = _signature(text, node)
                if signature.name in signatures:
                    text.fail(node, f"function {signature.name!r} is defined twice")
                if signature.name in PRIMITIVES:
                    text.fail(node, f"{signature.name!r} is a primitive of the kernel; give the function another name")
                signatures[signature.name] = signature
                bodies.append(node)
            case "declaration":
                _file_scope(text, node, objects)
            case _:
                _refuse_top_level(text, node)
    functions = {}
    for node in bodies:
        function = _function(text, node, signatures, objects)
        functions[function.name] = function
    return functions, objects


def _refuse_top_level(text: Text, node: Node) -> None:
    what = text.of(node).split("\n")[0][:50]
    if node.type.startswith("preproc"):
        text.fail(node, f"{what!r}: preprocessor lines are not understood; write the constant or the function out")
    if node.type == "expression_statement" and text.of(node) == ";":
        return
    if node.type == "struct_specifier":
        text.fail(
            node, "a struct needs no declaration: what a field is follows from the primitive used on it; remove it"
        )
    text.fail(
        node,
        f"{what!r}: a scheme has functions, static DEFINE_MUTEX(m);, DEFINE_SPINLOCK(s);, atomic_t, bool and int at file scope",
    )


def _type_of(text: Text, node: Node) -> str:
    """The type that a declaration starts with: "int", "bool", "void", "struct kvm", "spinlock_t"."""
    type_node = part(node, "type")
    if type_node.type == "struct_specifier":
        if type_node.child_by_field_name("body") is not None:
            text.fail(
                type_node,
                "a struct needs no declaration: what a field is follows from the primitive used on it; remove it",
            )
        return f"struct {text.of(part(type_node, 'name'))}"
    return text.of(type_node)


def _declarator(text: Text, node: Node) -> tuple[Node, int]:
    """The innermost declarator and the number of stars round it."""
    stars = 0
    while node.type in ("pointer_declarator", "parenthesized_declarator"):
        stars += node.type == "pointer_declarator"
        inner = node.child_by_field_name("declarator")
        node = inner if inner is not None else node.named_children[-1]
    if stars > 1:
        text.fail(node, "a pointer to a pointer is not understood")
    return node, stars


def _variable(text: Text, node: Node, declarator: Node) -> Variable:
    """A parameter or local from its declaration."""
    written = _type_of(text, node)
    inner, stars = _declarator(text, declarator)
    span = text.span(inner)
    if inner.type != "identifier":
        text.fail(inner, f"{text.of(inner)[:40]!r}: a local is one of {LOCAL_TYPES}")
    name = text.of(inner)
    if stars:
        return Variable(name, written.removeprefix("struct "), boolean=False, span=span)
    if written not in ("int", "bool"):
        text.fail(node, f"{written!r} is not a type of a local: {LOCAL_TYPES}")
    return Variable(name, "", boolean=written == "bool", span=span)


def _signature(text: Text, node: Node) -> Signature:
    declarator, stars = _declarator(text, part(node, "declarator"))
    if declarator.type != "function_declarator":
        text.fail(declarator, "this is not a function that is understood")
    written = _type_of(text, node)
    if stars == 0 and written not in ("int", "bool", "void"):
        text.fail(node, f"a function returns int, bool, void or a pointer, not {written!r}")
    parameters = []
    for child in part(declarator, "parameters").named_children:
        if child.type == "comment" or text.of(child) == "void":
            continue
        named = child.child_by_field_name("declarator")
        if child.type != "parameter_declaration" or named is None:
            text.fail(child, f"{text.of(child)!r}: a parameter is a type and a name, one of {LOCAL_TYPES}")
        parameters.append(_variable(text, child, named))
    result = f"{written.removeprefix('struct ')} *" if stars else written
    return Signature(text.of(part(declarator, "declarator")), result, tuple(parameters))


def _file_scope(text: Text, node: Node, objects: dict[str, GlobalObject]) -> None:
    written = _type_of(text, node)
    for declarator in node.children_by_field_name("declarator"):
        inner = declarator
        if inner.type == "function_declarator":
            continue  # a prototype
        value = 0
        if inner.type == "init_declarator":
            value = _initial(text, part(inner, "value"))
            inner = part(inner, "declarator")
        kind = GLOBAL_MACROS.get(written) if inner.type == "parenthesized_declarator" else GLOBAL_TYPES.get(written)
        bare, stars = _declarator(text, inner)
        if kind is None or stars or bare.type != "identifier":
            macros = [*GLOBAL_MACROS, *GLOBAL_TYPES]
            text.fail(
                node, f"{text.of(node)[:50]!r}: file-scope objects are {', '.join(macros)}{suggest(written, macros)}"
            )
        name = text.of(bare)
        if name in objects:
            text.fail(bare, f"{name!r} is declared twice; first at line {objects[name].span.line}")
        objects[name] = GlobalObject(name, kind, value, text.span(bare))


def _initial(text: Text, node: Node) -> int:
    node = unwrap(node)
    if node.type == "call_expression" and text.of(part(node, "function")) == "ATOMIC_INIT":
        node = part(node, "arguments").named_children[0]
    negative = node.type == "unary_expression" and operator_of(node) == "-"
    bare = part(node, "argument") if negative else node
    written = text.of(bare)
    value = int(written) if written.isdecimal() else constant(written)
    if value is None:
        text.fail(node, "an initial value is a number, true, false or ATOMIC_INIT(number)")
    return -value if negative else value


def _function(text: Text, node: Node, signatures: dict[str, Signature], objects: dict[str, GlobalObject]) -> Function:
    declarator, _ = _declarator(text, part(node, "declarator"))
    signature = signatures[text.of(part(declarator, "declarator"))]
    function = Function(signature.name, len(signature.parameters), signature.result, text.span(declarator))
    b = Builder(text, function, signatures, objects)
    for parameter in signature.parameters:
        b.declare(parameter)
    body = part(node, "body")
    statement(b, body)
    end = text.span(body)
    b.emit(Return(None, end._replace(line=end.end_line, column=max(1, end.end_column - 1))))
    return b.finish()


# Statements.


def statement(b: Builder, node: Node) -> None:
    """Lower one statement."""
    lower = _LOWER.get(node.type)
    if lower is None:
        b.fail(node, f"{b.text.of(node)[:40]!r}: this statement is not understood; a scheme has {STATEMENTS}")
    lower(b, node)


def _compound(b: Builder, node: Node) -> None:
    b.scopes.append({})
    for child in node.named_children:
        statement(b, child)
    b.scopes.pop()


def _expression(b: Builder, node: Node) -> None:
    for child in node.named_children:
        if child.type != "comment":
            effect(b, child)


def _declaration(b: Builder, node: Node) -> None:
    for child in node.children:
        if child.type == "storage_class_specifier" and b.text.of(child) == "static":
            b.fail(node, "a static local is shared by all tasks: declare it at file scope instead")
    for declarator in node.children_by_field_name("declarator"):
        initial = declarator.child_by_field_name("value") if declarator.type == "init_declarator" else None
        variable = _variable(b.text, node, part(declarator, "declarator") if initial is not None else declarator)
        if initial is not None:
            check_pointer(b, initial, "pointer" if variable.pointee else "int or bool", initial)
            value = value_of(b, initial)
            b.assign(b.declare(variable), value, b.text.span(declarator))
        else:
            b.declare(variable)


def _if(b: Builder, node: Node) -> None:
    then, otherwise, end = b.label(), b.label(), b.label()
    branch_on(b, part(node, "condition"), then, otherwise)
    b.place(then)
    statement(b, part(node, "consequence"))
    alternative = node.child_by_field_name("alternative")
    if alternative is None:
        b.place(otherwise)
        return
    b.jump(end, b.text.span(node))
    b.place(otherwise)
    for child in alternative.named_children:
        statement(b, child)
    b.place(end)


def _while(b: Builder, node: Node) -> None:
    test, body, end = b.label(), b.label(), b.label()
    b.place(test)
    branch_on(b, part(node, "condition"), body, end)
    b.place(body)
    _loop_body(b, node, test, end)
    b.jump(test, b.text.span(node))
    b.place(end)


def _do(b: Builder, node: Node) -> None:
    body, test, end = b.label(), b.label(), b.label()
    b.place(body)
    _loop_body(b, node, test, end)
    b.place(test)
    branch_on(b, part(node, "condition"), body, end)
    b.place(end)


def _for(b: Builder, node: Node) -> None:
    test, body, after, end = b.label(), b.label(), b.label(), b.label()
    b.scopes.append({})
    first = node.child_by_field_name("initializer")
    if first is not None:
        _declaration(b, first) if first.type == "declaration" else effect(b, first)
    b.place(test)
    condition = node.child_by_field_name("condition")
    if condition is not None:
        branch_on(b, condition, body, end)
    b.place(body)
    _loop_body(b, node, after, end)
    b.place(after)
    update = node.child_by_field_name("update")
    if update is not None:
        effect(b, update)
    b.jump(test, b.text.span(node))
    b.place(end)
    b.scopes.pop()


def _loop_body(b: Builder, node: Node, on_continue: int, on_break: int) -> None:
    b.continues.append(on_continue)
    b.breaks.append(on_break)
    statement(b, part(node, "body"))
    b.continues.pop()
    b.breaks.pop()


def _switch(b: Builder, node: Node) -> None:
    span = b.text.span(node)
    end, body = b.label(), part(node, "body")
    subject = b.temporary(span)
    b.assign(subject, value_of(b, part(node, "condition")), span)
    cases = [child for child in body.named_children if child.type != "comment"]
    labels = [b.label() for _ in cases]
    default = end
    for case, label in zip(cases, labels, strict=True):
        if case.type != "case_statement":
            b.fail(case, "a statement in front of the first case is never reached")
        value = case.child_by_field_name("value")
        if value is None:
            default = label
            continue
        following = b.label()
        where = b.text.span(value)
        b.branch(
            Binary("==", Local(subject, where), Number(_case_value(b, value), where), where), label, following, where
        )
        b.place(following)
    b.jump(default, span)
    b.breaks.append(end)
    b.scopes.append({})
    for case, label in zip(cases, labels, strict=True):
        b.place(label)
        value = case.child_by_field_name("value")
        for child in case.named_children:
            if value is None or child != value:
                statement(b, child)
    b.scopes.pop()
    b.breaks.pop()
    b.place(end)


def _case_value(b: Builder, node: Node) -> int:
    node = unwrap(node)
    negative = node.type == "unary_expression" and operator_of(node) == "-"
    value = value_of(b, part(node, "argument") if negative else node)
    if not isinstance(value, Number):
        b.fail(node, "a case label is a constant: a number, true, false or an errno name")
    return -value.value if negative else value.value


def _goto(b: Builder, node: Node) -> None:
    name = b.text.of(part(node, "label"))
    b.jump(b.goto_label(name, node), b.text.span(node))


def _labeled(b: Builder, node: Node) -> None:
    name_node = part(node, "label")
    name = b.text.of(name_node)
    if b.named_labels.get(name) in b.placed:
        b.fail(name_node, f"label {name!r} stands twice in this function")
    label = b.named_labels.setdefault(name, b.label())
    b.place(label)
    for child in node.named_children:
        if child != name_node:
            statement(b, child)


def _break(b: Builder, node: Node) -> None:
    if not b.breaks:
        b.fail(node, "break outside a loop or switch")
    b.jump(b.breaks[-1], b.text.span(node))


def _continue(b: Builder, node: Node) -> None:
    if not b.continues:
        b.fail(node, "continue outside a loop")
    b.jump(b.continues[-1], b.text.span(node))


def _return(b: Builder, node: Node) -> None:
    values = [child for child in node.named_children if child.type != "comment"]
    result = b.function.result
    if bool(values) != (result != "void"):
        has = "a value" if values else "no value"
        b.fail(node, f"{b.function.name} returns {result}, this return has {has}")
    if values:
        check_pointer(b, values[0], "pointer" if result.endswith(" *") else "int or bool", values[0])
    b.emit(Return(value_of(b, values[0]) if values else None, b.text.span(node)))


def _nothing(_builder: Builder, _node: Node) -> None:
    return


_LOWER: dict[str, Callable[[Builder, Node], None]] = {
    "compound_statement": _compound,
    "expression_statement": _expression,
    "declaration": _declaration,
    "if_statement": _if,
    "while_statement": _while,
    "do_statement": _do,
    "for_statement": _for,
    "switch_statement": _switch,
    "goto_statement": _goto,
    "labeled_statement": _labeled,
    "break_statement": _break,
    "continue_statement": _continue,
    "return_statement": _return,
    "comment": _nothing,
}
