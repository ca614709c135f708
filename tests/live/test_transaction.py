"""What surrounds a transaction: copies of records, and requests that were sent twice."""

import asyncio
import logging
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition
from aiokafka.structs import RecordMetadata

from streams.live.errors import Broken
from streams.live.transaction import Resends, appended_at, copy

SENDER = logging.getLogger("aiokafka.producer.sender")


def test_a_copy_keeps_what_it_copies_and_says_where_it_was() -> None:
    """Headers that a record brings come first, even if they have the names of ours."""
    record = SimpleNamespace(
        topic="events", partition=3, offset=17, timestamp=5, key=b"k", value=None, headers=(("journeys-reason", None),)
    )
    key, value, headers = copy(record, "late", ("journeys-journeys", b"a,b"))
    assert (key, value) == (b"k", None)
    assert headers[0] == ("journeys-reason", None)
    assert dict(headers[1:]) == {
        "journeys-reason": b"late",
        "journeys-topic": b"events",
        "journeys-partition": b"3",
        "journeys-offset": b"17",
        "journeys-timestamp": b"5",
        "journeys-journeys": b"a,b",
    }


async def test_a_request_that_was_sent_twice_is_noticed_for_its_producer_alone() -> None:
    """The log of aiokafka does not say whose it is; the context of the task does."""
    one, other = Resends(), Resends()

    async def sender() -> None:
        await asyncio.sleep(0)
        SENDER.warning("Cannot send %r to %s: %r", "EndTxnRequest", 1, "timeout")
        SENDER.warning("Got error produce response on topic-partition %s", "t")

    with one.watching():
        task = asyncio.create_task(sender())
    with other.watching():
        pass
    await task
    SENDER.warning("Could not send %r: %r", "EndTxnRequest", "nobody's")
    assert (one.count, other.count) == (1, 0)


def test_a_journal_without_append_time_breaks_the_lane() -> None:
    """Nobody would know what time it is."""
    tp = TopicPartition("shop.journal", 3)
    assert appended_at(RecordMetadata("shop.journal", 3, tp, 7, 1_000, 1, 0)) == 1_000
    with pytest.raises(Broken, match="LogAppendTime"):
        appended_at(RecordMetadata("shop.journal", 3, tp, 7, -1, 0, 0))
