"""The rules of mutexes, spinlocks and processors, each alone on the smallest scheme that shows it."""

from __future__ import annotations

import pytest
from toys import (
    ABBA,
    ALONE,
    HOLD,
    SAME,
    faults,
    follow,
    program,
    results,
    step_results,
    value_of,
    verdict,
)

from sevviz.errors import ScheduleError
from sevviz.interpreter import in_atomic_context, moves, wait_of

# Documentation/locking/mutex-design.rst.


def test_a_mutex_has_one_owner_and_the_next_one_waits() -> None:
    trace = follow(program(HOLD, *SAME), "1")
    waiting = wait_of(trace.program, trace.states[-1], 2)
    assert waiting is not None
    assert (waiting.task, waiting.holder, waiting.killable) == (2, 1, False)
    assert trace.program.objects[waiting.object].name == "B.lock"


def test_an_unlock_lets_the_waiter_run() -> None:
    assert value_of(follow(program(HOLD, *SAME), "112"), "B.lock") == 2


def test_only_the_owner_may_unlock_a_mutex() -> None:
    made = program("mutex_unlock(&dst->lock); return 0;", ALONE, "ioctl(B)")
    trace = follow(made, "21")
    assert faults(trace) == [(2, "unlock-not-held", 1, "B.lock")]
    assert value_of(trace, "B.lock") == 2
    assert moves(made, trace.states[-1]) == []


def test_unlocking_a_free_mutex_ends_the_schedule_too() -> None:
    trace = follow(program("mutex_unlock(&dst->lock); return 0;", ALONE), "1")
    assert faults(trace) == [(1, "unlock-not-held", 1, "B.lock")]
    assert results(trace) == [None]


def test_a_mutex_is_not_recursive() -> None:
    found = verdict("mutex_lock(&dst->lock); mutex_lock(&dst->lock); return 0;", ALONE)
    assert [(o.kind, o.schedule) for o in found.outcomes] == [("deadlock", (1,))]
    assert [f.fault.kind for f in found.faults] == ["self-deadlock"]


def test_nesting_annotations_change_nothing_but_lockdep() -> None:
    plain = verdict(ABBA)
    nested = verdict(ABBA.replace("mutex_lock(&src->lock)", "mutex_lock_nested(&src->lock, SINGLE_DEPTH_NESTING)"))
    assert [o.interleavings for o in plain.outcomes] == [o.interleavings for o in nested.outcomes]
    assert plain.graph.states == nested.graph.states


def test_a_failed_trylock_returns_0_and_waits_for_nobody() -> None:
    made = program("return mutex_trylock(&dst->lock);", ALONE, "ioctl(B)")
    trace = follow(made, "2")
    assert wait_of(made, trace.states[-1], 1) is None
    assert step_results(follow(made, "21")) == [0, 0]
    assert results(follow(made, "21")) == [0, None]


def test_a_trylock_of_a_free_mutex_returns_1_and_takes_it() -> None:
    trace = follow(program("return mutex_trylock(&dst->lock);", ALONE), "1")
    assert (step_results(trace), value_of(trace, "B.lock")) == ([1], 1)


# might_sleep() in mutex_lock(); Documentation/locking/locktypes.rst: no sleeping lock inside a spinning one.

UNDER_SPINLOCK = "spin_lock(&dst->s); {}; spin_unlock(&dst->s); return 0;"


@pytest.mark.parametrize(
    "sleeper",
    [
        "mutex_lock(&src->lock)",
        "mutex_lock_nested(&src->lock, 1)",
        "mutex_lock_killable(&src->lock)",
        "mutex_lock_killable_nested(&src->lock, 1)",
        "mutex_lock_interruptible(&src->lock)",
    ],
)
def test_locking_a_mutex_under_a_spinlock_is_a_fault_even_when_it_is_free(sleeper: str) -> None:
    trace = follow(program(UNDER_SPINLOCK.format(sleeper), ALONE), "111")
    assert faults(trace)[0] == (2, "sleep-in-atomic", 1, "A.lock")
    assert trace.steps[1].faults[0].holding == ("B.s",)


def test_sleeping_in_atomic_context_is_recorded_and_execution_goes_on() -> None:
    trace = follow(program(UNDER_SPINLOCK.format("mutex_lock(&src->lock)"), ALONE), "111")
    assert results(trace) == [0]
    assert faults(trace) == [(2, "sleep-in-atomic", 1, "A.lock"), (3, "held-at-return", 1, "A.lock")]


