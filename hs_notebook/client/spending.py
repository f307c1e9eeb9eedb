"""The budgets over one run: room is claimed before each request, widened while it streams, settled after.

Tokens that the provider has not counted yet are told from the text as it comes, ten times a second. Without
`max_tokens` room is claimed for a few hundred tokens at a time; where there is no more, the run is stopped.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from hs_notebook.client import pricing
from hs_notebook.client.claims import Claims
from hs_notebook.client.meter import Meter
from hs_notebook.client.resuming.rules import Action
from hs_notebook.errors import BudgetError
from hs_notebook.money.budget import FIRST, STEP, allowance, stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    from hs_notebook.answer import Answer
    from hs_notebook.client.asking import Asking
    from hs_notebook.money.budget import Purse
    from hs_notebook.store.place import Place

__all__ = ["Spending"]

PATIENCE = 6.0
"""Seconds that a request waits for the store; one that hangs hangs no answer."""
_BRIEFLY = 1.0
"""The same while an answer streams: so long it is not watched."""

INTERVAL = 0.1
"""Seconds between two looks at what a stream has cost so far."""

_WIDEN_AT = Decimal("0.6")
"""The share of what was claimed from which on more is claimed."""


class Spending:
    """Keeps one run within its budgets; lives on the engine's loop.

    Args:
        answer: What is run.
        place: Where it was asked: which budgets of the store hold.
        stop: Stops the run.

    Attributes:
        error: Why the run was stopped; None if it was not, or not for its cost.
    """

    def __init__(self, answer: Answer, place: Place, stop: Callable[[], None]) -> None:
        self.error: BudgetError | None = None
        self._answer = answer
        self._stop = stop
        self._meter = Meter(answer)
        self._claims = Claims(answer, place, self._meter)
        self._held: Decimal | None = None  # what is claimed; None: no budget holds, or nothing can be priced
        self._hangs = False  # the store, which is then left alone
        self._watching: asyncio.Task[None] | None = None

    @property
    def purse(self) -> Purse | None:
        """The budget of the cell or call; None if it has none."""
        return self._claims.purse

    @purse.setter
    def purse(self, purse: Purse | None) -> None:
        self._claims.purse = purse

    # -- before a request -----------------------------------------------------------------------

    async def begin(self, asking: Asking) -> None:
        """Claim room for the request that is about to be sent, and watch it from then on.

        A replay sends nothing that is billed again: it keeps the claim of the run that it reads, and is
        never refused.

        Raises:
            BudgetError: There is none; nothing was sent.
        """
        replays = asking.doing is Action.REPLAY
        if replays and self._held is not None:
            return
        try:
            self._held = await self._claimed(asking)
        except BudgetError:
            if not replays:
                raise
            self._held = None
        if self._held is not None and self._watching is None:
            self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def _claimed(self, asking: Asking) -> Decimal | None:
        """The cell's own budget first, for which nothing is waited; then those of the store."""
        loop = asyncio.get_running_loop()
        if await loop.run_in_executor(None, pricing.is_free, self._answer):
            return None
        held = await loop.run_in_executor(None, self._of_purse, asking)
        if self._hangs:
            return held
        looking = loop.run_in_executor(None, self._of_store, asking, held)
        if await self._answers(looking, PATIENCE):
            return looking.result()
        self._answer.notes.append("Budgets could not be looked at: the store does not answer.")
        return held

    def _of_purse(self, asking: Asking) -> Decimal | None:
        if self._claims.purse is None:
            return None
        self._meter.begin(asking)
        if self._meter.price is None:
            self._claims.need_a_price()
            return None
        return self._claims.of_purse(*self._needed())

    def _of_store(self, asking: Asking, held: Decimal | None) -> Decimal | None:
        self._claims.look()
        if not self._claims.shared:
            return held
        if held is None:
            self._meter.begin(asking)
        if self._meter.price is None:
            self._claims.need_a_price()
            return None
        wanted, least = self._needed()
        return self._claims.of_store(wanted if held is None else held, least)

    def _needed(self) -> tuple[Decimal, Decimal]:
        """What to claim for the request at hand, and the least with which it can begin."""
        most = self._meter.most
        if self._meter.limited and most is not None:
            return most, most
        return cast("Decimal", self._meter.costs(STEP)), cast("Decimal", self._meter.costs(FIRST))

    async def _answers(self, claiming: asyncio.Future[Any], patience: float) -> bool:
        """Wait for what the store says, so long; whether it said something."""
        claiming.add_done_callback(_hear)
        done, _ = await asyncio.wait((claiming,), timeout=patience)
        self._hangs = not done
        return bool(done)

    # -- while it streams -----------------------------------------------------------------------

    async def _watch(self) -> None:
        while self.error is None:
            await asyncio.sleep(INTERVAL)
            held = self._held
            if held is None:
                continue
            cost, most = self._meter.so_far(), self._meter.most
            widens = cost >= held * _WIDEN_AT and (most is None or held < most)
            if (cost > held or widens) and not await self._more(cost, held) and cost > held:
                self.error = stopped(cost, self._claims.budgets)
                self._stop()

    async def _more(self, cost: Decimal, held: Decimal) -> bool:
        """Claim room for some more tokens; False where there is less than it has cost already."""
        most = self._meter.most
        wanted = max(held, cost) + allowance(STEP, self._meter.price)
        if most is not None and cost <= most:
            wanted = min(wanted, most)
        try:
            granted = self._claims.of_purse(wanted, cost)
            if self._claims.shared and not self._hangs:
                loop = asyncio.get_running_loop()
                claiming = loop.run_in_executor(None, self._claims.of_store, granted, cost)
                granted = claiming.result() if await self._answers(claiming, _BRIEFLY) else granted
        except BudgetError:
            return False
        self._held = granted
        return True

    # -- the end --------------------------------------------------------------------------------

    async def end(self, *, wait: bool) -> None:
        """The run is over and its rows are written: free what it did not need.

        `wait` False: do not wait for the store.
        """
        if self._watching is not None:
            self._watching.cancel()
        self._claims.settle_purse()
        if self._claims.shared or self._hangs:
            settling = asyncio.get_running_loop().run_in_executor(None, self._claims.settle_store)
            await asyncio.wait((settling,), timeout=PATIENCE if wait and not self._hangs else 0)


def _hear(claiming: asyncio.Future[Any]) -> None:
    """Take notice of how it ended: a claim that nobody waits for any more may be refused."""
    if not claiming.cancelled():
        claiming.exception()
