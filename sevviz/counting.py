"""Numbers with the nouns that they count."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, noun: str) -> str:
    """A number, its digits in groups, and its noun: "1 step", "1,234 steps". The noun's plural takes an s."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
