"""Which conditions exclude each other, asked for at the same instant.

Decides: tests of one attribute that no value passes together, spans of one anchor that do not meet, numbers of one
count that contradict, two members of a group, a condition and its own opposite.
Does not know: whether one of them alone can hold. Two that it does not compare do not exclude each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import inf

from schemas import conditions as said
from schemas.journey import Journey
from streams.engine.plan import Plan, Tests
from streams.language import domains
from streams.language.facts import duration_ms, names_of, tests_of
from streams.language.places import Part
from streams.language.terms import is_scoped, resolve


def excluding(journey: Journey, plan: Plan, parts: Sequence[Part]) -> Iterator[tuple[Part, ...]]:
    """Groups of parts that cannot be as they say at the same time."""
    by_attribute: dict[str, list[tuple[Part, Tests]]] = {}
    for part in parts:
        c = part.place.condition
        if isinstance(c, said.Has):
            by_attribute.setdefault(c.attribute, []).append((part, tests_of_attribute(plan, c)))
    for name, tested in by_attribute.items():
        passed = tuple(test for part, tests in tested if part.holds for test in tests)
        failed = [tests for part, tests in tested if not part.holds]
        if not domains.possible(domains.of_attribute(plan, name), passed, failed):
            yield tuple(part for part, _ in tested)
    yield from (pair for pair in combinations(parts, 2) if _exclude(journey, *pair))


def tests_of_attribute(plan: Plan, c: said.Has) -> Tests:
    """The tests of an attribute, with typed constants."""
    return tests_of(c, plan.attributes[c.attribute].type)


def span_ms(c: said.Elapsed) -> tuple[float, float]:
    """From when until when after its anchor."""
    start = 0 if c.at_least is None else duration_ms(c.at_least)
    return start, inf if c.less_than is None else duration_ms(c.less_than)


def _exclude(journey: Journey, a: Part, b: Part) -> bool:
    one, two = a.place.condition, b.place.condition
    both = a.holds and b.holds
    match one, two:
        case said.Has(), said.Has():
            return False  # all tests of an attribute have been looked at together
        case said.Count(), said.Count() if _counted(journey, one) == _counted(journey, two):
            opposite = one == two and a.holds is not b.holds
            return opposite or _too_many(one, two, a.holds, b.holds) or _too_many(two, one, b.holds, a.holds)
        case said.Elapsed(), said.Elapsed() if both and _same(journey, one.elapsed, two.elapsed):
            (start, end), (other_start, other_end) = span_ms(one), span_ms(two)
            return max(start, other_start) >= min(end, other_end)
        case (said.Elapsed(elapsed=past), said.Ahead(ahead=date)) | (
            said.Ahead(ahead=date),
            said.Elapsed(elapsed=past),
        ):
            return both and _same(journey, past, date)
        case said.InSegment(), said.InSegment() if both and one != two:
            groups = {journey.segments[name].group for name in (one.segment, two.segment)}
            return len(groups) == 1 and groups != {None}
    return one == two and a.holds is not b.holds


def _same(journey: Journey, a: said.AnchorOrName, b: said.AnchorOrName) -> bool:
    return resolve(journey, a) == resolve(journey, b)


def _counted(journey: Journey, c: said.Count) -> tuple[object, ...]:
    """Everything that decides what is counted, except the window: then whatever a shorter one holds, a longer one does.

    A count that is scoped to a drop-off has a window of its own, so it is compared with its like only.
    """
    since = None if c.since is None else resolve(journey, c.since)
    reset_by = None if c.reset_by is None else names_of(c.reset_by)
    return names_of(c.count), c.where, c.distinct, since, c.slack, reset_by, is_scoped(c)


def _too_many(c: said.Count, other: said.Count, c_holds: bool, other_holds: bool) -> bool:  # noqa: FBT001
    """Whether a count asks for more than another allows that counts at least as many."""
    shorter, longer = (inf if x.last is None else duration_ms(x.last) for x in (c, other))
    return shorter <= longer and _asks(c, holds=c_holds) > _allows(other, holds=other_holds)


def _asks(c: said.Count, *, holds: bool) -> float:
    """How many there have to be. `not` over `at_most` asks too, unless its anchor may not have happened."""
    if holds:
        return 0 if c.at_most is not None else c.at_least or 1
    return 0 if c.at_most is None or c.since is not None else c.at_most + 1


def _allows(c: said.Count, *, holds: bool) -> float:
    """How many there may be."""
    if holds:
        return inf if c.at_most is None else c.at_most
    return inf if c.at_most is not None or c.since is not None else (c.at_least or 1) - 1
