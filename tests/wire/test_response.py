"""What may stand in a response body, case by case: its bytes, the text read, whether it is proven whole.

The cases are those on which other clients lose text, crash, or call a broken answer complete.
"""

import json
import time

import pytest

from hs_notebook.errors import ProtocolError, ProviderError
from hs_notebook.wire.chunk import FinishReason, StreamEnd
from hs_notebook.wire.response import ResponseDecoder

SSE, JSONL, JSON, TEXT = "text/event-stream", "application/x-ndjson", "application/json", "text/plain"
BOM = b"\xef\xbb\xbf"


def piece(content, finish="null"):
    return b'{"model":"m","choices":[{"index":0,"delta":{"content":"%b"},"finish_reason":%b}]}' % (
        content,
        finish.encode(),
    )


A, B, STOP = piece(b"A"), piece(b"B"), piece(b"", '"stop"')
DONE = b"data: [DONE]\n\n"
END = b"data: " + STOP + b"\n\n"


def events(*datas, end=b"\n\n"):
    return b"".join(b"data: " + data + end for data in datas)


CLAUDE = b'{"type":"content_block_delta","delta":{"type":"text_delta","text":"A"}}'
CLAUDE_STOP = b'{"type":"message_stop"}'
OVERLOADED = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
GEMINI = b'{"candidates":[{"content":{"parts":[{"text":"A"}]}}]}'
GEMINI_STOP = b'{"candidates":[{"finishReason":"MAX_TOKENS"}]}'


def received(content_type, body, framed=True):  # noqa: FBT002 - how most bodies end
    decoder = ResponseDecoder(content_type)
    chunks = decoder.feed(body) + decoder.end(framed=framed)
    return decoder, chunks


def text_of(chunks):
    return "".join(chunk.content for chunk in chunks)


