"""One seed: a random scheme in surroundings that belong to the seed, asked of three engines."""

from typing import Any, NamedTuple

from agreement import compare
from oracle import TooLarge, parse_scheme, reachable, scenario_from_table
from oracle.compare import differences
from random_schemes import random_scheme

import sevviz
from sevviz.catalogue import make_scenario
from sevviz.model import Program
from sevviz.symbolic import check_symbolic
from sevviz.verdict import verdict_of

DOUBLE = ["migrate(B, A)", "migrate(A, B)"]
RING = ["migrate(B, A)", "migrate(C, B)", "migrate(A, C)"]
SURROUNDINGS: tuple[dict[str, Any], ...] = (
    {"tasks": DOUBLE},
    {"tasks": ["migrate(B, A)", "migrate(B, A)"]},
    {"tasks": ["migrate(A, A)", "ioctl(A)"], "signals": True},
    {"tasks": ["migrate(B, A)", "migrate(C, B)"], "retry": 1},
    {"tasks": [*DOUBLE, "ioctl(A)"]},
    {"tasks": DOUBLE, "signals": True},
    {"tasks": DOUBLE, "retry": "forever"},
    {"tasks": DOUBLE, "retry": 1, "signals": True},
    {"tasks": DOUBLE, "memory": "weak"},
    {"tasks": RING},
    {"tasks": ["migrate(B, A)", "migrate(C, A)", "ioctl(A)"]},
)
STATES = 20_000  # of the explicit search; larger programs are left out


class Finding(NamedTuple):
    """What comparing one seed gave: the number of states (0: left out as too large) and the disagreements."""

    seed: int
    states: int
    disagreements: tuple[str, ...]


def surroundings_of(seed: int) -> dict[str, Any]:
    """The scenario that goes with a seed."""
    return SURROUNDINGS[seed % len(SURROUNDINGS)]


def program_of(seed: int) -> Program:
    """The random scheme of a seed in its surroundings."""
    return sevviz.program(sevviz.load_text(random_scheme(seed)), make_scenario("random", surroundings_of(seed)))


def compare_seed(seed: int, *, with_oracle: bool = True) -> Finding:
    """Ask all engines about a seed."""
    explicit = verdict_of(program_of(seed), STATES)
    if not explicit.complete:
        return Finding(seed, 0, ())
    # A program of its own, so that no engine sees positions that another one has numbered.
    found = compare(explicit, check_symbolic(program_of(seed)))
    table = surroundings_of(seed)
    if with_oracle and table.get("memory", "strong") == "strong":
        try:
            expected = reachable(parse_scheme(random_scheme(seed)), scenario_from_table(table))
            found += [f"oracle: {difference}" for difference in differences(explicit.to_json(), expected)]
        except TooLarge:
            pass
    return Finding(seed, len(explicit.graph.states), tuple(found))
