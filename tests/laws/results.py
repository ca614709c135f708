"""What becomes of each record of a log: the model for law 7, by time.md sections 1, 2 and 4.

Does not know: order. It only asks whether a record is from the future, matters, is late, has been seen.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.laws.journey_conditions import Json
from tests.laws.oracle_values import relevant
from tests.laws.streams_of_events import SKEW_MS
from tests.laws.world import World


def results(world: World) -> Iterable[str]:
    """One of applied, late, duplicate, irrelevant, rejected; each journey by itself, then the first that holds."""
    clock = -1
    seen: dict[tuple[int, str, str], int] = {}
    matters = [set(_relevant_types(journey)) for journey in world.journeys]
    for line in world.log:
        if not line.type:
            clock = max(clock, line.arrival)
            continue
        if line.occurred > line.arrival + SKEW_MS:
            yield "rejected"
            continue
        clock = max(clock, line.arrival - 1)
        horizon, found = clock - world.lateness, {"irrelevant"}
        for journey, types in enumerate(matters):
            key = (journey, line.entity, line.id)
            if line.type not in types:
                continue
            if line.instant <= horizon:
                found.add("late")
            elif seen.get(key, horizon) > horizon:
                found.add("duplicate")
            else:
                seen[key] = line.instant
                found.add("applied")
        yield next(result for result in ("applied", "late", "duplicate", "irrelevant") if result in found)


def _relevant_types(journey: Json) -> Iterable[str]:
    """Names and aliases of the events that matter to it."""
    for name in relevant(journey):
        yield from (name, *journey["events"][name].get("aliases", []))
