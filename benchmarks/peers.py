"""One streamed answer through each client: the same question, asked as each one's documentation shows."""

import asyncio
import json
from dataclasses import dataclass

QUESTION = [{"role": "user", "content": "Go on."}]


@dataclass
class Outcome:
    """What a caller ends up with."""

    text: str
    finish_reason: str | None
    output_tokens: int | None
    error: str | None = None


class OpenAISDK:
    """The openai SDK's asynchronous client."""

    name = "openai SDK, async"

    def __init__(self, url):
        import openai

        self._runner = asyncio.Runner()
        self._client = openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0)

    def ask(self, model):
        return self._runner.run(self._ask(model))

    def close(self):
        self._runner.run(self._client.close())
        self._runner.close()

    async def _ask(self, model):
        texts, finish, usage = [], None, None
        try:
            chunks = await self._client.chat.completions.create(
                model=model, messages=QUESTION, stream=True, stream_options={"include_usage": True}
            )
            async for chunk in chunks:
                if chunk.usage:
                    usage = chunk.usage.completion_tokens
                if chunk.choices:
                    texts.append(chunk.choices[0].delta.content or "")
                    finish = chunk.choices[0].finish_reason or finish
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises is what we look for
            return Outcome("".join(texts), finish, usage, type(error).__name__)
        return Outcome("".join(texts), finish, usage)


class HttpxSSE:
    """httpx, httpx-sse and json: the usual home-made client."""

    name = "httpx-sse + json, async"

    def __init__(self, url):
        import httpx

        self._runner = asyncio.Runner()
        self._url = url + "/chat/completions"
        self._client = httpx.AsyncClient(timeout=60)

    def ask(self, model):
        return self._runner.run(self._ask(model))

    def close(self):
        self._runner.run(self._client.aclose())
        self._runner.close()

    async def _ask(self, model):
        from httpx_sse import aconnect_sse

        texts, finish, usage = [], None, None
        body = {
            "model": model,
            "messages": QUESTION,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        try:
            async with aconnect_sse(self._client, "POST", self._url, json=body) as source:
                async for event in source.aiter_sse():
                    if event.data == "[DONE]":
                        break
                    chunk = json.loads(event.data)
                    if chunk.get("usage"):
                        usage = chunk["usage"]["completion_tokens"]
                    if chunk["choices"]:
                        texts.append(chunk["choices"][0]["delta"].get("content") or "")
                        finish = chunk["choices"][0]["finish_reason"] or finish
        except Exception as error:  # noqa: BLE001 - whatever it raises is what we look for
            return Outcome("".join(texts), finish, usage, type(error).__name__)
        return Outcome("".join(texts), finish, usage)


class Ours:
    """hs_notebook's client with everything on: normalising, usage, proof of completeness, price, ledger."""

    name = "hs_notebook"

    def __init__(self, url, shape="openai"):
        import hs_notebook

        self._client = hs_notebook.HolySheep("none", url, max_retries=0, shape=shape)

    def ask(self, model):
        from hs_notebook.errors import HolySheepError

        error = None
        try:
            answer = self._client.ask("Go on.", model=model)
        except HolySheepError as raised:
            answer, error = raised.answer, type(raised).__name__
        usage = answer.usage.output_tokens if answer.usage else None
        return Outcome(answer.text, answer.finish_reason, usage, error)

    def close(self):
        self._client.close()
