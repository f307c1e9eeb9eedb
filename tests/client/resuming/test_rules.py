"""The rules: each case has one, none is dead, none bills twice unsaid; the page shows them as they are."""

import ast
import inspect
import re
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.client.resuming import rules as module
from hs_notebook.client.resuming.rules import RULES, Action, Break, Held, Policy, Server, backoff, next_step
from hs_notebook.wire.prefill import FORMS

PAGE = Path(__file__).parents[3] / "docs" / "resume.md"

HELD = [
    Held(text, event_id, splicable, replay_failed, continue_failed, outage, total, restarts)
    for text, event_id, splicable, replay_failed, continue_failed, (outage, total), restarts in product(
        (False, True),
        (None, "s.01.00000007"),
        (False, True),
        (False, True),
        (False, True),
        ((0, 0), (1, 1), (2, 9), (3, 9), (5, 9), (0, 20)),
        (0, 1),
    )
]
SERVERS = [
    Server(replays, prefill) for replays in (None, "events", "conversation") for prefill in (False, True)
]
POLICIES = [
    Policy(reconnect=reconnect, restart=restart)
    for reconnect in (True, False)
    for restart in ("auto", "ask", "never")
]
LINE = {
    Break.REFUSED,
    Break.RESET,
    Break.BUSY,
    Break.SILENT,
    Break.CLEAN_END,
    Break.STALLED,
    Break.ERROR_EVENT,
}


def test_every_case_has_a_step_that_keeps_the_promises():
    reached = set()
    for broke, held, server, policy in product(Break, HELD, SERVERS, POLICIES):
        rule = next(rule for rule in RULES if rule.fits(broke, held, server, policy))
        reached.add(id(rule))
        assert broken_promises(broke, held, server, policy, rule.step) == []

    assert [rule for rule in RULES if id(rule) not in reached] == []


def broken_promises(broke, held, server, policy, step):
    action = step.action
    promises = {
        "what cannot be mended is given up": broke is not Break.FATAL or action is Action.GIVE_UP,
        "it comes to an end": held.reconnects_total < policy.max_total or action is Action.GIVE_UP,
        "a retry only where nothing was shown": action is not Action.RETRY or not held.text,
        "replay only from a server that can and did not refuse": action is not Action.REPLAY
        or (server.replays is not None and not held.replay_failed and (held.event_id or held.text)),
        "continue only pure text, where it is taken": action is not Action.CONTINUE
        or (server.prefill and held.splicable and held.text and not held.continue_failed),
        "never on top of a wrong text": broke is not Break.DIGEST
        or action in (Action.RESTART, Action.GIVE_UP),
        "one restart, and only if wanted": action is not Action.RESTART
        or (policy.restart == "auto" and held.restarts == 0),
        "off is off": policy.reconnect or action in (Action.RETRY, Action.GIVE_UP),
        "a broken line is not hammered": broke not in LINE or action is Action.GIVE_UP or step.wait,
        "giving up does not wait": action is not Action.GIVE_UP or not step.wait,
        "a stalled server that cannot attach is not asked blindly": not (
            broke is Break.STALLED and not held.text and server.replays != "events" and action is Action.RETRY
        ),
        "it says why, in one line": step.why.endswith(".") and "\n" not in step.why and len(step.why) < 90,
    }
    return [promise for promise, kept in promises.items() if not kept]


EVENTS, NOTHING, PREFILL = Server("events"), Server(), Server(prefill=True)
SHOWN = Held(text=True, event_id="s.01.00000007")
PLAIN = Held(text=True)


@pytest.mark.parametrize(
    ("broke", "held", "server", "expected"),
    [
        (Break.RESET, SHOWN, EVENTS, Action.REPLAY),  # F01
        (Break.CLEAN_END, SHOWN, EVENTS, Action.REPLAY),  # F02
        (Break.SILENT, SHOWN, EVENTS, Action.REPLAY),  # F03
        (Break.STALLED, SHOWN, EVENTS, Action.REPLAY),  # F04, the first time
        (Break.STALLED, Held(True, "1", reconnects_outage=1), EVENTS, Action.GIVE_UP),
        (Break.REFUSED, Held(), NOTHING, Action.RETRY),  # F05
        (Break.REFUSED, Held(reconnects_outage=3), NOTHING, Action.GIVE_UP),
        (Break.BUSY, Held(), NOTHING, Action.RETRY),  # F07
        (Break.FATAL, Held(), EVENTS, Action.GIVE_UP),  # F08
        (Break.BUSY, Held(True, "1", reconnects_outage=4), EVENTS, Action.REPLAY),  # F09
        (Break.ERROR_EVENT, SHOWN, EVENTS, Action.RESTART),  # F10
        (Break.ERROR_EVENT, PLAIN, PREFILL, Action.CONTINUE),
        (Break.CLEAN_END, Held(True, reconnects_outage=1), PREFILL, Action.CONTINUE),
        (Break.CLEAN_END, Held(True, reconnects_outage=2), PREFILL, Action.RESTART),  # each try was billed
        (Break.EXPIRED, SHOWN, EVENTS, Action.RESTART),  # F11, F12
        (Break.UNKNOWN, SHOWN, Server("events", prefill=True), Action.CONTINUE),  # F16
        (Break.MALFORMED, Held(True, "1", restarts=1), EVENTS, Action.GIVE_UP),
        (Break.GAP, SHOWN, EVENTS, Action.REPLAY),  # F14
        (Break.GAP, Held(True, "1", reconnects_outage=2), EVENTS, Action.RESTART),
        (Break.GAP, Held(), EVENTS, Action.RETRY),
        (Break.GAP, Held(reconnects_outage=2), EVENTS, Action.RESTART),
        (Break.RESET, Held(), EVENTS, Action.RETRY),  # F22: attaches by its key
        (Break.SILENT, Held(), EVENTS, Action.RETRY),
        (Break.RESET, Held(text=True, splicable=False), PREFILL, Action.RESTART),  # F28
        (Break.REFUSED_PREFILL, Held(text=True, continue_failed=True), PREFILL, Action.RESTART),  # F29
        (Break.REFUSED, Held(True, "1", reconnects_outage=5), EVENTS, Action.GIVE_UP),
        (Break.RESET, Held(True, "1", reconnects_total=20), EVENTS, Action.GIVE_UP),  # F31
        (Break.RESET, PLAIN, Server("conversation"), Action.REPLAY),
        (Break.RESET, Held(), Server("conversation"), Action.RETRY),
        (Break.STALLED, Held(), NOTHING, Action.GIVE_UP),
        (Break.STALLED, Held(), EVENTS, Action.RETRY),
        (Break.CLEAN_END, Held(), NOTHING, Action.RESTART),
        (
            Break.CLEAN_END,
            Held(True, "1", reconnects_outage=2),
            EVENTS,
            Action.RESTART,
        ),  # nothing more to replay
        (Break.DIGEST, SHOWN, Server("events", prefill=True), Action.RESTART),
    ],
)
def test_scenarios(broke, held, server, expected):
    assert next_step(broke, held, server, Policy()).action is expected


