"""One ownership of one input partition: its machine, its producer, and how far both are, from fencing to a failure.

Memory runs ahead of the log: records are applied while the transaction of those before them is on the wire. What the
agent runs are synchronous steps, and each does its own bookkeeping in that step, because whoever asked for it may be
cancelled at any time. A tenure that has failed is dropped whole, never repaired.
Does not know: where records come from, when to commit, what follows from a failure.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import NamedTuple

from streams.codec.journal import encode_clock, encode_definitions
from streams.live.clock import BrokerClock
from streams.live.metrics import Held
from streams.live.quarantine import Failure
from streams.live.records import NONE, Records, joined
from streams.live.restore import Restored, Rows
from streams.live.transaction import Batch, Receipt, Transactions
from streams.partition.engine import PartitionEngine
from streams.partition.outcome import Outcome, Pending

BATCH_BYTES = 1 << 20  # of transitions in one transaction
SLOW_S, QUICK_S = 0.020, 0.005  # a step of 50 ms would be felt by heartbeats and by the other partitions
LEAST_STEPS, MOST_STEPS = 50, 4_000
NOTHING = Pending(0, 0, 0)


class Pace:
    """How many records and due steps fit into one synchronous step; measured, because journeys differ widely."""

    def __init__(self) -> None:
        self.steps = 500

    def took(self, seconds: float) -> None:
        """The last step took so long."""
        if seconds > SLOW_S:
            self.steps = max(LEAST_STEPS, self.steps // 2)
        elif seconds < QUICK_S:
            self.steps = min(MOST_STEPS, self.steps * 2)


class Sealed(NamedTuple):
    """What the transaction on the wire holds. since, sent: monotonic seconds when it began and went out."""

    counts: Pending
    records: Records
    outcome: Outcome | None = None
    since: float = 0.0
    sent: float = 0.0


class Tenure:
    """Begins with a producer that has fenced the old owner's, and an empty processor.

    next_offset: of the input, not applied yet. unsettled: due steps may be left, and come before any record. pending:
    what the next transaction would hold; since: monotonic seconds at which that began. committing: the transaction on
    the wire, if one is; settled: when the one before was taken note of. worn: the last commit is safe, but its producer
    is not to be used again.
    """

    def __init__(self, processor: PartitionEngine, transactions: Transactions, clock: BrokerClock) -> None:
        self.transactions, self._processor, self._clock = transactions, processor, clock
        self.next_offset = self.committed = -1
        self.unsettled = True
        self.worn = False
        self.pending = NOTHING
        self.since = self.settled = 0.0
        self.committing: asyncio.Task[Receipt] | None = None
        self._pace = Pace()
        self._ticked = False
        self._last_hash: str | None = None
        self._open: list[Records] = []
        self._sealed = Sealed(NOTHING, NONE)
        self._tried: Records = NONE

    # -- steps of the agent
    def load(self, rows: Rows) -> None:
        """States that are restored."""
        self._processor.load(rows)

    def begin(self, restored: Restored, definitions: str, settings: str) -> None:
        """All states are there, and these interpret the log from here on."""
        self._processor.loaded(restored.position)
        self._processor.define(definitions, settings)
        self.next_offset = self.committed = restored.position.next_offset
        self._last_hash = restored.last_hash

    def apply(self, records: Records, decisions: Mapping[int, str], most: int) -> int:
        """Apply records in order, at most `most`; returns how many were taken."""
        self._tried = records[:most]
        began = time.perf_counter()
        taken = self._processor.apply(self._tried, decisions, min(self._pace.steps, most))
        self._pace.took(time.perf_counter() - began)
        if taken:
            self._open.append(self._tried[:taken])
        self.unsettled = taken < len(self._tried)
        self._tried = NONE
        self.next_offset = self._processor.next_offset
        self._note()
        return taken

    def advance(self, most: int) -> int:
        """Take due steps, at most `most`; returns how many there were."""
        before, began = self.pending.steps, time.perf_counter()
        self.unsettled = not self._processor.advance(min(self._pace.steps, most))
        self._pace.took(time.perf_counter() - began)
        self._note()
        return self.pending.steps - before

    def tick(self, clock: int) -> None:
        """Everything up to `clock` has been read; `advance` follows."""
        self._processor.tick(clock)
        self._ticked = self.unsettled = True

    def commit(self) -> None:
        """Seal what is pending and put it on the wire, or, if nothing is, a journal record that says how late it is."""
        outcome = self._processor.seal()
        position = outcome.position
        if not (outcome.journal or self.pending.records or self.pending.steps):
            again = (
                encode_clock(position.next_offset, position.clock)
                if position.clock >= 0
                else encode_definitions(position.next_offset, position.definitions, position.settings)
            )
            outcome = outcome._replace(journal=[again])
        records = joined(self._open)
        now = time.monotonic()
        began = self.since if self.pending.records or self.pending.steps else now
        self._sealed, self._open = Sealed(self.pending, records, outcome, began, now), []
        self.pending, self._ticked = NOTHING, False
        # Before the first answer of a journal nobody knows the time; the partition's clock is behind it, but not far.
        now_ms = self._clock.now() if self._clock.known else max(0, position.clock)
        batch = Batch(outcome, records, self._last_hash, now_ms)
        self.committing = asyncio.create_task(self._commit(batch))
        self.committing.add_done_callback(lambda task: task.cancelled() or task.exception())  # perhaps nobody waits

    # -- what its lane asks
    @property
    def may_tick(self) -> bool:
        """One tick per transaction, or as many as change nothing."""
        return not self._ticked or not (self.pending.records or self.pending.steps)

    def room(self, most: int) -> int:
        """How many records and due steps the next transaction can still take, of `most`."""
        pending = self.pending
        return 0 if pending.output_bytes >= BATCH_BYTES else max(0, most - pending.records - pending.steps)

    def settle(self) -> Sealed:
        """Take note of a commit that is done; raises what it has raised."""
        assert self.committing is not None
        receipt = self.committing.result()
        self.committing, self.settled, done = None, time.monotonic(), self._sealed
        self._last_hash, self.committed, self.worn = receipt.last_hash, receipt.next_offset, receipt.resent
        self._sealed = Sealed(NOTHING, NONE)
        return done

    def failure(self, why: str, *, poisoned: bool) -> Failure:
        """Everything since the last commit, as one failed batch."""
        counts = (self._sealed.counts, self.pending)
        records = (self._sealed.records, *self._open, self._tried)
        culprit = next((some[0].offset for some in records if some), None)
        size = sum(count.records + count.steps for count in counts) + len(self._tried)
        return Failure(self.committed, culprit, max(1, size), why, poisoned)

    @property
    def clock(self) -> int:
        """The clock of the partition, ms; -1 before anything."""
        return self._processor.clock

    @property
    def held(self) -> Held:
        """What the partition holds."""
        return Held(self._processor.entities, self._processor.timers, self._processor.frozen)

    async def _commit(self, batch: Batch) -> Receipt:
        receipt = await self.transactions.commit(batch)
        if receipt.appended_ms is not None:
            self._clock.observe(receipt.appended_ms)
        return receipt

    def _note(self) -> None:
        pending = self._processor.pending
        if not (self.pending.records or self.pending.steps):
            self.since = time.monotonic()
        self.pending = pending
