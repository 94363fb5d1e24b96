"""Why a scheme cannot deadlock: the invariant is found, checked on every state, and not claimed where a ring closes."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from random_schemes import random_scheme

import sevviz
from sevviz.errors import SevvizError
from sevviz.interpreter import CPU
from sevviz.invariant import Invariant, check_invariant, find_invariant, owners
from sevviz.views.why import Why, why_it_passes

if TYPE_CHECKING:
    from sevviz.verdict import Verdict


def named(verdict: Verdict, invariant: Invariant | None) -> tuple[dict[str, str], list[str]] | None:
    """The invariant's guards and order by name; nothing at all if nobody asks for a second lock."""
    if invariant is None:
        return None
    names = [shared.name for shared in verdict.program.objects]
    return {names[lock]: names[g] for lock, g in invariant.guards}, [names[lock] for lock in invariant.order]


FLAGS = {"A.lock": "A.migration_in_progress", "B.lock": "B.migration_in_progress"}


@pytest.mark.parametrize(
    ("scheme", "scenario", "guards", "order"),
    [
        ("flag_then_mutex", "double", FLAGS, []),
        ("flag_then_mutex", "ioctl", FLAGS, []),
        ("flag_then_mutex", "weak", FLAGS, []),
        ("flag_then_mutex", "ring3", FLAGS | {"C.lock": "C.migration_in_progress"}, []),
        ("sev_lock_two_vms", "signal", FLAGS, []),
        ("v3_global_spinlock", "double", FLAGS, []),
        ("global_mutex", "double", {"A.lock": "sev_migration_mutex", "B.lock": "sev_migration_mutex"}, []),
        ("address_order", "ring3", {}, ["A.lock", "B.lock", "C.lock"]),
        ("naive", "chain", {}, ["C.lock", "B.lock", "A.lock"]),
        ("trylock_once", "double", {}, []),
        ("copy_then_fill", "double", {}, []),
    ],
)
def test_each_scheme_has_its_reason(scheme: str, scenario: str, guards: dict[str, str], order: list[str]) -> None:
    verdict = sevviz.check(scheme, scenario)
    assert named(verdict, find_invariant(verdict.graph)) == (guards, order)


@pytest.mark.parametrize("scenario", ["double", "ring3", "ioctl", "signal", "self", "retry"])
def test_an_invariant_is_found_exactly_where_no_ring_of_locks_closes(scenario: str) -> None:
    for scheme in sevviz.scheme_names():
        verdict = sevviz.check(scheme, scenario)
        found = find_invariant(verdict.graph)
        assert (found is None) == bool(verdict.deadlocks), scheme
        if found is not None:
            assert check_invariant(verdict.graph, found) is None


@pytest.mark.parametrize("block", range(4))
def test_no_invariant_is_ever_claimed_for_a_scheme_that_closes_a_ring(block: int) -> None:
    found = 0
    for seed, tasks in product(
        range(block * 40, block * 40 + 40),
        (("migrate(B, A)", "migrate(A, B)"), ("migrate(B, A)", "migrate(C, B)", "ioctl(A)")),
    ):
        verdict = sevviz.check(random_scheme(seed), tasks=tasks, limit=20_000)
        deadlocks = [outcome.deadlock for outcome in verdict.deadlocks if outcome.deadlock]
        # A lock that is never given back blocks others without a ring, and so does a lack of CPUs.
        rings = any(d.cyclic and all(wait.object != CPU for wait in d.waits) for d in deadlocks)
        invariant = find_invariant(verdict.graph)
        if invariant is not None:
            found += 1
            assert not rings, seed
            assert verdict.complete
    assert found > 20


def test_the_owner_of_a_flag_is_who_set_it() -> None:
    verdict = sevviz.check("flag_then_mutex")
    program = verdict.program
    flag = next(n for n, shared in enumerate(program.objects) if shared.name == "B.migration_in_progress")
    state = sevviz.run(program, (1, 2)).states[-1]
    owned = owners(verdict.graph)[verdict.graph.states.index(state)]
    assert owned[flag] == 1
    assert all(owner >= 0 for row in owners(verdict.graph) for owner in row), "never unclear here"


SEEN = """/*
 * title: A flag that two tasks may set at once
 * source: this test
 * entry: migrate
 * persistent: seen
 */
static int migrate(struct kvm *dst, struct kvm *src)
{
	WRITE_ONCE(dst->seen, 1);
	cond_resched();
	return 0;
}
"""


