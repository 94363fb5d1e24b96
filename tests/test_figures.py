"""`sevviz figure`: every view in every format, the same bytes each time, and errors that say what is possible."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sevviz
from sevviz.cli import main
from sevviz.figures import ENDINGS, VIEWS, write_figure
from sevviz.verdict import verdict_of
from sevviz.views.graph_on_paper import graph_on_paper
from sevviz.views.statemap import MOST_STATES
from sevviz.views.waitfor import draw_wait_for

if TYPE_CHECKING:
    from sevviz.model import Program
    from sevviz.verdict import Verdict

ROOT = Path(__file__).parent.parent
BEGINNINGS = {".svg": b"<", ".pdf": b"%PDF-", ".png": b"\x89PNG\r\n"}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_every_view_is_written_in_every_format(view: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"figure{ending}"
    alt = write_figure(sevviz.program("naive"), view, "1 2", path)
    assert path.read_bytes().startswith(BEGINNINGS[ending])
    assert len(alt) > 60
    assert path.stat().st_size > 3000


@pytest.mark.parametrize("view", VIEWS)
def test_the_same_question_gives_the_same_bytes(view: str, tmp_path: Path) -> None:
    program, (first, second) = sevviz.program("v4"), (tmp_path / "a.svg", tmp_path / "b.svg")
    write_figure(program, view, "1 1 1 1", first)
    write_figure(program, view, "1 1 1 1", second)
    assert first.read_bytes() == second.read_bytes()
    assert b'role="img"' in first.read_bytes()


def test_the_picture_of_the_readme_is_what_its_command_draws(tmp_path: Path) -> None:
    """If this fails: `sevviz figure naive --schedule "1 2" --view wait-for -o data/pictures/deadlock.svg`."""
    path = tmp_path / "deadlock.svg"
    write_figure(sevviz.program("naive"), "wait-for", "1 2", path)
    assert path.read_bytes() == (ROOT / "data" / "pictures" / "deadlock.svg").read_bytes()


def test_a_graph_on_paper_has_all_of_the_drawing_in_its_place() -> None:
    drawn = draw_wait_for(sevviz.run(sevviz.program("naive"), (1, 2)))
    figure = graph_on_paper(drawn.svg, drawn.alt)
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["1", "A→B", "A.lock", "2", "B→A", "B.lock"]
    kinds = [type(patch).__name__ for patch in axes.patches]
    assert kinds.count("Ellipse") == 2  # the tasks
    assert kinds.count("PathPatch") == 4  # two waits and two locks held
    assert kinds.count("Polygon") == 2 + 4  # the locks and the arrows' heads
    width, height = figure.get_size_inches()
    assert all(0 <= text.get_position()[0] <= width for text in axes.texts)
    assert all(0 <= text.get_position()[1] <= height for text in axes.texts)
    assert figure.alt == drawn.alt


def test_a_matrix_is_written_as_a_figure_and_as_csv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["naive", "v4", "--view", "matrix", "--scenario", "double", "--scenario", "same"]
    for ending, beginning in {**BEGINNINGS, ".csv": b"scheme,scenario,verdict,states,schedule,outcomes\n"}.items():
        path = tmp_path / f"matrix{ending}"
        assert main(["figure", "naive", *names, "-o", str(path)]) == 0
        assert capsys.readouterr().out.startswith("Matrix of 2 schemes and 2 scenarios. Cells: 1 deadlock, 2 fault")
        assert path.read_bytes().startswith(beginning)
    rows = [line.split(",")[:3] for line in (tmp_path / "matrix.csv").read_text(encoding="utf-8").splitlines()[1:]]
    assert rows == [
        ["naive", "double", "deadlock"], ["naive", "same", "clean"], ["v4", "double", "fault"], ["v4", "same", "fault"],
    ]  # fmt: skip


def test_a_matrix_without_names_has_all_and_says_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sevviz.views.matrix.scheme_names", lambda: ["naive"])  # all would take some seconds
    monkeypatch.setattr("sevviz.commands.QUIET_SECONDS", -1.0)
    assert main(["figure", "--view", "matrix", "-o", str(tmp_path / "all.csv")]) == 0
    written = (tmp_path / "all.csv").read_text(encoding="utf-8").splitlines()
    assert len(written) == 1 + len(sevviz.scenario_names())
    assert f"sevviz: {len(sevviz.scenario_names())} cells after " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "x.gif"], "figure: 'x.gif' ends in none of .svg, .pdf, .png"),
        (["--schedule", "1 3", "-o", "x.svg"], "there is no task 3"),
        (["v4", "-o", "x.svg"], "name one scheme and one scenario for the view timeline; a matrix takes more"),
        (
            ["--scenario", "double", "--scenario", "same", "-o", "x.svg"],
            "name one scheme and one scenario for the view",
        ),
        (["--view", "table", "-o", "x.svg"], "no view 'table'; there are timeline, wait-for, progress, census, map,"),
        (["--view", "matrx", "-o", "x.svg"], "no view 'matrx'; did you mean 'matrix'?"),
        (
            ["--view", "matrix", "--schedule", "1 2", "-o", "x.svg"],
            "a matrix shows whole searches and takes no schedule",
        ),
        (["--view", "matrix", "-o", "x.gif"], "'x.gif' ends in none of .svg, .pdf, .png, .csv"),
        (["--view", "matrix", "--scenario", "doubl", "-o", "x.svg"], "no scenario 'doubl'; did you mean 'double'?"),
        (["--view", "matrix", "--scenario", "same", "-o", "no/x.csv"], "cannot be written (No such file or directory)"),
        (["-o", "x.csv"], "figure: 'x.csv' ends in none of .svg, .pdf, .png"),
        (["-o", "no/such/folder/x.svg"], "cannot be written (No such file or directory); choose another place with -o"),
    ],
)
def test_what_cannot_be_drawn_is_said_and_nothing_is_written(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["figure", "naive", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_map_of_too_many_states_is_refused_without_visiting_them_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    limits: list[int] = []

    def noted(program: Program, limit: int) -> Verdict:
        limits.append(limit)
        return verdict_of(program, limit)

    monkeypatch.setattr("sevviz.figures.verdict_of", noted)
    output = tmp_path / "x.svg"
    assert main(["figure", "naive", "--scenario", "ring64", "--view", "map", "-o", str(output)]) == 2
    assert "a state map shows up to 1,500 states, and this search has more" in capsys.readouterr().err
    assert (limits, output.exists()) == ([MOST_STATES], False)
