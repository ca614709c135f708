"""Time goes on without events, by the broker's clock, and what it does can be replayed."""

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kafka.live import App, event, until


@pytest.fixture
async def app(broker: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[App]:
    """An app with two partitions whose input has append time, and ticks."""
    configs = {"message.timestamp.type": "LogAppendTime"}
    async with App(broker, request.node.name[5:45], tmp_path, ticks=True, configs=configs) as app:
        yield app


async def test_a_deadline_fires_on_a_silent_partition_and_replay_agrees(app: App) -> None:
    """Two seconds after the only event the drop-off is published; the journal says what the clock was."""
    worker = app.start()
    await until("it is open", lambda: worker.says(" open at ") == app.partitions)
    occurred = int(time.time() * 1_000)
    await app.send(b"u1", event("u1", "signed_up", occurred))

    async def dropped() -> bool:
        return sum(map(len, await app.published())) == 2

    await until("hello, and then quiet", dropped)
    await app.caught_up()  # the journal may show a commit later than the transitions
    rows = [json.loads(value) for values in await app.published() for value in values]
    assert [(row["kind"], row["cause"]) for row in rows] == [("achieved", "event"), ("dropped_off", "deadline")]
    clocks = [
        clock for records in await app.read("journal") for r in records if (clock := json.loads(r.value).get("clock"))
    ]
    assert len(clocks) == 1
    assert clocks[0] >= occurred + 2_000
    # One at the opening of each partition, and two that changed something, or one if the machine was very slow.
    assert worker.says(" committed to ") in {3, 4}
    assert await app.published() == await app.expected()


async def test_deadlines_that_fell_due_while_nobody_ran_fire_after_the_restart(app: App) -> None:
    """The first tick after the end of the log brings them. In twenty seconds any machine has stopped a worker."""
    app.path.write_text(app.journey.replace("within: 2s", "within: 20s"))
    first = app.start()
    await app.send(b"u1", event("u1", "signed_up", int(time.time() * 1_000)))
    await app.caught_up()
    assert await first.stop() == 0
    assert sum(map(len, await app.published())) == 1
    app.start()

    async def dropped() -> bool:
        return sum(map(len, await app.published())) == 2

    await until("quiet", dropped)
    await app.caught_up()
    assert await app.published() == await app.expected()
