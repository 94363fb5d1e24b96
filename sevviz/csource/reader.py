"""Text to syntax tree: decoding, the header comment, syntax errors put into words."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NoReturn

from sevviz.errors import SchemeError
from sevviz.model import Span

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

__all__ = ["SIZE_LIMIT", "Text", "decode", "parse", "read_header"]

SIZE_LIMIT = 256 * 1024  # bytes; the longest scheme of the thread has 4 kB
REQUIRED_KEYS = ("title", "source", "entry")


class Text:
    """A C text with its name: turns tree-sitter's byte positions into spans and raises errors that point."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.data = text.encode()
        self._lines = self.data.split(b"\n")

    def column(self, row: int, byte: int) -> int:
        """The column from 1, in characters, of a byte offset in a line."""
        return len(self._lines[row][:byte].decode(errors="replace")) + 1

    def span(self, node: Node) -> Span:
        """Where a node stands."""
        (row, byte), (end_row, end_byte) = node.start_point, node.end_point
        return Span(row + 1, self.column(row, byte), end_row + 1, self.column(end_row, end_byte))

    def of(self, node: Node) -> str:
        """The text of a node."""
        return self.data[node.start_byte : node.end_byte].decode()

    def fail(self, where: Span | Node, message: str) -> NoReturn:
        """Raise the error at a span or node."""
        span = where if isinstance(where, Span) else self.span(where)
        raise SchemeError(message, file=self.name, line=span.line, column=span.column, source=self.text)


def decode(data: bytes, name: str) -> str:
    """The text of a scheme file, with line ends made one. Refuses what is too large, not UTF-8 or has a NUL byte."""
    if len(data) > SIZE_LIMIT:
        message = (
            f"the file has {len(data):,} bytes, a scheme at most {SIZE_LIMIT:,}: keep the locking and drop the rest"
        )
        raise SchemeError(message, file=name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(errors="replace")
        message = f"byte 0x{data[error.start]:02x} is not UTF-8: save the file as UTF-8"
        raise SchemeError(
            message, file=name, line=before.count("\n") + 1, column=len(before.rpartition("\n")[2]) + 1, source=before
        ) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        before = text[: text.index("\0")]
        line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
        message = "a NUL byte: C source is text; remove it (is this a binary or a UTF-16 file?)"
        raise SchemeError(message, file=name, line=line, column=column, source=text)
    return text


def read_header(text: Text) -> dict[str, str]:
    """The `key: value` lines of the first comment; the prose after its first blank line is under "description"."""
    match = re.match(r"\s*/\*(.*?)\*/", text.text, re.DOTALL)
    if not text.text.strip():
        _header_error(text, "the file is empty: a scheme starts with a header comment, then C functions", 1)
    if match is None:
        _header_error(text, "no header: a scheme starts with a comment /* title: ... source: ... entry: ... */", 1)
    header: dict[str, str] = {}
    key, prose = "", False
    start = text.text[: match.start(1)].count("\n") + 1
    for number, raw in enumerate(match[1].split("\n"), start):
        line = raw.strip().removeprefix("*").strip()
        found = re.match(r"([A-Za-z][\w -]*?)\s*:\s+(.+)", line)
        if not line:
            prose = bool(header)
        elif prose:
            header["description"] = f"{header.get('description', '')} {line}".strip()
        elif found:
            key = found[1].lower()
            if key in header:
                _header_error(text, f"the header names {key!r} twice: keep one", number)
            header[key] = found[2]
        elif key:
            header[key] += f" {line}"
    for required in REQUIRED_KEYS:
        if required not in header:
            has = ", ".join(header) or "nothing"
            message = f"the header has no {required!r} line (it has {has}): add ' * {required}: ...'"
            _header_error(text, message, start)
    return header


def _header_error(text: Text, message: str, line: int) -> NoReturn:
    raise SchemeError(message, file=text.name, line=line, column=1, source=text.text)


@cache
def _parser() -> Parser:
    import tree_sitter_c
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_c.language()))


def parse(text: Text) -> Node:
    """The syntax tree of a text without syntax errors."""
    _check_comments(text)
    root = _parser().parse(text.data).root_node
    if root.has_error:
        _report(text, _first_error(root))
    return root


def _check_comments(text: Text) -> None:
    """Refuse a comment that never ends; tree-sitter would take its words for C."""
    tokens = re.finditer(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?(\*/|\Z)', text.text, re.DOTALL)
    for token in tokens:
        if token[0].startswith("/*") and token[1] == "":
            before = text.text[: token.start()]
            line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
            span = Span(line, column, line, column + 2)
            text.fail(span, "this comment never ends: close it with */")


def _first_error(node: Node) -> Node:
    """The innermost error node that comes first in the text."""
    while True:
        children = [child for child in node.children if child.has_error or child.is_missing or child.type == "ERROR"]
        if not children or node.is_missing:
            return node
        node = children[0]


def _report(text: Text, node: Node) -> NoReturn:
    if node.is_missing:
        _report_missing(text, node)
    unclosed = _unclosed(text)
    if unclosed is not None:
        text.fail(*unclosed)
    found = text.of(node).strip().split("\n")[0][:40]
    text.fail(node, f"C ends to make sense at {found!r}: a missing ';', brace or operator here or just before?")


def _report_missing(text: Text, node: Node) -> NoReturn:
    previous = node.prev_sibling
    after = text.data[node.end_byte :].lstrip()
    if node.type == ";" and previous is not None and previous.type == "call_expression" and after.startswith(b"{"):
        callee = text.of(previous).partition("(")[0]
        text.fail(previous, f"unknown macro {callee!r} in front of a block: write the loop out with for or while")
    unclosed = _unclosed(text)
    if unclosed is not None and node.type in "(){}":
        text.fail(*unclosed)
    text.fail(node, f"missing {node.type!r} here")


def _unclosed(text: Text) -> tuple[Span, str] | None:
    """The bracket that has no partner, which is where a reader looks for it, or None."""
    cleaned = re.sub(
        r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*', lambda m: re.sub(r"[^\n]", " ", m[0]), text.text, flags=re.DOTALL
    )
    partner = {")": "(", "}": "{", "]": "["}
    opened: list[tuple[str, int, int]] = []
    line, start = 1, 0
    for offset, char in enumerate(cleaned):
        column = offset - start + 1
        if char == "\n":
            line, start = line + 1, offset + 1
        elif char in "({[":
            opened.append((char, line, column))
        elif char in partner:
            here = Span(line, column, line, column + 1)
            if not opened:
                return here, f"{char!r} closes nothing: remove it or add the {partner[char]!r}"
            bracket, at_line, at_column = opened.pop()
            if bracket != partner[char]:
                closing = {"(": ")", "{": "}", "[": "]"}[bracket]
                there = f"{at_line}:{at_column}"
                return here, f"{char!r} comes where the {bracket!r} of {there} is still open: missing {closing!r}?"
    if opened:
        bracket, line, column = opened[-1]
        return Span(line, column, line, column + 1), f"this {bracket!r} is never closed"
    return None
