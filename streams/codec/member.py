"""Where an entity is in a journey -> the record of the members topic, or a tombstone if it is nowhere.

The schema is `schemas.member.Member`; a test holds the two together. Does not know: when a record is due.
"""

from __future__ import annotations

import orjson

from streams.codec.instants import iso
from streams.engine.machine import Machine
from streams.engine.state import Entity
from streams.engine.summary import Place
from streams.partition.processor import Member


class MemberEncoder:
    """Call it with (entity key, entity, journey by its place in the machine, updated_at in ms)."""

    def __init__(self, machine: Machine) -> None:
        self.programs = machine.programs
        plans = machine.plans
        self.prefixes = [f"{p.journey}/{p.entity_type}/".encode() for p in plans]
        self.heads = [{"journey": p.journey, "version": p.version, "entity_type": p.entity_type} for p in plans]
        self.groups = [dict.fromkeys(x.group for x in p.place_names if x.group is not None) for p in self.programs]

    def __call__(self, key: bytes, entity: Entity, journey: int, updated_at: int) -> Member:
        """(key, record), the record None if there is no segment, milestone or open drop-off."""
        program, head = self.programs[journey], entity.heads[journey]
        since = [(p, at) for p, at in zip(program.place_names, program.places(head), strict=True) if at]
        if not since:
            return self.prefixes[journey] + key, None
        groups = self.groups[journey] | {p.group: p.rule for p, _ in since if p.group is not None}
        record = {
            **self.heads[journey],
            "entity_id": key.decode(),
            "segments": instants(since, "segment"),
            "groups": groups,
            "milestones": instants(since, "milestone"),
            "dropped": instants(since, "dropped"),
            "complete": program.describe(head).complete,
            "updated_at": iso(updated_at),
        }
        return self.prefixes[journey] + key, orjson.dumps(record)


def instants(since: list[tuple[Place, int]], kind: str) -> dict[str, str]:
    """Name -> since when, of the places of one kind."""
    return {place.rule: iso(at) for place, at in since if place.kind == kind}
