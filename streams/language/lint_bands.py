"""LN08: numeric bands that overlap, or leave a gap, although they are there to divide people (mission D14).

A band is what a segment's `when` allows of one number: `at_least` and `less_than` of an attribute, or of a property in
the `where` of a count. Compared are segments of one group, or without any, that differ in their bands only.
Decides: which segments are compared, and what of their bands is no accident:
- Levels: bands that are all open to the same side (3 and more, 10 and more) hold each other on purpose.
- Precedence: in a group, whoever lies in both is in the one of higher priority. So a band inside a wider one is no
  accident if it has the higher priority; if not, nobody is ever in it.
- In a group, other members may be what stands in a gap.
Does not know: `any` and `not`, hysteresis (segments with `until` have two bounds on purpose), which numbers occur.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf
from typing import NamedTuple

from schemas import conditions as said
from schemas.journey import Journey, Segment
from streams.language.facts import names_of
from streams.language.places import Finding, Part, Place, together


class Band(NamedTuple):
    """From `low` until before `high`."""

    low: float
    high: float

    def __str__(self) -> str:
        low, high = ("..." if abs(x) == inf else str(x) for x in self)
        return f"[{low}, {high})"


EVERYTHING = Band(-inf, inf)


What = tuple[str, str]  # (the condition without its bounds, name of the attribute or property)


@dataclass(frozen=True)
class Banded:
    """A segment with its bands, by what they are bands of. rest: everything else that it asks for."""

    name: str
    segment: Segment
    bands: Mapping[What, Band]
    rest: tuple[str, ...]

    @property
    def family(self) -> tuple[object, ...]:
        """Segments of one family are compared."""
        return self.segment.group, tuple(sorted(self.bands)), self.rest


def uneven_bands(journey: Journey) -> Iterator[Finding]:
    """LN08, as above."""
    families: dict[tuple[object, ...], list[Banded]] = {}
    for name, segment in journey.segments.items():
        banded = _banded(journey, name, segment)
        if banded.bands and all(band.low < band.high for band in banded.bands.values()):
            families.setdefault(banded.family, []).append(banded)
    for family in families.values():
        if all(member.segment.until is None for member in family):
            yield from _overlaps(family)
            group = family[0].segment.group
            if group is None or len(family) == sum(x.group == group for x in journey.segments.values()):
                yield from _gaps(family)


# -- reading -----------------------------------------------------------------------------------------------------------
def _banded(journey: Journey, name: str, segment: Segment) -> Banded:
    bands: dict[What, Band] = {}
    rest = []
    for part in together(Place("", segment.when)):
        found = dict(_bands(journey, part))
        for what, band in found.items():
            known = bands.get(what, EVERYTHING)
            bands[what] = Band(max(band.low, known.low), min(band.high, known.high))
        if not found:
            rest.append(f"{part.holds} {part.place.condition!r}")
    return Banded(name, segment, bands, tuple(sorted(rest)))


def _bands(journey: Journey, part: Part) -> Iterator[tuple[What, Band]]:
    c = part.place.condition
    if not part.holds:
        return
    if isinstance(c, said.Has) and journey.attributes[c.attribute].type == "number":
        yield from _band(repr(_unbounded(c)), c.attribute, c)
    elif isinstance(c, said.Count):
        kinds = journey.events[names_of(c.count)[0]].properties
        tested = {name: given for name, given in c.where.items() if isinstance(given, said.Tests)}
        numbers = {name: given for name, given in tested.items() if kinds[name] == "number"}
        bare = c.model_copy(update={"where": {**c.where, **{x: _unbounded(given) for x, given in numbers.items()}}})
        for name, given in numbers.items():
            yield from _band(repr(bare), name, given)


def _band(condition: str, name: str, given: said.Tests) -> Iterator[tuple[What, Band]]:
    if given.at_least is not None or given.less_than is not None:
        low, high = (default if x is None else x for x, default in ((given.at_least, -inf), (given.less_than, inf)))
        assert not isinstance(low, str)
        assert not isinstance(high, str)
        yield (condition, name), Band(low, high)


def _unbounded(given: said.Tests) -> said.Tests:
    return given.model_copy(update={"at_least": None, "less_than": None})


# -- comparing ---------------------------------------------------------------------------------------------------------
def _overlaps(family: Sequence[Banded]) -> Iterator[Finding]:
    for one, two in combinations(family, 2):
        pairs = {what: (one.bands[what], two.bands[what]) for what in one.bands}
        if all(max(a.low, b.low) < min(a.high, b.high) for a, b in pairs.values()) and not _is_meant(family, one, two):
            bands = ", ".join(f"{name} {a} and {b}" for (_, name), (a, b) in pairs.items())
            message = f"this overlaps with '{one.name}': {bands}; let one begin where the other ends"
            precedence = "" if one.segment.group is None else ", or give the narrower one the higher priority"
            yield f"segments.{two.name}.when", message + precedence


def _is_meant(family: Sequence[Banded], one: Banded, two: Banded) -> bool:
    if one.bands == two.bands:
        return False
    if one.segment.group is None:
        return all(_are_levels([member.bands[what] for member in family]) for what in one.bands)
    lower, upper = sorted((one, two), key=lambda member: member.segment.priority or 0)
    return all(a.low <= b.low and b.high <= a.high for a, b in ((lower.bands[x], upper.bands[x]) for x in one.bands))


def _are_levels(bands: Sequence[Band]) -> bool:
    return all(band.low == -inf for band in bands) or all(band.high == inf for band in bands)


def _gaps(family: Sequence[Banded]) -> Iterator[Finding]:
    for what in family[0].bands:
        end, before = -inf, ""
        for band, name in sorted((member.bands[what], member.name) for member in family):
            if before and band.low > end:
                message = f"no segment holds {what[1]} {Band(end, band.low)}, between '{before}' and this one"
                yield f"segments.{name}.when", f"{message}; write `at_least: {end}`, or `less_than: {band.low}` there"
            if band.high > end:
                end, before = band.high, name
