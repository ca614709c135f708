"""One run's surroundings, as nemeses see them: the cluster with its proxies, the app, its workers, its input.

Does not know: what a nemesis does with them, what is right.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import reading
from aiokafka.admin import NewTopic
from checker import JOURNEYS, App, Found, check
from cluster import Cluster
from fleet import Fleet, Worker
from proxy import Proxy
from workload import Crowd, Producer, journey

ONCE = ("before fencing", "between fencing and reading", "during restore", "after restore")  # a few times a worker
POINTS = (
    *ONCE,
    "during a storm",
    "after begin",
    "after transitions",
    "after members",
    "after state",
    "after rejected",
    "after late",
    "after journal",
    "after offsets",
    "before commit",
    "after commit",
)
STILLS = (None, "between fencing and reading", "during restore", "after state", "before commit")
PARTITIONS = 12
SESSION_S = 6  # the least that Kafka allows
LOOK_S = 0.1
PATIENCE_S = 120.0  # without any progress
OPEN_S = 40.0
REST_S = 40.0  # how long a machine under load may take for what should take five; the results tell what it took
INPUT = {"retention.ms": "-1", "message.timestamp.type": "LogAppendTime"}


def make_app(cluster: Cluster, folder: Path, name: str, *, proxied: bool) -> App:
    """An app of that name; its workers are sent through the proxies if `proxied`."""
    path = folder / "reference.yaml"
    path.write_text(journey())
    environment = {
        "JOURNEYS_APP": name,
        "JOURNEYS_KAFKA__BOOTSTRAP_SERVERS": cluster.proxied if proxied else cluster.address,
        "JOURNEYS_KAFKA__SESSION_TIMEOUT": f"{SESSION_S}s",
        "JOURNEYS_SOURCE__TOPIC": f"{name}.events",
        "JOURNEYS_CLOCK__MARGIN": "50ms",  # all brokers have the clock of this machine
    }
    return App(cluster.address, name, f"{name}.events", PARTITIONS, path, environment)


@dataclass
class World:
    """notes: what has been done, counted. failovers: seconds each. findings: what was wrong on the way.

    points, stills: the fail points at which workers are killed, one after the other, and stand still (None: anywhere).
    """

    cluster: Cluster
    proxies: list[Proxy]
    rng: random.Random
    folder: Path
    say: Callable[[str], None]
    app: App
    fleet: Fleet
    rate: float
    notes: Counter[str] = field(default_factory=Counter)
    failovers: list[float] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    found: Found = field(default_factory=Found)
    apps: int = 1
    strikes: int = 0
    stills: Sequence[str | None] = STILLS
    points: Iterator[str] = field(default_factory=lambda: itertools.cycle(POINTS))

    async def begin(self) -> None:
        """Make the topics, start to write, and start the workers."""
        await self.make_input()
        await self.command("topics", "apply")
        self.write()
        self.fleet.resting = False
        self._keeper = asyncio.create_task(self._look_after())

    async def make_input(self) -> None:
        """The input topic."""
        async with reading.admin(self.app.address) as admin:
            new = NewTopic(self.app.topic, PARTITIONS, self.cluster.replication, topic_configs=INPUT)
            for _, code, message in (await admin.create_topics([new])).topic_errors:
                if code:
                    raise RuntimeError(f"{self.app.topic}: {message}")

    async def command(self, *words: str) -> str:
        """Run a command of the product for this app; returns what it said. Raises RuntimeError with that."""
        environment = os.environ | self.app.environment
        environment["JOURNEYS_KAFKA__BOOTSTRAP_SERVERS"] = self.app.address
        process = await asyncio.create_subprocess_exec(
            JOURNEYS, *words, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"journeys {' '.join(words)}: {said.decode()}")
        return said.decode()

    def write(self) -> None:
        """Events flow from now on, of people who have not been there before."""
        crowd = Crowd(self.rng, f"{self.app.name}-{self.rng.randrange(16**6):06x}-")
        self.producer = Producer(self.app.address, self.app.topic, crowd, self.rate, self.say)
        self._writer = asyncio.create_task(self.producer.run())

    async def end_writing(self) -> None:
        """No events any more; those on the way arrive."""
        self.producer.stopping = True
        await asyncio.wait([self._writer])
        self.notes["events acknowledged"] += self.producer.written
        self._writer.result()

    async def _look_after(self) -> None:
        while True:
            self.fleet.look_after()
            await asyncio.sleep(LOOK_S)

    async def end(self) -> None:
        """Let the workers catch up with the input and leave, and check what they have left.

        A wrong worker that is found out already need not be waited for.
        """
        await self.end_writing()
        if self.caught:
            return
        self.fleet.wanted = max(2, self.fleet.wanted)
        caught_up = await self._caught_up()
        await self.rest()
        self._keeper.cancel()
        if not caught_up:  # nothing can be right then
            return
        self.say("all workers have left; checking")
        try:
            found = await check(self.app, self.folder)
        except reading.Unstable as error:
            found = Found([f"kafka: {error}"])
        self._take(found)

    async def _caught_up(self) -> bool:
        """Wait until all of the input is committed, as long as there is progress."""
        tps = reading.partitions_of(self.app.topic, PARTITIONS)
        total = sum((await reading.ends(self.app.address, tps, "read_uncommitted")).values())
        most, limit = 0, time.monotonic() + PATIENCE_S
        async with reading.admin(self.app.address) as admin:
            while (done := await reading.progress(admin, self.app.name)) < total:
                if done > most:
                    most, limit = done, time.monotonic() + PATIENCE_S
                if time.monotonic() > limit:
                    self.findings.append(f"workers: at {done} of {total} records, and nothing for {PATIENCE_S:.0f} s")
                    return False
                await asyncio.sleep(LOOK_S)
        return True

    def _take(self, found: Found) -> None:
        self.found.findings += found.findings
        self.found.counts += found.counts
        for name in ("rows", "missing", "extra", "doubled"):
            setattr(self.found, name, getattr(self.found, name) + getattr(found, name))

    async def rest(self) -> None:
        """All workers leave, and none is started until `resting` is False again."""
        self.fleet.resting = True
        for worker in self.fleet.running:
            if worker.stopped or worker.stands_still():
                self.fleet.kill(worker)
            elif worker.process.pid not in self.fleet.leaving:
                self.fleet.terminate(worker)
        if not await self.until(lambda: all(w.ended() for w in self.fleet.running), REST_S):
            self.findings.append(f"workers: told to leave, they have not after {REST_S:.0f} s")
            self.fleet.kill_all()
        self.fleet.look_after()

    def renew(self) -> None:
        """Another app, on an input of its own; begin it with `begin`."""
        self._keeper.cancel()
        self.apps += 1
        proxied = self.app.environment["JOURNEYS_KAFKA__BOOTSTRAP_SERVERS"] != self.app.address
        self.app = make_app(self.cluster, self.folder, f"chaos{self.apps}", proxied=proxied)
        self.fleet.environment = self.app.environment

    @property
    def caught(self) -> bool:
        """Whether this is a wrong worker, and something has been found."""
        return bool(self.fleet.wrong and (self.fleet.findings or self.findings))

    async def all_open(self) -> None:
        """Wait until every partition has been opened by a worker that runs."""
        await self.until(lambda: len(self.fleet.owners()) == PARTITIONS, OPEN_S)

    def pick(self) -> Worker | None:
        """Any worker that is at work."""
        some = self.fleet.at_work()
        return self.rng.choice(some) if some else None

    async def pause(self, low_s: float, high_s: float) -> None:
        """For a time between the two."""
        await asyncio.sleep(self.rng.uniform(low_s, high_s))

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for it, but not longer than that; whether it came true."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            await asyncio.sleep(LOOK_S / 2)
        return True
