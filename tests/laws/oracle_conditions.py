"""Conditions and anchors for the oracle: language.md section 3, table, anchors and "Unknown".

Decides: the value of a condition at one instant, by looking at every event up to it. True, False, or None for unknown.
Does not know: how rules came to be what they are; it asks for their state. Naive on purpose: nothing is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from tests.laws.oracle_values import (
    Assignments,
    Event,
    Json,
    Value,
    default,
    duration,
    names,
    property_of,
    satisfies,
    timestamp,
)

Truth = bool | None
Scope = Callable[[Event], bool]  # which events a count in `expect` counts, if nothing else is said
OPERATORS = ("count", "open", "elapsed", "ahead", "attribute", "milestone", "segment", "dropped")
OPEN_KEPT = 64


class Rules(Protocol):
    """The state of the other rules at this instant, as the rules that look at them see it."""

    def achieved_at(self, milestone: str) -> int | None:
        """When it was achieved."""

    def is_in(self, segment: str) -> bool:
        """Whether the entity is in it."""

    def entered_at(self, segment: str) -> int | None:
        """The newest time."""

    def is_dropped(self, dropoff: str) -> bool:
        """Whether it is open."""

    def dropped_at(self, dropoff: str) -> int | None:
        """The newest time."""


class Anchor(NamedTuple):
    """at: the instant, or the date; None while it has not happened, or is unset. event: the anchor event.

    happened: the newest instant at which it happened; of a date, at which events set it (a null: to its default) to
    another value than it had at the end of the instant before.
    known: False where an entity that is not complete cannot tell.
    """

    at: int | None
    event: Event | None
    happened: int | None
    known: bool


class Change(NamedTuple):
    """The value of an attribute became another one. seen: the old one had been set by an event."""

    at: int
    old: Value | None
    new: Value | None
    seen: bool


class View:
    """What stands at instant t. past: the relevant events with an instant <= t, in order, and what each assigns."""

    def __init__(self, journey: Json, past: Sequence[tuple[Event, Assignments]], t: int, rules: Rules) -> None:
        self.journey, self.t, self.rules = journey, t, rules
        self.past, self.assignments = [e for e, _ in past], past
        since = journey.get("time", {}).get("history_from")
        self.history_from = timestamp(since)
        begins = [e.instant for e in self.past if journey["events"][e.type].get("begins", False)]
        self.complete = self.history_from is None or (bool(begins) and begins[0] >= self.history_from)

    # -- conditions
    def holds(self, c: Json, scope: Scope | None = None) -> Truth:
        """Kleene's three-valued logic. scope: inside `expect` only."""
        if "all" in c:
            values = [self.holds(part, scope) for part in c["all"]]
            return False if False in values else None if None in values else True
        if "any" in c:
            values = [self.holds(part, scope) for part in c["any"]]
            k = c.get("at_least", 1)
            return True if values.count(True) >= k else False if len(values) - values.count(False) < k else None
        if "not" in c:
            value = self.holds(c["not"], scope)
            return None if value is None else not value
        return self._holds(c, scope)

    def _holds(self, c: Json, scope: Scope | None) -> Truth:
        match next(operator for operator in OPERATORS if operator in c):
            case "count":
                return self._count(c, scope)
            case "open":
                return self._open(c)
            case "elapsed":
                return self._elapsed(c)
            case "ahead":
                date = self.anchor(c["ahead"]).at
                return date is not None and date - duration(c["less_than"]) <= self.t < date
            case "attribute":
                name = c["attribute"]
                return satisfies(c, self.value(name), self.journey["attributes"][name]["type"])
            case _:
                return self._rule(c)

    def _rule(self, c: Json) -> Truth:
        if "milestone" in c:
            achieved = self.rules.achieved_at(c["milestone"]) is not None
            return achieved or (False if self.complete else None)
        return self.rules.is_in(c["segment"]) if "segment" in c else self.rules.is_dropped(c["dropped"])

    def _count(self, c: Json, scope: Scope | None) -> Truth:
        counted = list(self._matching(c["count"], c.get("where", {})))
        whole = self.complete
        h = self.history_from
        if "since" in c:
            anchor = self.anchor(c["since"])
            if not anchor.known:
                return None
            if anchor.at is None:
                return False
            slack = duration(c["slack"]) if "slack" in c else 0
            counted = [e for e in counted if after(anchor, e) or (slack and self._in_slack(anchor, slack, e))]
            whole = whole or (h is not None and anchor.at - slack >= h)
        if "reset_by" in c:
            resets = list(self._matching(c["reset_by"]))
            if resets:
                counted = [e for e in counted if (e.instant, e.id) > (resets[-1].instant, resets[-1].id)]
                whole = whole or (h is not None and resets[-1].instant >= h)
        if "last" in c:
            start = self.t - duration(c["last"])
            counted = [e for e in counted if start < e.instant <= self.t]
            whole = whole or (h is not None and start >= h - 1)
        if scope is not None and not {"since", "reset_by", "last"} & set(c):
            counted = [e for e in counted if scope(e)]
            whole = True
        if "distinct" in c:
            values = {property_of(self.journey, e, c["distinct"]) for e in counted}
            return _compare(len({v for v in values if v[1] is not None}), c, whole=whole)
        return _compare(len(counted), c, whole=whole)

    def _in_slack(self, anchor: Anchor, slack: int, e: Event) -> bool:
        assert anchor.at is not None
        return anchor.at - slack <= e.instant <= anchor.at and e != anchor.event

    def _open(self, c: Json) -> Truth:
        opening, closing = names(c["open"]), names(c["closed_by"])
        opened: dict[tuple[str, Value | None], Event] = {}  # the first since the value was last closed; oldest first
        for e in self.past:
            if e.type in opening or e.type in closing:
                value = property_of(self.journey, e, c["by"])
                if value[1] is None:
                    continue
                if e.type in closing:
                    opened.pop(value, None)
                elif value not in opened:
                    opened[value] = e
                    if len(opened) > OPEN_KEPT:
                        del opened[next(iter(opened))]
        latest = self.t - duration(c["older_than"]) if "older_than" in c else self.t
        return _compare(sum(e.instant <= latest for e in opened.values()), c, whole=self.complete)

    def _elapsed(self, c: Json) -> Truth:
        anchor = self.anchor(c["elapsed"])
        if not anchor.known:
            return None
        if anchor.at is None or anchor.at > self.t:
            return False
        start = anchor.at + (duration(c["at_least"]) if "at_least" in c else 0)
        return start <= self.t and ("less_than" not in c or self.t < anchor.at + duration(c["less_than"]))

    # -- anchors
    def anchor(self, given: Json) -> Anchor:
        """An anchor by name or in place."""
        a = self.journey["anchors"][given] if isinstance(given, str) else given
        if "attribute" in a:
            return self._date(a["attribute"])
        if "changed" in a:
            return self._changed(a)
        if "first" in a or "last" in a:
            matching = list(self._matching(a["first"] if "first" in a else a["last"], a.get("where", {})))
            event = None if not matching else matching[0] if "first" in a else matching[-1]
            at = None if event is None else event.instant
            return Anchor(at, event, at, self.complete or ("last" in a and at is not None))
        if "achieved" in a:
            at = self.rules.achieved_at(a["achieved"])
        elif "entered" in a:
            at = self.rules.entered_at(a["entered"])
        else:
            at = self.rules.dropped_at(a["dropped"])
        return Anchor(at, None, at, self.complete or ("dropped" in a and at is not None))

    def _date(self, name: str) -> Anchor:
        value = self.value(name)
        set_to_another = [change.at for change in self._changes(name) if change.new is not None]
        assert value is None or isinstance(value, int)
        return Anchor(value, None, set_to_another[-1] if set_to_another else None, known=True)

    def _changed(self, a: Json) -> Anchor:
        attribute = self.journey["attributes"][a["changed"]]
        matching = [
            change
            for change in self._changes(a["changed"])
            if ("to" not in a or satisfies(a["to"], change.new, attribute["type"]))
            and ("from" not in a or satisfies(a["from"], change.old, attribute["type"]))
        ]
        if not matching:
            return Anchor(None, None, None, self.complete)
        newest = matching[-1]
        return Anchor(newest.at, None, newest.at, self.complete or newest.seen)

    # -- attributes
    def value(self, name: str) -> Value | None:
        """The value at the end of this instant."""
        values = [new for _, new in self._assigned(name)]
        return values[-1] if values else default(self.journey, name)

    def _changes(self, name: str) -> Iterable[Change]:
        """It is the value at the end of an instant that counts."""
        value, seen = default(self.journey, name), False
        last = dict(self._assigned(name))
        for at, new in last.items():
            if new != value:
                yield Change(at, value, new, seen)
            value, seen = new, True

    def _assigned(self, name: str) -> Iterable[tuple[int, Value | None]]:
        """(instant, value) of each time that an event set the attribute, in order."""
        for e, assigned in self.assignments:
            for attribute, new in assigned:
                if attribute == name:
                    yield e.instant, new

    # -- events
    def _matching(self, kinds: Json, where: Json | None = None) -> Iterable[Event]:
        wanted = names(kinds)
        for e in self.past:
            if e.type in wanted:
                tested = {name: property_of(self.journey, e, name) for name in where or {}}
                if all(satisfies((where or {})[name], value, kind) for name, (kind, value) in tested.items()):
                    yield e


def after(anchor: Anchor, e: Event) -> bool:
    """Later in the order of events than the anchor event; of what is no event, at a later instant."""
    if anchor.event is not None:
        return (e.instant, e.id) > (anchor.event.instant, anchor.event.id)
    return anchor.at is not None and e.instant > anchor.at


def _compare(number: int, c: Json, *, whole: bool) -> Truth:
    """If something before the log may be missing, the number is a lower bound."""
    if "at_most" in c:
        return number <= c["at_most"] and (True if whole else None)
    return number >= c.get("at_least", 1) or (False if whole else None)
