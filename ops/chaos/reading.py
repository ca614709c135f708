"""What is in Kafka when all workers have ended: every record that is committed, up to the very end.

After a commit the markers reach one topic after another, and the transaction of a worker that was killed ends only when
its time is over. So the end is that of read_uncommitted, and reading waits until the last stable offset gets there.
Does not know: what the records mean.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code
from expected import Record

STABLE_S = 90.0
SET_ON_TOPIC = 1
LEVELS = ("read_committed", "read_uncommitted")


class Unstable(Exception):
    """A transaction stays open although nobody is left who could end it."""


@asynccontextmanager
async def consumer(address: str, isolation: str = "read_committed") -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group."""
    client = AIOKafkaConsumer(
        bootstrap_servers=address,
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 << 20,
        fetch_max_wait_ms=50,
    )
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


@asynccontextmanager
async def admin(address: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client."""
    client = AIOKafkaAdminClient(bootstrap_servers=address)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


def partitions_of(topic: str, partitions: int) -> list[TopicPartition]:
    """All of them."""
    return [TopicPartition(topic, p) for p in range(partitions)]


async def ends(address: str, topics: Sequence[TopicPartition], isolation: str) -> dict[TopicPartition, int]:
    """Where the logs end: the last stable offset, or the high watermark."""
    async with consumer(address, isolation) as client:
        found: dict[TopicPartition, int] = await client.end_offsets(topics)
        return found


async def stable(address: str, topics: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Where the logs end when no transaction is open any more. Raises Unstable."""
    written, limit = await ends(address, topics, "read_uncommitted"), time.monotonic() + STABLE_S
    while True:
        committed = await ends(address, topics, "read_committed")
        behind = [tp for tp in topics if committed[tp] < written[tp]]
        if not behind:
            return written
        if time.monotonic() > limit:
            raise Unstable(f"a transaction is still open in {behind[0].topic}-{behind[0].partition}")
        await asyncio.sleep(0.2)


async def read(address: str, topic: str, partitions: int) -> list[list[Record]]:
    """Every committed record of each partition, in order. Raises Unstable."""
    tps = partitions_of(topic, partitions)
    end = await stable(address, tps)
    out: list[list[Record]] = [[] for _ in tps]
    async with consumer(address) as client:
        client.assign(tps)
        await client.seek_to_beginning(*tps)
        while any([await client.position(tp) < end[tp] for tp in tps]):
            for tp, records in (await client.getmany(timeout_ms=200, max_records=10_000)).items():
                out[tp.partition] += [Record(r.offset, r.timestamp, r.key, r.value, r.headers) for r in records]
    return out


async def configure(address: str, topic: str, **changes: str | None) -> None:
    """Set configs of a topic (with _ for . in their names), or take them back (None); the others stay."""
    async with admin(address) as client:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        told: Any = (await client.describe_configs([resource]))[0].resources[0]
        own = {entry[0]: entry[1] for entry in told[4] if entry[3] == SET_ON_TOPIC}
        own |= {name.replace("_", "."): value for name, value in changes.items()}
        wanted = {name: value for name, value in own.items() if value is not None}
        for response in await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, wanted)]):
            for code, message, *_ in response.resources:
                if code:
                    raise for_code(code)(f"{topic}: {message}")


async def group_offsets(address: str, group: str) -> dict[TopicPartition, tuple[int, str]]:
    """Partition -> (offset, metadata)."""
    async with admin(address) as client:
        found = await client.list_consumer_group_offsets(group)
        return {tp: (at.offset, at.metadata) for tp, at in found.items()}


async def progress(client: AIOKafkaAdminClient, group: str) -> int:
    """How many input records the group has committed; -1 while nobody can say."""
    try:
        found = await client.list_consumer_group_offsets(group)
    except KafkaError:
        return -1
    return sum(max(0, at.offset) for at in found.values())
