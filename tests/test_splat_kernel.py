"""The generated reports against a kernel that is booted for them: corner cases that no recording has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from test_splat_recorded import MACHINES, normal

import sevviz
from sevviz.catalogue import make_scenario
from sevviz.kernel.boot import boot
from sevviz.kernel.build import build
from sevviz.kernel.case import make_case
from sevviz.kernel.configuration import CONFIGURATIONS
from sevviz.kernel.record import excerpt
from sevviz.kernel.schedules import choose
from sevviz.kernel.turns import turns_of
from sevviz.splats import splat_of

if TYPE_CHECKING:
    from sevviz.kernel.configuration import Kernel

# The image is that of test_kernel_compare.py, and so is the worker.
pytestmark = [pytest.mark.kernel, pytest.mark.slow, pytest.mark.xdist_group("kernel")]

CORNERS = sorted((Path(__file__).parent / "kernel").glob("*.c"))
ONE_CPU_ONLY = "spin-trylock-on-up"  # a complaint that a kernel with several CPUs never makes
SCENARIOS: dict[str, dict[str, Any]] = {
    "double": {"tasks": ["migrate(B, A)", "migrate(A, B)"]},
    "killed": {"tasks": ["migrate(A, A)"], "signals": True},
}


def debug_kernel() -> Kernel:
    return build(CONFIGURATIONS["debug"], [sevviz.load(name) for name in (*sevviz.scheme_names(), *map(str, CORNERS))])


def test_the_generated_log_is_what_the_kernel_prints_in_corner_cases() -> None:
    """Circular dependencies, bad unlocks, locks kept at return, killed waiters, nest locks: what recordings lack."""
    kernel, kinds = debug_kernel(), set[str]()
    for path in CORNERS:
        for name, table in SCENARIOS.items():
            case = make_case(path, make_scenario(name, table))
            for schedule in choose(case.program, 5).schedules:
                run = boot(kernel, case, turns_of(case.program, schedule))
                if ONE_CPU_ONLY in {kind for kind, _ in run.findings}:
                    continue
                shown = splat_of(case.program, schedule, MACHINES["debug"])
                said, printed = excerpt(shown.log), excerpt(run.console)
                assert [*map(normal, said)] == [*map(normal, printed)], f"{path.stem} {name} {schedule}"
                kinds |= {report.kind for report in shown.reports}
    assert {"circular", "bad-unlock", "held-at-return", "hung-task", "unlock-by-non-owner"} <= kinds
    assert {"nest-lock-not-held", "nest-lock-mixed"} <= kinds


def test_after_a_nesting_in_order_lockdep_does_not_see_the_deadlock_that_its_comparison_function_forbids() -> None:
    """Notebook 08: one move from the lower address to the higher one, and then the ABBA deadlock."""
    case = make_case(
        "naive_ordered", make_scenario("before", {"tasks": ["migrate(A, B)", "migrate(B, A)", "migrate(A, B)"]})
    )
    run = boot(debug_kernel(), case, turns_of(case.program, (1, 1, 1, 1, 1, 1, 2, 3)))
    assert sorted(run.findings) == [("hung-task", 2), ("hung-task", 3)]
