"""Where the time of an event goes, without a broker: the same input, with one stage more each time.

CPU microseconds an event. The native engine goes from records to records in one piece, so it is one stage. What only a
broker shows (fetching, sending, committing, the event loop) is not here.
"""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Callable, Iterator

import job
from aiokafka.producer.message_accumulator import BatchBuilder
from offline import compiled, engine

from streams.codec.partition import partition_codec
from streams.core.engines import Engine, chosen, make_processor
from streams.engine.machine import Machine
from streams.live.batches import NativeBatches, PlainBatches
from streams.live.clients import BATCH_BYTES
from streams.partition.outcome import Codec, Outcome
from streams.replay.runner import OfflineRecord

BATCH, STEP = 10_000, 2_000  # records of a transaction and of a synchronous step, at high load

Inputs = list[list[OfflineRecord]]


def measure(reference: job.Job) -> dict[str, float]:
    """By stage, of the engine that a worker would have."""
    machine = compiled(job.JOURNEY)
    codec, inputs = partition_codec(machine), records_of(reference)
    native = chosen(engine(), machine) == "native"
    full = seconds(lambda: deque(outcomes(machine, codec, inputs, engine()), maxlen=0))
    make = (NativeBatches if native else PlainBatches)(new_batch)
    both = seconds(lambda: deque((append(one, make) for one in outcomes(machine, codec, inputs, engine())), maxlen=0))
    parts = {"decode, step, encode": full} if native else plain(machine, codec, inputs)
    return {stage: 1e6 * s / reference.events for stage, s in {**parts, "append": both - full}.items()}


def plain(machine: Machine, codec: Codec, inputs: Inputs) -> dict[str, float]:
    """Seconds. step: timeline, timers, states to and from bytes. encode: transition and member records."""
    events = {id(r): codec.decode(r) for partition in inputs for r in partition}
    ready = codec._replace(decode=lambda r: events[id(r)])
    mute = ready._replace(transitions=lambda *_: [], member=lambda key, *_: (key, None))
    decode = seconds(lambda: [codec.decode(r) for partition in inputs for r in partition])
    step = seconds(lambda: deque(outcomes(machine, mute, inputs, "python"), maxlen=0))
    full = seconds(lambda: deque(outcomes(machine, ready, inputs, "python"), maxlen=0))
    return {"decode": decode, "step": step, "encode": full - step}


def records_of(reference: job.Job) -> Inputs:
    """The input as a consumer would give it."""
    return [[OfflineRecord(i, *r) for i, r in enumerate(partition)] for partition in reference.records]


def outcomes(machine: Machine, codec: Codec, inputs: Inputs, which: Engine) -> Iterator[Outcome]:
    """Partitions take turns, batch by batch, as in a worker."""
    processors = [make_processor(machine, codec, which) for _ in inputs]
    for begin in range(0, max(map(len, inputs)), BATCH):
        for processor, records in zip(processors, inputs, strict=True):
            batch, taken = records[begin : begin + BATCH], 0
            while taken < len(batch):
                taken += processor.apply(batch[taken:], {}, STEP)
                while not processor.advance(STEP):
                    pass
            yield processor.seal()


def append(outcome: Outcome, make: PlainBatches) -> list[BatchBuilder]:
    """Into batches for the wire, as a transaction does."""
    rows = make.of_transitions(0, outcome, {})
    return [*rows, *make.of_pairs(0, outcome.members), *make.of_pairs(0, outcome.states)]


def new_batch() -> BatchBuilder:
    """As a transactional producer makes it."""
    return BatchBuilder(BATCH_BYTES, 0, is_transactional=1)


def seconds(work: Callable[[], object]) -> float:
    """How much CPU it takes, the collector set as in a worker."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
    begin = time.process_time()
    work()
    return time.process_time() - begin
