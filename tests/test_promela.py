"""The Promela export: what it says, and that SPIN agrees on every shipped scheme in every scenario."""

import re
from pathlib import Path

import pytest
from differential import compare_seed, program_of
from pairs import WITHOUT_CPUS, pairs, shipped_verdict
from spin import run, run_spin

import sevviz
from sevviz.explorer import StateGraph, explore
from sevviz.model import FAULTED
from sevviz.promela import promela
from sevviz.symbolic import Limits


def test_labels_are_the_lines_of_the_c_text() -> None:
    """Line 26 of the scheme is the mutex_lock."""
    text = promela(sevviz.program("flag_then_mutex", "double"))
    assert "line_29_" in text
    assert "active proctype task_2()" in text
    assert "d_step { B_lock == 0 -> B_lock = 1 }" in text


def test_a_scenario_with_cpus_is_refused() -> None:
    with pytest.raises(sevviz.ScenarioError, match="cpus has no Promela model"):
        promela(sevviz.program("v4", "cpus"))


def test_the_model_is_the_same_each_time() -> None:
    models = {promela(sevviz.program("sev_lock_two_vms", "signal")) for _ in range(2)}
    assert len(models) == 1


def test_a_counter_that_could_grow_for_ever_is_written_as_far_as_it_does_grow() -> None:
    header = "/*\n * title: t\n * source: s\n * entry: migrate\n * persistent: n\n */\n"
    text = header + "static int migrate(struct kvm *dst, struct kvm *src)\n{\n\tdst->n++;\n\treturn 0;\n}\n"
    model = promela(sevviz.program(text, tasks=("migrate(B, A)", "migrate(B, A)")))
    assert "B_n = 2" in model
    assert "B_n = 3" not in model


HEADER = "/*\n * title: t\n * source: s\n * entry: f\n * persistent: {}\n */\n"
# Two fields that feed each other: every value may meet every other one, but few do.
GROWING = (
    "static int f(struct kvm *k)\n{\n\tk->x = k->x + 1;\n\tk->y = k->y + k->x;\n\tk->x = k->x + k->y;\n\treturn 0;\n}\n"
)


def test_values_that_would_multiply_without_end_are_searched_for() -> None:
    program = sevviz.program(sevviz.load_text(HEADER.format("x, y") + GROWING), tasks=("f(A)", "f(A)"))
    model = promela(program)
    reached = {state.values for state in explore(program).states}
    assert {int(value) for value in re.findall(r"A_x = (\d+)", model)} == {x for x, _ in reached}


def test_values_without_end_are_an_error_in_words() -> None:
    text = "static int f(struct kvm *k)\n{\n\twhile (!READ_ONCE(k->y))\n\t\tk->x = k->x + 1;\n\treturn 0;\n}\n"
    program = sevviz.program(sevviz.load_text(HEADER.format("x") + text), tasks=("f(A)", "f(A)"))
    with pytest.raises(sevviz.SevvizError, match="too many for a Promela model: more than 2,000 nodes"):
        promela(program, Limits(nodes=2_000))


NAMES = [
    "chan", "skip", "od", "of", "run", "len", "timeout", "show", "mtype", "nempty", "provided", "init", "fault",
    "task_1", "result_1", "inside_1", "end_3", "line_8_0", "_pid", "_last", "linux", "errno", "max", "now", "RUNNING",
    "REPORT", "MA", "chan_", "A_x", "größe", "grüße", "zähler_", "uint", "final", "A_inner_lock",
]  # fmt: skip


@pytest.mark.spin
def test_names_that_promela_or_the_model_has_already_are_written_otherwise(tmp_path: Path) -> None:
    fields = ["x", "chan", "größe", "grüße", "inner.lock", "result_1"]
    places = [*NAMES, *(f"k->{name}" for name in fields)]
    writes = "".join(f"\t{place} = {number};\n" for number, place in enumerate(places, 1))
    text = HEADER.format(", ".join([*NAMES, *fields])) + "".join(f"static int {name};\n" for name in NAMES)
    text += f"static int f(struct kvm *k)\n{{\n{writes}\treturn 0;\n}}\n"
    assert_spin_agrees(explore(sevviz.program(sevviz.load_text(text), tasks=("f(A)",))), tmp_path)


