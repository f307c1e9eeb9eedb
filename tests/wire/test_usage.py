"""What providers send as token counts, and what it means. The figures are those of recorded answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.wire import anthropic, google, ollama, openai
from hs_notebook.wire.chunk import Usage
from hs_notebook.wire.framing import Frame
from hs_notebook.wire.usage import amount, count, merge, reconcile


def last_usage(reader, objects):
    chunks = [reader.read(obj, Frame(b""), index) for index, obj in enumerate(objects)]
    return [chunk.usage for chunk in chunks if chunk is not None and chunk.usage is not None][-1]


def openai_usage(*raws):
    choice = {"index": 0, "delta": {"content": "x"}, "finish_reason": None}
    return last_usage(openai.Reader(), [{"choices": [choice], "usage": raw} for raw in raws])


BESIDE = "the server counts cached tokens beside the prompt; they are added to the input"
FOLDED = "the server's total exceeds input plus output; the rest is counted as output"
REASONED = "the server counts reasoning beside the output; it is added to the output"

OPENAI = {
    "plain": (
        [
            None,
            {
                "prompt_tokens": 53,
                "completion_tokens": 15,
                "total_tokens": 68,
                "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0, "rejected_prediction_tokens": 0},
            },
        ],
        Usage(53, 0, None, 15, 0),
    ),
    "a cache is written": (
        [
            {
                "prompt_tokens": 4020,
                "completion_tokens": 4,
                "total_tokens": 4024,
                "prompt_tokens_details": {"cache_write_tokens": 4012, "cached_tokens": 0},
            }
        ],
        Usage(4020, 0, 4012, 4),
    ),
    "a cache is read": (
        [
            {
                "prompt_tokens": 4020,
                "completion_tokens": 4,
                "total_tokens": 4024,
                "prompt_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 4012},
            }
        ],
        Usage(4020, 4012, 0, 4),
    ),
    "running totals on every chunk are never summed": (
        [
            {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11},
            {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
            {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13},
            {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13},
        ],
        Usage(10, output_tokens=3),
    ),
    "a later chunk may leave a field out, or null it": (
        [
            {"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 4}},
            {"prompt_tokens": None, "completion_tokens": 3, "prompt_tokens_details": {"audio_tokens": 0}},
            {"prompt_tokens_details": None},
        ],
        Usage(10, 4, None, 3),
    ),
    "the Responses API's names": (
        [
            {
                "input_tokens": 53,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": 469,
                "output_tokens_details": {"reasoning_tokens": 448},
                "total_tokens": 522,
            }
        ],
        Usage(53, 0, None, 469, 448),
    ),
    "DeepSeek sends the cache twice": (
        [
            {
                "prompt_tokens": 563,
                "completion_tokens": 116,
                "total_tokens": 679,
                "prompt_tokens_details": {"cached_tokens": 512},
                "completion_tokens_details": {"reasoning_tokens": 60},
                "prompt_cache_hit_tokens": 512,
                "prompt_cache_miss_tokens": 51,
            }
        ],
        Usage(563, 512, None, 116, 60),
    ),
    "DeepSeek of old": (
        [{"prompt_tokens": 6, "completion_tokens": 212, "total_tokens": 218, "prompt_cache_hit_tokens": 0}],
        Usage(6, 0, None, 212),
    ),
    "OpenRouter reports its cost": (
        [
            {
                "prompt_tokens": 43,
                "completion_tokens": 36,
                "total_tokens": 79,
                "cost": 0.000669,
                "is_byok": False,
            }
        ],
        Usage(43, output_tokens=36, cost_usd="0.000669"),
    ),
    "a gateway reports its cost in a string": (
        [{"prompt_tokens": 1, "completion_tokens": 1, "logfire_ai_gateway": {"cost": "0.00012"}}],
        Usage(1, output_tokens=1, cost_usd="0.00012"),
    ),
    "a cost of 0 is a cost": (
        [{"prompt_tokens": 1, "completion_tokens": 1, "cost": 0}],
        Usage(1, output_tokens=1, cost_usd="0"),
    ),
    "thoughts missing from the output: 405 of them": (
        [{"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 623}],
        Usage(20, output_tokens=603, note=FOLDED),
    ),
    "thoughts counted apart, and no output": (
        [
            {
                "prompt_tokens": 21,
                "completion_tokens": 0,
                "total_tokens": 81,
                "completion_tokens_details": {"reasoning_tokens": 60},
            }
        ],
        Usage(21, output_tokens=60, reasoning_tokens=60, note=FOLDED),
    ),
    "thoughts counted apart, and no total": (
        [
            {
                "prompt_tokens": 21,
                "completion_tokens": 5,
                "completion_tokens_details": {"reasoning_tokens": 60},
            }
        ],
        Usage(21, output_tokens=65, reasoning_tokens=60, note=REASONED),
    ),
    "more cache than prompt: the cache was counted apart": (
        [
            {
                "prompt_tokens": 3,
                "completion_tokens": 33,
                "total_tokens": 36,
                "prompt_tokens_details": {"cached_tokens": 1111, "cache_write_tokens": 418},
            }
        ],
        Usage(1532, 1111, 418, 33, note=BESIDE),
    ),
    "the total holds the cache, the prompt does not": (
        [
            {
                "prompt_tokens": 3000,
                "completion_tokens": 33,
                "total_tokens": 4144,
                "prompt_tokens_details": {"cached_tokens": 1111},
            }
        ],
        Usage(4111, 1111, None, 33, note=BESIDE),
    ),
    "what is no count is unknown": (
        [{"prompt_tokens": "12", "completion_tokens": -1, "total_tokens": True, "cost": "NaN"}],
        Usage(),
    ),
}


@pytest.mark.parametrize(("raws", "usage"), OPENAI.values(), ids=OPENAI.keys())
def test_openai(raws, usage):
    assert openai_usage(*raws) == usage


def anthropic_usage(start, *deltas):
    if not deltas:
        return last_usage(anthropic.Reader(), [{"type": "message", "content": [], "usage": start}])
    events = [{"type": "message_start", "message": {"model": "c", "usage": start}}]
    events += [{"type": "message_delta", "delta": {}, "usage": delta} for delta in deltas]
    return last_usage(anthropic.Reader(), events)


ANTHROPIC = {
    "running totals: the output is 282, not 1 + 282": (
        [
            {
                "input_tokens": 43,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
                "output_tokens": 1,
                "service_tier": "standard",
            },
            {
                "input_tokens": 43,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": 282,
            },
        ],
        Usage(43, 0, 0, 282, cache_write_1h_tokens=0),
    ),
    "what is kept for an hour is part of what is written": (
        [
            {
                "input_tokens": 3,
                "cache_creation_input_tokens": 418,
                "cache_creation": {"ephemeral_5m_input_tokens": 118, "ephemeral_1h_input_tokens": 300},
                "cache_read_input_tokens": 1111,
                "output_tokens": 1,
            },
            {"output_tokens": 33},
        ],
        Usage(1532, 1111, 418, 33, cache_write_1h_tokens=300),
    ),
    "input_tokens leaves the cache out": (
        [
            {
                "input_tokens": 3,
                "cache_creation_input_tokens": 418,
                "cache_read_input_tokens": 1111,
                "output_tokens": 33,
            }
        ],
        Usage(1532, 1111, 418, 33),
    ),
    "a delta with nothing but the output": (
        [{"input_tokens": 25, "cache_read_input_tokens": 7, "output_tokens": 1}, {"output_tokens": 12}],
        Usage(32, 7, None, 12),
    ),
    "tools on the server make the input grow": (
        [
            {"input_tokens": 2068, "output_tokens": 1},
            {"input_tokens": 22397, "output_tokens": 8, "server_tool_use": {"web_search_requests": 2}},
        ],
        Usage(22397, output_tokens=8),
    ),
    "several deltas": (
        [{"input_tokens": 5, "output_tokens": 1}, {"output_tokens": 4}, {"output_tokens": 9}],
        Usage(5, output_tokens=9),
    ),
    "compaction is listed apart and comes on top": (
        [
            {"input_tokens": 100, "cache_read_input_tokens": 55096, "output_tokens": 1},
            {
                "input_tokens": 181,
                "cache_read_input_tokens": 0,
                "output_tokens": 8,
                "iterations": [
                    {
                        "type": "compaction",
                        "input_tokens": 100,
                        "cache_read_input_tokens": 55096,
                        "output_tokens": 83,
                    },
                    {
                        "type": "message",
                        "input_tokens": 181,
                        "cache_read_input_tokens": 0,
                        "output_tokens": 8,
                    },
                ],
            },
        ],
        Usage(55377, 55096, None, 91),
    ),
    "an advisor model has another price": (
        [
            {"input_tokens": 5, "output_tokens": 1},
            {
                "output_tokens": 4,
                "iterations": [{"type": "advisor_message", "input_tokens": 99, "output_tokens": 99}],
            },
        ],
        Usage(5, output_tokens=4, note="tokens of an advisor model are not counted: its price is another"),
    ),
    "a gateway that knows the input only at the end": (
        [{"input_tokens": 0, "output_tokens": 0}, {"input_tokens": 77, "output_tokens": 5}],
        Usage(77, output_tokens=5),
    ),
    "a gateway that knew nothing when it broke off": ([{"input_tokens": 0, "output_tokens": 0}, {}], Usage()),
    "the output at the start is a placeholder": ([{"input_tokens": 43, "output_tokens": 1}, {}], Usage(43)),
    "a gateway that nulls the input in the delta": (
        [{"input_tokens": 77, "output_tokens": 1}, {"input_tokens": None, "output_tokens": 5}],
        Usage(77, output_tokens=5),
    ),
    "thinking is part of the output": (
        [
            {"input_tokens": 9, "output_tokens": 1},
            {"output_tokens": 40, "output_tokens_details": {"thinking_tokens": 30}},
        ],
        Usage(9, output_tokens=40, reasoning_tokens=30),
    ),
}


@pytest.mark.parametrize(("raws", "usage"), ANTHROPIC.values(), ids=ANTHROPIC.keys())
def test_anthropic(raws, usage):
    assert anthropic_usage(*raws) == usage


@pytest.mark.parametrize(
    ("reader", "objects", "tier"),
    [
        (openai.Reader(), [{"choices": [], "usage": {"prompt_tokens": 1}, "service_tier": "flex"}], "flex"),
        (openai.Reader(), [{"choices": [], "usage": {"prompt_tokens": 1}, "service_tier": None}], None),
        (
            anthropic.Reader(),
            [{"type": "message_start", "message": {"usage": {"service_tier": "batch"}}}],
            "batch",
        ),
        (
            anthropic.Reader(),
            [{"type": "message_delta", "usage": {"service_tier": "standard", "speed": "fast"}}],
            "fast",
        ),
        (anthropic.Reader(), [{"type": "message_delta", "usage": {"service_tier": "standard"}}], "standard"),
        (google.Reader(), [{"usageMetadata": {"trafficType": "ON_DEMAND_FLEX"}}], "ON_DEMAND_FLEX"),
        (google.Reader(), [{"usageMetadata": {"promptTokenCount": 1}}], None),
    ],
)
def test_the_tier_of_service_is_kept_in_the_servers_word(reader, objects, tier):
    (chunk,) = (reader.read(obj, Frame(b""), 0) for obj in objects)
    assert chunk.service_tier == tier


def google_usage(*raws):
    return last_usage(google.Reader(), [{"usageMetadata": raw} for raw in raws])


GOOGLE = {
    "candidates leave thoughts out": (
        [
            {
                "promptTokenCount": 18,
                "candidatesTokenCount": 31,
                "totalTokenCount": 84,
                "thoughtsTokenCount": 35,
            },
            {
                "promptTokenCount": 18,
                "candidatesTokenCount": 79,
                "totalTokenCount": 132,
                "thoughtsTokenCount": 35,
            },
            {
                "promptTokenCount": 18,
                "candidatesTokenCount": 80,
                "totalTokenCount": 133,
                "thoughtsTokenCount": 35,
            },
        ],
        Usage(18, output_tokens=115, reasoning_tokens=35),
    ),
    "the last value counts, not the largest": (
        [
            {"promptTokenCount": 15, "candidatesTokenCount": 2, "totalTokenCount": 17},
            {"promptTokenCount": 15, "candidatesTokenCount": 4, "totalTokenCount": 19},
            {"promptTokenCount": 13, "candidatesTokenCount": 6, "totalTokenCount": 19},
        ],
        Usage(13, output_tokens=6),
    ),
    "a later chunk may drop a field": (
        [
            {
                "promptTokenCount": 10,
                "candidatesTokenCount": 5,
                "thoughtsTokenCount": 3,
                "totalTokenCount": 18,
            },
            {"promptTokenCount": 10, "candidatesTokenCount": 7, "totalTokenCount": 20},
        ],
        Usage(10, output_tokens=10, reasoning_tokens=3),
    ),
    "tool results come on top of the prompt": (
        [
            {
                "promptTokenCount": 17,
                "toolUsePromptTokenCount": 102,
                "candidatesTokenCount": 241,
                "thoughtsTokenCount": 412,
                "totalTokenCount": 772,
            }
        ],
        Usage(119, output_tokens=653, reasoning_tokens=412),
    ),
    "the cache is part of the prompt": (
        [
            {
                "promptTokenCount": 17713,
                "cachedContentTokenCount": 17379,
                "thoughtsTokenCount": 821,
                "candidatesTokenCount": 68,
                "totalTokenCount": 18602,
            }
        ],
        Usage(17713, 17379, None, 889, 821),
    ),
    "all spent on thoughts": (
        [{"promptTokenCount": 8, "thoughtsTokenCount": 96, "totalTokenCount": 104}],
        Usage(8, output_tokens=96, reasoning_tokens=96),
    ),
    "a prompt alone": ([{"promptTokenCount": 8, "totalTokenCount": 8}], Usage(8)),
    "the short names": (
        [{"promptTokens": 8, "candidatesTokens": 2, "totalTokens": 10}],
        Usage(8, output_tokens=2),
    ),
}


@pytest.mark.parametrize(("raws", "usage"), GOOGLE.values(), ids=GOOGLE.keys())
def test_google(raws, usage):
    assert google_usage(*raws) == usage


def test_ollama_counts_at_the_end():
    lines = [
        {"message": {"content": "x"}, "done": False},
        {"done": True, "prompt_eval_count": 26, "eval_count": 298},
    ]

    assert last_usage(ollama.Reader(), lines) == Usage(26, output_tokens=298)


def test_ollama_leaves_the_prompt_out_when_it_was_cached():
    assert last_usage(ollama.Reader(), [{"done": True, "eval_count": 298}]) == Usage(output_tokens=298)


counts = st.none() | st.integers(0, 10**6)


@given(st.builds(Usage, counts, counts, counts, counts, counts), counts)
def test_a_part_never_exceeds_its_whole(sent, total):
    usage = reconcile(sent, total)

    if usage.input_tokens is not None:
        assert usage.input_tokens >= (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0)
    if sent.output_tokens is not None:
        assert usage.output_tokens >= (usage.reasoning_tokens or 0)
    assert (usage.note is None) == (usage == sent)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.none() | st.integers()), min_size=1))
def test_repeating_the_last_report_changes_nothing(reports):
    known = {}
    for report in reports:
        merge(known, report)
    before = dict(known)
    merge(known, reports[-1])

    assert known == before


@pytest.mark.parametrize("value", [None, True, -1, "3", 1e300, float("nan"), float("inf"), [], {}])
def test_count_takes_counts_only(value):
    assert count({"a": value}, "a") is None


@pytest.mark.parametrize("value", [None, True, -1, "x", "", "NaN", "Infinity", "-1.5", float("nan"), []])
def test_amount_takes_money_only(value):
    assert amount({"a": value}, "a") is None


def test_the_first_name_that_holds_a_value_counts():
    assert count({"a": None, "b": 3, "c": 4}, "a", "b", "c") == 3
    assert amount({"a": "x", "b": "0.10"}, "a", "b") == "0.10"
