"""Which locals may still be read: what nobody reads again is forgotten, so that equal futures are equal places."""

from __future__ import annotations

from sevviz.csource.ir import Access, Assign, Branch, Call, Function, Instruction, Jump, Return, locals_in

__all__ = ["live_slots"]


def live_slots(function: Function) -> list[frozenset[int]]:
    """For each instruction the slots that may be read from there on (backward data flow to a fixed point)."""
    code = function.code
    live: list[frozenset[int]] = [frozenset()] * (len(code) + 1)
    changed = True
    while changed:
        changed = False
        for pc in range(len(code) - 1, -1, -1):
            instruction = code[pc]
            after = frozenset[int]().union(*(live[target] for target in _targets(instruction, pc)))
            now = (after - _written(instruction)) | _reads(instruction)
            if now != live[pc]:
                live[pc], changed = now, True
    return live


def _targets(instruction: Instruction, pc: int) -> tuple[int, ...]:
    match instruction:
        case Jump(target, _):
            return (target,)
        case Branch(_, then, otherwise, _):
            return (then, otherwise)
        case Return():
            return ()
    return (pc + 1,)


def _written(instruction: Instruction) -> frozenset[int]:
    match instruction:
        case Assign(slot=slot) | Access(slot=slot) | Call(slot=slot) if slot is not None:
            return frozenset((slot,))
    return frozenset()


def _reads(instruction: Instruction) -> frozenset[int]:
    match instruction:
        case Assign(value=value) | Return(value=value) | Branch(condition=value):
            return frozenset(locals_in(value))
        case Access(address=address, operands=operands):
            return frozenset(locals_in(address)).union(*(locals_in(o) for o in operands))
        case Call(arguments=arguments):
            return frozenset[int]().union(*(locals_in(a) for a in arguments))
    return frozenset()
