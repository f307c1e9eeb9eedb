"""Recorded streams, restated with the same numbers: what they cost in tokens, whoever sends them and however.

docs/usage.md shows the same table, with the answers of other packages beside ours.
"""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hs_notebook.wire.chunk import Usage
from hs_notebook.wire.response import ResponseDecoder

PAGE = Path(__file__).parents[2] / "docs" / "usage.md"


def openai(*usages, text="Hi", last_with_choice=None):
    """Text, its finish, then each usage in a chunk without choices, as OpenAI sends it."""
    finish = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": last_with_choice}
    events = [{"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}], "usage": None}]
    return [*events, finish, *({"choices": [], "usage": usage} for usage in usages), "[DONE]"]


def counting(*usages):
    """Text with a running total on each chunk, as many compatible servers send it."""
    chunks = [
        {"choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": None}], "usage": usage}
        for usage in usages
    ]
    chunks[-1]["choices"][0]["finish_reason"] = "stop"
    return [*chunks, "[DONE]"]


def anthropic(start, *deltas):
    text = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}
    events = [{"type": "message_start", "message": {"model": "claude", "usage": start}}, text]
    events += [
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": one} for one in deltas
    ]
    return [*events, {"type": "message_stop"}]


def google(*usages):
    chunks = [
        {"candidates": [{"content": {"parts": [{"text": "x"}]}, "index": 0}], "usageMetadata": usage}
        for usage in usages
    ]
    chunks[-1]["candidates"][0]["finishReason"] = "STOP"
    return chunks


def total(prompt, made, whole=None, **more):
    return {
        "prompt_tokens": prompt,
        "completion_tokens": made,
        "total_tokens": whole or prompt + made,
        **more,
    }


def gemini(prompt, shown, thoughts=None, whole=None, **more):
    usage = {"promptTokenCount": prompt, "candidatesTokenCount": shown, "thoughtsTokenCount": thoughts}
    usage |= {"totalTokenCount": whole or prompt + (shown or 0) + (thoughts or 0), **more}
    return {name: value for name, value in usage.items() if value is not None}


def cache(read, written):
    return {"cache_read_input_tokens": read, "cache_creation_input_tokens": written}


