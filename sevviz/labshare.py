"""How a moment of the lab is handed on: by a link, or as Python.

A link names a scheme and holds no C, so that it leads only to what comes with sevviz; Python holds C that has no name.

>>> mine = Origin("mine", "int x;", "mine.c")
>>> python_for(mine, "int x;", "double", "1 2", 1)
'sevviz.Stepper("mine.c", "double", schedule="1 2", step=1)'
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevviz.catalogue import load, scheme_names

if TYPE_CHECKING:
    from pathlib import Path

    from sevviz.csource import Scheme
    from sevviz.stepper import Stepper

__all__ = ["Origin", "python_for", "shared"]

INSTEAD = "Save this moment and send its file, or copy it as Python."


@dataclass(frozen=True, slots=True)
class Origin:
    """Where C comes from: the scheme's `name`, its `text` there, and the name or path that it is loaded by, if any."""

    name: str
    text: str
    source: str = ""

    @classmethod
    def of(cls, loaded: Scheme, source: str | Path) -> Origin:
        """That of a scheme which was loaded by a name or a path."""
        return cls(loaded.name, loaded.text.text, str(source))

    @classmethod
    def named(cls, name: str) -> Origin:
        """That of a scheme which comes with sevviz; raises SevvizError if there is none of the name."""
        return cls.of(load(name), name)


def shared(origin: Origin, shown: str, stepper: Stepper, *, wrong: bool) -> dict[str, Any]:
    """What LabControls need to hand on a moment of the C that is shown; `wrong`: what is being written has an error."""
    scenario, schedule, step = stepper.program.scenario, stepper.schedule, stepper.step
    return {
        "moment": {"scheme": origin.name, "scenario": scenario, "schedule": schedule, "step": step},
        "no_link": _why_no_link(origin, shown, wrong=wrong),
        "code": python_for(origin, shown, scenario, schedule, step),
        "code_told": _python_told(origin, shown, wrong=wrong),
    }


def _why_no_link(origin: Origin, shown: str, *, wrong: bool) -> str:
    """Why no link leads to this C; nothing if one does."""
    if wrong:
        return "No link was copied: the C in the editor has an error. Correct it first."
    if origin.name not in scheme_names():
        return f"No link was copied: a link opens what comes with sevviz, and {origin.name} does not. {INSTEAD}"
    if shown != load(origin.name).text.text:
        return f"No link was copied: it would open {origin.name} as it is shipped, not this C. {INSTEAD}"
    return ""


def python_for(origin: Origin, shown: str, scenario: str, schedule: str, step: int) -> str:
    """Python that shows a moment: by the name or path of its C where that has the text shown, else with the text."""
    scheme = json.dumps(origin.source, ensure_ascii=False) if _by_name(origin, shown) else _literal(shown)
    position = "" if step == len(schedule.split()) else f", step={step}"
    return f'sevviz.Stepper({scheme}, "{scenario}", schedule="{schedule}"{position})'


def _python_told(origin: Origin, shown: str, *, wrong: bool) -> str:
    """What is said when that is copied."""
    if not _by_name(origin, shown):
        which = "the last C that could be read" if wrong else "the C"
        return f"Copied: Python that shows this moment, with {which} in it."
    needed = "" if origin.source == origin.name else f" It reads {origin.source}: send that file with it."
    unread = " What is in the editor has an error and is not in it." if wrong else ""
    return f"Copied: a line of Python that shows this moment.{needed}{unread}"


def _by_name(origin: Origin, shown: str) -> bool:
    return bool(origin.source) and shown == origin.text


def _literal(text: str) -> str:
    """C as Python's source, with its lines as they are where Python can have it so."""
    ended = text if text.endswith("\n") else f"{text}\n"  # a line's end also tells Stepper that this is no name
    if not all(c in "\n\t" or c.isprintable() for c in ended):
        return repr(ended)
    escaped = ended.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{escaped}"""'
