"""Execute a notebook and print its cells and their outputs as text: show_notebook.py NOTEBOOK [RESULT].

RESULT is where to keep the executed notebook. The exit status is 1 if a cell failed; what came before it is
printed all the same.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell

WIDE = new_code_cell("import pandas; pandas.set_option('display.width', 160)")
"""Run first and not shown: without a terminal, pandas breaks its tables at 80 columns."""

QUIET = ["--log-level=ERROR"]
"""For the kernel: it would warn that it talks over TCP, which here never leaves the machine."""


def show(path: Path, result: Path | None = None) -> int:
    """Execute and print; the exit status."""
    notebook = nbformat.read(path, as_version=4)
    cells, notebook.cells = notebook.cells, [WIDE, *notebook.cells]
    failure = execute(notebook, path.parent)
    notebook.cells = cells
    for cell in cells:
        if cell.cell_type == "code" and cell.execution_count is not None:
            print(f"\n[{cell.execution_count - 1}] " + cell.source.replace("\n", "\n    ") + "\n")
            print("\n".join(filter(None, map(as_text, cell.outputs))))
    print(f"\n{path.name} failed: {failure}" if failure else f"\n{path.name} ran to its end.")
    if result is not None:
        nbformat.write(notebook, result)
    return 1 if failure else 0


def execute(notebook: nbformat.NotebookNode, folder: Path) -> str | None:
    """Run all cells in place; what failed, or None."""
    try:
        NotebookClient(
            notebook, timeout=600, resources={"metadata": {"path": str(folder)}}, extra_arguments=QUIET
        ).execute()
    except CellExecutionError as error:
        return f"{error.ename}: {error.evalue}"
    return None


def as_text(shown: nbformat.NotebookNode) -> str:
    """What a reader sees of one output, as text."""
    if shown.output_type == "stream":
        return shown.text.rstrip()
    if shown.output_type == "error":
        return "\n".join(shown.traceback)
    return str(shown.data.get("text/plain", "")).rstrip()


if __name__ == "__main__":
    sys.exit(show(*map(Path, sys.argv[1:])))
