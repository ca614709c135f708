"""Values, durations and tests for the oracle: language.md section 2 and the tests of section 3.

Decides: what a duration, a timestamp, a typed property and a test are, and which events matter to a journey.
Does not know: time, rules. Written from the text alone; it shares no code with `streams`, on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

Json = Any  # a part of a journey file, as plain dicts, lists and scalars
Value = str | int | float | bool  # a typed value; timestamps as ms
Assignments = list[tuple[str, Value | None]]  # of one event: (attribute, value)
UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DURATION = re.compile(r"(\d+)(ms|s|m|h|d)")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
MISSING = object()
EVENT_KEYS = ("count", "open", "closed_by", "reset_by", "first")
ANCHOR_KEYS = ("since", "elapsed", "ahead", "after")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Event(NamedTuple):
    """One event of one entity; instant in ms. Order of the tuple is the order of events: (instant, id)."""

    instant: int
    id: str
    type: str
    properties: Mapping[str, Any]


def duration(text: str) -> int:
    """Milliseconds."""
    match = DURATION.fullmatch(text)
    assert match, text
    return int(match[1]) * UNITS_MS[match[2]]


def timestamp(text: Any) -> int | None:
    """Milliseconds since the epoch, or None for what is no RFC 3339 timestamp with offset."""
    if not isinstance(text, str) or not TIMESTAMP.fullmatch(text):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at - EPOCH) // timedelta(milliseconds=1)


def typed(value: Any, kind: str) -> Value | None:
    """The value if it is of that type; None if it is missing, null or ill-typed."""
    if kind == "string" and isinstance(value, str):
        return value
    if kind == "boolean" and isinstance(value, bool):
        return value
    if kind == "number" and isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if kind == "timestamp":
        return timestamp(value)
    return None


def satisfies(test: Json, value: Value | None, kind: str) -> bool:
    """A test, or several: all of them. A bare value is `is`."""
    if not isinstance(test, dict):
        test = {"is": test}
    return all(_satisfies(op, wanted, value, kind) for op, wanted in test.items() if op != "attribute")


def _satisfies(op: str, wanted: Json, value: Value | None, kind: str) -> bool:
    several = wanted if isinstance(wanted, list) else [wanted]
    if op == "known" or value is None:
        return op == "known" and (value is not None) == bool(wanted)
    match op:
        case "is" | "in":
            return value in [typed(each, kind) for each in several]
        case "starts_with":
            return str(value).startswith(tuple(several))
        case "ends_with":
            return str(value).endswith(tuple(several))
    limit = typed(wanted, kind)
    assert not isinstance(value, str)
    assert limit is not None
    assert not isinstance(limit, str)
    return value >= limit if op == "at_least" else value < limit


def names(given: Json) -> list[str]:
    """Wherever an event is named it may be a list."""
    return given if isinstance(given, list) else [given]


def property_of(journey: Json, event: Event, name: str) -> tuple[str, Value | None]:
    """(declared type, typed value) of a property."""
    kind = journey["events"][event.type]["properties"][name]
    return kind, typed(event.properties.get(name), kind)


def assignments(journey: Json, event: Event) -> Assignments:
    """What an event does to attributes; None is unset. What leaves an attribute as it was is absent."""
    made: Assignments = []
    sets = journey["events"][event.type].get("sets", [])
    for name, given in {each: f"${each}" for each in sets}.items() if isinstance(sets, list) else sets.items():
        attribute = journey["attributes"][name]
        raw = given
        if isinstance(given, str) and given.startswith("$"):
            raw = event.properties.get(given[1:], MISSING)
        if raw is None:
            made.append((name, default(journey, name)))
            continue
        value = typed(raw, attribute["type"])
        if value is None:
            continue  # missing or ill-typed
        if "values" in attribute and value not in [typed(each, attribute["type"]) for each in attribute["values"]]:
            if "otherwise" not in attribute:
                continue
            value = typed(attribute["otherwise"], attribute["type"])
        made.append((name, value))
    return made


def default(journey: Json, name: str) -> Value | None:
    """The value of an attribute that no event has set."""
    attribute = journey["attributes"][name]
    return typed(attribute.get("default"), attribute["type"])


def relevant(journey: Json) -> set[str]:
    """The types of the events that matter to the journey (language.md section 2)."""
    events, attributes = _uses(journey)
    partial = journey.get("time", {}).get("history_from") is not None

    def matters(kind: str, given: Json) -> bool:
        sets_one = any(name in attributes for name in given.get("sets", ()))
        return kind in events or sets_one or (partial and given.get("begins", False))

    return {kind for kind, given in journey["events"].items() if matters(kind, given)}


def _uses(journey: Json) -> tuple[set[str], set[str]]:
    """(events, attributes) that conditions and used anchors name."""
    events: set[str] = set()
    attributes: set[str] = set()
    rules = [rule for section in ("milestones", "segments", "dropoffs") for rule in journey.get(section, {}).values()]
    for part in [*rules, journey.get("population", {})]:
        for key, inner, holder in _inside(journey, part):
            if key in EVENT_KEYS or (key == "last" and "count" not in holder):
                events.update(names(inner))
            elif key in ("attribute", "changed"):
                attributes.add(inner)
    return events, attributes


def _inside(journey: Json, part: Json) -> Iterator[tuple[str, Json, Json]]:
    """(key, what stands there, the mapping that it stands in) of a rule, its conditions and their anchors."""
    if isinstance(part, list):
        for each in part:
            yield from _inside(journey, each)
    elif isinstance(part, dict):
        for key, inner in part.items():
            yield key, inner, part
            if key in ANCHOR_KEYS and isinstance(inner, str):
                yield from _inside(journey, journey["anchors"][inner])
            elif key != "where":
                yield from _inside(journey, inner)
