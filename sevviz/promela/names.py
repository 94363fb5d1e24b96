"""Names for shared objects that SPIN takes: neither words of Promela, nor names that the model or the verifier uses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["identifiers"]

# Promela's keywords and predefined names (its reference manual, "Reserved Words").
KEYWORDS = """
active assert atomic bit bool break byte c_code c_decl c_expr c_state c_track chan d_proctype d_step do D_proctype else
empty enabled eval false fi for full get_priority goto hidden if in init inline int len local ltl mtype nempty never
nfull notrace np_ od of pc_value pid print printf printm priority proctype provided return run select set_priority short
show skip STDIN timeout trace true typedef unless unsigned xr xs _ _last _nr_pr _pid _priority
"""
# Macros of the verifier in C, of its C compiler and of its headers.
MACROS = """
Air0 Air1 Addproc Index Offsetof PanSource SpinVersion StackSize UnBlock cas errno final get16bits getframe linux max
mix now pptr q_sz qptr rot stderr stdin stdout uchar uint ulong unix ushort wasnew
"""
TAKEN = frozenset((KEYWORDS + MACROS).split())
# What the model has besides objects: variables, processes and labels.
OWN = re.compile(r"fault|(task|result|inside)_\d+|end_\d+(_\w+)?|(\w+_)?line_\d+_\d+(_\w+)?")
CAPITALS = re.compile(r"[^a-z]+")  # most macros are


def identifiers(names: Sequence[str]) -> list[str]:
    """A name in Promela for each object: its own one with "_" for what is no letter or digit, and after a clash."""
    found: list[str] = []
    for name in names:
        new = re.sub(r"[^A-Za-z0-9_]+", "_", name)
        while new in found or _is_taken(new):
            new += "x" if CAPITALS.fullmatch(new) else "_"
        found.append(new)
    return found


def _is_taken(name: str) -> bool:
    return name in TAKEN or any(taken.fullmatch(name) for taken in (OWN, CAPITALS))
