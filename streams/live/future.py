"""Records that claim to come from the future, by broker time: the log does not show it, so it is decided here.

Their arrival lies after the broker's time by more than `source.future_skew` (time.md section 1). They are rejected and
journaled, and are no time: one event dated 2099 fires nothing.
Does not know: what is done about them.
"""

from __future__ import annotations

from collections.abc import Callable

from schemas.rejection import Reason
from streams.live.records import CREATE_TIME, InputRecord, Records
from streams.live.sections import Source
from streams.partition.records import Decode, Rejected

FUTURE: Reason = "future_timestamp"


def of_the_future(records: Records, source: Source, decode: Decode, now_ms: int) -> dict[int, str]:
    """Offset -> reason. now_ms: broker time."""
    latest = now_ms + source.future_skew_ms
    if source.arrival == "occurred":
        arrival = occurred_first(decode)
        return {record.offset: FUTURE for record in records if arrival(record) > latest}
    return dict.fromkeys(records.later(latest), FUTURE)


def appended(record: InputRecord) -> int:
    """The record's own time, ms; 0 where a broker has set it."""
    return record.timestamp if record.timestamp_type == CREATE_TIME else 0


def occurred_first(decode: Decode) -> Callable[[InputRecord], int]:
    """When the event occurred; where it does not say, or is none, as `appended`."""

    def arrival(record: InputRecord) -> int:
        event = decode(record)
        told = None if isinstance(event, Rejected) else event.occurred
        return appended(record) if told is None else told

    return arrival
