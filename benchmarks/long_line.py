"""One event on one line of 5 and of 20 MB, in segments of 16 KB: the time must grow as the line does.

hs_notebook refuses events over 16 MiB unless told otherwise, so its decoder is measured by itself, in memory,
with the limit raised; the decoders of the others take the same segments.
"""

import json
import statistics
import subprocess
import sys
import time

from server import openai_event, sse
from tables import table

SEGMENT = 16384
NAMES = {"openai_sdk": "openai SDK", "httpx_sse": "httpx-sse + json", "ours": "hs_notebook"}


def run(options):
    rows = []
    for decoder, name in NAMES.items():
        small, large = (median(decoder, size, options.rounds) for size in (5, 20))
        rows.append([name, f"{small * 1000:.1f}", f"{large * 1000:.1f}", f"{large / small:.1f}"])
    return table("One long line", ["", "5 MB, ms", "20 MB, ms", "20 MB / 5 MB"], rows)


def median(decoder, size, rounds):
    """Seconds, each in a fresh process: what an allocator keeps between rounds favours the small one."""
    command = [sys.executable, __file__, decoder, str(size)]
    runs = [subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(rounds)]
    return statistics.median(float(run.stdout) for run in runs)


def main(decoder, size):
    decode = globals()[decoder]
    decode(body(0))  # imports are not the subject
    segments = body(int(size))
    began = time.perf_counter()
    length = decode(segments)
    print(time.perf_counter() - began)
    assert length == int(size) * 10**6


def body(size):
    whole = b"".join([*sse([openai_event({"content": "x" * (size * 10**6)}, "stop")]), b"data: [DONE]\n\n"])
    return [whole[at : at + SEGMENT] for at in range(0, len(whole), SEGMENT)]


def openai_sdk(segments):
    from openai._streaming import SSEDecoder

    return first_length(event.data for event in SSEDecoder().iter_bytes(iter(segments)))


def httpx_sse(segments):
    import httpx
    from httpx_sse import EventSource

    headers = {"content-type": "text/event-stream"}
    response = httpx.Response(200, headers=headers, content=iter(segments))
    return first_length(event.data for event in EventSource(response).iter_sse())


def first_length(datas):
    return len(json.loads(next(datas))["choices"][0]["delta"]["content"])


def ours(segments):
    from hs_notebook.wire.response import ResponseDecoder

    decoder = ResponseDecoder("text/event-stream", "openai", max_event_bytes=32 * 2**20)
    length = sum(len(chunk.content) for segment in segments for chunk in decoder.feed(segment))
    decoder.end(framed=True)
    assert decoder.complete
    assert decoder.failure is None
    return length


if __name__ == "__main__":
    main(*sys.argv[1:])
