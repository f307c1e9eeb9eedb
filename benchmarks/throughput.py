"""Chunks a second from the bytes on loopback to the finished answer, in paired rounds.

In each round every client streams the same answer once, in turns, so that a machine that drifts drifts for
all; the ratio is taken within a round, and its median over the rounds is what counts. "By CPU" is the same
for the processor time of this process, which other work on the machine lengthens less.
"""

import json
import statistics
import time

from peers import HttpxSSE, OpenAISDK, Ours
from server import Server, openai_datas, words
from tables import table


def run(options):
    with Server() as url:
        clients = [OpenAISDK(url), HttpxSSE(url), Ours(url)]
        for client in clients:
            check(client.ask("stream-200-per"), 200)  # imports, connections and the store are not the subject
        tables = [measure(clients, mode, options) for mode in ("per", "big")]
        for client in clients:
            client.close()
    return "\n\n".join(tables)


def check(outcome, events):
    """A fast wrong answer is worth nothing."""
    assert outcome.error is None, outcome.error
    assert outcome.text == "".join(words(events))
    assert (outcome.finish_reason, outcome.output_tokens) == ("stop", events)


def measure(clients, mode, options):
    events, rounds = options.events, []
    for _ in range(options.rounds):
        times = {client.name: timed(client, f"stream-{events}-{mode}", events) for client in clients}
        rounds.append(times | limits(events))
    names = list(rounds[0])
    return table(
        f"Throughput, {TITLES[mode]}: {events} chunks, median of {len(rounds)} paired rounds",
        [
            "",
            "chunks/s",
            "µs a chunk",
            "CPU µs a chunk",
            "times openai SDK",
            "by CPU",
            "times json.loads(bytes)",
            "by CPU",
        ],
        [row(name, rounds, events) for name in names],
    )


TITLES = {"per": "one HTTP chunk an event", "big": "many events a chunk"}


def timed(client, model, events):
    """Seconds on the wall and on the CPU for one answer."""
    wall, cpu = time.perf_counter(), time.process_time()
    outcome = client.ask(model)
    spent = time.perf_counter() - wall, time.process_time() - cpu
    check(outcome, events)
    return spent


def limits(events):
    """What json.loads alone takes for the same events, in memory: no network, no framing, no answer."""
    datas = openai_datas(words(events))
    as_text = [data.decode() for data in datas]
    return {"json.loads(bytes) alone": loads(datas), "json.loads(str) alone": loads(as_text)}


def loads(datas):
    wall, cpu = time.perf_counter(), time.process_time()
    for data in datas:
        json.loads(data)
    return time.perf_counter() - wall, time.process_time() - cpu


def row(name, rounds, events):
    spent = [statistics.median(times[name][clock] for times in rounds) for clock in (WALL, CPU)]
    return [
        name,
        f"{events / spent[WALL]:,.0f}",
        *(f"{seconds * 1e6 / events:.1f}" for seconds in spent),
        *(f"{ratio(OpenAISDK.name, name, rounds, clock):.1f}" for clock in (WALL, CPU)),
        *(f"{ratio('json.loads(bytes) alone', name, rounds, clock):.2f}" for clock in (WALL, CPU)),
    ]


WALL, CPU = 0, 1


def ratio(other, name, rounds, clock):
    """How many times as fast as the other: the median over the rounds of the ratio within each."""
    return statistics.median(times[other][clock] / times[name][clock] for times in rounds)
