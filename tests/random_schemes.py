"""Small random schemes for the engine and the oracle to disagree about: valid C of contract 1, right and wrong locking.

A scheme claims one to three things, does a little work, and gives back in reverse order, with goto unwinding, as
kernel code does. About every second one then gets one mistake: an order swapped, a release lost or doubled, a
label off by one, a return that skips the unwinding. The same seed always gives the same text.
"""

import re
from random import Random
from typing import NamedTuple


class Claim(NamedTuple):
    """How to take something of VM and how to give it back; FAIL(errno) leaves when it is not to be had."""

    take: str
    give: str
    steps: int


class Work(NamedTuple):
    """Statements between taking and giving back; VM and OTHER are the two VMs, either way round."""

    text: str
    steps: int


_MUTEX = "mutex_unlock(&VM->lock);"
_SPIN = "spin_unlock(&VM->guard);"
CLAIMS = (
    Claim("mutex_lock(&VM->lock);", _MUTEX, 2),
    Claim("mutex_lock(&VM->lock);", _MUTEX, 2),
    Claim("mutex_lock_nested(&VM->lock, SINGLE_DEPTH_NESTING);", _MUTEX, 2),
    Claim("if (mutex_lock_killable(&VM->lock))\n\t\tFAIL(-EINTR)", _MUTEX, 2),
    Claim("if (mutex_lock_killable_nested(&VM->lock, SINGLE_DEPTH_NESTING) != 0)\n\t\tFAIL(-EINTR)", _MUTEX, 2),
    Claim("if (mutex_lock_interruptible(&VM->lock))\n\t\tFAIL(-EINTR)", _MUTEX, 2),
    Claim("if (!mutex_trylock(&VM->lock))\n\t\tFAIL(-EBUSY)", _MUTEX, 2),
    Claim("spin_lock(&VM->guard);", _SPIN, 2),
    Claim("spin_lock(&VM->guard);", _SPIN, 2),
    Claim("if (spin_trylock(&VM->guard) == 0)\n\t\tFAIL(-EBUSY)", _SPIN, 2),
    Claim("mutex_lock(&all_moves);", "mutex_unlock(&all_moves);", 2),
    Claim("spin_lock(&all_guards);", "spin_unlock(&all_guards);", 2),
    Claim(
        "if (atomic_cmpxchg_acquire(&VM->claimed, 0, 1))\n\t\tFAIL(-EBUSY)", "atomic_set_release(&VM->claimed, 0);", 2
    ),
    Claim("if (atomic_xchg(&VM->claimed, 1) != 0)\n\t\tFAIL(-EBUSY)", "atomic_set(&VM->claimed, 0);", 2),
    Claim(
        "if (READ_ONCE(VM->moving))\n\t\tFAIL(-EBUSY)\n\tWRITE_ONCE(VM->moving, true);", "WRITE_ONCE(VM->moving, 0);", 3
    ),
    Claim("if (VM->moving)\n\t\tFAIL(-EBUSY)\n\tVM->moving = true;", "VM->moving = false;", 3),
    Claim(
        "if (smp_load_acquire(&to_kvm_sev_info(VM)->moves) > 0)\n\t\tFAIL(-EAGAIN)\n\tto_kvm_sev_info(VM)->moves++;",
        "to_kvm_sev_info(VM)->moves--;",
        5,
    ),
)
WORKS = (
    Work("sev_migrate_from(dst, src);", 2),
    Work("sev_migrate_from(dst, src);", 2),
    Work("VM->count++;", 2),
    Work("VM->count = OTHER->count + 1;", 2),
    Work("might_sleep();", 1),
    Work("cond_resched();", 1),
    Work("cpu_relax();", 1),
    Work("if (VM->moving)\n\t\tOTHER->count = 1;\n\telse\n\t\tcpu_relax();", 2),
    Work("if (VM->count && !OTHER->moving)\n\t\tret = -EAGAIN;", 2),
    Work("if (atomic_read(&VM->claimed) == 1 || VM->count < 1)\n\t\tcpu_relax();", 3),
    Work("for (i = 0; i < 2; i++)\n\t\tWRITE_ONCE(VM->count, i);", 2),
    Work("do {\n\t\tcpu_relax();\n\t} while (++i < 2);", 2),
    Work("while (i++ < 3) {\n\t\tif (i == 2)\n\t\t\tcontinue;\n\t\tVM->count = i;\n\t}", 2),
    Work("ret = VM->count > OTHER->count ? 1 : 0;", 2),
    Work("if (dst == src)\n\t\tcpu_relax();", 1),
    Work("if (dst < src)\n\t\tsmp_store_release(&VM->count, 2);", 1),
    Work("switch (READ_ONCE(VM->count)) {\n\tcase 0:\n\t\tcpu_relax();\n\t\tbreak;\n\tcase 1:\n\t\tmight_sleep();\n"
         "\tdefault:\n\t\tOTHER->count = 2;\n\t}", 3),
)  # fmt: skip
GLOBALS = (
    ("all_moves", "static DEFINE_MUTEX(all_moves);"),
    ("all_guards", "static DEFINE_SPINLOCK(all_guards);"),
)
_HELPERS = """static int sev_claim(struct kvm *kvm)
{{
	{take}
	return 0;
}}

static void sev_drop(struct kvm *kvm)
{{
	{give}
}}

"""
_BODY = """static int migrate(struct kvm *dst, struct kvm *src)
{{
	int ret = 0;
	int i = 0;

	{statements}
	return ret;
}}
"""


