"""The cost of certainty against the number of VMs: sizes, table, fit and plot. No times are asserted."""

from pathlib import Path

import pytest

import sevviz
from sevviz.cli import main
from sevviz.scale import Row, fit_exponent, measure, sizes, table
from sevviz.symbolic import Limits
from sevviz.views.scale_figure import draw_scale


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
    assert [row.size for row in rows] == [2, 3, 4]
    assert rows[-1].nodes > 2_000 > rows[-2].nodes


def test_the_fit_finds_the_power_that_the_rows_were_made_with() -> None:
    rows = [Row(n, n, 1, 7 * n**2, 0.0, "clean", None) for n in (2, 4, 8, 16)]
    assert fit_exponent(rows) == pytest.approx(2.0)
    assert fit_exponent(rows[:2]) is None


def test_the_figure_speaks_and_repeats() -> None:
    rows = [Row(n, n, 10**n, 60 * n, 0.01 * n, "clean", None, 30.0 + n) for n in (2, 3, 4, 8)]
    figure = draw_scale(rows, "Rings")
    assert figure.alt == (
        "Rings: from N = 2 to 8 the states grow from 100 to 1.0e08, the nodes from 120 to 480; the largest search took "
        "0.08 seconds. The nodes grow as N to the power 1.0."
    )
    assert figure.twin == table(rows, with_memory=False)
    assert "MB" in table(rows)
    assert not any("MB" in told or "emory" in told for told in (figure.twin, figure.alt, figure.svg()))
    assert "10,000" in table([Row(4, 4, 10_000, 12_345, 1.0, "failed", 1)])
    assert "12,345" in table([Row(4, 4, 10_000, 12_345, 1.0, "failed", 1)])
    assert table([Row(4, 4, 10_000, 12_345, 1.0, "failed", 1)]).endswith("deadlock after 1 step")
    assert figure.svg() == draw_scale(rows, "Rings").svg()
    texts = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {"Rings", "1.0e08", "480", "0.08"} <= texts


def test_what_a_limit_stopped_is_not_drawn() -> None:
    stopped = Row(3, 3, None, 500, 1.0, "inconclusive", None, 30.0)
    with pytest.raises(ValueError, match="at least one search that finished"):
        draw_scale([stopped])
    assert "from N = 2 to 2" in draw_scale([Row(2, 2, 101, 62, 0.1, "clean", None), stopped]).alt


@pytest.mark.parametrize("ending", [".svg", ".pdf", ".png"])
def test_the_command_draws_what_it_prints(ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"scale{ending}"
    assert main(["scale", "flag_then_mutex", "--to", "4", "--plot", str(path)]) == 0
    assert path.stat().st_size > 3000
    assert " 10,849 " in capsys.readouterr().out
    assert main(["scale", "flag_then_mutex", "--to", "2", "--plot", str(tmp_path / "scale.gif")]) == 2
    assert "'scale.gif' ends in none of .svg, .pdf, .png" in capsys.readouterr().err
