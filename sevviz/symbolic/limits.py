"""How much a symbolic search may use, and the exception that ends it when that is not enough."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LimitReachedError", "Limits"]


class LimitReachedError(Exception):
    """The search used up what it was given; the text says what. The verdict is then inconclusive."""


@dataclass(slots=True)
class Limits:
    """Nodes of diagrams, megabytes of the whole process and seconds of the search; None for no limit."""

    nodes: int | None = 1_000_000
    megabytes: int | None = 2_000
    seconds: float | None = 60.0
    progress: Callable[[int], None] | None = None  # called with the number of nodes, every 1,024 nodes
    started: float = field(default_factory=time.monotonic)
    seen: int = field(default=0, init=False)  # nodes at the last check

    def check(self, nodes: int) -> None:
        """Raise LimitReachedError if one of the limits is passed."""
        self.seen = max(self.seen, nodes)
        if self.progress is not None:
            self.progress(nodes)
        if self.nodes is not None and nodes > self.nodes:
            raise LimitReachedError(f"more than {self.nodes:,} nodes")
        if self.seconds is not None and time.monotonic() - self.started > self.seconds:
            raise LimitReachedError(f"more than {self.seconds:g} seconds")
        if self.megabytes is not None and _used_megabytes() > self.megabytes:
            raise LimitReachedError(f"more than {self.megabytes:,} MB")

    def check_visits(self, states: int, most: int) -> None:
        """Raise LimitReachedError if a search that visits states one by one has gone too far."""
        if states > most:
            raise LimitReachedError(f"more than {most:,} states visited one by one")
        if states & 1023 == 0:
            self.check(0)


def _used_megabytes() -> int:
    """What the process has used at most, 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(used // (1 << 20 if sys.platform == "darwin" else 1 << 10))
