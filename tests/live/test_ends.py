"""The end of a log is that of its leader's own copy."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import LeaderNotAvailableError, NotLeaderForPartitionError
from aiokafka.protocol.offset import OffsetRequest_v2

from streams.live.ends import CONSUMER, DEBUGGER, LogEnds

NO_ERROR, NOT_LEADER = 0, 6
EVENTS = [TopicPartition("events", n) for n in range(3)]


class Cluster:
    """A client of two brokers. ends: who asks -> partition -> (error code, offset)."""

    def __init__(self, leaders: dict[int, int], ends: dict[int, dict[int, tuple[int, int]]]) -> None:
        self.leaders, self.ends = leaders, ends
        self.cluster = SimpleNamespace(leader_for_partition=lambda tp: self.leaders.get(tp.partition))
        self.asked: list[tuple[int, int]] = []
        self.refreshed = 0

    async def bootstrap(self) -> None:
        """Connected."""

    async def set_topics(self, topics: list[str]) -> None:
        """Known."""
        assert topics == ["events"]

    def force_metadata_update(self) -> None:
        """Who leads what is asked anew."""
        self.refreshed += 1

    async def send(self, node: int, request: Any) -> Any:
        """Answer for the partitions that are asked for."""
        told = request.build(OffsetRequest_v2)
        ((topic, partitions),) = told.topics
        self.asked.append((node, told.replica_id))
        found = [(p, code, -1, end) for p, _ in partitions for code, end in [self.ends[told.replica_id][p]]]
        return SimpleNamespace(topics=[(topic, found)])


async def test_what_not_every_replica_has_is_part_of_the_log() -> None:
    """Each leader is asked for the end of its log, and then as a consumer asks, whom only a leader answers."""
    there = {0: (NO_ERROR, 7), 1: (NO_ERROR, 20), 2: (NO_ERROR, 0)}
    readable = {0: (NO_ERROR, 5), 1: (NO_ERROR, 20), 2: (NO_ERROR, 0)}
    client = Cluster({0: 1, 1: 2, 2: 1}, {DEBUGGER: there, CONSUMER: readable})
    assert await LogEnds(client, "events").of(EVENTS) == dict(zip(EVENTS, (7, 20, 0), strict=True))
    assert sorted(client.asked) == [(1, DEBUGGER), (1, CONSUMER), (2, DEBUGGER), (2, CONSUMER)]


async def test_who_does_not_lead_any_more_is_not_believed() -> None:
    """Its copy may lack what the new leader has."""
    client = Cluster({0: 1}, {DEBUGGER: {0: (NO_ERROR, 7)}, CONSUMER: {0: (NOT_LEADER, -1)}})
    with pytest.raises(NotLeaderForPartitionError):
        await LogEnds(client, "events").of(EVENTS[:1])
    assert client.refreshed == 1


async def test_without_a_leader_there_is_no_end() -> None:
    """Until there is one."""
    client = Cluster({0: -1}, {})
    with pytest.raises(LeaderNotAvailableError):
        await LogEnds(client, "events").of(EVENTS[:1])
    assert client.refreshed == 1
