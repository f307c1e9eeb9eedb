"""A server that keeps its answers and sends the rest, as our gateway does; and some that do it badly."""

import json

from misbehaving import DONE, TEXT, WORDS

RUN = "5f3a.01"


def brief(content=None, *, finish=None, usage=False):
    """An event as short as one can be: a test that cuts at every byte has fewer to cut at."""
    delta = {} if content is None else {"content": content}
    body = {"choices": [] if usage else [{"index": 0, "delta": delta, "finish_reason": finish}]}
    if usage:
        body["usage"] = {"prompt_tokens": 7, "completion_tokens": len(WORDS)}
    return b"data: " + json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


def whole(words=WORDS):
    """All events of an answer."""
    return [*(brief(word) for word in words), brief(finish="stop"), brief(usage=True), DONE]


def named(events, style="ours", run=RUN, first=1):
    """The events with their ids: "ours", "plain" integers, "odd" ones without order, or "none"."""
    ids = {
        "ours": lambda number: f"id: {run}.{number:08d}\n",
        "plain": lambda number: f"id: {number}\n",
        "odd": lambda number: f"id: {'zyx'[number % 3]}{number}\n",
        "none": lambda _: "",
    }[style]
    return [ids(number).encode() + one for number, one in enumerate(events, first)]


def place_in(event_id):
    """Which event an id names."""
    return int(event_id.rpartition(".")[2])


class Keeping:
    """A script for `misbehaving.Server`.

    Args:
        way: What it does about a request to resume: "replay"; "again", everything once more; "ignore", a new
            answer in other words; a number: that status; "check": its check says that nothing is kept.
        style: Of its ids.
        cut: Called with the peer and all bytes of a first response: how that one is sent.
        check: Whether it has /stream/check.
    """

    def __init__(self, way, cut, *, style="ours", check=True, words=WORDS):
        self.way, self.cut, self.style, self.check, self.words = way, cut, style, check, words
        self.calls = []
        self.generated = 0

    async def __call__(self, peer):
        request = peer.request
        self.calls.append(request.path.removeprefix("/v1"))
        if request.path.endswith("/stream/check"):
            await self.answer_check(peer)
        elif request.path.endswith("/stream/cancel"):
            await peer.plain("200 OK", b"{}")
        elif request.headers.get("x-stream-resume") == "true":
            await self.resume(peer, request.headers["x-stream-event-id"])
        else:
            await self.begin(peer, request.json)

    async def answer_check(self, peer):
        if self.check:
            await peer.plain("200 OK", json.dumps({"valid": self.way != "check"}).encode())
        else:
            await peer.plain("404 Not Found", b"{}")

    async def begin(self, peer, asked):
        self.generated += 1
        words = self.words
        last = asked["messages"][-1]
        if last["role"] == "assistant":
            words = [TEXT.removeprefix(last["content"])]
        await self.cut(peer, b"".join(named(whole(words), self.style)))

    async def resume(self, peer, event_id):
        if isinstance(self.way, int):
            await peer.plain(f"{self.way} No", b'{"error": {"message": "gone"}}')
            return
        events = named(whole(self.words), self.style)
        if self.way == "replay":
            events = events[place_in(event_id) :]
        elif self.way == "ignore":
            self.generated += 1
            run = f"9999.{self.generated:02d}"
            events = named(whole(["Quite", " other", " words", " this", " time"]), self.style, run)
        await peer.head()
        await peer.piece(b"".join(events))
        await peer.finish()


async def send_whole(peer, body):
    """A response without fault."""
    await peer.head()
    await peer.piece(body)
    await peer.finish()


async def send_cut(peer, body, how):
    """A response of which so much comes, and then one of three ends."""
    await peer.head()
    if body:
        await peer.piece(body)
    if how == "clean":
        await peer.finish()
    elif how == "unfinished":
        await peer.send(b"40\r\nda")
        peer.end()
    else:
        await peer.writer.drain()
        peer.reset()


def kept_after_a_cut(way="replay"):
    """A script whose first response breaks after three words; later ones are whole."""

    async def send(peer, body):
        if script.generated == 1:
            await send_cut(peer, body[: body.index(b"00000004") - 12], "unfinished")
        else:
            await send_whole(peer, body)

    script = Keeping(way, send)
    return script
