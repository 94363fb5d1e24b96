"""Which schemes a kernel has in it: all shipped ones, or those of the reader's own."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sevviz import catalogue
from sevviz.errors import SevvizError
from sevviz.kernel.build import build

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.csource import Scheme
    from sevviz.kernel.configuration import Configuration, Kernel

__all__ = ["kernel_for", "load_apart", "load_shipped"]


def kernel_for(configuration: Configuration, schemes: Sequence[Scheme]) -> Kernel:
    """The kernel that all shipped schemes share, or one for schemes of the reader's own."""
    shipped = [catalogue.load(name) for name in catalogue.scheme_names()]
    same = {scheme.name: scheme.text.text for scheme in shipped}
    if all(same.get(scheme.name) == scheme.text.text for scheme in schemes):
        return build(configuration, shipped)
    return build(configuration, schemes)


def load_apart(command: str, written: Sequence[str]) -> list[Scheme]:
    """The schemes that a command names, all shipped ones where it names none; refuses two of one name."""
    schemes = [catalogue.load(name) for name in written or catalogue.scheme_names()]
    name, number = Counter(scheme.name for scheme in schemes).most_common(1)[0]
    if number > 1:
        which = ", ".join(one for one, scheme in zip(written, schemes, strict=True) if scheme.name == name)
        message = (
            f"{command}: {which}: {number} schemes of the name {name!r}, and a kernel has one of each name; "
            "name it once, or give one file another name"
        )
        raise SevvizError(message)
    return schemes


def load_shipped(command: str, written: Sequence[str]) -> list[Scheme]:
    """As `load_apart`, for a command that writes to data/kernel: what is kept there is of shipped schemes only."""
    schemes, names = load_apart(command, written), catalogue.scheme_names()
    own = [s.name for s in schemes if s.name not in names or catalogue.load(s.name).text.text != s.text.text]
    if own:
        message = (
            f"{command}: {', '.join(own)}: no shipped scheme, and data/kernel is for those only; "
            "name schemes of `sevviz list`, or put the file into data/schemes first"
        )
        raise SevvizError(message)
    return schemes
