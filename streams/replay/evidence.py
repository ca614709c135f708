"""The events behind what a state keeps: those that a count counts, the one that was the anchor, or set an attribute.

A state keeps instants and numbers, the ids stand in the log. This module looks for the events that explain them, and
never says what is true: the state does. Where the log begins later than the entity, some stay without an id.
Does not know: JSON, words, rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, Literal, NamedTuple

from streams.engine.expressions import Expressions
from streams.engine.facts import Facts
from streams.engine.machine import Machine
from streams.engine.plan import Anchor, Count, Opens, Tally, Where
from streams.engine.reader import Reader
from streams.engine.state import LogEvent
from streams.engine.verdicts import CountFact

Miss = Literal["where", "value", "before", "window"]


class Happening(NamedTuple):
    """An event as one journey sees it. kept: what the journey keeps of its properties (engine.reader)."""

    at: int
    id: str
    type: str
    kept: Any


class Counted(NamedTuple):
    """One event that counts, or one value; id None: it lies before the events that are at hand."""

    at: int
    id: str | None
    value: Any = None


class Evidence:
    """All events of one entity that journey number `j` of the machine was given, by (instant, id)."""

    def __init__(self, machine: Machine, j: int, events: Sequence[LogEvent]) -> None:
        self.plan = machine.plans[j]
        facts = Facts(self.plan, Expressions(self.plan))
        self.readers = {name: Reader(self.plan, name) for name in self.plan.relevant}
        for name, reader in self.readers.items():
            facts.event(name, reader)  # asks the reader for everything that it keeps, in the order of the program
        names = {kind.index: self.plan.aliases.get(name, name) for name, kind in machine.routes.items()}
        self.events: list[Happening] = []
        for at, event_id, kind, kept in events:
            for place, target in enumerate(machine.kinds[kind].targets):
                if target.journey == j:
                    self.events.append(Happening(at, event_id, names[kind], kept[place] if kept else 0))

    def up_to(self, t: int) -> Evidence:
        """The same, as it was at an earlier instant."""
        earlier = copy(self)
        earlier.events = [h for h in self.events if h.at <= t]
        return earlier

    # -- one event
    def _mask(self, h: Happening) -> int:
        reader = self.readers[h.type]
        if not reader.masked:
            return 0
        return int(h.kept if reader.bare else h.kept[0])

    def _matches(self, h: Happening, types: Sequence[str], where: Where) -> bool:
        return h.type in types and (not where or bool(self._mask(h) & self.readers[h.type].where_bit(where)))

    def _countable(self, tally: Tally) -> list[Happening]:
        """Events of the tally's types, without those that are its own anchor: nothing of them is kept for it."""
        a = tally.restart
        own = a.events if a is not None and a.op == "last" and not a.where else ()
        return [h for h in self.events if h.type in tally.events and h.type not in own]

    def _value(self, h: Happening, prop: str, types: Sequence[str]) -> Any:
        return h.kept[self.readers[h.type].value_at(prop, tuple(types))]

    def _has(self, h: Happening, prop: str, types: Sequence[str], value: Any) -> bool:
        return bool(self._value(h, prop, types) == value)

    # -- facts
    def of_anchor(self, a: Anchor, at: int | None) -> Happening | None:
        """The event that was the anchor, when it happened at `at`."""
        found = [h for h in self.events if h.at == at and self._matches(h, a.events, a.where)] if a.is_event else []
        if not found:
            return None
        return found[0] if a.op == "first" else found[-1]

    def of_attribute(self, attribute: str, at: int | None = None) -> Happening | None:
        """The newest event that has set the attribute, or the last one that did so at an instant."""
        for h in self.events[::-1]:
            bits = sum(s.bit for s in self.readers[h.type].settings() if s.attribute == attribute)
            if (at is None or h.at == at) and self._mask(h) & bits:
                return h
        return None

    def of_open(self, opens: Opens, value: Any, since: int) -> Happening | None:
        """The event that opened the value."""
        types, both = opens.events, (*opens.events, *opens.closed_by)
        found = (h for h in self.events if h.at == since and h.type in types)
        return next((h for h in found if self._has(h, opens.by, both, value)), None)

    def of_count(self, tally: Tally, fact: CountFact) -> list[Counted]:
        """What the tally holds, the oldest first; of a bare number no more than the events at hand."""
        begin = self._begin(tally, fact)
        found = [
            h for h in self._countable(tally) if (h.at, h.id) > begin and self._matches(h, tally.events, tally.where)
        ]
        if fact.instants is None:
            newest = found[-fact.number :] if fact.number else []
            return [Counted(h.at, h.id) for h in newest]
        out: list[Counted] = []
        values = fact.values or (None,) * len(fact.instants)
        for at, value in reversed(list(zip(fact.instants, values, strict=True))):
            fitting = (h for h in found[::-1] if h.at == at)
            if tally.distinct is not None:
                fitting = (h for h in fitting if self._has(h, tally.distinct, tally.events, value))
            match = next(fitting, None)
            if match is not None:
                found.remove(match)
            out.append(Counted(at, None if match is None else match.id, value))
        return out[::-1]

    def _begin(self, tally: Tally, fact: CountFact) -> tuple[int, str]:
        """The newest event that emptied the tally; what it counts comes later in (instant, id)."""
        found = [h for h in self.events if h.type in tally.reset_by][-1:]
        anchored = None if tally.restart is None else self.of_anchor(tally.restart, fact.emptied_at)
        found += [] if anchored is None else [anchored]
        return max(((h.at, h.id) for h in found), default=(-1, ""))

    def missed(self, c: Count, fact: CountFact, t: int) -> list[tuple[Happening, Miss]]:
        """Events of the types that are counted that do not count at `t`, and why; the newest last."""
        tally = self.plan.tallies[c.tally]
        begin, after = self._begin(tally, fact), -1 if fact.after is None else fact.after
        waiting = fact.anchor is not None and fact.anchor.at is None
        out: list[tuple[Happening, Miss]] = []
        for h in self._countable(tally):
            if (h.at, h.id) == begin:
                continue
            if not self._matches(h, tally.events, tally.where):
                out.append((h, "where"))
            elif tally.distinct is not None and self._value(h, tally.distinct, tally.events) is None:
                out.append((h, "value"))
            elif waiting or (h.at, h.id) <= begin or h.at <= after:
                out.append((h, "before"))
            elif c.last_ms and h.at <= t - c.last_ms:
                out.append((h, "window"))
        return out
