"""Nemeses of workers: how they die, stand still, come and go. See nemeses.py."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Mapping

import reading
from aiokafka import TopicPartition
from fleet import LEAVE_S, Worker
from watcher import Watcher
from world import ONCE, PARTITIONS, SESSION_S, World

KILLED, ALL_AT_ONCE = 0.3, 0.2  # how often it is done the rougher way
STILL_S = 15.0  # in which a worker comes by its fail point
MEASURE_S = 30.0
GRACE_S = 3.0  # after the end of the session; a failover that takes longer is looked into
LAST_WORDS = 1_500
OUTAGE_S = 18.0  # longer than a transaction may take


async def kill(w: World) -> None:
    """SIGKILL at any moment."""
    if worker := w.pick():
        w.fleet.kill(worker)
    await w.pause(0.5, 5)


async def failpoint(w: World) -> None:
    """A worker that kills itself at a named place takes the place of another."""
    point = next(w.points)
    worker = replace(w, point, "SIGKILL")
    if await w.until(worker.ended, STILL_S):
        w.notes[f"killed {point}"] += 1
    else:
        w.fleet.kill(worker)
    await w.pause(0, 2)


def replace(w: World, point: str, number: str) -> Worker:
    """Kill a worker and start one with a fail point in its place."""
    times = w.rng.randrange(1, 4) if point in ONCE else w.rng.randrange(1, 40)
    if worker := w.pick():
        w.fleet.kill(worker)
    return w.fleet.start(FAIL_POINT=f"{point}, {times}, {number}")


async def sigterm(w: World) -> None:
    """A worker is told to leave, and does in time."""
    worker = w.pick()
    if worker is None or not await w.until(lambda: "rebalance:" in worker.text(), STILL_S):
        return
    w.fleet.terminate(worker)
    if not await w.until(worker.ended, 2 * LEAVE_S):  # as long again for a machine that is busy
        w.findings.append(f"worker: told to leave, it has not after {2 * LEAVE_S:.0f} s")
        w.fleet.kill(worker)
    w.notes["left"] += 1
    await w.pause(0.5, 4)


async def zombie(w: World) -> None:
    """A worker stands still until its session is over and others have its partitions, and goes on then."""
    point = w.rng.choice(w.stills)
    worker = w.pick() if point is None else replace(w, point, "SIGSTOP")
    if worker is None:
        return await w.pause(0.5, 1)
    if point is None:
        worker.signal(signal.SIGSTOP)
    elif not await w.until(lambda: worker.ended() or worker.stands_still(), STILL_S):
        return w.fleet.kill(worker)
    worker.stopped = True
    await w.pause(SESSION_S + 1, SESSION_S + 6)
    worker.signal(signal.SIGCONT)
    w.notes["zombies"] += 1
    return await w.pause(3, 6)


async def takeover(w: World) -> None:
    """A worker stands still with a transaction open, and who takes over before it writes; the first goes on first."""
    wanted, w.fleet.wanted = w.fleet.wanted, 1
    owner = replace(w, "before commit", "SIGSTOP")
    for other in w.fleet.at_work():
        if other is not owner:
            w.fleet.kill(other)
    if await w.until(lambda: owner.ended() or owner.stands_still(), STILL_S) and not owner.ended():
        owner.stopped = True
        stable, written = await ends(w)
        place = w.rng.choice([tp.partition for tp in stable if stable[tp] < written[tp]])
        heir = w.fleet.start(FAIL_POINT=f"after restore, {place + 1}, SIGSTOP")  # partitions are opened in their order
        await w.until(lambda: heir.ended() or heir.stands_still(), STILL_S)
        w.notes["takeovers"] += heir.stands_still()
        owner.signal(signal.SIGCONT)
        await w.pause(1, 3)
        heir.signal(signal.SIGCONT)
        await w.pause(3, 6)
    w.fleet.wanted = wanted
    w.fleet.kill(owner)


async def ends(w: World) -> list[Mapping[TopicPartition, int]]:
    """Where the partitions of the output end, without the records of open transactions, and with them."""
    tps = [tp for kind in ("state", "transitions") for tp in reading.partitions_of(w.app.of(kind), PARTITIONS)]
    return [await reading.ends(w.app.address, tps, level) for level in reading.LEVELS]


async def churn(w: World) -> None:
    """Workers join and leave every few seconds, one to four of them."""
    w.fleet.wanted = w.rng.randrange(1, 5)
    while len(w.fleet.at_work()) > w.fleet.wanted and (worker := w.pick()):
        if w.rng.random() < KILLED:
            w.fleet.kill(worker)
        else:
            w.fleet.terminate(worker)
    await w.pause(2, 5)


async def clock(w: World) -> None:
    """Workers whose wall clock is an hour off, and steps."""
    w.fleet.next_told = lambda: {"CLOCK_OFF_MS": str(w.rng.choice((-3_600_000, 0, 3_600_000)))}
    if worker := w.pick():
        w.fleet.kill(worker)
    await w.pause(4, 8)


async def opentx(w: World) -> None:
    """A worker dies with a transaction open; now and then nobody is left until that has timed out."""
    for _ in range(20):
        some = w.fleet.at_work()
        for worker in some:
            worker.signal(signal.SIGSTOP)
        stable, written = await ends(w)
        owners = w.fleet.owners()
        doomed = [owners[tp.partition] for tp in stable if stable[tp] < written[tp] and tp.partition in owners][:1]
        if doomed and w.rng.random() < ALL_AT_ONCE:
            w.fleet.resting, doomed = True, some
        for worker in doomed:
            w.fleet.kill(worker)
        for worker in some:
            if worker not in doomed:
                worker.signal(signal.SIGCONT)
        if doomed:
            w.notes["killed with a transaction open"] += len(doomed)
            break
        await w.pause(0.1, 0.4)
    if w.fleet.resting:
        await asyncio.sleep(OUTAGE_S)
        w.fleet.resting = False
    await w.pause(3, 6)


async def failover(w: World) -> None:
    """How long it takes from SIGKILL until all partitions of the worker publish again, elsewhere."""
    await measure(w, static=False)


async def static(w: World) -> None:
    """The same where the worker is started again at once, with static membership."""
    await measure(w, static=True)


async def measure(w: World, *, static: bool) -> None:
    """One failover, in quiet times: all workers have partitions, and all partitions publish."""
    if not await w.until(lambda: all("rebalance:" in some.text() for some in w.fleet.running), MEASURE_S):
        return
    async with Watcher(w.app.address, w.app.of("transitions"), PARTITIONS) as watcher:
        if await watcher.after(set(range(PARTITIONS)), time.time_ns() // 1_000_000, MEASURE_S) is None:
            return
        worker = w.pick()
        if worker is None:
            return
        owned = {partition for partition, owner in w.fleet.owners().items() if owner is worker}
        w.fleet.resting = True
        w.fleet.kill(worker)
        killed, at_ms = time.monotonic(), time.time_ns() // 1_000_000
        if static:
            w.fleet.start(static=worker.static)
        seen = await watcher.after(owned, at_ms, MEASURE_S)
        w.fleet.resting = False
    if seen is None:
        w.findings.append(f"failover: partitions {sorted(owned)} have not published within {MEASURE_S:.0f} s")
    elif owned:
        w.failovers.append(round(seen - killed, 2))
        if seen - killed > SESSION_S + GRACE_S:
            said = "\n".join(some.text()[-LAST_WORDS:] for some in w.fleet.running)
            w.say(f"this one took {seen - killed:.2f} s:\n{said}")
    await w.pause(1, 2)
