"""The progress graph: regions, walls and doors, all asked of the state graph, drawn and told in words."""

from __future__ import annotations

import re
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import pytest

import sevviz
from sevviz.errors import ScheduleError, SevvizError
from sevviz.progress import Plane, ProgressGraph
from sevviz.schedule import format_schedule
from sevviz.views.progress import alt_of, cell_words, progress_graph, progress_payload, progress_text, short
from sevviz.views.progress_figure import draw_progress

if TYPE_CHECKING:
    from sevviz.verdict import Verdict

CASES = [
    ("naive", "double"), ("naive", "same"), ("v4", "double"), ("v4", "cpus"), ("flag_then_mutex", "retry"),
    ("flag_then_mutex", "weak"), ("sev_lock_two_vms", "signal"), ("trylock_once", "ioctl"), ("naive", "ring3"),
]  # fmt: skip


@cache
def found(scheme: str, scenario: str = "double") -> Verdict:
    return sevviz.check(scheme, scenario)


def graph_of(scheme: str, scenario: str = "double", schedule: str = "") -> ProgressGraph:
    return progress_graph(found(scheme, scenario), schedule)


NAIVE = """\
  6 |. . . . . . F |
  5 |. . # # #   . |
  4 |. # # # # # . |
  3 |. # # # # # . |
  2 |. # # # # # . |
  1 |. X*# # # . . |
  0 |.*.*. . . . . |
     0 1 2 3 4 5 6 """


def test_two_mutexes_in_opposite_order_make_the_textbook_picture() -> None:
    text = progress_text(graph_of("naive", schedule="1 2"))
    assert NAIVE in text
    assert "schedule: 1 2 (its cells have an asterisk)" in text


def test_the_swiss_flag_has_a_deadlock_below_and_an_unreachable_cell_above() -> None:
    graph = graph_of("naive")
    assert graph.cells[1][1].kind == "deadlocked"
    assert graph.cells[5][5].kind == "unreachable"
    assert graph.cells[2][2].kind == "forbidden"
    program = graph.graph.program
    assert [program.objects[lock].name for lock in graph.cells[2][2].locks] == ["A.lock", "B.lock"]
    assert graph.cells[6][6].kind == "finished"


def test_a_held_mutex_is_a_wall() -> None:
    graph = graph_of("naive")
    assert graph.across[1][1] == ("wall",)
    assert graph.up[1][1] == ("wall",)
    assert graph.across[0][0] == ("free",)
    assert graph.across[2][2] == (), "nobody gets to a forbidden cell, so it has no border of its own"


def test_a_try_is_a_door_and_not_a_wall() -> None:
    graph = graph_of("flag_then_mutex")
    borders = {passage for column in (*graph.across, *graph.up) for border in column for passage in border}
    assert borders == {"free", "door", "shut"}
    assert graph.across[2][0] == ("door",), "task 1 claims A's flag while nobody has it"
    assert graph.across[2][1] == ("shut",), "and fails at once after task 2 has claimed it"


def test_a_failed_try_leads_along_another_path() -> None:
    graph = graph_of("flag_then_mutex", schedule="1 1 2 1 1 1")
    first, second = graph.paths
    assert (first.fork, second.fork) == (3, None)
    texts = [operation.text for operation in first.operations if operation]
    assert texts[3:] == ["mutex_unlock(B.lock)", "atomic_set_release(B.migration_in_progress, 0)"]
    assert graph.stairs == ((0, 0), (1, 0), (2, 0), (2, 1), (3, 1), (4, 1), (5, 1))
    assert graph.across[2][0] == ("granted",), "with the flag free, the try takes the other path now"
    assert graph.across[2][1] == ("refused",), "with the flag set, it fails, as this path needs"
    assert "here it leaves its straight path" in progress_text(graph)


