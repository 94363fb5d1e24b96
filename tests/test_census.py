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
