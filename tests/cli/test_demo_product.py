"""The simulated product: what it writes, and that it makes happen what the demo is there to show."""

from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.journey import Journey
from schemas.transition import Transition
from streams.cli.demo_processes import JOURNEY
from streams.cli.demo_product import Product, Sent
from streams.codec.partition import partition_codec
from streams.engine.machine import Machine
from streams.language import compile_journey, load_journey
from streams.partition.processor import Processor
from streams.replay.runner import OfflineRecord, replay

START_MS = 1_800_000_000_000
LENGTH_MS = 50_000


@pytest.fixture(scope="module")
def journey() -> Journey:
    """The journey that the demo plays."""
    return load_journey(Path(JOURNEY))


@pytest.fixture(scope="module")
def sent() -> list[Sent]:
    """A run with a few hundred people."""
    return list(Product(1, 400, START_MS, LENGTH_MS))


@pytest.fixture(scope="module")
def events(sent: list[Sent]) -> list[dict[str, Any]]:
    """The events of that run."""
    return [orjson.loads(record.value) for record in sent]


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others() -> None:
    """What a run shows can be shown again."""
    first, again, other = (list(Product(seed, 30, START_MS, LENGTH_MS)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_records_leave_in_order_and_none_after_the_end(sent: list[Sent]) -> None:
    """The one who sends them only has to wait for each."""
    instants = [record.at_ms for record in sent]
    assert instants == sorted(instants)
    assert instants[0] >= START_MS
    assert instants[-1] < START_MS + LENGTH_MS


def test_a_record_is_keyed_by_its_person_and_never_leaves_before_it_happened(
    sent: list[Sent], events: list[dict[str, Any]]
) -> None:
    """The key decides the partition, so it must be the entity's id."""
    for record, event in zip(sent, events, strict=True):
        assert record.key.decode() == event["user_id"]
        assert datetime.fromisoformat(event["occurred_at"]).timestamp() * 1_000 <= record.at_ms


def test_ids_of_a_person_sort_in_the_order_of_what_they_did(events: list[dict[str, Any]]) -> None:
    """So that two events of one millisecond are applied in the order in which they happened."""
    of_person: dict[str, dict[str, str]] = defaultdict(dict)
    for event in events:
        of_person[event["user_id"]][event["id"]] = event["occurred_at"]
    for occurred in of_person.values():
        assert [occurred[id_] for id_ in sorted(occurred)] == sorted(occurred.values())


def test_some_records_come_behind_later_ones_and_some_come_twice(events: list[dict[str, Any]]) -> None:
    """As networks do it; but most are in order."""
    newest: dict[str, str] = {}
    behind = 0
    for event in events:
        behind += event["occurred_at"] < newest.get(event["user_id"], "")
        newest[event["user_id"]] = max(event["occurred_at"], newest.get(event["user_id"], ""))
    twice = [id_ for id_, times in Counter(event["id"] for event in events).items() if times > 1]
    assert 0.005 * len(events) < behind < 0.05 * len(events)
    assert 0.005 * len(events) < len(twice) < 0.02 * len(events)


def test_every_event_of_the_catalogue_is_written_with_its_properties(
    events: list[dict[str, Any]], journey: Journey
) -> None:
    """And one that is not in the catalogue, as products do."""
    written = {event["type"] for event in events}
    assert written - set(journey.events) == {"page_viewed"}
    assert written >= set(journey.events)
    for event in events:
        if event["type"] in journey.events:
            assert set(event["properties"]) <= set(journey.events[event["type"]].properties)


def test_everything_that_the_demo_is_to_show_happens(sent: list[Sent], journey: Journey) -> None:
    """Each milestone, each segment in and out, each drop-off and its recovery, a stay outside, a row taken back."""
    machine = Machine([compile_journey(journey)])
    processor = Processor(machine, partition_codec(machine), future_skew_ms=300_000)
    log = [OfflineRecord(offset, record.at_ms, record.key, record.value) for offset, record in enumerate(sent)]

    rows = [Transition.model_validate_json(v) for outcome in replay(processor, log) for _, v in outcome.transitions]

    happened = {(row.rule, row.kind) for row in rows}
    assert happened >= {(name, "achieved") for name in journey.milestones}
    assert happened >= {(name, kind) for name in journey.segments for kind in ("entered", "exited")}
    assert happened >= {(name, kind) for name in journey.dropoffs for kind in ("dropped_off", "recovered")}
    assert {row.cause for row in rows} == {"event", "time", "deadline", "late_event", "population"}
    assert any(row.retracted for row in rows)
