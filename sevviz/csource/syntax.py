"""From text to syntax tree, with syntax errors put into words."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from sevviz.model import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Parser

    from sevviz.csource.reader import Text

__all__ = ["parse"]

MAX_NESTING = 150  # levels of the syntax tree; the schemes of the thread have 14


@cache
def _parser() -> Parser:
    import tree_sitter_c
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_c.language()))


def parse(text: Text) -> Node:
    """The syntax tree of a text without syntax errors."""
    root = _parser().parse(text.data).root_node
    if root.has_error:
        error = next((node for node in _errors(root) if not _ends_with_label(text, node)), None)
        if error is not None:
            _report(text, error)
    _check_nesting(text, root)
    return root


def _errors(root: Node) -> Iterator[Node]:
    """The innermost nodes with an error, in the order of the text."""
    stack = [root]
    while stack:
        node = stack.pop()
        inner = [child for child in node.children if child.has_error or child.is_missing or child.is_error]
        if node.is_missing or not inner:
            yield node
        else:
            stack += reversed(inner)


def _ends_with_label(text: Text, node: Node) -> bool:
    """Whether what is missing is the `;` after a label at the end of a block, which C23 and GNU C do without."""
    statement = node.parent
    labeled = statement.parent if statement is not None else None
    if not node.is_missing or node.type != ";" or labeled is None or labeled.type != "labeled_statement":
        return False
    return re.match(rb"(\s|/\*.*?\*/|//[^\n]*)*\}", text.data[node.end_byte :], re.DOTALL) is not None


def _check_nesting(text: Text, root: Node) -> None:
    """Refuse a tree that is too deep to be walked by recursion, as the lowering does."""
    cursor, depth = root.walk(), 0
    while True:
        if cursor.goto_first_child():
            depth += 1
            if depth > MAX_NESTING and cursor.node is not None:
                text.fail(cursor.node, f"this is nested more than {MAX_NESTING} levels deep: split it up")
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
            depth -= 1


def _report(text: Text, node: Node) -> NoReturn:
    _report_macro(text, node)
    unclosed = _unclosed(text)
    if unclosed is not None and (not node.is_missing or node.type in "(){}[]"):
        text.fail(*unclosed)
    if node.is_missing:
        text.fail(node, f"missing {node.type!r} here" if not node.is_named else "a name is missing here")
    found = text.of(node).strip().split("\n")[0][:40]
    reasons = "is a ';', a bracket or an operator missing just before, or is it a macro or type that C does not know?"
    text.fail(node, f"{found!r} makes no sense here: {reasons}")


def _report_macro(text: Text, node: Node) -> None:
    previous = node.prev_sibling
    after = text.data[node.end_byte :].lstrip()
    called = previous is not None and previous.type == "call_expression"
    if called and previous is not None and node.is_missing and node.type == ";" and after.startswith(b"{"):
        callee = text.of(previous).partition("(")[0]
        text.fail(previous, f"unknown macro {callee!r} in front of a block: write the loop out with for or while")


# Brackets.

PARTNER = {")": "(", "}": "{", "]": "[", "(": ")", "{": "}", "[": "]"}


class _Bracket(NamedTuple):
    char: str
    line: int
    column: int
    indent: int  # of its line

    @property
    def span(self) -> Span:
        return Span(self.line, self.column, self.line, self.column + 1)


def _brackets(text: Text) -> Iterator[_Bracket]:
    """All brackets outside comments and strings."""
    blank = re.compile(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*', re.DOTALL)
    cleaned = blank.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text.text)
    for number, line in enumerate(cleaned.split("\n"), 1):
        indent = len(line) - len(line.lstrip())
        for found in re.finditer(r"[][(){}]", line):
            yield _Bracket(found[0], number, found.start() + 1, indent)


def _unclosed(text: Text) -> tuple[Span, str] | None:
    """The bracket that has no partner, which is where a reader looks for it, or None."""
    opened: list[_Bracket] = []
    suspect: tuple[Span, str] | None = None
    for bracket in _brackets(text):
        if bracket.char in "({[":
            opened.append(bracket)
            continue
        there = f"{bracket.char!r} of {bracket.line}:{bracket.column}"
        if not opened or (opened[-1].char == "{" and bracket.char != "}"):
            return bracket.span, f"this {bracket.char!r} closes nothing: remove it or add the {PARTNER[bracket.char]!r}"
        last = opened.pop()
        if PARTNER[last.char] != bracket.char:
            return last.span, f"this {last.char!r} is still open at the {there}: missing {PARTNER[last.char]!r}?"
        if suspect is None and bracket.char == "}" and last.line < bracket.line and last.indent != bracket.indent:
            # The braces pair up otherwise than the indentation says, so what is missing is missing here.
            message = f"this '{{' seems to be closed by the {there}, which is indented otherwise: missing '}}'?"
            suspect = last.span, message
    if opened:
        return suspect or (opened[-1].span, f"this {opened[-1].char!r} is never closed")
    return None
