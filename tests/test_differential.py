"""Explicit engine, symbolic engine and oracle on random schemes and on every shipped scheme in every scenario."""

import pytest
from agreement import compare, disagreements
from differential import compare_seed, program_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pairs import WITHOUT_CPUS, pairs, shipped_verdict

import sevviz
from sevviz.explorer import explore
from sevviz.interpreter import moves
from sevviz.symbolic import check_symbolic

LARGEST_SEED = 1_000_000


@pairs(WITHOUT_CPUS)
def test_both_engines_agree_on_every_scheme_in_every_scenario(scheme: str, scenario: str) -> None:
    """Numbers of states, outcomes, faults, endless runs and the lengths of all schedules are the same."""
    found = shipped_verdict(scheme, scenario)
    assert found.complete
    assert compare(found, check_symbolic(found.program)) == []


@pytest.mark.parametrize("first", range(0, 120, 40))
def test_three_engines_agree_on_random_schemes(first: int) -> None:
    """The same seeds in every run; the command `python -m differential` compares on as many as one likes."""
    found = [compare_seed(seed) for seed in range(first, first + 40)]
    assert [finding for finding in found if finding.disagreements] == []
    assert sum(finding.states for finding in found) > 2_000


@pytest.mark.parametrize("seed", [211, 326, 2367, 3802])
def test_engines_agree_where_a_long_run_once_found_that_they_did_not(seed: int) -> None:
    """211, 2367: see the test below. 326, 3802: one fault of the oracle is two of the engine, by what is held."""
    assert compare_seed(seed).disagreements == ()


def test_one_place_may_break_another_rule_when_its_lock_is_held() -> None:
    """After a signal: a free mutex is taken, which may sleep; from a held one the task returns with its spinlock."""
    header = "/*\n * title: t\n * source: s\n * entry: migrate\n */\n"
    body = """\tspin_lock(&dst->guard);
\tif (mutex_lock_killable(&src->lock))
\t\treturn -EINTR;
\tmutex_unlock(&src->lock);
\tspin_unlock(&dst->guard);
\treturn 0;
"""
    text = f"{header}static int migrate(struct kvm *dst, struct kvm *src)\n{{\n{body}}}\n"
    program = sevviz.program(text, tasks=("migrate(B, A)", "ioctl(A)"), signals=True)
    assert disagreements(program) == []
    assert {found.fault.kind for found in check_symbolic(program).faults} == {"sleep-in-atomic", "held-at-return"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, LARGEST_SEED))
def test_both_engines_agree_on_schemes_nobody_has_seen(seed: int) -> None:
    """New seeds in every run."""
    assert compare_seed(seed, with_oracle=False).disagreements == ()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, LARGEST_SEED))
def test_equal_states_have_equal_hashes_and_successors(seed: int) -> None:
    """The identity of states is what the explicit search rests on."""
    program = program_of(seed)
    for state in explore(program, 50).states:
        twin = type(state)(*(tuple(part) for part in state))
        assert (state, hash(state), moves(program, state)) == (twin, hash(twin), moves(program, twin))
