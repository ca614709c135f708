"""Which conditions exclude each other."""

from __future__ import annotations

import pytest

from streams.language.exclusions import excluding
from streams.language.places import Place, together
from tests.language.linted import read

A = "count: used, last: 7d"
EXCLUDING = [
    # one attribute
    ("{attribute: plan, is: free}", "{attribute: plan, is: pro}"),
    ("{attribute: plan, is: free}", "{not: {attribute: plan, is: free}}"),
    ("{not: {attribute: plan, is: free}}", "{not: {attribute: plan, is: pro}}"),  # the default is free: never unset
    ("{attribute: cost, less_than: 5}", "{attribute: cost, at_least: 5}"),
    # one anchor
    ("{elapsed: start, less_than: 3d}", "{elapsed: {first: signed_up}, at_least: 72h}"),
    ("{ahead: end, less_than: 3d}", "{elapsed: end}"),
    ("{elapsed: end}", "{ahead: end, less_than: 3d}"),
    # one count
    (f"{{{A}, at_least: 3}}", f"{{{A}, at_most: 2}}"),
    ("{count: used, last: 7d, at_least: 3}", "{count: used, last: 30d, at_most: 2}"),
    ("{count: used, last: 7d, at_least: 3}", "{not: {count: used, last: 8d, at_least: 3}}"),
    ("{not: {count: used, last: 7d, at_most: 3}}", "{count: used, last: 7d, at_most: 3}"),
    ("{count: used, reset_by: left, last: 7d}", "{count: used, reset_by: left, at_most: 0}"),
    ("{count: used, since: start, at_least: 3}", "{not: {count: used, since: start, at_least: 3}}"),
    ("{count: [used, left], at_least: 3}", "{count: [left, used], at_most: 1}"),
    # rules
    ("{segment: calm}", "{segment: keen}"),
    ("{segment: calm}", "{not: {segment: calm}}"),
    ("{dropped: lost}", "{not: {dropped: lost}}"),
    ("{open: used, closed_by: left, by: feature}", "{not: {open: used, closed_by: left, by: feature}}"),
]
COMPATIBLE = [
    ("{attribute: plan, is: free}", "{not: {attribute: plan, is: pro}}"),
    ("{attribute: cost, less_than: 5}", "{attribute: cost, at_least: 4}"),
    ("{attribute: cost, less_than: 5}", "{attribute: size, at_least: 5}"),
    ("{elapsed: start, less_than: 3d}", "{elapsed: start, at_least: 2d}"),
    ("{elapsed: start, less_than: 3d}", "{elapsed: {first: used}, at_least: 4d}"),
    ("{elapsed: start, less_than: 3d}", "{not: {elapsed: start, less_than: 2d}}"),
    ("{not: {elapsed: end}}", "{ahead: end, less_than: 3d}"),
    ("{elapsed: {attribute: paid_until}}", "{ahead: end, less_than: 3d}"),
    (f"{{{A}, at_least: 3}}", f"{{{A}, at_most: 3}}"),
    ("{count: used, last: 30d, at_least: 3}", "{count: used, last: 7d, at_most: 2}"),
    ("{count: used, last: 7d, at_least: 3}", "{count: used, at_most: 2}"),  # in `expect` the second may count later
    ("{count: used, at_least: 3}", "{count: left, at_most: 2}"),
    ("{count: used, at_least: 3}", "{count: used, distinct: feature, at_most: 2}"),
    ("{count: used, since: start, at_least: 3}", "{count: used, since: {first: left}, at_most: 2}"),
    ("{not: {count: used, since: start, at_most: 3}}", "{not: {count: used, since: start, at_least: 1}}"),
    ("{not: {count: used, since: start, at_most: 3}}", "{count: used, since: start, at_most: 2, slack: 5s}"),
    ("{segment: calm}", "{segment: here}"),
    ("{segment: here}", "{segment: there}"),
    ("{segment: calm}", "{not: {segment: keen}}"),
    ("{segment: calm}", "{segment: calm}"),
    ("{milestone: begun}", "{not: {milestone: ready}}"),
    ("{not: {dropped: lost}}", "{not: {dropped: lost}}"),
]


def _exclude(one: str, two: str) -> bool:
    journey, plan = read(
        events="{signed_up: {}, used: {properties: {feature: string}}, left: {properties: {feature: string}}, "
        "changed: {properties: {plan: string, due: timestamp, size: number, cost: number}, "
        "sets: [plan, due, size, cost]}}",
        attributes="{plan: {type: string, values: [free, pro], default: free}, due: {type: timestamp}, "
        "paid_until: {type: timestamp}, size: {type: number}, cost: {type: number}}",
        segments="{calm: {group: g, priority: 1, when: {count: used}}, keen: {group: g, priority: 2, when: "
        "{count: left}}, there: {when: {count: used}}, here: {when: {count: used}}}",
        dropoffs="{lost: {after: start, within: 2d, expect: {count: used}}, "
        f"asked: {{after: start, within: 2d, expect: {{count: used}}, if: {{all: [{one}, {two}]}}}}}}",
    )
    asked = journey.dropoffs["asked"].only_if
    assert asked is not None
    return any(excluding(journey, plan, tuple(together(Place("", asked)))))


@pytest.mark.parametrize(("one", "two"), EXCLUDING)
def test_what_cannot_be_at_once_excludes_each_other(one: str, two: str) -> None:
    """In either order."""
    assert _exclude(one, two)
    assert _exclude(two, one)


@pytest.mark.parametrize(("one", "two"), COMPATIBLE)
def test_what_can_be_at_once_or_is_not_compared_does_not(one: str, two: str) -> None:
    """In either order."""
    assert not _exclude(one, two)
    assert not _exclude(two, one)
