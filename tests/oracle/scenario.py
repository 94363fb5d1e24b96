"""A scenario as the oracle wants it: the calls, the first values, and the environment's powers."""

import re
from dataclasses import dataclass, field
from typing import Any

from .values import Pointer


@dataclass(frozen=True, slots=True)
class Scenario:
    """Contract 2. ``retry`` is how often a task starts its call again on -EBUSY; None means for ever."""

    calls: tuple[tuple[str, tuple[Pointer, ...]], ...]
    initial: dict[str, int] = field(default_factory=dict)
    signals: bool = False
    retry: int | None = 0


def scenario_from_table(table: dict[str, Any]) -> Scenario:
    """Read one table of scenarios.toml. ``cpus`` is left to the engine: the oracle refuses it."""
    assert "cpus" not in table, "the oracle has no processors"
    retry = table.get("retry", 0)
    return Scenario(
        calls=tuple(_call(text) for text in table["tasks"]),
        initial={name: int(value) for name, value in table.get("initial", {}).items()},
        signals=bool(table.get("signals", False)),
        retry=None if retry == "forever" else int(retry),
    )


def _call(text: str) -> tuple[str, tuple[Pointer, ...]]:
    name, *machines = re.findall(r"\w+", text)
    return name, tuple(Pointer(machine) for machine in machines)
