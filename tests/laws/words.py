"""The words of the language in a random journey, and which of them make a difference.

Decides: what a word is (every operator, every key that may be left out, every form of a value, taken from the models of
a journey file), where it stands, and what stands there without it.
Does not know: how journeys are made, what a word means: it asks the oracle for the rows with it and without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from pydantic import BaseModel

from schemas.conditions import ANCHORS, CONDITIONS, Tests
from schemas.journey import Attribute, Dropoff, Event, Journey, Milestone, Segment, Time
from tests.laws.journey_conditions import Json

GONE = object()
ANCHORED = ("since", "elapsed", "ahead")
EVENTS = ("count", "reset_by", "open", "closed_by", "first", "last")
SETS = ("sets as a list", "sets a constant", "sets a property", "sets null")
FORMS = {"a list of events", "where: a bare value", "a name of an anchor", *SETS}
# Sections, and what changes no row: it stands in records, or is for people, or says when corrections end.
NO_WORDS = {
    *(f"journey {name}" for name in Journey.model_fields if name != "population"),
    *("milestone activation", "dropoff edge", "attributes: pii", "time allowed_lateness"),
    *("event sets", "event properties"),  # the first in four forms, the second in the tests of `where`
}


class Place(NamedTuple):
    """Where a word stands: holder[key]; and what stands there without it (GONE: nothing does)."""

    word: str
    holder: Any
    key: Any
    instead: Any


def words() -> set[str]:
    """All that the models of a journey file have."""
    found = {*FORMS, *CONDITIONS, *(f"anchor {name}" for name in ANCHORS)}
    models: dict[str, type[BaseModel]] = {**CONDITIONS, **{f"anchor {name}": model for name, model in ANCHORS.items()}}
    models |= {"where:": Tests, "milestone": Milestone, "segment": Segment, "dropoff": Dropoff, "time": Time}
    models |= {"event": Event, "attributes:": Attribute, "journey": Journey}
    for place, model in models.items():
        found |= {f"{place} {f.alias or name}" for name, f in model.model_fields.items() if not f.is_required()}
    found |= {f"attribute {f.alias or name}" for name, f in Tests.model_fields.items()}
    return found - NO_WORDS


@contextmanager
def without(place: Place) -> Iterator[None]:
    """The journey without the word, until the context ends."""
    before = place.holder[place.key]
    if place.instead is GONE:
        del place.holder[place.key]
    else:
        place.holder[place.key] = place.instead
    try:
        yield
    finally:
        place.holder[place.key] = before


def places(journey: Json) -> Iterator[Place]:
    """Of every word in the journey. Nothing may be changed but by `without`, one place after the other."""
    for event in journey["events"].values():
        yield from _options("event", event, ("properties", "sets"))
        yield from _sets(event)
    for attribute in journey.get("attributes", {}).values():
        yield from _options("attributes:", attribute, ("type", "pii"))
    yield from _options("time", journey["time"], ("allowed_lateness",))
    if "population" in journey:
        yield Place("journey population", journey, "population", GONE)
        yield from _condition(journey, "population")
    for given in journey.get("anchors", {}):
        yield from _anchor(journey["anchors"], given)
    yield from _rules(journey)


def _rules(journey: Json) -> Iterator[Place]:
    for section, kind in (("milestones", "milestone"), ("segments", "segment"), ("dropoffs", "dropoff")):
        for rule in journey.get(section, {}).values():
            yield from _options(kind, rule, ("when", "after", "within", "expect", "priority", "activation", "edge"))
            if "priority" in rule:
                yield Place("segment priority", rule, "priority", -10 - rule["priority"])
            for key in ("when", "until", "if", "expect"):
                if key in rule:
                    yield from _condition(rule, key)
            if "after" in rule:
                yield from _anchor(rule, "after")


def _options(place: str, given: Json, other: tuple[str, ...]) -> Iterator[Place]:
    """Keys that may be left out."""
    yield from (Place(f"{place} {key}", given, key, GONE) for key in list(given) if key not in other)


def _sets(event: Json) -> Iterator[Place]:
    sets = event.get("sets", ())
    if isinstance(sets, list):
        yield from (Place(SETS[0], event, "sets", [x for x in sets if x != name]) for name in sets)
        return
    for name, given in dict(sets).items():
        form = SETS[3] if given is None else SETS[2] if isinstance(given, str) and given.startswith("$") else SETS[1]
        yield Place(form, sets, name, GONE)


def _condition(holder: Any, key: Any) -> Iterator[Place]:
    """A condition that is its contrary is another one; of three that hold others."""
    c = holder[key]
    operator = next(name for name in (*CONDITIONS,) if name in c)
    contrary: Mapping[str, Any] = {"not": c.get("not"), "all": {"any": c.get("all")}, "any": {"all": c.get("any")}}
    yield Place(operator, holder, key, contrary.get(operator, {"not": c}))
    for inner in ("all", "any"):
        for i in range(len(c.get(inner, ()))):
            yield from _condition(c[inner], i)
    if operator == "not":
        yield from _condition(c, "not")
    for option in [k for k in c if k not in (operator, "closed_by", "by", "less_than" if operator == "ahead" else "")]:
        yield Place(f"{operator} {option}", c, option, GONE)
    yield from _events(c)
    yield from _where(c)
    for inner in ANCHORED:
        if inner in c:
            yield from _anchor(c, inner)


def _events(given: Json) -> Iterator[Place]:
    for key in EVENTS:
        if isinstance(given.get(key), list) and len(given[key]) > 1:
            yield Place("a list of events", given, key, given[key][:1])


def _where(given: Json) -> Iterator[Place]:
    for name, test in given.get("where", {}).items():
        if isinstance(test, dict):
            yield from (Place(f"where: {op}", test, op, GONE) for op in list(test))
        else:
            yield Place("where: a bare value", given["where"], name, GONE)


def _anchor(holder: Any, key: Any) -> Iterator[Place]:
    """Another anchor in its place: the other one of first and last, else something that happens seldom."""
    a = holder[key]
    if isinstance(a, str):
        yield Place("a name of an anchor", holder, key, {"last": "nothing of that name"})
        return
    operator = next(name for name in ANCHORS if name in a)
    others = {"first": "last", "last": "first"}
    other = others.get(operator)
    rest = {name: value for name, value in a.items() if name != operator}
    instead = {"last": "nothing of that name"} if other is None else {other: a[operator], **rest}
    yield Place(f"anchor {operator}", holder, key, instead)
    yield from (Place(f"anchor {operator} {option}", a, option, GONE) for option in rest)
    yield from _events(a)
    yield from _where(a)
