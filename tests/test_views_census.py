from __future__ import annotations

import pytest

import sevviz
from sevviz.views import draw_census
from sevviz.views.census import census_alt, census_text

EXAMPLES = [
    ("naive", "double"),
    ("naive", "ring4"),
    ("v4", "cpus"),
    ("flag_then_mutex", "retry"),
    ("sev_lock_two_vms", "signal"),
]


def test_the_text_twin_lists_outcomes_counts_and_shortest_schedules() -> None:
    assert census_text(sevviz.check("flag_then_mutex", "double")) == (
        "No deadlock, livelock or fault: all 101 states, all 262 schedules.\n"
        "\n"
        "outcome                     schedules             a shortest one\n"
        "both -EBUSY                 180 of 262 schedules  1 1 2 1 1 2 2 1 2 2\n"
        "task 1 wins, task 2 -EBUSY  35 of 262 schedules   1 1 1 1 1 1 1 2 1 1 1\n"
        "task 2 wins, task 1 -EBUSY  35 of 262 schedules   2 2 2 1 2 2 2 2 2 2 2\n"
        "0/0                         12 of 262 schedules   1 1 1 1 1 1 1 1 1 1 2 2 2 2 2 2 2 2 2 2"
    )


def test_deadlocks_come_first_and_numbers_are_exact_and_no_shares() -> None:
    rows = census_text(sevviz.check("naive", "ring4")).splitlines()[3:]
    assert rows[0].startswith("deadlock: 1→A.lock→4→D.lock→3→C.lock→2→B.lock→1")
    assert "24 of 15,418,000 schedules" in rows[0]
    assert "15,417,976 of 15,418,000 schedules" in rows[1]
    figure = draw_census(sevviz.check("naive", "double"))
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert "2 of 6 schedules" in texts
    assert not any("%" in told for told in (*texts, figure.alt, str(figure.twin)))


def test_faults_and_endless_runs_stand_after_the_outcomes() -> None:
    assert census_text(sevviz.check("v4", "double")).splitlines()[-1].startswith("sleep in atomic context     every")
    endless = census_text(sevviz.check("flag_then_mutex", "retry")).splitlines()[4:]
    assert endless[0].startswith("livelock: for ever 1 1 2 1 1 2 2 1 2 2")
    assert "possible, schedules not counted" in endless[0]
    assert endless[1].startswith("starvation of task 1 by an unfair scheduler")


def test_the_counts_can_be_read_on_a_phone_without_scrolling() -> None:
    figure = draw_census(sevviz.check("flag_then_mutex", "double"))
    figure.canvas.draw()
    counts = [text for text in figure.axes[0].texts if text.get_text().endswith("of 262 schedules")]
    assert len(counts) == 4
    pixels = 96 / figure.dpi  # of CSS; a phone of 375 shows the first 331
    assert max(text.get_window_extent().x1 for text in counts) * pixels < 331


def test_the_alternative_text_names_every_outcome() -> None:
    assert census_alt(sevviz.check("naive", "double")) == (
        "Outcomes of Naive: lock both VMs, destination first, A→B ‖ B→A. Deadlock in 2 of 6 schedules. "
        "Deadlock: 1→A.lock→2→B.lock→1: 2 of 6 schedules. 0/0: 4 of 6 schedules."
    )


@pytest.mark.parametrize(("scheme", "scenario"), EXAMPLES)
def test_the_figure_is_drawn_inside_its_page_without_texts_on_each_other(scheme: str, scenario: str) -> None:
    figure = draw_census(sevviz.check(scheme, scenario))
    figure.canvas.draw()
    texts = [text for text in figure.axes[0].texts if text.get_text()]
    boxes = [text.get_window_extent() for text in texts]
    width, height = figure.canvas.get_width_height()
    for index, (text, box) in enumerate(zip(texts, boxes, strict=True)):
        assert min(box.x0, box.y0) >= 0, text.get_text()
        assert box.x1 <= width, text.get_text()
        assert box.y1 <= height, text.get_text()
        for other in boxes[index + 1 :]:
            assert box.x1 <= other.x0 or other.x1 <= box.x0 or box.y1 <= other.y0 or other.y1 <= box.y0, text.get_text()


def test_the_figure_repeats() -> None:
    assert draw_census(sevviz.check("v4", "double")).svg() == draw_census(sevviz.check("v4", "double")).svg()


def test_a_search_that_found_no_end_is_drawn_too() -> None:
    figure = draw_census(sevviz.check("v4", "double", limit=3))
    assert "Inconclusive" in figure.alt
