"""What is read off a finished state graph: deadlocks, livelocks, starvation, classes, lock order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from toys import ABBA, ALONE, DOUBLE, HOLD, KILLABLE_ABBA, SAME, verdict

import sevviz
from sevviz.analysis import deadlock_of, deadlocks_of, last_choice, trace_classes
from sevviz.interpreter import moves

if TYPE_CHECKING:
    from sevviz.loops import Lasso
    from sevviz.verdict import Verdict

BACK_OFF = """
	for (;;) {
		mutex_lock(&dst->lock);
		if (mutex_trylock(&src->lock))
			break;
		mutex_unlock(&dst->lock);
	}
	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	return 0;
"""
SPIN_ON_FLAG = "while (atomic_cmpxchg(&dst->f, 0, 1)) cpu_relax(); atomic_set(&dst->f, 0); return 0;"
WAIT_FOR_FLAG = "while (!READ_ONCE(dst->flag)) cpu_relax();"
LATE_WAITER = """static int late(struct kvm *dst)
{
	READ_ONCE(dst->x);
	READ_ONCE(dst->x);
	while (!READ_ONCE(dst->flag))
		cpu_relax();
	return 0;
}
"""
LATE = ABBA.replace("mutex_lock(&src->lock)", "READ_ONCE(dst->x); mutex_lock(&src->lock)")


def waits_of(found: Verdict) -> list[list[tuple[int, str, int]]]:
    """The waits of each deadlock as (task, lock, holder)."""
    objects = found.program.objects
    return [
        [(wait.task, objects[wait.object].name, wait.holder) for wait in outcome.deadlock.waits]
        for outcome in found.deadlocks
        if outcome.deadlock is not None
    ]


# Deadlocks.


def test_a_deadlock_is_reported_at_the_step_that_closes_it_while_bystanders_still_run() -> None:
    found = verdict(ABBA, *DOUBLE, "migrate(D, C)")
    outcome = found.deadlocks[0]
    assert outcome.schedule == (1, 2)
    assert waits_of(found)[0] == [(1, "A.lock", 2), (2, "B.lock", 1)]
    assert [move.actor for move in moves(found.program, found.graph.states[outcome.state])] == [3]
    assert outcome.returns == (None, None, None)


def test_deadlocks_with_different_results_so_far_are_different_outcomes() -> None:
    """The bystander may have returned before the cycle closes."""
    found = verdict(ABBA, *DOUBLE, "ioctl(C)")
    assert {outcome.returns: len(outcome.schedule) for outcome in found.deadlocks} == {
        (None, None, None): 2, (None, None, "0"): 4,
    }  # fmt: skip


STUCK_WITH_A_SPINLOCK = "mutex_lock(&dst->lock);\nspin_lock(&dst->s);\nmutex_lock_killable(&dst->lock);\nreturn 0;"
SPINNER = "static int spinner(struct kvm *a)\n{\n\tspin_lock(&a->s);\n\tspin_unlock(&a->s);\n\treturn 0;\n}\n"


@pytest.mark.parametrize(("cpus", "final"), [(1, True), (2, False)])
def test_a_signal_ends_no_deadlock_where_the_killed_task_gets_no_cpu(cpus: int, final: bool) -> None:  # noqa: FBT001
    """It waits for itself, killable, while another task spins on the only CPU for the spinlock that it holds."""
    found = verdict(STUCK_WITH_A_SPINLOCK, ALONE, "spinner(B)", before=SPINNER, signals=True, cpus=cpus)
    state = sevviz.run(found.program, (1, 1, 2)).states[-1]
    assert [deadlock.final for deadlock in deadlocks_of(found.program, state)] == [final]


def test_of_two_deadlocks_the_one_that_nothing_ends_is_shown() -> None:
    killable = (
        "static int killable(struct kvm *a)\n{\n\tmutex_lock(&a->lock);\n\treturn mutex_lock_killable(&a->lock);\n}\n"
    )
    found = verdict(ABBA, "killable(C)", "migrate(A, A)", before=killable, signals=True)
    state = sevviz.run(found.program, (1, 2)).states[-1]
    assert [deadlock.final for deadlock in deadlocks_of(found.program, state)] == [False, True]
    shown = deadlock_of(found.program, state)
    assert shown is not None
    assert shown.final


def test_a_self_deadlock_is_a_deadlock_of_one_and_a_fault_at_the_second_acquisition() -> None:
    found = verdict(ABBA, "migrate(A, A)")
    assert waits_of(found) == [[(1, "A.lock", 1)]]
    assert [(f.fault.kind, f.fault.task, f.fault.object, f.schedule) for f in found.faults] == [
        ("self-deadlock", 1, "A.lock", (1,))
    ]
    assert found.faults[0].fault.span is not None
    assert found.faults[0].fault.span.line == 9


def test_three_that_wait_in_a_ring_are_one_cycle_from_its_lowest_task_on() -> None:
    found = verdict(ABBA, "migrate(C, B)", "migrate(B, A)", "migrate(A, C)")
    assert waits_of(found) == [[(1, "B.lock", 2), (2, "A.lock", 3), (3, "C.lock", 1)]]


def test_a_wait_for_who_has_returned_with_the_lock_is_stuck_without_a_cycle() -> None:
    found = verdict("mutex_lock(&dst->lock); return 0;", *SAME)
    assert [outcome.kind for outcome in found.outcomes] == ["deadlock", "deadlock"]
    shown = found.to_json()["outcomes"][0]
    assert (shown["cycle"], shown["returns"]) == ([], ["0", None])
    assert shown["waits"] == [{"task": 2, "waits_for": "B.lock", "held_by": 1, "since": 1}]


def test_waiting_for_a_lock_whose_holder_can_go_on_is_no_deadlock() -> None:
    assert verdict(HOLD, *SAME, "ioctl(B)").deadlocks == ()


def test_a_failed_try_closes_no_cycle() -> None:
    tries = ABBA.replace("mutex_lock(&src->lock)", "if (!mutex_trylock(&src->lock)) goto out").replace(
        "mutex_unlock(&dst->lock);", "out: mutex_unlock(&dst->lock);"
    )
    assert verdict(tries).deadlocks == ()


def test_a_killable_cycle_is_an_outcome_that_a_signal_may_still_end() -> None:
    with_signals, without = verdict(KILLABLE_ABBA, signals=True), verdict(KILLABLE_ABBA)
    for found, final in ((with_signals, False), (without, True)):
        deadlock = found.deadlocks[0].deadlock
        assert deadlock is not None
        assert (deadlock.cyclic, deadlock.killable, deadlock.final) == (True, True, final)
        assert found.deadlocks[0].schedule == (1, 2)
    assert ("-EINTR", "0") in with_signals.returns
    assert with_signals.returns > without.returns


def test_a_cycle_of_which_one_wait_is_killable_can_be_ended() -> None:
    half = ABBA.replace("mutex_lock(&dst->lock)", "mutex_lock_killable(&dst->lock)")
    found = verdict(half, signals=True)
    deadlock = found.deadlocks[0].deadlock
    assert deadlock is not None
    assert not deadlock.killable


# Endless runs.


def walk(found: Verdict, lasso: Lasso) -> list[int]:
    """The states of a loop, from its first one back to it."""
    trace = sevviz.run(found.program, lasso.stem + lasso.loop)
    numbers = {state: number for number, state in enumerate(found.graph.states)}
    loop = [numbers[state] for state in trace.states[len(lasso.stem) :]]
    assert loop[0] == loop[-1]
    return loop[:-1]


def can_step(found: Verdict, state: int, task: int) -> bool:
    """Whether a task has a step in a state."""
    return task in [actor for actor, _ in found.graph.edges[state]]


def test_a_livelock_is_a_loop_that_a_fair_scheduler_can_follow_for_ever() -> None:
    found = verdict(BACK_OFF)
    assert found.livelock is not None
    loop = walk(found, found.livelock)
    for task in (1, 2):
        assert task in found.livelock.loop or any(not can_step(found, state, task) for state in loop)
    assert found.status == "failed"
    assert found.deadlocks == ()


def test_livelock_is_reported_even_if_a_fair_scheduler_would_escape_it() -> None:
    """The loop can be followed for ever by a fair scheduler; that one also may leave it does not acquit the scheme."""
    found = verdict(BACK_OFF)
    assert found.livelock is not None
    assert ("0", "0") in found.returns


def test_a_loop_that_only_an_unfair_scheduler_follows_is_starvation_and_no_failure() -> None:
    """Task 2 spins while task 1, which could clear the flag, is never run."""
    found = verdict(SPIN_ON_FLAG, *SAME)
    assert found.livelock is None
    assert found.starvation is not None
    assert (found.starvation.stem, found.starvation.loop, found.starvation.tasks) == ((1,), (2, 2), (1,))
    for state in walk(found, found.starvation):
        assert can_step(found, state, 1)
    assert found.status == "clean"
    assert found.census.interleavings is None


def test_a_task_that_waits_for_what_never_comes_is_a_livelock() -> None:
    """Nobody else is left out: the only task steps for ever."""
    found = verdict("while (!READ_ONCE(dst->f)) cpu_relax(); return 0;", ALONE)
    assert found.livelock is not None
    assert (found.livelock.stem, found.livelock.loop) == ((), (1, 1))
    assert found.outcomes == ()


def test_a_task_that_is_kept_from_a_lock_again_and_again_is_part_of_a_livelock() -> None:
    """A fair scheduler need not run the ioctl: whenever it is looked at, the mutex may be taken."""
    found = verdict("for (;;) { mutex_lock(&dst->lock); mutex_unlock(&dst->lock); }", ALONE, "ioctl(B)")
    assert found.livelock is not None
    assert (found.livelock.stem, found.livelock.loop) == ((), (1, 1))
    assert found.starvation is None


def test_a_scheme_without_loops_has_neither() -> None:
    found = verdict(ABBA)
    assert (found.livelock, found.starvation) == (None, None)


def test_the_stem_of_a_livelock_is_a_shortest_one() -> None:
    found = verdict(BACK_OFF)
    assert found.livelock is not None
    entry = walk(found, found.livelock)[0]
    assert len(found.livelock.stem) == len(found.graph.schedule_to(entry))


def test_starvation_is_that_of_the_task_with_the_shortest_stem() -> None:
    """Task 1 could go round for ever at once and starve task 2; task 2 comes to its loop two steps later."""
    found = verdict(f"{WAIT_FOR_FLAG} return 0;", ALONE, "late(B)", before=LATE_WAITER)
    assert found.starvation is not None
    assert (found.starvation.stem, found.starvation.tasks) == ((), (2,))


def test_who_cannot_step_is_not_left_out() -> None:
    """Task 1 goes round with the mutex held: the ioctl waits for it, and task 2, who could set the flag, starves."""
    setter = "static int setter(struct kvm *a)\n{\n\tWRITE_ONCE(a->flag, 1);\n\treturn 0;\n}\n"
    body = f"mutex_lock(&dst->lock); {WAIT_FOR_FLAG} mutex_unlock(&dst->lock); return 0;"
    found = verdict(body, ALONE, "setter(B)", "ioctl(B)", before=setter)
    assert found.starvation is not None
    assert (found.starvation.stem, found.starvation.tasks) == ((1,), (2,))


# Classes of states.


def classes_along(found: Verdict, schedule: tuple[int, ...]) -> list[str]:
    """The class of each state of a run."""
    return list(trace_classes(found.graph, found.survey, sevviz.run(found.program, schedule)))


@pytest.mark.parametrize(
    ("statements", "schedule", "classes", "last"),
    [
        (ABBA, (1, 2), ["safe", "safe", "deadlocked"], 2),
        (ABBA, (1, 1, 1, 1), ["safe"] * 5, None),
        (ABBA, (1, 1, 1, 1, 2, 2, 2, 2), ["safe"] * 8 + ["finished"], None),
        # Both hold their first lock and look at something before they ask for the second: lost, and nobody waits yet.
        (LATE, (1, 2, 1, 2), ["safe", "safe", "doomed", "doomed", "deadlocked"], 2),
        (LATE, (1, 1, 2, 2), ["safe", "safe", "safe", "doomed", "deadlocked"], 3),
        ("mutex_unlock(&dst->lock); return 0;", (2,), ["doomed", "faulted"], None),
    ],
)
def test_each_state_is_safe_doomed_deadlocked_finished_or_faulted(
    statements: str, schedule: tuple[int, ...], classes: list[str], last: int | None
) -> None:
    """`last` is the last step that could have been chosen otherwise so that every task returns."""
    found = verdict(statements)
    assert classes_along(found, schedule) == classes
    assert last_choice(trace_classes(found.graph, found.survey, sevviz.run(found.program, schedule))) == last


def test_a_killable_deadlock_is_called_deadlocked_although_a_signal_ends_it() -> None:
    found = verdict(KILLABLE_ABBA, signals=True)
    assert classes_along(found, (1, 2, -1, 1)) == ["safe", "safe", "deadlocked", "safe", "safe"]
