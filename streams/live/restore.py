r"""State and position of one input partition, read back after the old owner has been fenced (runtime.md steps 2 to 4).

The record `\0meta` in the state topic is the truth; the group's committed offset, which Kafka keeps elsewhere, must say
the same, and so must the input itself as far as it still holds the last applied record. Whatever does not fit stops
the worker with what to do: nothing is ever started on it.
Does not know: the processor (it is handed the rows), transactions.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupLoadInProgressError
from aiokafka.structs import OffsetAndMetadata

from streams.codec.position import META_KEY, BadPosition, Meta, decode_meta, entity_key, record_hash
from streams.live.clients import Clients, close
from streams.live.errors import Inconsistent
from streams.live.failpoints import fail_point
from streams.live.reader import name
from streams.live.topics import TopicNames
from streams.partition.records import Position

CHUNK = 10_000  # records between two looks at the event loop
POLL_MS = 100
FETCH_WAIT_MS = 10
PROGRESS_MS = 2_000
META_IS_AMONG = 16

AGAIN = (
    "take a new name for app and let it read the input from the beginning (the old topics show what was published), or "
    "go back to what has changed"
)

Rows = Sequence[tuple[bytes, bytes | None]]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Home:
    """Where the state of one input partition lives, and what it must have been made by."""

    names: TopicNames
    tp: TopicPartition
    partitions: int
    fingerprint: str

    @property
    def state(self) -> TopicPartition:
        """The partition of the state topic."""
        return TopicPartition(self.names.state, self.tp.partition)


@dataclass(frozen=True)
class Restored:
    """position: where to go on. last_hash: of the record before it. records: how many were read."""

    position: Position
    last_hash: str | None
    records: int


async def restore(
    clients: Clients, admin: AIOKafkaAdminClient, home: Home, load: Callable[[Rows], Awaitable[None]]
) -> Restored:
    """Read everything back; `load` is handed the states in the order of the topic, by entity key.

    To be called after InitProducerId only. Raises `Inconsistent`.
    """
    committed = await committed_offset(admin, home)
    consumer = clients.reader(FETCH_WAIT_MS)
    try:
        await consumer.start()
        meta, records = await read_state(consumer, home, load)
        if meta is None:
            return Restored(Position(await beginning(consumer, home, committed), -1, "", ""), None, records)
        examine(meta, home)
        agree(meta, committed, home)
        await recognise(consumer, meta, home)
        return Restored(meta.position, meta.last_hash, records)
    finally:
        await close(consumer.stop())


# -- the group's offset ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Committed:
    """What the group says. clock: as written beside the offset, None where a tool has written it without."""

    offset: int
    clock: int | None


async def committed_offset(admin: AIOKafkaAdminClient, home: Home) -> Committed | None:
    """The group's offset of the partition; None if it has none, or none any more.

    By the admin client, because consumers hide the metadata, in which our transactions write the clock. Raises
    KafkaError as `group_offsets`.
    """
    value = (await group_offsets(admin, home.names.app, [home.tp]))[home.tp]
    if value.offset < 0:
        return None
    return Committed(value.offset, int(value.metadata) if value.metadata.lstrip("-").isdigit() else None)


async def group_offsets(
    admin: AIOKafkaAdminClient, group: str, partitions: Sequence[TopicPartition]
) -> Mapping[TopicPartition, OffsetAndMetadata]:
    """Of each partition; offset -1 where the group has none.

    Raises GroupLoadInProgressError where the coordinator does not say: it is loading, or has moved, and aiokafka drops
    the error of an answer as a whole, which then looks as if there were no offsets.
    """
    found: Mapping[TopicPartition, OffsetAndMetadata]
    found = await admin.list_consumer_group_offsets(group, partitions=list(partitions))
    if not all(tp in found for tp in partitions):
        raise GroupLoadInProgressError(f"the coordinator of group {group} does not tell its offsets yet")
    return found


def agree(meta: Meta, committed: Committed | None, home: Home) -> None:
    r"""The group's offset and `\0meta` were written in one transaction."""
    told = meta.position
    if committed is None:
        log.warning(
            "%s: the group %s has no offset any more (the broker forgets those of a group that was away for long). "
            "Going on at %d, as the state topic says",
            *(name(home.tp), home.names.app, told.next_offset),
        )
    elif committed.offset != told.next_offset or committed.clock not in (None, told.clock):
        raise Inconsistent(
            f"{name(home.tp)}: the group {home.names.app} has committed offset {committed.offset} at clock "
            f"{committed.clock}, and its state in {home.names.state} is that of offset {told.next_offset} at clock "
            f"{told.clock}. They are written together, so somebody has set offsets by hand, or one of the two was "
            f"restored from a copy: {AGAIN}"
        )


