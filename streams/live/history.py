"""What a topic and its journal, or the state topic, hold at one moment: for a replay, and for a question about one key.

Bounded: what is written meanwhile is left for later.

Does not know: what a replay does with it.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.live.clients import Clients, close, connect
from streams.live.errors import Misconfigured
from streams.live.partitioner import partition_of
from streams.live.restore import Home, Rows, examine, read_state
from streams.live.rights import needing
from streams.live.settings import Settings
from streams.live.topic_admin import Needs, admin_of, describe
from streams.live.topics import TopicNames

POLL_MS = 200
MAX_RECORDS = 10_000
Records = list[Any]  # aiokafka's ConsumerRecord


@dataclass(frozen=True)
class PartitionHistory:
    """Committed records of one input partition, and of the same partition of the journal."""

    partition: int
    records: Records
    journal: Records


async def read_history(settings: Settings, topic: str) -> list[PartitionHistory]:
    """Everything that is in the topic and in `<app>.journal` now, partition by partition.

    Raises Misconfigured if the topic does not exist or no broker answers. An app without a journal has an empty one.
    """
    async with _opened(settings, to_replay(settings, topic)) as (consumer, known):
        return await _histories(consumer, settings, topic, known, range(known[topic]))


async def read_history_of(settings: Settings, topic: str, key: bytes) -> PartitionHistory:
    """As read_history, but only the partition that has records of this key.

    Without any it is the one that Kafka's default partitioner would choose.
    """
    async with _opened(settings, to_replay(settings, topic)) as (consumer, known):
        found: list[PartitionHistory] = []
        for partition in likely_first(key, known[topic]):
            found += await _histories(consumer, settings, topic, known, [partition])
            if any(record.key == key for record in found[-1].records):
                return found[-1]
        return found[0]


async def read_state_of(settings: Settings, fingerprint: str, key: bytes) -> tuple[int, bytes | None]:
    """(clock, state) of one entity as the worker has stored it last; without a state there is no clock either, -1.

    Raises Misconfigured as read_history, Inconsistent if the state means something else to these journeys.
    """
    names, topic = TopicNames(settings.app), settings.source.topic
    needed: Needs = {topic: ["Describe"], names.state: ["Read"]}
    async with _opened(settings, needed) as (consumer, known):
        for partition in likely_first(key, known[topic]):
            home = Home(names, TopicPartition(topic, partition), known[topic], fingerprint)
            states: dict[bytes, bytes | None] = {}

            async def keep(rows: Rows, states: dict[bytes, bytes | None] = states) -> None:
                states.update(row for row in rows if row[0] == key)

            meta, _ = await read_state(consumer, home, keep)
            if meta is not None and states.get(key) is not None:
                examine(meta, home)
                return meta.position.clock, states[key]
    return -1, None


def likely_first(key: bytes, partitions: int) -> list[int]:
    """Where the default partitioner of Kafka's Java client puts the key, then the others: producers have other ones."""
    likely = partition_of(key, partitions)
    return sorted(range(partitions), key=lambda partition: (partition != likely, partition))


def to_replay(settings: Settings, topic: str) -> Needs:
    """What is needed to read a topic and the journal."""
    return {name: ["Read"] for name in (topic, TopicNames(settings.app).journal)}


@contextlib.asynccontextmanager
async def _opened(settings: Settings, needed: Needs) -> AsyncIterator[tuple[AIOKafkaConsumer, Mapping[str, int]]]:
    """A consumer, and how many partitions the topics have. needed: what is to be done with each.

    None may be missing but the journal, which an app that has never run has not.
    """
    servers = settings.kafka.bootstrap_servers
    async with admin_of(settings.kafka) as admin:
        shapes = await describe(admin, needed)
    for topic in needed:
        if topic not in (*shapes, TopicNames(settings.app).journal):
            raise Misconfigured(f"there is no topic {topic} at {', '.join(servers)}")
    consumer = Clients(settings.kafka).reader()
    try:
        await connect(consumer, servers)
        with needing("Read", settings.app):
            yield consumer, {topic: len(partitions) for topic, partitions in shapes.items()}
    finally:
        await close(consumer.stop())


async def _histories(
    consumer: AIOKafkaConsumer, settings: Settings, topic: str, known: Mapping[str, int], partitions: Sequence[int]
) -> list[PartitionHistory]:
    journal = TopicNames(settings.app).journal
    topics = [topic, journal] if journal in known else [topic]
    wanted = [TopicPartition(name, p) for p in partitions for name in topics]
    ends = await consumer.end_offsets(wanted)
    begins = await consumer.beginning_offsets(wanted)
    found = {tp: await _read(consumer, tp, begins[tp], ends[tp]) for tp in wanted}
    return [
        PartitionHistory(p, found[TopicPartition(topic, p)], found.get(TopicPartition(journal, p), []))
        for p in partitions
    ]


async def _read(consumer: AIOKafkaConsumer, tp: TopicPartition, begin: int, end: int) -> Records:
    """Records of [begin, end). `position`, not the last record: the last slot may be a transaction's marker."""
    out: Records = []
    consumer.assign([tp])
    consumer.seek(tp, begin)
    while await consumer.position(tp) < end:
        out += (await consumer.getmany(tp, timeout_ms=POLL_MS, max_records=MAX_RECORDS)).get(tp, ())
    return [record for record in out if record.offset < end]
