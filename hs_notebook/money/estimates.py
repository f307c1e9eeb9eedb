"""How far off our estimates of tokens were, by model: on answers that the provider counted to the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hs_notebook.money.frames import frame

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["errors"]

_COLUMNS = {
    "model": "string",
    "calls": "Int64",
    "input_bias": "Float64",
    "input_error": "Float64",
    "output_bias": "Float64",
    "output_error": "Float64",
    "in_words": "string",
}


def errors(usage: pd.DataFrame) -> pd.DataFrame:
    """One row a model: of how many calls, and the estimates' error as a share of what was counted.

    `…_bias` is the mean error with its sign (0.05: 5 % too high), `…_error` the mean without. Where an answer
    has hidden reasoning, no estimate of its output can be right: the bias shows it.
    """
    final = usage[(usage["usage_source"] == "final") & usage["estimated_output_tokens"].notna()]
    rows = [_row(str(model), calls) for model, calls in final.groupby("model", sort=True)]
    return frame(_COLUMNS, rows, [])


def _row(model: str, calls: pd.DataFrame) -> dict[str, Any]:
    sent = _relative(calls["estimated_input_tokens"], calls["input_tokens"])
    made = _relative(calls["estimated_output_tokens"], calls["output_tokens"])
    row = {
        "model": model,
        "calls": len(calls),
        "input_bias": _mean(sent),
        "input_error": _mean(sent.abs()),
        "output_bias": _mean(made),
        "output_error": _mean(made.abs()),
    }
    told = [
        f"{side} ±{row[f'{side}_error']:.0%}"
        for side in ("input", "output")
        if row[f"{side}_error"] is not None
    ]
    return row | {"in_words": f"{model}: {', '.join(told) or 'nothing to compare'} over {len(calls)} calls"}


def _relative(estimated: pd.Series[Any], counted: pd.Series[Any]) -> pd.Series[Any]:
    some = counted.fillna(0) > 0
    result: pd.Series[Any] = ((estimated[some] - counted[some]) / counted[some]).dropna().astype(float)
    return result


def _mean(values: pd.Series[Any]) -> float | None:
    return float(values.mean()) if len(values) else None
