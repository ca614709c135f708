"""What a consumer knows who has read nothing but transitions: how many are where, who fell off, and what came last.

Rules
  - a row is its `transition_id`, and the newest revision of it counts: what is delivered again changes nothing, a
    revision replaces what was counted before, a retraction takes it back;
  - whoever has the first milestone of an edge is on it. They have passed when they have the second one and never fell;
    those who have done neither are pending. The drop-off rate is that of the people whose edge is decided. An edge from
    a milestone to itself is a habit: nobody passes it, and the rate is that of all who have it.
Does not know: Kafka, how it is shown.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.transition import Kind, Transition

RECENT = 1_000


class Edge(NamedTuple):
    """Between the two milestones of a drop-off. pending, fell, decided: people. dropped, recovered: how often.

    The drop-off rate is fell / decided.
    """

    pending: int
    dropped: int
    recovered: int
    fell: int
    decided: int


@dataclass
class Board:
    """Fill it with `add`. seen: records. corrections: those that revised or took back an earlier one."""

    seen: int = 0
    corrections: int = 0
    people: set[str] = field(default_factory=set)
    _recent: deque[Transition] = field(default_factory=lambda: deque(maxlen=RECENT))
    _rows: dict[str, Transition] = field(default_factory=dict)
    _who: dict[tuple[str, Kind], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, value: bytes) -> None:
        """Take the value of a record of the transitions topic. Raises pydantic's ValidationError if it is none."""
        row = Transition.model_validate_json(value)
        self.seen += 1
        before = self._rows.get(row.transition_id)
        if before is not None and before.revision >= row.revision:
            return
        self._rows[row.transition_id] = row
        if before is not None:
            self._count(before, -1)
        self._count(row, +1)
        self.corrections += row.revision > 0
        self.people.add(row.entity_id)
        self._recent.append(row)

    def _count(self, row: Transition, change: int) -> None:
        if row.retracted:
            return
        who = self._who[row.rule, row.kind]
        who[row.entity_id] += change
        if not who[row.entity_id]:
            del who[row.entity_id]

    def times(self, rule: str, kind: Kind) -> int:
        """How often that happened."""
        return self._who[rule, kind].total()

    def members(self, segment: str) -> int:
        """Who is in the segment now."""
        return self.times(segment, "entered") - self.times(segment, "exited")

    def edge(self, dropoff: str, first: str, second: str) -> Edge:
        """How people fare between two milestones."""
        on, fell = self._who[first, "achieved"].keys(), self._who[dropoff, "dropped_off"].keys()
        passed = set[str]() if first == second else on & self._who[second, "achieved"].keys() - fell
        decided = len(on) if first == second else len(passed) + len(fell)
        times = self.times(dropoff, "dropped_off"), self.times(dropoff, "recovered")
        return Edge(len(on - fell - passed), *times, len(fell), decided)

    def newest(self, most: int) -> list[Transition]:
        """The newest row of each rule and kind, the newest of all last, at most so many."""
        found: dict[tuple[str, Kind, bool], Transition] = {}
        for row in reversed(self._recent):
            found.setdefault((row.rule, row.kind, row.revision > 0), row)
        return list(found.values())[:most][::-1]
