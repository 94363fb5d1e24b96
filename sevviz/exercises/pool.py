"""Many answers: marked by worker processes on this machine, or on a Dask cluster."""

from __future__ import annotations

import atexit
import hashlib
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sevviz.exercises.mark import Mark
from sevviz.exercises.marking import Limits
from sevviz.exercises.model import ExerciseError
from sevviz.exercises.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Order", "files_of", "mark_here_and_now", "mark_on_cluster"]


class Order(NamedTuple):
    """One answer to be marked."""

    key: str
    exercise: Path
    answer: str


def mark_here_and_now(orders: list[Order], limits: Limits, processes: int) -> Iterator[tuple[Order, Mark]]:
    """Marks as they come, from worker processes on this machine. Each thread waits for one process."""
    kept = threading.local()
    workers: list[Worker] = []

    def mark(order: Order) -> Mark:
        if not hasattr(kept, "worker"):
            kept.worker = Worker(limits)
            workers.append(kept.worker)
        found: Mark = kept.worker.mark(order.exercise, order.answer)
        return found

    pool = ThreadPoolExecutor(processes)
    try:
        futures = {pool.submit(mark, order): order for order in orders}
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for worker in workers:
            worker.close()


def mark_on_cluster(orders: list[Order], limits: Limits, address: str) -> Iterator[tuple[Order, Mark]]:
    """Marks as they come, from a Dask cluster whose workers have sevviz installed."""
    try:
        from distributed import Client
        from distributed import as_completed as completed
    except ImportError:
        message = 'a cluster needs dask.distributed: pip install "sevviz[cluster]"'
        raise ExerciseError(message) from None
    try:
        client = Client(address, timeout=30)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        message = f"no Dask scheduler answers at {address} ({error})"
        raise ExerciseError(message) from None
    files = {order.exercise: files_of(order.exercise) for order in orders}
    numbers = tuple((name, getattr(limits, name)) for name in ("states", "seconds", "megabytes", "answer_bytes"))
    with client:
        futures = [client.submit(mark_remotely, files[o.exercise], o.answer, numbers, key=o.key) for o in orders]
        by_key = {order.key: order for order in orders}
        for future in completed(futures):  # type: ignore[no-untyped-call]
            yield by_key[str(future.key)], Mark.from_json(future.result())


def files_of(exercise: Path) -> dict[str, str]:
    """The files of an exercise, by name: what a machine elsewhere needs to mark it."""
    paths = [exercise, exercise.with_suffix(".c")]
    return {path.name: path.read_text(encoding="utf-8") for path in paths if path.is_file()}


_here = threading.local()  # of a Dask worker's thread: its marking process


def mark_remotely(files: dict[str, str], answer: str, limits: tuple[tuple[str, int], ...]) -> dict[str, Any]:
    """Mark on a Dask worker: in a process of its own there too, with the same limits."""
    workers: dict[tuple[tuple[str, int], ...], Worker] = _here.__dict__.setdefault("workers", {})
    if limits not in workers:
        workers[limits] = Worker(Limits(**dict(limits)))
        atexit.register(workers[limits].close)
    digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:16]
    with tempfile.TemporaryDirectory(prefix=f"sevviz-{digest}-") as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        exercise = next(Path(folder) / name for name in files if name.endswith(".toml"))
        return workers[limits].mark(exercise, answer).to_json()
