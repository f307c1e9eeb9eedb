"""A laptop that is closed for a while: the client's process sleeps, everything else goes on."""

import json
import os
import signal
import subprocess
import sys
import time

from misbehaving import TEXT

from .bench import upstream
from .ends import in_pieces

ASK = """
import json, sys
from hs_notebook import HolySheep, StreamingConfig

watched = StreamingConfig(heartbeat_interval=0.1, reconnect_delay=0.01)
asker = HolySheep(sys.argv[1], sys.argv[2], streaming=watched)
stream = asker.stream("hello", model="model-x")
for chunk in stream:
    print(chunk.content.encode(), flush=True)
answer = stream.answer
print(json.dumps([answer.text, answer.status, [one.resumed_by for one in answer.attempts]]))
"""


def test_a_client_that_sleeps(relayed, through):
    """It wakes up after five heartbeats and more: the text is whole, by replays alone, billed once."""
    relayed.behind = in_pieces(upstream()[0], 0.2, *upstream()[1:3], 0.5, *upstream()[3:])
    runs = relayed.runs
    proxy = through(relayed.port)
    client = subprocess.Popen(
        [sys.executable, "-c", ASK, relayed.token, f"{proxy.url}/v1"], stdout=subprocess.PIPE, text=True
    )
    with client:
        client.stdout.readline()
        os.kill(client.pid, signal.SIGSTOP)
        time.sleep(0.5)  # the sleep itself, not a wait for something
        os.kill(client.pid, signal.SIGCONT)
        *_, last = client.stdout
    text, status, ways = json.loads(last)
    assert (text, status) == (TEXT, "complete")
    assert (ways[0], {*ways[1:]} <= {"replay"}) == (None, True), ways
    assert relayed.runs - runs == 1
