"""Numbers of schedules."""

from __future__ import annotations

from toys import ABBA, ALONE, KILLABLE_ABBA, verdict

LATE = ABBA.replace("mutex_lock(&src->lock)", "READ_ONCE(dst->x); mutex_lock(&src->lock)")


def test_the_interleavings_of_all_outcomes_add_up_to_the_whole() -> None:
    for statements in (ABBA, LATE, KILLABLE_ABBA, "mutex_unlock(&dst->lock); return 0;"):
        found = verdict(statements)
        assert sum(outcome.interleavings or 0 for outcome in found.outcomes) == found.census.interleavings


def test_a_fault_counts_the_complete_schedules_that_have_one_of_its_kind() -> None:
    """Task 1 sleeps under its spinlock in every schedule, so all schedules are affected: 3 of 3."""
    bad = "spin_lock(&dst->s);\nmight_sleep();\nspin_unlock(&dst->s);\nreturn 0;"
    found = verdict(bad, ALONE)
    assert [(f.fault.kind, f.fault.task, f.interleavings, f.schedule) for f in found.faults] == [
        ("sleep-in-atomic", 1, 1, (1, 1))
    ]


def test_a_fault_that_some_schedules_avoid_counts_only_those_that_have_it() -> None:
    """Two enter the same VM: 1 1 2 2 and 2 2 1 1 are well, 1 2 and 2 1 collide."""
    found = verdict("sev_migrate_from(dst, src); return 0;")
    assert found.census.interleavings == 4
    assert [(f.fault.task, f.interleavings) for f in found.faults] == [(2, 2), (1, 2)]


def test_each_kind_of_fault_is_counted_on_its_own() -> None:
    """All schedules sleep under a spinlock; the flag is left set by those that read x between its two stores.

    With no store before the read there is 1 schedule, with one 4 and twice as many for the step after it, with two 10.
    """
    bad = "spin_lock(&dst->s);\nmight_sleep();\nspin_unlock(&dst->s);\nif (READ_ONCE(dst->x))\n\tdst->y = 1;\nreturn 0;"
    late = "static int late(struct kvm *a)\n{\n\tWRITE_ONCE(a->x, 1);\n\tWRITE_ONCE(a->x, 0);\n\treturn 0;\n}\n"
    found = verdict(bad, ALONE, "late(B)", before=late)
    counts = {f.fault.kind: f.interleavings for f in found.faults}
    assert counts["sleep-in-atomic"] == found.census.interleavings == 19
    assert counts["flag-left-set"] == 8


def test_a_deadlock_counts_where_another_one_is_there_already() -> None:
    """Task 1 waits for itself until it is killed, task 2 for ever: all schedules end with that."""
    killable = "mutex_lock(&dst->lock);\nmutex_lock_killable(&dst->lock);\nreturn 0;"
    plain = "static int plain(struct kvm *a)\n{\n\tmutex_lock(&a->lock);\n\tmutex_lock(&a->lock);\n\treturn 0;\n}\n"
    found = verdict(killable, ALONE, "plain(A)", before=plain, signals=True)
    final = [outcome for outcome in found.deadlocks if outcome.deadlock is not None and outcome.deadlock.final]
    assert sum(outcome.interleavings or 0 for outcome in final) == found.census.interleavings


def test_outcomes_are_in_the_order_of_their_shortest_schedules() -> None:
    """The deadlock is met first, from a state two steps away; who returns does so in two steps."""
    early = (
        "if (!READ_ONCE(dst->x)) {\nREAD_ONCE(dst->y);\nmutex_lock(&dst->lock);\nmutex_lock(&dst->lock);\n}\nreturn 0;"
    )
    other = "static int other(struct kvm *a)\n{\n\tWRITE_ONCE(a->x, 1);\n\treturn 0;\n}\n"
    found = verdict(early, ALONE, "other(B)", before=other)
    lengths = [(outcome.kind, len(outcome.schedule)) for outcome in found.outcomes]
    assert lengths[:2] == [("returned", 2), ("deadlock", 3)]
