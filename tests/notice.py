"""Whether engine and oracle disagree somewhere: run with a changed engine first on the path, by tests/test_mutants.py.

Says where they disagree, and exits with status 1 then.
"""

import sys
from itertools import product
from typing import Any

from oracle import TooLarge, parse_scheme, reachable, scenario_from_table
from oracle.compare import differences
from random_schemes import random_scheme

import sevviz
from sevviz.catalogue import make_scenario

HEADER = "/*\n * title: Corner\n * source: made up\n * entry: migrate\n */\nDEFINE_SPINLOCK(s);\n"
DOUBLE = ["migrate(B, A)", "migrate(A, B)"]
SURROUNDINGS: tuple[dict[str, Any], ...] = (
    {"tasks": DOUBLE},
    {"tasks": DOUBLE, "signals": True},
    {"tasks": ["migrate(A, A)", "ioctl(B)"], "signals": True},
    {"tasks": ["migrate(A, B)", "migrate(A, B)", "ioctl(B)"], "cpus": 1},
    {"tasks": ["migrate(A, B)", "migrate(B, A)", "ioctl(B)"], "cpus": 2},
)
BODIES = (
    "mutex_lock(&dst->lock); sev_migrate_from(dst, src); mutex_unlock(&dst->lock); return 0;",
    "sev_migrate_from(dst, src); return 0;",
    "spin_lock(&s); mutex_lock(&dst->lock); mutex_unlock(&dst->lock); spin_unlock(&s); return 0;",
    "mutex_lock(&dst->lock); spin_lock(&s); spin_unlock(&s); mutex_unlock(&dst->lock); return 0;",
    """
    if (mutex_lock_killable(&dst->lock)) return -EINTR;
    if (mutex_lock_killable(&src->lock)) { mutex_unlock(&dst->lock); return -EINTR; }
    mutex_unlock(&src->lock); if (dst != src) mutex_unlock(&dst->lock); return 0;
    """,
    "cpu_relax(); spin_lock(&s); mutex_lock(&src->lock); mutex_unlock(&src->lock); spin_unlock(&s); return 0;",
    "atomic_cmpxchg(&dst->f, 1, 2); return atomic_read(&dst->f);",
    "if (!mutex_trylock(&dst->lock)) return -EBUSY; mutex_unlock(&dst->lock); return 0;",
    "mutex_unlock(&src->lock); return 0;",
    "spin_lock(&s); might_sleep(); spin_unlock(&s); return 0;",
    "if (atomic_cmpxchg(&dst->f, 0, 1)) return -EBUSY; atomic_xchg(&src->g, 2); return 0;",
    "mutex_lock(&dst->lock); dst->n = src->n + 1; return dst->n;",
)
SEEDS = 25


def main() -> int:
    """Compare on hand-written corners first, then on random schemes."""
    corners = [(HEADER + f"static int migrate(struct kvm *dst, struct kvm *src)\n{{\n{body}\n}}\n") for body in BODIES]
    schemes = [*corners, *map(random_scheme, range(SEEDS))]
    for text, table in product(schemes, SURROUNDINGS):
        try:
            expected = reachable(parse_scheme(text), scenario_from_table(table))
        except TooLarge:
            continue
        verdict = sevviz.check(sevviz.load_text(text), make_scenario("test", table), limit=20_000)
        found = differences(verdict.to_json(), expected)
        if found:
            sys.stdout.write(f"{table}: {found[0]}\n{text}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
