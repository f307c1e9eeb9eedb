"""Any sequence of faults: the promises hold. P2 to P7 over schedules that hypothesis draws."""

from hypothesis import given, settings
from hypothesis import strategies as st

from .bench import Scenario, run
from .ends import going_on
from .fault import Fault, Then, order
from .promises import broken_promises

CUTS = [Then.RESET, Then.CLOSE, Then.CLEAN, Then.HALF_CLOSE]
ORDERS = st.lists(st.integers(0, 7), max_size=6).map(lambda numbers: order(*numbers))
FRAMINGS = st.sampled_from([None, "close"])
PIECES = st.sampled_from([None, None, 61])
FAULTS = st.one_of(
    st.builds(
        Fault, wire_at=st.integers(0, 2600), then=st.sampled_from([Then.RESET, Then.CLOSE]), piece=PIECES
    ),
    st.builds(Fault, at=st.integers(0, 2200), then=st.sampled_from(CUTS), piece=PIECES),
    st.builds(Fault, after=st.integers(0, 8), then=st.sampled_from(CUTS), framing=FRAMINGS),
    st.builds(Fault, at=st.integers(0, 2200), pause_s=st.just(0.02)),
    st.builds(Fault, status=st.sampled_from([400, 404, 408, 410, 429, 500, 503, 529]), asks=st.booleans()),
    st.builds(
        Fault,
        events=ORDERS,
        piece=PIECES,
    ),
)
HANG = st.builds(Fault, after=st.integers(0, 6), then=st.just(Then.HANG))
SCHEDULES = st.lists(st.one_of(*[FAULTS] * 8, HANG), max_size=5)
"""A black hole is one in nine: it is waited for."""


@given(
    faults=SCHEDULES,
    model=st.sampled_from(["model-x", "claude-sonnet-4-5"]),
    restart=st.sampled_from(["auto", "auto", "never"]),
)
@settings(max_examples=50, deadline=None)
def test_any_schedule_of_faults(relayed, faults, model, restart):
    """Whole, or a true beginning and why; each event once; nothing billed twice unsaid; nothing is left."""
    scenario = Scenario(
        "any", "any", faults=tuple(faults), model=model, behind=(going_on,),
        options={"restart": restart}, client={"streaming": {"progress_timeout": 0.3}},
    )  # fmt: skip
    result = run(scenario, relayed)
    assert broken_promises(result) == [], result.answer.attempts
