"""What schedules do not reach: a deadlock ends them, so what bystanders do after it is no fault and no endless run."""

from __future__ import annotations

from typing import Any

from agreement import compare
from oracle import parse_scheme, reachable, scenario_from_table
from oracle.compare import differences

import sevviz
from sevviz.catalogue import make_scenario
from sevviz.symbolic import check_symbolic
from sevviz.verdict import Verdict, verdict_of

HEADER = """/*
 * title: A scheme of the test
 * source: tests/test_after_deadlocks.py
 * entry: f
 * persistent: stuck
 */
static DEFINE_MUTEX(never);
static int stuck;
"""
STUCK = "mutex_lock(&a->lock);\n\tWRITE_ONCE(stuck, 1);\n\tmutex_lock(&a->lock);\n\treturn 0;"

LOCKED = "mutex_lock(&a->lock);\n\tmutex_unlock(&a->lock);"


def agreed(first: str, second: str = "", tasks: tuple[str, ...] = (), **settings: Any) -> Verdict:  # noqa: ANN401
    """The verdict on two functions, on which explicit engine, symbolic engine and oracle agree."""
    functions = {"f": first, "g": second} if second else {"f": first}
    text = HEADER + "\n".join(f"static int {name}(struct kvm *a)\n{{\n\t{body}\n}}" for name, body in functions.items())
    table = {"tasks": list(tasks or [f"{name}(A)" for name in functions]), **settings}
    program = sevviz.program(sevviz.load_text(text), make_scenario("test", table))
    verdict = verdict_of(program)
    assert compare(verdict, check_symbolic(program)) == []
    assert differences(verdict.to_json(), reachable(parse_scheme(text), scenario_from_table(table))) == []
    return verdict


def lines(verdict: Verdict) -> list[tuple[str, int, tuple[str, ...], int]]:
    """Each fault: its kind, its line counted from the first function's, what is held, and the length of a schedule."""
    found = verdict.to_json()["faults"]
    return [
        (f["kind"], f["line"] - HEADER.count("\n"), tuple(sorted(f["holding"])), len(f["schedule"].split()))
        for f in found
    ]


def test_a_self_deadlock_is_told_for_each_line_that_it_can_happen_at() -> None:
    again = "if (READ_ONCE(stuck))\n\t\tmutex_lock(&a->lock);\n\telse\n\t\tmutex_lock(&a->lock);"
    other = f"WRITE_ONCE(stuck, 1);\n\t{LOCKED}\n\tWRITE_ONCE(stuck, 0);\n\treturn 0;"
    verdict = agreed(f"mutex_lock(&a->lock);\n\t{again}\n\treturn 0;", other)
    assert sorted(lines(verdict)) == [("self-deadlock", 5, ("A.lock",), 3), ("self-deadlock", 7, ("A.lock",), 2)]
    assert len({outcome.deadlock for outcome in verdict.deadlocks}) == 1


def test_a_self_deadlock_tells_all_that_the_task_holds() -> None:
    """With or without the other mutex, as it turns out at a trylock."""
    both = "mutex_trylock(&never);\n\tmutex_lock(&a->lock);\n\tmutex_lock(&a->lock);\n\treturn 0;"
    verdict = agreed(both, "mutex_lock(&never);\n\tmutex_unlock(&never);\n\treturn 0;")
    assert sorted(lines(verdict)) == [
        ("self-deadlock", 5, ("A.lock",), 3),
        ("self-deadlock", 5, ("A.lock", "never"), 2),
    ]


def test_a_self_deadlock_counts_the_schedules_that_have_one() -> None:
    """It is sure to come, so all have one, be it this task's or that one's."""
    verdict = agreed(STUCK, "mutex_lock(&never);\n\tmutex_lock(&never);\n\treturn 0;")
    assert {found.interleavings for found in verdict.faults} == {verdict.census.interleavings}


def test_a_fault_after_a_deadlock_is_none() -> None:
    """The second task unlocks what it does not hold only when it sees that the first one is stuck."""
    verdict = agreed(STUCK, "if (READ_ONCE(stuck))\n\t\tmutex_unlock(&never);\n\treturn 0;")
    assert [found.fault.kind for found in verdict.faults] == ["self-deadlock"]


