"""The oracle itself: toy schemes whose every schedule is listed by hand, and its two searches against each other."""

import pytest
from oracle import Result, Scenario, TooLarge, enumerate_schedules, parse_scheme, reachable, scenario_from_table
from random_schemes import random_scheme

HEADER = "/*\n * title: Toy\n * source: made up for this test\n * entry: migrate\n */\n"
ONE_LOCK = """
static int migrate(struct kvm *dst, struct kvm *src)
{
	mutex_lock(&dst->lock);
	mutex_unlock(&dst->lock);
	return 0;
}
"""
ABBA = """
static int migrate(struct kvm *dst, struct kvm *src)
{
	mutex_lock(&dst->lock);
	mutex_lock(&src->lock);
	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	return 0;
}
"""
FLAG = """
static int migrate(struct kvm *dst, struct kvm *src)
{
	if (atomic_cmpxchg(&dst->busy, 0, 1))
		return -EBUSY;
	atomic_set(&dst->busy, 0);
	return 0;
}
"""
KILLABLE = """
static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret = -EINTR;

	if (mutex_lock_killable(&dst->lock))
		return ret;
	if (mutex_lock_killable(&src->lock))
		goto out;
	ret = 0;
	mutex_unlock(&src->lock);
out:
	mutex_unlock(&dst->lock);
	return ret;
}
"""
SEARCHES = (enumerate_schedules, reachable)
DOUBLE = ["migrate(B, A)", "migrate(A, B)"]
SAME = ["migrate(B, A)", "migrate(B, A)"]


def explored(search: object, body: str, tasks: list[str], **settings: object) -> Result:
    """What one of the two searches finds for a toy scheme."""
    assert callable(search)
    result = search(parse_scheme(HEADER + body), scenario_from_table({"tasks": tasks, **settings}))
    assert isinstance(result, Result)
    return result


@pytest.mark.parametrize("search", SEARCHES)
def test_one_lock_has_two_schedules(search: object) -> None:
    """1 1 2 2 and 2 2 1 1: whoever has the lock is not to be interrupted by the other."""
    result = explored(search, ONE_LOCK, SAME)
    assert result.outcomes == {("returned", ("0", "0")): 2}
    assert result.shortest == {("returned", ("0", "0")): 4}
    assert result.faults == {}


@pytest.mark.parametrize("search", SEARCHES)
def test_abba_has_four_complete_schedules_and_two_deadlocks(search: object) -> None:
    """Six schedules.

    Complete, task 1 first: 1 1 1 1 2 2 2 2 and 1 1 1 2 1 2 2 2 (task 2 takes A as soon as 1 has given it back, then
    waits for B). Complete, task 2 first: the same two with the numbers exchanged. Deadlocked: 1 2 and 2 1.
    """
    result = explored(search, ABBA, DOUBLE)
    assert result.outcomes == {("returned", ("0", "0")): 4, ("deadlock", (None, None)): 2}
    assert result.shortest == {("returned", ("0", "0")): 8, ("deadlock", (None, None)): 2}


@pytest.mark.parametrize("search", SEARCHES)
def test_a_flag_lets_one_of_two_callers_fail(search: object) -> None:
    """Four schedules: 1 1 2 2 and 2 2 1 1 (one after the other), 1 2 1 (2 is refused), 2 1 2 (1 is refused)."""
    result = explored(search, FLAG, SAME)
    assert result.outcomes == {
        ("returned", ("0", "0")): 2,
        ("returned", ("0", "-EBUSY")): 1,
        ("returned", ("-EBUSY", "0")): 1,
    }
    assert result.shortest[("returned", ("0", "-EBUSY"))] == 3


@pytest.mark.parametrize("search", SEARCHES)
def test_a_killed_self_wait_returns_0_and_its_second_unlock_is_a_fault(search: object) -> None:
    """Two ends and one report on the way.

    1! 1 1 1: the signal is there before the task arrives, so its second lock returns -EINTR. 1 closes a killable
    deadlock of one, which 1! opens again: 1 1! 1 1 1 ends at the second unlock of a mutex that is held once. Where the
    signal comes later there is nothing left to interrupt.
    """
    result = explored(search, KILLABLE, ["migrate(A, A)"], signals=True)
    assert result.shortest == {
        ("returned", ("-EINTR",)): 4,
        ("deadlock", (None,)): 1,
        ("fault:unlock-not-held", (None,)): 5,
    }
    assert set(result.outcomes.values()) == {1}
    assert set(result.faults) == {("self-deadlock", 1, 13, "A.lock"), ("unlock-not-held", 1, 18, "A.lock")}


@pytest.mark.parametrize("search", SEARCHES)
def test_calls_of_one_task_follow_each_other_until_one_fails(search: object) -> None:
    """There is one schedule: two steps a call, and one for a call that finds the flag set."""
    thrice = ["migrate(B, A); migrate(B, A); migrate(A, B)"]
    assert explored(search, FLAG, thrice).shortest == {("returned", ("0",)): 6}
    result = explored(search, FLAG, thrice, initial={"A.busy": 1})
    assert result.outcomes == {("returned", ("-EBUSY",)): 1}
    assert result.shortest == {("returned", ("-EBUSY",)): 5}


@pytest.mark.parametrize("search", SEARCHES)
def test_a_vcpu_that_runs_meets_only_who_takes_its_mutex(search: object) -> None:
    """1 1 2 2 and 2 2 1 1 as for one lock; beside another mutex, all six."""
    takes = ONE_LOCK.replace("dst->lock", "dst->vcpu0.mutex")
    assert explored(search, takes, ["migrate(B, A)", "vcpu_run(B)"]).outcomes == {("returned", ("0", "0")): 2}
    assert explored(search, ONE_LOCK, ["migrate(B, A)", "vcpu_run(B)"]).outcomes == {("returned", ("0", "0")): 6}


def test_an_endless_retry_is_too_large_to_enumerate_and_has_no_count() -> None:
    """1 2 2 2 ... : task 2 asks for ever while the other keeps the flag."""
    with pytest.raises(TooLarge):
        explored(enumerate_schedules, FLAG, SAME, retry="forever")
    result = explored(reachable, FLAG, SAME, retry="forever")
    assert result.outcomes == {("returned", ("0", "0")): None}
    assert result.shortest == {("returned", ("0", "0")): 4}


@pytest.mark.parametrize("seed", range(40))
def test_the_two_searches_agree_on_random_schemes(seed: int) -> None:
    """Adding up paths over states gives what walking every schedule gives."""
    scheme = parse_scheme(random_scheme(seed, steps=6))
    scenario: Scenario = scenario_from_table({"tasks": DOUBLE})
    assert enumerate_schedules(scheme, scenario) == reachable(scheme, scenario)


def test_random_schemes_repeat() -> None:
    """The same seed gives the same text, another seed another."""
    assert random_scheme(7) == random_scheme(7)
    assert random_scheme(7) != random_scheme(8)