@pytest.mark.parametrize("call", ["might_sleep()", "cond_resched()"])
def test_a_call_that_may_sleep_is_a_fault_under_a_spinlock_only(call: str) -> None:
    assert faults(follow(program(UNDER_SPINLOCK.format(call), ALONE), "111")) == [(2, "sleep-in-atomic", 1, None)]
    assert (
        faults(follow(program(f"mutex_lock(&dst->lock); {call}; mutex_unlock(&dst->lock); return 0;", ALONE), "111"))
        == []
    )


@pytest.mark.parametrize(
    "call", ["mutex_trylock(&src->lock)", "cpu_relax()", "spin_trylock(&src->s)", "src->f = 0", "READ_ONCE(src->f)"]
)
def test_what_cannot_sleep_is_allowed_under_a_spinlock(call: str) -> None:
    made = program(UNDER_SPINLOCK.format(call), ALONE)
    assert all(kind != "sleep-in-atomic" for _, kind, _, _ in faults(follow(made, "111")))


def test_who_blocks_on_a_mutex_under_a_spinlock_is_caught_at_the_step_that_blocks_it() -> None:
    """The ioctl holds B.lock, so task 1 goes to sleep with B.s held as soon as it has B.s; it is warned once."""
    made = program("spin_lock(&dst->s); mutex_lock(&dst->lock); mutex_unlock(&dst->lock); spin_unlock(&dst->s);"
                   "return 0;", ALONE, "ioctl(B)")  # fmt: skip
    assert faults(follow(made, "2 1 2 1 1 1")) == [(2, "sleep-in-atomic", 1, "B.lock")]


def test_who_sleeps_under_a_spinlock_is_at_fault_once_however_long_it_sleeps() -> None:
    """Task 2 has the mutex, task 1 comes to wait for it at step 2; what task 3 does then is no fault of anybody."""
    made = program("spin_lock(&dst->s);\nmutex_lock(&src->lock);\nreturn 0;", ALONE, "ioctl(A)", "ioctl(C)")
    trace = follow(made, "2 1")
    assert faults(trace) == [(2, "sleep-in-atomic", 1, "A.lock")]
    assert [move.faults for move in moves(made, trace.states[-1]) if move.actor == 3] == [()]


def test_sleeping_in_atomic_context_names_the_spinlocks_that_are_held_and_no_mutex() -> None:
    trace = follow(program("mutex_lock(&dst->lock);\nspin_lock(&dst->s);\nmight_sleep();\nreturn 0;", ALONE), "1 1 1")
    assert [fault.holding for fault in trace.steps[-1].faults][:1] == [("B.s",)]


def test_a_relaxed_store_may_overtake_an_unlock_and_a_release_may_not() -> None:
    for store, actors in (("atomic_set", 2), ("WRITE_ONCE", 2), ("atomic_set_release", 1)):
        to = "&dst->flag" if "atomic" in store else "dst->flag"
        made = program(
            f"mutex_lock(&dst->lock);\nmutex_unlock(&dst->lock);\n{store}({to}, 0);\nreturn 0;", ALONE, weak=True
        )
        assert len(moves(made, follow(made, "1").states[-1])) == actors, store


def test_after_the_spin_unlock_sleeping_is_allowed() -> None:
    made = program("spin_lock(&dst->s); spin_unlock(&dst->s); might_sleep(); return 0;", ALONE)
    assert faults(follow(made, "111")) == []


# Documentation/locking/locktypes.rst.

SPIN = "spin_lock(&dst->s); spin_unlock(&dst->s); return 0;"


def test_the_holder_of_a_spinlock_is_in_atomic_context_until_it_unlocks() -> None:
    made = program(SPIN, ALONE)
    assert [in_atomic_context(made, state, 1) for state in follow(made, "11").states] == [False, True, False]


def test_a_mutex_does_not_make_atomic_context() -> None:
    made = program(HOLD, ALONE)
    assert not in_atomic_context(made, follow(made, "1").states[-1], 1)


def test_the_waiter_for_a_spinlock_cannot_step_and_no_signal_ends_that() -> None:
    made = program(SPIN, *SAME, signals=True)
    trace = follow(made, "1 2!")
    waiting = wait_of(made, trace.states[-1], 2)
    assert waiting is not None
    assert (waiting.holder, waiting.killable) == (1, False)


def test_a_spin_trylock_fails_where_spin_lock_spins() -> None:
    made = program("return spin_trylock(&dst->s);", *SAME)
    assert step_results(follow(made, "12")) == [1, 0]


def test_only_the_holder_may_unlock_a_spinlock() -> None:
    assert faults(follow(program("spin_unlock(&dst->s); return 0;", ALONE), "1")) == [(1, "unlock-not-held", 1, "B.s")]


