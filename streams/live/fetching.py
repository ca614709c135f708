"""Fetched bytes -> `Records`: by aiokafka, or by the native engine, which makes no object of a record.

aiokafka makes eleven fields of every record, a fifth of all that an event costs. Its fetcher stays in charge of what
to fetch, of checksums, of aborted transactions and of the position; only the innermost step, from a batch to its
records, is another one for the consumer of the input: that step yields all records of a batch as one item.

Relies on aiokafka 0.14.0: its fetcher looks `PartitionRecords` and `MemoryRecords` up in its module, and the readers in
C of both have twins in Python, of which this file uses private names. `install` gives every consumer of the process the
Python twin of `MemoryRecords`, which is equal; else only one with `in_batches` as its deserializer is concerned.
Does not know: offsets, gaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

from streams.live.errors import Misconfigured

if TYPE_CHECKING:
    from streams.core.native import Records  # it may not be there

OLD = "the input holds records in a format from before Kafka 0.11: set engine: python, which can read them"

_PartitionRecords: Any = fetcher.PartitionRecords


def in_batches(_: bytes) -> None:
    """Marks the consumer whose items are the records of a batch. Raises AssertionError: nobody may call it."""
    raise AssertionError("aiokafka takes records apart by itself")


class Batch(_DefaultRecordBatchPy):
    """Of one item: all of its records."""

    def unpacked(self, tp: TopicPartition) -> Records:
        """Raises what aiokafka raises for a batch that cannot be read."""
        from streams.core.native import Records  # noqa: PLC0415  # likewise

        self._maybe_uncompress()
        times = (self.first_timestamp, self.max_timestamp)
        body = bytes(memoryview(self._buffer)[self._pos :])
        try:
            return Records(
                tp.topic, tp.partition, body, self._num_records, self.base_offset, times, bool(self.timestamp_type)
            )
        except (ValueError, OverflowError) as error:
            raise CorruptRecordException(str(error)) from None

    def __iter__(self) -> Iterator[Batch]:
        """Itself, as if it were a record; see InBatches. Of a marker aiokafka asks for the `next` record, as ever."""
        if self._num_records:
            yield self

    @property
    def offset(self) -> int:
        """Of its last record."""
        return int(self.next_offset) - 1


class Batches(_MemoryRecordsPy):
    """What one fetch has brought of a partition."""

    def next_batch(self) -> Batch:
        """Batch by batch, as they stand in the log."""
        found = self._next_slice
        self._cache_next()
        if len(found) > self.MAGIC_OFFSET and found[self.MAGIC_OFFSET] < 2:  # noqa: PLR2004  # that there is since 0.11
            raise Misconfigured(OLD)
        if len(found) < Batch.HEADER_STRUCT.size:
            raise CorruptRecordException(f"a batch of {len(found)} bytes")
        return Batch(found)


class InBatches(fetcher.PartitionRecords):
    """aiokafka's PartitionRecords, of which each item is the rest of a batch."""

    def _consumer_record(self, tp: TopicPartition, batch: Batch) -> Records:
        return batch.unpacked(tp).since(self.next_fetch_offset)


def partition_records(  # noqa: PLR0913, PLR0917  # aiokafka calls it
    tp: TopicPartition,
    records: Any,
    aborted: Any,
    offset: int,
    key_deserializer: Any,
    value_deserializer: Any,
    check_crcs: bool,  # noqa: FBT001  # likewise
    isolation_level: int,
) -> Any:
    """What aiokafka's fetcher makes of what it has fetched of a partition."""
    if value_deserializer is in_batches:
        return InBatches(tp, Batches(records._buffer), aborted, offset, None, None, check_crcs, isolation_level)  # noqa: SLF001
    return _PartitionRecords(
        tp, records, aborted, offset, key_deserializer, value_deserializer, check_crcs, isolation_level
    )


def install() -> None:
    """From now on, consumers that are marked fetch in batches."""
    fetcher.PartitionRecords, fetcher.MemoryRecords = partition_records, _MemoryRecordsPy
