"""What a partition hands out: effects to be performed at the edge, and how the edge reads and writes things.

Does not know: how effects come about, where they go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from streams.engine.state import Entity
from streams.engine.timeline import Publications
from streams.partition.records import Decode, Position, Rejected

Result = Literal["applied", "irrelevant", "duplicate", "late", "rejected"]

Member = tuple[bytes, bytes | None]  # key and record of where an entity is in a journey; None: nowhere
Encode = Callable[[bytes, str | None, Publications, int], list[bytes]]  # key, account, publications, decided_at
EncodeMember = Callable[[bytes, Entity, int, int], Member]  # key, entity, journey, updated_at


class Codec(NamedTuple):
    """How the outside reads and writes things; the last three are records of the journal."""

    decode: Decode
    transitions: Encode
    member: EncodeMember
    clock: Callable[[int, int], bytes]  # before, clock
    definitions: Callable[[int, str, str], bytes]  # before, definitions, settings
    rejection: Callable[[int, str], bytes]  # offset, reason


class Pending(NamedTuple):
    """What has been done since the last seal. steps: due steps. output_bytes: of transitions."""

    records: int
    steps: int
    output_bytes: int


class Frozen(NamedTuple):
    """An entity of which a due step has raised. at: the instant of that step, ms."""

    key: bytes
    at: int
    error: Exception


class Facts(NamedTuple):
    """What metrics count. results: of records. The next three by code of row: first revisions, later ones, retractions.

    durations: of first revisions of milestones, (code, ms since the first anchor of their journey) where that is known.
    instances: of drop-offs, by journey, drop-off and outcome.
    """

    results: dict[Result, int]
    transitions: Counter[int]
    revisions: Counter[int]
    retractions: Counter[int]
    durations: list[tuple[int, int]]
    instances: list[int]


class Outcome(NamedTuple):
    """All effects since the last seal, to be performed in one transaction. Offsets are those of input records.

    transitions: (entity key, record) in the order of publication. origins: of each, (its instant, offset of the record
    that caused it; -1: time alone). members: where those entities are now. states: (entity key, state), one per touched
    entity. late: with the names of the journeys. frozen: since the last seal.
    """

    transitions: Sequence[tuple[bytes, bytes]]
    origins: Sequence[tuple[int, int]]
    members: Sequence[Member]
    states: Sequence[tuple[bytes, bytes]]
    rejected: list[tuple[int, Rejected]]
    late: list[tuple[int, tuple[str, ...]]]
    journal: list[bytes]
    position: Position
    facts: Facts
    frozen: list[Frozen]
