"""Where the time of an event goes, without a broker: the same input, with one stage more each time.

CPU microseconds an event. The native engine takes apart the batches that are fetched, and goes from records to records
in one piece, so it has other stages than the plain one. What only a broker shows (the network, committing, the event
loop, and for the plain engine fetching) is not here.
"""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import job
from aiokafka import TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from offline import compiled, engine

from streams.codec.partition import partition_codec
from streams.core.engines import Engine, chosen, make_processor
from streams.engine.machine import Machine
from streams.live.batches import NativeBatches, PlainBatches
from streams.live.clients import BATCH_BYTES
from streams.live.fetching import Batch
from streams.live.records import joined
from streams.partition.outcome import Codec, Outcome
from streams.partition.records import Records
from streams.replay.runner import OfflineRecord

BATCH, STEP = 10_000, 2_000  # records of a transaction and of a synchronous step, at high load
PRODUCED = 100  # records of a batch of the input

Inputs = list[Records]


def measure(reference: job.Job) -> dict[str, float]:
    """By stage, of the engine that a worker would have."""
    machine = compiled(job.JOURNEY)
    codec, native = partition_codec(machine), chosen(engine(), machine) == "native"
    wire = batches_of(reference) if native else []
    unpack = seconds(lambda: unpacked(wire))
    inputs = unpacked(wire) if native else records_of(reference)
    full = seconds(lambda: deque(outcomes(machine, codec, inputs, engine()), maxlen=0))
    make = (NativeBatches if native else PlainBatches)(new_batch)
    both = seconds(lambda: deque((append(one, make) for one in outcomes(machine, codec, inputs, engine())), maxlen=0))
    parts = {"unpack": unpack, "decode, step, encode": full} if native else plain(machine, codec, inputs)
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


def batches_of(reference: job.Job) -> list[list[bytes]]:
    """The input as a broker would give it."""
    return [[batch_of(some, i) for i in range(0, len(some), PRODUCED)] for some in reference.records]


def batch_of(records: Sequence[tuple[int, bytes, bytes]], begin: int) -> bytes:
    """The batch that begins there."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, BATCH_BYTES)
    for i, (timestamp, key, value) in enumerate(records[begin : begin + PRODUCED]):
        builder.append(i, timestamp, key, value, [])
    made = builder.build()
    made[:8] = begin.to_bytes(8)  # its first offset
    return bytes(made)


def unpacked(wire: list[list[bytes]]) -> Inputs:
    """As fetching does it, checksums included."""
    out: Inputs = []
    for partition, batches in enumerate(wire):
        some = [Batch(data) for data in batches]
        assert all(batch.validate_crc() for batch in some)
        out.append(joined([batch.unpacked(TopicPartition("events", partition)) for batch in some]))
    return out


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
