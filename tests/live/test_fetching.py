"""What the native engine reads from fetched bytes is what aiokafka reads from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy
from hypothesis import given
from hypothesis import strategies as st

from streams.live.errors import Misconfigured
from streams.live.fetching import in_batches, partition_records
from streams.live.records import PlainRecords, Records, joined

pytest.importorskip("streams.core.native", reason="the native engine is not built here")

TP = TopicPartition("events", 3)
TIME_MS = 1_772_618_400_000
APPENDED, CONTROL = 0x08, 0x20
CRC_AT, ATTRIBUTES_AT, MAX_TIMESTAMP_AT = 17, 21, 35
ABORT, COMMIT = b"\x00\x00\x00\x00", b"\x00\x00\x00\x01"  # keys of markers: version and type

SOME = st.none() | st.binary(max_size=20) | st.sampled_from([64, 8_192, 70_000]).map(bytes)
HEADERS = st.lists(st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=5)), max_size=2)
ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(-5_000, 10**9), SOME, SOME, HEADERS), max_size=5)


def batch(  # noqa: PLR0913  # what may be odd about one
    first: int, rows: Sequence[Any], compression: int = 0, producer: int = -1, *, appended: bool = False, tail: int = 0
) -> bytes:
    """As a broker keeps it; rows: how many offsets are left out before each, and its fields; tail: behind the last."""
    made = DefaultRecordBatchBuilder(2, compression, producer >= 0, producer, 0, 0, 10**9)
    offset = 0
    for gap, ms, key, value, headers in rows:
        offset += gap
        made.append(offset, TIME_MS + ms, key, value, headers)
        offset += 1
    out = bytearray(made.build())
    out[:8] = first.to_bytes(8)
    out[23:27] = max(0, offset - 1 + tail).to_bytes(4)  # the builder counts records, a broker offsets
    if appended:
        out[ATTRIBUTES_AT + 1] |= APPENDED
        out[MAX_TIMESTAMP_AT : MAX_TIMESTAMP_AT + 8] = (TIME_MS + 7).to_bytes(8)
    return signed(out)


def signed(data: bytearray) -> bytes:
    """With the checksum of what is in it."""
    from aiokafka.record.util import calc_crc32c  # noqa: PLC0415

    data[CRC_AT:ATTRIBUTES_AT] = calc_crc32c(bytes(data[ATTRIBUTES_AT:])).to_bytes(4)
    return bytes(data)


def fetched(data: bytes, offset: int, aborted: Any = ()) -> tuple[Any, Any]:
    """The same bytes for aiokafka and for us."""
    rest = (None, None, True, READ_COMMITTED)
    plain = PartitionRecords(TP, MemoryRecords(data), aborted, offset, *rest)
    return plain, partition_records(TP, _MemoryRecordsPy(data), aborted, offset, None, in_batches, *rest[2:])


def told(records: Records) -> list[tuple[object, ...]]:
    """Everything that is known of each."""
    return [(r.topic, r.partition, r.offset, r.timestamp, r.timestamp_type, r.key, r.value, r.headers) for r in records]


@given(
    st.lists(st.tuples(ROWS, st.integers(0, 4), st.booleans(), st.integers(0, 2), st.integers(0, 3)), max_size=4),
    st.integers(0, 12),
    st.data(),
)
def test_both_read_the_same_records(made: Any, skipped: int, data: st.DataObject) -> None:
    """Compressed in all ways, with gaps, from the middle of a batch on; and slices of them are slices."""
    batches, first = [], 100
    for rows, compression, appended, gap, tail in made:
        codec = compression if rows else 0  # what compaction has emptied is not compressed any more
        batches.append(batch(first + gap, rows, codec, appended=appended, tail=tail))
        first += gap + max(1, sum(row[0] + 1 for row in rows) + tail)
    one, other = fetched(b"".join(batches), 100 + skipped)

    plain, native = PlainRecords(one), joined(list(other))

    assert told(native) == told(plain)
    assert other.next_fetch_offset == one.next_fetch_offset
    begin, end = data.draw(st.integers(0, len(plain))), data.draw(st.integers(0, len(plain)))
    instant = data.draw(st.integers(TIME_MS - 5_000, TIME_MS + 10**9))
    for a, b in ((plain, native), (plain[begin:], native[begin:]), (plain[begin:end], native[begin:end])):
        assert len(b) == len(a)
        assert told(b) == told(a)
        assert b.later(instant) == a.later(instant)
        assert [r.offset for r in b.headed()] == [r.offset for r in a.headed()]
        assert told(b.joined([native, b])) == told(a.joined([plain, a]))
    if len(plain):
        assert (native[-1].offset, native[0].key) == (plain[-1].offset, plain[0].key)
    with pytest.raises(IndexError):
        native[len(plain)]


def test_aborted_transactions_and_markers_are_no_records() -> None:
    """Of producer 7 what was written before the marker that aborts it; markers of others change nothing."""
    row: Sequence[Any] = [(0, 0, b"k", b"v", [])]
    log = [
        batch(100, row, producer=7),
        batch(101, row, producer=8),
        marker(102, COMMIT, producer=9),
        batch(103, row, producer=7),
        marker(104, ABORT, producer=9),
        marker(105, ABORT, producer=7),
        batch(106, row, producer=7),
    ]
    one, other = fetched(b"".join(log), 100, [(7, 100)])

    plain, native = PlainRecords(one), joined(list(other))

    assert [r.offset for r in plain] == [101, 106]
    assert told(native) == told(plain)


def marker(offset: int, what: bytes, producer: int) -> bytes:
    """The end of a transaction."""
    made = bytearray(batch(offset, [(0, 0, what, b"", [])], producer=producer))
    made[ATTRIBUTES_AT + 1] |= CONTROL
    return signed(made)


def test_a_record_is_found_by_its_offset() -> None:
    """In whichever batch; there is none where an offset is not in use."""
    log = b"".join(batch(first, [(1, 0, b"%d" % first, None, []), (2, 0, b"k", b"v", [])]) for first in (100, 105, 110))
    one, other = fetched(log, 100)

    for records in (PlainRecords(one), joined(list(other))):
        assert [records.at(offset).key for offset in (101, 104, 106, 111)] == [b"100", b"k", b"105", b"110"]
        for offset in (100, 102, 105, 115):
            with pytest.raises(IndexError):
                records.at(offset)


@pytest.mark.parametrize("at", [ATTRIBUTES_AT + 9, -1])
def test_a_batch_that_was_torn_is_not_read(at: int) -> None:
    """By its checksum."""
    data = bytearray(batch(100, [(0, 0, b"k", b"v", [])]))
    data[at] ^= 1
    _, other = fetched(bytes(data), 100)

    with pytest.raises(CorruptRecordException):
        next(other)


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_batch_whose_records_do_not_fit_is_not_read(cut: int) -> None:
    """Also if the checksum is right: it holds fewer bytes than it says, or more."""
    for data in (batch(100, [(0, 0, b"key", b"value", [("a", b"b")])])[:-cut], batch(100, [(0, 0, b"k", b"v", [])])):
        wrong = bytearray(data + b"\x00" * (cut if data[-1] == 0 else 0))
        wrong[8:12] = (len(wrong) - 12).to_bytes(4)
        _, other = fetched(signed(wrong), 100)

        with pytest.raises(CorruptRecordException):
            next(other)


def test_a_format_from_before_our_time_is_refused_with_what_to_do() -> None:
    """Nobody guesses."""
    old = LegacyRecordBatchBuilder(1, 0, 1_000)
    old.append(0, TIME_MS, b"k", b"v")
    _, other = fetched(bytes(old.build()), 0)

    with pytest.raises(Misconfigured, match="engine: python"):
        next(other)


def test_what_is_not_even_a_batch_is_not_read() -> None:
    """Too short for its head, or with a count that cannot be."""
    short, counted = bytearray(32), bytearray(batch(100, [(0, 0, b"k", b"v", [])]))
    short[8:12], short[16] = (20).to_bytes(4), 2
    counted[57:61] = b"\xff" * 4
    for data in (bytes(short), signed(counted)):
        _, other = fetched(data, 100)

        with pytest.raises(CorruptRecordException):
            next(other)
