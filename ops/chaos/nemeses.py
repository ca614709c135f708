"""Nemeses: what is done to workers, brokers and the network. Each strikes again and again until the run is over.

A nemesis is a function that strikes once and leaves the world such that it can heal by itself; how often is up to the
run. What a strike itself finds wrong (a worker that does not leave, one that starts where it must refuse) it notes.
Does not know: what must come out.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import proxy
import reading
from aiokafka.errors import KafkaError
from cluster import Node, java
from fleet import LEAVE_S, Worker
from watcher import Watcher
from world import ONCE, PARTITIONS, SESSION_S, World

Strike = Callable[[World], Awaitable[None]]
HALF, KILLED, ALL_AT_ONCE = 0.5, 0.3, 0.2  # how often it is done the rougher way
STILL_S = 15.0  # in which a worker comes by its fail point
MEASURE_S = 30.0
OUTAGE_S = 18.0  # longer than a transaction may take
REFUSAL_S = 40.0
GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"


@dataclass(frozen=True)
class Nemesis:
    """strike, and what the run must have for it: so many nodes, proxies, workers with an `instance_id`."""

    strike: Strike
    nodes: int = 1
    proxied: bool = False
    static: bool = False


# -- workers -----------------------------------------------------------------------------------------------------------
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
    """A worker stands still with a transaction open, and who takes over while it restores; the first goes on first."""
    owner = replace(w, "before commit", "SIGSTOP")
    if not await w.until(lambda: owner.ended() or owner.stands_still(), STILL_S):
        return w.fleet.kill(owner)
    owner.stopped = True
    heir = w.fleet.start(FAIL_POINT=f"during restore, {w.rng.randrange(1, 4)}, SIGSTOP")
    if await w.until(lambda: heir.ended() or heir.stands_still(), STILL_S):
        w.notes["takeovers"] += 1
    owner.signal(signal.SIGCONT)
    await w.pause(1, 3)
    heir.signal(signal.SIGCONT)
    return await w.pause(3, 6)


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
    tps = [tp for kind in ("state", "transitions") for tp in reading.partitions_of(w.app.of(kind), PARTITIONS)]
    for _ in range(20):
        some = w.fleet.at_work()
        for worker in some:
            worker.signal(signal.SIGSTOP)
        stable, written = [await reading.ends(w.app.address, tps, level) for level in reading.LEVELS]
        owners = w.fleet.owners()
        doomed = [owners[tp.partition] for tp in tps if stable[tp] < written[tp] and tp.partition in owners][:1]
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
    """One failover, in quiet times."""
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
    await w.pause(1, 2)


# -- brokers -----------------------------------------------------------------------------------------------------------
async def broker(w: World) -> None:
    """A broker is killed and comes back; of three, one at a time."""
    node = w.rng.choice(w.cluster.nodes)
    node.signal(signal.SIGKILL)
    w.notes["brokers killed"] += 1
    await w.pause(0, 6)
    await node.start()
    await w.pause(5, 10)


async def coordinator(w: World) -> None:
    """The broker that coordinates the group, or a transaction, stands still or hands over."""
    group = w.rng.random() < HALF
    name = w.app.name if group else f"{w.app.name}-{w.app.topic}-{w.rng.randrange(PARTITIONS)}"
    try:
        async with reading.admin(w.app.address) as admin:
            number = await admin.find_coordinator(name, 0 if group else 1)
    except KafkaError:  # it is moving already
        return await w.pause(0.5, 1)
    node = next(node for node in w.cluster.nodes if node.id == number)
    if w.rng.random() < HALF:
        await stand_still(w, node)
        w.notes["coordinators stopped"] += 1
    else:
        await node.stop()
        w.notes["coordinators moved"] += 1
        await node.start()
    return await w.pause(5, 10)


async def stand_still(w: World, node: Node) -> None:
    """SIGSTOP a broker for a while."""
    node.signal(signal.SIGSTOP)
    try:
        await w.pause(4, 15)
    finally:
        node.signal(signal.SIGCONT)


async def toolarge(w: World) -> None:
    """Batches that are large, because of a pause, meet topics that take only small ones for a while."""
    await w.all_open()
    some, topics = w.fleet.at_work(), (w.app.of("state"), w.app.of("transitions"))
    for worker in some:
        worker.signal(signal.SIGSTOP)
    await asyncio.sleep(SESSION_S / 2)
    limit = str(w.rng.choice((12_000, 16_000, 24_000)))
    for topic in topics:
        await reading.configure(w.app.address, topic, max_message_bytes=limit)
    for worker in some:
        worker.signal(signal.SIGCONT)
    await w.pause(4, 8)
    for topic in topics:
        await reading.configure(w.app.address, topic, max_message_bytes="1048588")
    w.notes["refused batches"] = sum(
        log.read_text(errors="replace").count("the broker refuses a batch") for log in w.folder.glob("worker-*.log")
    )
    await w.pause(2, 5)


async def compaction(w: World) -> None:
    """The state topic is compacted all the time, while workers die and restore it."""
    if not w.notes["compaction set"]:
        w.notes["compaction set"] = 1
        for kind in ("state", "members"):
            often = {"segment_ms": "1000", "min_cleanable_dirty_ratio": "0.001", "max_compaction_lag_ms": "1000"}
            await reading.configure(w.app.address, w.app.of(kind), delete_retention_ms="100", **often)
    replace(w, "during restore", "SIGKILL") if w.rng.random() < HALF else await kill(w)
    await w.pause(1, 4)
    checkpoints = w.cluster.nodes[0].data / "log" / "cleaner-offset-checkpoint"
    if checkpoints.exists():
        w.notes["state partitions compacted"] = checkpoints.read_text().count(w.app.of("state"))


# -- the network -------------------------------------------------------------------------------------------------------
async def slow(w: World) -> None:
    """Every answer takes long."""
    for link in w.proxies:
        link.delay_s = w.rng.uniform(0.02, 0.4)
    await w.pause(4, 10)
    for link in w.proxies:
        link.delay_s = 0
    await w.pause(2, 5)


async def halfopen(w: World) -> None:
    """Connections stay open, and nothing comes through; in the end they are gone."""
    for link in w.proxies:
        link.silent = True
    await w.pause(2, 20)
    for link in w.proxies:
        link.silent = False
        link.cut()
    w.notes["silences"] += 1
    await w.pause(5, 10)


async def lost(w: World) -> None:
    """Requests are executed, and their answers never arrive."""
    kinds = (
        proxy.PRODUCE,
        proxy.INIT_PRODUCER_ID,
        proxy.ADD_PARTITIONS,
        proxy.ADD_OFFSETS,
        proxy.END_TXN,
        proxy.TXN_OFFSET_COMMIT,
    )
    chosen = [*w.rng.sample(kinds, 2), proxy.END_TXN]
    for link in w.proxies:
        link.lose = dict.fromkeys(chosen, 0.03)
    await w.pause(3, 6)
    for link in w.proxies:
        link.lose = {}
    w.notes["answers lost"] = sum(link.lost for link in w.proxies)
    await w.pause(1, 3)


# -- what must be refused, and what must not ---------------------------------------------------------------------------
async def recreate(w: World) -> None:
    """The input is deleted and made anew: no worker may start on it. Another app goes on."""
    await w.pause(4, 6)
    await w.end()
    async with reading.admin(w.app.address) as admin:
        await admin.delete_topics([w.app.topic])
    await asyncio.sleep(1)
    await w.make_input()
    w.write()
    await w.pause(0, 8)
    await w.end_writing()
    await refused(w, "an input that was made anew")
    w.renew()
    await w.begin()


async def rewound(w: World) -> None:
    """The group's offsets are set by hand: no worker may start on them. Another app goes on."""
    await w.pause(4, 6)
    await w.end()
    change = w.rng.choice(("--shift-by=-20", "--to-earliest"))
    where = ["--bootstrap-server", w.app.address, "--group", w.app.name, "--topic", w.app.topic]
    java(GROUPS, [*where, "--reset-offsets", change, "--execute"], w.folder)
    await refused(w, f"offsets that were set with {change}")
    w.renew()
    await w.begin()


