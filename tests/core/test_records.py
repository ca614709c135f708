"""Whatever a record holds, both engines read the same event from it, or reject it for the same reason."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.codec.careful import Fields
from streams.codec.envelope import PlainReader
from streams.codec.formats import FIELDS, make_reader
from streams.codec.partition import partition_codec
from streams.core.engines import make_processor
from streams.engine.machine import Machine
from streams.language import compile_journey, read_journey
from streams.partition.engine import PartitionEngine
from streams.partition.outcome import Codec
from streams.partition.records import Position
from tests.codec.payloads import ARRIVAL_MS, Written, records, written
from tests.core.test_equal import effects
from tests.laws.effects import same

pytest.importorskip("streams.core.native", reason="the native engine is not built here")

JOURNEY = """\
journey: curious
version: 1
entity: user
events:
  feature_used: {properties: {a: string, b: number, id: timestamp}, sets: {plan: $a, size: $b, due: $id}}
  x: {properties: {a: boolean, b: timestamp, "type": string}, sets: {paid: $a, size: 3, plan: null}}
attributes:
  plan: {type: string, values: [web, a, b], otherwise: b}
  size: {type: number, default: 1.5}
  due: {type: timestamp}
  paid: {type: boolean}
milestones:
  mixed: {when: {count: [feature_used, x], distinct: a, at_least: 3}}
  short: {when: {count: feature_used, where: {a: {starts_with: [w, "é"], known: true}, b: {less_than: 2}}}}
segments:
  sized: {when: {all: [{attribute: size, at_least: 1}, {attribute: plan, in: [web, b]}]}}
  paying: {when: {attribute: paid, is: true}}
  soon: {when: {ahead: {attribute: due}, less_than: 9d}}
  opened: {when: {open: feature_used, closed_by: x, by: a}}
"""
MACHINE = Machine([compile_journey(read_journey(JOURNEY, "it"))])
CODEC = partition_codec(MACHINE)
RENAMED = Fields("a", "kind", "who", "b", "at", "properties")


def engines(codec: Codec = CODEC) -> tuple[PartitionEngine, PartitionEngine]:
    """Both, at the beginning of a partition."""
    return make_processor(MACHINE, codec, "python"), make_processor(MACHINE, codec, "native")


def differ(some: list[Written], codec: Codec = CODEC) -> str:
    """Where their effects differ, if anywhere."""
    plain, fast = engines(codec)
    for processor in (plain, fast):
        assert processor.apply(some, {}, 100) == len(some)
    return same("effects", effects(plain.seal()), effects(fast.seal()))


@settings(max_examples=500, deadline=None)
@given(st.lists(records(Fields()), min_size=1, max_size=3))
def test_both_read_the_same_from_any_record(some: list[Written]) -> None:
    """Mostly in order, now and then something odd in them."""
    numbered = [record._replace(offset=i, timestamp=ARRIVAL_MS + i) for i, record in enumerate(some)]

    assert not differ(numbered)


@settings(max_examples=150, deadline=None)
@given(records(RENAMED))
def test_both_read_the_same_under_other_names(record: Written) -> None:
    """Names that a property has too."""
    assert not differ([record], partition_codec(MACHINE, PlainReader(RENAMED)))


def test_another_envelope_is_read_by_its_own_reader() -> None:
    """The native engine knows the plain one only."""
    codec = partition_codec(MACHINE, make_reader("segment", FIELDS["segment"]))
    call = {"type": "track", "event": "x", "userId": "u1", "messageId": "m1", "properties": {"a": True}}
    record = Written(json.dumps(call).encode())

    plain, fast = engines(codec)
    for processor in (plain, fast):
        processor.apply([record], {}, 100)
    outcome = fast.seal()

    assert outcome.facts.results["applied"] == 1
    assert effects(outcome) == effects(plain.seal())


def test_an_entity_whose_state_cannot_be_read_when_its_step_is_due_is_frozen_by_both() -> None:
    """The rest goes on, and what it does is rejected."""
    states = dict(first_state())
    torn = {key: state[:12] + b"\xc1" + state[13:] for key, state in states.items()}
    plain, fast = engines()
    for processor in (plain, fast):
        processor.load(torn.items())
        processor.loaded(Position(1, ARRIVAL_MS, "", ""))
        processor.tick(ARRIVAL_MS + 10**9)
        assert processor.advance(10)
        processor.apply([written(occurred_at=...)._replace(offset=1, timestamp=ARRIVAL_MS + 10**9)], {}, 10)
        assert (processor.frozen, processor.entities) == (1, 1)
    one, other = plain.seal(), fast.seal()

    assert [why.reason for _, why in other.rejected] == ["engine_error"]
    assert same("effects", effects(one), effects(other)) == ""


def first_state() -> Sequence[tuple[bytes, bytes]]:
    """Of an entity for which something is due."""
    plain, _ = engines()
    due = "2026-03-12T10:00:00.000Z"
    plain.apply([written(properties={"a": "web", "b": 1, "id": due})], {}, 10)
    return plain.seal().states


def test_an_exception_of_the_plain_reader_is_one_of_the_native_engine() -> None:
    """Whoever owns the partition drops it."""

    def fail(_record: object) -> None:
        raise ValueError("secret")

    fast = make_processor(MACHINE, CODEC._replace(decode=fail), "native")  # type: ignore[arg-type]

    with pytest.raises(ValueError, match="secret"):
        fast.apply([written(user_id=7)], {}, 10)


def test_due_steps_come_first() -> None:
    """As in the plain engine, it is an error to forget them."""
    _, fast = engines()
    fast.load(first_state())
    fast.loaded(Position(1, ARRIVAL_MS, "", ""))
    fast.tick(ARRIVAL_MS + 10**9)

    with pytest.raises(AssertionError, match="advance"):
        fast.apply([written()], {}, 10)


def test_definitions_are_journaled_when_they_change() -> None:
    """In front of what they interpret; a restart remembers them."""
    plain, fast = engines()
    for processor in (plain, fast):
        processor.define("d1", "s1")
        processor.define("d1", "s1")
        processor.apply([written()._replace(offset=0)], {0: "future_timestamp"}, 10)
        processor.define("d2", "s1")
    one, other = plain.seal(), fast.seal()

    assert one.journal == other.journal
    assert len(other.journal) == 3
    assert one.position == other.position
