"""Input records as lanes handle them: in order, in slices, and seldom one by one.

Two kinds that behave alike: aiokafka's own objects, and the native engine's, which are read where they were fetched.
Does not know: how they are fetched (fetching.py), what is in them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Protocol, Self, overload

from streams.partition import records as partition

CREATE_TIME = 0  # timestamp_type


class InputRecord(partition.Record, Protocol):
    """aiokafka's ConsumerRecord. timestamp_type: 0 the producer's clock, 1 the broker's."""

    @property
    def topic(self) -> str:
        """Where it was read."""

    @property
    def partition(self) -> int:
        """Of that topic."""

    @property
    def timestamp_type(self) -> int:
        """Whose clock `timestamp` is."""


class Records(partition.Records, Protocol):
    """With what lanes do with them besides."""

    def __iter__(self) -> Iterator[InputRecord]:
        """One after the other."""

    @overload
    def __getitem__(self, place: int) -> InputRecord: ...
    @overload
    def __getitem__(self, place: slice) -> Self: ...

    def joined(self, others: Sequence[Self]) -> Self:
        """These, and then the others."""

    def later(self, instant: int) -> list[int]:
        """Offsets of those that claim a time after it; a timestamp that a broker has set claims nothing."""

    def headed(self) -> Sequence[InputRecord]:
        """Those that have headers."""

    def at(self, offset: int) -> InputRecord:
        """The one with this offset. Raises IndexError."""


class PlainRecords(tuple[InputRecord, ...]):
    """As aiokafka makes them."""

    __slots__ = ()

    @overload  # type: ignore[override]  # a tuple's slices are plain tuples
    def __getitem__(self, place: int) -> InputRecord: ...
    @overload
    def __getitem__(self, place: slice) -> Self: ...
    def __getitem__(self, place: int | slice) -> InputRecord | Self:
        """One, or some."""
        if isinstance(place, slice):
            return type(self)(super().__getitem__(place))
        return super().__getitem__(place)

    def joined(self, others: Iterable[Self]) -> Self:
        """As Records.joined."""
        return type(self)(record for some in (self, *others) for record in some)

    def later(self, instant: int) -> list[int]:
        """As Records.later."""
        return [r.offset for r in self if r.timestamp > instant and r.timestamp_type == CREATE_TIME]

    def headed(self) -> list[InputRecord]:
        """As Records.headed."""
        return [record for record in self if record.headers]

    def at(self, offset: int) -> InputRecord:
        """As Records.at."""
        place = bisect_left(self, offset, key=attrgetter("offset"))
        if self[place].offset != offset:
            raise IndexError(offset)
        return self[place]


NONE = PlainRecords()


def joined(some: Sequence[Records]) -> Records:
    """One after the other."""
    return some[0].joined(some[1:]) if some else NONE
