from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

import sevviz
from sevviz.views.lanes import WORK, Bar, Mark, closing_of, lanes_of
from sevviz.views.style import LOOKS
from sevviz.views.text import timeline_text
from sevviz.views.timeline import draw_timeline, timeline_alt, timeline_svg

if TYPE_CHECKING:
    from sevviz.model import Trace

EXAMPLES = [
    ("naive", "double", "1 2"),
    ("naive", "double", ""),
    ("naive", "ring3", "1 2 3"),
    ("naive", "bystander", "1 3 3 3 2 3 3 3"),
    ("naive", "self", "1"),
    ("v4", "double", "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"),
    ("v4", "cpus", "1 1 1 4 2 3"),
    ("flag_then_mutex", "double", "1 1 2 1 1 2 2 1 2 2"),
    ("flag_then_mutex", "retry", "1 1 2 1 1 2 2 1 2 2 1 1 2"),
    ("sev_lock_two_vms", "signal", "1 1 2 1! 1 1 1"),
    ("trylock_once", "ioctl", "1 2 1 1"),
]


def trace(scheme: str, scenario: str, schedule: str) -> Trace:
    program = sevviz.program(scheme, scenario)
    return sevviz.run(program, sevviz.parse_schedule(schedule, len(program.tasks)))


# What is shown.


def test_lanes_of_a_deadlock_hold_one_lock_and_wait_for_the_other() -> None:
    first, second = lanes_of(trace("naive", "double", "1 2"))
    assert first.marks == (Mark(1, 1, "lock"),)
    assert first.bars == (Bar("holding", 1, 0, 2, open=True), Bar("sleeping", 0, 2, 2, open=True, holder=2))
    assert second.bars == (Bar("holding", 0, 1, 2, open=True), Bar("sleeping", 1, 2, 2, open=True, holder=1))
    assert (first.objects, first.returned, first.result) == ((0, 1), None, None)


def test_a_lane_tells_spinlocks_fields_the_work_and_broken_rules_apart() -> None:
    first, second = lanes_of(trace("v4", "double", "1 " * 16))
    names = {bar.object: (bar.role, bar.start, bar.end, bar.open) for bar in first.bars}
    assert names == {
        0: ("atomic", 5, 10, False),
        1: ("set", 7, 14, False),
        2: ("holding", 8, 13, False),
        3: ("atomic", 0, 5, False),
        4: ("set", 2, 16, False),
        5: ("holding", 3, 15, False),
        WORK: ("work", 10, 12, False),
    }
    assert [(mark.step, mark.faults) for mark in first.marks if mark.faults] == [
        (4, ("sleep-in-atomic",)),
        (9, ("sleep-in-atomic",)),
    ]
    assert (first.returned, first.result) == (16, "0")
    assert second.bars == (Bar("spinning", 0, 6, 10, open=False, holder=1),)


def test_labels_are_short_and_tell_what_came_of_a_call() -> None:
    labels = [mark.label for mark in lanes_of(trace("flag_then_mutex", "double", "1 1 2 1 1 2 2 1 2 2"))[0].marks]
    assert labels == ["0→1", "lock", "is 1", "unlock", "1→0"]
    for example in EXAMPLES:
        assert all(len(mark.label) <= 7 for lane in lanes_of(trace(*example)) for mark in lane.marks), example


def test_a_failed_try_and_a_signal_have_labels_of_their_own() -> None:
    assert "fails" in [mark.label for mark in lanes_of(trace("trylock_once", "ioctl", "1 2 1"))[0].marks]
    killed = lanes_of(trace("sev_lock_two_vms", "signal", "1 1 2 1!"))[0]
    assert killed.marks[-1].label == "SIGKILL"


def test_bars_of_one_row_do_not_overlap() -> None:
    for example in EXAMPLES:
        for lane in lanes_of(trace(*example)):
            for number in lane.objects:
                spans = sorted((bar.start, bar.end) for bar in lane.bars if bar.object == number)
                assert all(one[1] <= other[0] for one, other in pairwise(spans)), example


def test_the_deadlock_closes_while_a_bystander_runs_on() -> None:
    closed = closing_of(trace("naive", "bystander", "1 3 3 3 2 3 3 3"))
    assert closed is not None
    assert closed[0] == 5
    assert [wait.task for wait in closed[1].waits] == [1, 2]
    assert closing_of(trace("naive", "double", "1 1")) is None


# Words.


def test_the_alternative_text_names_the_cycle_and_the_step_that_closes_it() -> None:
    assert timeline_alt(trace("naive", "double", "1 2")) == (
        "Timeline of Naive: lock both VMs, destination first, A→B ‖ B→A. Schedule 1 2. Step 2: Deadlock: task 1 (A→B) "
        "waits for A.lock, held by task 2 (B→A), which waits for B.lock, held by task 1. Nothing can end this."
    )


