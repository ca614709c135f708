r"""One outcome -> one Kafka transaction, by the producer of its input partition (runtime.md steps 1, 8 to 10).

Rules
  - `fence` returns when the old owner can write no more; nothing may be read before;
  - nobody else writes to the output partitions of a lane, so when it has fenced, no transaction is open there. If one
    is, its coordinator has ended it while the partition had no leader: Kafka 4.3 takes that for a deleted topic and
    writes no marker (KRaftMetadataCache.getPartitionLeaderEndpoint), and the next commit of the same producer would
    commit what was aborted. `abort_forgotten` ends it first, by an aborted transaction of its own;
  - everything that follows from a batch goes into one transaction: transitions, members, states and `\0meta`, copies,
    journal, and the group's offset, in every transaction, also in those that move none;
  - every batch's future is awaited before the commit: aiokafka commits although a batch was refused;
  - records are stamped with broker time, which is not part of what is compared: old event times would be deleted by a
    topic's retention at once, and so would those of a wall clock that is days late; brokers refuse one that is an hour
    early;
  - after any failure, and after a success for which a request had to be sent twice, the producer is worth nothing:
    nothing is retried, aborted or flushed here. Whoever fences next finds out what has become of it.
Does not know: the processor, when to commit, what to do after a failure.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    IllegalOperation,
    InvalidProducerIdMapping,
    InvalidTimestampError,
    InvalidTxnState,
    MessageSizeTooLargeError,
    PolicyViolationError,
    ProducerFenced,
    RecordListTooLargeError,
    UnknownError,
)
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import OffsetAndMetadata, RecordMetadata

from streams.codec.position import META_KEY, Meta, encode_meta, record_hash, state_key
from streams.live.batches import NONE, TRACE, Headers, NativeBatches, PlainBatches, Row
from streams.live.clients import Clients, close
from streams.live.errors import Broken, Fenced, Poisoned
from streams.live.failpoints import fail_point
from streams.live.records import InputRecord, Records
from streams.live.restore import Home
from streams.live.rights import needing
from streams.partition.outcome import Outcome

FENCE_TIMEOUT_MS = 60_000  # a coordinator that moves needs some seconds
COMMIT_TIMEOUT_MS = 10_000  # below aiokafka's request timeout of 40 s, so that it does not re-send behind our back
APPEND_TIME = 1  # timestamp_type
NEVER_SEEN = b"aborted"  # key of records that are never committed; topics that are compacted want one

# 90 (PRODUCER_FENCED) and 120 (TRANSACTION_ABORTABLE) are unknown to aiokafka.
TAKEN_OVER = (ProducerFenced, InvalidProducerIdMapping, InvalidTxnState, UnknownError)
REFUSED = (MessageSizeTooLargeError, RecordListTooLargeError, InvalidTimestampError, PolicyViolationError)


log = logging.getLogger(__name__)


class Batch(NamedTuple):
    """What one transaction holds.

    records: of the input, all that were read for the outcome. last_hash: of the record before them. now_ms: broker
    time, with which records are stamped and of which the age of a transition is told.
    """

    outcome: Outcome
    records: Records
    last_hash: str | None
    now_ms: int


@dataclass(frozen=True)
class Receipt:
    """What a commit has shown. appended_ms: LogAppendTime of its journal records, None without any.

    resent: a request had to be sent twice.
    """

    next_offset: int
    last_hash: str | None
    appended_ms: int | None
    resent: bool


class Transactions:
    """The transactional producer of one input partition, from fencing to its first failure.

    native: whether the native engine makes the batches.
    """

    def __init__(self, clients: Clients, home: Home, *, native: bool) -> None:
        self.home = home
        self.transactional_id = f"{home.names.app}-{home.tp.topic}-{home.tp.partition}"
        self._producer = clients.producer(self.transactional_id)
        self._batches = (NativeBatches if native else PlainBatches)(self._producer.create_batch)
        self._resends = Resends()

    async def fence(self) -> None:
        """InitProducerId: ends the old owner's transaction, one way or the other, and takes its epoch away."""
        try:
            with self._resends.watching():
                async with asyncio.timeout(FENCE_TIMEOUT_MS / 1_000):
                    with needing("Write", self.home.names.app):
                        await self._producer.start()
        except TimeoutError:
            raise Broken(f"no producer id within {FENCE_TIMEOUT_MS // 1_000} s") from None
        self._resends.count = 0

    async def abort_forgotten(self, stable: AIOKafkaConsumer, watcher: AIOKafkaConsumer) -> None:
        """End what is still open in our output partitions; stable and watcher: know their ends, without it and with it.

        Raises `Broken` if that could not be done for sure.
        """
        tps = [TopicPartition(topic, self.home.tp.partition) for topic in self.home.names.outputs]
        committed, written = await stable.end_offsets(tps), await watcher.end_offsets(tps)
        left = [tp for tp in tps if committed[tp] < written[tp]]
        if not left:
            return
        log.warning(
            "a transaction was left open by its coordinator in %s: aborting it",
            ", ".join(f"{tp.topic}-{tp.partition} from {committed[tp]}" for tp in left),
        )
        async with asyncio.timeout(COMMIT_TIMEOUT_MS / 1_000):
            await self._producer.begin_transaction()
            send = partial(self._producer.send, value=b"", key=NEVER_SEEN, timestamp_ms=0)  # no clock is known yet
            await asyncio.gather(*[await send(tp.topic, partition=tp.partition) for tp in left])
            await self._producer.abort_transaction()
        if self._resends.count:
            raise Broken("aborted, but a request was sent twice and its double may still be on the way: a new epoch")

    async def close(self) -> None:
        """Drop the producer; what it has sent may still arrive, and harms nobody."""
        await close(self._producer.stop())

    async def commit(self, batch: Batch) -> Receipt:
        """Write it, or raise: `Fenced`, `Poisoned`, `Broken`, `Misconfigured`, or what else aiokafka raises.

        Whether a transaction that has raised was committed is unknown.
        """
        try:
            async with asyncio.timeout(COMMIT_TIMEOUT_MS / 1_000):
                with needing("Write", self.home.names.app):
                    return await self._commit_or_say_why_not(batch)
        except TAKEN_OVER as error:
            raise Fenced(f"another producer has taken over: {error!r}") from error
        except REFUSED as error:
            raise Poisoned(f"the broker refuses a batch: {error!r}") from error
        except TimeoutError:
            raise Broken(f"no commit within {COMMIT_TIMEOUT_MS // 1_000} s") from None

    async def _commit_or_say_why_not(self, batch: Batch) -> Receipt:
        try:
            return await self._commit(self._producer, batch)
        except IllegalOperation:  # aiokafka's sender has met an error meanwhile, and the transaction is none any more
            with contextlib.suppress(AssertionError):  # where it has been fenced, too
                await self._producer.commit_transaction()  # raises the error; in this state it sends nothing
            raise

    async def _commit(self, producer: AIOKafkaProducer, batch: Batch) -> Receipt:
        names, outcome = self.home.names, batch.outcome
        last_hash = record_hash(batch.records[-1]) if batch.records else batch.last_hash
        await producer.begin_transaction()
        fail_point("after begin")
        make, now_ms = self._batches, batch.now_ms
        acks = await self._send(names.transitions, make.of_transitions(now_ms, outcome, traces(batch.records)))
        fail_point("after transitions")
        acks += await self._send(names.members, make.of_pairs(now_ms, outcome.members))
        fail_point("after members")
        meta = self._meta(outcome, last_hash)
        acks += await self._send(names.state, make.of_pairs(now_ms, outcome.states, state_key(b""), meta))
        fail_point("after state")
        acks += await self._send(names.rejected, make.of_rows(now_ms, self._rejected(batch)))
        fail_point("after rejected")
        acks += await self._send(names.late, make.of_rows(now_ms, self._late(batch)))
        fail_point("after late")
        entries: Iterator[Row] = ((None, value, NONE) for value in outcome.journal)
        journal = await self._send(names.journal, make.of_rows(now_ms, entries))
        fail_point("after journal")
        offset = OffsetAndMetadata(outcome.position.next_offset, str(outcome.position.clock))
        await producer.send_offsets_to_transaction({self.home.tp: offset}, names.app)
        fail_point("after offsets")
        await asyncio.gather(*acks)
        appended = [appended_at(metadata) for metadata in await asyncio.gather(*journal)]
        fail_point("before commit")
        await producer.commit_transaction()
        fail_point("after commit")
        return Receipt(offset.offset, last_hash, max(appended) if appended else None, self._resends.count > 0)

    async def _send(self, topic: str, batches: Iterable[BatchBuilder]) -> list[asyncio.Future[RecordMetadata]]:
        """Hand batches to aiokafka, which sends one after the other."""
        producer, partition = self._producer, self.home.tp.partition
        return [await producer.send_batch(batch, topic, partition=partition) for batch in batches]

    def _meta(self, outcome: Outcome, last_hash: str | None) -> tuple[bytes, bytes]:
        """The record of the position."""
        home = self.home
        meta = Meta(
            app=home.names.app,
            topic=home.tp.topic,
            partition=home.tp.partition,
            partitions=home.partitions,
            position=outcome.position,
            fingerprint=home.fingerprint,
            last_hash=last_hash,
        )
        return META_KEY, encode_meta(meta)

    def _rejected(self, batch: Batch) -> Iterator[Row]:
        for offset, why in batch.outcome.rejected:
            yield copy(batch.records.at(offset), why.reason)

    def _late(self, batch: Batch) -> Iterator[Row]:
        for offset, journeys in batch.outcome.late:
            yield copy(batch.records.at(offset), "late", ("journeys-journeys", ",".join(journeys).encode()))


