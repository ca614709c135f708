"""Lints of single conditions that do not say when: repeats without a window, absences without an anchor.

Does not know: whether a condition can hold (lint_never.py), numeric bands (lint_bands.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schemas import conditions as said
from schemas.journey import Journey
from streams.language.places import Conjunction, Finding, Part, conjunctions, inside, together, whens, whole
from streams.language.terms import is_scoped, resolve

REPEAT = 2  # from here on it matters whether two events are two of the same


def endless_repeats(journey: Journey) -> Iterator[Finding]:
    """LN09: the same page, loaded again, counts again, and so does what happened years ago (D3: do reloads count?).

    Asked for: 2 or more, or 1 or more allowed. Bounded: `distinct`, `last`, `reset_by`, `since` an anchor that can
    happen again, `elapsed` with `less_than` beside it, a drop-off whose time it counts in.
    """
    for place in whole(journey):
        in_time = place.path.endswith(".expect")
        for conjunction in conjunctions(place):
            bounded = any(map(_ends, (*conjunction.parts, *conjunction.around)))
            for part in () if bounded else conjunction.parts:
                c = part.place.condition
                if isinstance(c, said.Count) and _is_endless(journey, c) and not (in_time and is_scoped(c)):
                    message = "repeats of the same count, and for ever; write `distinct: PROPERTY`, or a window"
                    yield part.place.path, f"{message} such as `last: 30d`"


def _ends(part: Part) -> bool:
    c = part.place.condition
    return part.holds and isinstance(c, said.Elapsed) and c.less_than is not None


def _is_endless(journey: Journey, c: said.Count) -> bool:
    number = (c.at_least or 1) if c.at_most is None else c.at_most + 1
    once = c.since is None or isinstance(resolve(journey, c.since), said.First | said.Achieved)
    return number >= REPEAT and c.distinct is None and c.last is None and c.reset_by is None and once


def unanchored_absences(journey: Journey) -> Iterator[Finding]:
    """LN16: "did not do X" means nothing without "within d after A" (language.md, principle 2; mission B5, D11).

    An absence is what asks for none: `at_most: 0`, or `not` over a count with `last` or of one. It is anchored by
    `since`, or by a partner: something under the same `all` that holds for those only who have done something. Not
    looked at: drop-offs, which are anchored; `until`, whose partner is being in the segment; the population, which
    leaves out people and claims nothing about them.
    """
    for place in whens(journey):
        for conjunction in conjunctions(place):
            for part in conjunction.parts:
                if _is_absence(part) and not _has_partner(conjunction):
                    message = (
                        "an absence without an anchor holds for whoever has just come, and for ever for who has gone"
                    )
                    cure = "write a drop-off, `since` an anchor, or under `all` what they have done before"
                    yield part.written.path, f"{message}; {cure}"


def _is_absence(part: Part) -> bool:
    c = part.place.condition
    if not isinstance(c, said.Count) or c.since is not None:
        return False
    if part.holds:
        return c.at_most == 0
    return c.at_most is None and (c.last is not None or c.at_least in (None, 1))


def _has_partner(conjunction: Conjunction) -> bool:
    """Among k of n alternatives, another one has to come true as well."""
    return conjunction.companions > 0 or _any_positive((*conjunction.parts, *conjunction.around))


def _any_positive(parts: Iterable[Part]) -> bool:
    return any(map(_is_positive, parts))


def _is_positive(part: Part) -> bool:
    """Whether this holds only for an entity that has done something, or of which something is known."""
    match part.place.condition:
        case said.Count(since=None, at_most=at_most) | said.Open(at_most=at_most):
            return part.holds is (at_most is None)
        case said.Has(known=False):
            return False
        case said.All() | said.AnyOf():
            return all(_any_positive(together(x, holds=part.holds)) for x in inside(part.place))
    return part.holds
