"""State map, point of no return, comparison and matrix: in words, as data and as figures."""

from __future__ import annotations

import csv
import io
from collections import Counter

import pytest

import sevviz
from sevviz.errors import ScheduleError, SevvizError
from sevviz.views.compare import compare
from sevviz.views.matrix import KINDS, matrix
from sevviz.views.matrix_figure import draw_matrix
from sevviz.views.noreturn import no_return_words, point_of_no_return
from sevviz.views.regions import REGIONS, loop_states, marked_classes
from sevviz.views.statemap import map_payload, map_text, state_map
from sevviz.views.statemap_figure import draw_state_map

# The state map.


def test_every_state_has_a_place_of_its_own_by_its_distance() -> None:
    verdict = sevviz.check("naive", "bystander")
    found = state_map(verdict, "1 3 2")
    assert len(set(found.places)) == len(verdict.graph.states)
    for number, (x, _) in enumerate(found.places):
        assert x == len(verdict.graph.schedule_to(number))
    assert found.classes[found.path[-1]] == "deadlocked"


def test_the_map_counts_its_classes_and_leads_to_each() -> None:
    text = map_text(state_map(sevviz.check("naive")))
    assert "safe        25      (the start)" in text
    assert "deadlocked  1       1 2" in text
    assert "finished    1       1 1 1 1 1 1 2 2 2 2 2 2" in text


def test_the_states_of_a_livelock_are_marked() -> None:
    verdict = sevviz.check("flag_then_mutex", "retry")
    loop = loop_states(verdict)
    assert verdict.livelock is not None
    assert len(loop) == len(verdict.livelock.loop)
    assert Counter(marked_classes(verdict))["livelock"] == len(loop)
    assert {verdict.survey.classes[number] for number in loop} == {"safe"}
    told = [entry["words"] for entry in map_payload(state_map(verdict))["used"] if entry["kind"] == "livelock"]
    assert told == ["livelock: safe, too, but on a loop that a fair scheduler can follow for ever"]
    assert told[0] in draw_state_map(verdict).svg()
    assert loop_states(sevviz.check("naive")) == ()


def test_the_map_s_data_lead_from_the_start_to_every_state() -> None:
    verdict = sevviz.check("trylock_once", "ioctl")
    data = map_payload(state_map(verdict))
    edges = {(source, target): actor for source, actor, target in data["edges"]}
    assert len(data["edges"]) == verdict.graph.transitions
    assert data["parent"][0] == -1
    assert all((parent, state) in edges for state, parent in enumerate(data["parent"]) if state)
    assert [data["used"][n]["kind"] for n in data["class"]] == marked_classes(verdict)


def test_too_many_states_are_refused() -> None:
    with pytest.raises(SevvizError, match=r"shows up to 1,500 states, and this search has 3,093"):
        state_map(sevviz.check("v4", "ring3"))
    with pytest.raises(ScheduleError, match="step 3 picks task 1"):
        state_map(sevviz.check("naive"), "1 2 1")


def test_the_map_s_figure_speaks_and_repeats() -> None:
    verdict = sevviz.check("flag_then_mutex", "retry")
    first, second = draw_state_map(verdict, "1 2"), draw_state_map(verdict, "1 2")
    assert first.svg() == second.svg()
    assert "80 states" in first.alt
    assert "10 livelock" in first.alt
    assert "the livelock's loop" in first.svg()
    assert first.alt.endswith("The schedule 1 2 ends in a safe state.")


def test_no_two_regions_look_alike() -> None:
    assert len({region.fill for region in REGIONS.values()}) == len(REGIONS)
    assert len({region.letter for region in REGIONS.values()}) == len(REGIONS)
    classes = ("safe", "finished", "doomed", "deadlocked", "faulted", "livelock")
    assert len({REGIONS[kind].marker for kind in classes}) == len(classes)


# The point of no return.


