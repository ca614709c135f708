"""How the partitions of one machine read and write: everything that a Processor is given of this room."""

from __future__ import annotations

from streams.codec.envelope import Fields, make_decode
from streams.codec.journal import encode_clock, encode_definitions, encode_rejection
from streams.codec.member import MemberEncoder
from streams.codec.transition import TransitionEncoder
from streams.engine.machine import Machine
from streams.partition.outcome import Codec


def partition_codec(machine: Machine, fields: Fields | None = None) -> Codec:
    """fields: the names that the producer gives to the fields of the envelope."""
    decode, transitions = make_decode(fields or Fields()), TransitionEncoder(machine)
    return Codec(decode, transitions, MemberEncoder(machine), encode_clock, encode_definitions, encode_rejection)
