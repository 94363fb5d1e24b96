"""The command: `python -m differential [HOW MANY [FIRST]]`."""

import sys
import time

from .compare import compare_seed


def main(words: list[str]) -> int:
    """Compare on many seeds; the exit status is 1 if there is a disagreement."""
    count = int(words[0]) if words else 10_000
    first = int(words[1]) if len(words) > 1 else 0
    started, states, left_out, disagreements = time.monotonic(), 0, 0, 0
    for seed in range(first, first + count):
        found = compare_seed(seed)
        states += found.states
        left_out += found.states == 0
        disagreements += bool(found.disagreements)
        for line in found.disagreements:
            sys.stdout.write(f"seed {seed}: {line}\n")
    seconds = time.monotonic() - started
    totals = f"{states} states, {left_out} too large, {disagreements} disagreements, {seconds:.0f} s"
    sys.stdout.write(f"{count} schemes, {totals}\n")
    return 1 if disagreements else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
