"""How fast the embedded gateway sends an answer that it has kept, nearly all of it from the disk."""

import statistics
import time

import httpx
from tables import table

from hs_notebook import embedded

ASKED = {"model": "demo", "messages": [{"role": "user", "content": "Go on."}], "stream": True}
LONG = {"demo": {"text": "word " * 20, "tokens": 100_000, "tokens_per_s": 0}}
"""28 MB of events; the gateway keeps 1 MiB of an answer in memory."""


def run(options):
    gateway = embedded.ensure()
    try:
        with httpx.Client(
            base_url=gateway.base_url,
            headers={"Authorization": f"Bearer {gateway.token}"},
            timeout=120,
            trust_env=False,
        ) as http:
            whole = http.post("/chat/completions", json=ASKED | LONG).content
            start = whole[: whole.index(b"\n")].removeprefix(b"id: ").decode()[:-8] + "00000000"
            seconds = [replayed(http, start, len(whole)) for _ in range(options.rounds)]
    finally:
        embedded.stop()
    speeds = [len(whole) / each / 1e6 for each in seconds]
    return table(
        f"The gateway replays an answer of {len(whole) / 1e6:.0f} MB, {options.rounds} times",
        ["", "median, MB/s", "slowest, MB/s"],
        [["to one reader, nothing parsed", f"{statistics.median(speeds):.0f}", f"{min(speeds):.0f}"]],
    )


def replayed(http, event, size):
    """Seconds until all of it has come again."""
    headers = {"X-Stream-Resume": "true", "X-Stream-Event-Id": event}
    began, got = time.perf_counter(), 0
    with http.stream("POST", "/chat/completions", json=ASKED, headers=headers) as response:
        for piece in response.iter_raw():
            got += len(piece)
    assert got == size, (got, size)
    return time.perf_counter() - began
