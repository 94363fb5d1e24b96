"""The symbolic engine: known numbers, shortest schedules, many VMs, limits, and the diagrams themselves."""

import json
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sevviz
from sevviz.symbolic import Limits, check_symbolic
from sevviz.symbolic.diagrams import EMPTY, MASK, Diagrams
from sevviz.symbolic.limits import LimitReachedError
from sevviz.symbolic.nearest import Nearest
from sevviz.traces import run

FLAG_RING_OF_8 = 117_988_449


def test_a_ring_of_eight_has_the_known_number_of_states() -> None:
    """A number to notice changes by; smaller rings are held against the explicit engine below."""
    assert check_symbolic(sevviz.program("flag_then_mutex", "ring8")).states == FLAG_RING_OF_8


@pytest.mark.parametrize("count", [2, 3, 4])
def test_small_rings_have_as_many_states_as_the_explicit_engine_visits(count: int) -> None:
    program = sevviz.program("flag_then_mutex", f"ring{count}")
    assert check_symbolic(program).states == len(sevviz.explore(program).states)


def test_a_ring_of_32_flags_is_certified() -> None:
    """No deadlock, no fault; any number of tasks can get -EBUSY, all of them too."""
    verdict = check_symbolic(sevviz.program("flag_then_mutex", "ring32"))
    assert verdict.status == "clean"
    busy = next(count for count in verdict.counts if count.result == "-EBUSY")
    assert busy.numbers == tuple(range(33))
    last = run(verdict.program, busy.schedule).states[-1]
    assert {verdict.program.position(last, task).result for task in range(32)} == {-16}


def test_a_naive_ring_of_32_deadlocks_after_32_steps() -> None:
    """Each task takes one lock, then the ring is closed."""
    verdict = check_symbolic(sevviz.program("naive", "ring32"))
    assert [(len(d.schedule), len(d.deadlock.waits)) for d in verdict.deadlocks if d.deadlock] == [(32, 32)]


def test_numbers_that_outgrow_53_bits_are_strings() -> None:
    found = check_symbolic(sevviz.program("naive", "ring32")).to_json()
    assert found["states"] == "64702866091284208156671"
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("scenario", ["chain6", "star5", "pairs3", "clique3"])
@pytest.mark.parametrize("scheme", ["naive", "flag_then_mutex", "address_order"])
def test_families_have_the_verdict_of_the_explicit_engine(scheme: str, scenario: str) -> None:
    """Where the explicit search finishes, the status is the same."""
    program = sevviz.program(scheme, scenario)
    symbolic = check_symbolic(program)
    assert symbolic.complete
    graph = sevviz.explore(program, 30_000)
    assert symbolic.states == len(graph.states) if graph.complete else (symbolic.states or 0) > 30_000


def test_scenarios_that_count_cpus_are_inconclusive() -> None:
    verdict = check_symbolic(sevviz.program("v4", "cpus"))
    assert (verdict.status, verdict.states) == ("inconclusive", None)
    assert "CPUs" in verdict.notes[0]


@pytest.mark.parametrize("limits", [Limits(nodes=100), Limits(seconds=0.0), Limits(megabytes=1)])
def test_a_limit_is_an_answer(limits: Limits) -> None:
    """What stopped the search is said, and nothing is certified."""
    verdict = check_symbolic(sevviz.program("v4", "ring16"), limits)
    assert (verdict.status, verdict.complete) == ("inconclusive", False)
    assert "stopped at a limit: more than" in verdict.notes[0]


def test_progress_is_told_in_nodes() -> None:
    told: list[int] = []
    check_symbolic(sevviz.program("flag_then_mutex", "ring8"), Limits(progress=told.append))
    assert told
    assert told == sorted(told)


