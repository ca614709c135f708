"""What events say is in nothing that others read: not in logs, metrics, transitions, members, or a crash."""

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import pytest

from schemas.rejection import Reason
from tests.kafka.live import App, event
from tests.kafka.scrape import ask

BEGIN_MS = 1_767_225_600_000
DAY_MS = 86_400_000
CANARY = "canary-7f3a"

JOURNEY = """\
journey: trial
version: 1
entity: user
title: A trial
owner: tests
goal: {kpi: activation, direction: up}
time: {allowed_lateness: 1h}
events:
  signed_up: {begins: true}
  used: {properties: {feature: string, area: string}}
  changed: {properties: {email: string, plan: string}, sets: [email, plan]}
attributes:
  email: {type: string, pii: true}
  plan: {type: string}
population: {not: {attribute: email, ends_with: ["@acme.test"]}}
milestones:
  hello: {when: {count: signed_up}}
  used_it: {when: {count: used, where: {feature: {starts_with: "canary"}}}}
segments:
  known: {when: {attribute: email, known: true}}
  planned: {when: {attribute: plan, starts_with: "canary"}}
dropoffs:
  quiet: {after: {last: used}, within: 2s, expect: {count: used, distinct: area, at_least: 3}}
"""

# The command line, with an engine that fails at one event, and a worker that fails at another; both say too much.
TALKATIVE = """\
import os
from streams.live import lane
from streams.partition.processor import Processor

def faulty(self, r, *rest, receive=Processor._receive):
    if b"poison" in r.value:
        raise ValueError("cannot apply " + str(r.value))
    return receive(self, r, *rest)

def decide(self, records, decide=lane.Lane._decide):
    if any(record.value and b"deadly" in record.value for record in records):
        raise ValueError("cannot decide about " + str([record.value for record in records]))
    return decide(self, records)

Processor._receive = faulty
os.environ["JOURNEYS_ENGINE"] = "python"
lane.Lane._decide, lane.MOST_FAULTS = decide, 1
from streams.cli.main import app
app()
"""


@pytest.fixture
async def app(broker: str, tmp_path: Path) -> AsyncIterator[App]:
    """An app with one partition."""
    async with App(broker, "canary", tmp_path, partitions=1, journey=JOURNEY) as app:
        yield app


def telling(kind: str, second: int, **properties: object) -> bytes:
    """An event of u1 whose properties have the canary, those that are declared and others."""
    told = {
        "email": f"{CANARY}@example.org",
        "plan": CANARY,
        "feature": CANARY,
        "area": CANARY,
        CANARY: {CANARY: [CANARY]},
    }
    return event("u1", kind, BEGIN_MS + second * 1_000, **told, **properties)


async def write(app: App) -> None:
    """Events that are applied, irrelevant, late, and rejected for every reason that depends on the record."""
    good = [telling("signed_up", 0), telling("changed", 1), telling("used", 2), telling("used", 9), telling(CANARY, 9)]
    bad = [
        CANARY.encode(),
        json.dumps(CANARY).encode(),
        json.dumps({"type": CANARY, CANARY: CANARY}).encode(),
        json.dumps({"type": CANARY, "user_id": {CANARY: CANARY}}).encode(),
        json.dumps({"type": CANARY, "user_id": "u1", "occurred_at": CANARY}).encode(),
        json.dumps({"type": CANARY, "user_id": CANARY}).encode(),
        json.dumps({"type": CANARY, "user_id": "u1", "occurred_at": "2099-01-01T00:00:00Z"}).encode(),
        f'{{"{CANARY}": {"[" * 50}"{CANARY}"{"]" * 50}}}'.encode(),
        telling("used", 9, long=CANARY * 30_000),
        telling("used", 9, note="poison"),
    ]
    headers = [(CANARY, CANARY.encode())]
    for value in (*good, *bad):
        await app.send(b"u1", value, headers=headers, timestamp_ms=BEGIN_MS + 10_000)
    await app.send(CANARY.encode(), None, headers=headers, timestamp_ms=BEGIN_MS + DAY_MS)
    await app.send(b"u1", telling("used", 11), headers=headers, timestamp_ms=BEGIN_MS + DAY_MS)
    await app.send(b"u2", event("u2", "signed_up", BEGIN_MS + DAY_MS), timestamp_ms=BEGIN_MS + DAY_MS)
    await app.send(b"u1", telling("used", 12), headers=headers, timestamp_ms=BEGIN_MS + DAY_MS)


async def test_a_canary_in_every_event_is_seen_by_nobody(app: App) -> None:
    """But in the topics that are for copies; and the journey did depend on it."""
    await write(app)
    command = (sys.executable, "-c", TALKATIVE, "worker", "--journey", app.path, "--log-level", "debug")
    worker = app.start(*command, LOG__FORMAT="json")
    await app.caught_up()
    metrics = (await ask(worker, "/metrics")).text
    assert 'result="late"' in metrics
    assert CANARY not in metrics

    reasons = {dict(record.headers)["journeys-reason"].decode() for record in (await app.read("rejected"))[0]}
    assert reasons == set(get_args(Reason))
    rows = [json.loads(value) for value in (await app.published())[0]]
    assert {"used_it", "planned", "known", "quiet"} <= {row["rule"] for row in rows}

    await app.send(b"u1", telling("used", 13, note="deadly"), timestamp_ms=BEGIN_MS + DAY_MS)
    assert await worker.end() == 70
    said = worker.log.read_text()
    assert {"ValueError", "Poisoned"} <= {json.loads(line).get("error") for line in said.splitlines()}
    assert "ValueError at " in said
    assert "please report it" in said
    assert CANARY not in said
    assert len((await app.read("late"))[0]) == 2
    for topic in ("transitions", "members", "journal"):
        for record in (await app.read(topic))[0]:
            assert CANARY.encode() not in (record.key or b"") + (record.value or b"") + repr(record.headers).encode()
