"""Run by a Python that has minicheck: read a table of moves, look for a state without a step, count the states."""

import importlib
import json
import sys
from pathlib import Path

# Only there in the Python that --minicheck names.
minicheck = importlib.import_module("minicheck")

table = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
ends = [frozenset(places) for places in table["ends"]]
count = len(ends)
moves: dict[tuple[int, int], list[tuple[int, int, int, int]]] = {}
for task, place, *rest in table["steps"]:
    moves.setdefault((task, place), []).append(tuple(rest))

State = tuple[int, ...]


def transitions(state: State) -> list[tuple[str, State]]:
    """Every move of every task."""
    found = []
    for task in range(count):
        for number, value, next_place, next_value in moves.get((task, state[task]), ()):
            if number < 0:
                found.append((str(task), (*state[:task], next_place, *state[task + 1 :])))
            elif state[count + number] == value:
                after = [*state]
                after[task], after[count + number] = next_place, next_value
                found.append((str(task), tuple(after)))
    return found


def is_live(values: dict[str, int]) -> bool:
    """Whether all tasks have returned or one can step."""
    state = tuple(values.values())
    return all(state[task] in ends[task] for task in range(count)) or bool(transitions(state))


model = minicheck.Protocol(
    name="sevviz",
    candidate=False,
    fields=tuple(f"v{number}" for number in range(count + len(table["initial"]))),
    initial=(*(0,) * count, *table["initial"]),
    transitions=transitions,
    invariants={"live": is_live},
)
found = minicheck.check_safety(model, max_states=10**9)
sys.stdout.write(f"{found}\n")
