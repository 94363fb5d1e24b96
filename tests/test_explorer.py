"""The search on three toy models whose states and schedules are counted by hand, and its limit."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from toys import ABBA, ONE_LOCK, program, verdict

from sevviz.explorer import explore
from sevviz.interpreter import initial_state, moves
from sevviz.verdict import verdict_of

if TYPE_CHECKING:
    from sevviz.model import Program
    from sevviz.verdict import Verdict

BIG = "static DEFINE_MUTEX(big);\n"
RING = ("migrate(B, A)", "migrate(C, B)", "migrate(A, C)")


def one_lock() -> Program:
    """Two tasks, one mutex."""
    return program(ONE_LOCK, before=BIG)


def abba() -> Program:
    """Two tasks, two mutexes in opposite order."""
    return program(ABBA)


def three_cycle() -> Program:
    """Three tasks, each takes its own mutex and then that of the next."""
    return program(ABBA, *RING)


def census_of(found: Verdict) -> list[tuple[str, int | None, tuple[int, ...]]]:
    """Each outcome as (kind, interleavings, shortest schedule)."""
    return [(outcome.kind, outcome.interleavings, outcome.schedule) for outcome in found.outcomes]


def test_one_lock_has_8_states_8_transitions_and_2_interleavings() -> None:
    """Who comes first keeps the other out until it has returned: 1 1 2 2 and 2 2 1 1.

    States: start; after 1, 1 1, 1 1 2; after 2, 2 2, 2 2 1; and the common end, so 1 + 3 + 3 + 1 with 4 + 4 steps.
    """
    found = verdict_of(one_lock())
    assert (len(found.graph.states), found.graph.transitions) == (8, 8)
    assert found.census.interleavings == 2
    assert census_of(found) == [("returned", 2, (1, 1, 2, 2))]
    assert found.status == "clean"


def test_abba_has_19_states_22_transitions_and_6_interleavings() -> None:
    """The six: 12 and 21 close the cycle; 11112222, 11121222, 22221111 and 22212111 return.

    In 1112..., task 1 has given back its inner lock A and still holds B: task 2 takes A, and waits for B until task 1's
    fourth step. Each task is at one of 5 places. Of the 25 pairs 5 would have a lock with two owners, (1,2) (2,1) (2,2)
    (2,3) (3,2), and (3,3) could only be entered through those: 19 are left.
    """
    found = verdict_of(abba())
    assert (len(found.graph.states), found.graph.transitions) == (19, 22)
    assert found.census.interleavings == 6
    assert census_of(found) == [("deadlock", 2, (1, 2)), ("returned", 4, (1, 1, 1, 1, 2, 2, 2, 2))]


def test_three_cycle_has_87_states_153_transitions_and_168_interleavings() -> None:
    """The deadlock is closed by every order in which the three take their first locks: 123 132 213 231 312 321.

    No two of them alone make a cycle. The other 162 are counted below by trying every choice on three bare owners.
    """
    found = verdict_of(three_cycle())
    assert (len(found.graph.states), found.graph.transitions) == (87, 153)
    assert census_of(found) == [("deadlock", 6, (1, 2, 3)), ("returned", 162, (1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3))]
    assert count_ring((0, 0, 0)) == 168


@cache
def count_ring(places: tuple[int, int, int]) -> int:
    """The number of ways to go on when task t has done `places[t]` of: lock t, lock t+1, unlock t+1, unlock t."""
    owned = {t for t in range(3) if 1 <= places[t] <= 3} | {(t + 1) % 3 for t in range(3) if places[t] == 2}
    wants = {0: lambda t: t, 1: lambda t: (t + 1) % 3}
    able = [t for t in range(3) if places[t] < 4 and (places[t] not in wants or wants[places[t]](t) not in owned)]
    after = ((*places[:t], places[t] + 1, *places[t + 1 :]) for t in able)
    return sum(count_ring(following) for following in after) if able else 1


@pytest.mark.parametrize("model", [one_lock, abba, three_cycle])
def test_states_are_found_breadth_first_and_each_once(model: object) -> None:
    assert callable(model)
    graph = explore(model())
    depths = [len(graph.schedule_to(state)) for state in range(len(graph.states))]
    assert depths == sorted(depths)
    assert len(set(graph.states)) == len(graph.states)
    assert graph.states[0] == initial_state(graph.program)


@pytest.mark.parametrize("model", [one_lock, abba, three_cycle])
def test_every_edge_is_a_move_and_every_move_an_edge(model: object) -> None:
    assert callable(model)
    graph = explore(model())
    for state, edges in zip(graph.states, graph.edges, strict=True):
        assert [(move.actor, move.state) for move in moves(graph.program, state)] == [
            (actor, graph.states[target]) for actor, target in edges
        ]


def test_the_same_program_gives_the_same_graph() -> None:
    first, second = explore(three_cycle()), explore(three_cycle())
    assert (first.states, first.edges, first.parents) == (second.states, second.edges, second.parents)


def test_a_limit_is_an_answer_and_never_a_clean_verdict() -> None:
    """87 states are more than 40: what was seen has no deadlock, and nobody may say that there is none."""
    found = verdict_of(one_lock(), limit=7)
    assert not found.complete
    assert found.status == "inconclusive"
    assert found.census.interleavings is None
    assert all(outcome.interleavings is None for outcome in found.outcomes)
    assert found.to_json()["complete"] is False


def test_what_was_found_before_the_limit_counts() -> None:
    found = verdict_of(abba(), limit=6)
    assert (found.complete, found.status) == (False, "failed")
    assert found.deadlocks[0].schedule == (1, 2)
    assert found.deadlocks[0].interleavings is None


def test_a_graph_of_exactly_the_limit_is_complete() -> None:
    assert verdict_of(abba(), limit=19).complete
    assert not verdict_of(abba(), limit=18).complete


def test_states_that_were_not_expanded_are_not_called_doomed_or_stuck() -> None:
    found = verdict_of(three_cycle(), limit=5)
    assert set(found.survey.classes) == {"safe"}
    assert found.deadlocks == ()


def test_progress_is_told_every_ten_thousand_states() -> None:
    told: list[int] = []
    long = "int i; for (i = 0; i < 25000; i++) READ_ONCE(dst->f); return 0;"
    explore(program(long, "migrate(B, A)"), progress=told.append)
    assert told == [10_000, 20_000]


def test_numbers_that_outgrow_53_bits_are_exact() -> None:
    """Two tasks of 40 steps that never meet: 80 choose 40 interleavings."""
    loop = "int i; for (i = 0; i < 40; i++) READ_ONCE(dst->f); return 0;"
    found = verdict(loop)
    assert found.census.interleavings == 107507208733336176461620
    assert found.to_json()["interleavings"] == "107507208733336176461620"
