"""A page that is used again is as good as a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from browser.shelf import Shelf

KEPT = "[localStorage.length, sessionStorage.length, innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]"


def test_what_a_page_keeps_is_gone_when_it_is_used_again(shelf: Shelf, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("<!doctype html><title>T</title>")
    with shelf.borrowed() as give:
        first = give(375, "dark")
        first.goto(file.as_uri())
        first.evaluate("() => { localStorage.a = sessionStorage.a = 'b'; }")
        assert first.evaluate(KEPT) == [1, 1, 375, True]
    with shelf.borrowed() as give:
        second = give(1280, "light")
        assert second is first
        second.goto(file.as_uri())
        assert second.evaluate(KEPT) == [0, 0, 1280, False]
        assert give(1280, "light") is not second


def test_a_script_error_fails_the_test_that_has_the_page(shelf: Shelf, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("<!doctype html><title>T</title><script>throw Error('broken')</script>")
    with pytest.raises(AssertionError, match="broken"), shelf.borrowed() as give:
        give(375, "light").goto(file.as_uri())
    with shelf.borrowed() as give:
        give(375, "light")
