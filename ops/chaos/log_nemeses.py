"""Nemeses of what workers go by: the input and the group's offsets; what must be refused, and what must not.

See nemeses.py.
"""

from __future__ import annotations

import asyncio

import reading
from cluster import java
from world import PARTITIONS, World

REFUSAL_S = 40.0
GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"


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
