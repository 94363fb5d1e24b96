"""One self-contained HTML page: players, data, styles and a policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from sevviz.export.breaks import with_breaks

__all__ = ["Page", "data_block", "module_text", "script_text", "source_text"]

PLAYER = Path(__file__).parent.parent / "player"
HERE = Path(__file__).parent
# By the player's module: the word that its address begins with, and what it is called. Each kind counts by itself.
KINDS = {"player": ("stepper", "Stepper"), "predict": ("question", "Prediction")}
OTHER = ("view", "View")
# Only where scripts run, so it is hidden until one does; its end only where the browser has kept answers.
ALIVE = (
    '<p class="alive-note" id="alive-note" hidden>This page is alive: step, press and choose as you like. There is '
    'nothing to install or to run. <span id="kept" hidden>Your answers are kept in this browser. '
    '<button type="button" id="forget">Forget my answers on this page</button></span></p>'
)


def data_block(identifier: str, data: object) -> str:
    """JSON that a page carries. No text in it can end the block: < and the line separators are written as escapes."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    for char in ("<", ">", "&", "\u2028", "\u2029"):
        text = text.replace(char, f"\\u{ord(char):04x}")
    return f'<script type="application/json" id="{escape(identifier)}">{text}</script>'


@cache
def source_text(path: Path) -> str:
    """A script or style sheet without the comments on lines of their own, which are a tenth of a page.

    They are for those who read the source. One with code behind it stays.
    """
    text = path.read_text(encoding="utf-8")
    return re.sub(r"^[ \t]*(?://[^\n]*|/\*(?:(?!\*/).)*\*/)[ \t]*\n", "", text, flags=re.MULTILINE | re.DOTALL)


def module_text(name: str) -> str:
    """A player module as an expression that gives its exports: a page may load nothing, so nothing can be imported."""
    source = source_text(PLAYER / f"{name}.js")
    body = re.sub(r"^export default .*$", "", source, flags=re.MULTILINE)
    exports = re.findall(r"^export (?:function|const|class) (\w+)", body, flags=re.MULTILINE)
    body = re.sub(r"^export (?=function|const|class)", "", body, flags=re.MULTILINE)
    if re.search(r"^\s*(import|export)\b", body, flags=re.MULTILINE):
        raise AssertionError(f"{name}.js imports or exports in a way that a page cannot inline")
    return f"(() => {{\n{body}\nreturn {{ {', '.join(exports)} }};\n}})()"


def script_text(players: tuple[str, ...]) -> str:
    """The one module of a page: the players that it needs, and what mounts them."""
    modules = "".join(f"{json.dumps(name)}: {module_text(name)},\n" for name in players)
    boot = source_text(HERE / "page.js")
    return f"const players = {{\n{modules}}};\n{boot}"


def style_text(players: tuple[str, ...], more: str = "") -> str:
    """The one style sheet of a page."""
    sheets = [source_text(HERE / "page.css"), more]
    sheets += [source_text(path) for name in players if (path := PLAYER / f"{name}.css").exists()]
    return "\n".join(sheets)


def source_hash(text: str) -> str:
    """The hash by which a policy allows an inline script or style (CSP level 3, hash-source)."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _name_of(data: dict[str, Any]) -> str:
    """What a player is about, for those who hear the page: the scheme, the question, or what a view shows."""
    return str(data.get("label") or data.get("question") or data.get("title") or data.get("view") or "")


@dataclass
class Page:
    """A page to be. `body` is finished HTML without scripts or inline styles."""

    title: str
    body: str
    description: str = ""
    blocks: list[str] = field(default_factory=list)
    players: set[str] = field(default_factory=set)
    style: str = ""
    navigation: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    shown: list[dict[str, Any]] = field(default_factory=list)  # the data of its players

    def html(self) -> str:
        """The whole file."""
        players = tuple(sorted(self.players))
        script, style = script_text(players), style_text(players, self.style)
        policy = (
            f"default-src 'none'; script-src {source_hash(script)}; style-src {source_hash(style)}; "
            "img-src data:; base-uri 'none'; form-action 'none'"
        )
        head = [
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            '<meta name="referrer" content="no-referrer">',
            f'<meta name="description" content="{escape(self.description)}">' if self.description else "",
            '<link rel="icon" href="data:,">',
            f"<title>{escape(self.title)}</title>",
            f"<style>{style}</style>",
        ]
        return "\n".join(
            [
                '<!DOCTYPE html>\n<html lang="en">\n<head>',
                *filter(None, head),
                '</head>\n<body>\n<a class="skip" href="#main">Skip to the text</a>',
                with_breaks(self.navigation),
                f'<main id="main">\n<p class="link-note" id="link-note" role="status"></p>\n{self._lively()}\n</main>',
                *self.blocks,
                f'<script type="module">{script}</script>',
                "</body>\n</html>\n",
            ]
        )

    def player(self, embedded: dict[str, Any]) -> str:
        """The place of a player in the body; its data go to the end of the page.

        Steppers are stepper-1, stepper-2, ... whatever else is between them: links name them so.
        """
        word, kind = KINDS.get(embedded["player"], OTHER)
        self.counts[word] += 1
        identifier = f"{word}-{self.counts[word]}"
        self.players.add(embedded["player"])
        self.shown.append(embedded["data"])
        self.blocks.append(data_block(f"{identifier}-data", {k: embedded[k] for k in ("player", "data", "options")}))
        # The story is what a reader without JavaScript, and a sheet of paper, has instead of the player.
        label = escape(f"{kind} {self.counts[word]}: {_name_of(embedded['data'])}")
        return (
            f'<section class="player {escape(embedded["player"])}" id="{identifier}" aria-label="{label}">'
            f'<div class="mount"></div><div class="story">{embedded["story"]}</div></section>'
        )

    def _lively(self) -> str:
        """The body, and below its title that all of it can be used, if there is something to use."""
        if not self.counts:
            return with_breaks(self.body)
        head, title, rest = with_breaks(self.body).partition("</h1>")
        return f"{head}{title}{ALIVE}{rest}" if title else f"{ALIVE}{head}"
