"""Membership: one running lane per partition that the group gives us (runtime.md steps 12 to 14).

The group protocol of aiokafka is eager: in a rebalance everything is revoked, and given out anew. Heartbeats go on
while we are asked to let go, and not while we are told what we have: so we wait there, and never here. What a callback
raises would only be logged by aiokafka, so callbacks do not raise.
Also here, once for all lanes: the ends of the logs and broker time (four times a second, for ticks), and the sign of
life without which a worker that restores for long would be thought dead.
Does not know: what a lane does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from mode import Service

from streams.live.clients import close
from streams.live.ends import LogEnds
from streams.live.errors import Inconsistent, Misconfigured, Stopped
from streams.live.horizons import Horizon
from streams.live.lane import Lane
from streams.live.rights import needing
from streams.live.surroundings import Surroundings
from streams.live.transaction import COMMIT_TIMEOUT_MS

TICK_MS = 250
SIGN_OF_LIFE_MS = 1_000
LEAVE_MS = 3_000  # for a commit on the wire when the worker ends; later the next InitProducerId settles it
PATIENCE = 5  # signs of life that fail one after the other

log = logging.getLogger(__name__)


class Membership(Service, ConsumerRebalanceListener):
    """Runs as a service of the Faust app."""

    logger = logging.getLogger("mode")

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.consumer: AIOKafkaConsumer = around.consumer
        self.lanes: dict[TopicPartition, Lane] = {}
        self.leaving = self.assigned = False
        super().__init__()

    async def on_start(self) -> None:
        """Join the group in the background: the first assignment may take as long as others need to let go."""
        self.consumer.subscribe([self.around.settings.source.topic], listener=self)
        self.add_future(self._join())

    async def on_stop(self) -> None:
        """Let commits finish, leave the group, so that nobody waits for our session to expire, and drop everything."""
        self.leaving = True  # a rebalance may still be under way, and must not start lanes again
        await self._park(LEAVE_MS)
        await asyncio.gather(close(self.consumer.stop()), *(lane.discard() for lane in self.lanes.values()))

    async def _join(self) -> None:
        app = self.around.names.app
        try:
            with needing("Read", app):
                await self.consumer.start()
        except Stopped as error:
            self.around.stop(error)
        except KafkaError as error:
            self.around.stop(Misconfigured(f"cannot join the group {app}: {error}"))

    # -- rebalance
    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Stop all lanes; heartbeats go on meanwhile."""
        if revoked:
            log.info("rebalance: letting go of partitions %(partitions)s", {"partitions": show(revoked)})
        await self._park(COMMIT_TIMEOUT_MS)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Start a lane for each partition, and return at once: no heartbeat is sent in here."""
        if self.leaving:
            return
        given = set(assigned)
        self.assigned = True
        self.around.metrics.rebalances.inc()
        ours = {"owned": len(given), "of": self.around.partitions, "partitions": show(given)}
        log.info("rebalance: %(owned)d of %(of)d partitions are ours: %(partitions)s", ours)
        for tp in set(self.lanes) - given:
            self.add_future(self.lanes.pop(tp).discard())
        known = self.consumer.partitions_for_topic(self.around.settings.source.topic)
        if known is not None and len(known) != self.around.partitions:
            self.around.stop(grown(self.around.settings.source.topic, self.around.partitions, len(known)))
            return
        for tp in sorted(given):
            self.consumer.pause(tp)
            self.lanes.setdefault(tp, Lane(self.around, tp)).start()

    def reasons(self) -> list[str]:
        """Why the worker is not ready; one that is given no partition is, it stands by."""
        if self.leaving:
            return ["the worker is leaving"]
        if not self.assigned:
            return ["the group has not given out partitions yet"]
        return [
            f"partition {tp.partition} is not open yet" for tp, lane in sorted(self.lanes.items()) if not lane.ready
        ]

    async def _park(self, limit_ms: int) -> None:
        parking = [asyncio.ensure_future(lane.park(limit_ms)) for lane in self.lanes.values()]
        if parking:
            await asyncio.wait(parking)

    # -- for all lanes
    @Service.task
    async def _watch_ends(self) -> None:
        """Broker time first, then the ends of the logs: in this order a tick can rely on them (time.md section 2)."""
        clock, log_ends = self.around.clock, LogEnds(self.around.clients.bare(), self.around.settings.source.topic)
        try:
            while self.around.settings.clock.ticks and not self.should_stop:
                await self.sleep(TICK_MS / 1_000)
                if self.lanes and clock.known:
                    await self._offer(clock.now(), log_ends)
        finally:
            await close(log_ends.close())

    async def _offer(self, now_ms: int, log_ends: LogEnds) -> None:
        lanes = dict(self.lanes)
        try:
            ends = await log_ends.of(lanes)
        except KafkaError as error:
            log.debug("no ends of logs: %s", error)
            return
        for tp, lane in lanes.items():
            lane.offer(Horizon(now_ms, ends[tp]))

    @Service.task
    async def _show_life(self) -> None:
        """A poll that reads nothing: `max_poll_interval` is kept, and what is wrong with the membership is raised."""
        nowhere, failures = TopicPartition(self.around.settings.source.topic, -1), 0
        while not self.should_stop:
            await self.sleep(SIGN_OF_LIFE_MS / 1_000)
            for lane in self.lanes.values():
                lane.stand()
            if not self.lanes:
                continue
            try:
                with needing("Read", self.around.names.app):
                    await self.consumer.getmany(nowhere, timeout_ms=0)
                failures = 0
            except Stopped as error:
                self.around.stop(error)
            except KafkaError as error:
                failures += 1
                log.warning("group %s: %s", self.around.names.app, error)
                if failures >= PATIENCE:
                    self.around.stop(Stopped(f"the membership in group {self.around.names.app} cannot go on: {error}"))


def grown(topic: str, planned: int, found: int) -> Inconsistent:
    """The input has other partitions than when the worker started."""
    return Inconsistent(
        f"{topic} had {planned} partitions and has {found} now: keys have moved, and their states have not. The number "
        "is fixed for the life of an app: take a new name for app and let it read the input from the beginning"
    )


def show(partitions: Iterable[TopicPartition]) -> str:
    """Their numbers."""
    return ", ".join(map(str, sorted(tp.partition for tp in partitions))) or "none"
