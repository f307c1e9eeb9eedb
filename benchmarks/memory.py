"""What 100,000 more events cost in memory: the peak of a process of its own, the answer still held."""

import re
import subprocess
import sys
from pathlib import Path

import peers
from server import Server
from tables import table

CLIENTS = ("OpenAISDK", "HttpxSSE", "Ours")


def run(options):
    with Server() as url:
        rows = [[getattr(peers, name).name, *measure(name, url, options.memory_events)] for name in CLIENTS]
    return table(
        f"Memory for +{options.memory_events:,} events",
        ["", "before, MB", "peak, MB", "more, MB"],
        rows,
    )


def measure(name, url, events):
    command = [sys.executable, __file__, name, url, str(events)]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    before, peak = map(float, shown.split())
    return f"{before:.1f}", f"{peak:.1f}", f"{peak - before:.1f}"


def peak_mb():
    """The most memory this process has held. (On Linux getrusage's figure is inherited from the parent.)"""
    return int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024 / 1e6


def main(name, url, events):
    client = getattr(peers, name)(url)
    client.ask("stream-1000-big")  # so that imports and buffers are not counted
    before = peak_mb()
    outcome = client.ask(f"stream-{events}-big")
    assert outcome.error is None, outcome.error
    assert outcome.output_tokens == int(events)
    print(before, peak_mb())


if __name__ == "__main__":
    main(*sys.argv[1:])
