"""The room that a run has of its budgets: a cell's purse, and what kernels share in the store."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, cast

from hs_notebook.errors import BudgetError, SettingError, StoreError
from hs_notebook.money.budget import Budget, dollars, refusal, thresholds, unpriced

if TYPE_CHECKING:
    from decimal import Decimal

    from hs_notebook.answer import Answer
    from hs_notebook.client.meter import Meter
    from hs_notebook.money.budget import Purse, Scope
    from hs_notebook.store.place import Place
    from hs_notebook.store.reservations import Kept

__all__ = ["Claims"]

_UNUSABLE = (StoreError, SettingError)
"""What a store raises that cannot be used: the budgets in it do not hold, and answers go on."""

_said: dict[tuple[Scope, str, Decimal], set[Decimal]] = {}
"""By scope, whose and limit: the shares of a budget that were said to be gone, in this kernel."""


class Claims:
    """Claims for one run; each is made anew in place of the one before. Any thread may use it.

    Args:
        answer: What is run.
        place: Where it was asked: which budgets of the store hold.
        meter: What it costs.

    Attributes:
        purse: The budget of the cell or call; None if it has none.
        shared: The budgets of the store, as they were looked up; empty before.
    """

    def __init__(self, answer: Answer, place: Place, meter: Meter) -> None:
        self.purse: Purse | None = None
        self.shared: list[Kept] = []
        self._answer = answer
        self._place = place
        self._meter = meter
        self._began_at = 0
        self._ended = False
        self._gate = threading.Lock()  # never held for long
        self._storing = threading.Lock()  # as long as the store takes

    @property
    def budgets(self) -> list[Budget]:
        """All that hold."""
        return [*map(_budget, self.shared), *([] if self.purse is None else [self.purse.budget])]

    def look(self) -> None:
        """Look up the budgets of the store; a store in trouble costs no answer."""
        from hs_notebook.store import renamed, reservations

        try:
            if reservations.default().of_others(self._place):
                renamed.default().follow(self._place.notebook)
            self.shared = reservations.default().budgets(self._place)
        except _UNUSABLE:
            self.shared = []

    def need_a_price(self) -> None:
        """Ask the budgets about a model that nobody knows the price of.

        Raises:
            BudgetError: One of them refuses it.
        """
        refuse = next((one for one in self.budgets if one.hard and one.unpriced == "refuse"), None)
        if refuse is not None:
            raise unpriced(refuse, self._answer.model)

    def of_purse(self, wanted: Decimal, least: Decimal) -> Decimal:
        """Take `wanted` of the cell's budget, or as much as there is; all of it where there is no budget.

        Raises:
            BudgetError: There is less than `least`; what it had it keeps.
        """
        past = self._meter.earlier
        with self._gate:
            if self.purse is None or self._ended:
                return wanted
            own = past + self._meter.spent
            amount, _ = self.purse.claim(self._answer.id, wanted + past, least + past, own)
            return amount - past

    def of_store(self, wanted: Decimal, least: Decimal) -> Decimal:
        """Likewise of every budget in the store; a store that cannot be used grants all."""
        from hs_notebook.store import reservations
        from hs_notebook.store.moment import now, to_micros

        def decide(known: list[tuple[Kept, Decimal]]) -> Decimal:
            amount = wanted
            for kept, others in known:
                budget = _budget(kept)
                if budget.hard:
                    amount = min(amount, budget.limit_usd - others)
                    if amount < least:
                        raise refusal(budget, others, least, self._meter.spent)
                self._tell(budget, others + amount)
            return amount

        with self._storing:
            if not self.shared or self._ended:
                return wanted
            since = self._meter.since
            self._began_at = self._began_at or (now() if since is None else to_micros(since))
            try:
                return reservations.default().claim(self._place, self._answer.id, self._began_at, decide)
            except _UNUSABLE:
                return wanted

    def settle_purse(self) -> None:
        """The run has ended: from now on nothing is claimed for it, and of its cell what it cost is gone."""
        with self._gate:
            self._ended = True
            if self.purse is None:
                return
            meter = self._meter
            taken = self.purse.settle(self._answer.id, meter.earlier + meter.spent + meter.uncounted)
        if not isinstance(self._answer.error, BudgetError):
            self._tell(self.purse.budget, taken)

    def settle_store(self) -> None:
        """The run has ended, and its rows are written: free what it did not need."""
        from hs_notebook.store import reservations

        with self._storing:  # after a claim that the store has not answered yet
            if not self._began_at:
                return
            try:
                reservations.default().settle(self._answer.id, self._meter.uncounted)
            except _UNUSABLE:
                return  # it counts in full for a day

    def _tell(self, budget: Budget, taken: Decimal) -> None:
        """Say that most of a budget is gone, and that all is: once each, and of a day's each day anew."""
        reached = set(thresholds(budget, taken))
        said = self._said_of(budget)
        if reached - said:
            share = f"{taken / budget.limit_usd:.0%}"
            self._answer.notes.append(f"{share} of {budget.name} is spent or reserved: {dollars(taken)}.")
        said |= reached

    def _said_of(self, budget: Budget) -> set[Decimal]:
        """The shares of it that were said to be gone."""
        from hs_notebook.store.moment import today

        if self.purse is not None and budget is self.purse.budget:
            return self.purse.said
        which = {"kernel": self._place.session, "notebook": self._place.notebook, "day": str(today())}
        return _said.setdefault((budget.scope, which[budget.scope], budget.limit_usd), set())


def _budget(kept: Kept) -> Budget:
    scope, limit, hard, rule = kept
    return Budget(limit, cast("Scope", scope), hard, "allow" if rule == "allow" else "refuse")
