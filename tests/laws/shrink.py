"""A world in which something is wrong, made smaller as long as it stays wrong; and the case file that it becomes.

Decides: which smaller worlds are tried. Cuts are blind: a candidate that the language refuses is none.
Does not know: what is wrong with it; it is given a test.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from itertools import islice
from time import monotonic

from streams.language import ProblemsFound, read_journey
from tests.laws.journey_conditions import Json, iso
from tests.laws.streams_of_events import Line
from tests.laws.system import Net
from tests.laws.world import World, expected

Fails = Callable[[World], bool]
# What a file cannot do without, and on what the journeys of a worker agree.
KEPT = {("journey",), ("version",), ("entity",), ("events",), ("time",), ("time", "allowed_lateness")}


def shrink(world: World, fails: Fails, seconds: float = 60) -> World:
    """The smallest world found in that time in which the test still fails."""
    until, before = monotonic() + seconds, None

    def worse(smaller: World) -> bool:
        return monotonic() < until and fails(smaller) and accepted(smaller)

    while world != before and monotonic() < until:
        before = world
        world = _first(world, _fewer_journeys, worse)
        world = _fewer_lines(world, worse)
        world = _first(world, _less_in_journeys, worse)
        world = _first(world, _simpler_lines, worse)
    return world


def _first(world: World, reduced: Callable[[World], Iterator[World]], worse: Fails) -> World:
    """Takes every reduction of one kind that it can; after one it goes on where it was."""
    done: int | None = 0
    while done is not None:
        tried = enumerate(islice(reduced(world), done, None), done)
        done, world = next(((number, smaller) for number, smaller in tried if worse(smaller)), (None, world))
    return world


def _fewer_lines(world: World, worse: Fails) -> World:
    """Without halves, quarters, ... single lines."""
    size = len(world.log) // 2
    while size:
        start = 0
        while start < len(world.log):
            smaller = replace(world, log=[*world.log[:start], *world.log[start + size :]])
            if worse(smaller):
                world = smaller
            else:
                start += size
        size //= 2
    return world


def accepted(world: World) -> bool:
    """Whether the language accepts all of its journeys."""
    try:
        for journey in world.journeys:
            read_journey(json.dumps(journey), "candidate")
    except ProblemsFound:
        return False
    return bool(world.journeys)


def _fewer_journeys(world: World) -> Iterator[World]:
    if len(world.journeys) > 1:
        yield from (replace(world, journeys=[j]) for j in world.journeys)


def _less_in_journeys(world: World) -> Iterator[World]:
    for i, journey in enumerate(world.journeys):
        for smaller in cuts(journey):
            yield replace(world, journeys=[*world.journeys[:i], smaller, *world.journeys[i + 1 :]])


def _simpler_lines(world: World) -> Iterator[World]:
    for i, line in enumerate(world.log):
        for simpler in simpler_lines(line):
            yield replace(world, log=[*world.log[:i], simpler, *world.log[i + 1 :]])


def simpler_lines(line: Line) -> Iterator[Line]:
    """Without its properties, or without delay."""
    for name in line.properties or ():
        yield line._replace(properties={key: value for key, value in line.properties.items() if key != name})
    if line.type and line.arrival != line.occurred:
        yield line._replace(arrival=line.occurred)


def cuts(journey: Json) -> Iterator[Json]:
    """Copies of a journey, each with something less in one place, outermost places first."""
    places = sorted(_places(journey, ()), key=len)
    for place in places:
        smaller = deepcopy(journey)
        holder = smaller
        for step in place[:-1]:
            holder = holder[step]
        if place not in KEPT:
            last = holder[place[-1]]
            del holder[place[-1]]
            yield smaller
            for part in _inner(last):
                again = deepcopy(smaller)
                holder = again
                for step in place[:-1]:
                    holder = holder[step]
                if isinstance(holder, list):
                    holder.insert(int(place[-1]), part)
                else:
                    holder[place[-1]] = part
                yield again


def _places(part: Json, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    items = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from _places(inner, (*path, key))


def _inner(condition: Json) -> Iterator[Json]:
    """What can stand instead of a condition or a list."""
    if isinstance(condition, dict):
        for key in ("all", "any"):
            yield from condition.get(key, ())
        if "not" in condition:
            yield condition["not"]
    elif isinstance(condition, list) and len(condition) == 1:
        yield condition[0]


def case_of(world: World, name: str) -> str:
    """The world as journey and case file (language.md section 7), with the rows of the oracle."""
    journeys = "\n".join(f"{key}: {json.dumps(value)}" for key, value in world.journeys[0].items())
    more = "".join(f"\n# with the journey {json.dumps(j)}" for j in world.journeys[1:])
    feed = "".join(f"      {_feed(line)}\n" for line in world.log)
    rows = "".join(f"      {_row(net)}\n" for net in expected(world) if net.journey == world.journeys[0]["journey"])
    return (
        f"# {name}.yaml\n{journeys}{more}\n\n# cases/{name}.yaml\njourney: {name}.yaml\ncases:\n"
        f"  - name: {name}\n    net: true\n    feed: |\n{feed}    expect: |\n{rows}"
    )


def _feed(line: Line) -> str:
    at = iso(line.arrival)[:-1]
    if not line.type:
        return f"{at}  tick"
    properties = f" {json.dumps(line.properties)}" if line.properties else ""
    occurred = f" @{iso(line.occurred)[:-1]}" if line.occurred != line.arrival else ""
    return f"{at}  {line.entity}  {line.type}{properties}{occurred} #{line.id}"


def _row(net: Net) -> str:
    row = net.row
    sides = "".join(f" {key}={value}" for key, value in (("from", row.source), ("to", row.to)) if value is not None)
    return f"{net.entity}  {row.kind}  {row.rule}  {iso(row.at)[:-1]} ep={row.episode}{sides}"
