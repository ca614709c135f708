"""Random journeys that the language accepts: every option of every rule, with random conditions.

Decides: the catalogue, the attributes, and how many rules of which kind there are.
Does not know: streams, the engine, what a journey means.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from tests.laws.journey_conditions import BASE, PROPERTIES, Conditions, Grid, Json, chance, iso

NAMES = ("start", "ping", "buy", "sell", "change", "note")
ATTRIBUTES = ("plan", "paid", "due", "score")


def random_journey(rng: Random, name: str, grid: Grid, lateness: str) -> Json:
    """A journey as the plain dict of its file."""
    return Writer(rng, grid).journey(name, lateness)


class Writer(Conditions):
    """Writes one journey."""

    def journey(self, name: str, lateness: str) -> Json:
        """The whole file; what follows is in the order in which things must be known."""
        rng = self.rng
        self.catalogue()
        self.attributes_section()
        self.sets()
        time = {"allowed_lateness": lateness}
        if chance(rng, 0.4):
            time["history_from"] = iso(BASE + rng.randint(-3, self.grid.span // 3) * self.grid.unit)
        written = {"journey": name, "version": 1, "entity": "user", "time": time, "events": self.events}
        if self.attributes:
            written["attributes"] = self.attributes
        if chance(rng, 0.35):
            written["population"] = self.population()
        for _ in range(rng.randint(1, 5)):
            self.rules()
        if chance(rng, 0.3):
            self.anchors["unused"] = self.anchor_itself(dates=True)
        if self.anchors:
            written["anchors"] = self.anchors
        written.update(self.shuffled_sections())
        if self.milestones and chance(rng, 0.7):
            written["path"] = rng.sample(list(self.milestones), rng.randint(1, len(self.milestones)))
        return written

    def shuffled_sections(self) -> Iterable[tuple[str, dict[str, Json]]]:
        """The order in a file is not the order of dependency."""
        sections = [("milestones", self.milestones), ("segments", self.segments), ("dropoffs", self.dropoffs)]
        for section, rules in self.rng.sample(sections, 3):
            if rules:
                names = self.rng.sample(list(rules), len(rules))
                yield section, {name: rules[name] for name in names}

    def population(self) -> Json:
        """Mostly one that lets an entity in, and out, and in again."""
        lately = {"count": self.some_events(), "last": self.grid.duration(self.rng)}
        c = self.rng.choice((lately, self.attribute() or lately, self.condition(2)))
        return {"not": c} if chance(self.rng, 0.7) else c

    # -- catalogue
    def catalogue(self) -> None:
        """Events, their properties and aliases."""
        rng = self.rng
        for name in rng.sample(NAMES, rng.randint(2, len(NAMES))):
            properties = {p: kind for p, kind in PROPERTIES.items() if chance(rng, 0.5)}
            if "kind" in properties and chance(rng, 0.3):
                properties["kind"] = "number"
            event: Json = {"properties": properties} if properties else {}
            if chance(rng, 0.7 if name == "start" else 0.1):
                event["begins"] = True
            if chance(rng, 0.15):
                event["aliases"] = [f"{name}_old"]
            self.events[name] = event

    def attributes_section(self) -> None:
        """Attributes with and without values, default, otherwise."""
        rng = self.rng
        for name in ATTRIBUTES:
            if chance(rng, 0.75):
                kind = PROPERTIES[name]
                given: Json = {"type": kind}
                if kind in ("string", "number") and chance(rng, 0.5):
                    given["values"] = list(dict.fromkeys(self.constant(kind) for _ in range(rng.randint(1, 4))))
                    if chance(rng, 0.4):
                        given["otherwise"] = rng.choice(given["values"])
                if chance(rng, 0.3):
                    given["default"] = rng.choice(given["values"]) if "values" in given else self.constant(kind)
                self.attributes[name] = given

    def sets(self) -> None:
        """What events do to attributes, in both forms."""
        rng = self.rng
        for event in self.events.values():
            properties = event.get("properties", {})
            direct = [name for name in self.attributes if name in properties]
            if chance(rng, 0.8) and direct:
                event["sets"] = direct
            elif chance(rng, 0.4) and self.attributes:
                event["sets"] = {}
                for name in rng.sample(list(self.attributes), rng.randint(1, len(self.attributes))):
                    kind = self.attributes[name]["type"]
                    sources = [f"${p}" for p, given in properties.items() if given == kind]
                    event["sets"][name] = rng.choice([self.constant(kind), self.constant(kind), None, *sources * 3])

    # -- rules
    def rules(self) -> None:
        """One rule, or the members of one group, which do not see each other."""
        rng = self.rng
        number = len(self.milestones) + len(self.segments) + len(self.dropoffs)
        match rng.choice(("milestone", "segment", "group", "dropoff", "dropoff", "dropoff")):
            case "milestone":
                self.milestones[f"m{number}"] = {"when": self.condition(rng.randint(0, 3))}
            case "segment":
                self.segments[f"s{number}"] = self.segment()
            case "group":
                members = [self.segment() for _ in range(rng.randint(1, 3))]
                priorities = rng.sample(range(-2, 5), len(members))
                for i, (member, priority) in enumerate(zip(members, priorities, strict=True)):
                    self.segments[f"s{number + i}"] = {**member, "group": f"g{number}", "priority": priority}
            case _:
                self.dropoffs[f"d{number}"] = self.dropoff()

    def segment(self) -> Json:
        """With or without until."""
        given = {"when": self.condition(self.rng.randint(0, 3))}
        if chance(self.rng, 0.35):
            given["until"] = self.condition(self.rng.randint(0, 2))
        return given

    def dropoff(self) -> Json:
        """After an anchor of any kind."""
        rng = self.rng
        given = {
            "after": self.anchor(dates=True),
            "within": self.grid.duration(rng),
            "expect": self.condition(rng.choice((0, 1, 2)), expect=True),
        }
        if chance(rng, 0.25):
            given["if"] = self.condition(1)
        return given
