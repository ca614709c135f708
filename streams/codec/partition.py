"""How the partitions of one machine read and write: everything that a Processor is given of this room."""

from __future__ import annotations

from streams.codec.envelope import Fields, PlainReader
from streams.codec.journal import encode_clock, encode_definitions, encode_rejection
from streams.codec.member import MemberEncoder
from streams.codec.transition import TransitionEncoder
from streams.engine.machine import Machine
from streams.partition.outcome import Codec
from streams.partition.records import Decode


def partition_codec(machine: Machine, decode: Decode | None = None) -> Codec:
    """decode: how records are read; without it, as plain envelopes with their usual names."""
    transitions, members = TransitionEncoder(machine), MemberEncoder(machine)
    reader = decode or PlainReader(Fields())
    return Codec(reader, transitions, members, encode_clock, encode_definitions, encode_rejection)
