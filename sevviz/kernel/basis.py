"""What a kept comparison stands on beside the text of a scheme: when that changes, the table is of another model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.catalogue import program
from sevviz.kernel.build import HERE
from sevviz.kernel.compare import expected, predict
from sevviz.kernel.generate import generate
from sevviz.kernel.recording import digest
from sevviz.kernel.schedules import choose
from sevviz.kernel.turns import turns_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevviz.csource import Scheme
    from sevviz.kernel.configuration import Configuration

__all__ = ["basis"]

SAMPLED = ("double", "ioctl", "signal")  # scenarios, each with a few schedules
SCHEDULES = 12


def basis(scheme: Scheme, configuration: Configuration) -> str:
    """Names what is compiled, the runner, the kernel's configuration, and what the model says of a few schedules."""
    files = [HERE / name for name in ("runner.c", "runner.h", f"{configuration.name}.config")]
    texts = [generate(scheme), *(path.read_text(encoding="utf-8") for path in files)]
    return digest([*texts, *_said(scheme, configuration)])


def _said(scheme: Scheme, configuration: Configuration) -> Iterator[str]:
    for scenario in SAMPLED:
        made = program(scheme, scenario)
        for schedule in choose(made, SCHEDULES).schedules:
            told = predict(made, turns_of(made, schedule, spinning=configuration.smp), configuration)
            for turn in told.turns:
                yield from (turn.word, *turn.lines)
            yield from (f"{kind} {task}" for kind, task in sorted(expected(told, configuration)))