def test_doors_are_told_in_words() -> None:
    text = progress_text(graph_of("flag_then_mutex"))
    assert (
        "door: step 3 of task 1, atomic_cmpxchg_acquire(A.migration_in_progress, 0, 1), goes on along this axis after "
        "0 and 10 steps of task 2, and leads elsewhere after 1 to 2 and 8 to 9"
    ) in text


FAILS, SUCCEEDS = "the try fails here, as this path needs", "the try would succeed here, and leads elsewhere"


def test_on_the_path_of_a_failed_try_no_door_is_called_open_where_it_is_shut() -> None:
    graph = graph_of("flag_then_mutex", schedule="1 2 1 1 2 2 1 2")
    assert [path.fork for path in graph.paths] == [3, 3]
    text = progress_text(graph)
    assert f"A.migration_in_progress, 0, 1), after 1 to 4 steps of task 2: {FAILS}" in text
    assert f"A.migration_in_progress, 0, 1), after 0 and 5 steps of task 2: {SUCCEEDS}" in text
    payload = progress_payload(graph)
    opened = "door, open: the try lets the task go on along this axis"  # the first tries, which claim the own flag
    assert payload["passages"] == {"door": opened, "refused": FAILS, "granted": SUCCEEDS}
    assert payload["fork"] == "here the schedule leaves the path that the task takes alone"
    assert payload["cells"][2][1]["tries"] == f"Step 3 of task 1: {FAILS}."
    assert payload["cells"][2][0]["tries"].startswith(f"Step 3 of task 1: {SUCCEEDS}. Step 1 of task 2")
    assert "tries" not in payload["cells"][1][1]
    svg = draw_progress(found("flag_then_mutex"), "1 2 1 1 2 2 1 2").svg()
    assert [words in svg for words in (FAILS, SUCCEEDS, payload["fork"])] == [True] * 3
    assert "door, shut" not in svg


def test_on_a_straight_path_a_door_is_open_where_the_try_succeeds() -> None:
    payload = progress_payload(graph_of("flag_then_mutex"))
    assert list(payload["passages"]) == ["door", "shut"]
    assert payload["cells"][2][0]["tries"].startswith("Step 3 of task 1: the try lets the task go on")


@pytest.mark.parametrize("scheme", ["trylock_once", "flags_one_section"])
def test_a_read_that_sends_the_task_back_is_a_failed_try_too(scheme: str) -> None:
    verdict = found(scheme)
    refused = next(outcome for outcome in verdict.outcomes if "-EBUSY" in outcome.returns)
    graph = progress_graph(verdict, format_schedule(refused.schedule))
    path = next(path for path in graph.paths if path.fork)
    step = (path.fork or 0) - 1
    borders = graph.across[step] if path is graph.paths[0] else [column[step] for column in graph.up]
    assert {kind for border in borders for kind in border} == {"refused", "granted"}


def test_a_doomed_region_is_known_before_anybody_waits() -> None:
    graph = graph_of("migration_lock_both")
    kinds = {cell.kind for column in graph.cells for cell in column}
    assert {"doomed", "deadlocked", "forbidden"} <= kinds
    doomed = [(x, y) for x, column in enumerate(graph.cells) for y, cell in enumerate(column) if cell.kind == "doomed"]
    assert (1, 1) in doomed
    assert graph.across[1][1] == ("free",), "both can still step there"


@pytest.mark.parametrize(("scheme", "scenario"), CASES)
def test_cells_hold_exactly_the_reachable_states_of_their_positions(scheme: str, scenario: str) -> None:
    verdict = found(scheme, scenario)
    graph = graph_of(scheme, scenario)
    first, second = graph.paths
    for (x, p), (y, q) in product(enumerate(first.positions), enumerate(second.positions)):
        states = [n for n, state in enumerate(verdict.graph.states) if state.positions[:2] == (p, q)]
        assert list(graph.cells[x][y].states) == states
        schedule = graph.schedule_to(x, y)
        assert (schedule is None) == (not states)
        if schedule is not None:
            reached = sevviz.run(verdict.program, schedule).states[-1]
            assert reached.positions[:2] == (p, q)


