"""The lab, the comparison and the matrix in real JupyterLab, as a reader uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from browser.chromium import violations
from browser.jupyter import jupyter_lab, open_notebook, write_notebook
from sevviz.views.matrix import matrix

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

SHOWN = (["naive", "flag_then_mutex"], ["double", "same"])  # in the matrix
CELLS = [
    "import sevviz\nlab = sevviz.lab('naive', 'double', '1 2')\nlab",
    "print('is at', lab.stepper.schedule, lab.verdict.status)",
    f"board = sevviz.matrix({SHOWN[0]}, {SHOWN[1]})\nboard",
    "sevviz.compare(['naive', 'v4'], '1 2')",
]
TRY = "if (!mutex_trylock(&src->lock)) {\n\t\tmutex_unlock(&dst->lock);\n\t\treturn -EBUSY;\n\t}"
OUTPUTS = ".jp-OutputArea-output"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lab")
    write_notebook(folder / "lab.ipynb", CELLS)
    write_notebook(folder / "link.ipynb", CELLS[:1])
    return folder


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with jupyter_lab(home) as found:
        yield found


@pytest.fixture(scope="module")
def page(address: str, chromium: Browser) -> Iterator[Page]:
    """The notebook with the lab on the screen; tests go on where the one before stopped."""
    found = open_notebook(chromium, address, "lab.ipynb")
    run_cell(found, 0)
    found.get_by_role("button", name="Progress graph").wait_for()
    yield found
    found.context.close()


def run_cell(page: Page, number: int) -> Locator:
    """Run a cell and give its outputs."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(number)
    cell.locator(".jp-InputArea-editor").click()
    page.keyboard.press("Shift+Enter")
    return cell.locator(".jp-OutputArea-output").first


def schedule(page: Page) -> Locator:
    """The stepper's schedule field."""
    return page.locator(".sv-field").first


def test_a_cell_of_the_progress_graph_takes_the_stepper_along(page: Page) -> None:
    page.get_by_role("button", name="Progress graph").click()
    page.get_by_role("gridcell", name="Task 1 after 1 step, task 2 after 0 steps").click()
    expect(schedule(page)).to_have_value("1")
    page.get_by_role("button", name="Step 2", exact=True).click()
    expect(page.locator(".sx-plane [aria-current=true]")).to_have_attribute("aria-label", "Task 1 after 1 step, task 2 "
        "after 1 step: deadlocked: some tasks wait for each other.")  # fmt: skip
    assert violations(page, within=OUTPUTS) == []


def test_the_keyboard_alone_walks_the_graph(page: Page) -> None:
    page.locator(".sx-plane [aria-current=true]").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("gridcell", name="Task 1 after 1 step, task 2 after 0 steps")).to_be_focused()
    page.keyboard.press("Enter")
    expect(schedule(page)).to_have_value("1")
    expect(page.get_by_role("gridcell", name="Task 1 after 1 step, task 2 after 0 steps")).to_be_focused()
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    page.keyboard.press("b")
    page.keyboard.press("x")
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells, "JupyterLab must not take the keys"


def test_an_error_is_shown_at_its_line_and_the_stepper_stays(page: Page) -> None:
    page.get_by_text("Edit the C").click()
    text = page.get_by_label("C of the scheme")
    source = text.input_value()
    text.fill(source.replace("mutex_lock(&src", "mutex_lok(&src"))
    expect(page.get_by_role("alert")).to_contain_text("naive.c:16:2: unknown function 'mutex_lok'")
    expect(text).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".sl-bar")).to_be_visible()
    expect(schedule(page)).to_have_value("1")
    text.fill(source.replace("mutex_lock(&src->lock);", TRY))
    expect(page.locator(".sl-verdict")).to_contain_text("Now: No deadlock, livelock or fault")
    expect(page.locator(".sl-changes")).to_contain_text("gone: deadlock: 1→A.lock→2→B.lock→1")
    expect(page.locator(".sv-line-verdict").first).to_contain_text("all 49 states")
    assert violations(page, within=OUTPUTS) == []


def test_keys_in_the_editor_are_the_editor_s(page: Page) -> None:
    text = page.get_by_label("C of the scheme")
    before = text.input_value()
    text.focus()
    text.evaluate(
        "area => area.setSelectionRange(area.value.indexOf('sev_migrate'), area.value.indexOf('sev_migrate'))"
    )
    page.keyboard.press("Enter")
    assert text.input_value() == before.replace("\tsev_migrate", "\t\n\tsev_migrate"), "the indentation is kept"
    page.keyboard.press("Control+z")
    assert text.input_value() == before
    page.keyboard.press("Tab")
    expect(text).not_to_be_focused()


def test_every_view_is_clean_and_follows(page: Page) -> None:
    views = {
        "State map": ".sx-map", "Why it passes": ".sx-why", "What a kernel prints": ".sx-log",
        "Lock classes": ".sx-classes", "Compare": ".sx-compare",
    }  # fmt: skip
    for name, root in views.items():
        page.get_by_role("button", name=name).click()
        page.locator(root).wait_for()
        assert violations(page, within=OUTPUTS) == [], name
    names = page.locator(".sx-compare thead th").all_inner_texts()
    assert [name.split("\n")[0] for name in names[1:]] == ["naive (edited)", "naive (shipped)"]
    page.get_by_role("button", name="State map").click()
    page.get_by_role("button", name="finished: every task has returned").click()
    expect(page.locator(".sv-badge").first).to_have_text("finished")


