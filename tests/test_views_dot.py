from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.views import dot

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

GRAPH = "digraph { a -> b }"


def program(folder: Path, name: str, body: str) -> str:
    """A stand-in for Graphviz."""
    path = folder / name
    path.write_text(f"#!/bin/sh\ncat > /dev/null\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def use(patch: pytest.MonkeyPatch, folder: Path, bundled: str | None) -> None:
    """Look for programs in one folder alone; `bundled` is what pip installed."""
    patch.setattr(dot, "_bundled", lambda: bundled)
    patch.setattr("shutil.which", lambda name: str(folder / name) if (folder / name).exists() else None)


def test_the_engine_that_pip_installed_draws() -> None:
    drawn = dot.render_dot(GRAPH)
    assert drawn is not None
    assert drawn.startswith("<svg")
    assert drawn.count('class="node"') == 2


def test_the_same_graph_gives_the_same_bytes() -> None:
    assert dot.render_dot(GRAPH, "neato") == dot.render_dot(GRAPH, "neato")


def test_the_bundled_engine_comes_before_dot_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = program(tmp_path, "graphviz-pure", "echo '<svg>bundled</svg>'")
    program(tmp_path, "dot", "echo '<svg>dot</svg>'")
    use(monkeypatch, tmp_path, bundled)
    assert dot.render_dot(GRAPH) == "<svg>bundled</svg>\n"


def test_dot_draws_where_the_bundled_engine_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "dot", "echo '<?xml?><svg>dot</svg>'")
    use(monkeypatch, tmp_path, None)
    assert dot.render_dot(GRAPH) == "<svg>dot</svg>\n"


def test_dot_draws_where_the_bundled_engine_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for body in ("echo '<svg>half'; exit 1", "echo 'no picture'", "printf '\\377'"):
        bundled = program(tmp_path, "graphviz-pure", body)
        program(tmp_path, "dot", "echo '<svg>dot</svg>'")
        use(monkeypatch, tmp_path, bundled)
        assert dot.render_dot(GRAPH) == "<svg>dot</svg>\n"


def test_without_any_graphviz_there_is_no_picture_and_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tmp_path, None)
    assert dot.render_dot(GRAPH) is None


def test_a_program_that_cannot_be_started_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tmp_path, str(tmp_path))  # a folder
    assert dot.render_dot(GRAPH) is None
