"""Where a replay gets its records: a file of JSON lines, or records and journal that somebody has read from Kafka.

Does not know: Kafka; what is done with the records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from schemas.journal import ClockRecord, RejectionRecord
from streams.codec.envelope import Fields
from streams.codec.journal import decode_journal
from streams.engine.values import instant_ms
from streams.replay.runner import Decisions, OfflineRecord

PartitionOf = Callable[[bytes], int]


def read_lines(
    lines: Iterable[bytes], fields: Fields, partition_of: PartitionOf
) -> Iterator[tuple[int, OfflineRecord]]:
    """(partition, record) for each line, in log order. Empty lines are none.

    The arrival is `arrival_at` if the line has one, else the occurred time; a line that says neither, or is no event,
    arrives with the one before it. Such a line is rejected later, like the same record live.
    """
    offsets: dict[int, int] = {}
    arrival = 0
    for line in lines:
        value = line.strip()
        if not value:
            continue
        key, said = _key_and_arrival(value, fields)
        arrival = arrival if said is None else said
        partition = partition_of(key)
        offset = offsets.get(partition, 0)
        offsets[partition] = offset + 1
        yield partition, OfflineRecord(offset, arrival, key, value)


def _key_and_arrival(value: bytes, fields: Fields) -> tuple[bytes, int | None]:
    try:
        event: Any = orjson.loads(value)
    except orjson.JSONDecodeError:
        return b"", None
    if not isinstance(event, dict):
        return b"", None
    said = event.get("arrival_at", event.get(fields.occurred_at))
    return str(event.get(fields.entity_id, "")).encode("utf-8", "replace"), instant_ms(said)


def read_decisions(journal: Iterable[tuple[int, bytes | None]]) -> Decisions:
    """What (offset, value) records of one journal partition add to its log. Raises BadJournal."""
    clocks: list[tuple[int, int]] = []
    rejections: dict[int, str] = {}
    for offset, value in journal:
        match decode_journal(offset, value):
            case ClockRecord() as tick:
                clocks.append((tick.before, tick.clock))
            case RejectionRecord() as rejection:
                rejections[rejection.offset] = rejection.rejected
    return Decisions(clocks, rejections)