def test_the_keyboard_chooses_what_to_compare_with(page: Page) -> None:
    page.get_by_role("button", name="Compare").click()
    page.get_by_text("Choose the schemes to compare with").focus()
    page.keyboard.press("Enter")
    group = page.get_by_role("group", name="Schemes to compare with")
    expect(group).to_be_visible()
    for name in ("v4", "address_order"):
        box = group.get_by_role("checkbox", name=name, exact=True)
        box.focus()
        page.keyboard.press("Space")
        expect(page.locator(".sx-compare thead th", has_text=name)).to_have_count(1)
        expect(box).to_be_focused()
    expect(page.locator(".sx-compare thead th")).to_have_count(5)
    more = group.get_by_role("checkbox", name="global_mutex", exact=True)
    more.focus()
    page.keyboard.press("Space")
    expect(more).not_to_be_checked()
    expect(page.get_by_text("Not added: take one away first. Up to four schemes at a time")).to_be_visible()
    assert violations(page, within=OUTPUTS) == []
    page.get_by_role("button", name="State map").click()


def test_a_moment_is_saved_shared_and_read_by_python(page: Page, home: Path) -> None:
    page.get_by_text("Save, load, share").click()
    page.get_by_label("Name", exact=True).fill("with-a-try")
    page.get_by_label("Note", exact=True).fill("nobody waits")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label("Saved here")).to_have_value("with-a-try")
    assert 'note = "nobody waits"' in (home / "with-a-try.sevviz.toml").read_text(encoding="utf-8")
    assert "clean" in run_cell(page, 1).inner_text()


def test_edited_c_is_handed_on_as_python_and_not_as_a_link(page: Page) -> None:
    page.evaluate("navigator.clipboard.writeText('nothing yet')")
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".sl-remark")).to_contain_text("No link was copied: it would open naive as it is shipped")
    assert page.evaluate("navigator.clipboard.readText()") == "nothing yet"
    page.get_by_role("button", name="Copy as Python").click()
    expect(page.locator(".sl-remark")).to_have_text("Copied: Python that shows this moment, with the C in it.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith('sevviz.Stepper("""/*')
    assert "mutex_trylock(&src->lock)" in copied


def test_nothing_is_copied_before_what_was_written_is_read(page: Page) -> None:
    said = page.evaluate(
        """() => {
            const area = document.querySelector(".sl-text");
            const before = area.value;
            const [link, code] = [...document.querySelectorAll(".sl-files button")].slice(-2);
            const press = (button) => {
                button.click();
                return document.querySelector(".sl-remark").textContent;
            };
            area.value += "\\n";
            area.dispatchEvent(new Event("input"));
            const said = [press(link), press(code)];
            area.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true })); // hands it to Python
            said.push(press(link), press(code));
            area.value = before;
            area.dispatchEvent(new Event("input"));
            window.pressAgain = () => press(code);
            return said;
        }"""
    )
    assert len(said) == 4
    assert {words.split(". ")[0] for words in said} == {"Nothing was copied: the C in the editor is still being read"}
    page.wait_for_function("!pressAgain().startsWith('Nothing was copied')")
    expect(page.locator(".sl-remark")).to_contain_text("Copied: Python that shows this moment")


def test_the_shipped_text_comes_back(page: Page) -> None:
    page.get_by_role("button", name="Back to the shipped text").click()
    expect(page.locator(".sv-line-verdict").first).to_contain_text("Deadlock in 2 of 6 schedules")
    page.get_by_label("Scheme").first.select_option("flag_then_mutex")
    expect(page.locator(".sv-title").first).to_have_text("Atomic flag, then mutex")
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".sl-remark")).to_contain_text("Link copied.")
    assert "/lab/tree/lab.ipynb#sevviz-lab=flag_then_mutex:double:" in page.evaluate("navigator.clipboard.readText()")


def test_a_cell_of_the_matrix_opens_the_stepper(page: Page) -> None:
    out = run_cell(page, 2)
    out.get_by_role("button", name="naive, double: deadlock").click()
    expect(out.locator(".sv-field")).to_have_value("1 2")
    out.get_by_role("button", name="double", exact=True).click()
    expect(out.locator(".sx-matrix thead th").nth(1)).to_have_attribute("aria-sort", "ascending")
    with page.expect_download() as download:
        out.get_by_role("link", name="Save as CSV").click()
    assert download.value.path().read_text(encoding="utf-8") == matrix(*SHOWN).to_csv()
    assert violations(page, within=OUTPUTS) == []


def test_another_schedule_is_compared(page: Page) -> None:
    out = run_cell(page, 3)
    expect(out.locator(".sx-compare .sx-said")).to_contain_text("naive is deadlocked and v4 is safe")
    out.get_by_label("Schedule").fill("1 1 1 1")
    out.get_by_label("Schedule").press("Enter")
    expect(out.locator(".sx-compare .sx-said")).to_contain_text("After step 4 their fates differ")
    assert violations(page, within=OUTPUTS) == []


def test_a_link_opens_its_moment(address: str, chromium: Browser) -> None:
    page = open_notebook(chromium, address, "link.ipynb", fragment="#sevviz-lab=v4:double:1.1.1.1@3")
    run_cell(page, 0)
    expect(page.locator(".sv-title").first).to_have_text("V4: per-VM spinlock and bool")
    expect(page.locator(".sv-counter").first).to_have_text("step 3 of 4")
    page.context.close()