@pytest.mark.parametrize(("scheme", "scenario"), CASES)
def test_borders_are_what_the_interpreter_does(scheme: str, scenario: str) -> None:
    graph = graph_of(scheme, scenario)
    states = graph.graph.states
    for x, column in enumerate(graph.across):
        for y, border in enumerate(column):
            moves = [dict(graph.graph.edges[n]).get(1) for n in graph.cells[x][y].states]
            assert ("wall" in border) == (None in moves)
            along = {states[t].positions[0] == graph.paths[0].positions[x + 1] for t in moves if t is not None}
            assert bool({"shut", "granted"} & set(border)) == (False in along)
            assert bool({"free", "door", "refused"} & set(border)) == (True in along)


def test_other_tasks_may_stand_anywhere() -> None:
    payload = progress_payload(graph_of("naive", "bystander"))
    assert payload["note"] == "Task 3 may stand anywhere."
    graph = Plane(found("naive", "bystander").graph, found("naive", "bystander").survey, (1, 3)).along((1, 3, 2))
    assert graph.stairs == ((0, 0), (1, 0), (1, 1), (1, 1)), "task 2 is on neither axis"


def test_a_signal_moves_nobody() -> None:
    graph = graph_of("sev_lock_two_vms", "signal", "1 2! 1")
    assert graph.stairs == ((0, 0), (1, 0), (1, 0), (2, 0))


@pytest.mark.parametrize(
    ("scheme", "scenario", "tasks", "words"),
    [
        ("naive", "self", (1, 2), "it needs a scenario with at least two tasks"),
        ("naive", "double", (1, 1), "two different tasks out of 1 to 2"),
        ("naive", "double", (1, 3), "two different tasks out of 1 to 2"),
    ],
)
def test_what_has_no_two_axes_is_refused(scheme: str, scenario: str, tasks: tuple[int, int], words: str) -> None:
    with pytest.raises(SevvizError, match=words):
        progress_graph(found(scheme, scenario), "", tasks)


def test_a_schedule_that_cannot_be_followed_is_refused_with_its_step() -> None:
    with pytest.raises(ScheduleError, match="step 3 picks task 1"):
        graph_of("naive", schedule="1 2 1")


def test_a_search_that_stopped_short_says_so() -> None:
    verdict = sevviz.check("naive", limit=4)
    with pytest.raises(SevvizError, match="raise its limit"):
        progress_graph(verdict, "1 1 1 1")


def test_cells_are_told_in_words() -> None:
    graph = graph_of("naive")
    assert cell_words(graph, 1, 1).endswith("task 2 after 1 step: deadlocked: some tasks wait for each other.")
    assert cell_words(graph, 2, 2).endswith("forbidden: both would hold A.lock and B.lock.")
    assert "25 safe, 1 finished, 1 deadlocked, 21 forbidden and 1 unreachable" in alt_of(graph)


def test_names_of_steps_are_short_enough_for_an_axis() -> None:
    for scheme in sevviz.scheme_names():
        for path in graph_of(scheme).paths:
            assert all(0 < len(short(operation)) <= 38 for operation in path.operations)
    operations = graph_of("flag_then_mutex").paths[0].operations
    assert [short(o) for o in operations[:2]] == ["cmpxchg(B.migration_in_progress)", "mutex_lock(B.lock)"]


@pytest.mark.parametrize(("scheme", "schedule"), [("naive", "1 2"), ("flag_then_mutex", "1 1 2 1"), ("v4", "")])
def test_the_figure_speaks_and_repeats(scheme: str, schedule: str) -> None:
    first, second = draw_progress(found(scheme), schedule), draw_progress(found(scheme), schedule)
    assert first.svg() == second.svg()
    assert first.alt.startswith(f"Progress graph of {found(scheme).program.title}")
    for operation in graph_of(scheme).paths[0].operations:
        assert re.search(rf">\d+ {re.escape(short(operation))}<", first.svg())
