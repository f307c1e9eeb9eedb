"""Keys are blotted out of the log, whoever adds one meanwhile."""

import logging

import pytest

from hs_notebook.client.connection import logs
from hs_notebook.client.secret import Secret


@pytest.fixture
def as_before():
    keys = logs._filter.keys
    yield
    logs._filter.keys = keys


class Meeting(Secret):
    """A key that meets another on its way: here on the same thread, so that it happens every time."""

    def scrub(self, text):
        logs.hide(Secret("sk-the-next-key"))
        return super().scrub(text)


@pytest.mark.usefixtures("as_before")
def test_a_key_may_come_while_a_line_is_written(caplog):
    logs.hide(Meeting("sk-the-first-key"))
    with caplog.at_level(logging.DEBUG, logger="httpx"):
        for _ in range(2):
            logging.getLogger("httpx").debug("%s and %s", "sk-the-first-key", "sk-the-next-key")
    assert caplog.messages[1] == "*** and ***"
