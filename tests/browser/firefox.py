"""Debian's Firefox, driven over WebDriver BiDi: Debian has no geckodriver, and Playwright brings a Firefox of its own.

https://www.w3.org/TR/webdriver-bidi/ defines the commands and events. There is one tab, without a network.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import websocket

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["Firefox", "FirefoxError", "launch_firefox"]

BROWSERS = ("firefox-esr", "firefox")
PATIENCE = 60  # seconds for whatever the browser is asked to do
DEAD_PORT = 9  # where nothing listens: whatever is not a file is asked for there
PREFERENCES: dict[str, object] = {
    "network.proxy.type": 1,
    "network.proxy.allow_hijacking_localhost": True,
    "network.proxy.failover_direct": False,
    "network.dns.disabled": True,
    **{f"network.proxy.{kind}": "127.0.0.1" for kind in ("http", "ssl", "socks")},
    **{f"network.proxy.{kind}_port": DEAD_PORT for kind in ("http", "ssl", "socks")},
}
KEYS = {"ArrowLeft": "\ue012", "ArrowRight": "\ue014", "Home": "\ue011", "End": "\ue010", "Control": "\ue009"}
# A policy's refusals are told to the page alone.
WATCH = """() => {
  globalThis.refused = [];
  addEventListener("securitypolicyviolation", (event) => refused.push(event.violatedDirective));
}"""


class FirefoxError(Exception):
    """What Firefox answers to a command that it cannot carry out."""


class Firefox:
    """A tab. `requests` are the addresses it has asked for, `errors` what scripts threw or wrote to the console."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self._socket = socket
        self._commands = 0
        self.requests: list[str] = []
        self.errors: list[str] = []
        self._command("session.new", capabilities={})
        self._command("session.subscribe", events=["network.beforeRequestSent", "log.entryAdded"])
        self._command("script.addPreloadScript", functionDeclaration=WATCH)
        self._tab: str = self._command("browsingContext.create", type="tab")["context"]

    def open(self, url: str) -> None:
        """Go to an address; the page's scripts have run when this returns."""
        self._command("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    def reload(self) -> None:
        """Load the page again, at the address that it has now."""
        self._command("browsingContext.reload", context=self._tab, wait="complete")

    def resize(self, width: int, height: int) -> None:
        """Set the size of the page's window in CSS pixels."""
        self._command("browsingContext.setViewport", context=self._tab, viewport={"width": width, "height": height})

    def evaluate(self, function: str, argument: object = None) -> Any:  # noqa: ANN401 - whatever the function gives
        """What a JavaScript function of one argument gives in the page, as JSON."""
        as_json = f"async (text) => JSON.stringify(await ({function})(JSON.parse(text)) ?? null)"
        return json.loads(self._call(as_json, {"type": "string", "value": json.dumps(argument)})["value"])

    def wait_for(self, function: str) -> None:
        """Wait until a JavaScript function gives something true."""
        end = time.monotonic() + PATIENCE
        while not self.evaluate(function):
            if time.monotonic() > end:
                raise FirefoxError(f"not within {PATIENCE} s: {function}")
            time.sleep(0.05)

    def click(self, inside: str, name: str) -> None:
        """Click with the mouse on the one button of a name, as assistive technology reads it, inside of an element."""
        around = self._locate({"type": "css", "value": inside})
        named = {"type": "accessibility", "value": {"role": "button", "name": name}}
        (button,) = self._locate(named, startNodes=[{"sharedId": node["sharedId"]} for node in around])
        node = {"sharedId": button["sharedId"]}
        self._call("(node) => node.scrollIntoView({ block: 'center' })", node)
        place = {"type": "pointerMove", "x": 0, "y": 0, "origin": {"type": "element", "element": node}}
        press, release = ({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp"))
        self._perform({"type": "pointer", "id": "mouse", "actions": [place, press, release]})

    def press(self, *keys: str) -> None:
        """Press keys together, as in ("Control", "v")."""
        values = [KEYS.get(key, key) for key in keys]
        down = [{"type": "keyDown", "value": value} for value in values]
        up = [{"type": "keyUp", "value": value} for value in reversed(values)]
        self._perform({"type": "key", "id": "keyboard", "actions": [*down, *up]})

    def _perform(self, source: dict[str, object]) -> None:
        self._command("input.performActions", context=self._tab, actions=[source])

    def _call(self, function: str, argument: dict[str, str]) -> dict[str, Any]:
        target = {"context": self._tab}
        answer = self._command(
            "script.callFunction", functionDeclaration=function, arguments=[argument], target=target, awaitPromise=True
        )
        if answer["type"] == "exception":
            raise FirefoxError(answer["exceptionDetails"]["text"])
        result: dict[str, Any] = answer["result"]
        return result

    def _locate(self, locator: Mapping[str, object], **more: object) -> Sequence[dict[str, Any]]:
        found = self._command("browsingContext.locateNodes", context=self._tab, locator=locator, **more)
        nodes: list[dict[str, Any]] = found["nodes"]
        return nodes

    def _command(self, method: str, **parameters: object) -> dict[str, Any]:
        self._commands += 1
        self._socket.send(json.dumps({"id": self._commands, "method": method, "params": parameters}))
        while True:
            message: dict[str, Any] = json.loads(self._socket.recv())
            if message["type"] == "event":
                self._note(message["method"], message["params"])
            elif message["type"] == "error":
                raise FirefoxError(f"{method}: {message['message']}")
            else:
                result: dict[str, Any] = message["result"]
                return result

    def _note(self, event: str, told: dict[str, Any]) -> None:
        if event == "network.beforeRequestSent":
            self.requests.append(told["request"]["url"])
        elif told["level"] in ("error", "warn"):
            self.errors.append(told["text"])


@contextmanager
def launch_firefox(home: Path) -> Iterator[Firefox]:
    """A Firefox without a window, with a new profile in a folder of its own; it ends with the block."""
    lines = [f'user_pref("{name}", {json.dumps(value)});\n' for name, value in PREFERENCES.items()]
    (home / "user.js").write_text("".join(lines), encoding="utf-8")
    program = next(path for name in BROWSERS if (path := shutil.which(name)))
    command = [program, "--headless", "--no-remote", "--profile", str(home), "--remote-debugging-port", "0"]
    log, environment = home / "log", {**os.environ, "HOME": str(home)}
    with log.open("w") as told, subprocess.Popen(command, env=environment, stdout=told, stderr=told) as process:
        try:
            with closing(websocket.create_connection(_address(log), timeout=PATIENCE, suppress_origin=True)) as socket:
                yield Firefox(socket)
        finally:
            process.terminate()


def _address(log: Path) -> str:
    """Where Firefox says that it listens."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := re.search(r"WebDriver BiDi listening on (ws://\S+)\n", log.read_text(encoding="utf-8")):
            return f"{found[1]}/session"
        time.sleep(0.1)
    raise FirefoxError(f"Firefox did not start within {PATIENCE} s:\n{log.read_text(encoding='utf-8')}")
