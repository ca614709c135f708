"""An app on a real broker, as the tests of the worker use it: topics, events, worker processes, and what came out.

What must come out is computed by the offline runner from the very records and journal that are in Kafka, so that every
comparison is one of bytes. Conditions are awaited, never slept for.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.codec.partition import partition_codec
from streams.engine.machine import Machine
from streams.language import compile_journey, load_journey
from streams.live.clients import Clients
from streams.live.settings import Settings
from streams.live.topic_admin import apply_topics
from streams.partition.outcome import Outcome
from streams.partition.processor import Processor
from streams.replay.runner import replay
from streams.replay.sources import read_decisions
from tests.kafka import brokers

JOURNEYS = Path(sys.executable).with_name("journeys")
DEADLINE_S = 60.0  # a machine may be very busy; whoever waits for something goes on as soon as it is there
COMMITTED, UNCOMMITTED = "read_committed", "read_uncommitted"
OUTPUTS = ("transitions", "members", "late", "rejected", "state", "journal")

JOURNEY = """\
journey: trial
version: 1
entity: user
title: A trial
owner: tests
goal: {kpi: activation, direction: up}
time: {allowed_lateness: 1h}
events:
  signed_up: {begins: true}
  used: {}
anchors:
  signup: {first: signed_up}
  seen: {last: [signed_up, used]}
milestones:
  hello: {when: {count: signed_up}}
  activated: {activation: true, when: {count: used, at_least: 3}}
dropoffs:
  quiet: {after: seen, within: 2s, expect: {count: [signed_up, used]}, edge: [hello, activated]}
