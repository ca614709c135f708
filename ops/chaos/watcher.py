"""When each partition has published last, as a consumer with read_committed sees it: how long a failover takes.

Does not know: who publishes, what is in the rows.
"""

from __future__ import annotations

import asyncio
import time
from typing import Self

import reading
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError


class Watcher:
    """Of one topic, from now on. Use as an async context."""

    def __init__(self, address: str, topic: str, partitions: int) -> None:
        self.tps = reading.partitions_of(topic, partitions)
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=address, isolation_level="read_committed", enable_auto_commit=False, fetch_max_wait_ms=20
        )
        self._seen: dict[int, tuple[int, float]] = {}  # partition -> when it was written (wall ms), seen (monotonic s)

    async def __aenter__(self) -> Self:
        """Begin at the end."""
        await self._consumer.start()
        self._consumer.assign(self.tps)
        await self._consumer.seek_to_end(*self.tps)
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Enough."""
        self._task.cancel()
        await self._consumer.stop()

    async def _watch(self) -> None:
        while True:
            try:
                found = await self._consumer.getmany(timeout_ms=100)
            except KafkaError:
                await asyncio.sleep(0.1)
                continue
            for tp, records in found.items():
                self._seen[tp.partition] = records[-1].timestamp, time.monotonic()

    async def after(self, partitions: set[int], written_ms: int, seconds: float) -> float | None:
        """Monotonic time at which the last of the partitions showed a row that was written after that wall clock time.

        None if that did not come within so many seconds.
        """
        end, left, last = time.monotonic() + seconds, set(partitions), 0.0
        while left:
            for partition in list(left):
                written, seen = self._seen.get(partition, (0, 0.0))
                if written > written_ms:
                    left.discard(partition)
                    last = max(last, seen)
            if time.monotonic() > end:
                return None
            await asyncio.sleep(0.01)
        return last
