"""Standard output as commands use it: what they found decides the exit status, whoever reads and whatever the disk."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["print_json", "status_of"]

BAD_OUTPUT = 2


class Results:
    """A stream that never raises: the first error is kept in `error`, and what comes after it is dropped."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        """Write, or drop what can no longer be written."""
        try:
            self.stream.write(text)
        except OSError as error:
            self._drop_the_rest(error)
        return len(text)

    def flush(self) -> None:
        """Flush, where there is still something to write to."""
        try:
            self.stream.flush()
        except OSError as error:
            self._drop_the_rest(error)

    def __getattr__(self, name: str) -> object:
        return getattr(self.stream, name)

    def _drop_the_rest(self, error: OSError) -> None:
        self.error = self.error or error
        with suppress(OSError), Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            # What is still in the buffer goes there too, even at exit.
            os.dup2(nowhere.fileno(), self.stream.fileno())


def status_of(command: Callable[[], int]) -> int:
    """Run a command and return its exit status; 2 where its results could not be written.

    A reader who has gone (`sevviz check v4 | head`) does not change the status: a deadlock that nobody reads of is one
    all the same. A closed or full standard output does: the results are lost.
    """
    if cast("TextIO | None", sys.stderr) is None:  # closed: an error must not end up among the results
        sys.stderr = io.StringIO()
    if cast("TextIO | None", sys.stdout) is None:
        print("sevviz: standard output is closed, so the results have nowhere to go", file=sys.stderr)
        return BAD_OUTPUT
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what it cannot encode is shown as \u2192 or \udcff
            stream.reconfigure(errors="backslashreplace")
    results, left = Results(sys.stdout), None
    try:
        with redirect_stdout(cast("TextIO", results)), redirect_stderr(cast("TextIO", Results(sys.stderr))):
            status = command()
    except SystemExit as asked:  # `--help`, or a line that argparse does not understand
        status, left = BAD_OUTPUT, asked
    results.flush()
    if results.error is not None and results.error.errno != errno.EPIPE:
        reason = results.error.strerror
        print(f"sevviz: the results cannot be written to standard output ({reason})", file=Results(sys.stderr))
        return BAD_OUTPUT
    if left is not None:
        raise left
    return status


def print_json(found: object) -> None:
    """Print one JSON object, in plain ASCII where standard output cannot say it otherwise."""
    text = json.dumps(found, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(found)
    print(text)
