"""Events in other envelopes, on a live worker; a replay that has the same settings reads them the same way."""

import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.codec.test_formats import CAPTURE, CLOUD, TRACK
from tests.kafka.live import JOURNEYS, App

BEGIN_MS = 1_772_618_400_000
JOURNEY = """\
journey: formats
version: 1
entity: user
events:
  used: {aliases: [feature_used]}
milestones:
  three: {when: {count: used, at_least: 3}}
dropoffs:
  quiet: {after: {last: used}, within: 2s, expect: {count: used}}
"""


@pytest.fixture
async def app(broker: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[App]:
    """An app with two partitions."""
    name = request.node.name[-40:].translate(str.maketrans("[]", ".."))
    async with App(broker, name, tmp_path, journey=JOURNEY) as app:
        yield app


def replayed(app: App, **settings: str) -> list[bytes]:
    """What the command prints that is given nothing but the settings of the worker."""
    command: list[str | Path] = [JOURNEYS, "replay", "--topic", app.input, "--journey", app.path]
    environment = os.environ | app.environment(**settings)
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout.splitlines()


@pytest.mark.parametrize(
    ("form", "spoken", "member"),
    [("cloudevents", CLOUD, "id"), ("segment", TRACK, "messageId"), ("posthog", CAPTURE, "uuid")],
)
async def test_events_in_other_envelopes_are_applied_and_replayed(
    app: App, form: str, spoken: dict[str, object], member: str
) -> None:
    """Three of u1; that of CloudEvents is once in its binary form."""
    for number in range(3):
        members = {**spoken, member: f"e{number}"}
        if form == "cloudevents" and number == 1:
            value = json.dumps(members.pop("data")).encode()
            headers = [(f"ce_{name}", str(text).encode()) for name, text in members.items()]
        else:
            value, headers = json.dumps(members).encode(), []
        await app.send(b"u1", value, timestamp_ms=BEGIN_MS + 1_000 * number, headers=headers)
    app.start(SOURCE__FORMAT=form)
    await app.caught_up()
    published = [value for values in await app.published() for value in values]
    assert [json.loads(value)["rule"] for value in published] == ["three"]
    assert await app.read("rejected") == [[], []]
    assert replayed(app, SOURCE__FORMAT=form) == published


async def test_the_limits_of_the_settings_are_those_of_the_worker(app: App) -> None:
    """Of forty events within the lateness the oldest are folded, so that one before them comes too late."""
    for number in [*range(1, 41), 0]:
        value = json.dumps({"id": f"e{number:02}", "type": "used", "user_id": "u1", "occurred_at": at(number)})
        await app.send(b"u1", value.encode(), timestamp_ms=BEGIN_MS + 60_000)
    limits = {"LIMITS__EVENTS_KEPT": "16"}
    app.start(**limits)
    await app.caught_up()
    (late,) = [record for records in await app.read("late") for record in records]
    assert json.loads(late.value)["id"] == "e00"
    published = [value for values in await app.published() for value in values]
    assert replayed(app, **limits) == published
    assert replayed(app) != published


def at(second: int) -> str:
    """As producers write it."""
    return f"2026-03-04T10:00:{second:02}.000Z"
