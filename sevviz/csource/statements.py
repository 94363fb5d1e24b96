"""Statements: control flow becomes labels and jumps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.csource.constants import constant_value
from sevviz.csource.declarations import (
    refuse_preprocessor,
    variable_of,
)
from sevviz.csource.expressions import branch_on, effect, value_of
from sevviz.csource.ir import Binary, Local, Number, Return, Unset
from sevviz.csource.nodes import part, parts_of
from sevviz.csource.pointers import check_pointer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

    from sevviz.csource.builder import Builder


__all__ = ["statement"]

STATEMENTS = "if else while do for switch goto break continue return, calls and assignments"
FILE_SCOPE = "functions, static DEFINE_MUTEX(m);, DEFINE_SPINLOCK(s);, atomic_t, bool and int"


def statement(b: Builder, node: Node) -> None:
    """Lower one statement."""
    lower = _LOWER.get(node.type)
    if lower is None:
        refuse_preprocessor(b.text, node)
        if node.type == "case_statement":
            b.fail(node, "case and default stand directly in the braces of a switch, nowhere else")
        b.fail(node, f"{b.text.of(node)[:40]!r}: this statement is not understood; a scheme has {STATEMENTS}")
    lower(b, node)


def _compound(b: Builder, node: Node) -> None:
    b.scopes.append({})
    for child in node.named_children:
        statement(b, child)
    b.scopes.pop()


def _expression(b: Builder, node: Node) -> None:
    for child in parts_of(node):
        if b.text.of(child) != "fallthrough":  # the kernel's word for "no break here, and that is meant"
            effect(b, child)


def _declaration(b: Builder, node: Node) -> None:
    for child in node.children:
        if child.type == "storage_class_specifier" and b.text.of(child) == "static":
            b.fail(node, "a static local is shared by all tasks: declare it at file scope instead")
    for declarator in node.children_by_field_name("declarator"):
        initial = declarator.child_by_field_name("value") if declarator.type == "init_declarator" else None
        variable = variable_of(b.text, node, part(declarator, "declarator") if initial is not None else declarator)
        # The scope begins before the initial value: `int x = x;` reads the new x, which has none yet.
        slot, where = b.declare(variable), b.text.span(declarator)
        b.assign(slot, Unset(where), where)
        if initial is not None:
            check_pointer(b, initial, "pointer" if variable.pointee else "int or bool", initial)
            b.assign(slot, value_of(b, initial), where)


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
    check_pointer(b, part(node, "condition"), "int or bool", part(node, "condition"))
    b.assign(subject, value_of(b, part(node, "condition")), span)
    labels = _choose_case(b, node, parts_of(body), subject, end)
    b.breaks.append(end)
    b.scopes.append({})
    for case, label in zip(parts_of(body), labels, strict=True):
        b.place(label)
        value = case.child_by_field_name("value")
        for child in case.named_children:
            if value is None or child != value:
                statement(b, child)
    b.scopes.pop()
    b.breaks.pop()
    b.place(end)


def _choose_case(b: Builder, node: Node, cases: list[Node], subject: int, end: int) -> list[int]:
    """Jump to the case that has the subject's value; returns the label of each case."""
    labels = {case: b.label() for case in cases}
    seen: dict[int | None, Node] = {}
    for case, label in labels.items():
        if case.type != "case_statement":
            b.fail(case, "a statement in front of the first case is never reached")
        written = case.child_by_field_name("value")
        value = None if written is None else _case_value(b, written)
        if value in seen:
            shown = "default" if written is None else f"case {b.text.of(written)}"
            b.fail(case, f"{shown} stands twice in this switch; first at line {b.text.span(seen[value]).line}")
        seen[value] = case
        if written is not None:
            following, where = b.label(), b.text.span(written)
            same = Binary("==", Local(subject, where), Number(value or 0, where), where)
            b.branch(same, label, following, where)
            b.place(following)
    b.jump(labels[seen[None]] if None in seen else end, b.text.span(node))
    return list(labels.values())


def _case_value(b: Builder, node: Node) -> int:
    value = constant_value(b.text, node)
    if value is None:
        b.fail(node, "a case label is a constant: a number, true, false or an errno name")
    return value


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
    values = parts_of(node)
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
