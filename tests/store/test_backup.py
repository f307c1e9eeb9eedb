"""A copy of the store while it is written to."""

import threading

import pytest

import hs_notebook as hs
from hs_notebook.errors import SettingError
from hs_notebook.store import journal
from hs_notebook.store.ledger import Ledger, default


def test_a_copy_is_whole_while_others_write(tmp_path, make, holysheep_home):
    for number in range(50):
        make.put(default(), *make.finished(f"before-{number}"))
    done = threading.Event()

    def write():
        other = Ledger.open(str(holysheep_home / "hs_notebook.sqlite"))
        number = 0
        while not done.is_set():
            make.put(other, *make.finished(f"meanwhile-{number}"))
            number += 1
        other.close()

    writer = threading.Thread(target=write)
    writer.start()
    copies = [hs.backup(tmp_path / f"copy-{number}.sqlite") for number in range(5)]
    done.set()
    writer.join()
    counts = []
    for path in copies:
        assert path.stat().st_mode & 0o077 == 0
        copy = Ledger.open(str(path))
        counts.append(len(copy.frame()))
        copy.close()
    assert counts[0] >= 50
    assert counts == sorted(counts)


def test_a_copy_is_a_store_with_its_answers(tmp_path, make, monkeypatch):
    answer, attempt = make.finished()
    make.put(default(), answer, attempt)
    journal.default().begin(answer, make.here, "https://example.com/v1", None)
    journal.default().append("answer-1", "the text")
    path = hs.backup(tmp_path / "copy.sqlite")
    monkeypatch.setenv("HOLYSHEEP_STORE", str(path))
    assert default().frame()["answer_id"].tolist() == ["answer-1"]
    assert journal.default().load("answer-1").text == "the text"


def test_a_file_that_is_there_stays(tmp_path):
    path = tmp_path / "copy.sqlite"
    path.write_text("mine")
    with pytest.raises(SettingError, match="is there already"):
        hs.backup(path)
    assert path.read_text() == "mine"
    hs.backup(path, overwrite=True)
    assert path.read_bytes().startswith(b"SQLite format 3")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_server_is_copied_by_its_own_tool(where, tmp_path, monkeypatch):
    monkeypatch.setenv("HOLYSHEEP_STORE", where)
    with pytest.raises(SettingError, match="has a tool for this") as caught:
        hs.backup(tmp_path / "copy.sqlite")
    assert caught.value.remedy == "pg_dump --table='hs_*' postgres"
    assert list(tmp_path.iterdir()) == []
