"""The far end of the live cell's measurements: a small HTTP server in a process of its own, on loopback.

What it answers stands in the name of the model, `PANE-KIND-NxR-NxR…`: of a text of that kind (texts.py), N
tokens at R a second, then N at another pace, each in an event and an HTTP chunk of its own; an answer ends a
second after its last token, so that this one too can be seen coming. At the end of each answer it says on
standard output, as a line of JSON, when it wrote each token, and when it saw the connection close if that
came first; by the machine's clock, in seconds.
"""

import json
import re
import select
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from itertools import islice
from pathlib import Path
from queue import Queue

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])

from server import CHUNKED, http_chunk, openai_event, read_request, sse

from live_cell.texts import tokens

SPEC = re.compile(rb'"model": ?"(\w+)-(\w+)((?:-\d+x\d+)+)"')


class FarEnd:
    """The server's process.

    Attributes:
        url: Its address, ending in /v1.
    """

    def __enter__(self):
        self._process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self._process.stdout.readline().strip()}/v1"
        self._answers = Queue()
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()

    def _read(self):
        for line in self._process.stdout:
            self._answers.put(json.loads(line))

    def ended(self, count, until, patience_s=60):
        """What it says of the next answers that end, by pane. `until`: waits for a condition."""
        if not until(lambda: self._answers.qsize() >= count, patience_s):
            raise TimeoutError(f"the answers have not ended within {patience_s} s")
        answers = [self._answers.get() for _ in range(count)]
        return {answer["pane"]: answer for answer in answers}


def answer(connection, kind, paces):
    """Stream a text; the times of its tokens, and of the connection's end if that came before its own."""
    connection.sendall(CHUNKED + http_chunk(sse([openai_event({"role": "assistant", "content": ""})])[0]))
    texts, sent = tokens(kind), []
    for count, rate in paces:
        began = time.monotonic()
        for at, text in enumerate(islice(texts, count)):
            wait = max(0.0, began + at / rate - time.monotonic())
            if closed(connection, wait):
                return sent, time.time()
            data = http_chunk(sse([openai_event({"content": text})])[0])
            sent.append(time.time())
            connection.sendall(data)
    if closed(connection, 1):
        return sent, time.time()
    usage = {"prompt_tokens": 9, "completion_tokens": len(sent), "total_tokens": 9 + len(sent)}
    ending = [*sse([openai_event({}, "stop"), openai_event({}, usage=usage)]), b"data: [DONE]\n\n"]
    connection.sendall(http_chunk(b"".join(ending)) + b"0\r\n\r\n")
    return sent, None


def closed(connection, wait):
    """Whether the client closes within so many seconds: it has nothing more to ask meanwhile."""
    return bool(select.select([connection], [], [], wait)[0])


def serve(connection, say):
    with connection, suppress(ConnectionError):
        while request := read_request(connection):
            pane, kind, paces = (found.decode() for found in SPEC.search(request).groups())
            paces = [tuple(map(int, pace.split("x"))) for pace in paces.strip("-").split("-")]
            sent, left_at = answer(connection, kind, paces)
            say({"pane": pane, "sent": sent, "closed": left_at})
            if left_at:
                return


def main():
    lock = threading.Lock()

    def say(told):
        with lock:
            print(json.dumps(told), flush=True)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(connection, say), daemon=True).start()


if __name__ == "__main__":
    main()
