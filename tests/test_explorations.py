"""Explorations as files: what is saved is read back, and what is not ours is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sevviz.errors import SevvizError
from sevviz.explorations import Exploration, load_exploration, save_exploration, saved_names, text_hash

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_is_saved_is_read_back_whatever_it_holds() -> None:
    for number, text in enumerate(("int x;\n", "quote ''' and \\ back\n", "bell \a and del \x7f\n", "ü → ‖\n", "end'")):
        saved = Exploration(f"n{number}", "naive", "double", "1 2!", 'a "note"', text)
        save_exploration(saved)
        assert load_exploration(f"n{number}") == Exploration(
            f"n{number}", "naive", "double", "1 2!", 'a "note"', text, text_hash(text)
        )
    assert saved_names() == ["n0", "n1", "n2", "n3", "n4"]


def test_a_saved_file_is_for_people_too(tmp_path: Path) -> None:
    save_exploration(Exploration("mine", "naive", "double", "1 2", "", "int x;\n"))
    written = (tmp_path / "mine.sevviz.toml").read_text(encoding="utf-8")
    assert written.startswith('format = 1\nname = "mine"\nscheme = "naive"\nscenario = "double"\nschedule = "1 2"\n')
    assert written.endswith("text = '''\nint x;\n'''\n")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("format = 2\n", "format 2, and this sevviz reads format 1"),
        ("format = 1\n", "scheme is missing or no text"),
        ("not toml", "not TOML"),
        (b"\xff", "not TOML"),
    ],
)
def test_files_that_are_not_ours_are_refused(content: str | bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "x.sevviz.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SevvizError, match=words):
        load_exploration("x")


def test_names_are_names_and_not_paths() -> None:
    with pytest.raises(SevvizError, match="cannot be the name of a file"):
        save_exploration(Exploration("../x", "naive", "double", "", "", ""))
    with pytest.raises(SevvizError, match="no saved exploration 'x'; there are: none yet"):
        load_exploration("x")