def test_sleeping_in_atomic_context_after_a_deadlock_is_no_fault() -> None:
    """Neither at the step of the one who sleeps, nor where it comes to wait."""
    for asked in ("mutex_lock(&a->lock);", "might_sleep();"):
        late = f"if (READ_ONCE(stuck)) {{\n\t\tspin_lock(&a->s);\n\t\t{asked}\n\t}}\n\treturn 0;"
        assert [found.fault.kind for found in agreed(STUCK, late).faults] == ["self-deadlock"]


def test_sleeping_in_atomic_context_at_the_step_that_closes_a_deadlock_is_one() -> None:
    verdict = agreed("spin_lock(&a->s);\n\tmutex_lock(&a->lock);\n\tmutex_lock(&a->lock);\n\treturn 0;")
    assert sorted(lines(verdict)) == [
        ("self-deadlock", 5, ("A.lock", "A.s"), 2),
        ("sleep-in-atomic", 4, ("A.s",), 2),
        ("sleep-in-atomic", 5, ("A.s",), 2),
    ]


def test_a_fault_of_the_very_next_step_after_a_deadlock_is_none() -> None:
    """The step that closes the deadlock sets the flag with which the other task returns, and keeps its mutex."""
    leaves = "mutex_lock(&never);\n\tif (READ_ONCE(stuck))\n\t\treturn 0;\n\tmutex_unlock(&never);\n\treturn 0;"
    assert [found.fault.kind for found in agreed(STUCK, leaves).faults] == ["self-deadlock"]


def test_a_spinlock_taken_by_the_step_that_closes_a_deadlock_makes_the_wait_a_fault() -> None:
    verdict = agreed(
        "mutex_lock(&a->lock);\n\tspin_lock(&a->s);\n\tmutex_lock(&a->lock);\n\treturn 0;", LOCKED + "\n\treturn 0;"
    )
    assert sorted(lines(verdict)) == [
        ("self-deadlock", 5, ("A.lock", "A.s"), 2),
        ("sleep-in-atomic", 5, ("A.s",), 2),
    ]


def test_going_to_sleep_in_atomic_context_may_close_a_deadlock_of_two() -> None:
    """The first task asks for the second mutex, under a spinlock, only when the second task has it for good."""
    first = "mutex_lock(&a->lock);\n\tif (READ_ONCE(stuck)) {\n\t\tspin_lock(&a->s);\n\t\tmutex_lock(&never);\n\t}\n"
    second = "mutex_lock(&never);\n\tWRITE_ONCE(stuck, 1);\n\tmutex_lock(&a->lock);\n\treturn 0;"
    verdict = agreed(f"{first}\tmutex_unlock(&a->lock);\n\treturn 0;", second)
    assert ("sleep-in-atomic", 6, ("A.s",), 5) in lines(verdict)


def test_starvation_after_a_deadlock_is_none() -> None:
    """Of the two that wait for the flag, one could be kept from its step, but only once the first task is stuck."""
    waits = "while (READ_ONCE(stuck))\n\t\tcpu_relax();\n\treturn 0;"
    assert agreed(STUCK, waits, ("f(A)", "g(A)", "g(A)")).starvation is None


def test_an_endless_run_after_a_deadlock_is_none() -> None:
    """Who waits for a flag that nobody will clear, because the one who set it is stuck."""
    verdict = agreed(STUCK, "while (READ_ONCE(stuck))\n\t\tcpu_relax();\n\treturn 0;")
    assert (verdict.livelock, verdict.starvation) == (None, None)
    assert {outcome.kind for outcome in verdict.outcomes} == {"deadlock"}


def test_a_deadlock_that_a_signal_may_end_ends_no_schedule() -> None:
    """Then the fault of the bystander counts, and so does its endless run."""
    killable = STUCK.replace("mutex_lock(&a->lock);\n\treturn", "mutex_lock_killable(&a->lock);\n\treturn")
    late = agreed(killable, "if (READ_ONCE(stuck))\n\t\tmutex_unlock(&never);\n\treturn 0;", signals=True)
    assert "unlock-not-held" in {found.fault.kind for found in late.faults}
    assert agreed(killable, "while (READ_ONCE(stuck))\n\t\tcpu_relax();\n\treturn 0;", signals=True).livelock
