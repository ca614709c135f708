"""Records written by hand are what the model of a transition would write, for a journey that makes every kind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import get_args

import orjson
import pytest

from schemas.transition import Cause, Evidence, Kind, Transition
from streams.codec.partition import partition_codec
from streams.codec.transition import EVENT_IDS_KEPT, TransitionEncoder, seconds
from streams.engine.machine import Machine
from streams.language import compile_journey, read_journey
from streams.partition.processor import Processor
from streams.replay.runner import OfflineRecord, advance, replay

JOURNEY = """
journey: every-kind
version: 3
entity: user
time: {allowed_lateness: 30d, history_from: 2026-01-01T00:00:00Z}
events: {signed_up: {begins: true}, used: {}, seen: {}, hired: {properties: {staff: boolean}, sets: [staff]}}
attributes: {staff: {type: boolean, default: false}}
population: {attribute: staff, is: false}
anchors: {start: {first: signed_up}}
milestones: {begun: {when: {count: signed_up}}, active: {when: {count: used, at_least: 2}}}
segments:
  fresh: {group: stage, priority: 2, when: {elapsed: start, less_than: 1d}}
  here: {group: stage, priority: 1, when: {count: [signed_up, used], last: 3d}}
dropoffs:
  idle: {after: {last: used}, within: 2d, expect: {count: used}, edge: [begun, active]}
  blind: {after: {last: seen}, within: 1d, expect: {count: used}}
path: [begun, active]
"""
START = datetime(2026, 3, 2, tzinfo=UTC)
AWKWARD = 'ü "1" \\ \u2028 \U0001f600'  # what JSON must escape, and what it may leave alone
FEED = [  # hour of arrival, hour of the event, what it is, who
    (0, 0, "signed_up", AWKWARD),
    (0, 0, "seen", "unknown"),
    (1.0001, 1.0001, "used", AWKWARD),
    (50, 50, "used", AWKWARD),
    (99, 99, "hired", AWKWARD),
    (100, 36, "used", AWKWARD),
]
KEYS = [field.alias or name for name, field in Transition.model_fields.items()]


def ms(hour: float) -> int:
    """An instant, from its hour after START."""
    return round((START + timedelta(hours=hour)).timestamp() * 1_000)


def event(offset: int, arrival: float, hour: float, name: str, entity: str) -> OfflineRecord:
    """A record of the input."""
    value = {
        "id": f"e{offset}",
        "type": name,
        "user_id": entity,
        "account_id": None if entity == "unknown" else AWKWARD,
        "occurred_at": (START + timedelta(hours=hour)).isoformat(),
        "properties": {"staff": True},
    }
    return OfflineRecord(offset, ms(arrival), entity.encode(), orjson.dumps(value))


@cache
def machine() -> Machine:
    """The journey of this module."""
    return Machine([compile_journey(read_journey(JOURNEY, "every-kind.yaml"))])


@cache
def records() -> tuple[bytes, ...]:
    """All records of the feed, in the order of publication."""
    processor = Processor(machine(), partition_codec(machine()))
    feed = [event(offset, *line) for offset, line in enumerate(FEED)]
    outcomes = [*replay(processor, feed), *advance(processor, ms(400))]
    return tuple(record for outcome in outcomes for _, record in outcome.transitions)


def encoder() -> TransitionEncoder:
    """One that has written nothing yet."""
    return TransitionEncoder(machine())


def test_the_feed_makes_every_kind_of_record() -> None:
    """What the other tests say of all records they say of all kinds, causes and optional members."""
    rows = [Transition.model_validate_json(record) for record in records()]

    assert {row.kind for row in rows} == set(get_args(Kind))
    assert {row.cause for row in rows} == set(get_args(Cause)) - {"definition_change"}
    assert {row.retracted for row in rows} == {row.complete for row in rows} == {True, False}
    assert {type(row.seconds_in_previous) for row in rows} == {int, float, type(None)}
    for name in ("account_id", "from_", "to", "edge", "last_reached"):
        assert {getattr(row, name) is None for row in rows} == {True, False}, name
    assert {bool(row.also_matched) for row in rows} == {bool(row.evidence.event_ids) for row in rows} == {True, False}


def test_a_record_has_the_members_of_the_model_in_its_order() -> None:
    """Readers of the raw topic see one layout."""
    for record in records():
        row = orjson.loads(record)
        assert list(row) == KEYS
        assert list(row["evidence"]) == list(Evidence.model_fields)


def test_a_record_is_what_the_model_would_write() -> None:
    """The model, which is slow and obvious, reads each record and writes the same bytes."""
    for record in records():
        assert Transition.model_validate_json(record).model_dump_json().encode() == record


def test_an_id_stands_for_one_row_whatever_its_times() -> None:
    """Revisions of a row share the id; rows of another rule, kind, episode or entity have another."""
    rows = [Transition.model_validate_json(record) for record in records()]
    names = {(row.entity_id, row.rule, row.kind, row.episode): row.transition_id for row in rows}

    assert len(names) < len(rows)
    assert len(set(names.values())) == len(names)
    assert all(row.transition_id == names[row.entity_id, row.rule, row.kind, row.episode] for row in rows)


def test_evidence_names_the_first_events_of_a_step_only() -> None:
    """Many events of one instant do not make a record long."""
    ids = tuple(f"e{n}" for n in range(EVENT_IDS_KEPT + 1))

    assert orjson.loads(encoder().ids(ids)) == list(ids[:-1])


@pytest.mark.parametrize(
    ("day", "week"), [("2026-01-01", "2026-W01"), ("2027-01-03", "2026-W53"), ("2027-01-04", "2027-W01")]
)
def test_a_cohort_is_an_iso_week(day: str, week: str) -> None:
    """Weeks begin on Monday and belong to the year of their Thursday, with a begin marked so or not."""
    number = (datetime.fromisoformat(day) - datetime(1969, 12, 29)).days // 7  # noqa: DTZ001  # two dates

    assert encoder().week(number) == encoder().week(-number) == week


@pytest.mark.parametrize(
    ("length", "text"),
    [(0, "0"), (1_000, "1"), (1, "0.001"), (1_500, "1.5"), (61_020, "61.02"), (10**14, "1" + "0" * 11)],
)
def test_seconds_have_a_point_only_where_they_need_one(length: int, text: str) -> None:
    """A whole number stays one in JSON."""
    assert seconds(length) == text
