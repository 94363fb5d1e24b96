"""What an answer may not change: the functions of others, whose part in a scenario is fixed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sevviz.csource.scheme import BYSTANDERS
from sevviz.errors import SchemeError
from sevviz.exercises.model import ExerciseError

if TYPE_CHECKING:
    from sevviz.exercises.model import Exercise

__all__ = ["check_fixed"]


def check_fixed(exercise: Exercise, answer: str, name: str, functions: set[str]) -> None:
    """Refuse an answer that changes what others do: a built-in bystander, or a function that is fixed."""
    for other in functions & set(BYSTANDERS):
        if not _defined(exercise.code, other):
            line = next((n for n, t in enumerate(answer.split("\n"), 1) if re.search(rf"\b{other}\s*\(", t)), 1)
            message = f"{other} is what others do; your answer may not define it"
            raise SchemeError(message, file=name, line=line, source=answer)
    for function in exercise.fixed:
        if _body(exercise.code, function) not in _plain(answer):
            message = f"{function}() is what others do; your answer may not change it. Put it back as it was"
            raise SchemeError(message, file=name, source=answer)


def _plain(text: str) -> str:
    """C without comments, all white space one blank."""
    return " ".join(re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.DOTALL).split())


def _defined(code: str, function: str) -> re.Match[str] | None:
    return re.search(rf"^[^\n;]*\b{function}\([^;{{]*\{{.*?^\}}", code, re.MULTILINE | re.DOTALL)


def _body(code: str, function: str) -> str:
    found = _defined(code, function)
    if found is None:
        message = f"fixed: there is no function {function!r} in the C"
        raise ExerciseError(message)
    return _plain(found[0])