async def refused(w: World, what: str) -> None:
    """A worker is started, and must end with exit code 1 without having written anything."""
    topics = [tp for kind in ("transitions", "state") for tp in reading.partitions_of(w.app.of(kind), PARTITIONS)]
    before = await reading.ends(w.app.address, topics, "read_uncommitted")
    worker = w.fleet.start()
    ended = await w.until(worker.ended, REFUSAL_S)
    w.fleet.kill(worker)
    w.fleet.running.remove(worker)
    after = await reading.ends(w.app.address, topics, "read_uncommitted")
    if not ended or worker.process.returncode != 1:
        w.findings.append(f"worker: it has started on {what}: {worker.text()[-300:]}")
    elif after != before:
        w.findings.append(f"worker: it has written before it refused {what}")
    w.notes["refused"] += 1


async def expired(w: World) -> None:
    """The group's offsets are gone, as after a long absence: workers go on where the state says."""
    await w.pause(4, 8)
    await w.rest()
    java(GROUPS, ["--bootstrap-server", w.app.address, "--group", w.app.name, "--delete"], w.folder)
    w.notes["offsets expired"] += 1
    w.fleet.resting = False


NEMESES: dict[str, Nemesis] = {
    "kill": Nemesis(kill),
    "failpoint": Nemesis(failpoint),
    "sigterm": Nemesis(sigterm),
    "zombie": Nemesis(zombie),
    "takeover": Nemesis(takeover),
    "churn": Nemesis(churn),
    "broker": Nemesis(broker),
    "replicas": Nemesis(broker, nodes=3),
    "coordinator": Nemesis(coordinator, nodes=3),
    "slow": Nemesis(slow, proxied=True),
    "halfopen": Nemesis(halfopen, proxied=True),
    "lost": Nemesis(lost, proxied=True),
    "clock": Nemesis(clock),
    "opentx": Nemesis(opentx),
    "compaction": Nemesis(compaction),
    "recreate": Nemesis(recreate),
    "rewound": Nemesis(rewound),
    "expired": Nemesis(expired),
    "toolarge": Nemesis(toolarge),
    "failover": Nemesis(failover),
    "static": Nemesis(static, static=True),
}
