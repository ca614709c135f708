"""Numeric bands that overlap, or leave a gap."""

from __future__ import annotations

import pytest

from tests.language.linted import paths, warned


def _lone(*whens: str) -> str:
    return "{" + ", ".join(f"s{i}: {{when: {when}}}" for i, when in enumerate(whens)) + "}"


def _group(*whens: str) -> str:
    """Priorities rise."""
    return "{" + ", ".join(f"s{i}: {{group: g, priority: {i}, when: {x}}}" for i, x in enumerate(whens)) + "}"


def _size(low: int | None, high: int | None) -> str:
    bounds = [f"at_least: {low}"] * (low is not None) + [f"less_than: {high}"] * (high is not None)
    return f"{{{', '.join(('attribute: size', *bounds))}}}"


SMALL, MIDDLE, LARGE = _size(None, 10), _size(10, 100), _size(100, None)
EVEN = [
    _lone(SMALL, MIDDLE, LARGE),
    _group(SMALL, MIDDLE, LARGE),
    _lone(_size(3, None), _size(10, None)),  # levels
    _lone(_size(None, 3), _size(None, 10)),
    _group(_size(3, None), _size(10, None)),
    _group(_size(None, 100), _size(None, 10), LARGE),  # the narrower one has the higher priority
    _group(SMALL, LARGE, "{count: used}"),  # another member may stand in the gap
    _lone(SMALL, "{all: [{milestone: ready}, {attribute: size, at_least: 5}]}"),  # another condition
    _lone("{all: [{milestone: ready}, {attribute: size, less_than: 5}]}", "{all: [{milestone: begun}, " + LARGE + "]}"),
    _lone("{all: [{attribute: size, at_least: 10}, {attribute: size, less_than: 100}]}", LARGE, SMALL),
    _lone(_size(80, None) + ", until: " + _size(None, 70), _size(None, 70)),
    _lone(_size(10, 10), _size(5, 20)),  # holds nothing, which is another lint's business
    _lone("{not: {attribute: size, less_than: 10}}", "{not: {attribute: size, less_than: 20}}"),
    _lone("{attribute: size, is: 5}", "{attribute: size, known: true}"),
    _lone("{attribute: due, less_than: 2026-01-02T00:00:00Z}", "{attribute: due, at_least: 2026-01-01T00:00:00Z}"),
    _lone("{count: used, where: {feature: x}}", "{count: used, where: {feature: {is: x}}}"),
    _lone("{count: used, where: {seconds: {less_than: 9}}}", "{count: used, where: {seconds: {at_least: 9}}}"),
    _lone(
        "{count: used, where: {seconds: {less_than: 9}}}", "{count: used, last: 7d, where: {seconds: {at_least: 5}}}"
    ),
    _lone(
        "{all: [" + SMALL + ", {attribute: cost, less_than: 5}]}",
        "{all: [" + _size(5, None) + ", {attribute: cost, at_least: 5}]}",
    ),
]


@pytest.mark.parametrize("segments", EVEN)
def test_bands_that_divide_or_that_hold_each_other_on_purpose_are_let_through(segments: str) -> None:
    """So are conditions that are no bands, or that differ in more than their bands."""
    assert warned("LN08", segments=segments, attributes=ATTRIBUTES) == []


ATTRIBUTES = "{plan: {type: string}, due: {type: timestamp}, size: {type: number}, cost: {type: number}}"
UNEVEN = [
    (_lone(SMALL, _size(9, 100), LARGE), "s1", "overlaps with 's0': size [..., 10) and [9, 100)"),
    (_lone(_size(None, 10), _size(None, 100), LARGE), "s1", "overlaps with 's0': size [..., 10) and [..., 100)"),
    (_lone(MIDDLE, MIDDLE), "s1", "overlaps with 's0': size [10, 100) and [10, 100)"),
    (_group(SMALL, _size(9, None)), "s1", "or give the narrower one the higher priority"),
    (_group(_size(10, None), _size(3, None)), "s1", "overlaps with 's0': size [10, ...) and [3, ...)"),
    (_lone(SMALL, LARGE), "s1", "no segment holds size [10, 100), between 's0' and this one; write `at_least: 10`"),
    (_lone(LARGE, SMALL), "s0", "or `less_than: 100` there"),
    (_lone(_size(0, 50), _size(10, 20), _size(60, 70)), "s1", "overlaps with 's0': size [0, 50) and [10, 20)"),
    (_lone(_size(0, 50), _size(10, 20), _size(60, 70)), "s2", "size [50, 60), between 's0' and this one"),
    (_group(SMALL, LARGE), "s1", "size [10, 100)"),
    (
        _lone("{count: used, where: {seconds: {less_than: 9.5}}}", "{count: used, where: {seconds: {at_least: 5}}}"),
        "s1",
        "overlaps with 's0': seconds [..., 9.5) and [5, ...)",
    ),
    (
        _lone("{all: [{milestone: ready}, " + SMALL + "]}", "{all: [" + LARGE + ", {milestone: ready}]}"),
        "s1",
        "no segment holds size [10, 100)",
    ),
]


@pytest.mark.parametrize(("segments", "where", "message"), UNEVEN)
def test_bands_that_overlap_or_leave_a_gap_are_found(segments: str, where: str, message: str) -> None:
    """Of attributes and of properties, with the same conditions beside them."""
    found = {warning.path: warning.message for warning in warned("LN08", segments=segments, attributes=ATTRIBUTES)}

    assert message in found[f"segments.{where}.when"]


def test_two_bands_at_once_overlap_only_if_both_do() -> None:
    """A box of two numbers, as of headcount and contract."""
    one = "{all: [" + SMALL + ", {attribute: cost, less_than: 6}]}"
    two = "{all: [" + _size(5, None) + ", {attribute: cost, at_least: 5}]}"

    assert paths("LN08", segments=_lone(one, two), attributes=ATTRIBUTES) == ["segments.s1.when"]
