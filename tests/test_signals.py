"""Fatal signals: which waits they end, and with which result."""

from __future__ import annotations

import pytest
from toys import (
    ALONE,
    HOLD,
    KILLABLE_ABBA,
    faults,
    follow,
    program,
    results,
    step_results,
    verdict,
)

from sevviz.errors import ScheduleError
from sevviz.interpreter import initial_state, moves, wait_of
from sevviz.model import SIGNALLED

# kernel/locking/mutex.c, and measured in real kernels (what each returns when it is killed).

TAKE = "int ret = mutex_lock_killable(&dst->lock); if (!ret) mutex_unlock(&dst->lock); return ret;"


def test_a_free_mutex_is_taken_even_with_a_signal_pending() -> None:
    trace = follow(program(TAKE, ALONE, signals=True), "1! 1 1")
    assert results(trace) == [0]


def test_a_wait_ends_with_eintr_after_a_fatal_signal() -> None:
    made = program(TAKE, ALONE, "ioctl(B)", signals=True)
    assert wait_of(made, follow(made, "2").states[-1], 1) is not None
    assert results(follow(made, "2 1! 1")) == [-4, None]


def test_a_pending_signal_ends_the_wait_before_it_begins() -> None:
    assert results(follow(program(TAKE, ALONE, "ioctl(B)", signals=True), "1! 2 1")) == [-4, None]


def test_a_mutex_that_was_freed_in_time_is_taken_after_the_signal() -> None:
    assert results(follow(program(TAKE, ALONE, "ioctl(B)", signals=True), "2 1! 2 1 1")) == [0, 0]


def test_an_interruptible_wait_ends_with_eintr_too() -> None:
    made = program(TAKE.replace("killable", "interruptible"), ALONE, "ioctl(B)", signals=True)
    assert results(follow(made, "2 1! 1")) == [-4, None]


def test_mutex_lock_ignores_signals() -> None:
    made = program(HOLD, ALONE, "ioctl(B)", signals=True)
    trace = follow(made, "2 1!")
    assert wait_of(made, trace.states[-1], 1) is not None
    assert 1 not in [move.actor for move in moves(made, trace.states[-1])]


def test_a_self_deadlock_that_is_killed_returns_0_and_the_second_unlock_is_a_fault() -> None:
    """Not -EINTR: the kill wakes the waiter, and the handoff path gives it the mutex that it has."""
    made = program(
        "int a = mutex_lock_killable(&dst->lock); int b = mutex_lock_killable(&dst->lock);"
        "mutex_unlock(&dst->lock); mutex_unlock(&dst->lock); return a + b;", ALONE, signals=True,
    )  # fmt: skip
    trace = follow(made, "1 1! 1 1 1")
    assert step_results(trace) == [0, None, 0, 0, 0]
    assert faults(trace) == [(5, "unlock-not-held", 1, "B.lock")]


def test_a_signal_before_the_second_acquisition_makes_it_eintr() -> None:
    made = program("mutex_lock_killable(&dst->lock); return mutex_lock_killable(&dst->lock);", ALONE, signals=True)
    assert results(follow(made, "1! 1 1")) == [-4]


def test_a_signal_to_who_does_not_wait_for_its_own_mutex_leaves_no_handoff_behind() -> None:
    made = program("mutex_lock_killable(&dst->lock); return 0;", ALONE, "ioctl(B)", signals=True)
    assert follow(made, "1!").states[-1].marks == (SIGNALLED, 0)
    assert follow(made, "2 1!").states[-1].marks == (SIGNALLED, 0)


def test_the_handoff_serves_one_wait_only() -> None:
    made = program(
        "mutex_lock_killable(&dst->lock); mutex_lock_killable(&dst->lock);"
        "return mutex_lock_killable(&dst->lock);", ALONE, signals=True,
    )  # fmt: skip
    assert step_results(follow(made, "1 1! 1 1")) == [0, None, 0, -4]


def test_in_a_killed_abba_one_gets_eintr_and_the_other_may_get_0() -> None:
    """Both are killed; who runs second finds the mutex free, and trying comes before looking for signals."""
    trace = follow(program(KILLABLE_ABBA, signals=True), "1 2 1! 2! 1 1 2 2 2")
    assert results(trace) == [-4, 0]
    assert {("-EINTR", "0"), ("0", "-EINTR"), ("-EINTR", "-EINTR")} < verdict(KILLABLE_ABBA, signals=True).returns


def test_a_task_gets_one_fatal_signal_and_only_before_it_returns() -> None:
    made = program(TAKE, ALONE, signals=True)
    assert [move.actor for move in moves(made, initial_state(made))] == [1, -1]
    assert [move.actor for move in moves(made, follow(made, "1!").states[-1])] == [1]
    assert moves(made, follow(made, "1 1").states[-1]) == []


def test_without_signals_in_the_scenario_there_are_none() -> None:
    with pytest.raises(ScheduleError, match=r"gets no fatal signal: the scenario has no signals; runnable: 1$"):
        follow(program(TAKE, ALONE), "1!")