MISTAKES = ("none", "none", "none", "none", "swap", "lose", "double", "label", "return")


class Part(NamedTuple):
    """One thing taken: its statement, with FAIL(errno) still in it, and its release."""

    take: str
    give: str


def random_scheme(seed: int, steps: int = 8) -> str:
    """The text of a scheme, with its header, whose task makes about ``steps`` steps at most if all goes well."""
    random = Random(seed)  # noqa: S311 - it must be repeatable, not secret
    helpers, parts, left = _parts(random, steps)
    statements = _statements(random, parts, _works(random, left))
    body = helpers + _BODY.format(statements="\n\t".join(statements).replace("\n\tout_", "\nout_"))
    persistent = " * persistent: count\n" if "->count" in body and random.random() < 0.8 else ""
    header = f"/*\n * title: Random scheme {seed}\n * source: made by a generator\n * entry: migrate\n{persistent} */\n"
    declared = [f"{declaration}\n" for name, declaration in GLOBALS if name in body]
    return header + "".join(declared) + "\n" + body


def _parts(random: Random, steps: int) -> tuple[str, list[Part], int]:
    """What is taken, in order; sometimes through helper functions that take the same thing of both VMs."""
    if random.random() < 0.35:
        claim = random.choice([claim for claim in CLAIMS if 2 * claim.steps <= steps])
        take = re.sub(r"FAIL\((.*?)\)", r"return \1;", claim.take)
        helpers = _HELPERS.format(take=take.replace("VM", "kvm"), give=claim.give.replace("VM", "kvm"))
        call = "ret = sev_claim(VM);\n\tif (ret)\n\t\tFAIL(ret)"
        return (
            helpers,
            [Part(call.replace("VM", vm), f"sev_drop({vm});") for vm in ("dst", "src")],
            steps - 2 * claim.steps,
        )
    parts = []
    for _ in range(random.randint(1, 3)):
        claim = random.choice(CLAIMS)
        vm = random.choice(("dst", "src"))
        if claim.steps <= steps:
            parts.append(Part(claim.take.replace("VM", vm), claim.give.replace("VM", vm)))
            steps -= claim.steps
    return "", parts, steps


def _works(random: Random, steps: int) -> list[str]:
    found = []
    for work in random.sample(WORKS, 2):
        if work.steps <= steps:
            vm, other = random.sample(("dst", "src"), 2)
            found.append(work.text.replace("VM", vm).replace("OTHER", other))
            steps -= work.steps
    return found


