"""OpenTelemetry spans of the usage table, as OTLP JSON lines."""

import json

import hs_notebook as hs
from hs_notebook.store.ledger import default


def spans(path):
    for line in hs.export_usage(path, scope="all", otel=True).read_text("utf-8").splitlines():
        (resource,) = json.loads(line)["resourceSpans"]
        (scope,) = resource["scopeSpans"]
        yield from scope["spans"]


def attributes(span):
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}


def test_a_complete_call(tmp_path, make):
    make.put(default(), *make.finished(usage=make.usage, cost=make.cost))
    (span,) = spans(tmp_path / "spans.jsonl")
    assert span["name"] == "chat gpt-4.1"
    assert span["kind"] == 3
    assert span["status"] == {}
    assert span["startTimeUnixNano"] == "1795350615123457000"
    assert span["endTimeUnixNano"] == "1795350617623457000"
    assert (len(span["traceId"]), len(span["spanId"])) == (32, 16)
    found = attributes(span)
    assert found.pop("gen_ai.response.finish_reasons") == {"values": [{"stringValue": "stop"}]}
    assert {name: value for name, value in found.items() if not name.startswith("hs_notebook.")} == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.stream": True,
        "gen_ai.provider.name": "holysheep",
        "gen_ai.request.model": "gpt-4.1",
        "gen_ai.response.model": "gpt-4.1-2025-04-14",
        "gen_ai.response.id": "req-1",
        "gen_ai.response.time_to_first_chunk": 0.5,
        "gen_ai.usage.input_tokens": "1500",
        "gen_ai.usage.output_tokens": "850",
        "gen_ai.usage.cache_read.input_tokens": "100",
        "gen_ai.usage.cache_creation.input_tokens": "0",
        "gen_ai.usage.reasoning.output_tokens": "64",
    }
    assert found["hs_notebook.cost_usd"] == 0.01225


def test_what_is_unknown_has_no_attribute_and_attempts_of_an_answer_share_a_trace(tmp_path, make):
    answer, attempt = make.cut("answer-1")
    make.put(default(), answer, attempt)
    default().begin(answer, answer.begin(make.started, 1.0, resumed_by="replay"), make.here)
    first, second = spans(tmp_path / "spans.jsonl")
    assert first["traceId"] == second["traceId"]
    assert first["spanId"] != second["spanId"]
    assert first["status"] == {"code": 2, "message": "CutError: The stream broke off."}
    assert attributes(first)["error.type"] == "CutError"
    assert not [name for name in attributes(first) if name.startswith("gen_ai.usage")]
    assert second["startTimeUnixNano"] == second["endTimeUnixNano"]
