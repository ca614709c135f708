"""Where an entity is in a journey -> the record of the members topic, or a tombstone if it is nowhere.

The schema is `schemas.member.Member`; a test holds the two together. Does not know: when a record is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from streams.codec.instants import iso
from streams.engine.machine import Machine
from streams.engine.program import Program
from streams.engine.state import Entity
from streams.partition.outcome import Member


class Parts(NamedTuple):
    """What is constant of one journey: the key's prefix, text up to the entity id, the groups if nobody is in any."""

    prefix: bytes
    head: str
    groups: dict[str, str]
    always_complete: bool
    names: Sequence[tuple[str, str, str | None]]  # kind, quoted name, quoted group of each place


class MemberEncoder:
    """Call it with (entity key, entity, journey by its place in the machine, updated_at in ms)."""

    def __init__(self, machine: Machine) -> None:
        self.programs = machine.programs
        self.parts = [parts(program) for program in machine.programs]

    def __call__(self, key: bytes, entity: Entity, journey: int, updated_at: int) -> Member:
        """(key, record), the record None if there is no segment, milestone or open drop-off."""
        program, head, part = self.programs[journey], entity.heads[journey], self.parts[journey]
        groups = part.groups.copy()
        since: dict[str, list[str]] = {"segment": [], "milestone": [], "dropped": []}
        for (kind, name, group), at in zip(part.names, program.places(head), strict=True):
            if at:
                since[kind].append(f'{name}:"{iso(at)}"')
                if group is not None:
                    groups[group] = name
        segments, milestones, dropped = since.values()
        if not (segments or milestones or dropped):
            return part.prefix + key, None
        told = ",".join([f"{group}:{name}" for group, name in groups.items()])
        complete = "true" if part.always_complete or program.describe(head).complete else "false"
        record = (
            f'{part.head}{quoted(key.decode())},"segments":{{{",".join(segments)}}},"groups":{{{told}}},"milestones":'
            f'{{{",".join(milestones)}}},"dropped":{{{",".join(dropped)}}},"complete":{complete},"updated_at":'
            f'"{iso(updated_at)}"}}'
        )
        return part.prefix + key, record.encode()


def parts(program: Program) -> Parts:
    """What the records of a journey have in common."""
    plan = program.plan
    head = f'{{"journey":"{plan.journey}","version":{plan.version},"entity_type":"{plan.entity_type}","entity_id":'
    names = [(p.kind, quoted(p.rule), None if p.group is None else quoted(p.group)) for p in program.place_names]
    groups = {group: "null" for _, _, group in names if group is not None}
    return Parts(f"{plan.journey}/{plan.entity_type}/".encode(), head, groups, plan.history_ms is None, names)


def quoted(text: str) -> str:
    """As a JSON string."""
    return orjson.dumps(text).decode()
