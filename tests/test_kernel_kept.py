"""What is kept of real kernels is of one kernel, one model and one text, or it goes. No kernel is needed here."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import sevviz
from sevviz.kernel import recording as keeping
from sevviz.kernel.compare import planned
from sevviz.kernel.configuration import CONFIGURATIONS
from sevviz.kernel.recording import (
    Recording,
    keep_runs,
    keep_table,
    kept_head,
    kept_table,
    load_recording,
    scheme_hash,
    store,
)

if TYPE_CHECKING:
    from pathlib import Path

DEBUG = CONFIGURATIONS["debug"]
TABLES = ("debug", "plain", "smp")
HEADINGS = ("scheme", "scenario", "schedules run", "agreed", "differed", "spinning")


@pytest.fixture(autouse=True)
def kernel_of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sevviz.kernel.build.source_version", lambda: "6.12.1-1")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another folder than data/kernel."""
    monkeypatch.setattr(keeping, "folder", lambda: tmp_path)
    return tmp_path


def row(scheme: str, scenario: str) -> tuple[str, ...]:
    return (scheme, scenario, "all 1", "1", "0", "-")


def keep(basis: str, *rows: tuple[str, ...]) -> str:
    """Keep rows of a comparison with a basis; what is said to be dropped."""
    schemes = {name: (scheme_hash(sevviz.load(name)), basis) for name, *_ in rows}
    return keep_table(DEBUG, schemes, [HEADINGS, *rows]).dropped


def kept() -> list[tuple[str, ...]]:
    return [one[:2] for one in kept_table("debug")[1]]


@pytest.mark.usefixtures("elsewhere")
def test_rows_of_a_scheme_go_when_its_basis_is_another() -> None:
    assert keep("old", row("naive", "double"), row("naive", "self"), row("v4", "double")) == ""
    assert keep("old", row("naive", "chain")) == ""
    assert sorted(kept()) == [("naive", "chain"), ("naive", "double"), ("naive", "self"), ("v4", "double")]
    said = keep("new", row("naive", "self"))
    assert kept() == [("naive", "self"), ("v4", "double")]
    assert said == (
        "compared_debug.txt: 2 rows of naive were of another text, model or runner and are dropped; "
        "`sevviz kernel compare naive --keep --configuration debug` brings them back"
    )
    assert {name: basis for name, (_, basis) in kept_table("debug")[0].items()} == {"naive": "new", "v4": "old"}


def test_rows_of_another_kernel_or_configuration_go(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep("same", row("naive", "double"), row("v4", "double"))
    monkeypatch.setattr("sevviz.kernel.build.source_version", lambda: "6.12.2-1")
    said = keep("same", row("naive", "self"))
    assert kept() == [("naive", "self")]
    assert said == (
        "compared_debug.txt: 2 rows of naive, v4 were of 'Kernel 6.12.1-1, configuration debug: "
        f"{DEBUG.what}' and are dropped; `sevviz kernel compare --all --keep --configuration debug` brings them back"
    )
    path = elsewhere / "compared_debug.txt"
    path.write_text(path.read_text(encoding="utf-8").replace(DEBUG.what, "with few checks"), encoding="utf-8")
    assert "with few checks" in keep("same", row("v4", "self"))
    assert kept() == [("v4", "self")]


def recorded(configurations: str) -> Recording:
    """The shipped recording of naive with the runs of some configurations only."""
    found = load_recording("naive")
    assert found is not None
    runs = [run for run in found.runs if run.configuration in configurations.split()]
    return found.only(runs)


@pytest.mark.parametrize("change", [{}, {"kernel": "6.12.2-1"}, {"sha256": "another"}])
def test_runs_of_another_kernel_or_text_are_not_kept_under_todays_name(
    change: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, fresh = recorded("debug smp"), recorded("plain")
    fresh = replace(fresh, kernel=change.get("kernel", fresh.kernel), sha256=change.get("sha256", fresh.sha256))
    monkeypatch.setattr(keeping, "folder", lambda: tmp_path)
    store(old)
    path, dropped = keep_runs(fresh, "plain")
    now = load_recording("naive")
    assert now is not None
    assert path == tmp_path / "naive.json"
    assert (now.kernel, now.sha256) == (fresh.kernel, fresh.sha256)
    assert {run.configuration for run in now.runs} == ({"plain"} if change else {"debug", "plain", "smp"})
    assert set(now.words) == {key for run in now.runs for key in run.words}
    assert bool(dropped) == bool(change)
    if change:
        why = f"of kernel {old.kernel}" if "kernel" in change else "of another text of the scheme"
        assert dropped == (
            f"naive.json: {len(old.runs)} runs of debug, smp were {why} and are dropped; `sevviz kernel record naive "
            "--configuration debug` and `sevviz kernel record naive --configuration smp` bring them back"
        )


def test_a_place_where_nothing_can_be_written_is_an_error_that_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(keeping, "folder", lambda: tmp_path / "file")
    with pytest.raises(sevviz.SevvizError, match=r"naive\.json: cannot be written .*use a checkout"):
        store(Recording("naive", "", "", (), {}))


def test_all_that_is_kept_is_of_one_kernel() -> None:
    """If this fails: run `sevviz kernel record` and `sevviz kernel compare --all --keep` for every configuration."""
    heads = {name: kept_head(name) for name in TABLES}
    versions = {re.split(r"[ ,]", head)[1] for head in heads.values()}
    assert heads == {
        name: f"Kernel {version}, configuration {name}: {CONFIGURATIONS[name].what}"
        for name in TABLES
        for version in versions
    }
    recordings = [load_recording(scheme) for scheme in sevviz.scheme_names()]
    assert {found.kernel for found in recordings if found} == versions


def test_the_head_that_is_written_is_the_one_that_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    version = re.split(r"[ ,]", kept_head("debug"))[1]
    monkeypatch.setattr("sevviz.kernel.build.source_version", lambda: version)
    assert {keeping.table_head(CONFIGURATIONS[name]) for name in TABLES} == {kept_head(name) for name in TABLES}


def number_is_right(share: str, plan: int) -> bool:
    """Whether a row tells of as many schedules as were planned: all, or `plan` of more.

    Of countless ones, the walks of a sample may be the same: there may be fewer.
    """
    count, _, total = share.removeprefix("all ").partition(" of ")
    run = int(count.replace(",", ""))
    if share.startswith("all "):
        return run > 0 and not total
    if total == "countless":
        return 0 < run <= plan
    counted = re.fullmatch(r"[\d,]+", total)
    return run == plan and (total == "many, not counted" or bool(counted and int(total.replace(",", "")) > plan))


@pytest.mark.parametrize("name", TABLES)
def test_every_row_of_a_kept_table_tells_of_as_many_schedules_as_are_planned(name: str) -> None:
    """If this fails, a row was run with --most: run `sevviz kernel compare SCHEME --keep` without it."""
    for found in kept_table(name)[1]:
        assert number_is_right(found[2], planned(CONFIGURATIONS[name], found[1])), found


@pytest.mark.parametrize("share", ["1 of 64,176", "59 of 64,176", "61 of 64,176", "0 of countless", "61 of countless",
                                   "all 0", "60 of 60", "1 of many, not counted", "60 of 70, given up"])  # fmt: skip
def test_a_row_that_was_shrunk_is_noticed(share: str) -> None:
    assert number_is_right("60 of 64,176", 60)
    assert number_is_right("59 of countless", 60)
    assert number_is_right("all 60", 60)
    assert not number_is_right(share, 60)
