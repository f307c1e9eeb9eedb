"""How the tests ask a gateway for streams, come back to them and end them."""

from hs_notebook.wire.sse import Decoder

ASK = {"model": "demo", "messages": [{"role": "user", "content": "Hello there"}], "stream": True}
FAST = {"tokens_per_s": 0}
STALL = {"tokens": 9, "fault": "stall", "fail_after": 3, **FAST}


def ask(http, key=None, **asked):
    headers = {} if key is None else {"Idempotency-Key": key}
    return http.post("chat/completions", json={**ASK, **asked}, headers=headers)


def resume(http, event_id, **headers):
    headers = {"X-Stream-Resume": "true", "X-Stream-Event-Id": event_id, **headers}
    return http.post("chat/completions", json=ASK, headers=headers)


def check(http, event_id):
    return http.post("stream/check", headers={"X-Event-Id": event_id}).json()


def cancel(http, **headers):
    return http.post(
        "stream/cancel", headers={name.replace("_", "-"): each for name, each in headers.items()}
    )


def events(body):
    return Decoder(2**26).feed(body)


def bare(body):
    """The bytes of a stream without its heartbeats."""
    return body.replace(b": hb\n", b"")


def begun(http, key=None, count=3, **demo):
    """Ask, read so many events, leave; the ids read."""
    headers = {} if key is None else {"Idempotency-Key": key}
    body = b""
    with http.stream("POST", "chat/completions", json={**ASK, "demo": demo}, headers=headers) as response:
        for piece in response.iter_raw():
            body += piece
            if len(events(body)) >= count:
                break
    return [event.id for event in events(body)]


def settings(home, **table):
    lines = ["[gateway]", *(f"{name} = {value}" for name, value in table.items())]
    (home / "gateway.toml").write_text("\n".join(lines))
