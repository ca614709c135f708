"""What a topic and its journal hold at one moment, for a replay. Bounded: what is written meanwhile is left for later.

Does not know: what a replay does with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.live.clients import Clients, close, connect
from streams.live.errors import Misconfigured
from streams.live.settings import Settings

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
    clients = Clients(settings.kafka)
    consumer = clients.reader()
    await connect(consumer, settings.kafka.bootstrap_servers)
    try:
        known = await consumer.topics()
        if topic not in known:
            raise Misconfigured(f"there is no topic {topic} at {', '.join(settings.kafka.bootstrap_servers)}")
        journal = f"{settings.app}.journal"
        topics = [topic, journal] if journal in known else [topic]
        # a topic's partitions are known to the client only once it has asked for them
        partitions = sorted(await _partitions(consumer, topic))
        wanted = [TopicPartition(name, p) for p in partitions for name in topics]
        ends = await consumer.end_offsets(wanted)
        begins = await consumer.beginning_offsets(wanted)
        found = {tp: await _read(consumer, tp, begins[tp], ends[tp]) for tp in wanted}
        return [
            PartitionHistory(p, found[TopicPartition(topic, p)], found.get(TopicPartition(journal, p), []))
            for p in partitions
        ]
    finally:
        await close(consumer.stop())


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> Sequence[int]:
    while (found := consumer.partitions_for_topic(topic)) is None:
        await consumer.topics()
        await asyncio.sleep(0)
    return tuple(found)


async def _read(consumer: AIOKafkaConsumer, tp: TopicPartition, begin: int, end: int) -> Records:
    """Records of [begin, end). `position`, not the last record: the last slot may be a transaction's marker."""
    out: Records = []
    consumer.assign([tp])
    consumer.seek(tp, begin)
    while await consumer.position(tp) < end:
        out += (await consumer.getmany(tp, timeout_ms=POLL_MS, max_records=MAX_RECORDS)).get(tp, ())
    return [record for record in out if record.offset < end]