WHOLE = {
    "LF": (SSE, b"data: " + A + b"\n\n" + END, "A"),
    "CRLF": (SSE, b"data: " + A + b"\r\n\r\ndata: " + STOP + b"\r\n\r\n", "A"),
    "CR": (SSE, b"data: " + A + b"\r\rdata: " + STOP + b"\r\r", "A"),
    "mixed ends": (SSE, b"data: " + A + b"\n\r\ndata: " + STOP + b"\r\n\n", "A"),
    "BOM": (SSE, BOM + b"data: " + A + b"\n\n" + END, "A"),
    "no space after data:": (SSE, b"data:" + A + b"\n\ndata:" + STOP + b"\n\n", "A"),
    "two spaces after data:": (SSE, b"data:  " + A + b"\n\ndata:  " + STOP + b"\n\n", "A"),
    "an event over several data lines": (SSE, b"data: " + A.replace(b",", b",\ndata: ") + b"\n\n" + END, "A"),
    "comments": (
        SSE,
        b": OPENROUTER PROCESSING\n\ndata: " + A + b"\n\n: keep-alive\n\n:\n" + END,
        "A",
    ),
    "a comment after an id": (SSE, b"id: 1\ndata: " + A + b"\n\n: hb\n\nid: 2\n" + END, "A"),
    "retry: alone": (SSE, b"retry: 1000\n\ndata: " + A + b"\n\n" + END, "A"),
    "a named ping": (SSE, b"event: ping\ndata: {}\n\ndata: " + A + b"\n\n" + END, "A"),
    "a ping in JSON": (SSE, b'data: {"type":"ping"}\n\ndata: ' + A + b"\n\n" + END, "A"),
    "a named event without data": (SSE, b"event: ping\n\ndata: " + A + b"\n\n" + END, "A"),
    "empty data": (SSE, b"data:\n\ndata: \n\ndata: " + A + b"\n\n" + END, "A"),
    "null and numbers are no events": (SSE, b"data: null\n\ndata: 0\n\ndata: " + A + b"\n\n" + END, "A"),
    "[DONE] after the finish reason": (SSE, b"data: " + A + b"\n\n" + END + DONE, "A"),
    "[DONE] with no finish reason": (SSE, b"data: " + A + b"\n\n" + DONE, "A"),
    "[DONE] without a space": (SSE, b"data: " + A + b"\n\ndata:[DONE]\n\n", "A"),
    "[DONE] with a space after it": (SSE, b"data: " + A + b"\n\ndata: [DONE] \n\n", "A"),
    "[DONE] as a JSON line": (JSONL, A + b"\n[DONE]\n", "A"),
    "[DONE] among JSON values": (None, A + b"\n[DONE]\n", "A"),
    "what follows [DONE] is ignored": (SSE, b"data: " + A + b"\n\n" + DONE + b"data: " + B + b"\n\n", "A"),
    "line separators inside JSON": (
        SSE,
        b"data: " + piece("a\u2028b\u2029c\u0085d".encode()) + b"\n\n" + END,
        "a\u2028b\u2029c\u0085d",
    ),
    "control characters inside JSON": (
        SSE,
        b"data: " + piece(b"a\x0bb\x0cc\x1cd\x1e") + b"\n\n" + END,
        "a\x0bb\x0cc\x1cd\x1e",
    ),
    "broken UTF-8": (SSE, b"data: " + piece(b"H\xffl") + b"\n\n" + END, "H\ufffdl"),
    "an escaped pair": (SSE, b"data: " + piece(b"\\ud83d\\ude00") + b"\n\n" + END, "😀"),
    "a pair cut in two": (
        SSE,
        b"data: " + piece(b"a\\ud83d") + b"\n\ndata: " + piece(b"\\ude00b") + b"\n\n" + END,
        "a😀b",
    ),
    "a pair cut in two with nothing between": (
        SSE,
        b"data: "
        + piece(b"\\ud83d")
        + b"\n\ndata: "
        + piece(b"")
        + b"\n\ndata: "
        + piece(b"\\ude00")
        + b"\n\n"
        + END,
        "😀",
    ),
    "half a pair": (SSE, b"data: " + piece(b"a\\ud83d") + b"\n\ndata: " + B + b"\n\n" + END, "a\ufffdB"),
    "the wrong half first": (SSE, b"data: " + piece(b"\\ude00b") + b"\n\n" + END, "\ufffdb"),
    "half a pair at the end": (SSE, b"data: " + piece(b"a\\ud83d") + b"\n\n" + END, "a\ufffd"),
    "a wrong charset": (
        SSE + "; charset=windows-1252",
        b"data: " + piece("café".encode()) + b"\n\n" + END,
        "café",
    ),
    "a Content-Type in capitals": ("Text/Event-Stream; charset=utf-8", b"data: " + A + b"\n\n" + END, "A"),
    "a Content-Type with a semicolon": (SSE + ";", b"data: " + A + b"\n\n" + END, "A"),
    "no Content-Type": (None, b"data: " + A + b"\n\n" + END, "A"),
    "a wrong Content-Type": ("application/octet-stream", b"data: " + A + b"\n\n" + END, "A"),
    "SSE under text/html": ("text/html", b"data: " + A + b"\n\n" + END, "A"),
    "SSE under application/json": (JSON, b"data: " + A + b"\n\n" + END, "A"),
    "JSON lines": (JSONL, A + b"\n" + STOP + b"\n", "A"),
    "JSON lines, the last without its newline": (JSONL, A + b"\n" + STOP, "A"),
    "JSON lines after empty lines": (JSONL, b"\n\n" + A + b"\n\n" + STOP + b"\n", "A"),
    "JSON lines that call themselves an event stream": (SSE, A + b"\n" + STOP + b"\n", "A"),
    "a JSON array that calls itself one": (SSE, b"\n[" + A + b"\n,\n" + STOP + b"]", "A"),
    "an event stream that calls itself JSON lines": (
        JSONL,
        b": hb\nid: 1\ndata: " + A + b"\n\n" + END + DONE,
        "A",
    ),
    "JSON lines with an SSE prefix": (JSONL, b"data: " + A + b"\n\n" + END + DONE, "A"),
    "JSON lines that nobody announced": (None, b" \n" + A + b"\n" + STOP + b"\n", "A"),
    "RFC 7464": ("application/json-seq", b"\x1e" + A + b"\n\x1e" + STOP + b"\n", "A"),
    "RFC 7464 that nobody announced": (None, b"\x1e" + A + b"\n\x1e" + STOP + b"\n", "A"),
    "a JSON array": (JSON, b"[" + A + b"\n,\r\n" + STOP + b"]", "A"),
    "Azure's first chunk": (
        SSE,
        b'data: {"choices":[],"prompt_filter_results":[]}\n\ndata: ' + A + b"\n\n" + END,
        "A",
    ),
    "a chunk with choices: null": (SSE, b'data: {"choices":null}\n\ndata: ' + A + b"\n\n" + END, "A"),
    "a whole completion": (
        JSON,
        b'{"object":"chat.completion","choices":[{"index":0,"message":{"content":"A"},"finish_reason":"stop"}]}',
        "A",
    ),
    "a whole completion after empty lines": (
        JSON,
        b'\n\n\n{\n "choices": [{"message": {"content": "A"}, "finish_reason": "stop"}]\n}\n',
        "A",
    ),
    "Anthropic": (
        SSE,
        b'event: ping\ndata: {"type":"ping"}\n\nevent: content_block_delta\n'
        + events(CLAUDE, b'{"type":"future_thing"}')
        + b"event: message_stop\n"
        + events(CLAUDE_STOP),
        "A",
    ),
    "Anthropic, named by the JSON alone": (SSE, events(CLAUDE, CLAUDE_STOP), "A"),
    "Anthropic, named by the event alone": (
        SSE,
        b'event: content_block_delta\ndata: {"delta":{"text":"A"}}\n\nevent: message_stop\ndata: {}\n\n',
        "A",
    ),
    "a whole Anthropic message": (
        JSON,
        b'{"type":"message","content":[{"type":"text","text":"A"}],"stop_reason":"end_turn"}',
        "A",
    ),
    "Google": (
        SSE,
        b'data: {"candidates":[{"content":{"parts":[{"text":"A"}]},"finishReason":"STOP"}]}\r\n\r\n',
        "A",
    ),
    "Google, the finish reason without parts": (SSE, events(GEMINI, GEMINI_STOP, end=b"\r\n\r\n"), "A"),
    "Google, a blocked prompt": (SSE, b'data: {"promptFeedback":{"blockReason":"SAFETY"}}\r\n\r\n', ""),
    "Google in an array": (JSON, b"[" + GEMINI + b"\n,\r\n" + GEMINI_STOP + b"\n]", "A"),
    "Ollama": (
        JSONL,
        b'{"message":{"content":"A"},"done":false}\n{"message":{"content":""},"done":true}\n',
        "A",
    ),
    "Ollama, what follows done": (
        JSONL,
        b'{"message":{"content":"A"},"done":true}\n{"message":{"content":"B"},"done":false}\n',
        "A",
    ),
    "Ollama's /api/generate": (JSONL, b'{"response":"A","done":false}\n{"response":"","done":true}\n', "A"),
    "plain text": (TEXT, b"data: {\r\n  A\n", "data: {\r\n  A\n"),
    "plain text in UTF-8 whatever it says": (TEXT + "; charset=latin-1", "é\n".encode(), "é\n"),
    "plain text that nobody announced": (None, b"Once upon", "Once upon"),
    "plain text ending in half a character": (TEXT, b"A\xd7", "A\ufffd"),
}


