"""What a kernel takes as its parameters, at most.

Source: param_set_charp() in kernel/params.c; COMMAND_LINE_SIZE in arch/um and arch/x86, include/asm/setup.h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.kernel.configuration import KernelError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sevviz.kernel.configuration import Configuration

__all__ = ["LINE", "PARAMETER", "TooLongError", "check_length"]

PARAMETER = 1024  # characters of one
LINE = {"um": 3900, "x86_64": 1900}  # of all: 4,096 and 2,048, less what is always there
SHORTER = {
    "script": "the schedule has too many steps",
    "tasks": "there are too many calls, or their names are too long",
    "initial": "too many fields do not begin with 0",
}


class TooLongError(KernelError):
    """A run that a kernel cannot be told of."""


def check_length(configuration: Configuration, words: Iterable[str]) -> None:
    """Raise TooLongError where the kernel would not take these parameters, or not all of them."""
    total = 0
    for word in words:
        name, _, value = word.partition("=")
        total += len(word) + 1
        if len(value) > PARAMETER:
            why = SHORTER.get(name.removeprefix("runner."), "use shorter names")
            message = f"{name} has {len(value):,} characters, and a kernel takes {PARAMETER:,} of a parameter: {why}"
            raise TooLongError(message)
    limit = LINE[configuration.arch]
    if total > limit:
        message = (
            f"the run's parameters have {total:,} characters, and the {configuration.name} kernel takes {limit:,}: "
            "use a shorter schedule, or fewer calls"
        )
        raise TooLongError(message)