@pytest.mark.parametrize("restart", ["ask", "never"])
def test_a_restart_that_is_not_wanted_is_not_made(restart):
    step = next_step(Break.EXPIRED, SHOWN, EVENTS, Policy(restart=restart))

    assert step.action is Action.GIVE_UP
    assert ("fresh" in step.why) == (restart == "ask")


def test_the_settings_count():
    held = Held(text=True, event_id="1", reconnects_outage=2, reconnects_total=2)

    assert next_step(Break.RESET, held, EVENTS, Policy(max_reconnects=3)).action is Action.REPLAY
    assert next_step(Break.RESET, held, EVENTS, Policy(max_reconnects=2)).action is Action.GIVE_UP
    assert next_step(Break.RESET, held, EVENTS, Policy(max_total=2)).action is Action.GIVE_UP
    assert next_step(Break.REFUSED, Held(), EVENTS, Policy(max_retries=0)).action is Action.GIVE_UP


def test_the_policy_is_pure():
    imported = {
        name.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in node.names
    }

    assert imported.isdisjoint({"time", "random", "asyncio", "datetime", "os", "secrets", "socket"})


# -- how long -----------------------------------------------------------------------------------------


@given(
    attempt=st.integers(0, 5000),
    asked=st.none() | st.floats(0, 120),
    jitter=st.floats(0, 1, exclude_max=True),
    first=st.floats(0, 60),
)
def test_the_wait_is_bounded_and_never_less_than_asked(attempt, asked, jitter, first):
    seconds = backoff(attempt, asked, jitter, first=first)

    assert (asked or 0) <= seconds <= max(30, (asked or 0) + 0.1)


def test_the_wait_is_fully_left_to_chance_under_a_bound_that_doubles():
    assert [backoff(n, None, 0.5) for n in range(7)] == [0.5, 1, 2, 4, 8, 15, 15]
    assert [backoff(n, None, 0.0) for n in range(7)] == [0] * 7
    assert backoff(1, None, 0.5, first=0.2) == pytest.approx(0.2)


@pytest.mark.parametrize("asked", [120.5, 86400.0])
def test_above_two_minutes_it_is_not_waited(asked):
    assert backoff(0, asked, 0.5) is None
    assert backoff(0, 120.0, 0.0) == 120


# -- the page -----------------------------------------------------------------------------------------


def code(*words):
    return ", ".join(f"`{word}`" for word in words)


def rules():
    yield "| | break | given | then | waits | what the cell says |"
    yield "|---|---|---|---|---|---|"
    for number, rule in enumerate(RULES, 1):
        given_ = " and ".join(given.words for given in rule.given)
        step = rule.step
        cells = (
            str(number), code(*rule.breaks) or "any", given_, f"**{step.action.replace('_', ' ')}**",
            "yes" if step.wait else "", step.why,
        )  # fmt: skip
        yield f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def breaks():
    """The comments beside the members, for they are the only words there are."""
    yield "| break | what happened |"
    yield "|---|---|"
    for word, meaning in re.findall(r'= "(\w+)"  # (.*)', inspect.getsource(Break)):
        yield f"| `{word}` | {meaning} |"


def forms():
    yield "| model | server | form | source | seen |"
    yield "|---|---|---|---|---|"
    for row in FORMS:
        words = [
            f"`{pattern}`".replace("|", "\\|") if pattern else "any" for pattern in (row.model, row.provider)
        ]
        form = f"`{row.form}`" if row.form else "not taken"
        yield f"| {words[0]} | {words[1]} | {form} | <{row.source}> | {row.seen} |"


@pytest.mark.parametrize("table", [rules, breaks, forms])
def test_the_page_shows_the_table_of_the_code(table):
    name = table.__name__
    shown = PAGE.read_text().partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]

    assert shown.strip().splitlines() == list(table())


def test_every_break_is_explained():
    assert len(list(breaks())) == len(Break) + 2