def _statements(random: Random, parts: list[Part], works: list[str]) -> list[str]:
    """Take, work, give back in reverse order; the failure of part i goes to label out_i, behind its release."""
    mistake = random.choice(MISTAKES)
    at = random.randrange(len(parts))
    takes = []
    for index, part in enumerate(parts):
        wrong = mistake == "label" and index == at
        label = (index + random.choice((-1, 1))) % len(parts) if wrong else index
        leave = "return" if mistake == "return" and index == at else f"goto out_{label};"
        takes.append(_leaving(part.take, leave))
    gives = [[part.give] for part in parts]
    if mistake == "swap":
        gives[at], gives[at - 1] = gives[at - 1], gives[at]
    elif mistake in ("lose", "double"):
        gives[at] = [] if mistake == "lose" else gives[at] * 2
    backwards = [line for index in reversed(range(len(parts))) for line in (*gives[index], f"out_{index}:")]
    used = "".join(takes)
    return takes + works + [line for line in backwards if not line.startswith("out_") or line[:-1] in used]


def _leaving(take: str, leave: str) -> str:
    """Put in what a failure does: set the result and go to a label, or simply return."""
    if leave.startswith("goto"):
        take = take.replace("FAIL(ret)", leave)
        return re.sub(r"\)\n\t\tFAIL\((.*?)\)", rf") {{\n\t\tret = \1;\n\t\t{leave}\n\t}}", take)
    return re.sub(r"FAIL\((.*?)\)", r"return \1;", take)


# Bools and ints, by their names and by pointers of every sort.
_PLACES = (
    "kvm->busy", "busy", "*at", "other->part.on", "*flag(kvm)", "*(n ? &kvm->busy : &busy)", "kvm->count", "*numbers",
    "n", "b", "part->on", "kvm->spare.on", "*either(at, &other->part.on, n)",
)  # fmt: skip
_VALUES = ("-EBUSY", "7", "0", "1", "-1", "kvm->count + 2", "b + b", "!n", "n - 3", "as_bool(5)")
_BOOLS = """/*
 * title: Random stores {seed}
 * source: made by a generator
 * entry: migrate
 */
static bool busy = 4;

static bool as_bool(int value)
{{
	return value;
}}

static bool *flag(struct kvm *kvm)
{{
	return &kvm->busy;
}}

static bool *either(bool *first, bool *second, int which)
{{
	return which ? first : second;
}}

static int migrate(struct kvm *kvm, struct kvm *other)
{{
	int n = 3, *numbers = &kvm->count;
	bool b = 9, *at = &kvm->part.on;
	struct sub *part = &kvm->spare;

	part = &other->part;
	{statements}
	return n + b + kvm->count + (kvm->busy == 1 ? 100 : 0) + (busy == 1 ? 200 : 0) + (kvm->part.on == 1 ? 400 : 0);
}}
"""


def random_stores(seed: int) -> str:
    """The text of a scheme whose task stores numbers in ints and bools, and returns what that left."""
    random = Random(seed)  # noqa: S311 - it must be repeatable, not secret
    return _BOOLS.format(seed=seed, statements="\n\t".join(_store(random) for _ in range(random.randint(4, 12))))


def _store(random: Random) -> str:
    place, value = random.choice(_PLACES), random.choice((*_VALUES, *_PLACES))
    pointer = random.choice(("at", "&busy", "flag(kvm)", "&kvm->part.on", "numbers", "&kvm->count"))
    condition = f"{random.choice(_PLACES)} {random.choice(('==', '<', '>', '!='))} {value}"
    shared = random.choice([place for place in _PLACES if place not in ("n", "b")])
    return random.choice((
        f"{place} = {value};",
        f"n = ({place} = {value});",
        f"({place}){random.choice(('++', '--'))};",
        f"({place}) {random.choice(('+=', '-='))} {value};",
        f"WRITE_ONCE({shared}, {value});",
        f"smp_store_release({pointer}, {value});",
        f"at = {random.choice(('&kvm->busy', '&busy', 'flag(other)', 'n ? &busy : &kvm->part.on'))};",
        f"if ({condition})\n\t\t{place} = {value};",
    ))  # fmt: skip
