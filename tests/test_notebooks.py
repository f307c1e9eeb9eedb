"""Every notebook runs from top to bottom on the embedded gateway, and rests as text that anybody can read."""

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbconvert import MarkdownExporter
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ROOT / "notebooks"

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


def test_the_quickstart_streams_counts_and_rests_as_text(tmp_path):
    notebook = nbformat.read(NOTEBOOKS / "quickstart.ipynb", as_version=4)
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


def test_the_one_on_usage_adds_up_draws_and_exports(tmp_path):
    done, result = show(nbformat.read(NOTEBOOKS / "usage.ipynb", as_version=4), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    said = {cell.id: cell.outputs[-1] for cell in result.cells if cell.cell_type == "code" and cell.outputs}

    total = said["table"].data["text/plain"].splitlines()[-1]
    assert re.fullmatch(r"17 calls · [\d,]+ \+ [\d,]+ tokens · ≥ \$0\.\d+ \(1 of 17 \w+\)", total)
    assert said["by-model"].data["text/plain"].splitlines()[-1] == total
    assert len(said["by-model"].data["text/plain"].splitlines()) == 5
    picture = base64.b64decode(said["pictures"].data["image/png"])
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 20_000
    assert said["export"].data["text/plain"] == "True"
    assert re.search(r"^\| demo \| 13 \|", said["page"].text, re.MULTILINE)
    assert "62.5" in said["monthly"].data["text/plain"]


def test_a_notebook_that_fails_fails_the_command(tmp_path):
    done, _ = show(new_notebook(cells=[new_code_cell("print('before')"), new_code_cell("1 / 0")]), tmp_path)

    assert done.returncode == 1
    assert "before" in done.stdout
    assert done.stdout.rstrip().endswith("asked.ipynb failed: ZeroDivisionError: division by zero")
