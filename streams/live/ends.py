"""Where the logs of the input end, for ticks (time.md section 2): with what not every replica has yet.

A consumer is told the high watermark. A record that is appended, and bears its arrival, lies behind that until the
slowest replica in sync has it, which may take `replica.lag.time.max.ms` (30 s): a tick up to the high watermark would
run deadlines before events that came in time. So the end is asked for as Kafka's own tools for debugging replicas do
(replica id -2), to whom the leader names the end of its log. Any replica answers that; so on the same connection it is
then asked as a consumer asks, which only the leader answers.
Does not know: what time it is.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import LeaderNotAvailableError, for_code
from aiokafka.protocol.offset import OffsetRequest

DEBUGGER, CONSUMER = -2, -1  # replica ids
LATEST = -1  # in place of a timestamp
READ_UNCOMMITTED = 0


class LogEnds:
    """Of the partitions of one topic. client: not connected yet, and nobody else's."""

    def __init__(self, client: AIOKafkaClient, topic: str) -> None:
        self._client, self._topic = client, topic
        self._connected = False

    async def of(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset that the next record of each will have. Raises KafkaError; who asks again may have more luck."""
        if not self._connected:
            await self._client.bootstrap()
            await self._client.set_topics([self._topic])
            self._connected = True
        asked: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        for tp in partitions:
            leader = self._client.cluster.leader_for_partition(tp)
            if leader is None or leader < 0:
                self._client.force_metadata_update()
                raise LeaderNotAvailableError(tp)
            asked[leader].append((tp.partition, LATEST))
        answers = await asyncio.gather(*(self._ask(node, some) for node, some in asked.items()))
        return {TopicPartition(self._topic, p): end for answer in answers for p, end in answer.items()}

    async def close(self) -> None:
        """Disconnect."""
        await self._client.close()

    async def _ask(self, node: int, partitions: list[tuple[int, int]]) -> dict[int, int]:
        ends: dict[int, int] = {}
        for who in (DEBUGGER, CONSUMER):
            answer = await self._client.send(node, OffsetRequest(who, READ_UNCOMMITTED, [(self._topic, partitions)]))
            for partition, code, _, offset in (part for _, parts in answer.topics for part in parts):
                if code:
                    self._client.force_metadata_update()
                    raise for_code(code)(f"no end of {self._topic}-{partition} from broker {node}")
                ends[partition] = max(offset, ends.get(partition, 0))
        return ends
