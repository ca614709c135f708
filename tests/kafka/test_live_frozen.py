"""An entity of which a due step raises: it is frozen and told, before and after a restart; everybody else goes on."""

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kafka.live import App, event
from tests.kafka.scrape import recount, settled

BEGIN_MS = 1_767_225_600_000
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

# A worker whose engine fails at what time alone does to u13, and then does what the command line says.
FAULTY = """\
import os
from streams.partition.processor import TIME_ALONE, Processor

publish = Processor._publish

def faulty(self, key, entity, publications, decided_at, cause):
    if key == b"u13" and cause == TIME_ALONE:
        raise ValueError("secret")
    publish(self, key, entity, publications, decided_at, cause)

Processor._publish = faulty
os.environ["JOURNEYS_ENGINE"] = "python"
from streams.cli.main import app
app()
"""


@pytest.fixture
async def app(broker: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[App]:
    """An app with two partitions, named after the test."""
    async with App(broker, request.node.name[5:45], tmp_path) as app:
        yield app


async def test_a_due_step_that_raises_freezes_its_entity_and_nobody_else(app: App) -> None:
    """Twenty deadlines pass; nineteen drop off. What u13 does afterwards is set aside; a restart changes nothing."""
    await app.write([(f"u{n}", "signed_up", BEGIN_MS + n) for n in range(20)])
    await app.write([(f"u{n}", "used", BEGIN_MS + 10_000 + n) for n in range(20)])
    command = (sys.executable, "-c", FAULTY, "worker", "--journey", app.path)
    first = app.start(*command)
    before = await settled(app, first)
    rows = [json.loads(value) for values in await app.published() for value in values]
    dropped = {row["entity_id"] for row in rows if row["kind"] == "dropped_off"}
    assert dropped == {f"u{n}" for n in range(20)} - {"u13"}
    assert first.says("u13 is frozen: its due step at 2026-01-01T00:00:02.013Z raised ValueError at ") == 1
    assert not first.says("secret")
    assert not first.says("rebuilding")
    assert before["journey_entities_frozen"] == 1
    assert await recount(app) == {name: before[name] for name in await recount(app)}
    assert await first.stop() == 0

    second = app.start(*command)
    await app.write([("u13", "used", BEGIN_MS + 11_000), ("u1", "used", BEGIN_MS + 11_001)])
    after = await settled(app, second)
    assert second.says("u13 is frozen") == 1
    assert after["journey_entities_frozen"] == 1
    copies = [record for records in await app.read("rejected") for record in records]
    assert [(record.key, dict(record.headers)["journeys-reason"]) for record in copies] == [
        (b"u13", b"engine_error")
    ] * 2
    named = [meta["position"]["frozen_entities"] for meta in await app.metas()]
    assert sorted(named) == [[], ["u13"]]


async def test_a_transition_tells_its_age_and_the_trace_of_its_event(app: App) -> None:
    """So that consumers can tell news from what is caught up with, and follow it to where it came from."""
    value = event("u1", "signed_up", BEGIN_MS)
    await app.send(b"u1", value, timestamp_ms=BEGIN_MS, partition=0, headers=[("traceparent", TRACE.encode())])
    await app.send(b"u2", event("u2", "used", BEGIN_MS + 9_000), timestamp_ms=BEGIN_MS + 9_000, partition=0)
    app.start()
    await app.caught_up()
    achieved, dropped = (await app.read("transitions"))[0]
    for row, after_ms in ((achieved, 0), (dropped, 2_000)):
        headers = dict(row.headers)
        assert headers["journeys-schema"] == b"transition/1"
        assert 0 <= row.timestamp - BEGIN_MS - after_ms - int(headers["journeys-age-ms"]) < 10_000
    assert dict(achieved.headers)["traceparent"] == TRACE.encode()
    assert "traceparent" not in dict(dropped.headers)
