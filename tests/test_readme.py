"""The README is true: its cells run, in order, in one real kernel, and end as the page says.

A `python` block is a cell. A `text` block after it is all that the cell shows, "…" standing for anything. A
cell without one must end well. Models that are not on this machine are answered by a small server at the far
end of a socket, in both protocols the page speaks of.
"""

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [(found[1], found[2].rstrip("\n")) for found in BLOCK.finditer(README)]

EXAMPLE_URL = "http://127.0.0.1:8080/v1"
"""As the page writes it; the tests put a real one in its place."""
ASKED = 'getpass("HolySheep key: ")'
"""Nobody sits at the tests' keyboard."""
KEY = "the-right-key"
MODELS = ("gpt-4.1", "deepseek-v3.2", "claude-sonnet-4.5")
COUNTS = {"prompt_tokens": 30, "completion_tokens": 2, "total_tokens": 32}


class Provider(BaseHTTPRequestHandler):
    """Answers "Ada." in the protocol it is asked in."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/messages"):
            return self._send(200, "text/event-stream", anthropic(body["model"]))
        if self.headers["Authorization"] not in (None, f"Bearer {KEY}"):
            return self._error(401, "Incorrect API key provided.")
        if body["model"] not in MODELS:
            return self._error(404, f"The model {body['model']} does not exist.")
        return self._send(200, "text/event-stream", openai(body["model"]))

    def do_GET(self):
        self._send(200, "application/json", json.dumps({"data": [{"id": name} for name in MODELS]}))

    def _error(self, status, message):
        self._send(status, "application/json", json.dumps({"error": {"message": message}}))

    def _send(self, status, content_type, text):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def openai(model):
    choices = [{"index": 0, "delta": {"content": "Ada."}, "finish_reason": "stop"}]
    events = [{"model": model, "choices": choices}, {"model": model, "choices": [], "usage": COUNTS}]
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"


def anthropic(model):
    usage = {"input_tokens": 30, "output_tokens": 1}
    events = (
        {"type": "message_start", "message": {"model": model, "usage": usage}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Ada."}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    )
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)


@pytest.fixture
def provider():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def cells():
    """Each cell with what it must show; None: anything, as long as it ends well."""
    following = [*BLOCKS[1:], ("", "")]
    return [
        (source, after if kind_after == "text" else None)
        for (kind, source), (kind_after, after) in zip(BLOCKS, following, strict=True)
        if kind == "python"
    ]


def shown(cell):
    """What a reader sees below a cell, as text."""
    texts = []
    for output in cell.outputs:
        if output.output_type == "error":
            texts.append("\n".join(output.traceback))
        else:
            texts.append(output.text if output.output_type == "stream" else output.data["text/plain"])
    return "\n".join(text.rstrip("\n") for text in texts)


def matches(expected, text):
    return re.fullmatch(".*".join(map(re.escape, expected.split("…"))), text, re.DOTALL)


@pytest.mark.kernel
@pytest.mark.model
def test_every_cell_runs_and_ends_as_it_says(provider, monkeypatch, tmp_path):
    monkeypatch.setenv("HOLYSHEEP_BASE_URL", provider)
    monkeypatch.setenv("HOLYSHEEP_API_KEY", KEY)
    sources = [source.replace(EXAMPLE_URL, provider).replace(ASKED, repr(KEY)) for source, _ in cells()]
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    here = {"metadata": {"path": str(tmp_path)}}  # the page writes a file
    NotebookClient(notebook, timeout=120, allow_errors=True, resources=here).execute()

    for cell, (_, expected) in zip(notebook.cells, cells(), strict=True):
        text = shown(cell)
        if expected is None:
            assert [output.traceback for output in cell.outputs if output.output_type == "error"] == [], (
                cell.source
            )
        else:
            assert matches(expected, text), f"{cell.source}\n\nshows\n\n{text}"
    assert len(notebook.cells) > 15


@pytest.mark.kernel
def test_the_python_part_runs_as_a_script(provider, monkeypatch):
    monkeypatch.setenv("HOLYSHEEP_BASE_URL", provider)
    monkeypatch.setenv("HOLYSHEEP_API_KEY", KEY)
    part = README.split("## From Python")[1].split("##")[0]
    blocks = [source for kind, source in BLOCK.findall(part) if kind == "python"]
    script = "".join(block for block in blocks if "async for" not in block)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "Ada." in done.stdout


def test_every_block_is_of_a_kind_that_is_checked():
    assert {kind for kind, _ in BLOCKS} == {"console", "python", "text"}


@pytest.mark.parametrize("command", re.findall(r"python3 (dev\.py[^`#\n]*)", README))
def test_every_command_of_dev_py_exists(command):
    words = [word for word in command.split() if not word.startswith("--")]
    helped = subprocess.run(
        [sys.executable, *words, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert helped.returncode == 0
    assert [word for word in command.split() if word.startswith("--") and word not in helped.stdout] == []


def test_the_table_of_options_is_the_magics_own():
    from hs_notebook.notebook.question.options import OPTIONS

    named = re.findall(r"^\| `(\w+)[=`]", README.split("## The magic")[1].split("##")[0], re.MULTILINE)

    assert named == list(OPTIONS)


def test_every_variable_of_the_environment_is_read_somewhere():
    named = set(re.findall(r"HOLYSHEEP_[A-Z_]+", README))
    code = "\n".join(path.read_text() for path in (ROOT / "hs_notebook").rglob("*.py"))

    assert {name for name in named if f'"{name}"' not in code} == set()
