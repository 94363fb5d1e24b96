"""Marking in a process of its own, with limits on time and memory: an answer can do no harm and take no machine along.

What the process reads and writes is described in `serving`.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Self

from sevviz.exercises.mark import Mark
from sevviz.exercises.marking import Limits, mark_here, undecided
from sevviz.exercises.model import ExerciseError
from sevviz.exercises.reading import read_exercise

__all__ = ["Worker"]

START_SECONDS = 60  # for the worker to come up, on a busy machine
CHUNK = 1 << 16


class Worker:
    """One marking process; it is started when needed, and again after it had to be stopped."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):  # what was not written yet has no reader any more
                        stream.close()

    def mark(self, exercise: Path, answer: str, *, hidden: bool = True) -> Mark:
        """The mark on an answer to an exercise file. An answer that takes too long is undecided, never wrong."""
        read = read_exercise(exercise)
        if len(answer) > self.limits.answer_bytes:  # not worth sending
            return mark_here(read, answer, self.limits, hidden=hidden)
        order = {"exercise": str(exercise.resolve()), "answer": answer, "hidden": hidden}
        line = self._ask(json.dumps(order).encode() + b"\n")
        if line is None:
            self.close()
            text = f"Marking was stopped: it took more than {self.limits.seconds} seconds, or the memory ran out."
            return undecided(read, text, hidden=hidden)
        return Mark.from_json(json.loads(line))

    def _ask(self, order: bytes) -> bytes | None:
        """The worker's answer, or None if it did not come in time."""
        process = self._running()
        assert process.stdin is not None  # a pipe was asked for
        try:
            process.stdin.write(order)
            process.stdin.flush()
        except OSError:
            return None
        return self._read_line(self.limits.seconds)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._buffer = b""
            package = str(Path(__file__).resolve().parent.parent.parent)
            path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "sevviz.exercises.serving", json.dumps(asdict(self.limits))],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path},
            )  # fmt: skip
            # It says when it is ready, so that its start is not taken for the answer's time, nor its failure for ours.
            if self._read_line(START_SECONDS) is None:
                self.close()
                message = (
                    f"marking cannot start a process of its own; try: {sys.executable} -m sevviz.exercises.serving {{}}"
                )
                raise ExerciseError(message)
        return self._process

    def _read_line(self, seconds: float) -> bytes | None:
        assert self._process is not None
        assert self._process.stdout is not None
        stream, deadline = self._process.stdout, time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    return None
                chunk = os.read(stream.fileno(), CHUNK)
                if not chunk:
                    return None
                self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line
