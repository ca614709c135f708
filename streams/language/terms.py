"""Conditions of a file -> conditions of a plan. language.md section 3.

Decides: which fact answers which condition, in which of its forms, and what a rule looks at.
Does not know: rules and their order, time, state. Whatever does not make sense has been refused by `check`.

Where a count's events come from decides what is kept of them:
- nothing, or an event anchor without slack: a number is enough. The anchor empties the tally when it happens, so what
  is left came after it.
- a window, slack, or an anchor that is no event: instants.
- different values of a property: values with their newest instants.
A count in `expect` without since, last and reset_by is *scoped* to its drop-off: it stands in two forms (plan.Count).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, assert_never

from schemas import conditions as said
from schemas.journey import Journey
from streams.engine import plan
from streams.engine.values import typed
from streams.language.facts import Facts, Seen, duration_ms, tests_of

Phase = Literal["", "pending", "open"]


@dataclass(frozen=True)
class Scope:
    """The drop-off whose `expect` is compiled, in one of its two forms."""

    dropoff: str = ""
    after: plan.Anchor | None = None
    phase: Phase = ""
    twofold: bool = False


NOWHERE = Scope()


@dataclass
class Terms:
    """Compiles the conditions of one rule, or of the population."""

    journey: Journey
    facts: Facts
    seen: Seen
    scope: Scope = NOWHERE

    def condition(self, c: said.Condition) -> plan.Condition:
        """One condition with all its parts."""
        match c:
            case said.Count():
                return self._count(c)
            case said.Open():
                return self._open(c)
            case said.Elapsed() | said.Ahead():
                return self._timed(c)
            case said.Has():
                self.seen.attributes.add(c.attribute)
                return plan.Has(c.attribute, tests_of(c, self.journey.attributes[c.attribute].type))
            case said.InMilestone() | said.InSegment() | said.Dropped():
                return self._ref(c)
        return self._compound(c)

    def _compound(self, c: said.All | said.AnyOf | said.Not) -> plan.AnyOf | plan.Not:
        match c:
            case said.All():
                return plan.AnyOf(tuple(map(self.condition, c.all)), len(c.all))
            case said.AnyOf():
                return plan.AnyOf(tuple(map(self.condition, c.any)), c.at_least or 1)
        return plan.Not(self.condition(c.not_))

    def _timed(self, c: said.Elapsed | said.Ahead) -> plan.Elapsed | plan.Ahead:
        if isinstance(c, said.Ahead):
            return plan.Ahead(self.anchor(c.ahead), duration_ms(c.less_than))
        to_ms = None if c.less_than is None else duration_ms(c.less_than)
        return plan.Elapsed(self.anchor(c.elapsed), _optional_ms(c.at_least), to_ms)

    def _ref(self, c: said.InMilestone | said.InSegment | said.Dropped) -> plan.Ref:
        match c:
            case said.InMilestone():
                self.seen.rules.add(("milestone", c.milestone))
                return plan.Ref("milestone", c.milestone)
            case said.InSegment():
                self.seen.rules.add(("segment", c.segment))
                return plan.Ref("segment", c.segment)
        self.seen.rules.add(("dropoff", c.dropped))
        return plan.Ref("dropped", c.dropped)

    def anchor(self, given: said.AnchorOrName) -> plan.Anchor:
        """An anchor, named or written in place: equal meaning is one anchor."""
        a = resolve(self.journey, given)
        match a:
            case said.First():
                made = self._event_anchor("first", a.first, a.where)
            case said.Last():
                made = self._event_anchor("last", a.last, a.where)
            case said.Achieved():
                made = self._rule_anchor("achieved", "milestone", a.achieved)
            case said.Entered():
                made = self._rule_anchor("entered", "segment", a.entered)
            case said.DroppedAt():
                made = self._rule_anchor("dropped", "dropoff", a.dropped)
            case said.Changed():
                self.seen.attributes.add(a.changed)
                kind = self.journey.attributes[a.changed].type
                to, source = ((x is not None, typed(x, kind)) for x in (a.to, a.source))
                made = plan.Anchor("changed", target=a.changed, to=to, source=source)
            case said.Date():
                self.seen.attributes.add(a.attribute)
                made = plan.Anchor("attribute", target=a.attribute)
            case _:
                assert_never(a)
        return self.facts.anchor(made)

    def _event_anchor(self, op: Literal["first", "last"], given: said.Events, where: said.Where) -> plan.Anchor:
        events = self.seen.add_events(given)
        return plan.Anchor(op, events, self._where(where, events))

    def _rule_anchor(self, op: Literal["achieved", "entered", "dropped"], kind: str, name: str) -> plan.Anchor:
        self.seen.rules.add((kind, name))
        return plan.Anchor(op, target=name)

    def _where(self, where: said.Where, events: tuple[str, ...]) -> plan.Where:
        """The tests of each property in the type that every event of the list declares it with."""
        kinds: Mapping[str, plan.ValueType] = self.journey.events[events[0]].properties
        return tuple((name, tests_of(where[name], kinds[name])) for name in sorted(where))

    def _count(self, c: said.Count) -> plan.Count:
        need, at_most = _bound(c)
        since = None if c.since is None else self.anchor(c.since)
        scope = self.scope if is_scoped(c) else NOWHERE
        slot = self.facts.tally(self._tally(c, since, scope, need))
        slack_ms, last_ms = _optional_ms(c.slack), _optional_ms(c.last)
        return plan.Count(slot, need, at_most, since, slack_ms, last_ms, scope.dropoff, scope.phase)

    def _tally(self, c: said.Count, since: plan.Anchor | None, scope: Scope, need: int) -> plan.Tally:
        """What has to be kept for a count, in the cheapest style; the slot is not known yet."""
        events = self.seen.add_events(c.count)
        start = scope.after if scope.phase == "pending" else since
        restart = start if start is not None and start.is_event and c.slack is None else None
        private = scope.phase == "pending" and restart is not None
        number_is_enough = c.last is None and scope.phase != "open" and start is restart
        return plan.Tally(
            slot="",
            events=events,
            where=self._where(c.where, events),
            distinct=c.distinct,
            reset_by=() if c.reset_by is None else self.seen.add_events(c.reset_by),
            restart=restart,
            style="values" if c.distinct else "counter" if number_is_enough else "instants",
            kept=need,
            users=frozenset((self.seen.user,)),
            scope=scope.dropoff if private else None,
            twofold=private and scope.twofold,
        )

    def _open(self, c: said.Open) -> plan.Open:
        need, at_most = _bound(c)
        events, closed_by = self.seen.add_events(c.open), self.seen.add_events(c.closed_by)
        slot = self.facts.open_values(plan.Opens("", events, closed_by, c.by))
        return plan.Open(slot, need, at_most, _optional_ms(c.older_than))


def resolve(journey: Journey, given: said.AnchorOrName) -> said.Anchor:
    """The anchor itself, if it is given by name."""
    return journey.anchors[given] if isinstance(given, str) else given


def is_scoped(c: said.Count) -> bool:
    """In `expect`: it counts after the instance's anchor, since it says nothing else."""
    return c.since is None and c.last is None and c.reset_by is None


def parts_of(c: said.Condition) -> tuple[said.Condition, ...]:
    """The conditions directly inside a condition."""
    match c:
        case said.All():
            return c.all
        case said.AnyOf():
            return c.any
        case said.Not():
            return (c.not_,)
    return ()


def has_scoped(c: said.Condition) -> bool:
    """Whether there is a scoped count anywhere in this `expect`."""
    return (isinstance(c, said.Count) and is_scoped(c)) or any(map(has_scoped, parts_of(c)))


def may_be_unknown(journey: Journey, c: said.Condition) -> bool:
    """Whether a part of this `expect`, other than a scoped count, can be unknown for an entity that is not complete."""
    match c:
        case said.Count():
            return not is_scoped(c)
        case said.Open() | said.InMilestone():
            return True
        case said.Elapsed():
            return not isinstance(resolve(journey, c.elapsed), said.Date)
    return any(may_be_unknown(journey, part) for part in parts_of(c))


def _optional_ms(text: str | None) -> int:
    return 0 if text is None else duration_ms(text)


def _bound(c: said.Count | said.Open) -> tuple[int, bool]:
    """(need, at most): at least so many, or one more than allowed."""
    if c.at_most is not None:
        return c.at_most + 1, True
    return c.at_least or 1, False
