"""What a worker says: for people or for machines, and never what somebody's event said."""

import asyncio
import io
import json
import logging

import pytest
from aiokafka.errors import MessageSizeTooLargeError

from streams.live.logs import Discreet, JsonLines, Lines, tell_failures

CANARY = "alice@example.org"


class Told:
    """What a handler with this formatter has written."""

    def __init__(self, formatter: logging.Formatter) -> None:
        self.text = io.StringIO()
        handler = logging.StreamHandler(self.text)
        handler.setFormatter(formatter)
        handler.addFilter(Discreet())
        self.root = logging.Logger("root", logging.DEBUG)  # noqa: LOG001  # of its own, beside that of the tests
        self.root.addHandler(handler)

    def logger(self, name: str) -> logging.Logger:
        """One that tells only here."""
        found = logging.Logger(name, logging.DEBUG)  # noqa: LOG001
        found.parent = self.root
        return found


def fail() -> None:
    """As a library may."""
    raise ValueError(f"cannot read {CANARY}")


def test_a_json_line_has_what_its_message_was_made_of() -> None:
    """With the time to the millisecond."""
    told = Told(JsonLines())
    told.logger("streams.live.lane").info("partition %(partition)d open at %(offset)d", {"partition": 3, "offset": 70})
    told.logger("streams.live.app").warning("%s: leaving", "SIGTERM")
    first, second = (json.loads(line) for line in told.text.getvalue().splitlines())
    assert first.pop("time").endswith("Z")
    assert first == {"level": "info", "message": "partition 3 open at 70", "partition": 3, "offset": 70}
    assert (second["level"], second["message"]) == ("warning", "SIGTERM: leaving")


@pytest.mark.parametrize("formatter", [Lines("%(message)s"), JsonLines()])
def test_a_traceback_shows_where_and_not_what(formatter: logging.Formatter) -> None:
    """A message may hold what an event said."""
    told = Told(formatter)
    try:
        fail()
    except ValueError:
        told.logger("streams.live.app").exception("it has failed")
    text = told.text.getvalue()
    assert "it has failed" in text
    assert "test_logs.py" in text
    assert "in fail" in text
    assert "ValueError" in text
    assert CANARY not in text


def test_an_error_that_a_library_mentions_is_told_by_its_place() -> None:
    """All but those of Kafka and of the network, which are there to be read."""
    told = Told(Lines("%(message)s"))
    try:
        fail()
    except ValueError as error:
        told.logger("mode").error("[%s] Crashed reason=%r", "Membership", error)
    told.logger("mode").error("%r", MessageSizeTooLargeError("too large"))
    first, second = told.text.getvalue().splitlines()
    assert first.startswith("[Membership] Crashed reason='ValueError at test_logs.py:")
    assert "too large" in second


def test_what_aiokafka_says_again_and_again_is_told_now_and_then() -> None:
    """And its warnings not at all."""
    told = Told(Lines("%(message)s"))
    for _ in range(5):
        told.logger("aiokafka.conn").error("no connection")
        told.logger("aiokafka.conn").warning("a rebalance")
    assert told.text.getvalue().splitlines() == ["no connection"]


async def test_what_nobody_waits_for_is_told_by_its_place(caplog: pytest.LogCaptureFixture) -> None:
    """Asyncio itself would tell the message."""

    async def forgotten() -> None:
        fail()

    loop = asyncio.get_running_loop()
    tell_failures(loop)
    task = asyncio.ensure_future(forgotten())
    await asyncio.wait([task])
    del task
    await asyncio.sleep(0)
    loop.set_exception_handler(None)
    assert "Task exception was never retrieved: ValueError at test_logs.py:" in caplog.text
    assert CANARY not in caplog.text