# With `cpus = n` spinners and tasks in atomic context keep their CPUs, and a woken sleeper needs a free one.

V4_LIKE = "spin_lock(&dst->s); mutex_lock(&dst->lock); mutex_unlock(&dst->lock); spin_unlock(&dst->s); return 0;"
V4_TASKS = (ALONE, ALONE, "ioctl(B)")


def test_a_sleeping_holder_and_a_spinner_on_the_only_cpu_hang_the_machine() -> None:
    """3 takes B.lock; 1 takes B.s and sleeps on B.lock; 2 begins to spin on B.s: 3 gets no CPU for its unlock.

    Or 3 has returned, and it is 1 itself, woken, that gets none.
    """
    found = verdict(V4_LIKE, *V4_TASKS, cpus=1)
    assert [outcome.schedule for outcome in found.deadlocks] == [(3, 1, 2), (3, 2, 1), (3, 1, 3, 2), (3, 2, 3, 1)]


def test_to_begin_to_spin_is_a_step_where_tasks_share_cpus() -> None:
    """As long as 2 has not begun, the ioctl may have the CPU: a kinder scheduler lets it unlock."""
    made = program(V4_LIKE, *V4_TASKS, cpus=1)
    before = follow(made, "3 1").states[-1]
    assert [move.actor for move in moves(made, before)] == [2, 3]
    trace = follow(made, "3 1 2")
    assert (trace.steps[2].operation.action, trace.steps[2].before, trace.steps[2].after) == ("spin", 1, 1)  # type: ignore[union-attr]
    assert moves(made, trace.states[-1]) == []
    each = program(V4_LIKE, *V4_TASKS)  # with a CPU for each, 2 is taken to spin already
    assert [move.actor for move in moves(each, follow(each, "3 1").states[-1])] == [3]


def test_who_spins_keeps_the_cpu_also_when_the_lock_is_free_again() -> None:
    """2 spins for B.s. 1 gives it back, still with A.s: until 2 has taken it, both CPUs are kept, and 3 has none."""
    spinner = "static int spinner(struct kvm *a)\n{\n\tspin_lock(&a->s);\n\tspin_unlock(&a->s);\n\treturn 0;\n}\n"
    body = "spin_lock(&src->s); spin_lock(&dst->s); spin_unlock(&dst->s); spin_unlock(&src->s); return 0;"
    made = program(body, ALONE, "spinner(B)", "ioctl(B)", before=spinner, cpus=2)
    state = follow(made, "1 1 2 1").states[-1]
    assert [shared.name for shared, value in zip(made.objects, state.values, strict=True) if value] == ["A.s"]
    assert [move.actor for move in moves(made, state)] == [1, 2]
    assert [move.actor for move in moves(made, follow(made, "1 1 2 1 2 2").states[-1])] == [1, 3]


def test_a_sleeper_that_is_woken_in_atomic_context_needs_a_free_cpu() -> None:
    """1 sleeps on B.lock with B.s held; when B.lock is free, 2 comes to B.s and spins on the only CPU."""
    made = program(f"READ_ONCE(src->x); {V4_LIKE}", *V4_TASKS, cpus=1)
    trace = follow(made, "3 1 1 3 2 2")
    assert [value_of(trace, name) for name in ("B.lock", "B.s")] == [0, 1]
    assert moves(made, trace.states[-1]) == []
    assert [move.actor for move in moves(made, follow(made, "3 1 1 3").states[-1])] == [1, 2]


def test_with_a_cpu_for_the_ioctl_everybody_returns() -> None:
    assert verdict(V4_LIKE, *V4_TASKS, cpus=2).deadlocks == ()
    assert verdict(V4_LIKE, *V4_TASKS).deadlocks == ()


def test_a_schedule_that_picks_a_task_without_a_cpu_says_so() -> None:
    with pytest.raises(ScheduleError, match=r"step 4 picks task 3 \(ioctl\(B\)\), which has no CPU: who spins or"):
        follow(program(V4_LIKE, *V4_TASKS, cpus=1), "3123")


def test_a_spinlock_holder_that_runs_keeps_the_only_cpu() -> None:
    made = program(SPIN, ALONE, "migrate(A, B)", cpus=1)
    assert [move.actor for move in moves(made, follow(made, "1").states[-1])] == [1]


def test_tasks_that_only_sleep_share_one_cpu() -> None:
    """Mutexes alone make no difference: who waits has left the CPU."""
    with_one, without = verdict(ABBA, cpus=1), verdict(ABBA)
    assert [(o.kind, o.interleavings) for o in with_one.outcomes] == [
        (o.kind, o.interleavings) for o in without.outcomes
    ]
