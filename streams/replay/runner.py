"""One input partition offline: the same processor as live, fed from a list, a file or a topic, with the journal if any.

Does not know: where records come from, where output goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.partition.engine import PartitionEngine
from streams.partition.outcome import Outcome
from streams.partition.records import Record

BATCH = 2_000


class OfflineRecord(NamedTuple):
    """A record as Kafka would give it. timestamp: the arrival in ms."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass(frozen=True)
class Decisions:
    """What the journal adds to the log. clocks: (before, clock) in the order in which they were journaled."""

    clocks: Sequence[tuple[int, int]] = ()
    rejections: Mapping[int, str] = field(default_factory=dict)


def replay(
    processor: PartitionEngine, records: Iterable[Record], decisions: Decisions | None = None, batch_size: int = BATCH
) -> Iterator[Outcome]:
    """All records in order, with the ticks of the journal where they stood; an outcome per batch."""
    decisions = decisions or Decisions()
    clocks = list(reversed(decisions.clocks))
    batch: list[Record] = []
    for record in records:
        if (clocks and clocks[-1][0] <= record.offset) or len(batch) >= batch_size:
            yield from _apply(processor, batch, decisions.rejections)
            batch = []
            while clocks and clocks[-1][0] <= record.offset:
                yield from advance(processor, clocks.pop()[1])
        batch.append(record)
    yield from _apply(processor, batch, decisions.rejections)
    while clocks:
        yield from advance(processor, clocks.pop()[1])


def advance(processor: PartitionEngine, clock: int) -> Iterator[Outcome]:
    """Move the clock and run what is due."""
    processor.tick(clock)
    done = False
    while not done:
        done = processor.advance(BATCH)
        yield processor.seal()


def _apply(processor: PartitionEngine, records: Sequence[Record], rejections: Mapping[int, str]) -> Iterator[Outcome]:
    taken = 0
    while taken < len(records):
        taken += processor.apply(records[taken:], rejections, BATCH)
        yield processor.seal()
        while not processor.advance(BATCH):
            yield processor.seal()