async def beginning(consumer: AIOKafkaConsumer, home: Home, committed: Committed | None) -> int:
    """Without a state: the first record there is."""
    if committed is not None:
        raise Inconsistent(
            f"{name(home.tp)}: the group {home.names.app} has committed offset {committed.offset}, but "
            f"{home.names.state} has no state for it. Either that topic was emptied, or another program uses the "
            f"group's name: {AGAIN}; to begin anew under this name, delete the group's offsets first"
        )
    return int((await consumer.beginning_offsets([home.tp]))[home.tp])


# -- the state topic ---------------------------------------------------------------------------------------------------
async def read_state(
    consumer: AIOKafkaConsumer, home: Home, load: Callable[[Rows], Awaitable[None]]
) -> tuple[Meta | None, int]:
    r"""All of it up to the last stable offset: `\0meta`, if there is one, and the number of other records.

    The end is compared with the consumer's position: the last slots of a partition are markers, not records.
    """
    tp, meta, rows = home.state, None, 0
    consumer.assign([tp, home.tp])  # both at once, so that the client learns about them in one go
    consumer.pause(home.tp)
    start, end = (await consumer.beginning_offsets([tp]))[tp], (await consumer.end_offsets([tp]))[tp]
    if start < end:
        consumer.seek(tp, start)
    told = time.monotonic()
    while start < end and (at := await consumer.position(tp)) < end:
        if time.monotonic() - told > PROGRESS_MS / 1_000:
            told = time.monotonic()
            log.info(
                "partition %d: restoring, %d %%, %d records", tp.partition, 100 * (at - start) // (end - start), rows
            )
        records = (await consumer.getmany(tp, timeout_ms=POLL_MS, max_records=CHUNK)).get(tp, ())
        try:
            values = [record.value for record in records if record.key == META_KEY]
            meta = decode_meta(values[-1]) if values else meta
            states = [(entity_key(record.key), record.value) for record in records if record.key != META_KEY]
        except BadPosition as error:
            raise Inconsistent(f"{name(home.tp)}: {error}") from None
        await load(states)
        fail_point("during restore")
        rows += len(states)
        await asyncio.sleep(0)
    return meta, rows


async def newest_meta(consumer: AIOKafkaConsumer, state: TopicPartition) -> Meta | None:
    r"""The last `\0meta` of a state partition, found from its end, without the states. Raises `BadPosition`.

    It is the last record of its transaction, so it mostly is among the newest few.
    """
    begin, end = (await consumer.beginning_offsets([state]))[state], (await consumer.end_offsets([state]))[state]
    start, width = end, META_IS_AMONG
    consumer.assign([state])
    while start > begin:
        until, start, width = start, max(begin, end - width), width * META_IS_AMONG
        newest: bytes | None = None
        consumer.seek(state, start)
        while await consumer.position(state) < until:
            for record in (await consumer.getmany(state, timeout_ms=POLL_MS, max_records=CHUNK)).get(state, ()):
                if record.key == META_KEY and record.offset < until:
                    newest = record.value
        if newest is not None:
            return decode_meta(newest)
    return None


def examine(meta: Meta, home: Home) -> None:
    """Whether the state is that of this very app and partition, and of what the worker's journeys mean."""
    tp = home.tp
    was = (meta.app, meta.topic, meta.partition, meta.partitions)
    if was != (home.names.app, tp.topic, tp.partition, home.partitions):
        raise Inconsistent(
            f"{name(tp)}: {name(home.state)} holds the state of app {meta.app} for {meta.topic}-{meta.partition} of "
            f"{meta.partitions} partitions, not that of app {home.names.app} for {home.partitions} partitions: {AGAIN}"
        )
    if meta.fingerprint != home.fingerprint:
        raise Inconsistent(
            f"{name(tp)}: the state was made by other journeys (fingerprint {meta.fingerprint}, those of this worker "
            f"have {home.fingerprint}), and does not mean the same to these: run the old journey files, or take a new "
            "name for app and let the new ones read the input from the beginning"
        )


async def recognise(consumer: AIOKafkaConsumer, meta: Meta, home: Home) -> None:
    """The last applied record must be the one that the state remembers, where the input still holds it."""
    tp, last = home.tp, meta.position.next_offset - 1
    start, end = (await consumer.beginning_offsets([tp]))[tp], (await consumer.end_offsets([tp]))[tp]
    anew = (
        f"{name(tp)}: the state is that of offset {last + 1}, but the input {{}}: it was deleted and made anew, or "
        f"restored from a copy. {AGAIN[0].upper()}{AGAIN[1:]}"
    )
    if end <= last:
        raise Inconsistent(anew.format(f"ends at {end}"))
    if meta.last_hash is None or start > last:
        return
    consumer.pause(home.state)
    consumer.seek(tp, last)
    consumer.resume(tp)
    while await consumer.position(tp) <= last:
        for record in (await consumer.getmany(tp, timeout_ms=POLL_MS, max_records=1)).get(tp, ()):
            if record.offset == last and record_hash(record) != meta.last_hash:
                raise Inconsistent(anew.format(f"has another record at {last}"))