@pytest.mark.spin
def test_numbers_of_32_bits_and_the_one_that_usually_stands_for_no_result(tmp_path: Path) -> None:
    """65,536 is not 0, as it were in 16 bits, and 32,767 is a result like others."""
    text = "static int f(struct kvm *k)\n{\n\tk->x = 65536;\n\tif (k->x)\n\t\treturn 32767;\n\treturn 100000;\n}\n"
    text += "static int g(struct kvm *k)\n{\n\tk->x = 0;\n\treturn -70000;\n}\n"
    program = sevviz.program(sevviz.load_text(HEADER.format("x") + text), tasks=("f(A)", "g(A)"))
    assert_spin_agrees(explore(program), tmp_path)


@pytest.mark.spin
def test_a_place_that_is_never_left_is_a_dead_end(tmp_path: Path) -> None:
    """Only the lock's holder comes to ask for it: no case of the operation is left to write."""
    text = (
        "static int f(struct kvm *k)\n{\n\tmutex_lock(&k->lock);\n\tk->x--;\n\tmutex_lock(&k->lock);\n\treturn 0;\n}\n"
    )
    program = sevviz.program(sevviz.load_text(HEADER.format("x") + text), tasks=("f(A)",))
    assert_spin_agrees(explore(program), tmp_path)


def first_dead_end(graph: StateGraph) -> int | None:
    """The length of a shortest schedule to a state without a step in which tasks are left, faulted states included."""
    program = graph.program
    for number, state in enumerate(graph.states):
        left = any(program.position(state, task).operation is not None for task in range(len(program.tasks)))
        if left and not graph.edges[number]:
            return len(graph.schedule_to(number))
    return None


def returned(graph: StateGraph) -> set[tuple[int, ...]]:
    """The results of all states in which every task has returned by a step."""
    program = graph.program
    found = set()
    for state in graph.states[1:]:
        results = tuple(program.position(state, task).result for task in range(len(program.tasks)))
        if not any(mark & FAULTED for mark in state.marks):
            found.add(tuple(result for result in results if result is not None))
    return {results for results in found if len(results) == len(program.tasks)}


def assert_spin_agrees(graph: StateGraph, folder: Path) -> None:
    """As many states, the same results, and a dead end after as many steps."""
    found = run_spin(graph.program, folder, spin=("-DOUTCOMES",), flags=("-DNOREDUCE",))
    assert found.states == len(graph.states)
    assert found.outcomes == returned(graph)
    expected = first_dead_end(graph)
    assert (found.first_error is None) == (expected is None)
    if expected is not None:
        shortest = run_spin(graph.program, folder, flags=("-DNOREDUCE", "-DBFS"))
        assert shortest.first_error == expected


@pytest.mark.spin
@pairs(WITHOUT_CPUS)
def test_spin_agrees_on_every_scheme_in_every_scenario(scheme: str, scenario: str, tmp_path: Path) -> None:
    """SPIN stores as many states as the explicit engine visits."""
    assert_spin_agrees(shipped_verdict(scheme, scenario).graph, tmp_path)


@pytest.mark.spin
@pytest.mark.parametrize("seed", range(30))
def test_spin_agrees_on_random_schemes(seed: int, tmp_path: Path) -> None:
    assert compare_seed(seed, with_oracle=False).disagreements == ()
    assert_spin_agrees(explore(program_of(seed)), tmp_path)


@pytest.mark.spin
@pytest.mark.parametrize(("flags", "options"), [
    (("-DNOREDUCE", "-DBFS_PAR"), ("-u2",)),
    (("-DNOREDUCE", "-DBITSTATE"), ("-h7",)),
    (("-DSTOP",), ()),
])  # fmt: skip
def test_the_ways_out_that_the_model_names_find_the_deadlock(
    flags: tuple[str, ...], options: tuple[str, ...], tmp_path: Path
) -> None:
    """Several cores, one run of a swarm, and partial order reduction."""
    (tmp_path / "model.pml").write_text(promela(sevviz.program("naive", "ring4")), encoding="utf-8")
    first = [flag for flag in flags if flag == "-DSTOP"]
    run(tmp_path, "spin", *first, "-a", "model.pml")
    run(tmp_path, "gcc", "-DMEMLIM=500", *flags, "-o", "pan", "pan.c")
    assert "invalid end state" in run(tmp_path, "./pan", *options)
