"""Random streams: ties in one millisecond, out of order, duplicates, ticks between, several entities.

Decides: what one partition reads, line by line, and which of it counts (time.md sections 1, 2 and 4).
Does not know: what a journey means; it reads only the catalogues, to write events that somebody may look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Any, NamedTuple

from tests.laws.journey_conditions import BASE, MANY, TEXTS, Grid, Json, chance, iso, listed
from tests.laws.oracle_values import Event

SKEW_MS = 300_000
ENTITIES = ("u1", "u2", "u3")
VALUES = {"string": TEXTS, "number": (0, 1, 2, 2.5, 1.0, -0.0), "boolean": (True, False)}
PREFIXES = ("e", "e", "E", "é", "\U0001f642")  # ids are compared as strings
WRONG = (None, None, 7, "soon", True, [1], "2026-03-02")


class Line(NamedTuple):
    """A record, or a tick (type is empty). arrival, occurred: ms."""

    arrival: int
    entity: str = ""
    type: str = ""
    properties: Json = None
    occurred: int = 0
    id: str = ""

    @property
    def instant(self) -> int:
        """Nothing can have happened after it was written down."""
        return min(self.occurred, self.arrival)


class Read(NamedTuple):
    """What a log amounts to. events: those that count. clock: C in the end. late: whether any was beyond repair."""

    events: dict[str, list[Event]]
    clock: int
    late: bool


def read(log: Iterable[Line], lateness: int) -> Read:
    """Which lines of a log count, whatever journeys there are."""
    clock, late = -1, False
    events: dict[str, list[Event]] = {}
    seen: dict[tuple[str, str], int] = {}
    for line in log:
        if not line.type:
            clock = max(clock, line.arrival)
        elif line.occurred <= line.arrival + SKEW_MS:
            clock = max(clock, line.arrival - 1)
            key = (line.entity, line.id)
            if line.instant <= clock - lateness:
                late = late or key not in seen  # what is delivered again has been applied before
            elif key not in seen:
                seen[key] = line.instant
                events.setdefault(line.entity, []).append(Event(line.instant, line.id, line.type, line.properties))
    return Read(events, clock, late)


def random_events(rng: Random, journeys: Sequence[Json], grid: Grid) -> list[Line]:
    """Events of all entities in the order of their instants, each arriving when it happens."""
    crowds = [(c, j["events"]) for j in journeys for c in _near_the_limit(j)]
    catalogue = [(name, event) for j in journeys for name, event in j["events"].items()]
    catalogue += [(alias, event) for _, event in catalogue for alias in event.get("aliases", [])] * 2
    lines: list[Line] = []
    for entity in ENTITIES[: rng.randint(1, len(ENTITIES))]:
        numbers = rng.sample(range(1000), rng.choice((2, 6, 10, 16, 24, 32)))
        often = rng.choices((1, 1, 3, 10), k=len(catalogue))
        begun = chance(rng, 0.5)
        for i, number in enumerate(numbers):
            name, event = rng.choices(catalogue, often)[0] if chance(rng, 0.97) else ("unheard_of", {})
            instant = grid.instant(rng)
            if begun and i == 0:  # complete from early on, if there is an event for that
                name, event = next((pair for pair in catalogue if pair[1].get("begins", False)), (name, event))
                instant = BASE + rng.randint(0, grid.span // 4) * grid.unit
            properties = random_properties(rng, event.get("properties", {}), grid)
            lines.append(Line(instant, entity, name, properties, instant, f"{rng.choice(PREFIXES)}{number}"))
        if crowds and chance(rng, 0.5):
            lines += _crowd(rng, grid, entity, *rng.choice(crowds))
    return sorted(lines, key=lambda line: line.instant)


def _near_the_limit(part: Json) -> Iterator[Json]:
    """The conditions with `open` that ask for nearly as many values as are kept."""
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _near_the_limit(inner)
    if isinstance(part, dict) and "open" in part and part.get("at_least") in MANY:
        yield part


def _crowd(rng: Random, grid: Grid, entity: str, c: Json, declared: Json) -> Iterator[Line]:
    """More values are opened than are kept, and some are closed."""
    for number in range(1_000, 1_150):
        name = rng.choice(listed(c["open"] if chance(rng, 0.88) else c["closed_by"]))
        k, kind = number % 90, declared[name]["properties"][c["by"]]
        value = {"string": f"value {k}", "number": k, "boolean": k % 2 == 0, "timestamp": iso(BASE + k)}[kind]
        instant = grid.instant(rng)
        yield Line(instant, entity, name, {c["by"]: value}, instant, f"e{number}")


def random_properties(rng: Random, declared: Json, grid: Grid) -> dict[str, Any]:
    """Mostly of the declared types, now and then missing, null or ill-typed."""
    properties: dict[str, Any] = {}
    for name, kind in declared.items():
        if chance(rng, 0.08):
            continue
        if chance(rng, 0.1):
            properties[name] = rng.choice(WRONG)
        elif kind == "timestamp":
            properties[name] = grid.date(rng)
        else:
            properties[name] = rng.choice(VALUES[kind])
    return properties


def in_some_order(rng: Random, events: Sequence[Line], longest: int) -> list[Line]:
    """The same events with delays up to the longest, in the order of arrival; ties in any order."""
    scale = rng.choice((0, longest // 8, longest // 2, longest, longest))
    delayed = [line._replace(arrival=line.occurred + rng.randint(0, scale)) for line in events]
    if chance(rng, 0.2) and events:  # many at once: whatever has happened until then, in any order
        until = rng.choice(events).occurred
        delayed = [x._replace(arrival=max(x.arrival, until)) if until - x.occurred <= longest else x for x in delayed]
    rng.shuffle(delayed)
    return sorted(delayed, key=lambda line: line.arrival)


def with_duplicates(rng: Random, log: Sequence[Line]) -> list[Line]:
    """Some records are delivered again, soon or late."""
    again = [x._replace(arrival=x.arrival + rng.choice((0, 0, 1, 2, 10, 40))) for x in log if chance(rng, 0.15)]
    return sorted([*log, *again], key=lambda line: line.arrival)


def with_oddities(rng: Random, log: Sequence[Line], *, ids: bool) -> list[Line]:
    """Some records are from the future, near or far, and (ids) some bear the id of another event."""
    odd: list[Line] = []
    for line in log:
        other = rng.choice(log)
        if chance(rng, 0.04):
            odd.append(line._replace(occurred=line.arrival + rng.choice((1, 5, SKEW_MS, SKEW_MS + 1))))
        elif ids and chance(rng, 0.04) and other.entity == line.entity:
            odd.append(line._replace(id=other.id))
        else:
            odd.append(line)
    return odd


def with_ticks(rng: Random, log: Sequence[Line], grid: Grid) -> list[Line]:
    """Ticks between records: all that had arrived by then has been read."""
    out: list[Line] = []
    share = rng.choice((0, 0.1, 0.4))
    for line, following in zip(log, [*log[1:], None], strict=True):
        out.append(line)
        latest = line.arrival + 3 * grid.unit if following is None else following.arrival - 1
        if latest >= line.arrival and chance(rng, share):
            out.append(Line(rng.choice((line.arrival, latest, rng.randint(line.arrival, latest)))))
    return out


def final_tick(grid: Grid) -> Line:
    """Beyond everything that a stream on this grid can make due."""
    return Line(BASE + (grid.span + 60) * grid.unit)
