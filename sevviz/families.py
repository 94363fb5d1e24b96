"""Scenarios of any size: ringN, chainN, starN, pairsN and cliqueN."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["FAMILIES", "Family", "family_member", "vm_name"]

LETTERS = 26


class Family(NamedTuple):
    """Scenarios of one shape. `least` and `most` are the numbers that its name may end with."""

    name: str
    what: str
    least: int
    most: int

    @property
    def usage(self) -> str:
        """For messages: "ringN (N = 2 to 64)"."""
        return f"{self.name}N (N = {self.least} to {self.most})"


FAMILIES = (
    Family("ring", "{n} moves in a ring: A→B, B→C ... back to A", 2, 64),
    Family("chain", "{n} moves in a chain: A→B, B→C ...", 1, 64),
    Family("star", "{n} moves out of A: A→B, A→C ...", 1, 64),
    Family("pairs", "{n} pairs of opposite moves: A→B ‖ B→A, C→D ‖ D→C ...", 1, 32),
    Family("clique", "a move from each of {n} VMs to each other one", 2, 8),
)


def family_member(name: str) -> tuple[str, tuple[str, ...]] | None:
    """The title and the tasks of a scenario such as "ring8", None if it is no member of a family."""
    match = re.fullmatch(r"([a-z]+)(\d{1,3})", name)
    for family in FAMILIES:
        if match and match[1] == family.name and family.least <= int(match[2]) <= family.most:
            count = int(match[2])
            return family.what.format(n=count), tuple(f"migrate({b}, {a})" for a, b in _moves(family.name, count))
    return None


def _moves(family: str, count: int) -> list[tuple[str, str]]:
    """The moves of a member, as (source, destination)."""
    vms = [vm_name(number) for number in range(2 * count + 1)]
    match family:
        case "ring":
            return [(vms[i], vms[(i + 1) % count]) for i in range(count)]
        case "chain":
            return [(vms[i], vms[i + 1]) for i in range(count)]
        case "star":
            return [(vms[0], vms[i + 1]) for i in range(count)]
        case "pairs":
            return [pair for i in range(0, 2 * count, 2) for pair in ((vms[i], vms[i + 1]), (vms[i + 1], vms[i]))]
    return [(a, b) for a in vms[:count] for b in vms[:count] if a != b]


def vm_name(number: int) -> str:
    """The name of VM `number` from 0 in address order: A ... Z, AA, AB ..."""
    letter = chr(ord("A") + number % LETTERS)
    return letter if number < LETTERS else vm_name(number // LETTERS - 1) + letter
