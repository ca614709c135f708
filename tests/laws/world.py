"""A world: the journeys of a worker and a log; made at random.

Decides: what a random world is, and which rows stand in it by the oracle.
Does not know: laws, the system under test.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from random import Random

from tests.laws.journey_conditions import GRIDS, Grid, Json, chance
from tests.laws.journeys import random_journey
from tests.laws.oracle import evaluate
from tests.laws.oracle_values import duration
from tests.laws.streams_of_events import (
    Line,
    final_tick,
    in_some_order,
    random_events,
    read,
    with_duplicates,
    with_oddities,
    with_ticks,
)
from tests.laws.system import Net


@dataclass(frozen=True)
class World:
    """journeys: as the plain dicts of their files; they agree on the lateness. log: what one partition reads."""

    journeys: Sequence[Json]
    log: Sequence[Line]

    @property
    def lateness(self) -> int:
        """In ms."""
        return duration(self.journeys[0]["time"]["allowed_lateness"])


@dataclass(frozen=True)
class Seed:
    """All that follows from one number: journeys, events, worlds with a log of them. salt: for another log."""

    number: int
    grid: Grid
    journeys: Sequence[Json]
    events: Sequence[Line]

    @property
    def lateness(self) -> int:
        """In ms."""
        return duration(self.journeys[0]["time"]["allowed_lateness"])

    def in_time(self, salt: str = "") -> World:
        """No event is late beyond repair. Mostly up to a final tick, now and then only up to where it is."""
        rng = Random(f"in time {self.number} {salt}")
        log = with_duplicates(rng, in_some_order(rng, self.events, self.lateness))
        log = [*with_ticks(rng, log, self.grid), final_tick(self.grid)]
        return World(self.journeys, log if chance(rng, 0.7) else log[: rng.randint(1, len(log))])

    def late(self, *, odd: bool = False) -> World:
        """Some events may be late beyond repair. odd: other things may be wrong with them too."""
        rng = Random(f"late {self.number}")
        log = with_duplicates(rng, in_some_order(rng, self.events, 3 * self.lateness))
        log = with_oddities(rng, log, ids=len(self.journeys) == 1) if odd else log
        return World(self.journeys, [*with_ticks(rng, log, self.grid), final_tick(self.grid)])


@lru_cache(maxsize=64)
def make(number: int) -> Seed:
    """The same for the same number, on every machine."""
    return grown(Random(number), number)


def grown(rng: Random, number: int) -> Seed:
    """From whatever decides. number: of the logs, which are the same for the same number and events."""
    grid = rng.choice(GRIDS)
    lateness = f"{rng.choice((1, 4, 12, 30, 60, 60))}{grid.name}"
    names = rng.sample(("j1", "j2", "a-journey"), rng.choice((1, 1, 2)))
    journeys = [random_journey(rng, name, grid, lateness) for name in names]
    return Seed(number, grid, journeys, random_events(rng, journeys, grid))


@cache
def with_history(numbers: range) -> list[int]:
    """Those whose first journey has a `history_from`, which few have."""
    return [n for n in numbers if "history_from" in make(n).journeys[0]["time"]]


def expected(world: World, every: Iterable[int] = ()) -> list[Net]:
    """The net rows by the oracle, from the events that count. every: as of evaluate."""
    events, clock, _ = read(world.log, world.lateness)
    return sorted(
        Net(journey["journey"], entity, row)
        for journey in world.journeys
        for entity, own in events.items()
        for row in evaluate(journey, own, clock, every)
    )
