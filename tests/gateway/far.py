"""A server at the far end of a relay: what it says, and what comes of it."""

import json
import socket
import socketserver
import struct
import threading

from hs_notebook.wire.response import ResponseDecoder

KEY = "sk-far-0123456789"
ASK = {"model": "far/model-x", "messages": [{"role": "user", "content": "Hi"}], "stream": True}


def chunk(content="", finish=None, **more):
    choice = {"index": 0, "delta": {"content": content} if content else {}, "finish_reason": finish}
    made = {"id": "x", "object": "chat.completion.chunk", "model": "far-7b", "choices": [choice], **more}
    return b"data: %s\n\n" % json.dumps(made).encode()


USAGE = b'data: {"choices": [], "model": "far-7b", "usage": {"prompt_tokens": 5, "completion_tokens": 2}}\n\n'
ERROR = b'data: {"error": {"message": "overloaded, key %b"}}\n\n' % KEY.encode()
WHOLE = [chunk("Hel"), chunk("lo"), chunk(finish="stop"), USAGE, b"data: [DONE]\n\n"]


class Far:
    """A server at the far end: it notes each request and answers as the test says.

    Attributes:
        heard: (head, body) of every request.
        left: Set when a client has closed its connection before all was sent.
    """

    def __init__(self, answer):
        self.heard = []
        self.left = threading.Event()
        far = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    line = self.rfile.readline()
                    if not line:
                        return
                    head += line
                size = next(
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length:")
                )
                far.heard.append((head.decode(), json.loads(self.rfile.read(size))))
                answer(far, self.connection)

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self):
        if self.thread.is_alive():
            self.server.shutdown()
            self.thread.join()
            self.server.server_close()


def respond(*parts, status="200 OK", headers="content-type: text/event-stream", end=b"0\r\n\r\n"):
    """An answer in chunks of HTTP; `end` is how the body ends."""

    def answer(far, connection):
        connection.sendall(f"HTTP/1.1 {status}\r\n{headers}\r\ntransfer-encoding: chunked\r\n\r\n".encode())
        for part in parts:
            connection.sendall(b"%x\r\n%b\r\n" % (len(part), part))
        if end is None:  # a reset
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            connection.sendall(end)
        connection.close()

    return answer


CUTS = {"clean end": b"0\r\n\r\n", "no last chunk": b"", "reset": None}


def post(gateway, **asked):
    with gateway.http() as http:
        return http.post("chat/completions", json={**ASK, **asked})


def decode(response):
    decoder = ResponseDecoder(response.headers["content-type"])
    chunks = decoder.feed(response.content) + decoder.end(framed=True)
    return decoder, "".join(chunk.content for chunk in chunks), chunks
