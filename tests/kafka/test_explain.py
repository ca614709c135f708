"""`journeys explain` on a real broker: the log of the partition, and what the worker has stored."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams.live.partitioner import partition_of
from tests.kafka.live import JOURNEYS, App, event
from tests.replay.recompute import Json, decisions

BEGIN_MS = 1_767_225_600_000


@pytest.fixture
async def app(broker: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[App]:
    """An app with three partitions that a worker has read to the end; zoe was sent by a producer with its own ways."""
    async with App(broker, request.node.name[5:45], tmp_path, partitions=3) as app:
        await app.write(
            [("ann", "signed_up", BEGIN_MS), ("bob", "used", BEGIN_MS + 600), ("ann", "used", BEGIN_MS + 9_000)]
        )
        stray = {"partition": (partition_of(b"zoe", 3) + 1) % 3, "timestamp_ms": BEGIN_MS + 9_000}
        await app.send(b"zoe", event("zoe", "used", BEGIN_MS), **stray)
        app.start()
        await app.caught_up()
        await app.workers[-1].stop()
        yield app


def explain(app: App, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command with the settings of the app."""
    command: list[str | Path] = [JOURNEYS, "explain", *arguments, "--journey", app.path]
    return subprocess.run(command, env=app.environment(), capture_output=True, text=True, check=False)


def journey(result: subprocess.CompletedProcess[str]) -> Json:
    """The one journey that was explained."""
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)["journeys"][0]


async def test_topic_and_state_tell_the_same_of_an_entity(app: App) -> None:
    """The log with its journal, and what the worker has made of it."""
    replayed = journey(explain(app, "ann", "--topic", app.input, "--json"))
    stored = journey(explain(app, "ann", "--state", "--json"))

    told = decisions(stored)
    assert told == decisions(replayed)
    assert (told["hello"], told["activated"], told["quiet"]) == (True, False, "pending")
    assert stored["dropoffs"][0]["history"][-1]["what"] == "armed"
    early = journey(explain(app, "ann", "--topic", app.input, "--json", "--at", "2026-01-01T00:00:05Z"))
    assert decisions(early)["quiet"] == "open"


async def test_an_entity_is_found_wherever_its_producer_has_put_it(app: App) -> None:
    """First where Kafka's default partitioner puts the key, then in the other partitions."""
    for source in (["--topic", app.input], ["--state"]):
        assert decisions(journey(explain(app, "zoe", *source, "--json")))["hello"] is False


async def test_an_unknown_entity_is_told_apart_from_other_journeys(app: App) -> None:
    """The first is nobody; the second asks with a file that the state was not made by."""
    for source in (["--topic", app.input], ["--state"]):
        unknown = explain(app, "eve", *source)
        assert (unknown.returncode, unknown.stdout) == (1, "")
        assert unknown.stderr.startswith("eve: ")

    app.path.write_text(app.journey.replace("at_least: 3", "at_least: 4"))
    other = explain(app, "ann", "--state")
    assert other.returncode == 1
    assert "the state was made by other journeys" in other.stderr


async def test_a_topic_that_does_not_exist_is_a_usage_error(app: App) -> None:
    """With the topic's name."""
    result = explain(app, "ann", "--topic", "nowhere")

    assert result.returncode == 2
    assert "there is no topic nowhere" in result.stderr
