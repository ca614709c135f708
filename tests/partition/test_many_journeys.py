"""One worker may run more journeys than a number of 64 bits has room for in its census of an entity."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson

from streams.codec.partition import partition_codec
from streams.engine.machine import Machine
from streams.language import compile_journey, load_journey
from streams.partition.processor import Processor
from streams.replay.runner import OfflineRecord

JOURNEY = Path(__file__).parents[2] / "ops/journeys/b2b-trial.yaml"
MARCH_MS = 1_772_400_000_000


def record(offset: int, event: str, at: int) -> OfflineRecord:
    """Of one and the same entity."""
    value = orjson.dumps({"id": str(offset), "type": event, "user_id": "u1", "properties": {}})
    return OfflineRecord(offset, at, b"u1", value)


def test_gauges_of_more_than_64_rules_survive_a_restart() -> None:
    """Every journey counts the entity, in the processor that has read the events and in the one that goes on."""
    plan = compile_journey(load_journey(JOURNEY))
    machine = Machine([replace(plan, journey=f"copy{i}") for i in range(5)])
    processor, other = (Processor(machine, partition_codec(machine)) for _ in range(2))

    processor.apply([record(0, "segment_created", MARCH_MS)], {}, 10)
    first = processor.seal()
    other.load(first.states)
    other.loaded(first.position)
    other.apply([record(1, "campaign_launched", MARCH_MS + 1)], {}, 10)
    gauges = dict(zip(machine.gauges, other.seal().position.gauges, strict=True))

    assert len(machine.gauges) > 64
    achieved = {journey for (journey, gauge), n in gauges.items() if gauge.rule == "onboarded" and n == 1}
    assert achieved == {f"copy{i}" for i in range(5)}


def test_a_member_record_bears_the_time_of_the_last_row_of_its_journey() -> None:
    """However the records are cut into batches."""
    plan = compile_journey(load_journey(JOURNEY))
    events = plan.events
    other = replace(plan, journey="other", events=events, relevant=plan.relevant - {"setup_completed"})
    machine = Machine([plan, other])
    records = [record(0, "segment_created", MARCH_MS), record(1, "setup_completed", MARCH_MS + 1_000)]
    at_once, one_by_one = (Processor(machine, partition_codec(machine)) for _ in range(2))

    at_once.apply(records, {}, 10)
    for one in records:
        one_by_one.apply([one], {}, 10)
    members = dict(at_once.seal().members)

    assert members == dict(one_by_one.seal().members)
    updated = {key: orjson.loads(value or b"")["updated_at"] for key, value in members.items()}
    assert updated[b"b2b-trial/user/u1"] > updated[b"other/user/u1"]