@pytest.mark.parametrize(("content_type", "body", "text"), WHOLE.values(), ids=WHOLE.keys())
def test_a_whole_answer(content_type, body, text):
    decoder, chunks = received(content_type, body)

    assert (text_of(chunks), decoder.complete, decoder.failure) == (text, True, None)

    decoder = ResponseDecoder(content_type)
    single = [chunk for at in range(len(body)) for chunk in decoder.feed(body[at : at + 1])]
    single += decoder.end(framed=True)
    assert (text_of(single), decoder.complete) == (text, True)


CUT = {
    "the end before the blank line": (SSE, b"data: " + A + b"\n\ndata: " + STOP + b"\n", "A"),
    "the end inside a line": (SSE, b"data: " + A + b'\n\ndata: {"id":"c', "A"),
    "the end inside a character": (
        SSE,
        b"data: " + A + b'\n\ndata: {"choices":[{"delta":{"content":"\xd7',
        "A",
    ),
    "the end inside [DONE]": (SSE, b"data: " + A + b"\n\ndata: [DONE]", "A"),
    "the end inside a field's name": (SSE, b"data: " + A + b"\n\nda", "A"),
    "half a pair before the end": (SSE, b"data: " + piece(b"a\\ud83d") + b"\n\n", "a"),
    "a JSON line cut": (JSONL, A + b'\n{"choices":[{"finish', "A"),
    "a JSON line cut to a number": (JSONL, A + b"\n12", "A"),
    "a JSON line cut to a list": (JSONL, A + b"\n[]", "A"),
    "an array cut": (JSON, b"[" + A + b',{"choices"', "A"),
    "a body cut": (JSON, b'{"choices":[{"message":{"content":"A"}', ""),
    "no finish reason": (SSE, b"data: " + A + b"\n\n", "A"),
    "an empty finish reason": (SSE, b"data: " + piece(b"A", '""') + b"\n\n", "A"),
    "only the second choice ended": (
        SSE,
        b"data: " + A + b'\n\ndata: {"choices":[{"index":1,"delta":{},"finish_reason":"stop"}]}\n\n',
        "A",
    ),
    "an unspecified finish reason": (
        SSE,
        events(GEMINI, b'{"candidates":[{"finishReason":"FINISH_REASON_UNSPECIFIED"}]}'),
        "A",
    ),
    "[DONE] proves nothing of Anthropic": (SSE, events(CLAUDE) + DONE, "A"),
    "[DONE] proves nothing of Google": (SSE, events(GEMINI) + DONE, "A"),
    "[DONE] alone": (SSE, DONE, ""),
    "heartbeats alone": (SSE, b": hb\n" * 5, ""),
    "nothing": (SSE, b"", ""),
    "nothing at all": (None, b"", ""),
    "no plain text": (TEXT, b"", ""),
    "white space": (None, b"\n\n \n", ""),
    "the first letters of something": (None, b"dat", ""),
}


