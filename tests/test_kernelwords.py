"""The kernel's own words beside ours."""

from __future__ import annotations

import pytest

import sevviz
from sevviz.errors import SevvizError


def test_a_recorded_run_shows_what_the_kernel_printed_and_what_sevviz_says() -> None:
    shown = sevviz.kernel_words("naive", "double", "1 2")
    assert shown.kernel[0][0] == "WARNING: possible recursive locking detected"
    assert any("blocked for more than" in lines[0] for lines in shown.kernel)
    assert "lockdep, as modelled: recursive" in shown.ours
    assert "Deadlock: task 1 (A→B) waits for A.lock" in shown.ours
    assert "run at this interleaving, printed:" in repr(shown)
    assert "<script" not in shown._repr_html_()


def test_silence_is_said_in_words() -> None:
    shown = sevviz.kernel_words("naive_killable", "double", "1 2")
    assert shown.kernel == ()
    assert "printed nothing at all." in shown.head
    assert "Deadlock" in shown.ours


def test_what_was_not_recorded_is_refused_with_what_was() -> None:
    with pytest.raises(SevvizError, match=r"no kernel run of naive/double at '1 1' is recorded; recorded are: .*1 2"):
        sevviz.kernel_words("naive", "double", "1 1")