"""

Records = list[Any]  # aiokafka's ConsumerRecord
Event = tuple[str, str, int]  # user, type, occurred at (ms)


async def until(
    what: str, condition: Callable[[], Any], seconds: float = DEADLINE_S, told: Callable[[], str] = str
) -> Any:
    """The first true value of the condition, which may be a coroutine function; fails after so many seconds.

    told: what else a person wants to see then.
    """
    end = time.monotonic() + seconds
    while True:
        value = condition()
        value = await value if asyncio.iscoroutine(value) else value
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s: {what}\n{told()}"
        await asyncio.sleep(0.02)


def event(user: str, kind: str, at_ms: int, **properties: Any) -> bytes:
    """An event in the plain envelope."""
    seconds, ms = divmod(at_ms, 1_000)
    occurred = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{ms:03}Z"
    name = f"{user}-{kind}-{at_ms}"
    members = {"id": name, "type": kind, "user_id": user, "occurred_at": occurred, "properties": properties}
    return json.dumps(members).encode()


@dataclass
class Worker:
    """A worker process and its log."""

    process: subprocess.Popen[bytes]
    log: Path

    def says(self, text: str) -> int:
        """How often its log has this text."""
        return self.log.read_text().count(text)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    async def end(self, seconds: float = DEADLINE_S) -> int:
        """Wait for the exit code."""
        await until("the worker ends", lambda: self.process.poll() is not None, seconds, self.log.read_text)
        code: int = self.process.returncode
        return code

    async def stop(self) -> int:
        """SIGTERM, and wait."""
        self.signal(signal.SIGTERM)
        return await self.end()


@dataclass
class App:
    """An app of its own name on the shared broker. Use it as an async context; its workers end with it.

    kafka: more settings of that section, which tests and workers connect with.
    """

    bootstrap: str
    name: str
    folder: Path
    partitions: int = 2
    journey: str = JOURNEY
    ticks: bool = False
    configs: Mapping[str, str] = field(default_factory=lambda: {"retention.ms": "-1"})
    kafka: Mapping[str, str] = field(default_factory=dict)
    workers: list[Worker] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        """Make the input and the app's topics, and connect a producer."""
        self.path.write_text(self.journey)
        self.options = Clients(self.settings().kafka).options
        await brokers.create_topics(self.options, self.input, partitions=self.partitions, configs=self.configs)
        await apply_topics(self.settings())
        self.producer = AIOKafkaProducer(**self.options, enable_idempotence=True, linger_ms=5)
        await self.producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Kill what still runs."""
        await self.producer.stop()
        for worker in self.workers:
            worker.process.kill()
            worker.process.wait()

    @property
    def path(self) -> Path:
        """The journey file."""
        return self.folder / "journey.yaml"

    @property
    def input(self) -> str:
        """The topic of events."""
        return f"{self.name}.in"

    def topic(self, kind: str) -> str:
        """The whole name of a topic of the app, or of its input, `in`."""
        return self.input if kind == "in" else f"{self.name}.{kind}"

    def environment(self, **more: str) -> dict[str, str]:
        """The settings of this app as a worker gets them."""
        given = {
            "APP": self.name,
            "KAFKA__BOOTSTRAP_SERVERS": self.bootstrap,
            "KAFKA__SESSION_TIMEOUT": "6s",
            **{f"KAFKA__{name.upper()}": value for name, value in self.kafka.items()},
            "SOURCE__TOPIC": self.input,
            "CLOCK__TICKS": str(self.ticks).lower(),
            **more,
        }
        return {f"JOURNEYS_{name}": value for name, value in given.items()}

    def settings(self, **kafka: str) -> Settings:
        """The same, in this process. kafka: as the field, and after it."""
        return Settings(
            app=self.name,
            kafka={"bootstrap_servers": self.bootstrap, **self.kafka, **kafka},  # type: ignore[arg-type]  # pydantic reads it
            source={"topic": self.input},  # type: ignore[arg-type]
        )

    def start(self, *command: str | Path, **settings: str) -> Worker:
        """Start a worker, or the given command in its place, with more settings."""
        log = self.folder / f"worker-{len(self.workers)}.log"
        arguments = command or (JOURNEYS, "worker", "--journey", self.path, "--log-level", "debug")
        with log.open("wb") as file:
            process = subprocess.Popen(
                arguments, env=os.environ | self.environment(**settings), stdout=file, stderr=file, cwd=self.folder
            )
        self.workers.append(Worker(process, log))
        return self.workers[-1]

    # -- events
    async def write(self, events: Iterable[Event]) -> None:
        """Write events that arrive when they occur."""
        for user, kind, at_ms in events:
            await self.producer.send(self.input, event(user, kind, at_ms), user.encode(), timestamp_ms=at_ms)
        await self.producer.flush()

    async def send(self, key: bytes | None, value: bytes | None, **more: Any) -> None:
        """Write one record as it is."""
        await self.producer.send_and_wait(self.input, value, key, **more)

    # -- what came out
    async def read(self, topic: str, isolation: str = COMMITTED) -> list[Records]:
        """All records of a topic of this app by partition, up to where it ends now (for us)."""
        tps = [TopicPartition(self.topic(topic), p) for p in range(self.partitions)]
        consumer = self._consumer(isolation)
        await consumer.start()
        try:
            consumer.assign(tps)
            found: list[Records] = [[] for _ in tps]
            ends = await consumer.end_offsets(tps)
            while any([await consumer.position(tp) < ends[tp] for tp in tps]):
                for tp, records in (await consumer.getmany(timeout_ms=100)).items():
                    found[tp.partition] += records
            return found
        finally:
            await consumer.stop()

    async def published(self) -> list[list[bytes]]:
        """The transitions that a consumer sees, by partition."""
        return [[record.value for record in records] for records in await self.read("transitions")]

    async def expected(self) -> list[list[bytes]]:
        """The transitions that the log and the journal give offline, by partition."""
        return [[value for outcome in some for _, value in outcome.transitions] for some in await self.replayed()]

    async def replayed(self) -> list[list[Outcome]]:
        """All that they give, by partition."""
        machine = Machine([compile_journey(load_journey(self.path))])
        found = []
        for records, journal in zip(await self.read("in"), await self.read("journal"), strict=True):
            processor = Processor(machine, partition_codec(machine))
            found.append(list(replay(processor, records, read_decisions((r.offset, r.value) for r in journal))))
        return found

    async def open_transaction(self) -> bool:
        """Whether a transaction lies open on the transitions: their last stable offset is behind their end."""
        stable, written = [await self.ends(isolation, "transitions") for isolation in (COMMITTED, UNCOMMITTED)]
        return stable != written

    async def ends(self, isolation: str, *topics: str) -> dict[TopicPartition, int]:
        """Where topics of this app end now (for us)."""
        tps = [TopicPartition(self.topic(topic), p) for p in range(self.partitions) for topic in topics]
        consumer = self._consumer(isolation)
        await consumer.start()
        try:
            ends: dict[TopicPartition, int] = await consumer.end_offsets(tps)
            return ends
        finally:
            await consumer.stop()

    def _consumer(self, isolation: str) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self.options,
            isolation_level=isolation,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            retry_backoff_ms=10,
            fetch_max_wait_ms=10,
        )

    async def caught_up(self, seconds: float = DEADLINE_S) -> None:
        """Wait until everything that is in the input now is committed, and to be read from every output.

        A broker writes the markers of one commit topic by topic: state may show one that transitions do not show yet.
        """
        written = [records[-1].offset + 1 if records else 0 for records in await self.read("in")]

        async def done() -> bool:
            return [meta["position"]["next_offset"] for meta in await self.metas()] == written

        await until(f"committed up to {written}", done, seconds, self.workers[-1].log.read_text)
        ends = await self.ends(UNCOMMITTED, *OUTPUTS)

        async def readable() -> bool:
            return all(end >= ends[tp] for tp, end in (await self.ends(COMMITTED, *OUTPUTS)).items())

        await until(f"markers up to {ends}", readable, seconds, self.workers[-1].log.read_text)

    async def metas(self) -> list[dict[str, Any]]:
        """The newest position record of each partition's state."""
        found = []
        for records in await self.read("state"):
            values = [record.value for record in records if record.key == b"\0meta"]
            found.append(json.loads(values[-1]) if values else {"position": {"next_offset": 0, "clock": -1}})
        return found