@pytest.mark.parametrize(("content_type", "body", "text"), CUT.values(), ids=CUT.keys())
def test_a_cut_answer_is_not_complete_and_not_a_failure_of_the_server(content_type, body, text):
    decoder, chunks = received(content_type, body)

    assert (text_of(chunks), decoder.complete, decoder.failure) == (text, False, None)
    assert [chunk.finish_reason for chunk in chunks if chunk.finish_reason] == []


PAGE = b"<!DOCTYPE html><html><head><title>502 Bad\nGateway</title></head><body><h1>nginx</h1></body></html>"
FAILED = {
    "a JSON error": (JSON, b'{"error":{"message":"no credit","code":"402"}}', "", "(402): no credit"),
    "a JSON error, pretty-printed": (JSON, b'{\n  "error": {\n "message": "no"\n}\n}\n', "", ": no"),
    "a JSON error in an array": (
        JSON,
        b'[{"error":{"code":400,"message":"no","status":"X"}}]',
        "",
        "(400): no",
    ),
    "a JSON error with no Content-Type": (None, b'{"error":"boom"}', "", ": boom"),
    "a JSON error under text/event-stream": (SSE, b'{"error":{"message":"no"}}', "", ": no"),
    "a JSON error in lines, under text/event-stream": (
        SSE,
        b"data: " + A + b'\n\n{\n  "error": {\n    "code": 429,\n    "message": "slow down"\n  }\n}\n',
        "A",
        "(429): slow down",
    ),
    "an error of FastAPI": (JSON, b'{"detail":"Not Found"}', "", ": Not Found"),
    "an error of vLLM": (JSON, b'{"object":"error","message":"no","type":"NotFound"}', "", "(NotFound): no"),
    "an error in mid-stream": (
        SSE,
        b"data: " + A + b'\n\ndata: {"error":{"message":"no"}}\n\n' + END,
        "A",
        ": no",
    ),
    "an error with its text": (
        SSE,
        b"data: "
        + A
        + b'\n\ndata: {"error":{"code":502,"message":"no"},"choices":[{"index":0,"delta":{"content":"B"},'
        b'"finish_reason":"error"}]}\n\n',
        "AB",
        "(502): no",
    ),
    "an error after the finish reason": (
        SSE,
        END + b'data: {"error":{"message":"no"}}\n\n' + DONE,
        "",
        ": no",
    ),
    "an error in JSON lines": (JSONL, A + b'\n{"error":"boom"}\n', "A", ": boom"),
    "an error by its event's name": (
        SSE,
        b"data: " + A + b'\n\nevent: error\ndata: {"message":"no"}\n\n',
        "A",
        ": no",
    ),
    "an error in words": (
        SSE,
        b"data: " + A + b"\n\nevent: error\ndata: upstream timed out\n\n",
        "A",
        "timed out",
    ),
    "the first event is an error in words": (
        SSE,
        b"event: error\ndata: upstream timed out\n\n",
        "",
        "timed out",
    ),
    "Anthropic is overloaded": (
        SSE,
        events(CLAUDE) + b"event: error\n" + events(OVERLOADED),
        "A",
        "(overloaded_error): Overloaded",
    ),
    "Anthropic at once": (SSE, events(OVERLOADED), "", "(overloaded_error): Overloaded"),
    "Google": (SSE, events(GEMINI, b'{"error":{"code":503,"message":"no"}}'), "A", "(503): no"),
    "Ollama": (
        JSONL,
        b'{"message":{"content":"A"},"done":false}\n{"error":"out of memory"}\n',
        "A",
        "out of memory",
    ),
}


