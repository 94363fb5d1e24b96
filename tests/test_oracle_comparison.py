"""sevviz's engine against the oracle: every scheme in every scenario, corner cases, and random schemes."""

import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from oracle import Result, parse_scheme, reachable, scenario_from_table
from oracle.compare import differences
from pairs import pairs, shipped_verdict
from random_schemes import random_scheme, random_stores

import sevviz
from sevviz.catalogue import make_scenario

HERE = Path(__file__).parent
DATA = HERE.parent / "data"
HEADER = "/*\n * title: Corner case\n * source: made up for this test\n * entry: migrate\n */\n"
ALL_SCENARIOS = tomllib.loads((DATA / "scenarios.toml").read_text(encoding="utf-8"))
# The oracle's memory is strong: every store is seen at once and in program order.
SCENARIOS = {name: table for name, table in ALL_SCENARIOS.items() if table.get("memory", "strong") == "strong"}
CASES = tomllib.loads((HERE / "oracle" / "cases.toml").read_text(encoding="utf-8"))
DOUBLE = ["migrate(B, A)", "migrate(A, B)"]
SURROUNDINGS: tuple[dict[str, Any], ...] = (
    {"tasks": DOUBLE},
    {"tasks": ["migrate(B, A)", "migrate(B, A)"]},
    {"tasks": ["migrate(A, A)", "ioctl(A)"]},
    {"tasks": ["migrate(B, A)", "migrate(C, B)"]},
    {"tasks": [*DOUBLE, "ioctl(A)"]},
    {"tasks": DOUBLE, "signals": True},
    {"tasks": ["migrate(A, A)", "ioctl(B)"], "signals": True},
    {"tasks": DOUBLE, "retry": "forever"},
    {"tasks": DOUBLE, "retry": 1, "signals": True},
    {"tasks": ["migrate(A, B)", "migrate(A, B)", "ioctl(B)"], "cpus": 1, "signals": True},
    {"tasks": ["migrate(A, B)", "migrate(B, A)", "ioctl(B)"], "cpus": 2},
)
SEEDS_IN_A_BLOCK = 11
BLOCKS = 20


def compared(text: str, table: dict[str, Any]) -> tuple[list[str], Result]:
    """What engine and oracle say differently about a scheme, and the oracle's result."""
    result = reachable(parse_scheme(text), scenario_from_table(table))
    verdict = sevviz.check(sevviz.load_text(text), make_scenario("test", table)).to_json()
    return differences(verdict, result), result


@pairs(SCENARIOS)
def test_engine_and_oracle_agree_on_every_scheme_in_every_scenario(scheme: str, scenario: str) -> None:
    """Outcomes, their counts, lengths of shortest schedules and faults are the same."""
    text = (DATA / "schemes" / f"{scheme}.c").read_text(encoding="utf-8")
    table = {key: value for key, value in SCENARIOS[scenario].items() if key != "memory"}
    result = reachable(parse_scheme(text), scenario_from_table(table))
    assert differences(shipped_verdict(scheme, scenario).to_json(), result) == []


@pytest.mark.parametrize("name", CASES)
def test_engine_and_oracle_agree_on_a_corner_case(name: str) -> None:
    """The corners of C and of the rules, each in a scheme of its own."""
    table = {key: value for key, value in CASES[name].items() if key != "body"}
    assert compared(HEADER + CASES[name]["body"], table)[0] == []


@pytest.mark.parametrize("block", range(BLOCKS))
def test_engine_and_oracle_agree_on_random_schemes(block: int) -> None:
    """Each scheme meets two of the surroundings, a different pair in each block."""
    disagreements = {}
    for seed in range(block * SEEDS_IN_A_BLOCK, (block + 1) * SEEDS_IN_A_BLOCK):
        for turn in (seed, seed + 1 + block % 10):
            table = SURROUNDINGS[turn % len(SURROUNDINGS)]
            found, _ = compared(random_scheme(seed), table)
            if found:
                disagreements[seed, str(table)] = found
    assert disagreements == {}


def test_engine_and_oracle_agree_on_what_stores_leave_in_bools_and_ints() -> None:
    disagreements = {}
    for seed in range(60):
        found, _ = compared(random_stores(seed), {"tasks": ["migrate(A, B)"]})
        if found:
            disagreements[seed] = found
    assert disagreements == {}


def test_random_schemes_reach_every_kind_of_end_and_fault() -> None:
    """Agreement would mean little if the random schemes never went wrong."""
    met: set[str] = set()
    for seed in range(100):
        result = reachable(parse_scheme(random_scheme(seed)), scenario_from_table({"tasks": DOUBLE}))
        met.update({kind for kind, _ in result.outcomes} | {fault[0] for fault in result.faults})
    ends = {"returned", "deadlock", "fault:unlock-not-held", "fault:exclusion"}
    lasting = {"sleep-in-atomic", "unlock-not-held", "held-at-return", "flag-left-set", "exclusion", "self-deadlock"}
    assert met == ends | lasting


@pytest.mark.parametrize("change", ["count", "schedule", "returns", "kind", "fault line", "fault lost", "fault count"])
def test_a_changed_verdict_is_noticed(change: str) -> None:
    """The comparison is not one that cannot fail."""
    text = (DATA / "schemes" / "v4.c").read_text(encoding="utf-8")
    result = reachable(parse_scheme(text), scenario_from_table({"tasks": DOUBLE}))
    verdict = sevviz.check("v4").to_json()
    assert differences(verdict, result) == []
    assert differences(changed(verdict, change), result) != []


def changed(verdict: dict[str, Any], change: str) -> dict[str, Any]:
    """A verdict with one thing wrong."""
    verdict = deepcopy(verdict)
    outcome, fault = verdict["outcomes"][0], verdict["faults"][0]
    match change:
        case "count":
            outcome["interleavings"] = str(int(outcome["interleavings"]) + 1)
        case "schedule":
            outcome["schedule"] += " 1"
        case "returns":
            outcome["returns"][0] = "-EINVAL"
        case "kind":
            outcome["kind"] = "deadlock"
        case "fault line":
            fault["line"] += 1
        case "fault lost":
            verdict["faults"].pop()
        case "fault count":
            fault["interleavings"] = "1"
    return verdict
