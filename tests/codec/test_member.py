"""The record of the members topic: where an entity is now, and a tombstone when it is nowhere."""

from __future__ import annotations

import orjson

from schemas.member import Member
from streams.codec.partition import partition_codec
from streams.engine.machine import Machine
from streams.language import compile_journey, read_journey
from streams.partition.processor import Processor
from streams.replay.runner import OfflineRecord, advance, replay

JOURNEY = """
journey: visits
version: 2
entity: user
events: {came: {}, paid: {}}
milestones: {payer: {when: {count: paid}}}
segments:
  fresh: {group: stage, priority: 2, when: {count: came, last: 1s}}
  known: {group: stage, priority: 1, when: {all: [{milestone: payer}, {count: came}]}}
dropoffs: {gone: {after: {last: came}, within: 2s, expect: {count: came}}}
"""
T = 1_772_445_600_000  # 2026-03-02T10:00:00Z


def processor() -> Processor:
    """A partition of that journey."""
    machine = Machine([compile_journey(read_journey(JOURNEY, "visits.yaml"))])
    return Processor(machine, partition_codec(machine))


def event(offset: int, at: int, name: str) -> OfflineRecord:
    """Of user u1."""
    value = orjson.dumps({"id": f"e{offset}", "type": name, "user_id": "u1"})
    return OfflineRecord(offset, T + at, b"u1", value)


def test_a_member_record_says_where_an_entity_is_and_since_when() -> None:
    """In the order of the schema, which accepts it, and to the letter as pydantic writes it."""
    (outcome,) = replay(processor(), [event(0, 0, "came"), event(1, 500, "paid")])

    ((key, value),) = outcome.members
    assert key == b"visits/user/u1"
    assert value == Member.model_validate_json(value or b"").model_dump_json().encode()
    assert orjson.loads(value) == {
        "journey": "visits",
        "version": 2,
        "entity_type": "user",
        "entity_id": "u1",
        "segments": {"fresh": "2026-03-02T10:00:00.000Z"},
        "groups": {"stage": "fresh"},
        "milestones": {"payer": "2026-03-02T10:00:00.500Z"},
        "dropped": {},
        "complete": True,
        "updated_at": "2026-03-02T10:00:00.500Z",
    }


def test_an_entity_that_is_nowhere_has_a_tombstone() -> None:
    """The only segment has ended, and nothing is achieved; the drop-off comes two seconds after the visit."""
    partition = processor()
    list(replay(partition, [event(0, 0, "came")]))

    (left,) = advance(partition, T + 1_000)
    (dropped,) = advance(partition, T + 2_000)

    assert left.members == [(b"visits/user/u1", None)]
    assert orjson.loads(dict(dropped.members)[b"visits/user/u1"] or b"")["dropped"] == {
        "gone": "2026-03-02T10:00:02.000Z"
    }


def test_gauges_and_outcomes_of_instances_add_up() -> None:
    """Population, achieved, in a segment, pending; and armed = met + dropped + cancelled + pending."""
    partition = processor()
    facts, position = [], partition.seal().position
    for outcome in (
        *replay(partition, [event(0, 0, "came"), event(1, 500, "paid"), event(2, 1_500, "came")]),
        *advance(partition, T + 9_000),
    ):
        facts.append(outcome.facts.instances)
        position = outcome.position

    gauges = {gauge.rule: n for (_, gauge), n in zip(partition.machine.gauges, position.gauges, strict=True)}
    assert gauges == {"": 1, "payer": 1, "fresh": 0, "known": 1, "gone": 0}
    armed, met, dropped, cancelled, followed = (sum(n) for n in zip(*facts, strict=True))
    assert (armed, met, dropped, cancelled, followed) == (1, 0, 1, 0, 1)
