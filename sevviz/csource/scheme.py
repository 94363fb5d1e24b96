"""A loaded scheme file: header, functions, objects and what each field is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from sevviz.csource.builder import suggest
from sevviz.csource.fields import Location, Use, infer_kinds, merged_uses
from sevviz.csource.functions import lower_file
from sevviz.csource.places import Runner
from sevviz.csource.reader import Text, check_comments, decode, read_header
from sevviz.csource.syntax import parse
from sevviz.model import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sevviz.csource.ir import Function, GlobalObject
    from sevviz.model import Source

__all__ = ["BYSTANDERS", "Scheme", "bystander", "load_scheme", "texts_uses"]

# What others do to a VM: calls that every scheme has beside its own, unless it defines a function of that name.
BYSTANDERS = {
    "ioctl": """/*
 * title: An ordinary ioctl
 * source: the shape of every VM ioctl that takes kvm->lock, Documentation/virt/kvm/locking.rst
 * entry: ioctl
 */
static int ioctl(struct kvm *kvm)
{
	mutex_lock(&kvm->lock);
	mutex_unlock(&kvm->lock);
	return 0;
}
""",
    "vcpu_run": """/*
 * title: A vCPU that runs
 * source: the shape of KVM_RUN, which keeps its vCPU's mutex while the guest runs, Documentation/virt/kvm/locking.rst
 * entry: vcpu_run
 */
static int vcpu_run(struct kvm *kvm)
{
	if (mutex_lock_killable(&kvm->vcpu0.mutex))
		return -EINTR;
	mutex_unlock(&kvm->vcpu0.mutex);
	return 0;
}
""",
}


@dataclass(frozen=True, slots=True)
class Scheme:
    """A scheme file that has been read, checked and lowered."""

    name: str
    text: Text
    header: dict[str, str]
    functions: dict[str, Function]
    globals: dict[str, GlobalObject]
    uses: dict[Location, Use]
    runner: Runner

    @property
    def entry(self) -> Function:
        """The function that a task calls."""
        return self.functions[self.header["entry"]]


@lru_cache(maxsize=64)  # the same text is read again for every scenario
def load_scheme(source: bytes | str, name: str) -> Scheme:
    """Read a scheme; raises SchemeError at the first thing that is not understood. `name` is the file's, for errors."""
    name = name.encode(errors="backslashreplace").decode()  # a file's name need not be UTF-8
    # A lone surrogate in a str, which is no character, becomes bytes that are not UTF-8 and is refused as such.
    text = Text(name, decode(source.encode(errors="surrogatepass") if isinstance(source, str) else source, name))
    check_comments(text)
    header = read_header(text)
    functions, objects = lower_file(text, parse(text))
    _check_entry(text, header, functions)
    uses = infer_kinds(text, functions, objects)
    runner = Runner(text, functions, frozenset(location for location, use in uses.items() if use.boolean))
    return Scheme(re.sub(r".*/|\.c$", "", name), text, header, functions, objects, uses, runner)


def texts_uses(sources: Iterable[Source]) -> dict[Location, Use]:
    """What the places of a program are: of its scheme, and of the bystanders beside it."""
    return merged_uses(load_scheme(source.text, source.name).uses for source in sources)


@cache
def bystander(function: str) -> Scheme:
    """The scheme of a built-in bystander."""
    return load_scheme(BYSTANDERS[function], f"built-in {function}")


def _check_entry(text: Text, header: dict[str, str], functions: dict[str, Function]) -> None:
    name = header["entry"]
    if name not in functions:
        lines = enumerate(text.text.split("\n"), 1)
        line = next((n for n, written in lines if re.match(r"[\s/*]*entry\s*:", written, re.IGNORECASE)), 1)
        has = f"the file defines {', '.join(functions)}" if functions else "the file defines no function"
        near = suggest(name, list(functions))
        text.fail(Span(line, 1, line, 1), f"the entry {name[:40]!r} is not in the file; {has}{near}")
    entry = functions[name]
    wrong = [v for v in entry.variables[: entry.parameters] if v.pointee != "kvm"]
    if wrong or not entry.parameters:
        span = wrong[0].span if wrong else entry.span
        text.fail(span, f"the entry {name!r} takes VMs only: struct kvm *dst, struct kvm *src (destination first)")
    if entry.result not in ("int", "bool", "void"):
        text.fail(entry.span, f"the entry {name!r} returns int, bool or nothing, not a pointer")
