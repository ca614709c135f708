"""Running cases: a feed through the same processor as live, in virtual time, and its transitions against the table.

Does not know: files, how a difference is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from schemas.journey import Journey, Time
from streams.codec.partition import partition_codec
from streams.engine.machine import Machine
from streams.engine.values import instant_ms
from streams.language import compile_journey
from streams.language.cases import Case, FeedLine
from streams.language.facts import duration_ms
from streams.partition.outcome import Outcome
from streams.partition.processor import Processor
from streams.replay.runner import OfflineRecord, advance, replay

Row = Mapping[str, Any]


class Difference(NamedTuple):
    """missing: expectations that no row meets. extra: rows that nothing expects. Both empty: the case passes."""

    missing: list[Row]
    extra: list[Row]


def run_case(case: Case, journey: Journey) -> Difference:
    """What differs, if anything. Raises ValueError if the case compares a rule that the journey does not have."""
    strangers = case.only - {*journey.milestones, *journey.segments, *journey.dropoffs}
    if strangers:
        names = ", ".join(sorted(strangers))
        raise ValueError(f"case '{case.name}': `only` names what is no rule of {journey.journey}: {names}")
    outcomes = list(feed(processor_of(case, journey), case.feed))
    for frozen in (frozen for outcome in outcomes for frozen in outcome.frozen):
        raise frozen.error  # that is no difference, but a fault of ours
    return judge(case, (record for outcome in outcomes for _, record in outcome.transitions))


def judge(case: Case, records: Iterable[bytes]) -> Difference:
    """The transitions that the feed has given, against the table of the case."""
    rows = [orjson.loads(record) for record in records]
    rows = [row for row in rows if not case.only or row["rule"] in case.only]
    if case.net:
        newest = {row["transition_id"]: row for row in rows}
        rows = [row for row in newest.values() if not row["retracted"]]
    return compare(case.expect, [{**row, "effective_at": instant_ms(row["effective_at"])} for row in rows])


def processor_of(case: Case, journey: Journey) -> Processor:
    """A new processor with what the case overrides."""
    machine = Machine([compile_journey(with_time(journey, case.time))])
    skew_ms = duration_ms(case.time.get("future_skew") or "5m")
    return Processor(machine, partition_codec(machine), future_skew_ms=skew_ms)


def with_time(journey: Journey, overrides: Mapping[str, Any]) -> Journey:
    """The journey with another `time`; None unsets a key."""
    changed = {key: value for key, value in overrides.items() if key != "future_skew"}
    if not changed:
        return journey
    given = {**journey.time.model_dump(), **changed}
    time = Time.model_validate({key: value for key, value in given.items() if value is not None})
    return journey.model_copy(update={"time": time})


def feed(processor: Processor, lines: Sequence[FeedLine]) -> Iterator[Outcome]:
    """Each line read by itself, ticks where they stand."""
    for offset, line in enumerate(lines):
        if line.event is None:
            yield from advance(processor, line.at)
        else:
            yield from replay(processor, [record(offset, line)])


def record(offset: int, line: FeedLine) -> OfflineRecord:
    """The record of a line, as a producer would have written it."""
    value = {"id": line.id, "type": line.event, "user_id": line.entity, "properties": line.properties}
    return OfflineRecord(
        offset, line.at, line.entity.encode(), orjson.dumps({**value, "occurred_at": line.occurred_at})
    )


def compare(expect: Sequence[Row], rows: Sequence[Row]) -> Difference:
    """Expectations and rows pair off; a row must have every field that its expectation names."""
    missing, extra = list(expect), []
    for row in rows:
        met = next((e for e in missing if all(row[key] == value for key, value in e.items())), None)
        if met is None:
            extra.append(row)
        else:
            missing.remove(met)
    return Difference(missing, extra)
