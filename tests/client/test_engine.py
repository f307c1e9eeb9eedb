"""The background thread: one a process, gone with the interpreter, new after a fork."""

import os
import subprocess
import sys
import threading

import pytest
from misbehaving import TEXT, event, until

from hs_notebook.client.engine import engine


async def answer(peer):
    await peer.answer()


async def for_ever(peer):
    await peer.head()
    await peer.piece(event("on and on"))
    await peer.gone()


def script(code, server, timeout=60):
    """Run a script to its end; its exit code, its lines, its errors."""
    began = "import time, os, sys\nfrom hs_notebook import HolySheep\n"
    began += f"client = HolySheep(base_url={server.url!r})\n"
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", began + code],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return process.returncode, process.stdout.splitlines(), process.stderr


def test_one_thread_for_all(serve, client):
    server = serve(answer)
    for _ in range(3):
        client(server).ask("hello", model="m")
    assert [thread.name for thread in threading.enumerate()].count("hs_notebook") == 1
    assert engine() is engine()


def test_a_script_that_has_its_answer_ends(serve):
    code, lines, errors = script("print(client.ask('hello', model='m').text)", serve(answer))
    assert (code, lines, errors) == (0, [TEXT], "")


def test_a_script_ends_though_a_stream_runs(serve, rows):
    """Cleanly, quickly, with the connection closed and the row written."""
    server = serve(for_ever)
    code, _, errors = script(
        "stream = client.stream('hello', model='m')\nwhile not stream.answer.text: time.sleep(0.01)", server
    )
    assert (code, errors) == (0, "")
    assert until(lambda: server.open == 0)
    [row] = rows()
    assert row["status"] == "interrupted"
    assert row["duration_s"] > 0  # completed by the script itself, not found open afterwards


def test_a_script_ends_though_a_reader_thread_waits(serve):
    server = serve(for_ever)
    code, _, errors = script(
        "import threading\n"
        "stream = client.stream('hello', model='m')\n"
        "threading.Thread(target=stream.wait, daemon=True).start()\n"
        "while not stream.answer.text: time.sleep(0.01)",
        server,
    )
    assert (code, errors) == (0, "")


@pytest.mark.parametrize("ask", ["client.ask('hello', model='m')", "client.models()"])
def test_an_ask_after_the_end_is_refused(serve, ask):
    """What was registered to run at exit before the first request runs after the engine's end."""
    server = serve(answer)
    code, lines, errors = script(
        f"""
import atexit
def late():
    try: {ask}
    except Exception as e: print(type(e).__name__, e, client.stats().sessions[1:], file=sys.stderr)
atexit.register(late)
print(client.ask('hello', model='m').text)""",
        server,
    )
    assert (code, lines) == (0, [TEXT])
    assert "HolySheepError Python is ending" in errors
    assert errors.endswith("[]\n")
    assert "never awaited" not in errors
    assert len(server.requests) == 1


def test_sys_exit_in_mid_stream(serve):
    code, _, errors = script(
        "stream = client.stream('hello', model='m')\nprint(time.time(), flush=True)\nsys.exit(3)",
        serve(for_ever),
    )
    assert (code, errors) == (3, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_after_a_fork_both_can_ask(serve):
    """The child has an engine, a queue and a session of its own; the parent's stream goes on."""
    server = serve(answer)
    code, lines, errors = script(
        """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # 3.12: forking with threads
print(client.ask("hello", model="m").text)
child = os.fork()
if child == 0:
    print("child", client.ask("hello", model="m").text, client.stats().available_slots, flush=True)
    os._exit(0)
print("child's status", os.waitpid(child, 0)[1])
print("parent", client.ask("hello", model="m").text)
""",
        server,
    )
    assert (code, errors) == (0, "")
    assert sorted(lines) == sorted([TEXT, f"child {TEXT} 10", "child's status 0", f"parent {TEXT}"])


def test_under_nested_loops(serve):
    """`%holysheep nest` patches asyncio; ours goes on beside it."""
    code, lines, errors = script(
        """
import asyncio, hs_notebook
print(client.ask("hello", model="m").text)
hs_notebook.enable_nested_loops()
async def main():
    return asyncio.run(other())
async def other():
    return (await client.stream("hello", model="m")).text
print(asyncio.run(main()))
print(client.ask("hello", model="m").text)
""",
        serve(answer),
    )
    assert (code, lines, errors) == (0, [TEXT] * 3, "")


def test_importing_the_client_imports_nothing_heavy():
    heavy = ["httpx", "anyio", "pandas", "sqlalchemy", "IPython", "ipywidgets", "anywidget"]
    code = f"import sys, hs_notebook.client.client; print([n for n in {heavy} if n in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
