"""A good answer of each shape, in each framing: in any chunking, and cut at every byte.

The claim: no truncated answer passes for a whole one, no finish reason is made up, and the text is always a
true prefix of the answer.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.wire.response import ResponseDecoder

pytestmark = pytest.mark.long

TEXT = 'Grüße, "Welt"}]\u2028\n\u0085\x0b😀 and אב.'
PLAIN = "The server sent plain text: it has no token counts and no finish reason."
HALF = len(TEXT) // 2
PARTS = [TEXT[:3], TEXT[3:HALF], TEXT[HALF:]]


def openai_event(content=None, finish=None, usage=None):
    delta = {} if content is None else {"content": content}
    choices = [] if usage else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    return {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": choices, "usage": usage}


OPENAI = [
    *(openai_event(part) for part in PARTS),
    openai_event(finish="stop"),
    openai_event(usage={"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}),
]
OPENAI_NO_FINISH = [openai_event(part) for part in PARTS]
DEEPSEEK = [
    openai_event(PARTS[0]),
    openai_event(PARTS[1]),
    {**openai_event(PARTS[2], "stop"), "usage": {"prompt_tokens": 9, "completion_tokens": 4}},
]
ANTHROPIC = [
    {"type": "message_start", "message": {"model": "c", "usage": {"input_tokens": 9, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    *(
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": part}}
        for part in PARTS
    ),
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}},
    {"type": "message_stop"},
]
GOOGLE = [
    *({"candidates": [{"index": 0, "content": {"parts": [{"text": part}]}}]} for part in PARTS[:2]),
    {
        "candidates": [{"index": 0, "content": {"parts": [{"text": PARTS[2]}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13},
    },
]
OLLAMA = [
    *({"model": "o", "message": {"role": "assistant", "content": part}, "done": False} for part in PARTS),
    {"model": "o", "message": {"content": ""}, "done": True, "done_reason": "stop", "eval_count": 4},
]
WHOLE = [
    {
        "object": "chat.completion",
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 4},
    }
]


def encoded(event, **options):
    return json.dumps(event, ensure_ascii=False, **options).encode()


def sse(events, end=b"\n", *, done=False, named=False):
    lines = [b": hb"]
    for number, event in enumerate(events):
        if named:
            lines.append(b"event: " + event["type"].encode())
        lines += [b"id: %d" % number, b"data: " + encoded(event), b"", b": hb"]
    if done:
        lines += [b"data: [DONE]", b""]
    return end.join([*lines, b""])


def jsonl(events, *, done=False):
    return b"".join(encoded(event) + b"\n" for event in events) + (b"[DONE]\n" if done else b"")


def array(events):
    return b"[" + b"\n,\r\n".join(encoded(event, indent=2) for event in events) + b"\n]\n"


SSE, JSONL, JSON = "text/event-stream", "application/x-ndjson", "application/json"
BODIES = {
    "openai sse": (SSE, sse(OPENAI, done=True), "stop"),
    "openai sse crlf": (SSE, sse(OPENAI, b"\r\n", done=True), "stop"),
    "openai sse cr": (SSE, sse(OPENAI, b"\r", done=True), "stop"),
    "openai sse without done": (SSE, sse(OPENAI), "stop"),
    "openai sse without finish": (SSE, sse(OPENAI_NO_FINISH, done=True), None),
    "openai jsonl": (JSONL, jsonl(OPENAI, done=True), "stop"),
    "openai jsonl without finish": (JSONL, jsonl(OPENAI_NO_FINISH, done=True), None),
    "openai array": (JSON, array(OPENAI), "stop"),
    "openai whole": (JSON, array(WHOLE)[1:-2], "stop"),
    "deepseek sse": (SSE, sse(DEEPSEEK, done=True), "stop"),
    "anthropic sse": (SSE, sse(ANTHROPIC, named=True), "stop"),
    "anthropic sse crlf": (SSE, sse(ANTHROPIC, b"\r\n"), "stop"),
    "anthropic jsonl": (JSONL, jsonl(ANTHROPIC), "stop"),
    "anthropic array": (JSON, array(ANTHROPIC), "stop"),
    "google sse": (SSE, sse(GOOGLE, b"\r\n"), "stop"),
    "google jsonl": (JSONL, jsonl(GOOGLE), "stop"),
    "google array": (JSON, array(GOOGLE), "stop"),
    "ollama jsonl": (JSONL, jsonl(OLLAMA), "stop"),
    "ollama sse": (SSE, sse(OLLAMA), "stop"),
    "ollama array": (JSON, array(OLLAMA), "stop"),
}
CASES = pytest.mark.parametrize(
    ("content_type", "body", "finish"),
    [
        case
        for content_type, body, finish in BODIES.values()
        for case in ((content_type, body, finish), (None, body, finish))
    ],
    ids=[name + how for name in BODIES for how in ("", ", sniffed")],
)


def received(content_type, segments, framed):
    """The decoder and its chunks; `framed` None stands for a reset, which nobody tells the decoder."""
    decoder = ResponseDecoder(content_type)
    chunks = [chunk for segment in segments for chunk in decoder.feed(segment)]
    return decoder, chunks if framed is None else chunks + decoder.end(framed=framed)


def text_of(chunks):
    return "".join(chunk.content for chunk in chunks)


def finish_of(chunks):
    reasons = [chunk.finish_reason for chunk in chunks if chunk.finish_reason is not None]
    return reasons[-1] if reasons else None


@CASES
def test_whole(content_type, body, finish):
    decoder, chunks = received(content_type, [body], framed=False)

    assert (text_of(chunks), finish_of(chunks), decoder.complete, decoder.failure) == (
        TEXT,
        finish,
        True,
        None,
    )
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))


@pytest.mark.parametrize("framed", [None, False, True], ids=["reset", "closed", "ended"])
@CASES
def test_cut_at_every_byte(content_type, body, finish, framed):
    for cut in range(len(body)):
        decoder, chunks = received(content_type, [body[:cut]], framed)
        text = text_of(chunks)

        assert TEXT.startswith(text), cut
        assert finish_of(chunks) in {None, finish}, cut
        assert decoder.failure is None, cut
        if text != TEXT:
            assert not decoder.complete, cut
            assert finish_of(chunks) is None, cut
        if decoder.complete:
            # A proof lies in the bytes: the finish reason's own, or the marker's.
            proof = body.find(b"[DONE]") if finish is None else body.find(b'stop"')
            assert cut > proof, cut


@pytest.mark.parametrize("framed", [None, False], ids=["reset", "closed"])
def test_plain_text_cut_at_every_byte_is_never_complete(framed):
    body = TEXT.encode()
    for cut in range(len(body) + 1):
        decoder, chunks = received("text/plain", [body[:cut]], framed)

        assert TEXT.startswith(text_of(chunks)), cut
        assert not decoder.complete, cut


def test_plain_text_is_complete_by_its_framed_end_alone():
    decoder, chunks = received("text/plain; charset=utf-8", [TEXT.encode()], framed=True)

    assert (text_of(chunks), finish_of(chunks), decoder.complete) == (TEXT, None, True)


@given(st.sampled_from(list(BODIES)), st.booleans(), st.data())
def test_any_chunking_gives_the_same_chunks(name, sniffed, draw):
    content_type, body, _ = BODIES[name]
    content_type = None if sniffed else content_type
    body = body[: draw.draw(st.integers(0, len(body)), "length")]
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(body)), max_size=20), "cuts"))
    segments = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    expected, chunks = received(content_type, [body], framed=True)
    decoder, same = received(content_type, segments, framed=True)

    assert same == chunks
    assert decoder.complete == expected.complete


@pytest.mark.parametrize("name", BODIES)
def test_one_byte_at_a_time(name):
    content_type, body, _ = BODIES[name]
    segments = [body[at : at + 1] for at in range(len(body))]

    assert received(content_type, segments, framed=True)[1] == received(content_type, [body], framed=True)[1]


@given(st.sampled_from(list(BODIES)), st.booleans(), st.data())
def test_damaged_bytes_raise_nothing_and_are_read_alike_in_any_chunking(name, sniffed, draw):
    content_type, body, _ = BODIES[name]
    content_type = None if sniffed else content_type
    damaged = bytearray(body)
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(0, len(body) - 1))
        damaged[at : at + draw.draw(st.integers(0, 30))] = draw.draw(st.binary(max_size=3) | st.just(b"null"))
    cut = draw.draw(st.integers(0, len(damaged)))
    one, chunks = received(content_type, [bytes(damaged)], framed=True)
    two, same = received(content_type, [bytes(damaged[:cut]), bytes(damaged[cut:])], framed=True)

    assert text_of(same) == text_of(chunks)
    assert same == chunks or chunks[0].note == PLAIN  # plain text has no events: its chunks are the network's
    assert (one.complete, type(one.failure)) == (two.complete, type(two.failure))
    assert not (one.complete and one.failure)
    text_of(chunks).encode()  # no half characters


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)
MEMBERS = (
    "choices",
    "delta",
    "message",
    "content",
    "finish_reason",
    "index",
    "usage",
    "error",
    "model",
    "tool_calls",
    "function",
    "arguments",
    "prompt_tokens",
    "prompt_tokens_details",
    "type",
    "text",
    "candidates",
    "parts",
    "usageMetadata",
    "promptFeedback",
    "done",
    "response",
    "stream_end",
    "content_block",
    "iterations",
    "input",
)
TYPES = ("message_start", "message_delta", "content_block_delta", "content_block_start", "message", "error")
HOSTILE = st.recursive(
    JSON_VALUES | st.sampled_from(TYPES),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize("name", ["openai sse", "anthropic sse", "google sse", "ollama jsonl"])
@given(st.lists(st.dictionaries(st.sampled_from(MEMBERS), HOSTILE, max_size=5), max_size=4))
def test_no_json_makes_a_reader_raise(name, objects):
    content_type, body, _ = BODIES[name]
    first = body[: body.index(b"}\r\n" if b"\r" in body else b"}\n") + 3] + b"\n"
    more = sse(objects) if content_type == SSE else jsonl(objects)
    decoder, chunks = received(content_type, [first + more], framed=True)

    text_of(chunks).encode()
    assert not (decoder.complete and decoder.failure)
