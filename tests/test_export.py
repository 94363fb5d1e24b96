"""Exported pages: what is in them, what cannot get into them, and that they are the same every time."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from hostile import HOSTILE

from sevviz.cli import main
from sevviz.errors import SevvizError
from sevviz.export.book import Chapter, index_page
from sevviz.export.exporter import cleaned, notebook_page, prose
from sevviz.export.page import Page, data_block, module_text, source_text
from sevviz.export.pages import export_notebook, export_scheme

ROOT = Path(__file__).parent.parent
LIMIT = 66 * 1024  # bytes of a gzipped page with one scheme and every interleaving of two VMs


def scheme_page(tmp_path: Path, scheme: str = "flag_then_mutex", scenario: str = "double") -> str:
    """The text of an exported scheme."""
    output = tmp_path / "page.html"
    export_scheme(scheme, scenario, output)
    return output.read_text(encoding="utf-8")


def notebook(*sources: str) -> nbformat.NotebookNode:
    """A notebook of code cells."""
    made: nbformat.NotebookNode = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return made


def test_only_comments_on_lines_of_their_own_are_left_out_of_a_page(tmp_path: Path) -> None:
    path = tmp_path / "player.js"
    kept = "/* one */ const a = 1;\nconst b = `//${a}`; // two\n"
    path.write_text(f"// three\n/** four\n * five */\n{kept}  /* six */\n", encoding="utf-8")
    assert source_text(path) == kept


@pytest.mark.parametrize("scheme", [path.stem for path in sorted((ROOT / "data" / "schemes").glob("*.c"))])
def test_a_page_with_every_interleaving_of_two_vms_is_small(tmp_path: Path, scheme: str) -> None:
    assert len(gzip.compress(scheme_page(tmp_path, scheme).encode(), 9)) <= LIMIT


def test_a_page_loads_nothing(tmp_path: Path) -> None:
    text = scheme_page(tmp_path)
    without_data = re.sub(r'<script type="application/json".*?</script>', "", text, flags=re.DOTALL)
    markup = re.sub(r"<(script|style)[ >].*?</\1>", "", without_data, flags=re.DOTALL)
    assert re.findall(r'(?:src|href)="(?!#|data:|[\w-]+\.html)[^"]*"', markup) == []
    assert "http://" not in re.sub(r"http://www\.w3\.org/\d+/\w+", "", text)
    assert "sourceMappingURL" not in text


def test_the_policy_allows_the_one_script_and_the_one_style_and_nothing_else(tmp_path: Path) -> None:
    text = scheme_page(tmp_path)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    script = re.search(r'<script type="module">(.*?)</script>', text, re.DOTALL)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert script is not None
    assert style is not None
    for source in (script[1], style[1]):
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"&#x27;sha256-{digest}&#x27;" in policy[1]
    assert policy[1].startswith("default-src &#x27;none&#x27;")
    assert "unsafe" not in policy[1]
    assert re.findall(r"<[a-z][^>]*\s(?:style|on\w+)=", re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)) == []


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    scheme = tmp_path / "hostile.c"
    scheme.write_text(HOSTILE)
    text = scheme_page(tmp_path, str(scheme))
    assert text.count("</script>") == 3, "two data blocks and the module; nothing in them ends a block early"
    assert "<img src=x" not in text
    assert "<b onclick" not in text
    block = re.search(r'<script type="application/json" id="stepper-1-data">(.*?)</script>', text)
    assert block is not None
    data = json.loads(block[1])["data"]
    assert data["title"] == "</script><img src=x onerror=alert(1)>"
    assert not set(data["sources"][0]["text"] + text) & {"\u202e", "\u2066", "\x1b"}


def test_data_blocks_escape_whatever_could_end_them() -> None:
    block = data_block("x", ["</script>", "<!--", "\u2028", "&"])
    assert "<" not in block[len('<script type="application/json" id="x">') : -len("</script>")]


def test_what_runs_or_loads_is_removed_from_html_outputs() -> None:
    dirty = '<p onclick="x()" style="color: red">a<script>x()</script><img src="https://example.org/a.png" alt="b"></p>'
    assert str(cleaned(dirty)) == '<p>a<img alt="b"/></p>'
    assert "href" not in str(cleaned('<a href=" javascript:alert(1)">x</a>'))


def test_links_between_notebooks_become_links_between_pages() -> None:
    assert 'href="01_v4.html"' in prose("[next](01_v4.ipynb)")
    assert 'href="01_v4.html#the-real-danger"' in prose("[there](01_v4.ipynb#the-real-danger)")
    assert 'href="https://example.org/x.ipynb"' in prose("[away](https://example.org/x.ipynb)")


def test_short_code_stays_on_one_line() -> None:
    assert '<code class="short">-EBUSY</code>' in prose("It answers `-EBUSY`.")
    assert '<code class="short">' not in prose("`atomic_cmpxchg_acquire(&flag, 0, 1)` and a block:\n\n    kvm->lock")


def test_without_javascript_the_page_tells_every_outcome(tmp_path: Path) -> None:
    text = scheme_page(tmp_path, "naive")
    story = re.search(r'<div class="story">(.*?)</div>', text, re.DOTALL)
    assert story is not None
    assert "Deadlock" in story[1]
    assert "shortest schedule: 1 2" in story[1]
    assert "task 1 returns 0, task 2 returns 0" in story[1]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    assert scheme_page(tmp_path, "v4") == scheme_page(tmp_path, "v4")


def test_a_large_graph_is_cut_and_says_so(tmp_path: Path) -> None:
    text = scheme_page(tmp_path, "v4", "bystander")
    block = re.search(r'<script type="application/json" id="stepper-1-data">(.*?)</script>', text)
    assert block is not None
    data = json.loads(block[1])["data"]
    assert (data["cut"] is None) == (data["states_total"] <= 20_000)


@pytest.mark.slow
def test_a_failing_cell_is_named_and_no_file_is_left(tmp_path: Path) -> None:
    path, output = tmp_path / "broken.ipynb", tmp_path / "broken.html"
    nbformat.write(notebook("1 + 1", "x = 1\nraise ValueError('no such lock')"), path)
    with pytest.raises(
        SevvizError, match=r"cell 2 \('x = 1'\) failed with ValueError: no such lock; nothing was written"
    ):
        export_notebook(path, output)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
def test_what_a_cell_prints_in_several_goes_is_one_text(tmp_path: Path) -> None:
    path, output = tmp_path / "goes.ipynb", tmp_path / "goes.html"
    waits = "import time\nfor word in ('first', 'second'):\n    print(word, flush=True)\n    time.sleep(0.5)"
    nbformat.write(notebook(waits), path)
    export_notebook(path, output)
    assert "first\nsecond\n</pre>" in output.read_text(encoding="utf-8")


def test_what_is_no_notebook_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "odd.ipynb"
    path.write_text("not json")
    assert main(["export", str(path), "-o", str(tmp_path / "x.html")]) == 2
    assert "is not a notebook" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "none.ipynb"), "-o", str(tmp_path / "x.html")]) == 2
    assert "cannot be read (No such file or directory)" in capsys.readouterr().err
    assert main(["export", "naive", "-o", str(tmp_path / "no" / "such" / "x.html")]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["/proc/book", "taken", "taken/book"])
def test_a_book_is_not_written_where_there_can_be_no_folder(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("a file")
    assert main(["export", "--all", "-o", str(tmp_path / place)]) == 2
    assert f"{tmp_path / place}: is no folder to write in (" in capsys.readouterr().err


@pytest.mark.slow
def test_ctrl_c_while_a_notebook_runs_ends_with_one_clean_line(tmp_path: Path) -> None:
    path, started = tmp_path / "slow.ipynb", tmp_path / "started"
    nbformat.write(notebook(f"open({str(started)!r}, 'w').close()\nimport time\ntime.sleep(60)"), path)
    code = "import sys; from sevviz.cli import main; sys.exit(main())"
    with subprocess.Popen(
        [sys.executable, "-c", code, "export", str(path), "-o", str(tmp_path / "slow.html")],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        while not started.exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "sevviz: interrupted\n")
    assert not (tmp_path / "slow.html").exists()


def test_other_peoples_widgets_become_a_sentence() -> None:
    node = notebook("slider")
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "IntSlider(value=0)"}
    node.cells[0].outputs = [nbformat.v4.new_output("execute_result", view, execution_count=1)]
    body = notebook_page(node).body
    assert "A widget that lives in the notebook only" in body
    assert "IntSlider" not in body


def test_pictures_keep_their_alternative_text() -> None:
    node = notebook("picture")
    data = {
        "text/html": '<img alt="two lanes" src="data:image/svg+xml;charset=utf-8,%3Csvg%3E">',
        "text/plain": "lanes",
    }
    node.cells[0].outputs = [nbformat.v4.new_output("display_data", data)]
    assert 'alt="two lanes"' in notebook_page(node).body


def test_every_module_can_be_inlined() -> None:
    for path in (ROOT / "sevviz" / "player").glob("*.js"):
        assert module_text(path.stem).startswith("(() => {")


def test_a_page_without_players_is_a_page() -> None:
    html = Page("Title", "<p>x</p>").html()
    assert html.startswith("<!DOCTYPE html>")
    assert "const players = {\n};" in html


def test_links_name_steppers_among_steppers_only() -> None:
    page = Page("Title", "")
    kinds = ("predict", "player", "explain", "player", "predict")
    places = [page.player({"player": kind, "data": {"title": "x"}, "options": {}, "story": ""}) for kind in kinds]
    found = [re.findall(r' id="([^"]+)" aria-label="([^"]+)"', place)[0] for place in places]
    assert found == [
        ("question-1", "Prediction 1: x"),
        ("stepper-1", "Stepper 1: x"),
        ("view-1", "View 1: x"),
        ("stepper-2", "Stepper 2: x"),
        ("question-2", "Prediction 2: x"),
    ]
    assert [block.partition('id="')[2].partition('"')[0] for block in page.blocks] == [f"{i}-data" for i, _ in found]


def test_a_page_with_something_to_use_says_so_below_its_title() -> None:
    page = Page("Title", '<div class="prose"><h1>Title</h1><p>x</p></div>')
    assert "alive-note" not in page.html().partition("<main")[2].partition("<script")[0]
    page.player({"player": "player", "data": {}, "options": {}, "story": ""})
    assert '<h1>Title</h1><p class="alive-note" id="alive-note" hidden>This page is alive:' in page.html()


def test_a_page_leaves_out_what_is_only_about_running_a_notebook() -> None:
    made = nbformat.v4.new_notebook()
    made.cells = [
        nbformat.v4.new_markdown_cell("# Title\n\nFirst."),
        nbformat.v4.new_markdown_cell("Press `Shift+Enter`.", metadata={"tags": ["live-only"]}),
        nbformat.v4.new_code_cell("print(1)", metadata={"tags": ["other"]}),
    ]
    body = notebook_page(made).body
    assert "Shift+Enter" not in body
    assert "First." in body
    assert "print" in body


def test_the_contents_are_numbered_like_the_files() -> None:
    files = ("00_start.html", "10_many.html", "glossary.html")
    body = index_page([Chapter(file, f"Title of {file}", "", "") for file in files]).body
    numbers = re.findall(r'<li><span>(.*?)</span><div><a href="(.*?)">', body)
    assert numbers == [("00", "00_start.html"), ("10", "10_many.html"), ("", "glossary.html")]
    assert "<ol" not in body
