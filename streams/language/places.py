"""Conditions and where they stand in a file, for those who judge a journey that has been accepted.

Decides: the path of every condition, and which conditions a condition asks for at once, `not` and nesting seen through:
`{not: {any: [a, b]}}` asks that a does not hold and that b does not.
Does not know: lines, what a leaf means.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from schemas.conditions import All, AnyOf, Condition, Not
from schemas.journey import Journey
from streams.language.terms import parts_of

Finding = tuple[str, str]  # (path, what is wrong there and what to write instead)


class Place(NamedTuple):
    """A condition and its path, as in `segments.hello.when.all[1]`."""

    path: str
    condition: Condition


class Part(NamedTuple):
    """A condition that has to hold or, if not `holds`, must not. written: where that stands, with its `not`."""

    place: Place
    holds: bool
    written: Place


class Conjunction(NamedTuple):
    """Parts that have to be as they say at the same time, for `place` to hold or, if not `holds`, not to.

    around: what else has to be so, since this stands inside it. companions: how many alternatives beside this one have
    to come true as well, since it stands in k of n.
    """

    place: Place
    holds: bool
    parts: tuple[Part, ...]
    around: tuple[Part, ...] = ()
    companions: int = 0


def whens(journey: Journey) -> Iterator[Place]:
    """What milestones are achieved by and segments entered by."""
    yield from (Place(f"milestones.{name}.when", rule.when) for name, rule in journey.milestones.items())
    yield from (Place(f"segments.{name}.when", rule.when) for name, rule in journey.segments.items())


def whole(journey: Journey) -> Iterator[Place]:
    """Every condition of the file that stands in no other."""
    yield from whens(journey)
    others = {
        "population": journey.population,
        **{f"dropoffs.{name}.expect": rule.expect for name, rule in journey.dropoffs.items()},
        **{f"segments.{name}.until": rule.until for name, rule in journey.segments.items()},
        **{f"dropoffs.{name}.if": rule.only_if for name, rule in journey.dropoffs.items()},
    }
    yield from (Place(path, condition) for path, condition in others.items() if condition is not None)


def inside(place: Place) -> tuple[Place, ...]:
    """The conditions directly inside a condition."""
    c = place.condition
    key = "all" if isinstance(c, All) else "any"
    paths = (f"{place.path}.not" if isinstance(c, Not) else f"{place.path}.{key}[{i}]" for i in range(len(parts_of(c))))
    return tuple(map(Place, paths, parts_of(c)))


def needed(c: Condition, *, holds: bool) -> int:
    """How many parts of an `all` or `any` have to hold or, if not `holds`, must not."""
    enough = len(parts_of(c)) if isinstance(c, All) else (c.at_least or 1) if isinstance(c, AnyOf) else 0
    return enough if holds else len(parts_of(c)) - enough + 1


def together(place: Place, *, holds: bool = True, written: Place | None = None) -> Iterator[Part]:
    """What a condition asks for at once. None of the parts is a `not`; an `all` or `any` among them is a choice."""
    written = written or place
    parts = inside(place)
    if isinstance(place.condition, Not):
        yield from together(parts[0], holds=not holds, written=written)
    elif parts and needed(place.condition, holds=holds) == len(parts):
        for part in parts:
            yield from together(part, holds=holds, written=None if holds and written is place else written)
    else:
        yield Part(place, holds, written)


def conjunctions(
    place: Place, *, holds: bool = True, around: tuple[Part, ...] = (), companions: int = 0
) -> Iterator[Conjunction]:
    """The condition, then every alternative anywhere inside it."""
    parts = tuple(together(place, holds=holds))
    yield Conjunction(place, holds, parts, around, companions)
    for part in parts:
        others = (*around, *(other for other in parts if other is not part))
        more = companions + needed(part.place.condition, holds=part.holds) - 1
        for alternative in inside(part.place):
            yield from conjunctions(alternative, holds=part.holds, around=others, companions=more)
