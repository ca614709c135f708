"""A partition with one small journey, and its records: seconds after BEGIN_MS in, effects out."""

from __future__ import annotations

import json
from typing import Any

from streams.codec.instants import iso
from streams.codec.partition import partition_codec
from streams.engine.machine import Limits, Machine
from streams.language import compile_journey
from streams.partition.outcome import Outcome
from streams.partition.processor import Processor
from streams.replay.runner import OfflineRecord
from tests.language.small import journey

BEGIN_MS = 20_000 * 86_400_000
HOUR_S = 3_600
SECTIONS: dict[str, str | None] = {
    "time": "{allowed_lateness: 1h}",
    "milestones": "{begun: {when: {count: signed_up}}, ready: {when: {count: used, at_least: 3}}}",
    "segments": None,
    "dropoffs": "{lost: {after: {last: [signed_up, used]}, within: 10s, expect: {count: left}}}",
}


def processor(limits: Limits | None = None, dropoffs: str | None = SECTIONS["dropoffs"], **more: Any) -> Processor:
    """At its beginning; `more` are arguments of the processor."""
    machine = Machine([compile_journey(journey(**{**SECTIONS, "dropoffs": dropoffs}))], limits)
    return Processor(machine, partition_codec(machine), **more)


def at(second: float) -> int:
    """That many seconds after BEGIN_MS, in ms."""
    return BEGIN_MS + round(second * 1_000)


def record(offset: int, second: float, kind: str, occurred: float | None = None, **more: Any) -> OfflineRecord:
    """It arrives at that second; it occurred then, or earlier. more: of the envelope, or another key."""
    key = more.pop("key", "u1")
    name = more.pop("id", f"e{offset}")
    when = more.pop("occurred_at", iso(at(second if occurred is None else occurred)))
    value = {"id": name, "type": kind, "user_id": key, "occurred_at": when, "properties": {}, **more}
    return OfflineRecord(offset, at(second), key.encode(), json.dumps(value).encode())


def told(outcome: Outcome) -> list[tuple[str, str, float]]:
    """(kind, rule, seconds after BEGIN_MS) of every record that was published, retracted ones with a minus."""
    rows = [json.loads(value) for _, value in outcome.transitions]
    return [("-" * r["retracted"] + r["kind"], r["rule"], second(r["effective_at"])) for r in rows]


def second(text: str) -> float:
    """RFC 3339 -> seconds after BEGIN_MS."""
    days, clock = text.removesuffix("Z").split("T")
    assert days == iso(BEGIN_MS)[:10]
    hours, minutes, seconds = clock.split(":")
    return int(hours) * HOUR_S + int(minutes) * 60 + float(seconds)


def journaled(outcome: Outcome) -> list[dict[str, Any]]:
    """The records of the journal."""
    return [json.loads(entry) for entry in outcome.journal]
