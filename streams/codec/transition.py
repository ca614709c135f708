"""Publications -> transition records: one JSON object each, keys in the order of outputs.md section 3.

What does not depend on the entity is written once per code; the rest is put between. The schema of the record is
`schemas.transition.Transition`, and a test holds the two together.
Does not know: Kafka, when a record is sent.
"""

from __future__ import annotations

from datetime import date, timedelta
from hashlib import blake2b
from typing import NamedTuple

import orjson

from streams.codec.instants import iso
from streams.engine.machine import Code, Machine
from streams.engine.timeline import Publication, Publications

EVENT_IDS_KEPT = 8
MONDAY = date(1969, 12, 29)  # week 0


def dumps(value: object) -> str:
    """Compact JSON text."""
    return orjson.dumps(value).decode()


class Parts(NamedTuple):
    """Constant text of one code: of its id, from revision to entity, from entity to episode, of from/to per segment.

    anchored: the record shows its anchor; that of a milestone is there to be measured from.
    """

    seed: str
    before: str
    rule: str
    sides: tuple[str, ...]
    edge: str
    anchored: bool


class Path:
    """Text about the funnel, by the mask of milestones that are achieved."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._texts: dict[int, str] = {}

    def text(self, mask: int) -> str:
        """The members `last_reached` and `missing`, and the name of the member that follows them."""
        found = self._texts.get(mask)
        if found is None:
            reached = [n for i, n in enumerate(self.names) if mask >> i & 1]
            missing = [n for i, n in enumerate(self.names) if not mask >> i & 1]
            last = reached[-1] if reached else None
            found = self._texts[mask] = (
                f',"last_reached":{dumps(last)},"missing":{dumps(missing)},"seconds_in_previous":'
            )
        return found


class TransitionEncoder:
    """Call it with (entity key, account id, publications, decided_at in ms): a list of JSON records."""

    def __init__(self, machine: Machine) -> None:
        self.codes = machine.codes
        self.parts = [parts(code) for code in machine.codes]
        paths = [Path(plan.path) for plan in machine.plans]
        self.paths = [paths[code.journey] for code in machine.codes]
        self._weeks: dict[int, str] = {}

    def __call__(self, key: bytes, account: str | None, publications: Publications, decided_at: int) -> list[bytes]:
        """The records, in the order of the publications; what they share is written once."""
        entity = key.decode()
        quoted = dumps(entity)
        who = f'{quoted},"account_id":{"null" if account is None else dumps(account)}'
        decided = iso(decided_at)
        return [self.record(entity, who, decided, p) for p in publications]

    def record(self, entity: str, who: str, decided: str, p: Publication) -> bytes:
        """One record. who: entity and account in JSON; decided: RFC 3339. All records of one call share them."""
        (at, code, episode, other, prev, anchor, also), s = p.row, p.standing
        part = self.parts[code]
        tid = blake2b(f"{part.seed}\0{entity}\0{episode}".encode(), digest_size=16).hexdigest()
        anchored = f'"{iso(anchor)}"' if anchor and part.anchored else "null"
        return (
            f'{{"transition_id":"{tid}","revision":{p.revision},"retracted":{"true" if p.retracted else "false"}'
            f'{part.before}{who}{part.rule}{episode}{part.sides[other]}{part.edge}{iso(at)}","decided_at":"{decided}'
            f'","cause":"{p.cause}","evidence":{{"anchor_at":{anchored},"event_ids":{self.ids(p.event_ids)}}}'
            f"{self.paths[code].text(s.path)}{seconds(at - prev) if prev else 'null'}"
            f',"cohort":"{self.week(s.week)}","complete":{"true" if s.complete else "false"}'
            f',"also_matched":{self.also(code, also) if also else "[]"}}}'
        ).encode()

    def ids(self, event_ids: tuple[str, ...]) -> str:
        """JSON array of the first EVENT_IDS_KEPT ids."""
        return dumps(event_ids[:EVENT_IDS_KEPT]) if event_ids else "[]"

    def also(self, code: int, mask: int) -> str:
        """JSON array of the members of the code's group whose bits are set."""
        return dumps([name for i, name in enumerate(self.codes[code].members) if mask >> i & 1])

    def week(self, week: int) -> str:
        """ISO week of a number of weeks since MONDAY; the sign says whether it is of an event marked `begins`."""
        text = self._weeks.get(week)
        if text is None:
            year, number, _ = (MONDAY + timedelta(weeks=abs(week))).isocalendar()
            text = self._weeks[week] = f"{year}-W{number:02d}"
        return text


def parts(code: Code) -> Parts:
    """What all records of one code have in common."""
    p = code.plan
    seed = f"{p.journey}\0{p.entity_type}\0{code.rule}\0{code.kind}"
    before = f',"journey":"{p.journey}","version":{p.version},"entity_type":"{p.entity_type}","entity_id":'
    rule = f',"rule":"{code.rule}","rule_type":"{code.rule_type}","kind":"{code.kind}","episode":'
    others = ["null", *(f'"{s}"' for s in code.segments)]
    sides = [f',"from":{o},"to":null' if code.kind == "entered" else f',"from":null,"to":{o}' for o in others]
    edge = f',"edge":{dumps(code.edge)},"effective_at":"'
    return Parts(seed, before, rule, tuple(sides), edge, code.rule_type == "dropoff")


def seconds(ms: int) -> str:
    """Whole seconds without a point, else with milliseconds."""
    return str(ms // 1000) if ms % 1000 == 0 else f"{ms // 1000}.{ms % 1000:03d}".rstrip("0")
