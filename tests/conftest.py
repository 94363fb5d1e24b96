"""What holds for every test: those that share a resource take turns in one worker (`pytest -n 2 --dist loadgroup`)."""

from __future__ import annotations

import gc
import signal

import pytest

# A command started in the background of a script inherits an ignored SIGINT, and so would every process that the tests
# start: those that are to be interrupted would not notice.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("browser"))


def pytest_collection_finish() -> None:
    """The thousands of tests are no garbage: the collector need not look through them again and again."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