def test_the_point_of_no_return_is_named_with_what_would_have_saved_it() -> None:
    found = point_of_no_return(sevviz.run(sevviz.program("naive"), (1, 2)))
    assert found is not None
    assert (found.step, found.actor, found.saving) == (2, 2, (1,))
    assert found.sentence == (
        "Step 2 is the point of no return: task 2 (B→A) with mutex_lock(A.lock). Before it every task could still "
        "return; after it, whatever is chosen, some never will. It could have been saved by task 1 (A→B) with "
        "mutex_lock(A.lock) instead."
    )


def test_it_comes_before_the_deadlock_where_tasks_still_run() -> None:
    verdict = sevviz.check("migration_lock_both")
    shortest = verdict.deadlocks[0].schedule
    found = point_of_no_return(sevviz.run(verdict.program, shortest), verdict)
    assert found is not None
    assert found.step < len(shortest)
    safe = sevviz.run(verdict.program, (*shortest[: found.step - 1], found.saving[0]))
    assert point_of_no_return(safe, verdict) is None


def test_a_run_that_is_not_lost_has_none() -> None:
    program = sevviz.program("naive")
    assert no_return_words(sevviz.run(program, (1,))) == "No choice was fatal so far: every task can still return."
    assert no_return_words(sevviz.run(program, (1,) * 6 + (2,) * 6)) == "Every task has returned."


@pytest.mark.parametrize("scheme", sevviz.scheme_names())
def test_what_was_lost_before_its_first_step_is_not_said_to_be_saved(scheme: str) -> None:
    verdict = sevviz.check(scheme, "self")
    for outcome in verdict.outcomes:
        told = no_return_words(sevviz.run(verdict.program, outcome.schedule), verdict)
        if outcome.deadlock is not None:
            assert told == "No choice could have saved it: every schedule of this scenario ends like this."
            before = no_return_words(sevviz.run(verdict.program, ()), verdict)
            assert before == "No choice can save it: no schedule of this scenario lets every task return."
        else:
            assert told == "Every task has returned."


def test_an_unfinished_search_promises_no_return() -> None:
    verdict = sevviz.check("naive", limit=4)
    assert no_return_words(sevviz.run(verdict.program, (1,)), verdict).startswith("The search did not finish")


# Compare.


def test_the_first_divergence_is_marked_and_explained() -> None:
    found = compare(["naive", "v4", "flag_then_mutex"], "1 2 1 2")
    assert (found.calls_part, found.fates_part) == (1, 2)
    assert found.explanation.endswith(
        "After step 2 their fates differ: naive is deadlocked, v4 is safe and flag_then_mutex is safe."
    )
    assert [len(column.trace.steps) for column in found.columns] == [2, 4, 4]
    assert [column.passed for column in found.columns] == [(3, 4), (), ()]
    told = ("Task 1 (A→B) waits for A.lock, held by task 2 (B→A). Its turn passes.",)
    assert (found.columns[0].entries[2].told, found.columns[0].entries[2].fate) == (told, "deadlocked")


def test_to_wait_in_address_order_is_no_failure_and_the_schedule_goes_on() -> None:
    found = compare(["naive", "address_order"], "1 2 1 2 1 1 1 1 2")
    order = found.columns[1]
    assert order.entries[1].told == (
        "Task 2 (B→A) waits for A.lock, held by task 1 (A→B). No failure: its turn passes.",
    )
    assert {entry.fate for entry in order.entries} == {"safe"}
    assert order.passed == (2, 4)
    assert order.entries[8].told[0].startswith("Task 2 (B→A) calls mutex_lock(A.lock) and holds it now")
    assert found.payload()["columns"][1]["end"].endswith("; passed over: turns 2 and 4")
    assert found.fates_part == 2
    assert "After step 2 their fates differ: naive is deadlocked and address_order is safe." in found.explanation


def test_every_reason_for_a_turn_to_pass_is_told() -> None:
    done = compare(["naive", "address_order"], "1 1 1 1 1 1 1 1!").columns[0]
    assert [entry.told[0] for entry in done.entries[6:]] == ["Task 1 has returned. Its turn passes."] * 2
    body = "int f(struct kvm *d, struct kvm *s) { mutex_unlock(&d->lock); return 0; }"
    ended = compare(["naive", f"/*\n * title: t\n * source: t\n * entry: f\n */\n{body}"], "1 1 2!").columns
    assert ended[1].entries[1].told == ("A fault has ended this schedule.",)
    assert ended[0].entries[2].told == ("This is not possible here. The turn passes.",)