@pytest.mark.parametrize(("content_type", "body", "text", "said"), FAILED.values(), ids=FAILED.keys())
def test_an_error_of_the_provider(content_type, body, text, said):
    decoder, chunks = received(content_type, body)

    assert isinstance(decoder.failure, ProviderError)
    assert said in decoder.failure.lines[0]
    assert (text_of(chunks), decoder.complete) == (text, False)
    assert len(decoder.failure.lines) == 3


UNREADABLE = {
    "a page": ("text/html", PAGE, "", "502 Bad Gateway"),
    "a page with no Content-Type": (None, PAGE, "", "502 Bad Gateway"),
    "a page called JSON": (JSON, PAGE, "", "502 Bad Gateway"),
    "a page called a stream": (SSE, PAGE, "", "502 Bad Gateway"),
    "a page in mid-stream": (SSE, b"data: " + A + b"\n\n" + PAGE + b"\n", "A", "502 Bad Gateway"),
    "text called HTML": ("text/html", b"Bad gateway", "", "Bad gateway"),
    "a long page": ("text/html", PAGE + b" " * 8192, "", "502 Bad Gateway"),
    "text called JSON": (JSON, b"upstream connect error", "", "upstream connect error"),
    "text in an event": (
        SSE,
        b"data: " + A + b"\n\ndata: upstream connect error\n\n" + END,
        "A",
        "upstream connect",
    ),
    "a broken event": (SSE, b"data: " + A + b'\n\ndata: {"choices":[}\n\n' + END, "A", '{"choices":[}'),
    "a list in an event": (SSE, b"data: " + A + b"\n\ndata: [1]\n\n" + END, "A", "[1]"),
    "a broken JSON line": (JSONL, A + b"\n{]\n" + STOP + b"\n", "A", "{]"),
    "brackets without end": (JSONL, b"[" * 100_000 + b"\n", "", "[[["),
    "a number without end": (SSE, b"data: " + b"9" * 5000 + b"x\n\n", "", "999"),
    "JSON of something else": (JSON, b'{"hello":"world"}', "", '{"hello":"world"}'),
    "a stream of something else": (SSE, b'data: {"hello":"world"}\n\n', "", '{"hello":"world"}'),
}


