"""One engine on one job: how fast, for how much, and whether what it wrote is right.

    start its processes -> a fifth of the input committed -> all of it committed -> read what it wrote, compare -> stop

Measured from the fifth to the end, and scaled to all events: neither starting up counts, nor joining a group, nor a
compiler that is still warming up. The broker, the engine and who looks on share the machine.
Does not know: rounds, figures, how an engine is built.
"""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import job
import orjson
from offline import compiled
from usage import Usage, usage

from streams.codec.partition import partition_codec
from streams.partition.processor import Processor
from streams.replay.runner import OfflineRecord, replay

WARM = 0.2  # the share of the input that is not measured
SETTLE_S = 10.0

Values = Sequence[Sequence[bytes]]  # of each partition of an output
Differences = tuple[int, int, int]  # missing, extra, doubled
Compare = Callable[[Values, float], Differences]  # until when deadlines must be there, ms


class Result(NamedTuple):
    """seconds, cpu_s: for all events, of all its processes. peak_mb: of all of them together."""

    seconds: float
    cpu_s: float
    peak_mb: float


class Limit(NamedTuple):
    """result: of fetching and decoding. fetch_cpu_s: of fetching alone."""

    result: Result
    fetch_cpu_s: float


@dataclass(frozen=True)
class Course:
    """A job on a broker. rows: how many are expected; compare: what of them is wrong in an output."""

    name: str
    title: str
    journey: Path
    made: job.Job
    rows: int
    compare: Compare

    @property
    def topic(self) -> str:
        """Of the input."""
        return f"{self.name}.events"


@dataclass(frozen=True)
class Contender:
    """An engine. team: (address, course, app) -> the app with its topics made, and no process running yet.

    by_slowest: its time is that of the slowest partition, so the last deadlines of the others have not come in the end.
    """

    name: str
    title: str
    processes: int
    team: Callable[[str, Course, str], AbstractAsyncContextManager[job.Workers]]
    by_slowest: bool = False


@asynccontextmanager
async def ours(address: str, course: Course, app: str) -> AsyncIterator[job.Workers]:
    """Our app; the clock is moved by the log alone, as for everybody."""
    with job.workers(address, course.topic, app, course.journey, clock__ticks="false") as team:
        yield team


def us(processes: int) -> Contender:
    """So many workers of ours."""
    return Contender(f"journeys-{processes}", f"journeys, {processes} process{'es' * (processes > 1)}", processes, ours)


async def race(contender: Contender, course: Course, address: str, app: str) -> Result:
    """Raises SystemExit if a row is wrong. The topics of the app are gone afterwards."""
    async with contender.team(address, course, app) as team:
        async with job.offsets(address, app) as committed:
            for _ in range(contender.processes):
                team.start()
            result = await clock(team, committed, course.made.events)
        until = course.made.slowest_ms if contender.by_slowest else math.inf
        differences = await settle(course, address, app, until)
        team.stop()
    await job.delete_topics(address, app)
    if any(differences):
        raise SystemExit(f"{contender.title}: wrong rows (missing, extra, doubled): {differences}")
    return result


async def clock(team: job.Workers, committed: job.Committed, events: int) -> Result:
    """Run to the end of the input; for all events, by those after the first fifth.

    Where nobody has seen the fifth, because there are few events, it is the whole run with its start.
    """
    first, begin, before, done = 0, time.perf_counter(), spent(team), 0
    while done < events:
        team.check()
        done = await committed()
        if not first and events * WARM <= done < events:
            first, begin, before = done, time.perf_counter(), spent(team)
        await asyncio.sleep(job.POLL_S)
    scale, after = events / (events - first), spent(team)
    return Result((time.perf_counter() - begin) * scale, (after.cpu_s - before.cpu_s) * scale, after.peak_mb)


def spent(team: job.Workers) -> Usage:
    """By all its processes."""
    return usage(worker.pid for worker in team.running)


async def settle(course: Course, address: str, app: str, until_ms: float) -> Differences:
    """What is wrong in the end. Timers of an engine may fire a moment after the last event is committed."""
    give_up = time.monotonic() + SETTLE_S
    while True:
        output = await job.transitions(address, f"{app}.transitions", course.made.partitions)
        differences = course.compare(output, until_ms)
        if not any(differences) or time.monotonic() > give_up:
            return differences


def limit(course: Course, address: str) -> Limit:
    """In a process of its own."""
    command = [sys.executable, str(job.HERE / "limit.py"), address, course.topic, str(course.made.partitions)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    said = orjson.loads(done.stdout)
    seconds, cpu_s = said["both"]
    return Limit(Result(seconds, cpu_s, said["peak_mb"]), said["fetch"][1])


def by_rows(made: job.Job) -> Compare:
    """Compares with the rows that an independent program expects, by what identifies a row and its instant."""
    return lambda values, until_ms: job.compare(made, values, until_ms)


def offline(made: job.Job, journey: Path) -> list[list[bytes]]:
    """The records that the plain engine gives offline, of each partition, whatever engine is raced."""
    machine = compiled(journey)
    out = []
    for records in made.records:
        outcomes = replay(
            Processor(machine, partition_codec(machine)), (OfflineRecord(i, *r) for i, r in enumerate(records))
        )
        out.append([value for outcome in outcomes for _, value in outcome.transitions])
    return out


def by_bytes(expected: Values) -> Compare:
    """Compares whole records. A partition with the right ones in another order counts as one that is missing."""

    def compare(values: Values, until_ms: float) -> Differences:  # noqa: ARG001  # a replay's time is the worker's
        missing = extra = disordered = 0
        for wanted, found in zip(expected, values, strict=True):
            left, right = Counter(wanted), Counter(found)
            missing += sum((left - right).values())
            extra += sum((right - left).values())
            disordered += left == right and list(wanted) != list(found)
        return missing + disordered, extra, 0

    return compare
