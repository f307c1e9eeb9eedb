"""What `import hs_notebook` gives, and what it costs."""

import subprocess
import sys

import pytest

import hs_notebook

HEAVY = ["pandas", "httpx", "ipywidgets", "anywidget", "sqlalchemy", "msgspec", "IPython", "numpy"]


def run(script):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("name", hs_notebook.__all__)
def test_every_public_name_can_be_imported(name):
    assert getattr(hs_notebook, name) is not None
    assert run(f"from hs_notebook import {name}") == ""


def test_the_public_list_is_sorted_and_is_what_dir_and_star_give():
    assert hs_notebook.__all__ == sorted(set(hs_notebook.__all__))
    assert dir(hs_notebook) == sorted([*hs_notebook.__all__, "__version__"])
    star = run("from hs_notebook import *; print(*sorted(name for name in globals() if name[0] != '_'))")
    assert star.split() == sorted(hs_notebook.__all__)


def test_every_name_with_a_room_is_public():
    assert set(hs_notebook._ROOMS) <= set(hs_notebook.__all__)


@pytest.mark.parametrize(
    "script", ["import hs_notebook", "import hs_notebook; hs_notebook.errors; dir(hs_notebook)"]
)
def test_importing_it_imports_nothing_heavy(script):
    assert (
        run(
            f"{script}\nimport sys; print(*({HEAVY!r} & sys.modules.keys()))".replace("[", "{").replace(
                "]", "}"
            )
        )
        == "\n"
    )


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = hs_notebook.nonsense
    with pytest.raises(ImportError):
        exec("from hs_notebook import nonsense")


def test_the_version_is_the_installed_one():
    assert hs_notebook.__version__.count(".") == 2
