"""A model that the embedded gateway only relays is paid for: budgets hold, and its rows are whole."""

from decimal import Decimal

import pytest
from misbehaving import event, until

from hs_notebook import HolySheep
from hs_notebook.errors import BudgetError


async def far(peer):
    await peer.head()
    await peer.piece(event("text", finish="stop", model="gpt-4.1"))
    await peer.piece(event(usage=(1500, 850), model="gpt-4.1"))
    await peer.finish()


def test_it_is_refused_and_costed_like_any_other(serve, rows, holysheep_home, monkeypatch):
    server = serve(far)
    monkeypatch.setenv("FAR_KEY", "fk-0123456789abcdef")
    (holysheep_home / "gateway.toml").write_text(
        f'[openai]\nbase_url = "{server.url}"\nkey_env = "FAR_KEY"\nmodels = ["gpt-4.1"]\n'
    )
    (holysheep_home / "prices.toml").write_text(
        'name = "mine"\nas_of = "today"\nchecked_on = 2026-11-22\nsource = "me"\n'
        'providers = ["embedded"]\n[[price]]\nmodel = "gpt-4.1"\ninput = 2\noutput = 8\n'
    )
    with HolySheep(base_url="embedded") as asker:
        with pytest.raises(BudgetError, match="This call may cost"):
            asker.ask("hello", model="gpt-4.1", budget="0.0001")
        assert not [one for one in server.requests if one.method == "POST"]
        answer = asker.ask("hello", model="gpt-4.1", max_tokens=850, budget=1)
        assert asker.ask("hello", model="demo", max_tokens=1, budget="0.0001").cost_usd == 0
    assert answer.cost_usd == Decimal("0.0098")
    assert until(lambda: "list_cost_usd" in rows()[1])  # what it needs may still be loading
    assert rows()[1]["list_cost_usd"] == 0.0098
