"""What is said of rows and entities beside the rows that stand: records, members, gauges, outcomes of instances.

outputs.md sections 2 to 4 and time.md law 7, held against the oracle. Where a record says more than its row, the log
must be in order: a revision is published for a new row only.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from streams.engine.dropoff import OUTCOMES
from streams.engine.machine import Machine
from streams.engine.plan import Dropoff
from streams.partition.outcome import Outcome
from tests.laws.effects import same
from tests.laws.journey_conditions import Json, iso
from tests.laws.oracle import Entity, Row
from tests.laws.oracle_values import Event
from tests.laws.streams_of_events import Line, read
from tests.laws.system import Net, row_of, transitions
from tests.laws.world import World

Told = dict[str, Any]  # fields of a record


class Narrator(Entity):
    """An entity of the oracle that notes what the records of its rows say."""

    def __init__(self, journey: Json, events: Iterable[Event]) -> None:
        super().__init__(journey, events)
        self.told: dict[Row, Told] = {}
        self.changed_at: dict[str, int] = {}  # by rule, or group
        self.losers: dict[str, list[str]] = {}  # by group, in this step

    def group(self, group: str) -> None:
        """Members that hold and are not the winner, too."""
        members = [name for name, segment in self.journey["segments"].items() if segment.get("group") == group]
        holding = [name for name in members if self.wants(name)]
        super().group(group)
        self.losers[group] = sorted(name for name in holding if not self.segments[name].inside)

    def step(self, t: int) -> None:
        """What is true at the end of the step is said of all of its rows."""
        before, changed_at = len(self.rows), dict(self.changed_at)
        super().step(t)
        path = self.journey.get("path", [])
        reached = [name for name in path if self.milestones[name] is not None]
        for row in self.rows[before:]:
            group = self.journey["segments"][row.rule].get("group") if row.rule_type == "segment" else None
            last = self.changed_at.get(row.rule) if group is None else changed_at.get(f"group {group}")
            self.changed_at[row.rule if group is None else f"group {group}"] = t
            self.told[row] = {
                "complete": self.view.complete,
                "last_reached": reached[-1] if reached else None,
                "missing": [name for name in path if name not in reached],
                "seconds_in_previous": None if last is None else (t - last) / 1000,
            }
            if row.kind == "entered":
                self.told[row]["also_matched"] = self.losers[group] if group is not None else []

    def place(self) -> Told | None:
        """The member record, as far as it follows from the rows; None if the entity is nowhere."""
        segments = {name: s.entered_at for name, s in self.segments.items() if s.inside}
        dropped = {name: d.dropped_at for name, d in self.dropoffs.items() if d.state == "open"}
        milestones = {name: at for name, at in self.milestones.items() if at is not None}
        given = self.journey.get("segments", {})
        groups: dict[str, str | None] = {given[name]["group"]: None for name in given if "group" in given[name]}
        groups |= {given[name]["group"]: name for name in segments if "group" in given[name]}
        place = {
            "segments": _dated(segments),
            "groups": groups,
            "milestones": _dated(milestones),
            "dropped": _dated(dropped),
        }
        return place if segments or dropped or milestones else None


def _dated(instants: Mapping[str, int | None]) -> dict[str, str]:
    return {name: iso(at) for name, at in instants.items() if at is not None}


def narrated(world: World) -> dict[tuple[str, str], Narrator]:
    """(journey, entity) -> where the oracle leaves it."""
    events, clock, _ = read(world.log, world.lateness)
    narrators = {
        (journey["journey"], entity): Narrator(journey, own)
        for journey in world.journeys
        for entity, own in events.items()
    }
    for narrator in narrators.values():
        narrator.walk(clock, ())
    return narrators


def in_order(log: Iterable[Line]) -> list[Line]:
    """The events as they happen, one of an entity in a millisecond."""
    first: dict[tuple[str, int], Line] = {}
    for line in log:
        if line.type:
            first.setdefault((line.entity, line.occurred), line._replace(arrival=line.occurred))
    ticks = [line for line in log if not line.type]
    return sorted([*first.values(), *ticks[-1:]], key=lambda line: line.arrival)


def places_differ(outcome: Outcome, narrators: Mapping[tuple[str, str], Narrator]) -> str:
    """The newest member records are where the oracle leaves the entities."""
    got = {}
    for key, record in outcome.members:
        journey, _, entity = key.decode().split("/")
        place = None if record is None else json.loads(record)
        told = ("segments", "groups", "milestones", "dropped")
        got[journey, entity] = None if place is None else {name: place[name] for name in told}
    wanted = {key: narrator.place() for key, narrator in narrators.items()}
    return next((same(f"member {key}", wanted[key], got.get(key)) for key in wanted if wanted[key] != got.get(key)), "")


def gauges_differ(machine: Machine, outcome: Outcome, narrators: Mapping[tuple[str, str], Narrator]) -> str:
    """The gauges count the entities of the oracle."""
    wanted: Counter[tuple[str, str, str]] = Counter()
    for (journey, _), n in narrators.items():
        wanted[journey, "population", ""] += n.inside
        wanted.update((journey, "milestone", name) for name, at in n.milestones.items() if at is not None)
        wanted.update((journey, "segment", name) for name, s in n.segments.items() if s.inside)
        wanted.update((journey, "pending", name) for name, d in n.dropoffs.items() if d.state == "pending")
    values = outcome.position.gauges or [0] * len(machine.gauges)
    got = {(journey, g.kind, g.rule): value for (journey, g), value in zip(machine.gauges, values, strict=True)}
    return next((same(f"gauge {key}", wanted[key], got[key]) for key in got if wanted[key] != got[key]), "")


def instances(machine: Machine, outcome: Outcome) -> dict[tuple[str, str], dict[str, int]]:
    """(journey, drop-off) -> outcome -> how many instances."""
    keys = [
        (p.journey, rule.name, o)
        for p in machine.plans
        for rule in p.rules
        if isinstance(rule, Dropoff)
        for o in OUTCOMES
    ]
    found: dict[tuple[str, str], dict[str, int]] = {}
    for (journey, rule, what), number in zip(keys, outcome.facts.instances, strict=True):
        found.setdefault((journey, rule), {})[what] = number
    return found


def unbalanced(machine: Machine, outcome: Outcome) -> str:
    """Every armed drop-off is met, dropped, cancelled or pending. outcome: everything since the beginning."""
    values = outcome.position.gauges or [0] * len(machine.gauges)
    pending = {
        (journey, g.rule): n for (journey, g), n in zip(machine.gauges, values, strict=True) if g.kind == "pending"
    }
    for key, n in instances(machine, outcome).items():
        if n["armed"] != n["met"] + n["dropped"] + n["cancelled"] + pending[key]:
            return f"{key}: {n}, pending {pending[key]}"
    return ""


def instances_differ(machine: Machine, outcome: Outcome, narrators: Mapping[tuple[str, str], Narrator]) -> str:
    """Of a log in order: as many instances end in each way as the oracle says."""
    wanted = {key: Counter[str]() for key in instances(machine, outcome)}
    for (journey, _), narrator in narrators.items():
        for name, d in narrator.dropoffs.items():
            wanted[journey, name].update(armed=d.armed, met=d.met, dropped=d.dropped, cancelled=d.cancelled)
    for key, got in instances(machine, outcome).items():
        for what in ("armed", "met", "dropped", "cancelled"):
            if got[what] != wanted[key][what]:
                return f"{key}, {what}: {wanted[key][what]} or {got[what]}"
    return ""


def records_differ(outcome: Outcome, narrators: Mapping[tuple[str, str], Narrator]) -> str:
    """Of a log in order: what the records say beside their rows."""
    wanted = {
        Net(journey, entity, row): told for (journey, entity), n in narrators.items() for row, told in n.told.items()
    }
    for t in transitions([outcome]):
        told = wanted.get(row_of(t), {})
        for name, value in told.items():
            got = sorted(t[name]) if name == "also_matched" else t[name]
            if got != value:
                return f"{row_of(t)}, {name}: {value} or {got}"
    return ""
