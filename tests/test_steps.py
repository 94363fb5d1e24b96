"""What a step does to fields, flags and the protected work, and how a schedule is followed."""

from __future__ import annotations

import pytest
from toys import (
    ABBA,
    ALONE,
    HEADER,
    HOLD,
    KILLABLE_ABBA,
    SAME,
    faults,
    follow,
    program,
    results,
    value_of,
)

import sevviz
from sevviz.errors import ScheduleError
from sevviz.interpreter import initial_state, moves, step

# Documentation/atomic_t.txt: value-returning operations return the old value.


@pytest.mark.parametrize(
    ("call", "old", "returned", "after"),
    [
        ("atomic_cmpxchg(&src->f, 3, 7)", 3, 3, 7),
        ("atomic_cmpxchg_acquire(&src->f, 0, 7)", 3, 3, 3),
        ("atomic_cmpxchg_release(&src->f, 3, 3)", 3, 3, 3),
        ("atomic_xchg(&src->f, 5)", 3, 3, 5),
        ("atomic_xchg_relaxed(&src->f, 0)", 3, 3, 0),
        ("atomic_read(&src->f)", 3, 3, 3),
        ("(atomic_set(&src->f, -1), 0)", 3, 0, -1),
        ("READ_ONCE(src->f)", 3, 3, 3),
        ("(WRITE_ONCE(src->f, 9), 0)", 3, 0, 9),
        ("smp_load_acquire(&src->f)", 3, 3, 3),
        ("src->f", 3, 3, 3),
        ("(src->f = 8)", 3, 8, 8),
    ],
)
def test_what_each_access_returns_and_leaves(call: str, old: int, returned: int, after: int) -> None:
    trace = follow(program(f"return {call};", ALONE, initial=(("A.f", old),)), "1")
    assert (results(trace), value_of(trace, "A.f")) == ([returned], after)


def test_an_increment_of_a_shared_field_is_a_read_and_a_write_and_can_lose_one() -> None:
    made = program("dst->n++; return 0;", *SAME, initial=(("B.n", 0),))
    assert value_of(follow(made, "1122"), "B.n") == 2
    assert value_of(follow(made, "1212"), "B.n") == 1


# Documentation/memory-barriers.txt: what follows a RELEASE may appear to happen before it.

UNDO = "mutex_lock(&dst->lock); mutex_unlock(&dst->lock); {}; return 0;"


def test_a_plain_store_may_overtake_the_unlock_before_it() -> None:
    made = program(UNDO.format("WRITE_ONCE(dst->f, 0)"), ALONE, initial=(("B.f", 1),), weak=True)
    trace = follow(made, "1 1~")
    assert (value_of(trace, "B.f"), value_of(trace, "B.lock")) == (0, 1)
    assert results(follow(made, "1 1~ 1")) == [0]


def test_a_release_store_may_not_overtake_an_unlock() -> None:
    made = program(UNDO.format("atomic_set_release(&dst->f, 0)"), ALONE, initial=(("B.f", 1),), weak=True)
    assert [move.actor for move in moves(made, follow(made, "1").states[-1])] == [1]


def test_nothing_overtakes_where_the_scenario_does_not_say_so() -> None:
    made = program(UNDO.format("WRITE_ONCE(dst->f, 0)"), ALONE)
    assert [move.actor for move in moves(made, follow(made, "1").states[-1])] == [1]


# What a task must have given back.


def test_a_lock_held_at_return_is_a_fault_for_each_lock_and_others_go_on() -> None:
    trace = follow(program("mutex_lock(&dst->lock); spin_lock(&src->s); return 0;", ALONE, "ioctl(A)"), "1122")
    assert faults(trace) == [(2, "held-at-return", 1, "A.s"), (2, "held-at-return", 1, "B.lock")]
    assert results(trace) == [0, 0]


def test_a_flag_left_set_is_a_fault_when_all_tasks_have_returned() -> None:
    made = program("dst->f = 1; return 0;", ALONE, "ioctl(A)")
    assert faults(follow(made, "122")) == [(3, "flag-left-set", None, "B.f")]
    assert faults(follow(made, "12")) == []


def test_a_persistent_field_may_stay_changed() -> None:
    header = HEADER.replace(" */", " * persistent: f\n */")
    made = program("dst->f = 1; dst->g = 1; return 0;", ALONE, header=header)
    assert faults(follow(made, "11")) == [(2, "flag-left-set", None, "B.g")]


