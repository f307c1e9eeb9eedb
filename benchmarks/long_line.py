"""One event on one line of 5 and of 20 MB, in segments of 16 KB: the time must grow as the line does.

hs_notebook refuses events over 16 MiB unless told otherwise, so its decoder is measured by itself, in memory,
with the limit raised; the decoders of the others take the same segments.
"""

import json
import statistics
import time

from server import openai_event, sse
from tables import table

SEGMENT = 16384


def run(options):
    bodies = {size: body(size) for size in (5, 20)}
    rows = []
    for name, decode in (("openai SDK", openai_sdk), ("httpx-sse + json", httpx_sse), ("hs_notebook", ours)):
        times = {size: best(decode, segments, size, options.rounds) for size, segments in bodies.items()}
        rows.append([name, f"{times[5]:.3f}", f"{times[20]:.3f}", f"{times[20] / times[5]:.1f}"])
    return table("One long line", ["", "5 MB, s", "20 MB, s", "20 MB / 5 MB"], rows)


def body(size):
    whole = b"".join([*sse([openai_event({"content": "x" * (size * 10**6)}, "stop")]), b"data: [DONE]\n\n"])
    return [whole[at : at + SEGMENT] for at in range(0, len(whole), SEGMENT)]


def best(decode, segments, size, rounds):
    """Median seconds over a few rounds."""
    spent = []
    decode(body(0))  # imports are not the subject
    for _ in range(min(rounds, 3)):
        began = time.perf_counter()
        length = decode(segments)
        spent.append(time.perf_counter() - began)
        assert length == size * 10**6
    return statistics.median(spent)


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
