"""A pane: one model's place in a cell, whatever answers fill it one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hs_notebook.answer import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from hs_notebook.answer import Answer
    from hs_notebook.client.client import HolySheep
    from hs_notebook.client.stream import Stream
    from hs_notebook.money.budget import Purse
    from hs_notebook.store.kept import Kept
    from hs_notebook.store.place import Place
    from hs_notebook.wire.chunk import ChatRequest

__all__ = ["Asker", "Pane"]

SHOWN_AGAIN = "Shown as it was kept: nothing was asked, nothing is billed."


@dataclass(frozen=True, slots=True)
class Asker:
    """Sends the requests of one cell.

    Attributes:
        place: Where the cell stands.
        comparison_id: What ties its answers together; None where there is one model.
        restart: Whether a broken answer may be started over.
        on_interrupt: What a stop means for a server that goes on by itself.
        purse: What they may cost together; None: no limit of the cell's own.
    """

    client: HolySheep
    place: Place
    comparison_id: str | None = None
    restart: Literal["auto", "ask", "never"] = "auto"
    on_interrupt: Literal["stop", "detach"] = "stop"
    purse: Purse | None = None

    def ask(self, chat: ChatRequest, before: Answer | Kept | None = None) -> Stream:
        """Ask this, or go on with an earlier answer to it.

        Raises:
            SettingError: It cannot be asked so; nothing was sent.
        """
        return self.client.stream(
            chat.messages,
            model=chat.model,
            temperature=chat.temperature,
            max_tokens=chat.max_tokens,
            extra=chat.extra,
            resume=before,
            comparison_id=self.comparison_id,
            place=self.place,
            restart=self.restart,
            on_interrupt=self.on_interrupt,
            budget=self.purse,
        )

    def go_on(self, before: Answer | Kept) -> Stream:
        """Go on with an answer that ended too early.

        Raises:
            SettingError: It cannot be taken up; nothing was sent.
        """
        return self.client.stream(
            resume=before,
            comparison_id=self.comparison_id,
            place=self.place,
            restart=self.restart,
            on_interrupt=self.on_interrupt,
            budget=self.purse,
        )


class Pane:
    """One model's place in a cell.

    Attributes:
        answer: What it shows.
        stream: What brings the answer; None where it is shown as it was kept.
        stopped: Whether the user stopped it from the page; ■ stops the cell instead.
        chosen: Whether it was picked.
    """

    def __init__(self, asker: Asker, stream: Stream | None, answer: Answer) -> None:
        self.asker = asker
        self.stream = stream
        self.answer = answer
        self.stopped = False
        self.chosen = False
        self._on_news: Callable[[], None] = lambda: None

    @classmethod
    def of(cls, asker: Asker, stream: Stream) -> Pane:
        """The pane of a stream."""
        return cls(asker, stream, stream.answer)

    @classmethod
    def kept(cls, asker: Asker, kept: Kept) -> Pane:
        """The pane of a whole answer that needs no asking."""
        answer = kept.answer()
        if SHOWN_AGAIN not in answer.notes:
            answer.notes.append(SHOWN_AGAIN)
        return cls(asker, None, answer)

    @property
    def under_way(self) -> bool:
        """Whether its answer still comes."""
        return self.stream is not None and not self.stream.ended

    @property
    def whole(self) -> bool:
        """Whether its answer is complete."""
        return self.answer.status is Status.COMPLETE

    def tell(self, on_news: Callable[[], None]) -> None:
        """Have `on_news` called when there is something to look at, from any thread."""
        self._on_news = on_news
        if self.stream is not None:
            self.stream.tell(on_news)

    def cancel(self) -> None:
        """Stop the answer and its spending; where it has ended, nothing."""
        if self.stream is not None:
            self.stream.cancel()

    def stop(self) -> None:
        """The same, as a wish of the user's that is no failure."""
        self.stopped = True
        self.cancel()

    def resume(self) -> None:
        """Go on with the answer.

        Raises:
            SettingError: It cannot be taken up; nothing was sent.
        """
        self._take(self.asker.go_on(self.answer))

    def retry(self) -> None:
        """Ask again, as another answer in the place of this one.

        Raises:
            SettingError: It cannot be asked so; nothing was sent.
        """
        self._take(self.asker.ask(self.answer.request))

    def _take(self, stream: Stream) -> None:
        self.stopped = False
        self.stream, self.answer = stream, stream.answer
        stream.tell(self._on_news)
        self._on_news()
