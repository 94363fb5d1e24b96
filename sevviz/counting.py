"""Numbers with the nouns that they count."""

from __future__ import annotations

__all__ = ["all_states", "counted"]


def counted(number: int, noun: str) -> str:
    """A number, its digits in groups, and its noun: "1 step", "1,234 steps". The noun's plural takes an s."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def all_states(number: int) -> str:
    """What a finished search visited: "all 101 states", "the only state"."""
    return "the only state" if number == 1 else f"all {counted(number, 'state')}"
