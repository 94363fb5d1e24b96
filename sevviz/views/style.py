"""How things look in every picture: colours that colour-blind readers can tell apart, and never colour alone.

Colours are Okabe and Ito's ("Color Universal Design", jfly.uni-koeln.de/color). On white, the light ones have too
little contrast for lines, so whatever is filled has a dark outline; white text stands only on blue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["GREY", "INK", "LOOKS", "PAPER", "RING", "Look", "Role", "figure_style"]

BLACK = "#000000"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"

INK = "#17191c"  # text and outlines
PAPER = "#ffffff"
GREY = "#6b7280"  # bystanders and what is over
RING = "#b8430a"  # a darker vermillion: the lines and the words of a deadlock (5.4:1 on white)

Role = Literal["running", "holding", "atomic", "sleeping", "spinning", "no-cpu", "fault", "returned", "set", "work"]


@dataclass(frozen=True, slots=True)
class Look:
    """How a role is drawn: its fill, matplotlib's hatch, the letter that stands for it, and its name in a legend."""

    fill: str
    hatch: str
    letter: str
    name: str
    text: str = INK


LOOKS: dict[Role, Look] = {
    "running": Look(BLUE, "", "", "step", PAPER),
    "holding": Look(SKY, "", "H", "holds a mutex"),
    "atomic": Look(ORANGE, "//", "A", "holds a spinlock: atomic context"),
    "sleeping": Look(PURPLE, "||", "Z", "sleeps"),
    "spinning": Look(YELLOW, "..", "S", "spins"),
    "no-cpu": Look(PAPER, "xx", "C", "has no CPU"),
    "fault": Look(VERMILLION, "\\\\\\\\", "!", "breaks a rule"),
    "returned": Look(GREEN, "", "R", "returned"),
    "set": Look("#e3e6ea", "", "F", "has set a field"),
    "work": Look(PAPER, "", "W", "does the work"),
}

_MATPLOTLIB: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so that texts have the same size everywhere
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "hatch.linewidth": 0.6,
    "hatch.color": "#00000066",
    # The same input gives the same bytes: no random ids, and text stays text.
    "svg.hashsalt": "sevviz",
    "svg.fonttype": "none",
}


def figure_style() -> AbstractContextManager[None]:
    """The matplotlib settings of every figure, as a context: the reader's own settings are as before after it."""
    from matplotlib import style

    return style.context(_MATPLOTLIB, after_reset=True)