def test_the_alternative_text_names_faults_and_results() -> None:
    told = timeline_alt(trace("v4", "uncontended", "1 " * 16))
    assert "Step 4: Task 1 calls mutex_lock(B.lock) while it holds the spinlock B.migration_lock" in told
    assert told.endswith("Task 1 returned 0.")


def test_the_text_twin_is_a_table_of_steps() -> None:
    assert timeline_text(trace("naive", "double", "1 2")) == (
        "step  actor  what happens\n"
        "1     1      Task 1 (A→B) calls mutex_lock(B.lock) and holds it now.\n"
        "2     2      Task 2 (B→A) calls mutex_lock(A.lock) and holds it now.\n"
        "             Deadlock: task 1 (A→B) waits for A.lock, held by task 2 (B→A), which waits for B.lock,\n"
        "             held by task 1. Nothing can end this.\n"
        "\n"
        "task   holds   now\n"
        "1 A→B  B.lock  waits for A.lock, held by task 2 (B→A) since step 2\n"
        "2 B→A  A.lock  waits for B.lock, held by task 1 (A→B) since step 1\n"
        "Deadlock: task 1 (A→B) waits for A.lock, held by task 2 (B→A), which waits for B.lock, held by task\n"
        "1. Nothing can end this."
    )


def test_the_text_twin_of_nothing_yet() -> None:
    assert timeline_text(trace("naive", "uncontended", "")) == (
        "step  actor  what happens\n\ntask   holds  now\n1 A→B  -      next: mutex_lock(B.lock)"
    )


# The figure.


@pytest.mark.parametrize(("scheme", "scenario", "schedule"), EXAMPLES)
def test_every_timeline_is_drawn_inside_its_page_without_texts_on_each_other(
    scheme: str, scenario: str, schedule: str
) -> None:
    figure = draw_timeline(trace(scheme, scenario, schedule))
    figure.canvas.draw()
    texts = [text for text in figure.axes[0].texts if text.get_text()]
    boxes = [text.get_window_extent() for text in texts]
    width, height = figure.canvas.get_width_height()
    for text, box in zip(texts, boxes, strict=True):
        assert min(box.x0, box.y0) >= 0, text.get_text()
        assert box.x1 <= width, text.get_text()
        assert box.y1 <= height, text.get_text()
    for index, one in enumerate(boxes):
        for other, text in zip(boxes[index + 1 :], texts[index + 1 :], strict=True):
            apart = one.x1 <= other.x0 or other.x1 <= one.x0 or one.y1 <= other.y0 or other.y1 <= one.y0
            assert apart, f"{texts[index].get_text()!r} and {text.get_text()!r}"


def test_the_svg_repeats_and_says_what_it_shows() -> None:
    svg = timeline_svg(trace("v4", "double", "1 1 1 1 2"))
    assert svg == timeline_svg(trace("v4", "double", "1 1 1 1 2"))
    root = ET.fromstring(svg)  # noqa: S314 - our own drawing
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == timeline_alt(trace("v4", "double", "1 1 1 1 2"))
    texts = {text.strip() for text in root.itertext()}
    assert {"! 4: sleep-in-atomic", "A.migration_lock", "B.lock", "!lock"} <= texts


def test_the_figure_names_locks_holders_results_and_the_closing_step() -> None:
    texts = {text.get_text() for text in draw_timeline(trace("naive", "bystander", "1 3 3 3 2 3 3 3")).axes[0].texts}
    expected = {"step 5 closes the deadlock", "sleeps: task 2 has it", "waits for A.lock", "returned 0", "3  C→D"}
    assert expected <= texts


def test_no_hatch_looks_like_a_line_through_the_words_of_its_bar() -> None:
    hatches = [look.hatch for look in LOOKS.values() if look.hatch]
    assert not any(set(hatch) & set("-+") for hatch in hatches)
    assert len(set(hatches)) == len(hatches)


def test_a_notebook_gets_an_image_with_its_words() -> None:
    bundle = draw_timeline(trace("naive", "double", "1 2"))._repr_mimebundle_()
    assert bundle["text/plain"] == timeline_text(trace("naive", "double", "1 2"))
    assert '<img alt="Timeline of Naive' in bundle["text/html"]
    assert "<pre>step  actor" in bundle["text/html"]


def test_the_readers_own_matplotlib_settings_neither_matter_nor_change() -> None:
    import matplotlib as mpl

    plain = timeline_svg(trace("naive", "double", "1"))
    with mpl.rc_context({"font.size": 30, "text.color": "red", "svg.fonttype": "path"}):
        assert timeline_svg(trace("naive", "double", "1")) == plain
        assert mpl.rcParams["font.size"] == 30


def test_words_and_style_load_no_drawing_library_and_figures_no_pyplot() -> None:
    code = (
        "import sys, sevviz.views, sevviz.views.words, sevviz.views.style, sevviz.views.text, sevviz.views.timeline\n"
        "assert not {'matplotlib', 'numpy', 'graphviz'} & set(sys.modules)\n"
        "import sevviz; sevviz.views.draw_timeline(sevviz.run(sevviz.program('naive'), (1,))).svg()\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
