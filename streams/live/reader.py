"""Reading one input partition without a hole (runtime.md step 15).

Offsets of a partition count up by one, except where compaction or the markers of transactions have left gaps. The first
gap is read again; if it is still there although the log reaches back to it, the topic is one of those, and gaps are
believed from then on. What retention has deleted before it was read is lost, and is said.
Does not know: what is in the records.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError, UnsupportedCodecError

from streams.live.errors import Inconsistent, Misconfigured
from streams.live.records import NONE, PlainRecords, Records, joined

POLL_MS = 1_000
MAX_RECORDS = 2_000  # unpacked in one go: some 4 ms
MAX_BATCHES = 200  # likewise, by the native engine: 1 ms if each is one record, 4 if they fill a fetch, uncompressed

log = logging.getLogger(__name__)


class Reader:
    """The records of `tp` from an offset on.

    consumer: the member of the group, which has the partition assigned. watcher: knows the ends of logs. native: what
    the consumer gives are batches (fetching.py).
    """

    def __init__(
        self, consumer: AIOKafkaConsumer, watcher: AIOKafkaConsumer, tp: TopicPartition, *, native: bool
    ) -> None:
        self.consumer, self.watcher, self.tp = consumer, watcher, tp
        self._most = MAX_BATCHES if native else MAX_RECORDS
        self._gather: Callable[[Sequence[Any]], Records] = joined if native else PlainRecords
        self.next_offset = -1
        self._gaps_are_legal = False

    def start(self, offset: int) -> None:
        """Begin, or begin again, at this offset."""
        self.next_offset = offset
        self.consumer.seek(self.tp, offset)
        self.consumer.resume(self.tp)

    async def read(self) -> Records:
        """Some records that follow on those returned before; empty after a second in which none came.

        Raises `Inconsistent` where the log no longer holds the next record or has lost it, `Misconfigured` where it is
        compressed in a way that cannot be read, and whatever aiokafka raises.
        """
        try:
            records = await self._poll()
            if records and records[0].offset != self.next_offset and not self._gaps_are_legal:
                records = await self._read_again(records[0].offset)
        except OffsetOutOfRangeError:
            raise await self._out_of_range() from None
        except UnsupportedCodecError as error:
            raise Misconfigured(
                f"{name(self.tp)} holds records in a compression that this installation cannot read ({error}): "
                "install aiokafka with it, as in `pip install 'aiokafka[lz4]'`"
            ) from None
        if records:
            self.next_offset = records[-1].offset + 1
        return records

    async def position(self) -> int:
        """Everything before this offset has been returned by `read`, gaps included. Not to be asked during a `read`."""
        return int(await self.consumer.position(self.tp))

    async def _poll(self) -> Records:
        found: dict[TopicPartition, list[Any]]
        found = await self.consumer.getmany(self.tp, timeout_ms=POLL_MS, max_records=self._most)
        return self._gather(found.get(self.tp, ()))

    async def _read_again(self, seen: int) -> Records:
        """Whether the gap before the record `seen` is one of the log's own."""
        expected = self.next_offset
        self.consumer.seek(self.tp, expected)
        records: Records = NONE
        while not records:
            records = await self._poll()
        if records[0].offset != expected:
            begins = (await self.watcher.beginning_offsets([self.tp]))[self.tp]
            if begins > expected:
                raise self._lost(begins)
            log.info(
                "%s: offsets %d to %d are not in use: compaction or transactions", name(self.tp), expected, seen - 1
            )
            self._gaps_are_legal = True
        return records

    async def _out_of_range(self) -> Inconsistent:
        begins = (await self.watcher.beginning_offsets([self.tp]))[self.tp]
        if begins > self.next_offset:
            return self._lost(begins)
        ends = (await self.watcher.end_offsets([self.tp]))[self.tp]
        return Inconsistent(
            f"{name(self.tp)}: the next record to be read is {self.next_offset}, but the log ends at {ends}: it has "
            "lost records that were already applied, or was deleted and made anew. Take a new name for app and let it "
            "read the input from the beginning"
        )

    def _lost(self, begins: int) -> Inconsistent:
        return Inconsistent(
            f"{name(self.tp)}: records {self.next_offset} to {begins - 1} were deleted by retention before they were "
            "applied, so what follows cannot be right. Take a new name for app and let it read what the input still "
            "holds from the beginning; give the input a longer retention than the longest outage"
        )


def name(tp: TopicPartition) -> str:
    """A partition as people write it."""
    return f"{tp.topic}-{tp.partition}"
