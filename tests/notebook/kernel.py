"""A real kernel, asked as a front end asks it, with every message it sends kept."""

import json
import os
import signal
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty

from jupyter_client.manager import KernelManager

PATIENCE_S = 60.0
WIDGET = "application/vnd.jupyter.widget-view+json"


@dataclass
class Ran:
    """One execution: its reply and what it sent, in order."""

    reply: dict
    messages: list = field(default_factory=list)

    def kind(self, *kinds):
        return [message for message in self.messages if message["msg_type"] in kinds]

    @property
    def status(self):
        return self.reply["content"]["status"]

    @property
    def error(self):
        """The lines that show."""
        return self.kind("error")[0]["content"]["traceback"]

    @property
    def printed(self):
        return "".join(message["content"]["text"] for message in self.kind("stream"))

    @property
    def updates(self):
        """The live cell's messages."""
        data = [message["content"]["data"] for message in self.kind("comm_msg")]
        return [sent["content"] for sent in data if sent.get("method") == "custom"]

    @property
    def live_text(self):
        """The first pane's text, folded as a page does (docs/protocol.md)."""
        return self.live_texts.get(0, "")

    @property
    def live_texts(self):
        """Each pane's text, likewise."""
        texts = {}
        for update in self.updates:
            for pane, whole in enumerate(update.get("panes", ())):
                texts[pane] = whole["text"]
            for delta in update.get("deltas", ()):
                if "channel" not in delta:
                    pane = delta["pane"]
                    texts[pane] = texts.get(pane, "")[: delta["offset"]] + delta["text"]
        return texts

    @property
    def born(self):
        """The panes that the live cell is born with."""
        states = [message["content"]["data"]["state"] for message in self.kind("comm_open")]
        return next((state["_snapshot"]["panes"] for state in states if "_snapshot" in state), [])

    @property
    def states(self):
        """The states of all panes, in order, folded as a page does: each whole."""
        known = dict(enumerate(self.born))
        told = []
        for update in self.updates:
            changed = update.get(
                "states", [{"pane": n, **pane} for n, pane in enumerate(update.get("panes", ()))]
            )
            for state in changed:
                known[state["pane"]] = {**known[state["pane"]], **state}
                told.append(known[state["pane"]])
        return told

    @property
    def rest(self):
        """What stays in the notebook, by MIME type."""
        return self.kind("display_data", "update_display_data")[-1]["content"]["data"]


