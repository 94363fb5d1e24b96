"""`python3 -m sevviz`: in a checkout, set up what is missing first; everywhere, run the command line."""

from __future__ import annotations

import sys

OLDEST_PYTHON = (3, 11)


def main() -> int:
    """Run the command line of this process and return its exit status."""
    if sys.version_info < OLDEST_PYTHON:  # a checkout is started by whatever `python3` is there
        found, needed = sys.version.split()[0], ".".join(map(str, OLDEST_PYTHON))
        print(f"sevviz: this is Python {found}; sevviz needs Python {needed} or newer", file=sys.stderr)
        return 2
    try:
        # Imported late: the module uses what an older Python does not have.
        from sevviz.bootstrap import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # before the command line is there to word it
        print("sevviz: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
