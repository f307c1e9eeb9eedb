"""The answers of one comparison, as the user's variable holds them, and which of them was preferred."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from hs_notebook.errors import SettingError

if TYPE_CHECKING:
    from hs_notebook.answer import Answer
    from hs_notebook.notebook.pane import Pane

__all__ = ["Comparison", "record"]


class Comparison(Sequence["Answer"]):
    """What several models answered, in the order they were named; each grows while it comes.

    `reply[0]`, `reply["gpt-4.1"]` (the first of that model), `for answer in reply`.

    Attributes:
        id: What ties the answers together in `hs.usage()` and `hs.picks()`.
    """

    def __init__(self, panes: Sequence[Pane]) -> None:
        self._panes = panes
        self.id = panes[0].asker.comparison_id

    @overload
    def __getitem__(self, which: int | str) -> Answer: ...
    @overload
    def __getitem__(self, which: slice) -> list[Answer]: ...
    def __getitem__(self, which: int | str | slice) -> Answer | list[Answer]:
        """An answer by its number or its model, or some of them."""
        answers = [pane.answer for pane in self._panes]
        if not isinstance(which, str):
            return answers[which]
        for answer in answers:
            if answer.model == which:
                return answer
        raise KeyError(which)

    def __len__(self) -> int:
        return len(self._panes)

    def pick(self, which: int | str) -> None:
        """Record which answer is preferred: by its number, from 0, or its model. A later pick counts instead.

        Raises:
            SettingError: There is no such answer.
            StoreError: It could not be written.
        """
        try:
            answer = self[which]
        except LookupError:
            models = ", ".join(pane.answer.model for pane in self._panes)
            raise SettingError(
                f"This comparison has no answer '{which}'.", remedy=f"Its models: {models}."
            ) from None
        record(self._panes, next(pane for pane in self._panes if pane.answer is answer))

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(f'{one.model} ({one.status})' for one in self)}>"

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, str]:  # noqa: ANN401 - IPython's
        from hs_notebook.notebook import figures
        from hs_notebook.notebook.resting.bundle import Rest
        from hs_notebook.notebook.resting.several import several

        return several([Rest(answer, figures.of(answer)) for answer in self]) | {"text/plain": repr(self)}


def record(panes: Sequence[Pane], chosen: Pane) -> None:
    """Record that one of a comparison's panes is preferred to the others.

    Raises:
        StoreError: It could not be written.
    """
    from hs_notebook.store import picks

    asker, answer = chosen.asker, chosen.answer
    others = [pane.answer.model for pane in panes if pane is not chosen]
    picks.default().record(asker.place, str(asker.comparison_id), answer.id, answer.model, others)
    for pane in panes:
        pane.chosen = pane is chosen
