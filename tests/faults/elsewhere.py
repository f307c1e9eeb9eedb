"""Scenarios that other tests cover, each with its test: docs/faults.md shows them in a table of their own."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ELSEWHERE", "Elsewhere"]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A scenario that another test covers.

    Attributes:
        name: As a scenario's.
        wire: As a scenario's.
        comes: What must come of it, for people.
        test: The name of that test's function.
    """

    name: str
    wire: str
    comes: str
    test: str


ELSEWHERE: tuple[Elsewhere, ...] = (
    Elsewhere(
        "F01 at every byte",
        "RST, FIN or a clean end at each byte of a stream in turn",
        "whole, one run",
        "test_cut_at_every_byte_with_a_server_that_kept_it",
    ),
    Elsewhere(
        "F01 in each shape",
        "the same for each provider's shape and framing: replayed, sent again, continued",
        "whole",
        "test_cut_at_every_byte_of_each_shape",
    ),
    Elsewhere("F05 refused", "nothing listens", "`NotReachedError` after all retries", "test_refused"),
    Elsewhere("F05 no such host", "no address for the name", "`NotReachedError`", "test_unknown_host"),
    Elsewhere("F05 TLS", "the TLS handshake hangs", "`NotReachedError`", "test_tls_handshake_that_hangs"),
    Elsewhere(
        "F05 stopped",
        "■ while it connects to a host that is not there",
        "it ends within 200 ms",
        "test_stop_while_connecting_to_a_dead_host",
    ),
    Elsewhere(
        "F06 a date",
        "429 with Retry-After as an HTTP date",
        "it waits until then",
        "test_retry_after_as_a_date",
    ),
    Elsewhere(
        "F16 a gateway killed",
        "kill -9 of the gateway in the middle of an answer",
        "whole, by another gateway; started over, which is said",
        "test_a_gateway_that_is_killed",
    ),
    Elsewhere(
        "F16 from disk",
        "kill -9, and the next gateway has the events on disk",
        "replayed as far as they go",
        "test_an_answer_cut_by_a_kill_is_served_as_far_as_it_went_and_then_generated_anew",
    ),
    Elsewhere(
        "F17 a kernel killed",
        "kill -9 of the kernel, and the cell is run again",
        "whole by replay, no token twice",
        "test_a_killed_kernel_costs_no_word_and_no_token",
    ),
    Elsewhere(
        "F18 stopped",
        "■ once, in each phase of a stream",
        "it ends within 200 ms; nothing is left behind",
        "test_stop_while_the_connection_is_open",
    ),
    Elsewhere(
        "F18 again and again",
        "a hundred streams are stopped twice and more",
        "no connection, no slot is lost",
        "test_a_hundred_streams_stopped_again_and_again_leave_nothing",
    ),
    Elsewhere("F18 while waiting", "■ while it backs off", "it ends at once", "test_stop_while_backing_off"),
    Elsewhere(
        "F19 many readers",
        "many clients resume one stream, from many places",
        "each has all of it",
        "test_many_readers_follow_from_many_places_while_it_is_written",
    ),
    Elsewhere(
        "F20 a slow reader",
        "chunks are read slower than they come",
        "the server is held back; none is missed",
        "test_a_slow_reader_holds_the_server_back_and_misses_nothing",
    ),
    Elsewhere(
        "F21 a long line",
        "an event of more than 16 MiB",
        "`ProtocolError`, in time linear in its size",
        "test_an_event_over_the_limit_is_an_error_and_no_hang",
    ),
    Elsewhere(
        "F21 single bytes",
        "a megabyte byte by byte",
        "whole, in linear time",
        "test_a_megabyte_in_single_bytes_is_fast_enough",
    ),
    Elsewhere(
        "F21 comments",
        "megabytes of comments",
        "whole, and no memory is kept",
        "test_many_small_comments_are_no_large_event",
    ),
    Elsewhere(
        "F24 bytes too many",
        "bytes after the end of a body, on a connection that is used again",
        "the next answer is whole, on a new connection",
        "test_bytes_too_many_after_an_answer_do_not_spoil_the_next",
    ),
    Elsewhere(
        "F30 at once",
        "ten streams break at once, and two more wait for their turn",
        "all whole, each run once; they come back one by one",
        "test_ten_streams_and_two_more_that_break_at_once",
    ),
    Elsewhere(
        "F30 in order",
        "a stream breaks while others wait for its slot",
        "who comes back goes first",
        "test_those_who_come_back_go_first",
    ),
    Elsewhere(
        "F31 for ever",
        "each connection brings one event, of a hundred",
        "`CutError` after twenty requests",
        "test_a_line_that_flaps_for_ever_comes_to_an_end",
    ),
    Elsewhere(
        "F32 suspended",
        "the client's process sleeps for longer than three heartbeats",
        "whole, one replay at most",
        "test_a_client_that_sleeps",
    ),
    Elsewhere(
        "F33 kept no more",
        "the gateway has let go of it",
        "410",
        "test_an_answer_is_let_go_of_after_its_time",
    ),
    Elsewhere(
        "F34 a key twice",
        "a key for another request than before",
        "409; nothing is attached",
        "test_a_key_for_another_request_is_refused",
    ),
    Elsewhere(
        "P1", "the same bytes cut anywhere", "the same chunks", "test_any_chunking_gives_the_same_chunks"
    ),
    Elsewhere("P2 to P7", "any sequence of faults", "the promises hold", "test_any_schedule_of_faults"),
)
