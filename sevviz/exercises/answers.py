"""Written answers that are not C: chosen letters, a schedule with settings, and fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sevviz.errors import SevvizError

if TYPE_CHECKING:
    from sevviz.exercises.model import Exercise

__all__ = ["AnswerError", "read_fields", "read_letters", "read_schedule"]


class AnswerError(SevvizError):
    """An answer that cannot be read; the text says what could."""


def read_letters(exercise: Exercise, answer: str) -> set[str]:
    """The options chosen: "a c d", "a, c" or "acd"; "none" for none of them."""
    keys = [option.key for option in exercise.options]
    if answer.strip().lower() == "none":
        return set()
    written = re.findall(r"[^\s,;]", answer.lower())
    strange = [letter for letter in written if letter not in keys]
    if strange:
        message = f"{strange[0]!r} is none of the letters {' '.join(keys)}; write those that you choose, or none"
        raise AnswerError(message)
    return set(written)


def read_fields(answer: str) -> dict[str, str]:
    """The fields of "name = value" lines; a semicolon ends a line too."""
    found: dict[str, str] = {}
    for line in filter(None, (part.strip() for part in re.split(r"[\n;]", answer))):
        name, equals, value = line.partition("=") if "=" in line else line.partition(":")
        if not equals:
            message = f"{line[:60]!r} is not a field; write one a line, such as: line = 12"
            raise AnswerError(message)
        if name.strip() in found:
            message = f"{name.strip()[:60]!r} is there twice"
            raise AnswerError(message)
        found[name.strip()] = value.strip()
    return found


def read_schedule(exercise: Exercise, answer: str) -> tuple[str, tuple[tuple[str, int], ...]]:
    """The schedule, and the values that the answer gives to the fields it may choose (the first one if it does not)."""
    if not exercise.choose:
        return re.sub(r"^\s*schedule\s*[=:]", "", answer), ()
    fields = read_fields(answer)
    chosen = {name: values[0] for name, values in exercise.choose}
    known = ["schedule", *chosen]
    for name, value in fields.items():
        if name not in known:
            message = f"{name[:60]!r} is none of the fields {', '.join(known)}"
            raise AnswerError(message)
        allowed = dict(exercise.choose).get(name, ())
        if name != "schedule" and value not in map(str, allowed):
            message = f"{name} can be {' or '.join(map(str, allowed))}, not {value[:60]!r}"
            raise AnswerError(message)
    if "schedule" not in fields:
        message = "there is no line with the schedule; write one, such as: schedule = 1 2 1"
        raise AnswerError(message)
    return fields.pop("schedule"), tuple((chosen | {n: int(v) for n, v in fields.items()}).items())
