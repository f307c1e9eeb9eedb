"""The course of one answer over its requests: what is held, what was tried, and so what is asked next.

Nothing here does I/O; the decisions themselves are `rules.RULES`.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hs_notebook.client.asking import Asking, Running
from hs_notebook.client.config import EMBEDDED
from hs_notebook.client.resuming.event_ids import has_order
from hs_notebook.client.resuming.rules import Action, Break, Held, Server, next_step
from hs_notebook.client.resuming.splice import splicable
from hs_notebook.money import tokens
from hs_notebook.wire import prefill

if TYPE_CHECKING:
    from hs_notebook.answer import Answer
    from hs_notebook.client.config import Target
    from hs_notebook.client.resuming.rules import Policy, Step

__all__ = ["Course"]

_NEW_RUN = (Action.CONTINUE, Action.RESTART)
_DENIED = (Break.EXPIRED, Break.UNKNOWN, Break.MALFORMED)


class Course:
    """Where one answer stands.

    Attributes:
        doing: What the request at hand does; None: it is the first.
        stream_id: The server's name for the run at hand; None while it has not said.
        server_name: What the server calls itself; None if it does not say.
        sent: Whether anything was sent.
        outage: New requests made since content last came.
    """

    def __init__(self, answer: Answer, policy: Policy, target: Target | None) -> None:
        """`target` None: the embedded gateway."""
        self.doing: Action | None = None
        self.stream_id: str | None = None
        self.server_name: str | None = None
        self.sent = False
        self.outage = 0
        self._answer = answer
        self._policy = policy
        self._target = target
        self._chat = answer.request
        self._form: prefill.Form | None = None
        self._key = answer.id
        self._forget: Running | None = None
        self._conversation = False  # the run at hand was asked for as one
        self._awaits_text = False  # of a continuation or a restart: nothing of it was shown yet
        self._replay_failed = False
        self._continue_failed = False
        self._total = 0
        self._restarts = 0

    @property
    def running(self) -> Running:
        """The run at hand."""
        return Running(self._key, self.stream_id, self._conversation)

    @property
    def holds(self) -> bool:
        """Whether anything of the answer was shown."""
        return any(self._answer.sizes)

    @property
    def replays(self) -> bool:
        """Whether the server keeps what it sends."""
        return self._server.replays is not None

    def take_up(self) -> Step:
        """The first step for an answer that an earlier run of ours left unfinished."""
        answer = self._answer
        if answer.generation and not self.holds:  # the run that superseded the text is asked for again
            self._key = _restarted(answer.id, answer.generation - 1)
        elif any(attempt.resumed_by in _NEW_RUN for attempt in answer.attempts):  # no key of ours is its own
            self._key = _derived(answer.id, len(answer.attempts))
        policy = replace(self._policy, reconnect=True)  # somebody asks for it
        return self._turned(next_step(Break.RESET, self._held, self._server, policy))

    def after(self, broke: Break, *, progress: bool) -> Step:
        """What to do about a break. `progress`: something new was shown before it."""
        if progress:
            self.outage, self._awaits_text = 0, False
        if self.doing is Action.REPLAY and broke in _DENIED:
            self._replay_failed = True
        if broke is Break.REFUSED_PREFILL:
            self._continue_failed = True
            for name in self._names:
                prefill.refuse(self._answer.model, name)
        return self._turned(next_step(broke, self._held, self._server, self._policy))

    def learn(self, stream_id: str | None, server_name: str | None) -> None:
        """What the answer's headers said."""
        self.stream_id = stream_id or self.stream_id
        self.server_name = server_name or self.server_name

    def asking(self, target: Target) -> Asking:
        """The request at hand."""
        continues = self._form if self.doing is Action.CONTINUE else None
        forget, self._forget = self._forget, None
        if self.doing is not Action.REPLAY:
            self._conversation = "llama.cpp" in (self.server_name or "") and continues is None
        return Asking(
            self.doing,
            target,
            target.base_url if continues is None else prefill.base_url(target.base_url, continues),
            self._chat,
            self._key,
            self._answer.last_event_id if self.doing is Action.REPLAY else None,
            self._conversation,
            forget,
        )

    # -- what the rules read ------------------------------------------------------------------------

    @property
    def _held(self) -> Held:
        superseding = self._awaits_text and self.doing is Action.RESTART
        return Held(
            text=self.holds and not superseding,
            event_id=None if self._awaits_text else self._answer.last_event_id,
            splicable=splicable(self._answer),
            replay_failed=self._replay_failed,
            continue_failed=self._continue_failed,
            reconnects_outage=self.outage,
            reconnects_total=self._total,
            restarts=self._restarts,
        )

    @property
    def _server(self) -> Server:
        if self._ours or self.stream_id is not None or has_order(self._answer.last_event_id):
            return Server("events", self._prefill is not None)
        text_only = not any(self._answer.sizes[1:])
        return Server("conversation" if self._conversation and text_only else None, self._prefill is not None)

    @property
    def _ours(self) -> bool:
        return self._target is None or self._target.provider == EMBEDDED

    @property
    def _names(self) -> list[str]:
        """What the server goes by: ours by its name, another by its host and what it calls itself."""
        if self._target is None or self._ours:
            return [EMBEDDED]
        host = urlsplit(self._target.base_url).hostname
        return [name for name in (host, self.server_name) if name]

    @property
    def _prefill(self) -> prefill.Form | None:
        forms = (prefill.form(self._answer.model, name) for name in self._names)
        return next((form for form in forms if form is not None), None)

    @property
    def _spent(self) -> int:
        """Output tokens that the text held has cost, over all its runs: counted where anybody did.

        At least what we count in the text ourselves, for who stops an answer hears no counts. The same after
        the death of the kernel, for a key is made of it.
        """
        answer = self._answer
        counted = 0
        for attempt in answer.attempts:
            if attempt.resumed_by == Action.RESTART:
                counted = 0
            if attempt.counts is not None:
                counted += attempt.counts.output_tokens or 0
        return max(counted, tokens.of_text(answer.text, answer.model))

    # -- steps ----------------------------------------------------------------------------------------

    def _turned(self, step: Step) -> Step:
        if step.action is Action.GIVE_UP:
            return step
        self.outage += 1
        self._total += 1
        if step.action in _NEW_RUN:
            self._begin_run(step.action)
        elif step.action is Action.RETRY and self._awaits_text:
            return step  # of a restart: it still is one
        self.doing = step.action
        return step

    def _begin_run(self, action: Action) -> None:
        answer = self._answer
        self._awaits_text, self._replay_failed = True, False
        if action is Action.RESTART:
            self._restarts += 1
            self._forget = self.running if self.sent and self.replays else None
            self._chat = answer.request
            self._key = _restarted(answer.id, answer.generation)
        else:
            self._form = self._prefill or prefill.Form.PLAIN
            spent = self._spent
            self._chat = prefill.continued(answer.request, answer.text, self._form, spent=spent)
            # The same for the same text and limit: a second try finds the run that the first one began.
            self._key = _derived(answer.id, f"continue {answer.generation} {len(answer.text)} {spent}")
        self.stream_id = None


def _restarted(answer_id: str, generation: int) -> str:
    """The key of the run that supersedes a generation: the same one after the death of the kernel too."""
    return _derived(answer_id, f"restart {generation}")


def _derived(answer_id: str, what: object) -> str:
    """A key for another run of the model for the same answer."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{answer_id} {what}"))
