"""What the lanes of one worker share: settings, clients, clocks, and the way to the agent. Made once, by `app`.

Does not know: lanes, what any of it is used for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from streams.live.clients import Clients
from streams.live.clock import BrokerClock
from streams.live.errors import Stopped
from streams.live.metrics import Metrics
from streams.live.settings import Settings
from streams.live.tenure import Tenure
from streams.live.topics import TopicNames
from streams.partition.engine import PartitionEngine
from streams.partition.records import Decode


class Meaning(NamedTuple):
    """By hash: what states mean, the journey files, and the settings that change a result."""

    fingerprint: str
    definitions: str
    settings: str


class Owner(Protocol):
    """Who asks. tenure: what it owns its partition with now, None while it does not."""

    @property
    def tenure(self) -> Tenure | None:
        """It changes when the partition is lost or opened anew."""


class Ask(Protocol):
    """Has the agent run a step of the tenure. Raises `Poisoned` for what the step raises."""

    async def __call__(self, owner: Owner, tenure: Tenure, step: Callable[[], int | None]) -> int:
        """What the step returns, 0 for None."""
        ...


@dataclass(frozen=True)
class Surroundings:
    """machine: makes a processor. native: whether it is the native engine's, which reads and makes record batches too.

    watcher, stable: know the ends of logs, where records of open transactions count, and where they do not. decode: as
    it reads records. stop: ends the worker, with the reason.
    """

    settings: Settings
    names: TopicNames
    partitions: int
    meaning: Meaning
    clients: Clients
    consumer: AIOKafkaConsumer
    watcher: AIOKafkaConsumer
    stable: AIOKafkaConsumer
    admin: AIOKafkaAdminClient
    clock: BrokerClock
    restores: asyncio.Semaphore
    machine: Callable[[], PartitionEngine]
    native: bool
    decode: Decode
    ask: Ask
    metrics: Metrics
    stop: Callable[[Stopped], None]
