"""A scenario as the oracle wants it: the calls, the first values, and the environment's powers."""

import re
from dataclasses import dataclass, field
from typing import Any

from .values import Pointer

Call = tuple[str, tuple[Pointer, ...]]
"""The name of a function and its VMs."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Contract 2: ``calls`` has what each task calls, one after the other.

    ``retry`` is how often a task starts its call again on -EBUSY; None means for ever.
    ``cpus`` None means that each task has its own.
    """

    calls: tuple[tuple[Call, ...], ...]
    initial: dict[str, int] = field(default_factory=dict)
    signals: bool = False
    retry: int | None = 0
    cpus: int | None = None


def scenario_from_table(table: dict[str, Any]) -> Scenario:
    """Read one table of scenarios.toml. Memory is always strong here, so ``memory`` is refused."""
    unknown = set(table) - {"title", "what", "tasks", "initial", "signals", "retry", "cpus"}
    assert not unknown, f"the oracle does not know {unknown}"
    retry = table.get("retry", 0)
    assert not (retry and any(";" in text for text in table["tasks"])), "the oracle starts whole tasks again, not calls"
    return Scenario(
        calls=tuple(tuple(map(_call, text.split(";"))) for text in table["tasks"]),
        initial={name: int(value) for name, value in table.get("initial", {}).items()},
        signals=bool(table.get("signals", False)),
        retry=None if retry == "forever" else int(retry),
        cpus=table.get("cpus"),
    )


def _call(text: str) -> Call:
    name, *machines = re.findall(r"\w+", text)
    return name, tuple(Pointer(machine) for machine in machines)
