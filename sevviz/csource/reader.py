"""From bytes to text: decoding, positions, and the header comment."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, NoReturn

from sevviz.csource.syntax import parse
from sevviz.errors import SchemeError, visible
from sevviz.model import MUTEX, SPINLOCK, Span

if TYPE_CHECKING:
    from tree_sitter import Node

    from sevviz.model import Kind

__all__ = ["FIELD_KEYS", "SIZE_LIMIT", "Text", "check_comments", "decode", "parse", "read_header"]

SIZE_LIMIT = 256 * 1024  # bytes; the longest scheme of the thread has 4 kB
REQUIRED_KEYS = ("title", "source", "entry")
# Lines that name fields: what kind of object each can name in every VM, () for any at all. A mutex that nobody
# initialised has no list of waiters, and the first one crashes: sevviz does not say what happens then.
FIELD_KEYS: dict[str, tuple[Kind, ...]] = {
    "persistent": (),
    "ordered": (MUTEX, SPINLOCK),
    "uninitialised": (SPINLOCK,),
}


class Text:
    """A C text with its name: turns tree-sitter's byte positions into spans and raises errors that point."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.data = text.encode()
        # None for a line where bytes are characters, which saves counting them again and again.
        self._lines = [None if line.isascii() else line for line in self.data.split(b"\n")]

    def column(self, row: int, byte: int) -> int:
        """The column from 1, in characters, of a byte offset in a line."""
        line = self._lines[row]
        return (byte if line is None else len(line[:byte].decode(errors="replace"))) + 1

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
        message = re.sub(r"\w{80,}", lambda word: f"{word[0][:60]}…", message)  # a name may be as long as a file
        raise SchemeError(message, file=self.name, line=span.line, column=span.column, source=self.text)


def decode(data: bytes, name: str) -> str:
    """The text of a scheme file, with line ends made one. Refuses what is too large, not UTF-8 or has a NUL byte."""
    if len(data) > SIZE_LIMIT:
        message = f"the file has more than {SIZE_LIMIT:,} bytes: keep the locking and drop the rest"
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


def check_comments(text: Text) -> None:
    """Refuse a comment that never ends; tree-sitter would take its words for C."""
    tokens = re.finditer(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?(\*/|\Z)', text.text, re.DOTALL)
    for token in tokens:
        if token[0].startswith("/*") and token[1] == "":
            before = text.text[: token.start()]
            line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
            text.fail(Span(line, column, line, column + 2), "this comment never ends: close it with */")


def read_header(text: Text) -> dict[str, str]:
    """The `key: value` lines of the first comment; the prose after its first blank line is under "description"."""
    match = re.match(r"\s*/\*(.*?)\*/", text.text, re.DOTALL)
    if not text.text.strip():
        _header_error(text, "the file is empty: a scheme starts with a header comment, then C functions", 1)
    if match is None:
        _header_error(text, "no header: a scheme starts with a comment /* title: ... source: ... entry: ... */", 1)
    start = text.text[: match.start(1)].count("\n") + 1
    header = _header_lines(text, visible(match[1]), start)  # shown everywhere, on terminals and pages
    for required in REQUIRED_KEYS:
        if required not in header:
            has = ", ".join(header) or "nothing"
            message = f"the header has no {required!r} line (it has {has}): add ' * {required}: ...'"
            _header_error(text, message, start)
    return header


def _header_lines(text: Text, comment: str, start: int) -> dict[str, str]:
    header: dict[str, str] = {}
    key, prose = "", False
    for number, raw in enumerate(comment.split("\n"), start):
        line = raw.strip().removeprefix("*").strip()
        found = re.match(r"([A-Za-z][\w -]*?)\s*:\s+(.+)", line)
        if not prose:
            _check_key(text, line, found[1] if found else "", number)
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
    return header


def _check_key(text: Text, line: str, key: str, number: int) -> None:
    """Refuse a key without a value, and one that is nearly a key: it would be taken for words about the scheme."""
    empty = line.removesuffix(":").rstrip().lower() if line.endswith(":") else ""
    if empty in FIELD_KEYS:
        _header_error(text, f"the header's {empty!r} names nothing: name a field or leave the line out", number)
    known = (*REQUIRED_KEYS, *FIELD_KEYS)
    near = get_close_matches(key.lower(), known, n=1, cutoff=0.75)
    if near and key.lower() not in known:
        _header_error(text, f"the header has no key {key!r}; did you mean {near[0]!r}?", number)


def _header_error(text: Text, message: str, line: int) -> NoReturn:
    raise SchemeError(message, file=text.name, line=line, column=1, source=text.text)
