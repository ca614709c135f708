"""LN13: conditions that can never hold. None is reported that could: what cannot be told counts as possible.

Decides: which leaf can never be true by itself, and which conditions exclude each other. It is asked for the cause:
whatever only follows from a condition that is reported elsewhere (`all` around it, `{milestone: M}` of a milestone that
nobody can achieve) is no finding of its own.
Does not know: which values and times are likely, order of events, the population.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schemas import conditions as said
from schemas.journey import Journey
from streams.engine.plan import Plan
from streams.engine.values import same, typed
from streams.language import domains
from streams.language.exclusions import excluding, span_ms, tests_of_attribute
from streams.language.facts import names_of, tests_of
from streams.language.places import Conjunction, Finding, Part, Place, conjunctions, inside, needed, together, whole
from streams.language.terms import resolve

Reason = str | None  # None: it can hold. Empty: it cannot, for a reason that is reported elsewhere


def never_holding(journey: Journey, plan: Plan) -> Iterator[Finding]:
    """LN13: a wrong constant or an impossible bound breaks a rule in silence (A7); it is found before anybody waits."""
    yield from _Never(journey, plan).findings()


class _Never:
    def __init__(self, journey: Journey, plan: Plan) -> None:
        self.journey, self.plan = journey, plan
        self._dead_rules: dict[tuple[str, str], bool] = {}

    def findings(self) -> Iterator[Finding]:
        for place in whole(self.journey):
            for conjunction in conjunctions(place):
                yield from self._conjunction(conjunction)
        for name, segment in self.journey.segments.items():
            if segment.until is not None and not self._never(segment.when) and self._no_entry(name):
                message = "nobody enters: whoever meets `when` meets `until` too; leave room between the two"
                yield f"segments.{name}", message
        for name, dropoff in self.journey.dropoffs.items():
            reason = self._anchor(dropoff.after)
            if reason:
                yield f"dropoffs.{name}.after", f"this never happens: {reason}"

    def _conjunction(self, conjunction: Conjunction) -> Iterator[Finding]:
        for part in conjunction.parts:
            reason = self._leaf(part.place.condition)
            if reason:
                yield part.place.path, f"this never holds: {reason}"
            yield from self._constants(part.place)
        if conjunction.holds:
            yield from self._at_once(conjunction)

    def _at_once(self, conjunction: Conjunction) -> Iterator[Finding]:
        """Of a condition that has to hold: what its parts, each of which is possible, make impossible."""
        for part in conjunction.parts:
            left, parts = self._left(part), inside(part.place)
            if not part.holds and self._dead(part):
                yield part.written.path, "this never holds, since what it negates always does; leave it out"
            elif 0 < left < needed(part.place.condition, holds=part.holds):
                message = f"only {left} of these {len(parts)} parts can come true; ask for fewer, or mend the others"
                yield part.written.path, message
        alive = [part for part in conjunction.parts if not self._dead(part)]
        for group in self._excluding(alive):
            paths = " and ".join(dict.fromkeys(part.written.path for part in group))
            message = f"this never holds: {paths} exclude each other; keep one, or put them under `any`"
            yield conjunction.place.path, message

    # -- whether something can hold
    def _never(self, c: said.Condition, *, holds: bool = True) -> bool:
        """Whether it can never be true or, if not `holds`, never false."""
        parts = list(together(Place("", c), holds=holds))
        return any(map(self._dead, parts)) or any(self._excluding(parts))

    def _dead(self, part: Part) -> bool:
        c = part.place.condition
        if inside(part.place):
            return self._left(part) < needed(c, holds=part.holds)
        return self._leaf(c) is not None if part.holds else self._always(c)

    def _left(self, part: Part) -> int:
        """How many alternatives can come true."""
        return sum(not self._never(x.condition, holds=part.holds) for x in inside(part.place))

    def _always(self, c: said.Condition) -> bool:
        if not isinstance(c, said.Has):
            return False
        domain = domains.of_attribute(self.plan, c.attribute)
        return not domains.possible(domain, (), [tests_of_attribute(self.plan, c)])

    def _excluding(self, parts: Sequence[Part]) -> Iterator[tuple[Part, ...]]:
        return excluding(self.journey, self.plan, parts)

    def _dead_rule(self, kind: str, name: str) -> bool:
        """Whether a milestone can never be achieved, a segment never entered, a drop-off never happen."""
        if (kind, name) not in self._dead_rules:
            self._dead_rules[kind, name] = self._nobody(kind, name)
        return self._dead_rules[kind, name]

    def _nobody(self, kind: str, name: str) -> bool:
        if kind == "milestone":
            return self._never(self.journey.milestones[name].when)
        if kind == "segment":
            return self._never(self.journey.segments[name].when) or self._no_entry(name)
        dropoff = self.journey.dropoffs[name]
        never_armed = dropoff.only_if is not None and self._never(dropoff.only_if)
        return never_armed or self._anchor(dropoff.after) is not None

    def _no_entry(self, name: str) -> bool:
        """Whether `when` and not `until` exclude each other."""
        when, until = self.journey.segments[name].when, self.journey.segments[name].until
        if until is None:
            return False
        return any(self._excluding([*together(Place("", when)), *together(Place("", until), holds=False)]))

    # -- leaves
    def _leaf(self, c: said.Condition) -> Reason:
        match c:
            case said.Count():
                return self._count(c)
            case said.Open():
                return self._open(c)
            case said.Elapsed() | said.Ahead():
                return self._timed(c)
            case said.Has():
                return self._has(c)
        return self._refers(c)

    def _refers(self, c: said.Condition | said.Anchor) -> Reason:
        """A rule that is looked at and to which nothing can happen is reported where it stands."""
        match c:
            case said.InMilestone(milestone=name) | said.Achieved(achieved=name):
                return "" if self._dead_rule("milestone", name) else None
            case said.InSegment(segment=name) | said.Entered(entered=name):
                return "" if self._dead_rule("segment", name) else None
            case said.Dropped(dropped=name) | said.DroppedAt(dropped=name):
                return "" if self._dead_rule("dropoff", name) else None
        return None

    def _open(self, c: said.Open) -> Reason:
        kinds = {self.plan.events[event][c.by] for event in names_of(c.open)}
        if kinds == {"boolean"} and (c.at_least or 1) > len(domains.BOOLEAN):
            return f"'{c.by}' is true or false, so no more than 2 of it can be open; write `at_least: 2` or less"
        return None

    def _timed(self, c: said.Elapsed | said.Ahead) -> Reason:
        if isinstance(c, said.Ahead):
            return self._anchor(c.ahead)
        start, end = span_ms(c)
        if start >= end:
            return "`less_than` comes no later than `at_least`; let it be longer, or drop one of the two"
        return self._anchor(c.elapsed)

    def _has(self, c: said.Has) -> Reason:
        domain = domains.of_attribute(self.plan, c.attribute)
        if domains.possible(domain, tests_of_attribute(self.plan, c)):
            return None
        if domain.values is None:
            return f"no value of '{c.attribute}' passes all of these tests at once; drop one of them"
        return _only(domain, c.attribute)

    def _constants(self, place: Place) -> Iterator[Finding]:
        """Of a list of which something can hold: what in it never does."""
        c = place.condition
        if not isinstance(c, said.Has) or c.in_ is None or self._has(c) is not None:
            return
        domain, kind = domains.of_attribute(self.plan, c.attribute), self.plan.attributes[c.attribute].type
        for i, constant in enumerate(c.in_):
            if not domains.possible(domain, tests_of(constant, kind)):
                yield f"{place.path}.in[{i}]", f"this never matches: {_only(domain, c.attribute)}"

    def _count(self, c: said.Count) -> Reason:
        reason = None if c.since is None else self._anchor(c.since)
        if reason is not None or c.at_most is not None:
            return reason
        events = names_of(c.count)
        since = None if c.since is None else resolve(self.journey, c.since)
        if isinstance(since, said.Last) and set(events) <= set(names_of(since.last)) and since.where in ({}, c.where):
            return "every such event is the new anchor itself, so none comes after it; count since another anchor"
        if c.reset_by is not None and set(events) <= set(names_of(c.reset_by)):
            return "every such event resets its own count; let another one reset it, or leave `reset_by` out"
        return self._where(events, c.where) or self._distinct(c, events)

    def _distinct(self, c: said.Count, events: Sequence[str]) -> Reason:
        if c.distinct is None:
            return None
        kind = self.plan.events[events[0]][c.distinct]
        passed = tests_of(c.where[c.distinct], kind) if c.distinct in c.where else ()
        most = min(domains.most(domains.of_property(self.plan.events[event][c.distinct]), passed) for event in events)
        if (c.at_least or 1) <= most:
            return None
        return f"no more than {most} different '{c.distinct}' can be counted; write `at_least: {most}` or less"

    def _where(self, events: Sequence[str], where: said.Where) -> Reason:
        for name, given in where.items():
            kind = self.plan.events[events[0]][name]
            if not domains.possible(domains.of_property(kind), tests_of(given, kind)):
                return f"no value of '{name}' passes all of its tests at once; drop one of them"
        return None

    def _anchor(self, given: said.AnchorOrName) -> Reason:
        """Whether this anchor can happen."""
        anchor = resolve(self.journey, given)
        match anchor:
            case said.First(first=events) | said.Last(last=events):
                return self._where(names_of(events), anchor.where)
            case said.Changed():
                return self._changed(anchor)
            case said.Date():
                return self._date(anchor)
        return self._refers(anchor)

    def _date(self, anchor: said.Date) -> Reason:
        domain = domains.of_attribute(self.plan, anchor.attribute)
        if domain.values is None or any(value is not domains.UNSET for value in domain.values):
            return None
        return f"no event sets '{anchor.attribute}', so this date never comes; name it in the `sets` of an event"

    def _changed(self, anchor: said.Changed) -> Reason:
        domain = domains.of_attribute(self.plan, anchor.changed)
        if domain.values is not None and len(domain.values) == 1:
            return f"no event changes '{anchor.changed}'; name it in the `sets` of an event"
        kind = self.plan.attributes[anchor.changed].type
        for key, end in (("from", anchor.source), ("to", anchor.to)):
            if end is not None and not domains.possible(domain, tests_of(end, kind)):
                return f"`{key}` names a value that does not occur; {_only(domain, anchor.changed)}"
        if anchor.to is not None and same(typed(anchor.source, kind), typed(anchor.to, kind)):
            return f"no change of '{anchor.changed}' leads from a value to itself; write another `from` or `to`"
        return None


def _only(domain: domains.Domain, name: str) -> str:
    """What it can be instead."""
    values = [value for value in domain.values or () if value is not domains.UNSET]
    if not values or domain.kind == "timestamp":
        return f"no event sets '{name}' to that; name it in the `sets` of an event"
    shown = ", ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in values)
    return f"'{name}' can only be {shown}; write one of these, or let an event set it to another value"
