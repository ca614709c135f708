"""A crowd on a real Kafka: users who all sign up at one instant, so that all their deadlines are due at one instant.

What the measurements of a storm and of a restore have in common.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import time

import aiohttp
import job

TOPIC, APP = "crowd.events", "crowd"
DAY_MS = 86_400_000
IDLE_MS = 7 * DAY_MS  # the reference journey: `idle` drops off after so long
SERVES = re.compile(r"http: (http://\S+)/metrics")


def event(user: str, kind: str, at_ms: int) -> tuple[int, bytes, bytes]:
    """(arrival, key, value)."""
    members = {"id": f"{user}-{kind}", "type": kind, "user_id": user, "properties": {}}
    return at_ms, user.encode(), json.dumps(members).encode()


def make_crowd(users: int, partitions: int) -> tuple[int, job.Job]:
    """(when they sign up: eight days ago, what they do)."""
    began = time.time_ns() // 1_000_000 - IDLE_MS - DAY_MS
    records = [
        [event(f"user-{n:07}", "signed_up", began) for n in range(partition, users, partitions)]
        for partition in range(partitions)
    ]
    return began, job.Job(partitions, records)


async def address_of(workers: job.Workers, worker: subprocess.Popen[bytes]) -> str:
    """Where the worker serves HTTP."""
    while (found := SERVES.search(workers.log(worker))) is None:
        workers.check()
        await asyncio.sleep(job.POLL_S)
    return found[1]


async def ready(session: aiohttp.ClientSession, address: str) -> int:
    """The status of /readyz."""
    async with session.get(f"{address}/readyz") as answer:
        return answer.status


async def committed(workers: job.Workers, ask: job.Committed, events: int) -> None:
    """Wait until so many records of the input are."""
    while await ask() < events:
        workers.check()
        await asyncio.sleep(job.POLL_S)