def test_a_fault_is_a_different_fate() -> None:
    found = compare(["flag_then_mutex", "v4"], "1 1 1 1")
    assert found.fates_part == 4
    assert found.columns[1].entries[3].fate == "safe, after a fault (sleep in atomic context)"


def test_the_same_scheme_twice_does_not_part() -> None:
    found = compare(["naive", "naive"], "1 2")
    assert (found.calls_part, found.fates_part) == (None, None)
    assert found.explanation == "They do the same all along this schedule."


def test_without_a_schedule_the_first_failure_is_shown() -> None:
    assert compare(["flag_then_mutex", "naive"]).schedule == (1, 2)
    assert compare(["address_order", "global_mutex"]).schedule


def test_a_comparison_is_told_in_words_and_as_a_table() -> None:
    found = compare(["naive", "flag_then_mutex"], "1 2")
    assert "\n>  2. Task 2 (B→A) calls mutex_lock(A.lock)" in found.text
    assert "ends: task 1 waits for A.lock, held by task 2 (B→A); task 2 waits for B.lock" in found.text
    html = found.as_html()
    assert html.count("<tr>") == 4
    assert "step 2, task 2 ← fates differ" in html
    assert found.payload()["turns"] == ["step 1, task 1", "step 2, task 2"]
    assert compare(["naive", "v4"], "1!", "signal").payload()["turns"] == ["step 1, fatal signal to task 1"]


@pytest.mark.parametrize(
    ("schemes", "schedule", "words"),
    [
        (["naive"], "1", "at least two schemes"),
        (["naive", "nave"], "1", "no scheme 'nave'"),
        (["naive", "v4"], "1 7", "there is no task 7"),
    ],
)
def test_what_cannot_be_compared_is_refused(schemes: list[str], schedule: str, words: str) -> None:
    with pytest.raises(SevvizError, match=words):
        compare(schemes, schedule)


# The matrix.


def test_each_cell_says_the_worst_and_opens_its_proof() -> None:
    table = matrix(
        ["naive", "v4", "flag_then_mutex", "address_order"], ["double", "self", "retry", "ioctl", "uncontended"]
    )
    kinds = {(cell.scheme, cell.scenario): cell.kind for cell in table.cells}
    assert kinds["naive", "double"] == "deadlock"
    assert kinds["v4", "uncontended"] == "fault"
    assert kinds["flag_then_mutex", "double"] == "busy", "both moves can fail"
    assert kinds["flag_then_mutex", "ioctl"] == "busy", "the built-in ioctl is no winner"
    assert kinds["flag_then_mutex", "self"] == "busy", "-EBUSY, where nobody else is about"
    assert kinds["flag_then_mutex", "retry"] == "livelock"
    assert kinds["address_order", "double"] == "clean"
    assert table.cell("naive", "double").schedule == "1 2"
    for cell in table.cells:
        verdict = sevviz.check(cell.scheme, cell.scenario)
        actors = sevviz.parse_schedule(cell.schedule, len(verdict.program.tasks))
        trace = sevviz.run(verdict.program, actors)
        results = [verdict.program.position(trace.states[-1], n).result for n in range(len(verdict.program.tasks))]
        pairs = zip(verdict.program.tasks, results, strict=True)
        moves = [result for task, result in pairs if not task.label.startswith("ioctl")]
        if cell.kind == "busy":
            assert all(result is not None and result < 0 for result in moves)
        if cell.kind == "deadlock":
            assert None in moves


