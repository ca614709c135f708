"""`journeys doctor` on a real cluster: what it finds, and that it changes nothing."""

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.kafka.live import JOURNEYS, App, event
from tests.kafka.test_live_frozen import FAULTY

BEGIN_MS = 1_767_225_600_000


@pytest.fixture
async def app(broker: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[App]:
    """An app with two partitions, named after the test."""
    async with App(broker, request.node.name[5:45], tmp_path) as app:
        yield app


def ask(app: App, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run it with the settings of the app."""
    command: list[str | Path] = [JOURNEYS, "doctor", *options]
    return subprocess.run(
        command, env=app.environment(**settings), capture_output=True, text=True, check=False, cwd=app.folder
    )


def told(app: App, *options: str, **settings: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and the findings by what they are about."""
    said = ask(app, "--json", *options, **settings)
    findings = json.loads(said.stdout)
    assert findings["healthy"] == (said.returncode == 0)
    return said.returncode, {finding["about"]: finding for finding in findings["findings"]}


async def test_it_finds_who_is_missing_what_is_rejected_and_leaves_no_trace(app: App) -> None:
    """First nobody works, then somebody does; the transaction that asks for the time is aborted."""
    await app.send(b"u1", event("u1", "signed_up", BEGIN_MS), timestamp_ms=BEGIN_MS, partition=0)
    await app.send(b"u1", b"no JSON", timestamp_ms=BEGIN_MS, partition=0)
    code, found = told(app)
    assert code == 1
    assert "no worker runs" in found["group"]["next"]
    assert found["lag"] == {"about": "lag", "says": "records to be read, by partition: 0: 2", "next": ""}
    worker = app.start(KAFKA__SESSION_TIMEOUT="60s")
    await app.caught_up()
    code, found = told(app)
    assert code == 1
    rejected = found.pop(f"{app.name}.rejected")
    assert rejected["says"].startswith("not_json 1; from 2")
    assert "tell the producer" in rejected["next"]
    assert [about for about, finding in found.items() if finding["next"]] == []
    assert found["frozen"]["says"] == "nobody"
    assert found["state"]["says"].startswith("of 2 partitions; name --journey files")
    assert "1 workers" in found["group"]["says"]
    assert found["lag"]["says"] == "everything is read"
    assert "aiokafka" in found["versions"]["says"]
    assert await app.published() == await app.expected()  # which reads the journal

    worker.signal(signal.SIGSTOP)  # the group gives it a minute
    await app.send(b"u1", event("u1", "used", BEGIN_MS), timestamp_ms=BEGIN_MS, partition=1)
    _, found = told(app)
    assert found["lag"]["says"] == "partition 1 stands at 0, 1 records before its end"
    assert "/readyz" in found["lag"]["next"]


async def test_it_compares_journey_files_and_limits_with_the_state_and_names_who_is_frozen(app: App) -> None:
    """What a worker would refuse is told before one is started."""
    command = (sys.executable, "-c", FAULTY, "worker", "--journey", app.path)
    await app.write([(f"u{n}", "signed_up", BEGIN_MS + n) for n in range(20)])
    assert ask(app, "--journey", str(app.path)).stdout.count("nothing is stored yet") == 1
    app.start(*command)
    await app.write([(f"u{n}", "used", BEGIN_MS + 10_000 + n) for n in range(20)])
    await app.caught_up()
    code, found = told(app, "--journey", str(app.path))
    assert code == 1
    assert found["state"]["says"] == "of 2 partitions, made by these journeys"
    assert found["frozen"]["says"].startswith("u13: a due step has raised")
    assert "please report it" in found["frozen"]["next"]
    _, found = told(app, "--journey", str(app.path), LIMITS__EVENTS_KEPT="100")
    assert found["state"]["says"].startswith("of partitions 0, 1: made by other journeys or limits")
    assert "take a new name for app" in found["state"]["next"]


async def test_it_says_what_to_do_about_topics_and_where_there_is_no_broker(app: App) -> None:
    """In lines for people; the exit code tells findings from wrong settings."""
    said = ask(app, APP="another")
    assert said.returncode == 1
    assert "!!  topics    another.state: create with 2 partitions" in said.stdout
    assert "next: journeys topics apply" in said.stdout
    assert (
        ask(app, SOURCE__TOPIC="nowhere").returncode,
        ask(app, KAFKA__BOOTSTRAP_SERVERS="127.0.0.1:9").returncode,
    ) == (
        2,
        2,
    )