def test_a_field_that_is_back_at_its_initial_value_is_no_fault() -> None:
    made = program("dst->f = 0; dst->f = 1; return 0;", ALONE, initial=(("B.f", 1),))
    assert faults(follow(made, "11")) == []


def test_a_task_shows_its_result_with_its_last_step() -> None:
    made = program("int i, n = 0; READ_ONCE(dst->f); for (i = 0; i < 9; i++) n += i; return n;", ALONE)
    assert results(follow(made, "")) == [None]
    assert results(follow(made, "1")) == [36]


def test_a_task_without_a_step_has_returned_from_the_start() -> None:
    assert results(follow(program("return -EINVAL;", ALONE), "")) == [-22]


# The work that both locks protect: sev_migrate_from(dst, src).

WORK = "sev_migrate_from(dst, src); return 0;"


def test_entry_and_exit_are_two_steps() -> None:
    assert [taken.operation and taken.operation.action for taken in follow(program(WORK, ALONE), "11").steps] == [
        "enter", "leave",
    ]  # fmt: skip


@pytest.mark.parametrize(("other", "common"), [("migrate(A, B)", "A"), ("migrate(B, A)", "A"),
                                               ("migrate(C, A)", "A"), ("migrate(C, B)", "B")])  # fmt: skip
def test_two_tasks_inside_on_a_common_vm_are_a_fault_that_ends_the_schedule(other: str, common: str) -> None:
    trace = follow(program(WORK, ALONE, other), "12")
    assert faults(trace) == [(2, "exclusion", 2, common)]
    assert moves(trace.program, trace.states[-1]) == []


def test_on_different_vms_they_may_be_inside_together() -> None:
    assert faults(follow(program(WORK, ALONE, "migrate(D, C)"), "1212")) == []


def test_after_the_exit_the_next_may_enter() -> None:
    assert faults(follow(program(WORK, ALONE, "migrate(A, B)"), "1122")) == []


# Schedules are data, and a step changes nothing but its result.


def test_step_is_pure() -> None:
    made = program(ABBA)
    start = initial_state(made)
    first, second = step(made, start, 1), step(made, start, 1)
    assert first == second
    assert start == initial_state(made)
    assert hash(first.state) == hash(second.state)


def test_the_same_schedule_gives_the_same_trace() -> None:
    assert follow(program(ABBA), "1112").states == follow(program(ABBA), "1112").states


def test_moves_are_in_the_order_of_tasks_and_signals_come_last() -> None:
    made = program(KILLABLE_ABBA, signals=True)
    assert [move.actor for move in moves(made, initial_state(made))] == [1, 2, -1, -2]


def test_a_blocked_task_cannot_step_and_the_error_names_lock_holder_and_choices() -> None:
    with pytest.raises(ScheduleError) as caught:
        follow(program(HOLD, *SAME), "12")
    assert str(caught.value) == (
        "step 2 picks task 2 (migrate(B, A)), which waits for B.lock, held by task 1 since step 1; runnable: 1"
    )


def test_in_a_deadlock_nothing_is_runnable() -> None:
    with pytest.raises(ScheduleError) as caught:
        follow(program(ABBA), "121")
    assert str(caught.value) == (
        "step 3 picks task 1 (migrate(B, A)), which waits for A.lock, held by task 2 since step 2; nothing is runnable"
    )


def test_a_task_that_has_returned_cannot_step() -> None:
    with pytest.raises(
        ScheduleError, match=r"step 3 picks task 1 \(migrate\(B, A\)\), which has returned; runnable: 2"
    ):
        follow(program(HOLD, *SAME), "111")


def test_after_a_fault_that_ends_the_schedule_nothing_steps() -> None:
    with pytest.raises(ScheduleError, match="but a fault at step 1 has ended the schedule"):
        follow(program("mutex_unlock(&dst->lock); return 0;", *SAME), "12")


def test_replay_follows_the_common_prefix_and_says_where_it_ends() -> None:
    trace, problem = sevviz.replay(program(HOLD, *SAME), (1, 2, 2))
    assert trace.schedule == (1,)
    assert problem.startswith("step 2 picks task 2")


def test_a_step_records_the_value_before_and_after() -> None:
    trace = follow(program(HOLD, ALONE), "11")
    assert [(taken.before, taken.after) for taken in trace.steps] == [(0, 1), (1, 0)]
