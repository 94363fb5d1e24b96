"""The cost of certainty against the number of VMs: sizes, table, fit and plot. No times are asserted."""

from pathlib import Path

import pytest

import sevviz
from sevviz.scale import Row, fit_exponent, measure, plot, sizes, table
from sevviz.symbolic import Limits


def test_sizes_grow_in_strides_and_end_at_the_largest() -> None:
    assert sizes("ring", 32) == [2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 22, 27, 32]


@pytest.mark.parametrize(("family", "most", "message"), [
    ("square", 4, "no family of scenarios 'square'; there are ring, chain, star, pairs, clique"),
    ("clique", 9, "clique goes from 2 to 8, not to 9"),
])  # fmt: skip
def test_a_family_or_size_that_is_not_there_is_named(family: str, most: int, message: str) -> None:
    with pytest.raises(sevviz.ScenarioError, match=message):
        sizes(family, most)


def test_the_shortest_deadlock_of_a_naive_ring_has_a_step_for_each_vm() -> None:
    rows = list(measure("naive", "ring", 6))
    assert [(row.size, row.shortest) for row in rows] == [(n, n) for n in range(2, 7)]
    assert "deadlock after 6 steps" in table(rows)


def test_measuring_stops_at_the_first_size_that_reaches_a_limit() -> None:
    rows = list(measure("v4", "ring", 64, Limits(nodes=2_000)))
    assert (rows[-1].status, rows[-1].size < 64) == ("failed", True) or rows[-1].status == "inconclusive"
    assert rows[-2].states is not None


def test_the_fit_finds_the_power_that_the_rows_were_made_with() -> None:
    rows = [Row(n, n, 1, 7 * n**2, 0.0, "clean", None) for n in (2, 4, 8, 16)]
    assert fit_exponent(rows) == pytest.approx(2.0)
    assert fit_exponent(rows[:2]) is None


def test_a_plot_is_written(tmp_path: Path) -> None:
    plot(measure("flag_then_mutex", "ring", 4), tmp_path / "scale.svg", "flag_then_mutex")
    assert "<svg" in (tmp_path / "scale.svg").read_text(encoding="utf-8")
