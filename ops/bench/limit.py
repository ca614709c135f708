"""The limit of one Python process: fetch a topic with aiokafka, and decode its values with orjson, and nothing else.

Usage: limit.py ADDRESS TOPIC PARTITIONS; prints JSON: seconds and CPU seconds of fetching, and of both; peak_mb.
A process of its own, so that nothing of who measures is in it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from usage import usage


async def read(address: str, topic: str, partitions: int, *, decode: bool) -> tuple[float, float]:
    """(seconds, CPU seconds), from the first byte that is asked for."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address, enable_auto_commit=False, max_partition_fetch_bytes=1 << 20)
    await consumer.start()
    try:
        wanted = [TopicPartition(topic, p) for p in range(partitions)]
        consumer.assign(wanted)
        await consumer.seek_to_beginning(*wanted)
        left = sum((await consumer.end_offsets(wanted)).values())
        begin, before = time.perf_counter(), time.process_time()
        while left:
            for records in (await consumer.getmany(timeout_ms=200, max_records=2_000)).values():
                left -= len(records)
                if decode:
                    for record in records:
                        orjson.loads(record.value)
        return time.perf_counter() - begin, time.process_time() - before
    finally:
        await consumer.stop()


async def main(address: str, topic: str, partitions: str) -> None:
    """Fetch all, then fetch and decode all."""
    out: dict[str, object] = {
        name: await read(address, topic, int(partitions), decode=decode)
        for name, decode in (("fetch", False), ("both", True))
    }
    print(orjson.dumps({**out, "peak_mb": usage([os.getpid()]).peak_mb}).decode())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
