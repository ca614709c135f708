"""Who stands around the workers in the demo: a product that writes, a reader of transitions, and an operator.

Decides: how each of them talks to Kafka, which is how anybody would: events with idempotence, keyed by the entity;
transitions with read_committed, or rows of transactions that never were would be among them.
Does not know: what is in the records, workers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)

from streams.live.clients import Clients, close, connect
from streams.live.errors import Misconfigured
from streams.live.restore import group_offsets
from streams.live.topics import APPEND_TIME, TIMESTAMP

LINGER_MS = 5
POLL_MS = 200
NOT_YET = (GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError)

Values = list[bytes]


async def create_input(clients: Clients, topic: str, partitions: int) -> None:
    """The topic that the product writes to. With append time no deadline can come before an event that prevents it."""
    admin = clients.admin()
    await connect(admin, clients.kafka.bootstrap_servers)
    try:
        made = await admin.create_topics([NewTopic(topic, partitions, 1, topic_configs={TIMESTAMP: APPEND_TIME})])
    finally:
        await admin.close()
    for name, code, message in made.topic_errors:
        if code:
            raise Misconfigured(f"topic {name} could not be created: {message} (error {code})")


class Writer:
    """A product that writes events: a resent batch is written once, and in order (enable_idempotence)."""

    def __init__(self, clients: Clients, topic: str) -> None:
        self.topic = topic
        self._clients = clients
        self._producer = AIOKafkaProducer(**clients.options, enable_idempotence=True, linger_ms=LINGER_MS)

    async def __aenter__(self) -> Self:
        """Connect."""
        await connect(self._producer, self._clients.kafka.bootstrap_servers)
        return self

    async def write(self, key: bytes, value: bytes) -> None:
        """Hand over one event. It is written when `flush` has returned."""
        await self._producer.send(self.topic, value, key)

    async def flush(self) -> None:
        """Wait until everything is written."""
        await self._producer.flush()

    async def __aexit__(self, *_: object) -> None:
        """Leave."""
        await close(self._producer.stop())


class Follower:
    """Reads a topic of transactions from its beginning, all partitions, without a group."""

    def __init__(self, clients: Clients, topic: str, partitions: int) -> None:
        self.partitions = [TopicPartition(topic, p) for p in range(partitions)]
        self._clients = clients
        self._consumer: AIOKafkaConsumer = clients.reader()  # read_committed

    async def __aenter__(self) -> Self:
        """Connect, and go to the beginning."""
        await connect(self._consumer, self._clients.kafka.bootstrap_servers)
        self._consumer.assign(self.partitions)
        await self._consumer.seek_to_beginning(*self.partitions)
        return self

    async def read(self) -> Mapping[int, Values]:
        """New values by partition, in their order; empty after a moment in which none came."""
        found = await self._consumer.getmany(timeout_ms=POLL_MS)
        return {tp.partition: [bytes(record.value or b"") for record in records] for tp, records in found.items()}

    async def read_to_end(self) -> list[Values]:
        """What is still to come of a topic that nobody writes to any more, by partition.

        The end is compared with the position: the last slots of a partition may be markers of transactions. It is the
        end of everything, committed or not: the markers of the last commit may still be on their way.
        """
        values: list[Values] = [[] for _ in self.partitions]
        watcher = self._clients.watcher("read_uncommitted")
        await connect(watcher, self._clients.kafka.bootstrap_servers)
        try:
            ends = await watcher.end_offsets(self.partitions)
        finally:
            await close(watcher.stop())
        while any([await self._consumer.position(tp) < ends[tp] for tp in self.partitions]):
            for partition, more in (await self.read()).items():
                values[partition] += more
        return values

    async def __aexit__(self, *_: object) -> None:
        """Leave."""
        await close(self._consumer.stop())


class Look(NamedTuple):
    """One look at a group, by partition: the next record to be applied, how many are waiting, whose it is.

    owners: instance ids; a partition that nobody has is not in it.
    """

    committed: Mapping[int, int]
    lag: Mapping[int, int]
    owners: Mapping[int, str]


@dataclass
class Operator:
    """Looks at the group of an app that reads `topic`."""

    clients: Clients
    group: str
    topic: str
    partitions: int

    async def __aenter__(self) -> Self:
        """Connect."""
        self._admin, self._watcher = self.clients.admin(), self.clients.watcher("read_uncommitted")
        await connect(self._admin, self.clients.kafka.bootstrap_servers)
        await connect(self._watcher, self.clients.kafka.bootstrap_servers)
        return self

    async def look(self) -> Look:
        """Lag and owners now."""
        tps = [TopicPartition(self.topic, p) for p in range(self.partitions)]
        ends = await self._watcher.end_offsets(tps)
        try:
            committed = await group_offsets(self._admin, self.group, tps)
            described = await self._admin.describe_consumer_groups([self.group])
        except NOT_YET:  # a new broker makes the topic of the groups when it is first asked
            return Look(dict.fromkeys(range(self.partitions), 0), {tp.partition: ends[tp] for tp in tps}, {})
        done = {tp: max(committed[tp].offset, 0) for tp in tps}
        lag = {tp.partition: max(ends[tp] - done[tp], 0) for tp in tps}  # the end was asked for first
        return Look({tp.partition: done[tp] for tp in tps}, lag, owners(described[0].groups[0][5], self.topic))

    async def __aexit__(self, *_: object) -> None:
        """Leave."""
        await close(self._admin.close())
        await close(self._watcher.stop())


def owners(members: Sequence[tuple[str, str, str, bytes, bytes]], topic: str) -> dict[int, str]:
    """Which member has which partition. The id of a static member is its instance id, a dash and 36 random digits."""
    found: dict[int, str] = {}
    for member_id, _, _, _, assignment in members:
        if assignment:
            told = ConsumerProtocolMemberAssignment.decode(assignment).assignment
            found |= {p: member_id[:-37] for name, partitions in told if name == topic for p in partitions}
    return found
