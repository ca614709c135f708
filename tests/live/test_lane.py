"""A lane that is parked: what is on the wire is settled, once."""

import asyncio
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition

from streams.live.lane import Lane
from streams.live.topics import TopicNames
from streams.live.transaction import Receipt


class OnTheWire:
    """A tenure of which one commit is under way, and which counts how often somebody takes note of it."""

    worn = False

    def __init__(self) -> None:
        self.reply: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self.committing: asyncio.Future[Receipt] | None = self.reply
        self.transactions = SimpleNamespace(close=self.close)
        self.closed = self.noted = 0

    async def close(self) -> None:
        """The producer is dropped."""
        self.closed += 1


class Parked(Lane):
    """A lane of nothing but that."""

    def __init__(self, tenure: Any) -> None:
        self.tp, self.tenure, self._task = TopicPartition("events", 0), tenure, None
        self._around: Any = SimpleNamespace(metrics=SimpleNamespace(closed=lambda _: None), names=TopicNames("app"))

    def _note(self, tenure: Any) -> None:
        assert tenure.committing is not None
        tenure.noted, tenure.committing = tenure.noted + 1, None


async def test_told_to_leave_in_the_middle_of_a_rebalance_it_settles_its_commit_once() -> None:
    """Both park the lane, and both wait for what is on the wire."""
    tenure = OnTheWire()
    lane = Parked(tenure)
    parking = [asyncio.create_task(lane.park(5_000)) for _ in range(2)]
    await asyncio.sleep(0)
    tenure.reply.set_result(Receipt(1, None, None, resent=False))
    await asyncio.gather(*parking)
    assert (tenure.noted, tenure.closed) == (1, 0)


async def test_what_does_not_come_back_in_time_is_dropped() -> None:
    """Whoever fences next finds out what has become of it."""
    tenure = OnTheWire()
    lane = Parked(tenure)
    await lane.park(10)
    assert (tenure.noted, tenure.closed, lane.tenure) == (0, 1, None)