def appended_at(metadata: RecordMetadata) -> int:
    """LogAppendTime of a journal batch, ms. Raises `Broken` without: then nobody would know what time it is."""
    if metadata.timestamp_type != APPEND_TIME:
        raise Broken(
            f"no append time came back for {metadata.topic}: is its message.timestamp.type still LogAppendTime?"
        )
    return int(metadata.timestamp)


def traces(records: Records) -> dict[int, tuple[str, bytes | None]]:
    """The trace of each record that has one, as a header, by offset."""
    return {r.offset: header for r in records.headed() for header in r.headers if header[0] == TRACE}


def copy(record: InputRecord, reason: str, *more: tuple[str, bytes | None]) -> Row:
    """A record as it came, with ours after its own headers."""
    headers: Headers = [
        *record.headers,
        ("journeys-reason", reason.encode()),
        ("journeys-topic", record.topic.encode()),
        ("journeys-partition", b"%d" % record.partition),
        ("journeys-offset", b"%d" % record.offset),
        ("journeys-timestamp", b"%d" % record.timestamp),
        *more,
    ]
    return record.key, record.value, headers


# -- requests that are sent twice --------------------------------------------------------------------------------------
class Resends:
    """How many transactional requests of one producer were sent again after an answer that did not come.

    Such a request may have been executed, and its double may still be on the way (KAFKA-17754). aiokafka tells only its
    log, and there not of which producer; but the tasks of a producer inherit the context in which it was started.
    """

    def __init__(self) -> None:
        self.count = 0

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Producers that are started meanwhile count here."""
        token = _resends.set(self)
        try:
            yield
        finally:
            _resends.reset(token)


_resends: contextvars.ContextVar[Resends] = contextvars.ContextVar("resends")


class NoticeResends(logging.Handler):
    """Reads what aiokafka's sender logs (sender.py, BaseHandler.do)."""

    def emit(self, record: logging.LogRecord) -> None:
        """Count it for the producer whose task this is."""
        resends = _resends.get(None)
        if resends is not None and str(record.msg).startswith(("Cannot send", "Could not send")):
            resends.count += 1


_sender_log = logging.getLogger("aiokafka.producer.sender")
_sender_log.setLevel(logging.WARNING)  # whatever is shown to people
_sender_log.addHandler(NoticeResends(logging.WARNING))
