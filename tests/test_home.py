"""The one folder of this package."""

import sys
from pathlib import Path

import pytest

from hs_notebook.errors import SettingError
from hs_notebook.home import home


def test_the_environment_names_it(holysheep_home, monkeypatch):
    assert home() == holysheep_home
    monkeypatch.setenv("HOME", str(holysheep_home))
    monkeypatch.setenv("HOLYSHEEP_HOME", "~/in/side")
    assert home() == holysheep_home / "in" / "side"
    assert home().is_dir()


def test_it_is_absolute_wherever_a_process_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOLYSHEEP_HOME", "in/side")
    assert home() == tmp_path / "in" / "side"


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_it_is_the_owners_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("HOLYSHEEP_HOME", str(tmp_path / "new"))
    assert home().stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(sys.platform != "linux", reason="XDG_DATA_HOME is Linux's")
@pytest.mark.parametrize("chosen", [None, ""])
def test_else_it_is_the_users_data_folder(tmp_path, monkeypatch, chosen):
    monkeypatch.delenv("HOLYSHEEP_HOME")
    if chosen is not None:
        monkeypatch.setenv("HOLYSHEEP_HOME", chosen)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert home() == tmp_path / "hs_notebook"


def test_a_folder_that_cannot_be_is_a_setting_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    for wrong in (tmp_path / "file", tmp_path / "file" / "below"):
        monkeypatch.setenv("HOLYSHEEP_HOME", str(wrong))
        with pytest.raises(SettingError, match="cannot be used") as caught:
            home()
        assert str(Path(wrong)) in caught.value.what
        assert "HOLYSHEEP_HOME" in caught.value.remedy
