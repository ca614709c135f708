"""The system under test: one partition's processor, fed with lines, and what it published.

Decides: how lines become records and transitions become rows.
Does not know: what is right.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from schemas.journey import Journey
from streams.codec.partition import partition_codec
from streams.core.engines import Engine, make_processor
from streams.engine.machine import Limits, Machine
from streams.language import compile_journey, read_journey
from streams.partition.engine import PartitionEngine
from streams.partition.outcome import Outcome
from streams.replay.runner import OfflineRecord
from tests.laws.journey_conditions import Json, iso
from tests.laws.oracle import Row
from tests.laws.oracle_values import timestamp
from tests.laws.streams_of_events import Line

ALL = 1_000_000
ENGINE: Engine = "auto"
NONE: Mapping[int, str] = {}


class Net(NamedTuple):
    """A row that stands, and whose it is."""

    journey: str
    entity: str
    row: Row


def machine_of(journeys: Sequence[Json], limits: Limits | None = None, *, through_yaml: bool = True) -> Machine:
    """The journeys as a worker has them. Without YAML it is ten times as fast, and nobody asks whether names exist."""
    if through_yaml:
        read = [read_journey(json.dumps(j, ensure_ascii=False), j["journey"]) for j in journeys]
    else:
        read = [Journey.model_validate(j) for j in journeys]
    return Machine([compile_journey(j) for j in read], limits)


codec_of = lru_cache(maxsize=64)(partition_codec)  # a decoder is made of code of its own, and worth keeping


def processor_of(machine: Machine) -> PartitionEngine:
    """A partition at its beginning."""
    return make_processor(machine, codec_of(machine), ENGINE)


def record(offset: int, line: Line) -> OfflineRecord:
    """A line as Kafka would give it."""
    value = {
        "id": line.id,
        "type": line.type,
        "user_id": line.entity,
        "occurred_at": iso(line.occurred),
        "properties": line.properties,
    }
    return OfflineRecord(offset, line.arrival, line.entity.encode(), orjson.dumps(value))


class Records:
    """A log with offsets; ticks take none."""

    def __init__(self, log: Iterable[Line], first: int = 0) -> None:
        self.items: list[OfflineRecord | int] = []  # an int is the clock of a tick
        offset = first
        for line in log:
            if line.type:
                self.items.append(record(offset, line))
                offset += 1
            else:
                self.items.append(line.arrival)


def feed(
    processor: PartitionEngine,
    items: Iterable[OfflineRecord | int],
    batch: int = ALL,
    budget: int = ALL,
    decisions: Mapping[int, str] = NONE,
) -> None:
    """Give it everything in order, as a worker would; nothing is sealed."""
    waiting: list[OfflineRecord] = []
    for item in items:
        if isinstance(item, int):
            apply(processor, waiting, budget, decisions)
            waiting = []
            processor.tick(item)
            advance(processor, budget)
        else:
            waiting.append(item)
            if len(waiting) >= batch:
                apply(processor, waiting, budget, decisions)
                waiting = []
    apply(processor, waiting, budget, decisions)


def apply(
    processor: PartitionEngine, records: Sequence[OfflineRecord], budget: int, decisions: Mapping[int, str]
) -> None:
    """All of the records."""
    taken = 0
    while taken < len(records):
        taken += processor.apply(records[taken:], decisions, budget)
        advance(processor, budget)


def advance(processor: PartitionEngine, budget: int) -> None:
    """All that is due."""
    while not processor.advance(budget):
        pass
    assert not processor.frozen, "a due step has raised"


def run(machine: Machine, log: Iterable[Line], batch: int = ALL, budget: int = ALL) -> Outcome:
    """A partition from its beginning through the log, in one outcome."""
    processor = processor_of(machine)
    feed(processor, Records(log).items, batch, budget)
    return processor.seal()


def transitions(outcomes: Iterable[Outcome]) -> Iterator[dict[str, Any]]:
    """Parsed records, in the order of publication."""
    for outcome in outcomes:
        for _, value in outcome.transitions:
            yield orjson.loads(value)


def row_of(t: dict[str, Any]) -> Net:
    """What of a record counts as the row."""
    at = timestamp(t["effective_at"])
    assert at is not None
    row = Row(t["rule"], t["rule_type"], t["kind"], t["episode"], at, t["from"], t["to"])
    return Net(t["journey"], t["entity_id"], row)


class Dishonest(AssertionError):
    """Revisions that are none."""


def net_rows(published: Iterable[dict[str, Any]]) -> list[Net]:
    """The newest revision of each row, without those that were taken back.

    Raises Dishonest for a revision out of order, one that says nothing new, and two ids for one row.
    """
    newest: dict[str, dict[str, Any]] = {}
    for t in published:
        old = newest.get(t["transition_id"])
        newest[t["transition_id"]] = t
        if t["revision"] != (0 if old is None else old["revision"] + 1):
            raise Dishonest(f"revision {t['revision']} after {old and old['revision']}: {t}")
        if old is None and t["retracted"]:
            raise Dishonest(f"never published, but retracted: {t}")
        if old is not None:
            same, both = row_of(old) == row_of(t), (old["retracted"], t["retracted"])
            if both == (True, True) or (same and both == (False, False)) or (not same and t["retracted"]):
                raise Dishonest(f"no revision: {old} {t}")
    rows = sorted(row_of(t) for t in newest.values() if not t["retracted"])
    keys = {(net.journey, net.entity, net.row.rule, net.row.kind, net.row.episode) for net in rows}
    if len(keys) != len(rows):
        raise Dishonest(f"two ids for one row: {rows}")
    return rows