@pytest.mark.parametrize(("content_type", "body", "text", "said"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_bytes_that_are_no_answer(content_type, body, text, said):
    decoder, chunks = received(content_type, body)

    assert isinstance(decoder.failure, ProtocolError)
    assert said in decoder.failure.lines[0]
    assert (text_of(chunks), decoder.complete) == (text, False)
    assert 2 <= len(decoder.failure.lines) <= 3


@pytest.mark.parametrize("content_type", [SSE, JSONL, JSON])
def test_an_event_over_the_limit_is_an_error_and_no_hang(content_type):
    decoder = ResponseDecoder(content_type, max_event_bytes=10_000)
    start = b'{"choices":["' if content_type == JSON else b"data: " + A + b"\n\n" + b'data: {"choices":["'
    chunks = decoder.feed(start)
    fed = 0
    while decoder.failure is None:
        chunks += decoder.feed(b"x" * 1000)
        fed += 1000
        assert fed <= 11_000

    assert isinstance(decoder.failure, ProtocolError)
    assert "more than" in decoder.failure.lines[0]
    assert decoder.feed(b'"]}\n\n' + END) == []
    assert not decoder.complete


def test_the_limit_is_16_mib():
    decoder = ResponseDecoder(SSE)
    decoder.feed(b"data: ")
    for _ in range(15):
        decoder.feed(b"x" * 2**20)
    assert decoder.failure is None

    decoder.feed(b"x" * 2**20)
    assert decoder.failure.what == "The server sent one event of more than 16 MiB."


def test_event_ids_and_positions():
    body = b"data: " + A + b"\n\nid: 7\ndata: " + A + b"\n\ndata: " + A + b"\n\nid: 8\n" + END
    _, chunks = received(SSE, body)

    assert [(chunk.event_id, chunk.index) for chunk in chunks] == [(None, 0), ("7", 1), ("7", 2), ("8", 3)]


def test_event_ids_within_json_lines():
    """As our gateway writes them; what is no text is no id, and an event stream has another place."""
    named = b"".join(
        b'{"event_id":%b,%b\n' % (name, A[1:]) for name in (b'"7"', b'"8"', b"9", b'""', b"null")
    )
    _, chunks = received(JSONL, named)
    assert [(chunk.content, chunk.event_id) for chunk in chunks] == [
        ("A", "7"), ("A", "8"), ("A", None), ("A", None), ("A", None)
    ]  # fmt: skip

    _, (chunk,) = received(SSE, b'id: 1\ndata: {"event_id":"2",' + A[1:] + b"\n\n")
    assert chunk.event_id == "1"


def test_the_closing_record():
    digest = "0" * 64
    end = b'data: {"choices":[],"usage":{"prompt_tokens":1},"stream_end":{"events":3,"sha256":"%b"}}\n\n'
    _, chunks = received(SSE, b"data: " + A + b"\n\n" + END + end % digest.encode() + DONE)

    assert [chunk.end for chunk in chunks] == [None, None, StreamEnd(3, digest)]


def test_plain_text_says_what_it_lacks():
    _, chunks = received(TEXT, b"A")

    assert chunks[0].note == "The server sent plain text: it has no token counts and no finish reason."


def test_plain_text_in_a_body_that_was_merely_closed_is_not_complete():
    decoder, chunks = received(TEXT, b"A\xd7", framed=False)

    assert (text_of(chunks), decoder.complete, decoder.failure) == ("A", False, None)


def test_the_text_shape_reads_plain_text_whatever_the_content_type_says():
    decoder = ResponseDecoder(JSON, "text")
    chunks = decoder.feed(b'{"a": 1}') + decoder.end(framed=True)

    assert text_of(chunks) == '{"a": 1}'
    assert decoder.complete


def test_a_blocked_prompt_is_a_content_filter_and_no_empty_success():
    _, (chunk,) = received(SSE, b'data: {"promptFeedback":{"blockReason":"OTHER"}}\n\n')

    assert (chunk.finish_reason, chunk.raw_finish_reason) == (FinishReason.CONTENT_FILTER, "OTHER")


def test_a_hundred_equal_chunks_are_a_hundred_chunks():
    _, chunks = received(SSE, (b"id: 1\ndata: " + A + b"\n\n") * 100 + END)

    assert text_of(chunks) == "A" * 100


def test_tool_calls_are_joined_over_half_characters():
    call = b'{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"%b"}}]}}]}'
    body = b"".join(b"data: " + call % half + b"\n\n" for half in (b"\\ud83d", b"\\ude00"))
    _, chunks = received(SSE, body + END)

    assert "".join(part.arguments for chunk in chunks for part in chunk.tool_calls) == "😀"


def test_a_megabyte_in_single_bytes_is_fast_enough():
    body = (b"data: " + A + b"\n\n") * 1500 + END
    decoder = ResponseDecoder(SSE)
    began = time.process_time()
    for at in range(len(body)):
        decoder.feed(body[at : at + 1])

    assert decoder.complete
    assert (time.process_time() - began) / len(body) < 15e-6


ODD = {
    "an error without words": rb'{"error":{"why":"\ud800"}}',
    "an error in a list": rb'{"error":{"message":["\ud800"]}}',
    "an error's code": rb'{"error":{"message":"m","code":"\ud800"}}',
    "a tool's arguments": rb'{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":["\ud800"]}}]}}]}',
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
def test_half_a_character_anywhere_loses_no_text_before_it(data):
    decoder, chunks = received(SSE, b"data: " + A + b"\n\ndata: " + data + b"\n\n")

    assert text_of(chunks) == "A"
    said = decoder.failure or chunks[-1].tool_calls[0].arguments
    str(said).encode()
    str(getattr(decoder.failure, "code", "")).encode()


def test_half_a_character_in_arguments_leaves_them_json():
    call = rb'{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"x":"\ud83d"}}}]}}]}'
    _, chunks = received(SSE, b"data: " + call + b"\n\n")

    assert chunks[0].tool_calls[0].arguments == '{"x":"\ufffd"}'


def test_an_error_worded_in_lines_is_told_in_lines_and_whole():
    lines = ["far broke.", "w" * 300, "r" * 300]
    error = {"message": " ".join(lines), "code": "busy", "lines": lines}
    decoder, _ = received(SSE, b"data: %s\n\n" % json.dumps({"error": error}).encode())

    assert decoder.failure.lines == ["The server says: far broke.", *lines[1:]]
    assert decoder.failure.code == "busy"


@pytest.mark.parametrize("lines", [None, [], "a", [1], [""], ["a"] * 4, {"a": 1}])
def test_lines_that_are_none_are_not_heeded(lines):
    error = {"message": "no", "lines": lines}
    decoder, _ = received(SSE, b"data: %s\n\n" % json.dumps({"error": error}).encode())

    assert decoder.failure.what == "The server reported an error: no"
