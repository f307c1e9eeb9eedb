"""The usage table as OpenTelemetry spans: one line of OTLP JSON for each attempt.

Names are those of the semantic conventions for generative AI, which are all in development: their main branch
has renamed `cache_creation` to `cache_write` and released neither. There is no name for a cost; ours begin
with `hs_notebook.`. Counts of ours are not reported as usage, as the conventions ask.

Source: https://github.com/open-telemetry/semantic-conventions-genai docs/gen-ai/gen-ai-spans.md and
https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/ (2026-11-22)
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from hs_notebook.answer import UsageSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hs_notebook.store.export.table import Columns

__all__ = ["NAMES", "write"]

NAMES = {
    "provider": "gen_ai.provider.name",
    "model": "gen_ai.request.model",
    "model_served": "gen_ai.response.model",
    "request_id": "gen_ai.response.id",
    "ttft_s": "gen_ai.response.time_to_first_chunk",
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cache_read_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.usage.cache_creation.input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
    **{
        name: f"hs_notebook.{name}"
        for name in (
            "notebook",
            "cell_id",
            "session",
            "comparison_id",
            "answer_id",
            "attempt",
            "resumed_by",
            "service_tier",
            "cache_write_1h_tokens",
            "status",
            "usage_source",
            "estimated_output_tokens",
            "cost_usd",
            "reported_cost_usd",
            "list_cost_usd",
            "price_book",
            "price_date",
        )
    },
}
"""The attribute for each column that is one."""

_CLIENT = 3  # SpanKind
_ERROR = 2  # StatusCode


def write(path: Path, columns: Columns) -> None:
    """Write a line for each attempt; what is unknown has no attribute, and without an end it ends at once."""
    with path.open("wb") as file:
        file.writelines(msgspec.json.encode(_traces(row)) + b"\n" for row in _rows(columns))


def _rows(columns: Columns) -> Iterator[dict[str, Any]]:
    return (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))


def _traces(row: dict[str, Any]) -> dict[str, Any]:
    resource = {"attributes": [_attribute("service.name", "hs_notebook")]}
    scope = {"scope": {"name": "hs_notebook"}, "spans": [_span(row)]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}


def _span(row: dict[str, Any]) -> dict[str, Any]:
    began = row["started_at"] * 1000
    lasted = round((row["duration_s"] or 0) * 1e9)
    failed = row["error"] is not None
    return {
        "traceId": _digits(row["answer_id"], 32),
        "spanId": _digits(f"{row['answer_id']} {row['attempt']}", 16),
        "name": f"chat {row['model']}",
        "kind": _CLIENT,
        "startTimeUnixNano": str(began),
        "endTimeUnixNano": str(began + lasted),
        "attributes": list(_attributes(row)),
        "status": {"code": _ERROR, "message": row["error"]} if failed else {},
    }


def _attributes(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield _attribute("gen_ai.operation.name", "chat")
    yield _attribute("gen_ai.request.stream", value=True)
    estimated = row["usage_source"] == UsageSource.ESTIMATED
    for column, name in NAMES.items():
        made_up = estimated and name.startswith("gen_ai.usage.")
        if row[column] is not None and not made_up:
            yield _attribute(name, row[column])
    if row["finish_reason"] is not None:
        reasons = {"arrayValue": {"values": [{"stringValue": row["finish_reason"]}]}}
        yield {"key": "gen_ai.response.finish_reasons", "value": reasons}
    if row["error"] is not None:
        yield _attribute("error.type", row["error"].partition(":")[0])


def _attribute(name: str, value: str | float) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"key": name, "value": {"boolValue": value}}
    if isinstance(value, int):
        return {"key": name, "value": {"intValue": str(value)}}  # 64 bits are text in protobuf's JSON
    return {"key": name, "value": {"stringValue" if isinstance(value, str) else "doubleValue": value}}


def _digits(text: str, count: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:count]