class Kernel:
    """A kernel and its front end. `on_text` is called with each piece of text that it shows."""

    def __init__(self, env, on_text=lambda piece: None):
        # By itself jupyter_client names the sockets kernel-ipc-1 and so on, in the working folder: two
        # workers that start kernels in one second would take each other's. A path has 107 bytes at most.
        self._folder = tempfile.TemporaryDirectory(prefix="kernel-")
        self._log = Path(self._folder.name, "log").open("wb")  # noqa: SIM115 - a restart needs it open
        self.manager = KernelManager(kernel_name="python3", transport="ipc", ip=f"{self._folder.name}/socket")
        self.manager.start_kernel(extra_arguments=["--log-level=ERROR"], env=env, stderr=self._log)
        self._on_text = on_text
        self.seen = []  # every message of this kernel, in bytes
        self._early = []
        self.page = True  # a page with widgets watches: it says hello to each live cell
        self._connect()

    def _connect(self):
        self.client = self.manager.client()
        self.client.start_channels()
        try:
            self.client.wait_for_ready(timeout=PATIENCE_S)
        except RuntimeError as error:
            error.add_note(f"The kernel said:\n{Path(self._log.name).read_text()}")
            raise

    # -- asking ---------------------------------------------------------------------------------

    def send(self, code, cell=None, *, metadata=None):
        """Have code run, as the cell of that id; does not wait."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        if metadata is None:
            metadata = {"cellId": cell} if cell else {}
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def run(self, code, cell=None, **options):
        return self.finish(self.send(code, cell, **options))

    def finish(self, sent, before=()):
        """Wait for the end of an execution. `before`: its messages that were taken already."""
        ran = Ran({}, list(before))
        self.until(_is_idle, sent, ran.messages)
        ran.reply = self._reply(sent)
        return ran

    def until(self, wanted, sent, kept=None):
        """The execution's messages up to the first that is wanted."""
        kept = [] if kept is None else kept
        if any(wanted(message) for message in kept):
            return kept
        for message in self._messages(sent):
            kept.append(message)
            if wanted(message):
                return kept
        return kept

    def _messages(self, sent):
        while True:
            message = self._message()
            if message["parent_header"].get("msg_id") == sent:
                yield message

    def _message(self):
        message = self.client.get_iopub_msg(timeout=PATIENCE_S)
        self.seen.append(json.dumps(message, default=str))
        for piece in _texts(message["content"]):
            self._on_text(piece)
        if (
            self.page
            and message["msg_type"] == "comm_open"
            and "_esm" in message["content"]["data"].get("state", {})
        ):
            self.say(message["content"]["comm_id"], {"type": "hello"})
        return message

    def _reply(self, sent):
        while True:
            for index, reply in enumerate(self._early):
                if reply["parent_header"].get("msg_id") == sent:
                    return self._early.pop(index)
            reply = self.client.get_shell_msg(timeout=PATIENCE_S)
            self.seen.append(json.dumps(reply, default=str))
            self._early.append(reply)

    def value(self, expression):
        """An expression's value, by way of JSON."""
        ran = self.run(f"import json as _json; print(_json.dumps({expression}))")
        assert ran.status == "ok", ran.error
        return json.loads(ran.printed)

    def complete(self, code, place):
        """What Tab offers at that place of a cell."""
        return self.client.complete(code, place, reply=True, timeout=PATIENCE_S)["content"]

    # -- what a page does -------------------------------------------------------------------------

    def say(self, model, content, *, subshell=None):
        """Send a widget a custom message, as its page would."""
        data = {"comm_id": model, "data": {"method": "custom", "content": content}}
        message = self.client.session.msg("comm_msg", data)
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)

    def subshell(self):
        """The id of a subshell, as JupyterLab makes one for its widgets."""
        message = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(message)
        return self.client.get_control_msg(timeout=PATIENCE_S)["content"]["subshell_id"]

    def until_any(self, wanted, since=None):
        """The first message that is wanted, whoever it answers. `since`: of those seen after so many, too."""
        for message in map(json.loads, self.seen[len(self.seen) if since is None else since :]):
            if wanted(message):
                return message
        while not wanted(message := self._message()):
            pass
        return message

    def sent(self, kind, since=0):
        """Live cells' messages of a kind, whoever they answer, of those seen after so many."""
        sent = [json.loads(message) for message in self.seen[since:]]
        data = [message["content"]["data"] for message in sent if message["msg_type"] == "comm_msg"]
        return [one["content"] for one in data if one.get("content", {}).get("type") == kind]

    # -- what a person does -----------------------------------------------------------------------

    def press_stop(self):
        """■."""
        self.manager.interrupt_kernel()

    def kill(self):
        """`kill -9`, and a new kernel in its place."""
        os.kill(self.manager.provisioner.pid, signal.SIGKILL)
        self.restart(now=True)

    def restart(self, *, now=False):
        self.client.stop_channels()
        self.manager.restart_kernel(now=now)
        self._early.clear()
        self._connect()

    def end(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self._log.close()
        self._folder.cleanup()

    def leftovers(self):
        """Messages that nobody has asked for yet."""
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=0)
            except Empty:
                return
            self.seen.append(json.dumps(message, default=str))


def _texts(content):
    """The pieces of text that a message shows, live or as an output."""
    data = content.get("data", {})
    if "text/plain" in data:
        yield data["text/plain"]
    told = data.get("content") or data.get("state", {}).get("_snapshot") or {}
    for piece in (*told.get("deltas", ()), *told.get("panes", ())):
        yield piece["text"]


def _state(message):
    return message["content"].get("data", {}).get("state", {})


def _is_idle(message):
    return message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"


def has_text(message):
    """Whether this message brings the live cell text."""
    content = message["content"].get("data", {}) if message["msg_type"] == "comm_msg" else {}
    return bool(content.get("content", {}).get("deltas"))


def all_states(*statuses):
    """Whether each of the first panes has been told this state by this message or an earlier one."""
    known = {}

    def told(message):
        if message["msg_type"] not in ("comm_msg", "comm_open"):
            return False
        data = message["content"].get("data", {})
        panes = _state(message).get("_snapshot", {}).get("panes") or data.get("content", {}).get("panes", ())
        known.update({number: pane["status"] for number, pane in enumerate(panes)})
        for state in data.get("content", {}).get("states", ()):
            known[state["pane"]] = state.get("status", known.get(state["pane"]))
        return all(known.get(number) == status for number, status in enumerate(statuses))

    return told


def has_status(*statuses):
    """Whether this message tells the live cell one of these states, be it with its birth."""

    def told(message):
        data = message["content"].get("data", {}) if message["msg_type"] in ("comm_msg", "comm_open") else {}
        born = data.get("state", {}).get("_snapshot", {}).get("panes", ())
        return any(
            state.get("status") in statuses for state in (*born, *data.get("content", {}).get("states", ()))
        )

    return told