REPLAYS = {
    "OpenAI, plain": (openai(total(53, 15)), Usage(53, output_tokens=15)),
    "OpenAI, a cache is written": (
        openai(total(4020, 4, prompt_tokens_details={"cache_write_tokens": 4012, "cached_tokens": 0})),
        Usage(4020, 0, 4012, 4),
    ),
    "OpenAI, the cache is read": (
        openai(total(4020, 4, prompt_tokens_details={"cache_write_tokens": 0, "cached_tokens": 4012})),
        Usage(4020, 4012, 0, 4),
    ),
    "compatible, running totals on each chunk": (
        counting(*(total(10, made) for made in (1, 2, 3, 3))),
        Usage(10, output_tokens=3),
    ),
    "compatible, usage beside the last choice": (
        openai(last_with_choice=total(10, 3)),
        Usage(10, output_tokens=3),
    ),
    "compatible, no usage ever": (openai(), None),
    "Responses' names, reasoning": (
        openai(
            {
                "input_tokens": 53,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": 469,
                "output_tokens_details": {"reasoning_tokens": 448},
                "total_tokens": 522,
            }
        ),
        Usage(53, 0, None, 469, 448),
    ),
    "Responses' names, from DeepSeek": (
        openai(
            {
                "input_tokens": 366,
                "input_tokens_details": {"cached_tokens": 256},
                "output_tokens": 59,
                "output_tokens_details": {"reasoning_tokens": 14},
                "total_tokens": 425,
            }
        ),
        Usage(366, 256, None, 59, 14),
    ),
    "Anthropic, thinking": (
        anthropic(
            {"input_tokens": 43, "output_tokens": 1, **cache(0, 0)},
            {"input_tokens": 43, "output_tokens": 282},
        ),
        Usage(43, 0, 0, 282),
    ),
    "Anthropic, a cache read and written": (
        anthropic({"input_tokens": 3, "output_tokens": 1, **cache(1111, 418)}, {"output_tokens": 33}),
        Usage(1532, 1111, 418, 33),
    ),
    "Anthropic, web search": (
        anthropic(
            {"input_tokens": 2068, "output_tokens": 1},
            {"input_tokens": 22397, "output_tokens": 8, "server_tool_use": {"web_search_requests": 2}},
        ),
        Usage(22397, output_tokens=8),
    ),
    "Anthropic, several deltas": (
        anthropic({"input_tokens": 43, "output_tokens": 1}, {"output_tokens": 100}, {"output_tokens": 282}),
        Usage(43, output_tokens=282),
    ),
    "Anthropic, compaction": (
        anthropic(
            {"input_tokens": 100, "output_tokens": 1, **cache(55096, 0)},
            {
                "input_tokens": 181,
                "output_tokens": 8,
                **cache(0, 0),
                "iterations": [
                    {"type": "compaction", "input_tokens": 100, "output_tokens": 83, **cache(55096, 0)},
                    {"type": "message", "input_tokens": 181, "output_tokens": 8, **cache(0, 0)},
                ],
            },
        ),
        Usage(55377, 55096, 0, 91),
    ),
    "Anthropic through a gateway, input at the end": (
        anthropic({"input_tokens": 0, "output_tokens": 0}, {"input_tokens": 77, "output_tokens": 5}),
        Usage(77, output_tokens=5),
    ),
    "Anthropic through a gateway, input only at the start": (
        anthropic({"input_tokens": 77, "output_tokens": 1}, {"input_tokens": None, "output_tokens": 5}),
        Usage(77, output_tokens=5),
    ),
    "Gemini, thoughts": (
        google(gemini(18, 31, 35), gemini(18, 79, 35), gemini(18, 80, 35)),
        Usage(18, output_tokens=115, reasoning_tokens=35),
    ),
    "Gemini, a falling count": (
        google(gemini(15, 2), gemini(15, 4), gemini(13, 6)),
        Usage(13, output_tokens=6),
    ),
    "Gemini, a field drops out": (
        google(gemini(10, 5, 3), gemini(10, 7, None, 20)),
        Usage(10, output_tokens=10, reasoning_tokens=3),
    ),
    "Gemini, tool use": (
        google(gemini(17, 241, 412, 772, toolUsePromptTokenCount=102)),
        Usage(119, output_tokens=653, reasoning_tokens=412),
    ),
    "Gemini, cache": (
        google(gemini(17713, 68, 821, cachedContentTokenCount=17379)),
        Usage(17713, 17379, None, 889, 821),
    ),
    "Gemini, all thoughts": (google(gemini(8, None, 96)), Usage(8, output_tokens=96, reasoning_tokens=96)),
    "Gemini as OpenAI, thoughts left out": (openai(total(20, 198, 623)), Usage(20, output_tokens=603)),
    "Gemini as OpenAI, nothing but thoughts": (
        openai(total(21, 0, 81, completion_tokens_details={"reasoning_tokens": 60})),
        Usage(21, output_tokens=60, reasoning_tokens=60),
    ),
    "DeepSeek, the cache said twice": (
        openai(
            total(
                563,
                116,
                prompt_tokens_details={"cached_tokens": 512},
                completion_tokens_details={"reasoning_tokens": 60},
                prompt_cache_hit_tokens=512,
                prompt_cache_miss_tokens=51,
            )
        ),
        Usage(563, 512, None, 116, 60),
    ),
    "DeepSeek, usage beside the last choice": (
        openai(last_with_choice=total(6, 212, completion_tokens_details={"reasoning_tokens": 198})),
        Usage(6, output_tokens=212, reasoning_tokens=198),
    ),
    "OpenRouter, its own cost": (
        openai(total(43, 36, cost=0.000669)),
        Usage(43, output_tokens=36, cost_usd="0.000669"),
    ),
    "Pydantic's gateway, its own cost": (
        openai(total(43, 36, logfire_ai_gateway={"cost": "0.000669"})),
        Usage(43, output_tokens=36, cost_usd="0.000669"),
    ),
}


