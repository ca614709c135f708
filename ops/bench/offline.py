"""What an event costs without Kafka: one process with the partitions of a worker, fed as from a log.

Usage: offline.py MIX JOURNEYS PARTITIONS, the mix in JSON (synthetic.py); prints JSON, see `Point`.
In it: decoding, the engine, states to and from bytes, output records. A process of its own, so that its memory says
what its users take. Which engine: that of a worker with the same environment.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from array import array
from itertools import islice
from pathlib import Path
from typing import NamedTuple, cast

import job
import orjson
import synthetic
from usage import resident

from streams.codec.partition import partition_codec
from streams.core.engines import Engine, make_processor
from streams.engine.machine import Machine
from streams.language import compile_journey, load_journey
from streams.replay.runner import OfflineRecord, replay

CHUNK = 2_000  # events that are made at a time: more would be most of what is resident


class Point(NamedTuple):
    """cpu_us, rows: an event. state_bytes: encoded, the last state of each user in the mean. resident_bytes: a user."""

    events: int
    cpu_us: float
    rows: float
    state_bytes: float
    resident_bytes: float


def engine() -> Engine:
    """That which a worker with this environment is told."""
    return cast("Engine", os.environ.get("JOURNEYS_ENGINE", "auto"))


def compiled(*paths: Path) -> Machine:
    """The machine of these journey files."""
    return Machine([compile_journey(load_journey(path)) for path in paths])


def machine(journeys: int) -> Machine:
    """So many copies of the reference journey."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"reference-{n:02d}.yaml" for n in range(journeys)]
        for path in paths:
            path.write_text(job.JOURNEY.read_text().replace("journey: reference", f"journey: {path.stem}", 1))
        return compiled(*paths)


def measure(mix: synthetic.Mix, journeys: int, partitions: int) -> Point:
    """Run it all."""
    made = machine(journeys)
    processors = [make_processor(made, partition_codec(made), engine()) for _ in range(partitions)]
    sizes, offsets = array("I", bytes(4 * mix.users)), [0] * partitions
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)  # as in a worker
    before, cpu, rows = resident(os.getpid()), 0.0, 0
    events = synthetic.stream(mix, partitions)
    while chunk := list(islice(events, CHUNK)):
        inputs: list[list[OfflineRecord]] = [[] for _ in range(partitions)]
        for partition, record in chunk:
            inputs[partition].append(OfflineRecord(offsets[partition], *record))
            offsets[partition] += 1
        begin = time.process_time()
        outcomes = [o for processor, some in zip(processors, inputs, strict=True) for o in replay(processor, some)]
        cpu += time.process_time() - begin
        rows += sum(len(outcome.transitions) for outcome in outcomes)
        for key, state in (one for outcome in outcomes for one in outcome.states):
            sizes[int(key[1:])] = len(state)
        del chunk, inputs, outcomes
    users = sum(size > 0 for size in sizes)
    gc.collect()
    taken = resident(os.getpid()) - before
    return Point(mix.events, 1e6 * cpu / mix.events, rows / mix.events, sum(sizes) / users, taken / users)


def main(mix: str, journeys: str, partitions: str) -> None:
    """Measure, and print the point."""
    point = measure(synthetic.Mix(**orjson.loads(mix)), int(journeys), int(partitions))
    print(orjson.dumps(point._asdict()).decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
