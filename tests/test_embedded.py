"""The embedded gateway, found or started: by one process or many, over whatever a crash left behind."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from hs_notebook import embedded
from hs_notebook.errors import EmbeddedError

PATIENCE_S = 60.0


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.01)
    pytest.fail(f"waited for {what}")


@pytest.fixture
def file(holysheep_home):
    return holysheep_home / "gateway.json"


def record(file):
    return json.loads(file.read_text())


def pid_of(file):
    return record(file)["pid"]


def runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def answers(endpoint):
    headers = {"Authorization": f"Bearer {endpoint.token}"}
    return httpx.get(f"{endpoint.base_url}/models", headers=headers, trust_env=False).status_code == 200


def test_it_is_started_and_then_found(file):
    endpoint = embedded.ensure()
    assert answers(endpoint)
    pid = pid_of(file)
    assert embedded.ensure() == endpoint
    assert pid_of(file) == pid


def test_it_is_started_in_a_folder_that_is_named_from_here(holysheep_home, file, monkeypatch):
    monkeypatch.chdir(holysheep_home.parent)
    monkeypatch.setenv("HOLYSHEEP_HOME", holysheep_home.name)
    assert answers(embedded.ensure())
    assert file.exists()


def test_weights_named_from_here_are_found_from_there(holysheep_home, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOLYSHEEP_LOCAL_MODEL", "gone.gguf")
    endpoint = embedded.ensure()
    headers = {"Authorization": f"Bearer {endpoint.token}"}
    asked = {"model": "local", "messages": [{"role": "user", "content": "Hi"}]}
    url = f"{endpoint.base_url}/chat/completions"
    response = httpx.post(url, headers=headers, json=asked, trust_env=False)
    assert str(tmp_path / "gone.gguf") in response.json()["error"]["message"]


def test_the_token_is_not_in_its_repr(file):
    endpoint = embedded.ensure()
    assert endpoint.token not in repr(endpoint)


def test_all_its_files_are_for_their_owner_only(holysheep_home, file):
    embedded.ensure()
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in holysheep_home.iterdir()}
    assert modes == {"gateway.json": 0o600, "gateway.log": 0o600, "gateway.lock": 0o600}


def test_it_is_a_process_of_its_own_that_no_signal_of_ours_reaches(file):
    embedded.ensure()
    pid = pid_of(file)
    assert os.getsid(pid) == pid != os.getsid(0)
    assert os.getpgid(pid) == pid


def test_it_outlives_the_process_that_started_it(file):
    script = "from hs_notebook import embedded; embedded.ensure()"
    subprocess.run([sys.executable, "-c", script], check=True)
    pid = pid_of(file)
    assert answers(embedded.ensure())
    assert pid_of(file) == pid


def test_killed_it_is_mended(file):
    first = embedded.ensure()
    pid = pid_of(file)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not runs(pid), "the gateway to be dead")
    assert file.exists()  # it had no time to take it away
    second = embedded.ensure()
    assert answers(second)
    assert second.token != first.token


@pytest.mark.parametrize(
    "left", ["", "{", "[]", "null", '{"url": 1}', '{"url": "no url", "token": "", "version": ""}']
)
def test_a_broken_file_is_mended(file, left):
    file.write_text(left)
    assert answers(embedded.ensure())


@pytest.fixture
def stranger():
    """Somebody else's server, which notes what it is told."""
    heard = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            heard.append((self.path, dict(self.headers)))
            body = b'{"status": "ok", "proof": "?"}'
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name is the library's

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port, heard
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_stranger_on_a_dead_gateways_port_gets_no_token(file, stranger):
    """The stale file's pid is recycled too: it is ours, and is not touched."""
    port, heard = stranger
    left = {"url": f"http://127.0.0.1:{port}", "token": "old-secret", "version": version("hs-notebook")}
    file.write_text(json.dumps({**left, "pid": os.getpid()}))
    assert answers(embedded.ensure())
    assert heard
    assert "old-secret" not in repr(heard)
    assert all(path.startswith("/health?") for path, _ in heard)


def test_one_of_another_version_is_asked_to_end_and_replaced(file):
    first = embedded.ensure()
    old = record(file)
    file.write_text(json.dumps({**old, "version": "0.0.1"}))
    second = embedded.ensure()
    assert second != first
    assert answers(second)
    wait_for(lambda: not runs(old["pid"]), "the old gateway to end")
    assert answers(second)


def test_one_that_hangs_is_replaced_and_ends_when_it_wakes(file):
    embedded.ensure()
    pid = pid_of(file)
    os.kill(pid, signal.SIGSTOP)
    try:
        second = embedded.ensure()
        assert pid_of(file) != pid
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: not runs(pid), "the gateway that hung to end")
    assert answers(second)


def test_many_threads_at_once_start_one(holysheep_home):
    with ThreadPoolExecutor(8) as pool:
        endpoints = list(pool.map(lambda _: embedded.ensure(), range(8)))
    assert len(set(endpoints)) == 1
    assert (holysheep_home / "gateway.log").read_text().count("listens on") == 1


def test_many_processes_at_once_start_one(holysheep_home):
    script = "from hs_notebook import embedded; e = embedded.ensure(); print(e.base_url, e.token)"
    command = [sys.executable, "-c", script]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    told = {process.communicate(timeout=PATIENCE_S)[0] for process in processes}
    assert all(process.returncode == 0 for process in processes)
    assert len(told) == 1
    assert (holysheep_home / "gateway.log").read_text().count("listens on") == 1


def test_a_lock_whose_holder_died_holds_nobody(holysheep_home):
    script = (
        "import os, time; from hs_notebook import embedded\n"
        "with embedded._alone(time.monotonic() + 5): os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    assert answers(embedded.ensure())


def test_a_lock_held_for_too_long_is_an_error(holysheep_home):
    with embedded._alone(time.monotonic() + 5), pytest.raises(EmbeddedError, match="Another program"):
        embedded.ensure(timeout=0.2)


def test_stopped_it_is_found_no_more_and_ends(file):
    assert embedded.stop() is False
    embedded.ensure()
    pid = pid_of(file)
    assert embedded.stop() is True
    assert not file.exists()
    wait_for(lambda: not runs(pid), "the gateway to end")
    assert embedded.stop() is False


def test_one_that_cannot_start_says_why(monkeypatch, tmp_path, holysheep_home):
    """The reason is the last line of its log; here, a package that cannot be imported."""
    (tmp_path / "uvicorn.py").write_text("raise ImportError('no uvicorn on this machine')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(EmbeddedError) as caught:
        embedded.ensure()
    what, means, remedy = caught.value.lines
    assert "exit code 1" in what
    assert means == "ImportError: no uvicorn on this machine"
    assert str(holysheep_home / "gateway.log") in remedy


def test_a_folder_that_cannot_be_used_is_an_error(holysheep_home):
    (holysheep_home / "gateway.lock").mkdir()
    with pytest.raises(EmbeddedError, match="cannot use its folder"):
        embedded.ensure()


def test_no_proxy_of_the_environment_stands_in_between(monkeypatch, file):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert answers(embedded.ensure())


def test_no_key_of_the_environment_is_in_its_log_or_arguments(monkeypatch, holysheep_home, file):
    monkeypatch.setenv("HOLYSHEEP_API_KEY", "sk-planted-0123456789")
    endpoint = embedded.ensure()
    arguments = Path(f"/proc/{pid_of(file)}/cmdline").read_text()
    told = arguments + (holysheep_home / "gateway.log").read_text()
    assert "hs_notebook.gateway" in told
    assert "sk-planted-0123456789" not in told
    assert endpoint.token not in told
