"""What a prompt may cost, by model, before anything is sent (`hs.dry_run`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hs_notebook.client.config import HolySheepConfig
from hs_notebook.client.prompt import chat_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from hs_notebook.client.prompt import Prompt

__all__ = ["dry_run"]


def dry_run(
    prompt: Prompt, models: Sequence[str], *, system: str | None = None, max_tokens: int | None = None
) -> pd.DataFrame:
    """What a prompt may cost on each model, between no answer and the longest one; nothing is sent.

    Raises:
        SettingError: It cannot be asked so, or a price book of the user's cannot be read.
    """
    from hs_notebook.client.together import refuse_one
    from hs_notebook.money.dry_run import costs

    refuse_one(models, "dry_run", "models")
    limits = {"system": system, "max_tokens": max_tokens}
    provider = HolySheepConfig.resolve().provider
    return costs([(chat_request(prompt, model=model, **limits), provider(model)) for model in models])  # type: ignore[arg-type] # of two types
