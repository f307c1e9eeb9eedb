"""What a kernel publishes on its iopub socket: every byte, framing and headers of the messages included."""

import json
import threading
from dataclasses import dataclass

import zmq
from jupyter_client.connect import ConnectionFileMixin


@dataclass(frozen=True)
class Message:
    """One message: its type, and its bytes."""

    kind: str
    size: int


class Iopub:
    """Notes the messages of one cell: from its beginning until the kernel is idle again.

    Args:
        connection_file: The kernel's.
        begins: What the cell begins with.

    Attributes:
        messages: Those up to now.
        ended: Set at the cell's end.
    """

    def __init__(self, connection_file, begins):
        self._file = str(connection_file)
        self._begins = begins
        self._asked = None
        self._closing = threading.Event()
        self.messages = []
        self.ended = threading.Event()

    def __enter__(self):
        connection = ConnectionFileMixin()
        connection.load_connection_file(self._file)
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.setsockopt(zmq.RCVHWM, 0)
        self._socket.setsockopt(zmq.RCVTIMEO, 200)
        self._socket.subscribe(b"")
        self._socket.connect(f"{connection.transport}://{connection.ip}:{connection.iopub_port}")
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._closing.set()
        self._thread.join()
        self._socket.close()
        self._context.term()

    def _read(self):
        while not (self._closing.is_set() or self.ended.is_set()):
            try:
                self._note(self._socket.recv_multipart())
            except zmq.Again:
                continue

    def _note(self, frames):
        at = frames.index(b"<IDS|MSG>")
        header = json.loads(frames[at + 2])
        kind = header["msg_type"]
        if kind == "execute_input" and json.loads(frames[at + 5])["code"].startswith(self._begins):
            self._asked = json.loads(frames[at + 3])["msg_id"]
        if self._asked is None:
            return
        self.messages.append(Message(kind, sum(map(len, frames))))
        parent, content = (json.loads(frames[at + offset]) for offset in (3, 5))
        if parent.get("msg_id") == self._asked and content.get("execution_state") == "idle":
            self.ended.set()
