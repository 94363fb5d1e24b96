"""How a widget tells an exporter what it shows: a private MIME type with the data that its player needs.

Only written while a notebook is run for export, so that an ordinary notebook does not carry everything twice.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MIME", "VARIABLE", "embedded"]

MIME = "application/vnd.sevviz+json"
VARIABLE = "SEVVIZ_EXPORT"  # set in the environment of the kernel that runs the notebook


def embedded(player: str, data: dict[str, Any], options: dict[str, Any], story: Callable[[], str]) -> dict[str, Any]:
    """The MIME bundle entry for a player, or nothing outside an export.

    `player` is the name of its module in sevviz/player, `data` and `options` what its `mount` takes, `story` the HTML
    that stands in its place without JavaScript and on paper, made only if it is wanted.
    """
    if not os.environ.get(VARIABLE):
        return {}
    return {MIME: {"player": player, "data": data, "options": options, "story": story()}}
