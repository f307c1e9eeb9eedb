"""The far end of every benchmark: a small server in a process of its own, on loopback.

What it answers stands in the name of the model, wherever in the request that name is:

    stream-N-per      N chunks of text, each in an HTTP chunk of its own, as servers send them
    stream-N-big      the same in HTTP chunks of 16 KB, as a proxy that gathers sends them
    paced-N-S-L       N chunks over S seconds, each of L characters
    cut-SHAPE-K-END   the first K bytes of a good stream of that shape, then END: close (a clean end of the
                      connection), chunked (the same, well framed) or reset

Bodies are made before they are sent, so that a fast client is not held up by the server.
"""

import json
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

SPEC = re.compile(rb"(?:stream|paced|cut)-[a-z0-9-]+")
WORDS = ("A ", "token ", "is ", "a ", "piece ", "of ", "text, ", "long ", "or ", "short. ")
TEXT = ("Hel", "lo, w", "örld", " 🐑", "!")
"""The text of the streams that are cut, with characters of one to four bytes."""


class Server:
    """The server's process: `with Server() as url`, the URL ending in /v1."""

    def __enter__(self):
        self._process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
        return f"http://127.0.0.1:{self._process.stdout.readline().strip()}/v1"

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()


# -- bodies -----------------------------------------------------------------------------------


def openai_event(delta, finish=None, usage=None):
    """The data of one event in OpenAI's shape, 295 bytes for a word of text."""
    choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    event = {
        "id": "chatcmpl-CyLvVSDwSS9rlOz4GLBJqMzCnXm2K",
        "object": "chat.completion.chunk",
        "created": 1767000000,
        "model": "gpt-4.1-2025-04-14",
        "service_tier": "default",
        "system_fingerprint": "fp_3502f4eb73",
        "choices": [] if usage else choices,
        "usage": usage,
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def openai_datas(texts):
    """The data of every event of a good stream, `[DONE]` left out."""
    usage = {"prompt_tokens": 9, "completion_tokens": len(texts), "total_tokens": 9 + len(texts)}
    opening = [openai_event({"role": "assistant", "content": ""})]
    content = [openai_event({"content": text}) for text in texts]
    return [*opening, *content, openai_event({}, "stop"), openai_event({}, usage=usage)]


def words(count):
    """The text of a stream of so many chunks."""
    return [WORDS[at % len(WORDS)] for at in range(count)]


def sse(datas, *, named=False):
    """Events as an event stream's blocks; named ones repeat their type as the event's name."""
    name = (lambda data: b"event: " + json.loads(data)["type"].encode() + b"\n") if named else (lambda _: b"")
    return [name(data) + b"data: " + data + b"\n\n" for data in datas]


def anthropic_datas(texts):
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [],
    }
    message |= {"stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 9, "output_tokens": 1}}
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    events = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
            for text in texts
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": delta, "usage": {"output_tokens": len(texts)}},
        {"type": "message_stop"},
    ]
    return [json.dumps(event, ensure_ascii=False).encode() for event in events]


def google_datas(texts):
    usage = {"promptTokenCount": 9, "candidatesTokenCount": len(texts), "totalTokenCount": 9 + len(texts)}

    def event(text, **ending):
        candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0, **ending}
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-2.5-flash"}

    events = [*(event(text) for text in texts[:-1]), event(texts[-1], finishReason="STOP")]
    return [json.dumps(event, ensure_ascii=False).encode() for event in events]


@cache
def good_body(shape):
    """A short good stream, whole: the bytes that the cuts are made in."""
    if shape == "openai":
        return b"".join([*sse(openai_datas(TEXT)), b"data: [DONE]\n\n"])
    if shape == "anthropic":
        return b"".join(sse(anthropic_datas(TEXT), named=True))
    return b"".join(sse(google_datas(TEXT)))


# -- answers ----------------------------------------------------------------------------------


def http_chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@cache
def stream(count, mode):
    """A whole response, as bytes."""
    events = [*sse(openai_datas(words(count))), b"data: [DONE]\n\n"]
    if mode == "big":
        body = b"".join(events)
        events = [body[at : at + 16384] for at in range(0, len(body), 16384)]
    return b"".join([CHUNKED, *map(http_chunk, events), b"0\r\n\r\n"])


def send_paced(connection, count, seconds, length):
    connection.sendall(CHUNKED)
    events = [*sse(openai_datas(["x" * (length - 1) + " "] * count)), b"data: [DONE]\n\n"]
    began = time.monotonic()
    for at, event in enumerate(events):
        time.sleep(max(0.0, began + at * seconds / count - time.monotonic()))
        connection.sendall(http_chunk(event))
    connection.sendall(b"0\r\n\r\n")


def send_cut(connection, shape, length, ending):
    body = good_body(shape)[:length]
    if ending == "chunked":
        chunk = http_chunk(body) if body else b""
        connection.sendall(CHUNKED[:-2] + b"Connection: close\r\n\r\n" + chunk + b"0\r\n\r\n")
        return
    connection.sendall(HEAD + b"Connection: close\r\n\r\n" + body)
    if ending == "reset":
        time.sleep(0.002)  # a reset throws away what the client's socket has not taken in yet
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def serve(connection):
    with connection, suppress(ConnectionError):  # a client may leave when it has seen enough
        while request := read_request(connection):
            kind, *rest = SPEC.search(request)[0].decode().split("-")
            if kind == "stream":
                connection.sendall(stream(int(rest[0]), rest[1]))
            elif kind == "paced":
                send_paced(connection, int(rest[0]), float(rest[1]), int(rest[2]))
            else:
                send_cut(connection, rest[0], int(rest[1]), rest[2])
                return


def read_request(connection):
    """One request, head and body; b"" when the client has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    length = re.search(rb"(?i)content-length: *(\d+)", data)
    whole = data.index(b"\r\n\r\n") + 4 + int(length[1])
    while len(data) < whole:
        data += connection.recv(65536)
    return data


def main():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
