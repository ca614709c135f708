"""Where the time of an event goes, without Kafka: the same input, with one stage more each time."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import job

from streams.codec.partition import partition_codec
from streams.engine.machine import Machine
from streams.language import compile_journey, load_journey
from streams.partition.outcome import Codec
from streams.partition.processor import Processor
from streams.replay.runner import BATCH, OfflineRecord, replay

Inputs = list[list[OfflineRecord]]


def measure(reference: job.Job) -> dict[str, float]:
    """Microseconds an event by stage: decode; step (timeline, timers, states to and from bytes); transition records."""
    machine = Machine([compile_journey(load_journey(job.JOURNEY))])
    codec, inputs = partition_codec(machine), records_of(reference)
    events = {id(r): codec.decode(r) for partition in inputs for r in partition}
    ready = codec._replace(decode=lambda r: events[id(r)])
    decode = seconds(lambda: [codec.decode(r) for partition in inputs for r in partition])
    step = seconds(lambda: run(machine, ready._replace(transitions=lambda *_: []), inputs))
    full = seconds(lambda: run(machine, ready, inputs))
    parts = {"decode": decode, "step, state in and out": step, "transition records": full - step}
    return {stage: 1e6 * s / reference.events for stage, s in parts.items()}


def bytes_per_entity(reference: job.Job) -> float:
    """Mean size of a state after the whole input."""
    machine = Machine([compile_journey(load_journey(job.JOURNEY))])
    states = run(machine, partition_codec(machine), records_of(reference))
    return sum(map(len, states.values())) / len(states)


def records_of(reference: job.Job) -> Inputs:
    """The input as a consumer would give it."""
    return [[OfflineRecord(i, *r) for i, r in enumerate(partition)] for partition in reference.records]


def run(machine: Machine, codec: Codec, inputs: Inputs) -> dict[bytes, bytes]:
    """The last state of every entity. Partitions take turns, batch by batch, as in a worker."""
    states: dict[bytes, bytes] = {}
    processors = [Processor(machine, codec) for _ in inputs]
    for begin in range(0, max(map(len, inputs)), BATCH):
        for processor, records in zip(processors, inputs, strict=True):
            for outcome in replay(processor, records[begin : begin + BATCH]):
                states.update(outcome.states)
    return states


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, the collector set as in a worker."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
