"""The repository as a stranger finds it: small files, nothing of anybody's machine in them, no dead links."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import hs_notebook

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

LONGEST = 320
"""Lines of a module. One that needs more is two modules."""

OF_A_MACHINE = re.compile(
    r"(?<![\w.~-])/(?:root|work|Users)/\w|/tmp/\w/"  # somebody's folders
    r"|(?:pypi|npmjs|pythonhosted)\.(?:org|com)"  # where packages came from is the lock file's business
    r"|\b(?:TODO|FIXME|XXX)\b|^(?:<{7}|>{7}) ",  # work that was not finished
    re.MULTILINE,
)
MAY_HOLD_THEM = {"uv.lock", "tests/test_repository.py"}

NOTEBOOKS = {"quickstart.ipynb", "usage.ipynb"}
"""All that may lie in notebooks/."""


def tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def name(path):
    return path.relative_to(ROOT).as_posix()


def test_no_module_is_long():
    lengths = {
        name(path): len(path.read_text().splitlines())
        for folder, suffix in (
            ("hs_notebook", "*.py"),
            ("js", "*.js"),
            ("tools", "*.py"),
            ("benchmarks", "*.py"),
        )
        for path in (ROOT / folder).rglob(suffix)
        if "node_modules" not in path.parts
    }

    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}
    assert len(lengths) > 30


def test_no_file_tells_of_a_machine():
    found = {
        name(path): match[0]
        for path in tracked()
        if name(path) not in MAY_HOLD_THEM
        and (match := OF_A_MACHINE.search(path.read_text(errors="replace")))
    }

    assert found == {}


@pytest.mark.parametrize("text", ["see /Users/ada/notes", "at https://pypi.org/simple", "# TODO later"])
def test_what_tells_of_a_machine_is_found(text):
    assert OF_A_MACHINE.search(text)


def test_notebooks_hold_what_they_should_and_no_results():
    files = [path for path in tracked() if path.parent == ROOT / "notebooks"]
    assert {path.name for path in files} == NOTEBOOKS

    for path in files:
        notebook = json.loads(path.read_text())
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        assert [cell["outputs"] for cell in code] == [[]] * len(code)
        assert {cell["execution_count"] for cell in code} == {None}
        assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
        assert notebook["metadata"]["kernelspec"]["name"] == "python3"


def test_the_changelog_knows_this_version():
    changelog = (ROOT / "CHANGELOG.md").read_text()

    assert re.search(rf"^## \[(?:Unreleased: )?{re.escape(PROJECT['version'])}\]", changelog, re.MULTILINE)
    assert hs_notebook.__version__ == PROJECT["version"]


@pytest.mark.parametrize(
    "page", sorted(name(p) for p in ROOT.glob("*.md")) + sorted(name(p) for p in ROOT.glob("docs/*.md"))
)
def test_links_inside_the_repository_lead_somewhere(page):
    text = (ROOT / page).read_text()
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)\s#]+)", text) + re.findall(
        r'(?:src|href)="(?!https?:|#)([^"#]+)"', text
    )

    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


def test_ci_and_make_only_call_dev_py():
    ci = (ROOT / ".ci/run").read_text().splitlines()
    commands = [line for line in ci if line and not line.startswith(("#", "set ", "cd "))]
    recipes = [line.strip() for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("\t")]

    assert commands == ["exec python3 dev.py test"]
    assert recipes == ["python3 dev.py $@"]
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


def test_every_target_of_make_is_a_command_of_dev_py():
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()

    for target in targets:
        helped = subprocess.run(
            [sys.executable, "dev.py", target, "--help"], cwd=ROOT, capture_output=True, check=False
        )
        assert helped.returncode == 0, target


def test_every_file_that_contributing_names_exists():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    named = re.findall(r"`((?:\w+/)+\w+\.(?:py|js|md))", page)

    assert len(named) > 20
    assert [
        path for path in named if not any((folder / path).exists() for folder in (ROOT, ROOT / "hs_notebook"))
    ] == []
