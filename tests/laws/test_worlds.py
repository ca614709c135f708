"""The random worlds are as wild as the laws need them: every word of the language, every misfortune of a stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import pairwise

import pytest

from streams.partition.outcome import Outcome
from tests.laws.laws import machine
from tests.laws.oracle_instants import durations
from tests.laws.results import results
from tests.laws.streams_of_events import Line
from tests.laws.summaries import instances
from tests.laws.system import run, transitions
from tests.laws.words import FORMS, places, without, words
from tests.laws.world import World, expected, make

pytestmark = pytest.mark.timeout(600)  # some seconds on a quiet machine
WORLDS = 240  # as many as each law is asked
OFTEN = 3  # in so many of them at least


def telling(world: World, wanted: set[str]) -> Iterator[str]:
    """Words of the wanted ones that make a difference in this world: without one of them other rows stand."""
    rows = expected(world)
    world = deepcopy(world)  # the seed is everybody's, and a key that is put back comes last in its mapping
    for journey in world.journeys:
        for place in list(places(journey)):
            if place.word in wanted:
                with without(place):
                    if expected(world) != rows:
                        yield place.word


def test_every_word_of_the_language_stands_in_the_worlds_and_makes_a_difference() -> None:
    """Each operator, each key that may be left out, each form of a value: in some worlds the rows depend on it."""
    left = words()
    for number in range(WORLDS):
        left -= set(telling(make(number).in_time(), left))
        if not left:
            break

    assert not left


def test_no_word_is_made_up() -> None:
    """What is looked for in journeys is what the models have."""
    found = {place.word for number in range(WORLDS) for j in make(number).journeys for place in places(j)}

    assert found == words()
    assert found > FORMS


# -- streams
def misfortunes(world: World) -> Iterator[str]:
    """What is difficult about the log."""
    records = [line for line in world.log if line.type]
    by_entity: dict[str, list[Line]] = {}
    for line in records:
        by_entity.setdefault(line.entity, []).append(line)
    yield f"{len(by_entity)} entities"
    yield f"{len(world.journeys)} journeys"
    ticks = [i for i, line in enumerate(world.log) if not line.type]
    yield from ["a tick between records"] * any(i < len(world.log) - 1 for i in ticks)
    yield from ["no final tick"] * bool(world.log[-1].type)
    for lines in by_entity.values():
        yield from ("out of order" for a, b in pairwise(lines) if b.instant < a.instant)
        instants = Counter(line.instant for line in {x.id: x for x in lines}.values())
        yield from ("a tie in one millisecond" for number in instants.values() if number > 1)
        yield from ("one id, two contents" for _ in two_contents(lines))
        values = {repr(value) for line in lines for value in line.properties.values()}
        yield from ["more values than stay open"] * (len(values) > 80)
    for line in records:
        yield from ["an instant later than its arrival"] * (line.occurred > line.arrival)
        yield from ("a null" for value in line.properties.values() if value is None)
        yield from ("a value of a wrong type" for value in line.properties.values() if value in (7, "soon"))
        yield from ["unknown event"] * (line.type == "unheard_of")
    yield from results(world)
    instants = Counter(line.instant + each for line in records for j in world.journeys for each in set(durations(j)))
    yield from ("durations collide" for number in instants.values() if number > 1)


def two_contents(lines: Sequence[Line]) -> Iterator[str]:
    """Ids that more than one event bears."""
    contents: dict[str, set[str]] = {}
    for line in lines:
        contents.setdefault(line.id, set()).add(repr((line.type, line.occurred, line.properties)))
    return (name for name, several in contents.items() if len(several) > 1)


def published(world: World, outcome: Outcome) -> Iterator[str]:
    """What came of it: kinds of rows, revisions, what became of drop-offs."""
    for t in transitions([outcome]):
        yield t["kind"]
        yield f"cause {t['cause']}"
        yield from ["revision"] * (t["revision"] > 0 and not t["retracted"])
        yield from ["retracted"] * t["retracted"]
        yield from ["not complete"] * (not t["complete"])
        yield from ["handed over in a group"] * (t["from"] is not None or t["to"] is not None)
        yield from ["lost in a group"] * bool(t["also_matched"])
        yield from ["a second episode"] * (t["episode"] > 1)
    for outcomes in instances(machine(world), outcome).values():
        yield from (f"instance {name}" for name, number in outcomes.items() if number)


WANTED = {
    *("1 entities", "2 entities", "3 entities", "1 journeys", "2 journeys"),
    *("a tick between records", "no final tick", "out of order", "a tie in one millisecond", "one id, two contents"),
    *(
        "more values than stay open",
        "an instant later than its arrival",
        "a null",
        "a value of a wrong type",
        "unknown event",
    ),
    *("applied", "irrelevant", "duplicate", "late", "rejected", "durations collide"),
    *("achieved", "entered", "exited", "dropped_off", "recovered", "withdrawn"),
    *("cause event", "cause time", "cause deadline", "cause late_event", "cause population"),
    *("revision", "retracted", "not complete", "handed over in a group", "lost in a group", "a second episode"),
    *(f"instance {name}" for name in ("armed", "met", "dropped", "cancelled", "followed")),
}


def test_whatever_can_happen_to_a_stream_happens_in_the_worlds() -> None:
    """Each of it in one of a hundred at least."""
    met = Counter[str]()
    for number in range(WORLDS):
        world = make(number).late(odd=True) if number % 2 else make(number).in_time()
        met.update({*misfortunes(world), *published(world, run(machine(world), world.log))})

    assert {name: met[name] for name in sorted(WANTED) if met[name] < OFTEN} == {}
    assert set(met) == WANTED
