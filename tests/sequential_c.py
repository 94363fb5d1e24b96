"""Random C for one task, with what a compiler needs to run it: what sevviz makes of C must be what C is.

Everything that scheme files may use is in it, and nothing whose meaning C leaves open: no two effects without an order
between them, no overflow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PRELUDE", "random_function"]

# What the kernel's headers would give; one task needs no more of them.
PRELUDE = """
#include <stdbool.h>
#include <stdio.h>
typedef struct { int v; } atomic_t;
struct info { int p; int q; int ready; };
struct kvm { int x; int y; int dead; struct info s; atomic_t t; int lock; };
#define EBUSY 16
#define READ_ONCE(place) (place)
#define WRITE_ONCE(place, value) ((void)((place) = (value)))
#define mutex_trylock(lock) (*(lock) ? 0 : (*(lock) = 1))
#define atomic_read(a) ((a)->v)
#define atomic_set(a, n) ((void)((a)->v = (n)))
static int atomic_xchg(atomic_t *a, int n) { int v = a->v; a->v = n; return v; }
static int atomic_cmpxchg(atomic_t *a, int o, int n) { int v = a->v; if (v == o) a->v = n; return v; }
"""
FIELDS = ["k->x", "o->y", "k->s.q", "k->dead", "o->s.ready", "counter@", "seen@"]
CALLS = [
    "atomic_xchg(&k->t, {})",
    "atomic_cmpxchg(&k->t, 0, {})",
    "mutex_trylock(&k->lock)",
    "truth@({})",
    "helper@(k, {}, 1)",
]
BUDGET = 50  # statements


@dataclass
class _Writer:
    chance: Random
    number: int  # of the function: makes the names of a file unique
    left: int = BUDGET
    labels: int = 0
    counters: list[str] = field(default_factory=list)  # of loops that are jumped into

    def fresh(self, letter: str) -> str:
        self.labels += 1
        return f"{letter}{self.labels}"

    def value(self, depth: int, names: list[str]) -> str:
        """An expression without effects."""
        pick = self.chance.choice
        if depth <= 0 or self.chance.random() < 0.2:
            read = [
                "READ_ONCE(k->y)",
                "atomic_read(&k->t)",
                "(-EBUSY)",
                "true",
                f"{pick(range(5))}",
                f"(-{pick(range(1, 4))})",
            ]
            return pick([*names, *FIELDS, *read])
        shape = pick(["({} + {})", "({} - {})", "({} < {})", "({} >= {})", "({} == {})", "({} != {})", "({} && {})",
                      "({} || {})", "(!{})", "(-{})", "({} ? {} : {})"])  # fmt: skip
        return shape.format(*(self.value(depth - 1, names) for _ in range(shape.count("{}"))))

    def effect(self, depth: int, names: list[str]) -> str:
        """An expression with effects, in an order that C fixes."""
        pick = self.chance.choice
        target = pick([*[name for name in names if name[0] != "L"], *FIELDS, "(*p)", "(*pb)"])
        if depth <= 0:
            return self.value(1, names)
        shape = pick(["({} = {})", "({} += {})", "({} -= {})", "({}++)", "(--{})", "call", "({}, {})", "({} && {})",
                      "({} || {})", "({} ? {} : {})", "(!{})"])  # fmt: skip
        if shape == "call":
            return pick(CALLS).format(self.value(1, names))
        if "=" in shape:
            return shape.format(target, self.value(1, names))
        if "++" in shape or "--" in shape:
            # Of a bool, some compilers refuse it and others bend it.
            return shape.format(target if target not in ("seen@", "c", "(*pb)") else "k->x")
        return shape.format(*(self.effect(depth - 1, names) for _ in range(shape.count("{}"))))

    def block(self, depth: int, names: list[str], *, loop: bool = False) -> str:
        return "{ " + " ".join(self.statement(depth, names, loop=loop) for _ in range(self.chance.randint(1, 3))) + " }"

    def statement(self, depth: int, names: list[str], *, loop: bool = False) -> str:
        self.left -= 1
        if depth <= 0 or self.left <= 0 or self.chance.random() < 0.3:
            return f"{self.effect(2, names)};"
        makers: list[Callable[[int, list[str], bool], str]] = [
            self.branch,
            self.repeat,
            self.choose,
            self.scope,
            self.jump,
            self.jump_inside,
        ]
        if loop:
            makers.append(self.leave)
        return self.chance.choice(makers)(depth - 1, names, loop)

    def leave(self, _depth: int, names: list[str], _loop: bool) -> str:  # noqa: FBT001 - one of the makers
        return f"if ({self.effect(1, names)}) {self.chance.choice(['break', 'continue'])};"

    def branch(self, depth: int, names: list[str], loop: bool) -> str:  # noqa: FBT001
        otherwise = f" else {self.block(depth, names, loop=loop)}" if self.chance.random() < 0.5 else ""
        return f"if ({self.effect(2, names)}) {self.block(depth, names, loop=loop)}{otherwise}"

    def repeat(self, depth: int, names: list[str], _loop: bool) -> str:  # noqa: FBT001
        turn, most = self.fresh("L"), self.chance.randint(1, 3)
        more = f" && {self.value(1, [*names, turn])}" if self.chance.random() < 0.3 else ""
        body = self.block(depth, [*names, turn], loop=True)
        return self.chance.choice([
            f"for (int {turn} = 0; {turn} < {most}{more}; {turn}++) {body}",
            f"{{ int {turn} = 0; while ({turn}++ < {most}{more}) {body} }}",
            f"{{ int {turn} = 0; do {body} while (++{turn} < {most}{more}); }}",
        ])  # fmt: skip

    def choose(self, depth: int, names: list[str], _loop: bool) -> str:  # noqa: FBT001
        found = [f"case {n}:" for n in self.chance.sample(range(-1, 4), self.chance.randint(1, 3))]
        found += ["default:"] * self.chance.randint(0, 1)
        self.chance.shuffle(found)
        stop = [" break;", ""]  # without it, the next case goes on
        cases = " ".join(f"{case} {self.statement(depth, names)}{self.chance.choice(stop)}" for case in found)
        return f"switch ({self.effect(1, names)}) {{ {cases} }}"

    def scope(self, depth: int, names: list[str], loop: bool) -> str:  # noqa: FBT001
        """A local of its own, which may hide another of its name."""
        kind, name = self.chance.choice(["int", "bool"]), self.chance.choice([self.fresh("V"), "a", "b"])
        inside = names if name in names else [*names, name]
        return f"{{ {kind} {name} = {self.value(1, [])}; {self.statement(depth, inside, loop=loop)} k->x = {name}; }}"

    def jump(self, depth: int, names: list[str], loop: bool) -> str:  # noqa: FBT001
        label = self.fresh("skip")
        after = self.statement(depth, names, loop=loop)
        return f"if ({self.effect(1, names)}) goto {label}; {self.statement(depth, names, loop=loop)} {label}: {after}"

    def jump_inside(self, depth: int, names: list[str], _loop: bool) -> str:  # noqa: FBT001
        label, turn = self.fresh("inside"), self.fresh("T")
        self.counters.append(turn)
        first, second = (self.statement(depth, names, loop=True) for _ in range(2))
        return f"if ({turn}++ < 1) goto {label}; while ({turn}++ < 4) {{ {first} {label}: {second} }}"


def random_function(number: int) -> str:
    """File-scope variables, two helpers and a function `f<number>(struct kvm *k, struct kvm *o)` that returns a sum."""
    writer = _Writer(Random(number), number)  # noqa: S311 - repeatable, not secret
    body = "\n\t".join(writer.statement(3, ["a", "b", "c"]) for _ in range(writer.chance.randint(3, 6)))
    turns = " ".join(f"int {turn} = 0;" for turn in writer.counters)
    everything = " + ".join([*FIELDS, "k->y", "atomic_read(&k->t)", "a", "b", "c"])
    text = f"""static int counter@ = 2;
static bool seen@ = 3;
static bool truth@(int v) {{ return v; }}
static int helper@(struct kvm *k, int a, int b) {{ int was = k->y; k->y = a - b; return was; }}
static int f@(struct kvm *k, struct kvm *o)
{{
	int a = 1, b = 2, *p = &k->s.p; bool c = 5, *pb = &seen@; {turns}
	{body}
	return {everything} + k->s.p + 100000;
}}
"""
    return text.replace("@", f"{number}")
