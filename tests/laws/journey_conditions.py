"""Random conditions that the language accepts: every operator, on a coarse grid of time.

Decides: what is likely to stand together, so that windows, deadlines and dates collide and rules look at each other.
Does not know: rules, streams, what a condition means.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any, NamedTuple

Json = Any
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BASE = 1_772_445_600_000  # 2026-03-02T10:00:00Z
LENGTHS = (1, 2, 3, 4, 6, 8, 12)  # of durations, in units of the grid
PROPERTIES = {
    "item": "string",
    "kind": "string",
    "plan": "string",
    "paid": "boolean",
    "due": "timestamp",
    "score": "number",
}
MANY = (58, 62, 64)  # open values: near the number that is kept
FAR = ("1970-01-01T00:00:00.000Z", "1969-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z")
TEXTS = ("a", "a", "b", "ab")
NUMBERS = (0, 1, 1, 2.5)


class Grid(NamedTuple):
    """unit: of the durations, in ms. span: how many of them a stream lasts."""

    name: str
    unit: int
    span: int

    def duration(self, rng: Random) -> str:
        """A short one more often than a long one."""
        return f"{rng.choice(LENGTHS)}{self.name}"

    def instant(self, rng: Random, before: int = 0, beyond: int = 0) -> int:
        """On the grid, or where a unit is long, now and then a millisecond beside it."""
        aside = rng.choice((-1, 1)) if self.unit > 1 and rng.random() < 0.15 else 0
        return BASE + rng.randint(-before, self.span + beyond) * self.unit + aside

    def date(self, rng: Random) -> str:
        """A date around the stream, mostly one of few, in one of several ways to write it."""
        if chance(rng, 0.03):
            return rng.choice(FAR)
        few = BASE + rng.randint(-1, self.span // 4 + 2) * 4 * self.unit
        return iso(few if chance(rng, 0.7) else self.instant(rng, 4, 8), rng.choice((0, 0, 120, -330)))


GRIDS = (Grid("ms", 1, 40), Grid("h", 3_600_000, 30), Grid("ms", 1, 15))


def iso(instant: int, offset_minutes: int = 0) -> str:
    """RFC 3339 with milliseconds."""
    at = EPOCH + timedelta(milliseconds=instant)
    text = at.astimezone(timezone(timedelta(minutes=offset_minutes))).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def chance(rng: Random, share: float) -> bool:
    """True that often."""
    return rng.random() < share


@dataclass
class Conditions:
    """Writes conditions and anchors. milestones, segments, dropoffs: those that the rule being written may look at."""

    rng: Random
    grid: Grid
    events: dict[str, Json] = field(default_factory=dict)
    attributes: dict[str, Json] = field(default_factory=dict)
    anchors: dict[str, Json] = field(default_factory=dict)
    milestones: dict[str, Json] = field(default_factory=dict)
    segments: dict[str, Json] = field(default_factory=dict)
    dropoffs: dict[str, Json] = field(default_factory=dict)

    # -- conditions
    def condition(self, depth: int, *, expect: bool = False) -> Json:
        """expect: counts that say nothing else are likely."""
        rng = self.rng
        options: list[tuple[float, Callable[[], Json | None]]] = [
            (8 if expect else 1, self.scoped),
            (5, self.count),
            (1.5, self.open),
            (2.5, self.elapsed),
            (1, self.ahead),
            (2, self.attribute),
            (3.5, self.rule),
            (1.5 if depth else 0, lambda: {"all": self.parts(depth, expect=expect)}),
            (1 if depth else 0, lambda: self.any(depth, expect=expect)),
            (1.5 if depth else 0, lambda: {"not": self.condition(depth - 1, expect=expect)}),
        ]
        weights = [weight for weight, _ in options]
        while True:
            made = rng.choices([make for _, make in options], weights)[0]()
            if made is not None:
                return made

    def parts(self, depth: int, *, expect: bool) -> list[Json]:
        """One, two or three."""
        return [self.condition(depth - 1, expect=expect) for _ in range(self.rng.choice((1, 2, 2, 3)))]

    def any(self, depth: int, *, expect: bool) -> Json:
        """So many of the parts, or one of them."""
        parts = self.parts(depth, expect=expect)
        return {"any": parts, "at_least": self.rng.randint(1, len(parts))} if chance(self.rng, 0.4) else {"any": parts}

    def scoped(self) -> Json:
        """A count that inside `expect` counts for the instance."""
        c: Json = {"count": self.some_events()}
        self.narrow(c)
        return c | ({} if chance(self.rng, 0.5) else self.bound(3, 2))

    def count(self) -> Json:
        """Any combination of windows."""
        rng, c = self.rng, self.scoped()
        if chance(rng, 0.4):
            c["last"] = self.grid.duration(rng)
        if chance(rng, 0.35):
            c["since"] = self.anchor(dates=False)
            a = self.anchors[c["since"]] if isinstance(c["since"], str) else c["since"]
            own = a.get("first", a.get("last"))
            if own is not None and not set(listed(own)) & set(listed(c["count"])) and chance(rng, 0.85):
                c["slack"] = self.grid.duration(rng)
        if chance(rng, 0.2):
            c["reset_by"] = self.some_events()
        return c

    def narrow(self, c: Json) -> None:
        """Tests and `distinct`, on properties that every one of the events has."""
        common = [p for p in self.common(listed(c["count"])) if p != "due" or chance(self.rng, 0.2)]
        if common and chance(self.rng, 0.3):
            c["where"] = self.where(listed(c["count"]), common)
        if common and chance(self.rng, 0.2):
            c["distinct"] = self.rng.choice(common)

    def open(self) -> Json | None:
        """A pair of events, or of lists of events, that share a property."""
        rng = self.rng
        by = rng.choice(("item", "item", *PROPERTIES))
        having = [name for name, event in self.events.items() if by in event.get("properties", {})]
        if len(having) < 2:
            return None
        rng.shuffle(having)
        cut = rng.randint(1, len(having) - 1)
        c: Json = {"open": having[:cut][:2], "closed_by": having[cut:][:2], "by": by}
        if chance(rng, 0.5):
            c |= {key: c[key][0] for key in ("open", "closed_by")}
        if chance(rng, 0.4):
            c["older_than"] = self.grid.duration(rng)
        return c | (self.bound(2, 2) if chance(rng, 0.9) else {"at_least": rng.choice(MANY)})

    def bound(self, most_at_least: int, most_at_most: int) -> Json:
        """At least, at most, or the default."""
        kind = self.rng.random()
        if kind < 0.45:
            return {}
        if kind < 0.75:
            return {"at_least": self.rng.randint(1, most_at_least)}
        return {"at_most": self.rng.randint(0, most_at_most)}

    def elapsed(self) -> Json:
        """With one end, both or none."""
        c: Json = {"elapsed": self.anchor(dates=True)}
        if chance(self.rng, 0.5):
            c["at_least"] = self.grid.duration(self.rng)
        if chance(self.rng, 0.7):
            c["less_than"] = self.grid.duration(self.rng)
        return c

    def ahead(self) -> Json | None:
        """A date that is near."""
        if "due" not in self.attributes:
            return None
        return {"ahead": self.named({"attribute": "due"}), "less_than": self.grid.duration(self.rng)}

    def attribute(self) -> Json | None:
        """One or two tests of an attribute."""
        live = self.live()
        if not live:
            return None
        name = self.rng.choice(live)
        return {"attribute": name} | self.tests(self.attributes[name]["type"])

    def rule(self) -> Json | None:
        """A rule that was written before."""
        kinds = {"milestone": self.milestones, "segment": self.segments, "dropped": self.dropoffs}
        known = [(kind, name) for kind, rules in kinds.items() for name in rules]
        return dict([self.rng.choice(known)]) if known else None

    def live(self) -> list[str]:
        """Attributes that an event sets; now and then all of them."""
        sets = {name for event in self.events.values() for name in event.get("sets", ())}
        return [name for name in self.attributes if name in sets or chance(self.rng, 0.1)]

    def tests(self, kind: str) -> Json:
        """One test, or now and then two."""
        rng, made = self.rng, dict[str, Json]()
        ops = ["is", "is", "in", "known"]
        ops += {"string": ["starts_with", "ends_with"], "boolean": []}.get(kind, ["at_least", "less_than"] * 2)
        for op in sorted(set(rng.sample(ops, rng.choice((1, 1, 1, 2))))):
            match op:
                case "known":
                    made[op] = chance(rng, 0.5)
                case "in":
                    made[op] = [self.constant(kind) for _ in range(rng.randint(1, 3))]
                case "starts_with" | "ends_with":
                    made[op] = rng.choice(("a", "b", ["a", "c"], ["ab"]))
                case _:
                    made[op] = self.constant(kind)
        return made

    # -- events and anchors
    def some_events(self) -> Json:
        """A name, or a list of some."""
        names = list(self.events)
        if chance(self.rng, 0.8):
            return self.rng.choice(names)
        return self.rng.sample(names, self.rng.randint(1, min(3, len(names))))

    def common(self, events: list[str]) -> list[str]:
        """Properties that every one of the events has."""
        return [p for p in PROPERTIES if all(p in self.events[name].get("properties", {}) for name in events)]

    def where(self, events: list[str], common: list[str]) -> Json:
        """Tests of one or two properties."""
        where: Json = {}
        for name in self.rng.sample(common, self.rng.randint(1, min(2, len(common)))):
            kinds = {self.events[event]["properties"][name] for event in events}
            if len(kinds) > 1:
                where[name] = {"known": chance(self.rng, 0.5)}
            else:
                kind = kinds.pop()
                where[name] = self.constant(kind) if chance(self.rng, 0.5) else self.tests(kind)
        return where

    def anchor(self, *, dates: bool) -> Json:
        """By name or in place."""
        known = [name for name, a in self.anchors.items() if dates or "attribute" not in a]
        if known and chance(self.rng, 0.3):
            return self.rng.choice(known)
        return self.named(self.anchor_itself(dates=dates))

    def named(self, anchor: Json) -> Json:
        """Now and then an anchor gets a name."""
        if chance(self.rng, 0.7):
            return anchor
        name = f"a{len(self.anchors)}"
        self.anchors[name] = anchor
        return name

    def anchor_itself(self, *, dates: bool) -> Json:
        """Any kind that there can be."""
        rng = self.rng
        options: list[Json] = [self.event_anchor(op) for op in ("first", "first", "last", "last", "last")]
        options += [{"achieved": name} for name in self.milestones] + [{"entered": name} for name in self.segments]
        options += [{"dropped": name} for name in self.dropoffs]
        live = self.live()
        options += [self.changed(name) for name in live]
        if dates and "due" in live:
            options += [{"attribute": "due"}] * 3
        return rng.choice(options)

    def event_anchor(self, op: str) -> Json:
        """The first or the last of some events."""
        events = self.some_events()
        common = self.common(listed(events))
        where = common and chance(self.rng, 0.25)
        return {op: events, "where": self.where(listed(events), common)} if where else {op: events}

    def changed(self, name: str) -> Json:
        """From and to anything, mostly."""
        kind = self.attributes[name]["type"]
        share = 0.05 if kind == "timestamp" else 0.3
        ends = {end: self.constant(kind) for end in ("to", "from") if chance(self.rng, share)}
        return {"changed": name, **ends}

    def constant(self, kind: str) -> Json:
        """A value of that type."""
        match kind:
            case "string":
                return self.rng.choice(TEXTS)
            case "number":
                return self.rng.choice(NUMBERS)
            case "boolean":
                return chance(self.rng, 0.5)
        return self.grid.date(self.rng)


def listed(given: Json) -> list[str]:
    """Wherever an event is named it may be a list."""
    return given if isinstance(given, list) else [given]
