"""Records that claim to come from the future."""

import pytest

from streams.codec.envelope import Fields, make_decode
from streams.live.future import of_the_future
from streams.live.records import PlainRecords
from streams.live.sections import Source
from tests.kafka.live import event
from tests.live.test_tenure import BEGIN_MS, Record

SKEW_MS = 300_000
LATE, LATER = BEGIN_MS + SKEW_MS, BEGIN_MS + SKEW_MS + 1


def record(offset: int, timestamp: int, value: bytes, timestamp_type: int = 0) -> Record:
    """Of u1."""
    return Record(offset, timestamp, b"u1", value, timestamp_type=timestamp_type)


RECORDS = PlainRecords(
    [
        record(0, LATE, event("u1", "used", LATE)),
        record(1, LATER, event("u1", "used", LATE)),
        record(2, LATE, event("u1", "used", LATER)),
        record(3, LATER, event("u1", "used", LATER), timestamp_type=1),
        record(4, LATER, b"no JSON"),
        record(5, LATER, b'{"type": "used", "user_id": "u1"}'),
    ]
)


@pytest.mark.parametrize(("arrival", "found"), [("record", [1, 4, 5]), ("occurred", [2, 3, 4, 5])])
def test_the_arrival_is_compared_with_broker_time(arrival: str, found: list[int]) -> None:
    """The record's, which a broker has set right; or the event's, and that of the record where it does not say."""
    source = Source.model_validate({"topic": "t", "arrival": arrival})
    told = of_the_future(RECORDS, source, make_decode(Fields()), BEGIN_MS)
    assert told == dict.fromkeys(found, "future_timestamp")
