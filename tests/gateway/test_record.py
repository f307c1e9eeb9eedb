"""gateway.json: written in one step for its owner only, removed by its writer only."""

import json
import stat

import pytest

from hs_notebook.gateway.record import Record


def test_it_is_written_for_its_owner_only_whatever_stood_there(tmp_path):
    path = tmp_path / "gateway.json"
    path.write_text("old")
    path.chmod(0o644)
    record = Record("http://127.0.0.1:1")
    record.write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["token"] == record.token
    assert [each.name for each in tmp_path.iterdir()] == ["gateway.json"]


def test_it_is_removed_by_its_writer_only(tmp_path):
    path = tmp_path / "gateway.json"
    ours, other = Record("http://127.0.0.1:1"), Record("http://127.0.0.1:2")
    ours.write(path)
    other.remove(path)
    assert ours.stands_in(path)
    ours.remove(path)
    assert not path.exists()
    ours.remove(path)


@pytest.mark.parametrize("found", ["", "{", "[]", "{}", '{"token": 1}'])
def test_a_broken_file_is_nobodys(tmp_path, found):
    path = tmp_path / "gateway.json"
    path.write_text(found)
    record = Record("http://127.0.0.1:1")
    assert not record.stands_in(path)
    record.remove(path)
    assert path.exists()


def test_the_token_is_not_in_its_repr():
    record = Record("http://127.0.0.1:1")
    assert record.token not in repr(record)
    assert record.token != Record("http://127.0.0.1:1").token


@pytest.mark.parametrize("wrong", ["", "x", "é", " "])
def test_only_the_token_is_admitted(wrong):
    record = Record("http://127.0.0.1:1")
    assert record.admits(record.token)
    assert not record.admits(wrong)
    assert not record.admits(record.token + wrong) or not wrong
