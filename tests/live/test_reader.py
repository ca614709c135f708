"""Reading without a hole, against a consumer that is a list."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError, UnsupportedCodecError

from streams.live.errors import Inconsistent, Misconfigured
from streams.live.reader import Reader
from streams.live.records import PlainRecords

TP = TopicPartition("events", 3)


class Record(NamedTuple):
    """What the reader looks at."""

    offset: int


class Log:
    """A partition with these offsets, as consumer and as watcher. missing: offsets that the first fetch leaves out."""

    def __init__(self, offsets: Sequence[int], missing: Sequence[int] = (), begins: int = 0) -> None:
        self.native = False
        self.offsets, self.missing, self.begins = list(offsets), set(missing), begins
        self.at = self.fetches = 0

    def seek(self, _: TopicPartition, offset: int) -> None:
        """Where the next fetch begins."""
        self.at = offset

    def resume(self, _: TopicPartition) -> None:
        """Nothing was paused."""

    async def getmany(self, tp: TopicPartition, **_: Any) -> dict[TopicPartition, list[Any]]:
        """Two records at most; native: in batches."""
        if self.at < self.begins or self.at > self.offsets[-1] + 1:
            raise OffsetOutOfRangeError({tp: self.at})
        self.fetches += 1
        found = [Record(o) for o in self.offsets if o >= self.at and o not in self.missing][:2]
        self.missing = set()
        if found:
            self.at = found[-1].offset + 1
        items: list[Any] = (
            [PlainRecords(cast("Any", some)) for some in (found[:1], found[1:])] if self.native else found
        )
        return {tp: items} if found else {}

    async def beginning_offsets(self, _: Any) -> dict[TopicPartition, int]:
        """What retention has left."""
        return {TP: self.begins}

    async def end_offsets(self, _: Any) -> dict[TopicPartition, int]:
        """Behind the last record."""
        return {TP: self.offsets[-1] + 1}


def reader(log: Log, start: int = 0) -> Reader:
    """A reader of this log."""
    consumer = cast("AIOKafkaConsumer", log)
    reading = Reader(consumer, consumer, TP, native=log.native)
    reading.start(start)
    return reading


async def read(reading: Reader, times: int) -> list[int]:
    """Offsets of so many reads."""
    return [record.offset for _ in range(times) for record in await reading.read()]


@pytest.mark.parametrize("native", [False, True])
async def test_records_come_in_order(native: bool) -> None:  # noqa: FBT001  # pytest gives it by name
    """From the offset on at which it was started; one by one, or in batches, of which the last may be empty."""
    log = Log(range(5))
    log.native = native
    assert await read(reader(log, 1), 3) == [1, 2, 3, 4]


async def test_a_gap_is_read_again_and_is_gone() -> None:
    """The broker had answered with a hole."""
    assert await read(reader(Log(range(4), missing=[0])), 2) == [0, 1, 2, 3]


async def test_a_gap_that_stays_is_the_logs_own_and_is_believed_from_then_on() -> None:
    """Compaction, or markers of transactions: read again once, not each time."""
    log = Log([0, 1, 3, 4, 6, 7])
    assert await read(reader(log), 3) == [0, 1, 3, 4, 6, 7]
    assert log.fetches == 4


async def test_what_retention_has_deleted_is_told() -> None:
    """With its offsets, and nothing is read after it."""
    with pytest.raises(Inconsistent, match="events-3: records 2 to 4 were deleted by retention"):
        await read(reader(Log(range(5, 9), begins=5), 2), 1)


async def test_a_log_that_ends_before_the_position_has_lost_records() -> None:
    """Or is another one."""
    with pytest.raises(Inconsistent, match="the next record to be read is 9, but the log ends at 4"):
        await read(reader(Log(range(4)), 9), 1)


async def test_a_compression_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With how to get it."""
    log = Log(range(4))

    async def getmany(*_: Any, **__: Any) -> None:
        raise UnsupportedCodecError("Libraries for lz4 compression codec not found")

    monkeypatch.setattr(log, "getmany", getmany)
    with pytest.raises(Misconfigured, match=r"lz4 .*pip install"):
        await read(reader(log), 1)