def sse(events):
    """The body of an event stream. Anthropic's carry their type as the event's name, too."""
    lines = []
    for event in events:
        if isinstance(event, dict) and "type" in event:
            lines.append(f"event: {event['type']}\n")
        lines.append(f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n")
    return "".join(lines).encode()


def read(body, cuts=()):
    """The last usage of a body that arrives in pieces, and whether it proved whole."""
    decoder = ResponseDecoder("text/event-stream")
    edges = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    chunks = [chunk for begin, end in pairwise(edges) for chunk in decoder.feed(body[begin:end])]
    chunks += decoder.end(framed=True)
    usages = [chunk.usage for chunk in chunks if chunk.usage is not None]
    return (usages[-1] if usages else None), decoder.complete


def counts(usage):
    """Without the note on what was mended."""
    return usage and (*(getattr(usage, name) for name in usage.__struct_fields__ if name != "note"),)


@pytest.mark.parametrize(("events", "usage"), REPLAYS.values(), ids=REPLAYS.keys())
def test_every_recorded_stream_is_counted_exactly(events, usage):
    found, complete = read(sse(events))
    assert counts(found) == counts(usage)
    assert complete


@pytest.mark.parametrize(("events", "usage"), REPLAYS.values(), ids=REPLAYS.keys())
def test_an_event_that_comes_twice_changes_nothing(events, usage):
    """Whatever is repeated, a sum would show it."""
    ends = [event for event in events if event in ("[DONE]", {"type": "message_stop"})]
    twice = [event for event in events if event not in ends for _ in range(2)]
    assert counts(read(sse([*twice, *ends]))[0]) == counts(usage)


@settings(max_examples=60)
@given(st.sampled_from(sorted(REPLAYS)), st.lists(st.integers(0, 10_000), max_size=8))
def test_how_the_bytes_are_cut_changes_nothing(name, cuts):
    events, usage = REPLAYS[name]
    assert counts(read(sse(events), cuts)[0]) == counts(usage)


@pytest.mark.parametrize(("events", "usage"), REPLAYS.values(), ids=REPLAYS.keys())
def test_cut_after_any_event_nothing_is_made_up(events, usage):
    """What was counted until then, or nothing: never 0 for a count that has not come."""
    for end in range(1, len(events)):
        found, _ = read(sse(events[:end]))
        if found is not None:
            assert found.input_tokens != 0
            if found.output_tokens == 0:
                assert found.reasoning_tokens in {None, 0}


def test_the_page_shows_every_stream_with_our_counts():
    page = PAGE.read_text("utf-8")
    missing = [row for row in map(table_row, REPLAYS) if row not in page]
    assert missing == []


def table_row(name):
    """A row's beginning in docs/usage.md: the stream, and our counts of it."""
    usage = REPLAYS[name][1]
    if usage is None:
        return f"| {name} | unknown, so estimated |"
    parts = [
        f"{usage.input_tokens} in",
        f"{usage.cache_read_tokens} read" if usage.cache_read_tokens else "",
        f"{usage.cache_write_tokens} written" if usage.cache_write_tokens else "",
        f"{usage.output_tokens} out",
        f"{usage.reasoning_tokens} reasoning" if usage.reasoning_tokens else "",
        f"${usage.cost_usd} reported" if usage.cost_usd else "",
    ]
    return f"| {name} | {', '.join(filter(None, parts))} |"


if __name__ == "__main__":
    print("\n".join(map(table_row, REPLAYS)))
