"""The lane of one input partition: opens it, runs it, and after a failure opens it again (runtime.md section 2).

    fetch || apply || commit. Whatever arrives while a commit is on the wire goes into the next one, so the batch grows
    with the load and no timer has to be tuned; `batch.linger` only spares the broker at low load.

Order of precedence in the loop: take note of a commit; commit; due steps; records; a tick; wait. Due steps that are
left come before any record, in chunks that are transactions of their own.
Does not know: group membership, other lanes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from streams.live.clients import abandon
from streams.live.errors import Broken, Faulty, Fenced, Poisoned, Stopped, where
from streams.live.failpoints import fail_point
from streams.live.future import of_the_future
from streams.live.horizons import Horizon, Horizons
from streams.live.metrics import DELAYS, Committed
from streams.live.progress import Storm, tell_frozen
from streams.live.quarantine import Quarantine
from streams.live.reader import MAX_RECORDS, Reader, name
from streams.live.records import NONE, Records
from streams.live.restore import Home, Rows, restore
from streams.live.rights import needing
from streams.live.surroundings import Surroundings
from streams.live.tenure import Tenure
from streams.live.transaction import COMMIT_TIMEOUT_MS, Transactions

HEARTBEATS = 1.5  # of ours, after which the group has told us if a partition is no longer ours
RETRY_MS = (100, 500)  # at random between, so that lanes that failed together do not come back together
MOST_RETRY_MS = 5_000
EXPECTED = (Broken, KafkaError, OSError)  # TimeoutError is an OSError
MOST_FAULTS = 10  # anything else, without a commit between

log = logging.getLogger(__name__)


class Lane:
    """Owns the partition while its task runs; keeps what it has while it is parked."""

    def __init__(self, around: Surroundings, tp: TopicPartition) -> None:
        self.tp = tp
        self.tenure: Tenure | None = None
        self._around, self._settings = around, around.settings
        self._home = Home(around.names, tp, around.partitions, around.meaning.fingerprint)
        self._reader = Reader(around.consumer, around.watcher, tp, native=around.native)
        self._quarantine = Quarantine(name(tp), around.settings.batch.max_events)
        self._storm = Storm(tp.partition)
        self._failures = 0
        self._horizons = Horizons()
        self._task: asyncio.Task[None] | None = None
        self.ready = False

    # -- what the worker does with it
    def start(self) -> None:
        """Open the partition, or go on where it was parked."""
        self._task = asyncio.create_task(self._drive())

    async def park(self, limit_ms: int) -> None:
        """Stop, but let what is on the wire finish. State and producer are kept.

        If the partition comes back and nobody else had it, it goes on; otherwise its first transaction is fenced.
        """
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        committing = self.tenure.committing if self.tenure is not None else None
        if committing is not None:
            await asyncio.wait([committing], timeout=limit_ms / 1_000)
            if not committing.done() or committing.cancelled() or committing.exception():
                await self.discard()
            elif self.tenure is not None and self.tenure.committing is committing:  # a worker may be told to leave
                self._note(self.tenure)  # while the group takes its partitions: who parks first takes note
                if self.tenure.worn:
                    await self.discard()

    async def discard(self) -> None:
        """Drop state and producer."""
        tenure, self.tenure, self.ready = self.tenure, None, False
        self._around.metrics.closed(self.tp.partition)
        if tenure is not None:
            if tenure.committing is not None:
                tenure.committing.cancel()
            await tenure.transactions.close()

    def offer(self, horizon: Horizon) -> None:
        """What the broker's time was, and where the log ended then."""
        self._horizons.offer(horizon)

    # -- from failure to failure
    async def _drive(self) -> None:
        try:
            while True:
                try:
                    with needing("Read", self._around.names.app):  # what is written is the business of transactions
                        await self._open_and_run()
                except Stopped:
                    raise
                except Exception as error:  # noqa: BLE001  # a lane survives whatever happens to one tenure
                    await asyncio.sleep(await self._fail(error) / 1_000)
        except Stopped as error:
            await self.discard()
            self._around.stop(error)

    async def _open_and_run(self) -> None:
        if self.tenure is None:
            await self._run(await self._open())
        else:
            at = {"partition": self.tp.partition, "offset": self.tenure.next_offset}
            log.info("partition %(partition)d goes on at %(offset)d", at)
            await self._run(self.tenure)

    async def _open(self) -> Tenure:
        around = self._around
        tenure = Tenure(around.machine(), Transactions(around.clients, self._home, native=around.native), around.clock)
        self.tenure = tenure

        async def load(rows: Rows) -> None:
            await around.ask(self, tenure, partial(tenure.load, rows))
            around.metrics.restoring(self.tp.partition, tenure.held.entities)

        try:
            async with around.restores:
                fail_point("before fencing")
                await tenure.transactions.fence()
                await tenure.transactions.abort_forgotten(around.stable, around.watcher)
                fail_point("between fencing and reading")
                began = time.monotonic()
                restored = await restore(around.clients, around.admin, self._home, load)
                fail_point("after restore")
                meaning = around.meaning
                begin = partial(tenure.begin, restored, meaning.definitions, meaning.settings)
                await around.ask(self, tenure, begin)
        except BaseException:
            self.tenure = None
            abandon(tenure.transactions.close())
            raise
        took = time.monotonic() - began
        told = {"partition": self.tp.partition, "offset": tenure.next_offset, "records": restored.records}
        text = "partition %(partition)d open at %(offset)d: restored from %(records)d records in %(seconds).2f s"
        log.info(text, {**told, "seconds": round(took, 3)})
        around.metrics.opened(self.tp.partition, tenure.held, restored.position.gauges, took)
        return tenure

    async def _fail(self, error: Exception) -> float:
        """Drop everything; returns how long to wait, in ms. Raises `Stopped` if there is nothing left to try."""
        if not isinstance(error, Poisoned):  # those the quarantine counts
            self._failures += 1
        if self._failures > MOST_FAULTS and not isinstance(error, EXPECTED):
            raise Faulty(f"partition {self.tp.partition} fails again and again: {where(error)}; please report it")
        why = str(error) if isinstance(error, EXPECTED) else where(error)
        told = {"partition": self.tp.partition, "error": type(error).__name__, "why": why}
        log.warning("partition %(partition)d: rebuilding after %(error)s: %(why)s", told)
        with contextlib.suppress(IllegalStateError):  # it may not be ours any more
            self._around.consumer.pause(self.tp)
        tenure = self.tenure
        if tenure is not None:
            if tenure.committing is not None:
                await asyncio.wait([tenure.committing], timeout=COMMIT_TIMEOUT_MS / 1_000)
                if tenure.committing.done() and not tenure.committing.exception():
                    self._note(tenure)
            self._quarantine.failed(tenure.failure(why, poisoned=isinstance(error, Poisoned)))
        await self.discard()
        if isinstance(error, Fenced):
            return HEARTBEATS * self._settings.kafka.session_timeout_ms / 3
        wait_ms: float = random.uniform(*RETRY_MS) * 2 ** min(max(0, self._failures - 1), 8)  # noqa: S311  # no secret
        return min(MOST_RETRY_MS, wait_ms)

    # -- the loop
    async def _run(self, tenure: Tenure) -> None:
        await self._greet(tenure)
        self._reader.start(tenure.next_offset)
        rest: Records = NONE
        reading: asyncio.Task[Records] | None = None
        try:
            while True:
                if tenure.committing is not None and tenure.committing.done():
                    self._settle(tenure)
                    self._failures = 0  # here, not at the first transaction of a tenure, which applies nothing
                if self._must_commit(tenure):
                    await self._ask(tenure, tenure.commit)
                left = self._room(tenure)
                if left and tenure.unsettled:
                    steps = await self._ask(tenure, partial(tenure.advance, left))
                    fail_point("during a storm")
                    self._storm.took(steps, left=tenure.unsettled)
                elif left and rest:
                    some = rest[: min(left, MAX_RECORDS)]
                    taken = await self._ask(tenure, partial(tenure.apply, some, self._decide(some), left))
                    rest = rest[taken:]
                elif left and reading is not None and reading.done():
                    rest, reading = reading.result(), None
                elif left and reading is None:
                    reading = asyncio.create_task(self._reader.read())
                    reading.add_done_callback(lambda task: task.cancelled() or task.exception())  # perhaps nobody waits
                elif not (left and await self._tick(tenure, reading)):
                    await self._wait(tenure, reading if left else None)
        finally:
            if reading is not None:
                reading.cancel()

    async def _greet(self, tenure: Tenure) -> None:
        """The first transaction, before anything is applied: whether the partition is ours, and what time it is."""
        if tenure.committing is not None:
            self._settle(tenure)
        await self._ask(tenure, tenure.commit)
        assert tenure.committing is not None
        await asyncio.wait([tenure.committing])
        self._settle(tenure)
        self.ready = True

    def _settle(self, tenure: Tenure) -> None:
        """Take note of a commit that is done. Raises what it has raised, and `Broken` if its producer is worn."""
        self._note(tenure)
        if tenure.worn:
            raise Broken("committed, but a request was sent twice and its double may still be on the way: a new epoch")

    def _note(self, tenure: Tenure) -> None:
        """Tell everybody of a transaction that is committed."""
        done = tenure.settle()
        assert done.outcome is not None
        arrivals = [done.records[i].timestamp for i in range(0, len(done.records), len(done.records) // DELAYS + 1)]
        now = time.monotonic()
        waits = (now - done.since, now - done.sent)
        told = Committed(self.tp.partition, done.outcome, done.counts.steps, *waits, self._around.clock.now(), arrivals)
        self._around.metrics.committed(told, tenure.held)
        tell_frozen(self.tp.partition, done.outcome.frozen)
        self.stand()
        self._quarantine.committed(tenure.committed)
        what = {"partition": self.tp.partition, "offset": tenure.committed, **done.counts._asdict()}
        log.debug("partition %(partition)d committed to %(offset)d: %(records)d records, %(steps)d due steps", what)

    def stand(self) -> None:
        """Tell the metrics how far the partition is; nothing while it is not open, or where the log ends is not known.

        In a rebalance the group may have taken it away already, which we are told a moment later.
        """
        tenure, consumer = self.tenure, self._around.consumer
        if tenure is None or tenure.committed < 0 or self.tp not in consumer.assignment():
            return
        end = consumer.highwater(self.tp)
        if end is not None:
            self._around.metrics.standing(self.tp.partition, max(0, end - tenure.committed), tenure.clock)

    def _must_commit(self, tenure: Tenure) -> bool:
        if tenure.committing is not None:
            return False
        if tenure.pending.records or tenure.pending.steps:
            return not self._room(tenure) or self._lingers_ms(tenure) <= 0
        return self._settings.clock.ticks and not self._around.clock.fresh

    def _lingers_ms(self, tenure: Tenure) -> float:
        """After a commit, too: or the lanes of a busy machine would commit all the time, and wait for each other."""
        return self._settings.batch.linger_ms - (time.monotonic() - max(tenure.since, tenure.settled)) * 1_000

    def _room(self, tenure: Tenure) -> int:
        """How many records and due steps the open transaction can still take."""
        if self._quarantine.narrowing and tenure.committing is not None:
            return 0  # who fails must not be confused with who is on the wire
        return tenure.room(self._quarantine.limit)

    def _decide(self, records: Records) -> Mapping[int, str]:
        """Rejections that do not follow from a record alone: by the broker's time, and of the engine."""
        around = self._around
        future = of_the_future(records, self._settings.source, around.decode, around.clock.now())
        return {**self._quarantine.decisions, **future}

    async def _tick(self, tenure: Tenure, reading: asyncio.Future[Records] | None) -> bool:
        """Move the clock to the latest horizon that is reached, if any is; there is nothing else to be done now."""
        if not (self._horizons and tenure.may_tick):
            return False
        at = await self._reader.position()
        if reading is not None and reading.done():  # then the position may be behind records that are not applied yet
            return False
        reached = self._horizons.reached(at)
        if reached is None:
            return False
        await self._ask(tenure, partial(tenure.tick, reached - self._settings.clock.margin_ms))
        return True

    async def _wait(self, tenure: Tenure, reading: asyncio.Task[Records] | None) -> None:
        some: set[asyncio.Future[Any]] = {self._horizons.next_offer()}
        some.update(task for task in (reading, tenure.committing) if task is not None)
        idle = tenure.committing is not None or not (tenure.pending.records or tenure.pending.steps)
        timeout = None if idle else max(0.0, self._lingers_ms(tenure)) / 1_000
        await asyncio.wait(some, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)

    async def _ask(self, tenure: Tenure, step: Callable[[], int | None]) -> int:
        return await self._around.ask(self, tenure, step)
