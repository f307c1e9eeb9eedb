"""Many streams on one line that breaks: each is whole, and they do not come back all at once."""

from hs_notebook import HolySheep, StreamingConfig
from hs_notebook.answer import Status

from .bench import TEXT, WHOLE, open_sockets, running_tasks, settled
from .fault import Fault, Then, in_turn


def test_ten_streams_and_two_more_that_break_at_once(relayed, through):
    """F30: the two wait for their turn; nobody waits for ever; each is run once; the line is not stormed."""
    relayed.behind = WHOLE
    runs, sockets, tasks = relayed.runs, open_sockets(), running_tasks()
    proxy = through(relayed.port, in_turn(*[Fault(after=2, then=Then.RESET)] * 10))
    streaming = StreamingConfig(reconnect_delay=0.3)
    with HolySheep(relayed.token, f"{proxy.url}/v1", streaming=streaming, max_concurrency=10) as asker:
        streams = [asker.stream(f"question {number}", model="model-x") for number in range(12)]
        for stream in streams:
            assert stream.wait(60), stream
        assert asker.stats().available_slots == 10
    answers = [stream.answer for stream in streams]
    assert {(answer.text, answer.status) for answer in answers} == {(TEXT, Status.COMPLETE)}
    assert relayed.runs - runs == 12
    again = [answer for answer in answers if len(answer.attempts) == 2]
    assert len(again) == 10
    assert {answer.attempts[-1].resumed_by for answer in again} <= {"replay", None}  # None: a reset took all
    keys = [asked.headers.get("idempotency-key") for asked in proxy.chats]
    back = [asked.came_at for at, asked in enumerate(proxy.chats) if keys[at] in keys[:at]]
    assert len(back) == 10
    assert max(back) - min(back) > 0.05
    assert settled(lambda: proxy.open + running_tasks() - tasks) == 0
    assert settled(lambda: open_sockets() - sockets - 3) == 0  # the proxy's own
