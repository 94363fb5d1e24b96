"""Every error a user can cause: what, where, what was possible, what to do."""

from __future__ import annotations

from unicodedata import category

__all__ = ["ScenarioError", "ScheduleError", "SchemeError", "SevvizError", "visible"]


class SevvizError(Exception):
    """Bad input. The text is meant to be shown to the user as it is; it never needs a traceback."""


class ScenarioError(SevvizError):
    """A scenario, a task or a setting that does not fit; the text names what would."""


class ScheduleError(SevvizError):
    """A schedule that cannot be followed; the text names the step and what was possible there."""


class SchemeError(SevvizError):
    """A C text outside what sevviz understands.

    `line` and `column` count from 1 (columns in characters); `excerpt` is the source line with a caret line below it.
    """

    def __init__(self, message: str, *, file: str, line: int = 1, column: int = 1, source: str = "") -> None:
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.excerpt = caret(source, line, column)
        super().__init__(f"{file}:{line}:{column}: {message}{self.excerpt}")


def visible(text: str) -> str:
    """A text from outside, to be shown: each character that would act instead of being seen is a dot.

    Terminals obey control characters, and bidirectional ones make C read as what it is not ("Trojan Source",
    CVE-2021-42574). Tabs and ends of lines stay.
    """
    return "".join(char if char.isprintable() or char in "\t\n" or category(char) == "Zs" else "·" for char in text)


def caret(source: str, line: int, column: int) -> str:
    """The source line and a caret below `column`, or nothing where there is no such line."""
    lines = source.split("\n")
    if not 0 < line <= len(lines) or not lines[line - 1].strip():
        return ""
    # A tab stays a tab in the caret line, so that the caret stands right whatever a tab is wide. A long line is cut
    # round the column; control characters would move the caret (or the terminal).
    text = visible(lines[line - 1])
    start = max(0, column - 80)
    shown = text[start : start + 120]
    pad = "".join("\t" if c == "\t" else " " for c in shown[: column - 1 - start])
    return f"\n  {shown}\n  {pad}^"
