"""Nemeses of brokers and of the network to them. See nemeses.py."""

from __future__ import annotations

import asyncio
import signal

import proxy
import reading
from aiokafka.errors import KafkaError
from cluster import Node
from worker_nemeses import kill, replace
from world import PARTITIONS, SESSION_S, World

HALF = 0.5  # how often it is done the one way


# -- brokers -----------------------------------------------------------------------------------------------------------
async def broker(w: World) -> None:
    """A broker is killed and comes back; of three, one at a time."""
    node = w.rng.choice(w.cluster.nodes)
    node.signal(signal.SIGKILL)
    w.notes["brokers killed"] += 1
    await w.pause(0, 6)
    await node.start()
    await w.pause(5, 10)
    w.notes["forgotten transactions aborted"] = said(w, "left open by its coordinator")


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
    w.notes["refused batches"] = said(w, "the broker refuses a batch")
    await w.pause(2, 5)


def said(w: World, text: str) -> int:
    """How often any worker has said that."""
    return sum(log.read_text(errors="replace").count(text) for log in w.folder.glob("worker-*.log"))


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