def test_a_counter_needs_no_bound_beforehand() -> None:
    """Two tasks that count one field up: three values are found, none is made up."""
    header = "/*\n * title: t\n * source: s\n * entry: migrate\n * persistent: n\n */\n"
    text = header + "static int migrate(struct kvm *dst, struct kvm *src)\n{\n\tdst->n++;\n\treturn 0;\n}\n"
    program = sevviz.program(text, tasks=("migrate(B, A)", "migrate(B, A)"))
    assert check_symbolic(program).states == len(sevviz.explore(program).states)


def test_an_endless_retry_is_found_as_by_the_explicit_engine() -> None:
    program = sevviz.program("flag_then_mutex", "retry")
    explicit, symbolic = sevviz.check("flag_then_mutex", "retry"), check_symbolic(program)
    assert explicit.livelock is not None
    assert symbolic.livelock is not None
    assert len(explicit.livelock.stem) == len(symbolic.livelock.stem)
    assert len(explicit.livelock.loop) == len(symbolic.livelock.loop)


# The diagrams, against plain sets of states with distances.

Points = dict[tuple[int, ...], int]
points = st.dictionaries(st.tuples(*[st.integers(0, 2)] * 3), st.integers(0, 5), max_size=12)


def diagram_of(diagrams: Diagrams, chosen: Points) -> int:
    found = EMPTY
    for point, distance in chosen.items():
        found = diagrams.union(found, diagrams.state(point) + distance)
    return found


def points_of(diagrams: Diagrams, edge: int) -> Points:
    every = ((point, diagrams.distance(edge, point)) for point in product(range(3), repeat=3))
    return {point: distance for point, distance in every if distance is not None}


@settings(deadline=None)
@given(points, points)
def test_operations_on_diagrams_are_those_on_sets(one: Points, other: Points) -> None:
    diagrams = Diagrams(3, Limits())
    a, b = diagram_of(diagrams, one), diagram_of(diagrams, other)
    nearer = {p: min(d for d in (one.get(p), other.get(p)) if d is not None) for p in one | other}
    assert points_of(diagrams, diagrams.union(a, b)) == nearer
    assert points_of(diagrams, diagrams.meet(a, b)) == {p: d for p, d in one.items() if p in other}
    assert points_of(diagrams, diagrams.minus(a, b)) == {p: d for p, d in one.items() if p not in other}
    assert points_of(diagrams, diagrams.restrict(a, {1: {0, 2}})) == {p: d for p, d in one.items() if p[1] != 1}
    assert points_of(diagrams, diagrams.flat(a)) == dict.fromkeys(one, 0)


@settings(deadline=None)
@given(points, st.dictionaries(st.integers(0, 2), st.sets(st.integers(0, 2)), min_size=1))
def test_a_nearest_state_with_some_values_is_found_without_a_diagram_of_its_own(
    chosen: Points, allowed: dict[int, set[int]]
) -> None:
    diagrams = Diagrams(3, Limits())
    found = Nearest(diagrams, diagram_of(diagrams, chosen)).find(allowed)
    fitting = {p: d for p, d in chosen.items() if all(p[level] in values for level, values in allowed.items())}
    if found is None:
        assert not fitting
    else:
        assert found[0] == min(fitting.values()) == fitting[found[1]]


@settings(deadline=None)
@given(points)
def test_questions_to_a_diagram_are_answered_as_by_the_set(chosen: Points) -> None:
    diagrams = Diagrams(3, Limits())
    edge = diagram_of(diagrams, chosen)
    assert diagrams.count(edge) == len(chosen)
    assert diagram_of(diagrams, chosen) == edge
    if chosen:
        assert edge & MASK == min(chosen.values()) == chosen[diagrams.nearest(edge)]
        some = next(iter(chosen))[0]
        assert diagrams.meets(diagrams.levels(edge), (0, some), (2, {0, 1})) == {
            p[2] for p in chosen if p[0] == some and p[2] < 2
        }


def test_a_table_of_nodes_that_grows_too_large_is_refused() -> None:
    diagrams = Diagrams(2_000, Limits(nodes=10))
    with pytest.raises(LimitReachedError, match="more than 10 nodes"):
        diagrams.state((0,) * 2_000)
