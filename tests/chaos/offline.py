"""What a worker leaves in one partition of the workload, worked out offline by the engine of the product."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checker import App
from expected import Record
from workload import Crowd, journey

from streams.codec.partition import partition_codec
from streams.codec.position import META_KEY, Meta, encode_meta, record_hash, state_key
from streams.engine.machine import Machine
from streams.language import compile_journey, load_journey
from streams.partition.outcome import Outcome
from streams.partition.processor import Processor

BEGIN_MS = 1_767_225_600_000
PAUSE_MS = 3_000  # without events, at the end
SECONDS = 40
APP = App("", "app", "app.events", 1, Path(), {})


@dataclass
class Left:
    """The topics of one partition, and what the group has committed."""

    log: list[Record] = field(default_factory=list)
    published: list[Record] = field(default_factory=list)
    members: list[Record] = field(default_factory=list)
    state: list[Record] = field(default_factory=list)
    late: list[Record] = field(default_factory=list)
    rejected: list[Record] = field(default_factory=list)
    journal: list[Record] = field(default_factory=list)
    committed: tuple[int, str] = (0, "")


def make(folder: Path, seed: int = 5) -> Left:
    """Some seconds of the workload in batches, with a tick after each."""
    path = folder / "reference.yaml"
    path.write_text(journey())
    machine = Machine([compile_journey(load_journey(path))])
    processor, crowd, left = Processor(machine, partition_codec(machine)), Crowd(random.Random(seed)), Left()
    for second in range(SECONDS):
        now = BEGIN_MS + second * 1_000
        records = [append(left.log, now + n, *crowd.act(now + n)) for n in range(0, 1_000, 25)]
        processor.apply(records, {}, 10_000)
        settle(processor, left, machine)
        processor.tick(now + 999)
        settle(processor, left, machine)
    processor.tick(BEGIN_MS + SECONDS * 1_000 + PAUSE_MS)
    settle(processor, left, machine)
    return left


def append(topic: list[Record], at_ms: int, key: bytes | None, value: bytes | None, headers: Any = ()) -> Record:
    """One more record of a topic."""
    topic.append(Record(len(topic), at_ms, key, value, headers))
    return topic[-1]


def settle(processor: Processor, left: Left, machine: Machine) -> None:
    """Take what is due, and write what a transaction would."""
    while not processor.advance(10_000):
        pass
    outcome: Outcome = processor.seal()
    for key, row in outcome.transitions:
        append(left.published, 0, key, row)
    for member, told in outcome.members:
        append(left.members, 0, member, told)
    for key, state in outcome.states:
        append(left.state, 0, state_key(key), state)
    for value in outcome.journal:
        append(left.journal, 0, None, value)
    for offset, why in outcome.rejected:
        copy(left.rejected, left.log[offset], why.reason)
    for offset, _ in outcome.late:
        copy(left.late, left.log[offset], "late")
    position = outcome.position
    meta = Meta(
        app=APP.name,
        topic=APP.topic,
        partition=0,
        partitions=1,
        position=position,
        fingerprint=machine.fingerprint,
        last_hash=record_hash(left.log[-1]),
    )
    append(left.state, 0, META_KEY, encode_meta(meta))
    left.committed = position.next_offset, str(position.clock)


def copy(topic: list[Record], record: Record, reason: str) -> None:
    """A record set aside."""
    headers = (("journeys-offset", b"%d" % record.offset), ("journeys-reason", reason.encode()))
    append(topic, 0, record.key, record.value, headers)
