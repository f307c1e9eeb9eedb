"""What a long answer costs on the way from the kernel to the page: a 20 kB answer in 5,000 chunks over 50 s.

A real kernel; every byte on its iopub socket is counted, framing and headers of the messages included.
"""

import json
import os
import time
from collections import Counter

from jupyter_client.manager import start_new_kernel
from server import Server
from tables import table

COUNT, LENGTH = 5000, 4


def run(options):
    with Server() as url:
        os.environ.update(HOLYSHEEP_BASE_URL=url, HOLYSHEEP_API_KEY="none")
        manager, client = start_new_kernel()
        iopub = manager.connect_iopub()
        try:
            executed(iopub, client, "%load_ext hs_notebook")
            cell = f"%%holysheep model=paced-{COUNT}-{options.seconds}-{LENGTH}\nGo on."
            began = time.monotonic()
            kinds, size = executed(iopub, client, cell)
            spent = time.monotonic() - began
        finally:
            iopub.close()
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    kilobytes = COUNT * LENGTH / 1000
    return table(
        f"iopub for an answer of {kilobytes:.0f} kB in {COUNT:,} chunks over {options.seconds} s",
        ["", "messages", "MB", "bytes a byte of text", "s"],
        [
            [
                "%%holysheep",
                sum(kinds.values()),
                f"{size / 1e6:.3f}",
                f"{size / kilobytes / 1000:.0f}",
                f"{spent:.1f}",
            ]
        ],
    )


def executed(socket, client, source):
    """Run a cell; the messages on iopub by their kind until it is idle again, and all their bytes."""
    kinds, size = Counter(), 0
    asked = execute_as_lab_does(client, source)
    while True:
        frames = socket.recv_multipart()
        size += sum(map(len, frames))
        at = frames.index(b"<IDS|MSG>")
        header, parent, content = (json.loads(frames[at + offset]) for offset in (2, 3, 5))
        kinds[header["msg_type"]] += 1
        assert header["msg_type"] != "error", content["evalue"]
        if parent.get("msg_id") == asked and content.get("execution_state") == "idle":
            return kinds, size


def execute_as_lab_does(client, source):
    """Ask for a cell's execution with its id in the metadata, which tells the kernel that a page is there."""
    content = {
        "code": source,
        "silent": False,
        "store_history": True,
        "allow_stdin": False,
        "stop_on_error": True,
    }
    message = client.session.msg("execute_request", content, metadata={"cellId": "the-cell"})
    client.shell_channel.send(message)
    return message["header"]["msg_id"]
