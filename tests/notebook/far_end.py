"""A server at the far end of a real socket, that answers in the OpenAI shape as a test tells it to."""

import asyncio
import json
import threading
import time
from dataclasses import dataclass

PATIENCE_S = 60.0
"""For what comes in milliseconds, on a machine that has much else to do."""


def event(**members):
    return b"data: " + json.dumps(members).encode() + b"\n\n"


def text(content):
    return event(
        id="x", model="far-1", choices=[{"index": 0, "delta": {"content": content}, "finish_reason": None}]
    )


FINISH = event(id="x", model="far-1", choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
DONE = b"data: [DONE]\n\n"
HOLD = "hold"
"""Send nothing more and wait for the client to leave."""


@dataclass(frozen=True)
class Shown:
    """Send nothing more until a kernel has shown this text; it must come in one piece."""

    text: str


def usage(tokens_in, tokens_out):
    counts = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out}
    return event(id="x", model="far-1", choices=[], usage=counts)


def whole(*contents):
    """A complete answer."""
    return [*map(text, contents), FINISH, usage(12, len(contents)), DONE]


class FarEnd:
    """Answers every request by `plan`: bytes to send as one HTTP chunk; HOLD, Shown or seconds to wait.

    Attributes:
        status: Of the answers.
        content_type: Likewise.
        plans: Plans for models that have one of their own; a list of plans: one a request, the last stays.
        clean: Whether the end of the plan ends the body properly, or cuts the connection.
        bodies: The JSON of each request received.
        heads: The head of each request received.
        left: Monotonic times at which a client left before the end.
        shown: The pieces of text that the kernels have shown (see kernel.py).
    """

    def __init__(self):
        self.reset()
        self._news = threading.Condition()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        self._ready.wait(PATIENCE_S)

    def reset(self):
        self.plan = whole("Hello", " world")
        self.status = "200 OK"
        self.content_type = "text/event-stream"
        self.clean = True
        self.plans = {}
        self.bodies = []
        self.heads = []
        self.left = []
        self.shown = []

    def _run(self):
        asyncio.run(self._main())

    async def _main(self):
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._ready.set()
        await self._end.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    def stop(self):
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(PATIENCE_S)

    def show(self, piece):
        """A kernel has shown this, or the test says that it has happened."""
        self.shown.append(piece)

    def wait_for(self, condition):
        with self._news:
            return self._news.wait_for(condition, PATIENCE_S)

    def _tell(self, where, what):
        with self._news:
            where.append(what)
            self._news.notify_all()

    async def _answer(self, reader, writer):
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            self._tell(self.left, time.monotonic())
        finally:
            writer.close()

    async def _converse(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length:")
        )
        self.heads.append(head)
        body = json.loads(await reader.readexactly(length))
        plan = self._plan_for(body)
        self._tell(self.bodies, body)
        gone = asyncio.ensure_future(reader.read())  # ends when the client leaves
        if plan != [HOLD]:
            writer.write(
                f"HTTP/1.1 {self.status}\r\nContent-Type: {self.content_type}\r\n"
                "Transfer-Encoding: chunked\r\n\r\n".encode()
            )
        for step in plan:
            if await self._step(step, writer, gone):
                self._tell(self.left, time.monotonic())
                return
        if self.clean:
            writer.write(b"0\r\n\r\n")
        await writer.drain()

    def _plan_for(self, body):
        plans = self.plans.get(body["model"])
        if plans is None:
            return self.plan
        if not plans or not isinstance(plans[0], list):
            return plans
        return plans.pop(0) if len(plans) > 1 else plans[0]

    async def _step(self, step, writer, gone):
        """Do one step; whether the client has left."""
        if isinstance(step, bytes):
            writer.write(b"%x\r\n%s\r\n" % (len(step), step))
            await writer.drain()
            return gone.done()
        if isinstance(step, Shown):
            while not gone.done() and not any(step.text in piece for piece in self.shown):  # noqa: ASYNC110 - by another thread
                await asyncio.sleep(0.002)
            return gone.done()
        done, _ = await asyncio.wait([gone], timeout=None if step == HOLD else step)
        return bool(done)
