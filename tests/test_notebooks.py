"""Every notebook runs from top to bottom on the embedded gateway, and rests as text that anybody can read."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbconvert import MarkdownExporter
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

pytestmark = [pytest.mark.kernel, pytest.mark.model]

USAGE = "import hs_notebook\nprint(hs_notebook.usage().to_json(orient='records'))"


def show(notebook, folder):
    """Do what `dev.py quickstart --headless` does after its set-up: what it prints, and the result."""
    nbformat.write(notebook, folder / "asked.ipynb")
    command = [sys.executable, "tools/show_notebook.py", folder / "asked.ipynb", folder / "result.ipynb"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done, nbformat.read(folder / "result.ipynb", as_version=4)


def asks(cell):
    return cell.cell_type == "code" and cell.source.startswith("%%holysheep")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_streams_counts_and_rests_as_text(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(new_code_cell(USAGE))
    done, result = show(notebook, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""

    asking = [cell for cell in result.cells if asks(cell)]
    rows = json.loads(result.cells[-1].outputs[0].text)
    assert len(rows) == len(asking) > 0
    assert "smollm2-135m-instruct" in {row["model_served"] for row in rows}
    for row in rows:
        assert (row["status"], row["usage_source"]) == ("complete", "final")
        assert row["input_tokens"] > 0
        assert row["output_tokens"] > 0
        assert row["cost_usd"] == 0  # this machine's models cost nothing, and that is known

    assert "widgets" not in result.metadata
    page, _ = MarkdownExporter().from_notebook_node(result)
    for cell in asking:
        (output,) = cell.outputs
        assert set(output.data) == {"text/markdown", "text/plain"}
        assert output.data["text/markdown"].split("\n")[0] in page
        assert output.data["text/plain"].split("\n")[0] in done.stdout
    assert done.stdout.rstrip().endswith("asked.ipynb ran to its end.")


def test_a_notebook_that_fails_fails_the_command(tmp_path):
    done, _ = show(new_notebook(cells=[new_code_cell("print('before')"), new_code_cell("1 / 0")]), tmp_path)

    assert done.returncode == 1
    assert "before" in done.stdout
    assert done.stdout.rstrip().endswith("asked.ipynb failed: ZeroDivisionError: division by zero")
