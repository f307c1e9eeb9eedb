"""The far end: a provider in OpenAI's shape that keeps count of every answer it was made to generate."""

import asyncio
import json
import socket

import uvicorn
from script import MODEL, Script
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route


class Provider:
    """A server on loopback.

    Attributes:
        port: Where it listens.
        generations: One for each answer begun, in order: of which stream, for which gateway (its key is the
            gateway's name), how many tokens went out, and whether all did. A provider bills all of these.
    """

    def __init__(self, script):
        self.generations = []
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = self._listener.getsockname()[1]
        app = Starlette(routes=[Route("/v1/chat/completions", self._complete, methods=["POST"])])
        self._server = uvicorn.Server(
            uvicorn.Config(app, http="h11", log_config=None, lifespan="off", ws="none", access_log=False)
        )

    async def __aenter__(self):
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        return self

    async def __aexit__(self, *_):
        self._server.force_exit = self._server.should_exit = True
        await self._serving

    async def _complete(self, request):
        try:
            asked = await request.json()
        except ClientDisconnect:  # the gateway was killed in mid-request: nothing is generated
            return Response()
        generation = {
            "number": Script.number(asked["messages"][-1]["content"]),
            "gateway": request.headers["authorization"].removeprefix("Bearer "),
            "tokens": 0,
            "whole": False,
        }
        self.generations.append(generation)
        return StreamingResponse(self._events(generation), media_type="text/event-stream")

    async def _events(self, generation):
        plan = self._script.plan(generation["number"])
        for piece in plan.pieces:
            await asyncio.sleep(plan.pace_s)
            generation["tokens"] += 1
            yield _event([{"index": 0, "delta": {"content": piece}, "finish_reason": None}])
        generation["whole"] = True
        count = len(plan.pieces)
        usage = {"prompt_tokens": 3, "completion_tokens": count, "total_tokens": 3 + count}
        yield _event([{"index": 0, "delta": {}, "finish_reason": "stop"}])
        yield _event([], usage=usage) + b"data: [DONE]\n\n"


def _event(choices, **more):
    event = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": MODEL, "choices": choices}
    return b"data: " + json.dumps(event | more).encode() + b"\n\n"