def test_a_move_that_asks_for_what_is_not_allowed_is_not_told_like_one_that_loses() -> None:
    table = matrix(["linux_6_16", "v3_global_spinlock", "tdx_move_fixed"], ["double", "self", "uncontended"])
    kinds = {(cell.scheme, cell.scenario): cell.kind for cell in table.cells}
    assert kinds["linux_6_16", "self"] == "refused"
    assert kinds["linux_6_16", "double"] == "busy"
    assert kinds["v3_global_spinlock", "double"] == "busy", "both can get -EINVAL, but not in every schedule"
    assert kinds["v3_global_spinlock", "uncontended"] == "clean"
    assert kinds["tdx_move_fixed", "uncontended"] == "refused", "by what is returned, not by the scenario's name"
    assert table.cell("linux_6_16", "self").outcomes == ("returns -EINVAL (every schedule)",)
    # There, but not back: only one of its two calls was refused.
    assert matrix(["v5_flag"], ["in-turn"]).cell("v5_flag", "in-turn").kind == "busy"


def test_what_a_letter_does_not_tell_is_told_by_its_cell() -> None:
    assert list(KINDS)[:3] == ["deadlock", "fault", "livelock"], "the note names this order"
    table = matrix(["v4"], ["retry"])
    cell = table.cell("v4", "retry")
    assert cell.kind == "fault"
    assert "livelock: tasks can keep stepping for ever and never return" in cell.line
    figure = draw_matrix(table)
    drawn = " ".join(text.get_text() for text in figure.texts)
    for form in (table.text, table.as_html(), table.payload()["note"], figure.twin, drawn):
        assert "the worst that was found (D before ! before L)" in form


def test_the_scenarios_of_a_matrix_are_told_in_every_form() -> None:
    table = matrix(["naive"], ["chain", "ring4"])
    chain = sevviz.scenario("chain")
    for form in (table.text, table.as_html(), str(table.payload()), str(draw_matrix(table).twin)):
        assert chain.title in form
        assert chain.what in " ".join(form.split())
    assert "0" not in {kind.letter for kind in KINDS.values()}, "0 is success everywhere else"


def test_a_search_that_stops_short_is_inconclusive() -> None:
    assert matrix(["flag_then_mutex"], ["double"], limit=50).cell("flag_then_mutex", "double").kind == "inconclusive"


def test_progress_is_reported() -> None:
    seen: list[tuple[int, int]] = []
    matrix(["naive"], ["double", "same"], progress=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 2), (2, 2)]


def test_the_matrix_is_read_by_other_programs() -> None:
    table = matrix(["naive", "v4"], ["double", "same"])
    rows = list(csv.DictReader(io.StringIO(table.to_csv())))
    assert [(row["scheme"], row["scenario"], row["verdict"]) for row in rows] == [
        ("naive", "double", "deadlock"), ("naive", "same", "clean"),
        ("v4", "double", "fault"), ("v4", "same", "fault"),
    ]  # fmt: skip
    assert rows[0]["outcomes"].startswith("deadlock: 1→A.lock→2→B.lock→1 (2 of 6 schedules); 0/0")


def test_the_matrix_is_told_in_words_and_drawn() -> None:
    table = matrix(["naive", "v4"], ["double", "same"])
    assert table.text == (
        "       double  same\n"
        "naive    D      ✓\n"
        "v4       !      !\n"
        "\n"
        "D deadlock: some tasks wait for each other for ever\n"
        "! fault: a rule is broken (sleep in atomic context, unlock of a lock not held ...)\n"
        "✓ clean: no deadlock, livelock or fault, and some moving task always succeeds\n"
        "\n"
        "A letter tells the worst that was found (D before ! before L); the text of a cell tells all of it.\n"
        "\n"
        "Scenarios:\n"
        "  double: A→B ‖ B→A. The double migration of the thread: two opposite moves that want\n"
        "    the same two VMs in opposite order.\n"
        "  same: A→B ‖ A→B. The same move twice: tells contention for the same locks apart from\n"
        "    contention in opposite order."
    )
    figure = draw_matrix(table)
    assert figure.alt == "Matrix of 2 schemes and 2 scenarios. Cells: 1 deadlock, 2 fault and 1 clean."
    assert figure.svg() == draw_matrix(table).svg()
    assert len({kind.letter for kind in KINDS.values()}) == len(KINDS)


def test_a_cell_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        matrix(["naive"], ["double"]).cell("naive", "same")
