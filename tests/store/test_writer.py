"""Whether the process that wrote a row is still there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hs_notebook.store import writer
from hs_notebook.store.writer import is_gone, this_writer

ASK = "from hs_notebook.store.writer import this_writer; print(this_writer(), flush=True); input()"


@pytest.mark.skipif(sys.platform == "win32", reason="nobody can tell on Windows")
def test_a_process_is_there_until_it_ends():
    child = subprocess.Popen(
        [sys.executable, "-c", ASK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    writer = child.stdout.readline().strip()
    assert is_gone(writer) is False
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and not yet buried
    assert is_gone(writer) is True
    child.communicate()
    assert is_gone(writer) is True


def test_this_process_is_there():
    assert this_writer() == this_writer()
    assert is_gone(this_writer()) is not True


@pytest.mark.skipif(sys.platform == "win32", reason="nobody can tell on Windows")
def test_an_id_that_is_used_again_is_another_process():
    machine, pid, start = this_writer().split("|")
    assert is_gone(f"{machine}|{pid}|{start}0") is True


def test_nobody_can_tell_of_another_machine():
    _, pid, start = this_writer().split("|")
    assert is_gone(f"elsewhere/boot|{pid}|{start}") is None


@pytest.mark.skipif(not Path("/bin/ps").exists(), reason="asked where there is no /proc, and a ps")
def test_where_ps_tells_it_tells_every_kernel_the_same(monkeypatch):
    """A start read in another time zone or language would make a living kernel's row one left behind."""
    told = set()
    for zone, language in (("UTC", "C"), ("Asia/Tokyo", "C"), ("America/New_York", "de_DE.UTF-8")):
        monkeypatch.setenv("TZ", zone)
        monkeypatch.setenv("LC_ALL", language)
        told.add(writer._start_by_ps(os.getpid()))
    (start,) = told
    assert re.fullmatch(r"\w+ \w+ +\d+ [\d:]{8} \d{4}", start)
