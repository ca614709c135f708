"""Repeats without a window, absences without an anchor."""

from __future__ import annotations

import pytest

from tests.language.linted import paths

ENDLESS = [
    ("{count: used, at_least: 2}", ""),
    ("{count: used, at_most: 1}", ""),
    ("{count: used, since: start, at_least: 2}", ""),
    ("{count: used, since: {achieved: begun}, at_least: 2}", ""),
    ("{any: [{count: left}, {not: {count: used, at_least: 2}}]}", ".any[1].not"),
    ("{all: [{elapsed: start, at_least: 7d}, {count: used, at_least: 2}]}", ".all[1]"),
    ("{all: [{not: {elapsed: start, less_than: 7d}}, {count: used, at_least: 2}]}", ".all[1]"),
]
BOUNDED = [
    "{count: used}",
    "{count: used, at_most: 0}",
    "{count: used, at_least: 2, distinct: feature}",
    "{count: used, at_least: 2, last: 7d}",
    "{count: used, at_least: 2, reset_by: left}",
    "{count: used, at_least: 2, since: {last: signed_up}}",
    "{count: used, at_least: 2, since: {changed: plan}}",
    "{all: [{elapsed: start, less_than: 7d}, {count: used, at_least: 2}]}",
    "{all: [{elapsed: start, less_than: 7d}, {any: [{count: left}, {count: used, at_least: 2}]}]}",
]


@pytest.mark.parametrize(("when", "where"), ENDLESS)
def test_a_repeat_that_goes_on_for_ever_is_found(when: str, where: str) -> None:
    """An anchor that happens once bounds nothing."""
    assert paths("LN09", segments=f"{{here: {{when: {when}}}}}") == [f"segments.here.when{where}"]


@pytest.mark.parametrize("when", BOUNDED)
def test_a_repeat_that_is_bounded_is_let_through(when: str) -> None:
    """By what makes two events different, or by time."""
    assert paths("LN09", segments=f"{{here: {{when: {when}}}}}") == []


def test_what_a_drop_off_expects_is_bounded_by_its_time() -> None:
    """Unless it counts from elsewhere."""
    scoped, other = "{count: used, at_least: 2}", "{count: used, since: start, at_least: 2}"
    dropoffs = f"{{lost: {{after: start, within: 2d, if: {other}, expect: {{any: [{scoped}, {other}]}}}}}}"

    assert paths("LN09", dropoffs=dropoffs) == ["dropoffs.lost.expect.any[1]", "dropoffs.lost.if"]


UNANCHORED = [
    ("{not: {count: used, last: 7d}}", ""),
    ("{not: {count: used, last: 7d, at_least: 3}}", ""),
    ("{not: {count: used}}", ""),
    ("{count: used, at_most: 0}", ""),
    ("{count: used, at_most: 0, last: 7d}", ""),
    ("{not: {any: [{count: used, last: 7d}, {milestone: ready}]}}", ""),
    ("{any: [{milestone: ready}, {count: used, at_most: 0}]}", ".any[1]"),
    ("{all: [{not: {milestone: ready}}, {count: used, at_most: 0}]}", ".all[1]"),
    ("{all: [{count: left, at_most: 1}, {count: used, at_most: 0}]}", ".all[1]"),
    ("{all: [{attribute: plan, known: false}, {count: used, at_most: 0}]}", ".all[1]"),
    ("{all: [{any: [{milestone: ready}, {count: left, at_most: 5}]}, {count: used, at_most: 0}]}", ".all[1]"),
    ("{all: [{open: used, closed_by: left, by: feature, at_most: 1}, {count: used, at_most: 0}]}", ".all[1]"),
]
ANCHORED = [
    "{count: used, since: start, at_most: 0}",
    "{not: {count: used, since: start}}",
    "{not: {count: used, at_least: 3}}",
    "{not: {not: {count: used, last: 7d}}}",
    "{not: {count: used, at_most: 0}}",
    "{count: used, last: 7d, at_most: 1}",
    "{all: [{milestone: ready}, {count: used, at_most: 0}]}",
    "{all: [{elapsed: start}, {count: used, at_most: 0}]}",
    "{all: [{count: left}, {count: used, at_most: 0}]}",
    "{all: [{not: {count: left, at_most: 2}}, {count: used, at_most: 0}]}",
    "{all: [{count: left, since: start, at_most: 2}, {count: used, at_most: 0}]}",
    "{all: [{attribute: plan, is: pro}, {count: used, at_most: 0}]}",
    "{all: [{any: [{milestone: ready}, {count: left}]}, {count: used, at_most: 0}]}",
    "{all: [{milestone: ready}, {any: [{count: left}, {count: used, at_most: 0}]}]}",
    "{any: [{milestone: ready}, {count: left}, {count: used, at_most: 0}], at_least: 2}",
    "{all: [{open: used, closed_by: left, by: feature}, {count: used, at_most: 0}]}",
]


@pytest.mark.parametrize(("when", "where"), UNANCHORED)
def test_an_absence_without_an_anchor_is_found(when: str, where: str) -> None:
    """However it is written."""
    assert paths("LN16", segments=f"{{here: {{when: {when}}}}}") == [f"segments.here.when{where}"]


@pytest.mark.parametrize("when", ANCHORED)
def test_an_absence_with_an_anchor_or_a_partner_is_let_through(when: str) -> None:
    """So is what asks for few and not for none."""
    assert paths("LN16", segments=f"{{here: {{when: {when}}}}}") == []


def test_drop_offs_hysteresis_and_the_population_are_not_asked_for_an_anchor() -> None:
    """They have one, or claim nothing."""
    none = "{count: used, at_most: 0}"
    dropoffs = f"{{lost: {{after: start, within: 2d, if: {none}, expect: {none}}}}}"

    assert paths("LN16", population=none, segments=f"{{here: {{when: {{count: used}}, until: {none}}}}}") == []
    assert paths("LN16", dropoffs=dropoffs) == []
    assert paths("LN16", milestones=f"{{begun: {{when: {{count: left}}}}, ready: {{when: {none}}}}}") == [
        "milestones.ready.when"
    ]
