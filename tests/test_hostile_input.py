"""Input that is large, deep, binary or mutilated: an answer soon, never a traceback, never a hang."""

from __future__ import annotations

import random
import re
import signal
from typing import TYPE_CHECKING, NoReturn

import pytest
from toys import HEADER, program, text, verdict

import sevviz
from sevviz.csource import load_scheme
from sevviz.errors import SchemeError, SevvizError, caret

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 20  # seconds, far above the fractions of a second that each case takes


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    """Whatever hangs here fails soon."""

    def too_long(_number: int, _frame: object) -> NoReturn:
        pytest.fail(f"no answer within {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(PATIENCE)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def error_of(source: str | bytes) -> SchemeError:
    """The error for a whole file."""
    with pytest.raises(SchemeError) as caught:
        load_scheme(source, "toy.c")
    return caught.value


def test_a_large_file_is_refused_before_it_is_parsed() -> None:
    error = error_of(text("return 0;").encode() + b"/*" + b"x" * 2**20 + b"*/")
    assert str(error) == ("toy.c:1:1: the file has more than 262,144 bytes: keep the locking and drop the rest")


def test_bytes_that_are_no_text_are_refused_at_their_place() -> None:
    assert str(error_of(text("return 0;").encode() + b"ab\0c")) == (
        "toy.c:10:3: a NUL byte: C source is text; remove it (is this a binary or a UTF-16 file?)\n  ab·c\n    ^"
    )
    assert str(error_of(HEADER.encode() + b"/* caf\xe9 */\n")) == (
        "toy.c:6:7: byte 0xe9 is not UTF-8: save the file as UTF-8\n  /* caf\n        ^"
    )
    assert error_of(text("return 0;").encode("utf-16")).message == "byte 0xff is not UTF-8: save the file as UTF-8"
    assert error_of(text("return 0;") + "/* \ud800 */").message == "byte 0xed is not UTF-8: save the file as UTF-8"


MANY = 10_000
NESTED = {
    "parentheses": f"return {'(' * MANY}1{')' * MANY};",
    "braces": f"{'{' * MANY}{'}' * MANY}",
    "nots": f"return {'!' * MANY}1;",
    "signs": f"return {'- ' * MANY}1;",
    "sums": f"return 1{' + 1' * MANY};",
    "conditions": f"return 1{' && 1' * MANY};",
    "choices": f"return {'1 ? 2 : ' * MANY}3;",
    "ifs": f"{'if (1) ' * MANY}return 1;",
    "else ifs": f"if (0) return 1; {'else if (0) return 2; ' * MANY}",
    "assignments": f"int a; {'a = ' * MANY}3;",
    "calls": f"return {'migrate(' * MANY}",
    "members": f"return dst->{'a.' * MANY}b;",
    "stars": f"return {'*' * MANY}dst;",
    "labels": " ".join(f"l{n}:" for n in range(MANY)) + " return 0;",
    "commas": f"int a = ({'1, ' * MANY}2);",
}


@pytest.mark.parametrize("statements", NESTED.values(), ids=NESTED)
def test_nesting_without_end_is_refused_and_not_recursed_into(statements: str) -> None:
    message = error_of(text(statements)).message
    assert message == "this is nested more than 150 levels deep: split it up" or "still open" in message


def test_what_is_open_ten_thousand_times_is_reported_once() -> None:
    assert error_of(text("return " + "(" * MANY + ";")).message.startswith("this '(' is still open at the '}' of 9:1")
    assert error_of(text("{" * MANY)).message == "this '{' is never closed"


def test_a_deep_tree_within_the_limit_is_read() -> None:
    assert len(verdict("return " + "(" * 120 + "1" + ")" * 120 + ";", "migrate(B, A)").outcomes) == 1
    assert len(verdict("return 0" + " + 1" * 120 + ";", "migrate(B, A)").outcomes) == 1
    assert (
        len(verdict("if (0) return 1; " + "else if (0) return 2; " * 60 + "return 3;", "migrate(B, A)").outcomes) == 1
    )


LONG = {
    "a line of 110,000 characters": "int a = 0; " + "a = a + 1; " * MANY + "return a;",
    "ten thousand lines": "int a = 0;\n" + "a = a + 1;\n" * MANY + "return a;",
    "ten thousand cases": "switch (3) {" + "".join(f"case {n}: return {n};\n" for n in range(MANY)) + "}\nreturn 0;",
    "ten thousand labels": "".join(f"goto l{n};\nl{n}:\n" for n in range(MANY)) + "return 0;",
    "ten thousand comments": "/* x */" * MANY + "return 0;",
    "ten thousand empty statements": ";" * MANY + "return 0;",
    "ten thousand idle steps": "int i; for (i = 0; i < 10000; i++) cpu_relax(); return 0;",
}


@pytest.mark.parametrize("statements", LONG.values(), ids=LONG)
def test_long_input_is_read_without_waiting(statements: str) -> None:
    assert verdict(statements, "migrate(B, A)").status == "clean"


def test_an_error_on_a_long_line_shows_what_stands_round_it() -> None:
    error = error_of(text("int a = 0; " + "a = a + 1; " * MANY + "frob();"))
    assert (error.line, error.column) == (8, 110012)
    shown, mark = error.excerpt.split("\n")[1:]
    assert len(shown) <= 122
    assert shown[mark.index("^") :].startswith("frob();")


def test_a_name_as_long_as_a_file_is_cut_in_messages() -> None:
    message = error_of(text(f"{'x' * 100_000}();")).message
    assert message.startswith(f"unknown function '{'x' * 60}…'")
    assert len(message) < 1000


@pytest.mark.parametrize("character", ["\u202e", "\x1b", "\x07", "\x7f", "\u2028", "\u200b"])
def test_characters_that_would_move_the_caret_are_shown_as_dots(character: str) -> None:
    """A name with a bidirectional or control character is refused, and the message is safe to print."""
    error = error_of(text(f"int a{character}b = 3; return 0;"))
    assert error.line == 8
    assert all(shown.isprintable() for shown in str(error).split("\n"))
    assert "a·b" in error.excerpt


def test_the_caret_stands_under_the_place_after_tabs_and_wide_text() -> None:
    assert caret("\tif (x)\n\t\ty;", 2, 3) == "\n  \t\ty;\n  \t\t^"
    assert caret("äö ü", 1, 4) == "\n  äö ü\n     ^"
    assert caret("one", 7, 1) == ""


def test_reading_and_searching_any_mutilated_scheme_ends_with_an_answer() -> None:
    """Tokens are deleted, moved and inserted at random: each text is searched or refused, none crashes or hangs."""
    chance = random.Random(20210819)  # noqa: S311 - not for secrets
    sources = [sevviz.load(name).text.text for name in sevviz.scheme_names()]
    answers = {"searched": 0, "refused": 0}
    for _ in range(400):
        source = mutilated(chance, chance.choice(sources))
        try:
            sevviz.check(sevviz.load_text(source), chance.choice(["double", "self", "retry"]), limit=2000)
            answers["searched"] += 1
        except SevvizError:
            answers["refused"] += 1
    assert min(answers.values()) > 50


PIECES = ("(", ")", "{", "}", ";", "*", "&", "->", "=", "0", "-1", "int ", "goto out;", "out:", "return ", "else ",
          "while (1) ", "break;", "NULL", "/*", "*/", '"', "#define X\n", "case 1:", "dst", "mutex_lock(&dst->lock);",
          "dst->f++;", "\0", "é", "?", ":", "[", "cpu_relax();", "int migrate(struct kvm *a);")  # fmt: skip


def mutilated(chance: random.Random, source: str) -> str:
    """A text with one to three random changes."""
    for _ in range(chance.randint(1, 3)):
        (start, end), (first, last) = (chance.choice([m.span() for m in re.finditer(r"\w+|\W", source)]) for _ in "ab")
        match chance.randrange(4):
            case 0:
                source = source[:start] + source[end:]
            case 1:
                source = source[:start] + chance.choice(PIECES) + source[start:]
            case 2:
                source = source[:start] + source[first:last] + source[end:]
            case 3:
                source = source[: min(start, first)] + source[max(start, first) :]
    return source


def test_retrying_for_ever_what_takes_no_step_is_refused() -> None:
    with pytest.raises(SchemeError, match="migrate returns -EBUSY without a step, so retrying it for ever never ends"):
        program("return -EBUSY;", "migrate(B, A)", retry=None)


def test_retrying_many_times_what_takes_no_step_is_no_recursion() -> None:
    assert verdict("return -EBUSY;", "migrate(B, A)", retry=100_000).returns == {("-EBUSY",)}
