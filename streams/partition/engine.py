"""What runs one input partition, whichever engine it is: `processor.Processor` or `streams.core.processor`.

Does not know: which one it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from streams.partition.outcome import Outcome, Pending
from streams.partition.records import Position, Records


class PartitionEngine(Protocol):
    """Records in, effects out; see `processor.Processor`, whose methods these are."""

    @property
    def clock(self) -> int:
        """Ms; -1 before anything."""

    @property
    def next_offset(self) -> int:
        """Of the input, not applied yet."""

    @property
    def entities(self) -> int:
        """How many have a state."""

    @property
    def timers(self) -> int:
        """How many are armed."""

    @property
    def frozen(self) -> int:
        """How many entities are, of which a due step has raised."""

    @property
    def pending(self) -> Pending:
        """How much the next outcome holds so far."""

    def apply(self, records: Records, decisions: Mapping[int, str], budget: int) -> int:
        """Take records in order; returns how many were taken."""

    def tick(self, clock: int) -> None:
        """Everything up to `clock` has been read."""

    def advance(self, budget: int) -> bool:
        """Due steps up to the clock; True: none is left."""

    def define(self, definitions: str, settings: str) -> None:
        """What interprets the log from the next offset on, by hash."""

    def seal(self) -> Outcome:
        """Everything since the last seal."""

    def load(self, rows: Iterable[tuple[bytes, bytes | None]]) -> None:
        """State records in the order of the changelog; None deletes."""

    def loaded(self, position: Position) -> None:
        """All states are there."""