def test_an_owner_that_the_state_does_not_tell_is_unclear() -> None:
    verdict = sevviz.check(SEEN, "same")
    (field,) = (n for n, shared in enumerate(verdict.program.objects) if shared.name == "B.seen")
    after_both = verdict.graph.states.index(sevviz.run(verdict.program, (1, 2)).states[-1])
    assert owners(verdict.graph)[after_both][field] == -1


def test_an_invariant_of_one_s_own_is_refuted_by_a_shortest_schedule() -> None:
    verdict = sevviz.check("naive")
    mine = Invariant.named(verdict.program, order=("A.lock", "B.lock"))
    found = check_invariant(verdict.graph, mine)
    assert found is not None
    assert found.schedule == (1,)
    assert (found.claim.rule, found.claim.task, found.claim.holds) == ("order", 1, False)
    assert Why(verdict, mine).lines[-1] == (
        "It does not hold. After the schedule 1: Task 1 (A→B) holds B.lock and asks for A.lock, which is not above it "
        "in the order."
    )
    assert not Why(verdict, mine).holds


def test_a_guard_that_does_not_guard_is_refuted() -> None:
    verdict = sevviz.check("global_mutex")
    wrong = Invariant.named(verdict.program, {"A.lock": "B.lock", "B.lock": "sev_migration_mutex"})
    found = check_invariant(verdict.graph, wrong)
    assert found is not None
    assert found.claim.rule in ("guard-asks", "guard-holds")


def test_a_task_that_asks_for_its_own_lock_breaks_every_invariant() -> None:
    verdict = sevviz.check("naive", "self")
    assert find_invariant(verdict.graph) is None
    found = check_invariant(verdict.graph, Invariant.named(verdict.program, order=("A.lock",)))
    assert found is not None
    assert found.claim.rule == "self"


def test_a_name_that_is_not_there_is_refused() -> None:
    with pytest.raises(SevvizError, match=r"no object 'A\.flag'; this scheme has A\.lock, B\.lock"):
        Invariant.named(sevviz.program("naive"), {"A.lock": "A.flag"})


def test_a_search_that_stopped_short_proves_nothing() -> None:
    verdict = sevviz.check("flag_then_mutex", limit=20)
    assert find_invariant(verdict.graph) is None
    assert why_it_passes(verdict).text == "The search did not finish, so there is nothing to prove yet."


def test_the_reason_is_told_in_words() -> None:
    lines = why_it_passes(sevviz.check("flag_then_mutex", "ioctl")).lines
    assert lines[0] == (
        "A.migration_in_progress guards A.lock: whoever holds a lock and asks for A.lock owns A.migration_in_progress, "
        "and whoever holds A.lock and asks for any lock owns it too."
    )
    assert lines[-1] == "Checked in all 255 reachable states."
    why = why_it_passes(sevviz.check("naive"))
    assert why.text.startswith("There is nothing to prove: it deadlocks, by the schedule 1 2. Deadlock: task 1 (A→B)")
    assert not why.holds


def test_what_the_invariant_does_not_speak_of_is_said() -> None:
    assert "This is about locks alone: here tasks still block each other for want of a CPU." in (
        why_it_passes(sevviz.check("v4", "cpus")).lines
    )
    lines = why_it_passes(sevviz.check("v4", "retry")).lines
    assert "It rules out cycles of waits, not other faults: sleep-in-atomic." in lines
    assert "It does not promise progress: there is a livelock." in lines


def test_a_lock_that_is_never_given_back_is_no_ring_and_is_named() -> None:
    leak = sevviz.load("global_mutex").text.text.replace("mutex_unlock(&sev_migration_mutex);", "")
    why = why_it_passes(sevviz.check(leak))
    assert why.invariant is not None
    assert "This is about rings: a lock that its holder never gives back still blocks the others." in why.lines


def test_the_invariant_is_shown_step_by_step() -> None:
    why = why_it_passes(sevviz.check("flag_then_mutex"))
    steps = why.steps((1, 1, 1, 1))
    assert [len(step.claims) for step in steps] == [0, 0, 0, 2, 0]
    assert steps[3].claims[0] == (
        "Task 1 (A→B) holds B.lock, asks for A.lock, and owns A.migration_in_progress, the guard of A.lock", True,
    )  # fmt: skip
    payload = why.payload((1,), "Fine so far.")
    assert payload["steps"][0]["told"] == "Before the first step."
    assert payload["remark"] == "Fine so far."
