"""What lockdep says of a trace: classes, not locks; one report; silence."""

from __future__ import annotations

import pytest

import sevviz
from sevviz.lockdep import LockClass, lockdep_reports

SCHEME = """/*
 * title: A scheme of the test
 * source: tests/test_lockdep.py
 * entry: migrate
 */
static DEFINE_MUTEX(outer);
static DEFINE_SPINLOCK(gate);

static int migrate(struct kvm *dst, struct kvm *src)
{
%s
	return 0;
}
"""


def reports(body: str, schedule: str, *tasks: str) -> list[tuple[str, int, str]]:
    lines = "\n".join(f"\t{line}" for line in body.split("\n"))
    program = sevviz.program(SCHEME % lines, tasks=tasks or ("migrate(B, A)", "migrate(A, B)"))
    trace = sevviz.run(program, sevviz.parse_schedule(schedule, len(program.tasks)))
    return [(report.kind, report.task, str(report.lock)) for report in lockdep_reports(trace)]


def naive(nested: str = "") -> str:
    second = "mutex_lock_nested(&src->lock, SINGLE_DEPTH_NESTING);" if nested else "mutex_lock(&src->lock);"
    return f"mutex_lock(&dst->lock);\n{second}\nmutex_unlock(&src->lock);\nmutex_unlock(&dst->lock);"


def test_two_mutexes_of_one_class_are_recursive_even_without_contention() -> None:
    assert reports(naive(), "1 1 1 1 2 2 2 2") == [("recursive", 1, "lock")]


def test_the_real_deadlock_gets_the_same_word_recursive_and_never_circular() -> None:
    assert reports(naive(), "1 2") == [("recursive", 1, "lock")]


def test_an_annotated_nesting_makes_lockdep_silent_while_two_tasks_hang() -> None:
    trace = sevviz.run(sevviz.program(SCHEME % naive("nested")), (1, 2))
    assert lockdep_reports(trace) == ()
    assert sevviz.check(SCHEME % naive("nested")).deadlocks


def test_two_classes_in_both_orders_are_circular_though_nothing_overlaps() -> None:
    body = (
        "struct mutex *one = dst < src ? &outer : &dst->lock;\nstruct mutex *two = dst < src ? &dst->lock : &outer;\n"
        "mutex_lock(one);\nmutex_lock(two);\nmutex_unlock(two);\nmutex_unlock(one);"
    )
    assert reports(body, "1 1 1 1 2 2 2 2") == [("circular", 2, "lock")]
    assert reports(body, "1 1 1 1") == []


def test_a_mutex_inside_a_spinlock_is_an_invalid_wait_context_before_anything_else() -> None:
    body = "spin_lock(&gate);\nmutex_lock(&dst->lock);\nmutex_lock(&src->lock);\n"
    body += "mutex_unlock(&src->lock);\nmutex_unlock(&dst->lock);\nspin_unlock(&gate);"
    assert reports(body, "1 1 1 1 1 1") == [("invalid-wait-context", 1, "lock")]


def test_a_trylock_is_never_reported() -> None:
    body = "mutex_lock(&dst->lock);\nif (mutex_trylock(&src->lock))\n\tmutex_unlock(&src->lock);\n"
    body += "mutex_unlock(&dst->lock);"
    assert reports(body, "1 1 1 1 2 2 2 2") == []


def test_giving_back_what_is_not_held_is_a_bad_unlock() -> None:
    assert reports("mutex_unlock(&dst->lock);", "1") == [("bad-unlock", 1, "lock")]


def test_returning_with_a_lock_is_reported_at_the_return() -> None:
    assert reports("mutex_lock(&dst->lock);", "1") == [("held-at-return", 1, "lock")]


def test_a_class_is_shown_with_its_subclass() -> None:
    assert str(LockClass("lock", 1)) == "lock/1"


@pytest.mark.parametrize(
    ("scheme", "said"),
    [
        ("naive", ["recursive"]),
        ("v4", ["invalid-wait-context"]),
        ("migration_lock_both", ["invalid-wait-context"]),
        ("v3_global_spinlock", ["recursive"]),
        ("flag_then_mutex", ["recursive"]),
        ("trylock_once", []),
        ("address_order", []),
        ("global_mutex", []),
        ("sev_lock_two_vms", []),
    ],
)
def test_what_lockdep_says_of_one_move_alone(scheme: str, said: list[str]) -> None:
    """The verdicts of the table in the kernel's measurements: false alarms, true ones, silence."""
    verdict = sevviz.check(scheme, "uncontended")
    trace = sevviz.run(verdict.program, verdict.outcomes[0].schedule)
    assert [report.kind for report in lockdep_reports(trace)] == said
