"""What happens in the demo, from the first worker to the last.

Two workers share the partitions; the product writes; half-way one worker is killed with SIGKILL; when the other has
worked off what was there at that moment, a third one joins; the product ends; the last deadlines pass; the workers
leave.
Decides: when something is taken as done, and how long it may take. Does not know: how it is shown, what a row says.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from streams.cli.demo_processes import APP, INPUT, ROOT, TARGETS, Failed, Processes, Worker
from streams.cli.demo_product import Product
from streams.cli.demo_show import Show
from streams.cli.demo_table import WorkerLine
from streams.language.facts import duration_ms
from streams.live.clients import Clients
from streams.live.demo import Follower, Look, Operator, Writer
from streams.live.topics import TopicNames

PARTITIONS = 6
SEED = 1
LOOK_S = 0.5
RATE_LOOKS = 6  # the rate of events is that over so many looks
PATIENCE_S = 60.0  # on a quiet machine nothing takes more than some ten seconds
SETTLE_S = 2.0  # after the last deadline: the margin of the clock, and a transaction
AWAKE_EVENTS = 100  # after so many at most, others have their turn, even if the product is behind its time


@dataclass
class Play:
    """Call `run` once. users: who sign up.

    Raises `Failed` where something does not happen, or a worker dies by itself.
    """

    processes: Processes
    clients: Clients
    show: Show
    users: int
    _look: Look = field(default_factory=lambda: Look({}, {}, {}))
    _rates: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=RATE_LOOKS))

    async def run(self) -> None:
        """The whole play; the workers are gone afterwards, the topics are there."""
        follower = Follower(self.clients, TopicNames(APP).transitions, PARTITIONS)
        operator = Operator(self.clients, APP, INPUT, PARTITIONS)
        try:
            async with (
                follower,
                operator,
                Writer(self.clients, INPUT) as writer,
                asyncio.TaskGroup() as group,
            ):
                watching = [
                    group.create_task(x) for x in (self._follow(follower), self._watch(operator), self.show.run())
                ]
                first, second = await self._open()
                crash = group.create_task(self._crash(first, second))
                await self._write(writer)
                await crash
                await self._settle()
                await self._leave()
                for task in watching:
                    task.cancel()
        except ExceptionGroup as several:
            raise several.exceptions[0] from None

    # -- what goes on all the time
    async def _follow(self, follower: Follower) -> None:
        while True:
            for values in (await follower.read()).values():
                for value in values:
                    self.show.scene.board.add(value)
            await asyncio.sleep(0)

    async def _watch(self, operator: Operator) -> None:
        scene = self.show.scene
        while True:
            self._look = await operator.look()
            scene.lag, scene.owners = self._look.lag, self._look.owners
            for worker, line in zip(self.processes.workers, scene.workers, strict=True):
                worker.check()
                if line.state == "starting" and line.name in scene.owners.values():
                    line.state = "running"
            self._rates.append((time.monotonic(), scene.written))
            (then, had), (now, has) = self._rates[0], self._rates[-1]
            scene.per_second = (has - had) / (now - then) if now > then else 0.0
            await asyncio.sleep(LOOK_S)

    # -- what happens one after the other
    async def _open(self) -> tuple[Worker, Worker]:
        self.show.scene.phase = "two workers are starting"
        first, second = self._start("worker-1"), self._start("worker-2")
        both = {first.name, second.name}
        await self._until(lambda: self._owners() == both, "two workers to share the partitions")
        self.show.note(f"worker-1 and worker-2 share {PARTITIONS} partitions; the product begins")
        self._tell_metrics(first, second)
        return first, second

    async def _write(self, writer: Writer) -> None:
        scene, start_ms = self.show.scene, time.time_ns() // 1_000_000
        for sent in Product(SEED, self.users, start_ms, scene.length_s * 1_000):
            early_s = sent.at_ms / 1_000 - time.time()
            if early_s > 0 or scene.written % AWAKE_EVENTS == 0:
                await asyncio.sleep(max(0.0, early_s))
            await writer.write(sent.key, sent.value)
            scene.written += 1
            scene.phase = f"{(sent.at_ms - start_ms) // 1_000} s of {scene.length_s} s"
        await writer.flush()
        self.show.note(f"the product has written {scene.written:,} events and falls silent: now the deadlines speak")

    async def _crash(self, victim: Worker, survivor: Worker) -> None:
        await asyncio.sleep(self.show.scene.length_s / 2)
        victim.kill()
        began = time.monotonic()
        self._line(victim).state = "killed"
        self.show.note(f"KILLED {victim.name} (process {victim.process.pid}) with SIGKILL, in the middle of its work")
        left = {p: self._look.committed[p] + lag for p, lag in self._look.lag.items()}

        def took_over() -> bool:
            look = self._look
            return self._owners() == {survivor.name} and all(look.committed[p] >= end for p, end in left.items())

        await self._until(took_over, f"{survivor.name} to take over")
        took = time.monotonic() - began
        self.show.note(f"{survivor.name} has taken over all partitions and caught up, {took:.1f} s after the kill")
        self._start("worker-3")
        await self._until(lambda: self._owners() == {survivor.name, "worker-3"}, "worker-3 to get its share")
        self.show.note(f"worker-3 has joined and shares the partitions with {survivor.name}")
        self._tell_metrics(self.processes.workers[-1])

    async def _settle(self) -> None:
        scene = self.show.scene
        scene.phase = "the product has ended; the workers catch up"
        await self._until(lambda: not any(self._look.lag.values()), "the workers to catch up")
        longest_ms = max(duration_ms(dropoff.within) for dropoff in scene.journey.dropoffs.values())
        for left in range(round(longest_ms / 1_000 + SETTLE_S), 0, -1):
            scene.phase = f"the product has ended; {left} s until its last deadlines have passed"
            await asyncio.sleep(1)
        await self._until(lambda: not any(self._look.lag.values()), "the workers to catch up")

    async def _leave(self) -> None:
        self.show.scene.phase = "the workers leave"
        leaving = [worker for worker in self.processes.workers if worker.process.poll() is None]
        began = time.monotonic()
        for worker in leaving:
            worker.stop()
        await self._until(lambda: all(w.process.poll() is not None for w in leaving), "the workers to leave")
        for worker in leaving:
            worker.check()
            self._line(worker).state = "left"
        self.show.note(f"lag 0, deadlines passed; SIGTERM, and the workers left in {time.monotonic() - began:.1f} s")
        await asyncio.sleep(LOOK_S)  # for the last rows to be read

    # -- helpers
    def _tell_metrics(self, *workers: Worker) -> None:
        self.processes.show_targets()
        told = ", ".join(f"http://{worker.http}/metrics" for worker in workers)
        self.show.note(f"metrics at {told}; for Prometheus: {TARGETS.relative_to(ROOT)}")

    def _start(self, name: str) -> Worker:
        worker = self.processes.start_worker(name)
        self.show.scene.workers.append(WorkerLine(name, worker.process.pid))
        return worker

    def _line(self, worker: Worker) -> WorkerLine:
        return next(line for line in self.show.scene.workers if line.name == worker.name)

    def _owners(self) -> set[str]:
        """Who has partitions; empty while some have no owner."""
        owners = self._look.owners
        return set(owners.values()) if len(owners) == PARTITIONS else set()

    async def _until(self, done: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not done():
            if time.monotonic() > end:
                raise Failed(
                    f"waited {PATIENCE_S:.0f} s for {what}. If this machine is busy, try fewer people: --users 200"
                )
            await asyncio.sleep(LOOK_S / 5)
