"""The benchmark's own parts: the moves that other engines are given, what is skipped, and the table. No times."""

import sys
from pathlib import Path

import pytest
from benchmarks.__main__ import expected
from benchmarks.measure import Plan, Result, measure, states_in
from benchmarks.peers import FIRST, Peer, Tools, peers
from benchmarks.readme import put
from benchmarks.report import table as report_of
from benchmarks.smv import smv
from benchmarks.steps import Step, table

import sevviz
from sevviz.model import Program

PAIR, RING = ("flag_then_mutex", "double"), ("flag_then_mutex", "ring7")
SLOW = Peer("slow", "true")


def count_states(program: Program) -> int:
    """By the table of moves alone."""
    moves = table(program)
    steps, initial = moves["steps"], moves["initial"]
    assert isinstance(steps, list)
    assert isinstance(initial, list)
    todo = [((0,) * len(program.tasks), tuple(initial))]
    seen = set(todo)
    for places, values in todo:
        for step in steps:
            assert isinstance(step, Step)
            if places[step.task] == step.place and (step.object < 0 or values[step.object] == step.value):
                after = list(places), list(values)
                after[0][step.task] = step.next_place
                if step.object >= 0:
                    after[1][step.object] = step.next_value
                state = tuple(after[0]), tuple(after[1])
                if state not in seen:
                    seen.add(state)
                    todo.append(state)
    return len(seen)


@pytest.mark.parametrize(("scheme", "scenario"), [PAIR, ("v4", "double"), ("flag_then_mutex", "ring3")])
def test_other_engines_get_the_moves_of_the_program(scheme: str, scenario: str) -> None:
    program = sevviz.program(scheme, scenario)
    assert count_states(program) == len(sevviz.explore(program).states)


def test_the_nusmv_model_has_a_variable_for_each_task_and_object() -> None:
    program = sevviz.program(*PAIR)
    text = smv(program)
    assert all(f"  task{number} : {{" in text for number in range(2))
    assert all(f"  object{number} : {{" in text for number in range(len(program.objects)))


def test_peers_that_are_not_here_say_what_is_missing(tmp_path: Path) -> None:
    found = {peer.name: peer.missing for peer in peers(*PAIR, tmp_path, Tools("", "", ""))}
    assert found["NuSMV (BDDs)"] == "no --nusmv"
    assert found["minicheck (Python)"] == "no --minicheck"
    assert {
        peer.missing for peer in peers("v4", "double", tmp_path, Tools("a", "b", "c")) if "Harmony" in peer.name
    } == {"no model"}


def test_what_would_take_too_long_is_told_by_the_rate_of_smaller_cases() -> None:
    known = {(PAIR, "slow"): Result(1.0, 9, 100), (RING, "slow"): Result(3.0, 9, 2)}  # the 2 are all it has left
    known |= {(PAIR, FIRST): Result(0.1, 9, 100), (RING, FIRST): Result(0.1, 9, 2_000)}
    assert expected(SLOW, 10_000, known) == pytest.approx(10.0)
    assert expected(SLOW, 10_000, {}) == 0.0
    assert expected(SLOW._replace(visits=False), 1 << 70, known) == 0.0


def test_a_run_tells_its_states_and_a_broken_one_why(tmp_path: Path) -> None:
    plan = Plan(3, 3, 1, {"PATH": "/usr/bin:/bin"})
    tried = (Peer("good", "echo 12 states"), Peer("bad", "exit 3"), Peer("long", "sleep 20"))
    found = measure(tried, tmp_path, plan)
    assert found["good"].states == 12
    assert (found["bad"].said, found["long"].said) == ("failed with status 3", "> 1 s")


@pytest.mark.parametrize(("said", "states"), [
    ('{"states": "64702866091284208156671"}', 64702866091284208156671), ("     1054 states, stored", 1054),
    ("    * 125 states (time 0.02s", 125), ("{'reachable_states': 101, 'x': 1}", 101), ("nothing", None),
])  # fmt: skip
def test_the_number_of_states_is_read_in_each_engine_s_words(said: str, states: int | None) -> None:
    assert states_in(said) == states


def test_the_table_goes_between_the_markers(tmp_path: Path) -> None:
    results = {
        (PAIR, "a"): Result(0.1, 20, 101),
        (PAIR, "b"): Result(0.4, 9, 100),
        (PAIR, "c"): Result(said="skipped: x"),
    }
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- benchmark -->\nold\n<!-- /benchmark -->\nafter\n", encoding="utf-8")
    put("benchmark", report_of([PAIR], ["a", "b", "c"], results), readme)
    text = readme.read_text(encoding="utf-8")
    assert text.startswith("before\n<!-- benchmark -->\n\n|  | `flag_then_mutex` double |\n")
    assert text.endswith("<!-- /benchmark -->\nafter\n")
    assert "| b | 0.4 s<br>4 x, 9 MB<br>100 states |" in text
    assert "| c | skipped: x |" in text
    assert "old" not in text
    assert sys.executable not in text
