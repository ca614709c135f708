"""The oracle: every net row of one entity, from all of its events at once. language.md section 4, time.md section 3.

Decides: what every rule publishes, by taking one step after the other from the first relevant event on, and looking at
the whole past anew in each. No window is kept, nothing is forgotten, nothing comes late: naive, slow, obviously right.
Does not know: arrivals, lateness, revisions, state, and nothing of `streams`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from tests.laws.oracle_conditions import Anchor, View, after
from tests.laws.oracle_instants import durations, instants
from tests.laws.oracle_values import Event, Json, assignments, duration, relevant

KIND_OF_SECTION = {"milestones": "milestone", "segments": "segment", "dropoffs": "dropoff"}


class Row(NamedTuple):
    """A transition that stands in the end. at: effective_at in ms. source: its `from`."""

    rule: str
    rule_type: str
    kind: str
    episode: int
    at: int
    source: str | None = None
    to: str | None = None


@dataclass
class Segment:
    """Whether the entity is in it; how often it entered, and when last."""

    inside: bool = False
    episode: int = 0
    entered_at: int | None = None


@dataclass
class Dropoff:
    """state: '', 'pending' or 'open'. used: the newest happening of the anchor that arms no (further) instance."""

    state: str = ""
    anchor: Anchor | None = None
    armed_at: int = 0
    deadline: int = 0
    used: int | None = None
    episode: int = 0
    dropped_at: int | None = None
    armed: int = 0
    met: int = 0
    dropped: int = 0
    cancelled: int = 0


def evaluate(journey: Json, events: Iterable[Event], end: int, every: Iterable[int] = ()) -> list[Row]:
    """The net rows of one entity, sorted. events: all of them, in any order, each as often as you like.

    end: the clock in the end, in ms. every: instants at which a step is taken although nothing is expected there.
    """
    return Entity(journey, events).walk(end, every)


class Entity:
    """One entity on its way through all of its instants."""

    def __init__(self, journey: Json, events: Iterable[Event]) -> None:
        self.journey = journey
        aliases = {alias: name for name, e in journey["events"].items() for alias in e.get("aliases", [])}
        named = {(e.id, e.instant): e._replace(type=aliases.get(e.type, e.type)) for e in events}
        matters = relevant(journey)
        self.events = sorted((e for e in named.values() if e.type in matters), key=lambda e: (e.instant, e.id))
        self.past = [(e, assignments(journey, e)) for e in self.events]
        self.inside = False
        self.milestones: dict[str, int | None] = dict.fromkeys(journey.get("milestones", {}))
        self.segments = {name: Segment() for name in journey.get("segments", {})}
        self.dropoffs = {name: Dropoff() for name in journey.get("dropoffs", {})}
        self.rows: list[Row] = []
        self.settled: set[str] = set()
        self.view = View(journey, [], 0, self)

    # -- time
    def walk(self, end: int, every: Iterable[int]) -> list[Row]:
        """Steps at events, and at the due instants that follow from events and from what the steps change."""
        if not self.events:
            return []
        first, steps = self.events[0].instant, {e.instant for e in self.events}
        spans = set(durations(self.journey))
        due = sorted({*instants(self.journey, self.events, spans), *every})
        last, before = None, None
        while due:
            t = heapq.heappop(due)
            if t == last or t < first or (t > end and t not in steps):
                continue
            last = t
            self.step(t)
            if (now := self.snapshot()) != before:
                before = now
                for each in spans:
                    heapq.heappush(due, t + each)
        return sorted(self.rows)

    def snapshot(self) -> str:
        """Everything that rules remember, to be compared."""
        return repr((self.inside, self.milestones, self.segments, self.dropoffs))

    def step(self, t: int) -> None:
        """The step at t: the population first, then every rule once, each after those that it looks at."""
        self.view = View(self.journey, [pair for pair in self.past if pair[0].instant <= t], t, self)
        inside = self.view.holds(self.journey["population"]) if "population" in self.journey else True
        self.inside = self.inside if inside is None else inside
        self.settled = set()
        for name in (*self.milestones, *self.segments, *self.dropoffs):
            self.settle(name)
        for d in self.dropoffs.values():
            assert d.armed == d.met + d.dropped + d.cancelled + (d.state == "pending")

    def settle(self, name: str) -> None:
        """Evaluates a rule in this step, unless that has been done; a group is one."""
        if name in self.milestones:
            if name not in self.settled:
                self.settled.add(name)
                self.milestone(name)
        elif name in self.segments:
            group = self.journey["segments"][name].get("group")
            key = name if group is None else f"group {group}"
            if key not in self.settled:
                self.settled.add(key)
                self.segment(name) if group is None else self.group(group)
        elif name not in self.settled:
            self.settled.add(name)
            self.dropoff(name)

    # -- what the rules that look at others see: their new values
    def achieved_at(self, milestone: str) -> int | None:
        """When it was achieved."""
        self.settle(milestone)
        return self.milestones[milestone]

    def is_in(self, segment: str) -> bool:
        """Whether the entity is in it."""
        self.settle(segment)
        return self.segments[segment].inside

    def entered_at(self, segment: str) -> int | None:
        """The newest time."""
        self.settle(segment)
        return self.segments[segment].entered_at

    def is_dropped(self, dropoff: str) -> bool:
        """Whether it is open."""
        self.settle(dropoff)
        return self.dropoffs[dropoff].state == "open"

    def dropped_at(self, dropoff: str) -> int | None:
        """The newest time."""
        self.settle(dropoff)
        return self.dropoffs[dropoff].dropped_at

    # -- milestones and segments
    def milestone(self, name: str) -> None:
        """Achieved once, at the first instant at which `when` is true inside the population."""
        when = self.journey["milestones"][name]["when"]
        if self.milestones[name] is None and self.inside and self.view.holds(when) is True:
            self.milestones[name] = self.view.t
            self.rows.append(Row(name, "milestone", "achieved", 1, self.view.t))

    def segment(self, name: str) -> None:
        """A segment without a group."""
        inside = self.wants(name)
        if inside != self.segments[name].inside:
            self.enter(name, None) if inside else self.exit(name, None)

    def group(self, group: str) -> None:
        """Of the members whose condition holds the highest priority wins."""
        members = [name for name, segment in self.journey["segments"].items() if segment.get("group") == group]
        old = next((name for name in members if self.segments[name].inside), None)
        holding = [name for name in members if self.wants(name)]
        new = max(holding, key=lambda name: int(self.journey["segments"][name]["priority"]), default=None)
        if old != new:
            if old is not None:
                self.exit(old, new)
            if new is not None:
                self.enter(new, old)

    def wants(self, name: str) -> bool:
        """Whether a segment, looked at alone, holds from this step on; unknown changes nothing."""
        rule, inside = self.journey["segments"][name], self.segments[name].inside
        if not self.inside:
            return False
        holds = self.view.holds(rule["when"])
        if "until" in rule:  # in' = not until and (when or in)
            until = self.view.holds(rule["until"])
            either = True if inside else holds
            holds = False if until is True or either is False else None if until is None or either is None else True
        return inside if holds is None else holds

    def enter(self, name: str, source: str | None) -> None:
        """A new episode."""
        segment = self.segments[name]
        segment.inside, segment.episode, segment.entered_at = True, segment.episode + 1, self.view.t
        self.rows.append(Row(name, "segment", "entered", segment.episode, self.view.t, source=source))

    def exit(self, name: str, to: str | None) -> None:
        """The end of the episode."""
        segment = self.segments[name]
        segment.inside = False
        self.rows.append(Row(name, "segment", "exited", segment.episode, self.view.t, to=to))

    # -- drop-offs
    def dropoff(self, name: str) -> None:
        """The five numbered steps of language.md section 4, inside the population."""
        rule, d, t = self.journey["dropoffs"][name], self.dropoffs[name], self.view.t
        anchor, within = self.view.anchor(rule["after"]), duration(rule["within"])
        if not self.inside:
            self.leave(name)
            d.used = anchor.happened
            return
        if d.state == "pending" and t < d.deadline:  # 1. Follow
            d.anchor, d.used = anchor, anchor.happened
            if anchor.at is None or anchor.at + within <= t:
                d.state, d.cancelled = "", d.cancelled + 1
            else:
                d.deadline = anchor.at + within
        self.meet(name)  # 2. Met
        if d.state == "pending" and t == d.deadline:  # 3. Drop
            if self.expected(name) is None:
                d.state, d.cancelled = "", d.cancelled + 1
            else:
                d.state, d.dropped, d.episode, d.dropped_at = "open", d.dropped + 1, d.episode + 1, t
                self.rows.append(Row(name, "dropoff", "dropped_off", d.episode, t))
        if d.state == "open" and self.expected(name) is True:  # 4. Recover
            d.state = ""
            self.rows.append(Row(name, "dropoff", "recovered", d.episode, t))
        if d.state == "" and anchor.happened is not None and (d.used is None or anchor.happened > d.used):  # 5. Arm
            d.used = anchor.happened
            if self.arms(rule, anchor):
                assert anchor.at is not None
                d.state, d.armed, d.anchor = "pending", d.armed + 1, anchor
                d.armed_at, d.deadline = t, anchor.at + within
                self.meet(name)

    def leave(self, name: str) -> None:
        """Leaving the population cancels a pending instance and withdraws an open one."""
        d = self.dropoffs[name]
        if d.state == "pending":
            d.cancelled += 1
        elif d.state == "open":
            self.rows.append(Row(name, "dropoff", "withdrawn", d.episode, self.view.t))
        d.state = ""

    def meet(self, name: str) -> None:
        """Pending, a <= t < D, and what was expected is true."""
        d = self.dropoffs[name]
        if d.state == "pending" and d.anchor is not None and d.anchor.at is not None:
            in_time = d.anchor.at <= self.view.t < d.deadline
            if in_time and self.expected(name) is True:
                d.state, d.met = "", d.met + 1

    def arms(self, rule: Json, anchor: Anchor) -> bool:
        """Whether this happening of the anchor arms an instance; if not, it is used up."""
        if not anchor.known or anchor.at is None:
            return False
        if self.view.history_from is not None and anchor.at < self.view.history_from:
            return False
        in_time = anchor.at + duration(rule["within"]) > self.view.t
        return in_time and ("if" not in rule or self.view.holds(rule["if"]) is True)

    def expected(self, name: str) -> bool | None:
        """`expect`, with the counts in it that say nothing else counting for this instance."""
        d, rule = self.dropoffs[name], self.journey["dropoffs"][name]
        anchor = d.anchor
        assert anchor is not None
        assert anchor.at is not None
        date, at = self.is_date(rule["after"]), anchor.at

        def counts(e: Event) -> bool:
            if d.state == "open":
                return e.instant >= d.deadline
            return e.instant >= max(at, d.armed_at) if date else after(anchor, e)

        return self.view.holds(rule["expect"], counts)

    def is_date(self, anchor: Json) -> bool:
        """Whether it is the date of an attribute."""
        return "attribute" in (self.journey["anchors"][anchor] if isinstance(anchor, str) else anchor)
