"""The commands of dev.py as processes: what is left when one is ended."""

import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

COMMAND = """
import signal, sys

def end(*_):
    print("the command was asked to end", flush=True)
    sys.exit()

signal.signal(signal.SIGTERM, end)
print("it runs", flush=True)
signal.pause()
"""

CALLER = f"""
import sys
from tools.machine import heed_sigterm, run

heed_sigterm()
try:
    run(sys.executable, "-c", {COMMAND!r})
finally:
    print("and all is tidied up")
"""


def test_a_command_is_ended_with_us_and_may_tidy_up():
    with subprocess.Popen(
        [sys.executable, "-c", CALLER], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as caller:
        while caller.stdout.readline() != "it runs\n":
            assert caller.poll() is None
        caller.send_signal(signal.SIGTERM)
        said = caller.stdout.read().splitlines()
    assert said == ["the command was asked to end", "and all is tidied up"]
    assert caller.returncode == 128 + signal.SIGTERM
