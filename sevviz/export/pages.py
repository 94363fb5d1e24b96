"""Writing pages: one notebook, one scheme, or the whole book. A failed export leaves nothing behind."""

from __future__ import annotations

import logging
import os
import signal
import tempfile
import threading
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from sevviz.catalogue import data_folder
from sevviz.embedding import VARIABLE
from sevviz.errors import SevvizError
from sevviz.export.book import Chapter, index_page, navigation
from sevviz.export.cells import FOLDER, cell_pages
from sevviz.export.exporter import notebook_page
from sevviz.export.scheme import scheme_page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sevviz.export.page import Page

__all__ = ["export_notebook", "export_scheme", "export_site", "notebooks_folder"]

CELL_SECONDS = 300


def notebooks_folder() -> Path:
    """Where the notebooks are: beside the data of an installed package, or at the top of the checkout."""
    inside = data_folder() / "notebooks"
    return inside if inside.is_dir() else data_folder().parent / "notebooks"


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    try:
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, delete=False, suffix=".part") as part:
            part.write(text.encode(errors="backslashreplace"))  # a notebook's name, its title, need not be UTF-8
        Path(part.name).chmod(0o644)
        Path(part.name).replace(path)
    except OSError as error:
        raise SevvizError(f"{path}: cannot be written ({error.strerror}); choose another place with -o") from error


def run_notebook(path: Path) -> nbformat.NotebookNode:
    """The notebook with its outputs, run from its own folder; raises SevvizError that names the cell that failed."""
    try:
        notebook: nbformat.NotebookNode = nbformat.read(path, as_version=4)
    except OSError as error:
        raise SevvizError(f"{path}: cannot be read ({error.strerror})") from error
    except Exception as error:  # whatever a file that is no notebook makes the reader raise
        raise SevvizError(f"{path}: is not a notebook ({type(error).__name__})") from error
    if not any(cell.cell_type == "code" for cell in notebook.cells):
        return notebook
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        coalesce_streams=True,  # what is printed in several goes is one block of text
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--log-level=CRITICAL"],
    )
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = "1"  # the kernel inherits it
    try:
        _execute(client)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise SevvizError(f"{path}: {_failed_cell(notebook, error)}; nothing was written") from error
    finally:
        os.environ.pop(VARIABLE) if before is None else os.environ.update({VARIABLE: before})
    return notebook


def _execute(client: NotebookClient) -> None:
    """Run the cells; raises KeyboardInterrupt on SIGINT, which nbclient takes for itself and keeps."""
    handler = signal.getsignal(signal.SIGINT)
    failure: BaseException | None = None
    try:
        client.execute()
    except BaseException as error:  # noqa: BLE001 - raised again below, unless it is only what an interrupt led to
        failure = error
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, handler)
    # On a signal, nbclient starts to shut the kernel down and goes on until something breaks because of it.
    if getattr(client, "_async_cleanup_kernel_future", None) is not None:
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # what broke is no news
        raise KeyboardInterrupt from failure
    if failure is not None:
        raise failure


def _failed_cell(notebook: nbformat.NotebookNode, error: Exception) -> str:
    code = [(number, cell) for number, cell in enumerate(notebook.cells, 1) if cell.cell_type == "code"]
    failed = [(n, c) for n, c in code if any(o.output_type == "error" for o in c.get("outputs", []))]
    started = [(n, c) for n, c in code if c.get("execution_count") is None]
    number, cell = (failed or started or code or [(0, nbformat.v4.new_code_cell(""))])[0]
    first = cell.source.strip().split("\n")[0][:60]
    if isinstance(error, CellExecutionError):
        return f"cell {number} ({first!r}) failed with {error.ename}: {str(error.evalue)[:200]}"
    return f"cell {number} ({first!r}) did not finish ({type(error).__name__})"


def export_notebook(path: Path, output: Path) -> None:
    """Run a notebook and write it as one page."""
    write(output, notebook_page(run_notebook(path), path.parent).html())


def export_scheme(scheme: str, scenario: str, output: Path, compare: Sequence[str] = ()) -> None:
    """Write the page of one scheme in a scenario, with the same scenario on other schemes below it."""
    write(output, scheme_page(scheme, scenario, compare).html())


def export_site(folder: Path, progress: Callable[[str], None] = lambda _: None, *, cells: bool = True) -> list[Path]:
    """Write the whole book: its index with search, every notebook with previous and next, and the claims.

    With `cells`, the cells of a matrix get pages of their own in a folder below. Returns what was written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SevvizError(f"{folder}: is no folder to write in ({error.strerror}); choose another with -o") from error
    chapters: list[tuple[Chapter, Page]] = []
    for path in sorted(notebooks_folder().glob("*.ipynb")):
        progress(path.name)
        page = notebook_page(run_notebook(path), path.parent)
        chapters.append((Chapter(f"{path.stem}.html", page.title, page.description, page.body), page))
    progress("claims")
    claims = claims_page()
    chapters.append((Chapter("claims.html", claims.title, claims.description, claims.body), claims))
    listed = [chapter for chapter, _ in chapters]
    written: list[Path] = []
    below = [path for chapter, page in chapters if cells for path in export_cells(folder, chapter.file, page, progress)]
    for chapter, page in chapters:
        page.navigation = navigation(listed, chapter)
        write(folder / chapter.file, page.html())
        written.append(folder / chapter.file)
    write(folder / "index.html", index_page(listed).html())
    return [folder / "index.html", *written, *below]


def export_cells(folder: Path, file: str, page: Page, progress: Callable[[str], None] = lambda _: None) -> list[Path]:
    """Write a page for each cell of the matrices on a page of the book, and let that page know of them."""
    written: list[Path] = []
    for name, made in cell_pages(page, file):
        if not written:
            progress(f"cells of {file}")
            (folder / FOLDER).mkdir(exist_ok=True)
        written.append(folder / FOLDER / name)
        write(written[-1], made.html())
    return written


def claims_page() -> Page:
    """All claims of the thread and what the searches say of them."""
    from sevviz.export.exporter import cleaned
    from sevviz.export.page import Page
    from sevviz.views.claimcard import show_claims

    table = str(cleaned(show_claims()._repr_html_()))
    lead = "What was said in the thread and round it, and what finished searches say of it."
    body = f"<h1>Claims of the thread</h1><p>{escape(lead)}</p>{table}"
    return Page("Claims of the thread", body, lead)
