"""Bad input: what is said, and where; never a traceback, never a hang."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from toys import HEADER, text, verdict

from sevviz.csource import load_scheme
from sevviz.errors import SchemeError

CASES = tomllib.loads((Path(__file__).parent / "bad_input.toml").read_text(encoding="utf-8"))["case"]


def error_of(source: str | bytes) -> SchemeError:
    """The error for a whole file."""
    with pytest.raises(SchemeError) as caught:
        load_scheme(source, "toy.c")
    return caught.value


@pytest.mark.parametrize("case", CASES, ids=[case["statements"].split("\n")[0][:50] for case in CASES])
def test_bad_input_is_refused_with_its_place_and_a_caret_under_it(case: dict[str, Any]) -> None:
    before = case.get("before", "")
    before = before and before.rstrip("\n") + "\n"
    with pytest.raises(SchemeError) as caught:
        verdict(case["statements"], "migrate(B, A)", before=before)
    line, column = case["line"], case["column"]
    written = text(case["statements"], before).split("\n")[line - 1]
    shown, pad = written, " " * (column - 1)
    if column > 80:  # a long line is cut round the place
        shown, pad = written[column - 80 :], " " * 79
    pad = re.sub(".", lambda m: "\t" if shown[m.start()] == "\t" else " ", pad) if "\t" in shown else pad
    assert str(caught.value) == f"toy.c:{line}:{column}: {case['message']}\n  {shown}\n  {pad}^"


HEADERS = [
    ("", 1, "no header: a scheme starts with a comment /* title: ... source: ... entry: ... */"),
    ("// title: x\n", 1, "no header: a scheme starts with a comment /* title: ... source: ... entry: ... */"),
    ("/*\n * source: s\n * entry: migrate\n */\n", 1,
     "the header has no 'title' line (it has source, entry): add ' * title: ...'"),
    ("/*\n * title: t\n * entry: migrate\n */\n", 1,
     "the header has no 'source' line (it has title, entry): add ' * source: ...'"),
    ("/*\n * title: t\n * source: s\n */\n", 1,
     "the header has no 'entry' line (it has title, source): add ' * entry: ...'"),
    ("/* hello */\n", 1, "the header has no 'title' line (it has nothing): add ' * title: ...'"),
    ("/*\n * title:\n * source: s\n * entry: migrate\n */\n", 1,
     "the header has no 'title' line (it has source, entry): add ' * title: ...'"),
    ("/*\n * title: t\n * source: s\n * title: u\n * entry: migrate\n */\n", 4,
     "the header names 'title' twice: keep one"),
    ("/*\n * title: the entry\n * source: s\n * entry: migrat\n */\n", 4,
     "the entry 'migrat' is not in the file; the file defines migrate; did you mean 'migrate'?"),
    ("/*\n * Title: t\n * Source: s\n * Entry: other()\n */\n", 4,
     "the entry 'other()' is not in the file; the file defines migrate"),
    ("/*\n * title: t\n * source: s\n * entry: migrate\n * uninitialized: gate\n */\n", 5,
     "the header has no key 'uninitialized'; did you mean 'uninitialised'?"),
    ("/*\n * title: t\n * source: s\n * entry: migrate\n * ordered:\n */\n", 5,
     "the header's 'ordered' names nothing: name a field or leave the line out"),
]  # fmt: skip


@pytest.mark.parametrize(("header", "line", "message"), HEADERS)
def test_a_bad_header_says_what_it_lacks(header: str, line: int, message: str) -> None:
    error = error_of(text("return 0;", header=header))
    assert (error.line, error.column, error.message) == (line, 1, message)


ENTRIES = [
    ("int migrate(int a) { return 0; }", 17,
     "the entry 'migrate' takes VMs only: struct kvm *dst, struct kvm *src (destination first)"),
    ("int migrate(struct kvm *a, struct mutex *b) { return 0; }", 42,
     "the entry 'migrate' takes VMs only: struct kvm *dst, struct kvm *src (destination first)"),
    ("int migrate(void) { return 0; }", 5,
     "the entry 'migrate' takes VMs only: struct kvm *dst, struct kvm *src (destination first)"),
    ("struct kvm *migrate(struct kvm *a) { return a; }", 13,
     "the entry 'migrate' returns int, bool or nothing, not a pointer"),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "column", "message"), ENTRIES)
def test_an_entry_with_the_wrong_shape_is_refused(entry: str, column: int, message: str) -> None:
    error = error_of(HEADER + entry)
    assert (error.line, error.column, error.message) == (6, column, message)


def test_a_file_without_the_entry_names_what_it_has() -> None:
    assert error_of(HEADER).message == "the entry 'migrate' is not in the file; the file defines no function"
    assert error_of(HEADER + "int migrate(struct kvm *a);").message.endswith("the file defines no function")


def test_an_empty_file_says_how_a_scheme_starts() -> None:
    for data in (b"", b" \n\n"):
        assert str(error_of(data)) == (
            "toy.c:1:1: the file is empty: a scheme starts with a header comment, then C functions"
        )


def test_a_comment_that_never_ends_is_shown_where_it_starts() -> None:
    assert str(error_of(text("return 0;") + "/* and so on\n")) == (
        "toy.c:10:1: this comment never ends: close it with */\n  /* and so on\n  ^"
    )
    assert error_of("/*\n * title: t\n").message == "this comment never ends: close it with */"
