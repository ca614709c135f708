"""Records that are no events, come too late or cannot be applied: set aside as they came, and the rest goes on."""

import json
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from tests.kafka.live import App, event

BEGIN_MS = 1_767_225_600_000
HOUR_MS = 3_600_000
YEAR_2099_MS = 4_070_908_800_000

# A worker whose engine fails at one event, and then does what the command line says.
FAULTY = """\
import os
from streams.partition.processor import Processor

def faulty(self, r, *rest, receive=Processor._receive):
    if b"poison" in r.value:
        raise ValueError("secret: " + str(r.value))
    return receive(self, r, *rest)

Processor._receive = faulty
os.environ["JOURNEYS_ENGINE"] = "python"
from streams.cli.main import app
app()
"""


@pytest.fixture
async def app(broker: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[App]:
    """An app with one partition, named after the test."""
    async with App(broker, request.node.name[5:45], tmp_path, partitions=1) as app:
        yield app


async def test_a_record_that_is_no_event_is_rejected_with_its_bytes(app: App) -> None:
    """Key, value and headers as they were, and ours behind them."""
    await app.send(b"u1", event("u1", "signed_up", BEGIN_MS), timestamp_ms=BEGIN_MS)
    bad, own = b'{"type": \xff', [("trace", b"7"), ("journeys-reason", b"old")]
    await app.send(b"u1", bad, headers=own, timestamp_ms=BEGIN_MS + 1)
    await app.send(b"u1", None, timestamp_ms=BEGIN_MS + 2)
    await app.send(b"u1", event("u1", "used", BEGIN_MS + 3), timestamp_ms=BEGIN_MS + 3)
    app.start()
    await app.caught_up()
    first, second = (await app.read("rejected"))[0]
    assert (first.key, first.value, list(first.headers[:2])) == (b"u1", bad, own)
    assert dict(first.headers[2:]) == {
        "journeys-reason": b"not_json",
        "journeys-topic": app.input.encode(),
        "journeys-partition": b"0",
        "journeys-offset": b"1",
        "journeys-timestamp": b"%d" % (BEGIN_MS + 1),
    }
    assert (second.key, second.value) == (b"u1", None)
    assert dict(second.headers)["journeys-reason"] == b"not_an_object"
    assert await app.published() == await app.expected()


async def test_records_are_read_in_every_compression_that_producers_have(app: App) -> None:
    """Each producer chooses its own; what was said is the same."""
    kinds = (None, "gzip", "snappy", "lz4", "zstd")
    for number, kind in enumerate(kinds):
        producer = AIOKafkaProducer(bootstrap_servers=app.bootstrap, compression_type=kind)
        await producer.start()
        for user in (f"{kind}-1", f"{kind}-2"):
            value = event(user, "signed_up", BEGIN_MS, note="again and " * 200)
            await producer.send(app.input, value, user.encode(), timestamp_ms=BEGIN_MS + number)
        await producer.stop()
    app.start()
    await app.caught_up()
    rows = [json.loads(value) for value in (await app.published())[0]]
    assert [row["entity_id"] for row in rows] == [f"{kind}-{n}" for kind in kinds for n in (1, 2)]
    assert await app.published() == await app.expected()


async def test_a_record_that_is_too_late_is_copied_with_the_names_of_the_journeys(app: App) -> None:
    """Beyond the lateness an event changes nothing."""
    await app.write([("u1", "signed_up", BEGIN_MS), ("u1", "used", BEGIN_MS + 3 * HOUR_MS)])
    value = event("u1", "used", BEGIN_MS + HOUR_MS)
    await app.send(b"u1", value, timestamp_ms=BEGIN_MS + 3 * HOUR_MS)
    app.start()
    await app.caught_up()
    (late,) = (await app.read("late"))[0]
    assert (late.key, late.value) == (b"u1", value)
    assert dict(late.headers)["journeys-reason"] == b"late"
    assert dict(late.headers)["journeys-journeys"] == b"trial"
    assert await app.published() == await app.expected()


async def test_a_record_of_the_future_is_rejected_by_broker_time_and_journaled(app: App) -> None:
    """The input has producer timestamps; broker time is not in the log, so the decision is written down."""
    now = int(time.time() * 1_000)
    await app.write([("u1", "signed_up", now - 60_000), ("u1", "used", now + HOUR_MS), ("u1", "used", now - 30_000)])
    app.start()
    await app.caught_up()
    (rejected,) = (await app.read("rejected"))[0]
    assert dict(rejected.headers)["journeys-reason"] == b"future_timestamp"
    journal = [json.loads(record.value) for record in (await app.read("journal"))[0]]
    assert {"offset": 1, "rejected": "future_timestamp"} in journal
    assert (await app.metas())[0]["position"]["clock"] == now - 30_001
    assert await app.published() == await app.expected()


async def test_where_the_events_tell_the_time_one_of_the_year_2099_fires_nothing(app: App) -> None:
    """`source.arrival: occurred`: it is rejected as the future's, and the clock stays with the others."""
    now = int(time.time() * 1_000)
    await app.write([("u1", "signed_up", now - 60_000)])
    await app.send(b"u2", event("u2", "signed_up", YEAR_2099_MS), timestamp_ms=now - 59_000)
    await app.write([("u1", "used", now - 59_500)])
    app.start(SOURCE__ARRIVAL="occurred")
    await app.caught_up()
    (rejected,) = (await app.read("rejected"))[0]
    assert dict(rejected.headers)["journeys-reason"] == b"future_timestamp"
    rows = [json.loads(value) for value in (await app.published())[0]]
    assert [(row["entity_id"], row["kind"]) for row in rows] == [("u1", "achieved")]
    assert (await app.metas())[0]["position"]["clock"] == now - 59_501
    assert await app.published() == await app.expected()


async def test_a_record_at_which_the_engine_fails_is_set_aside_alone(app: App) -> None:
    """The batch is halved until the record is alone; what it holds is not told to the log."""
    rest = [(f"u{n}", "signed_up", BEGIN_MS + n) for n in range(40)]
    await app.write(rest[:20])
    value = event("u5", "used", BEGIN_MS + 20, note="poison")
    await app.send(b"u5", value, timestamp_ms=BEGIN_MS + 20)
    await app.write(rest[20:])
    worker = app.start(sys.executable, "-c", FAULTY, "worker", "--journey", app.path)
    await app.caught_up()
    (rejected,) = (await app.read("rejected"))[0]
    assert (rejected.value, dict(rejected.headers)["journeys-offset"]) == (value, b"20")
    assert dict(rejected.headers)["journeys-reason"] == b"engine_error"
    published = await app.published()
    assert published == await app.expected()
    assert len(published[0]) == len(rest)
    assert worker.says("ValueError at ")
    assert not worker.says("secret")
