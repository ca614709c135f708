"""What is kept of an entity, shared by all conditions that need the same."""

from __future__ import annotations

import pytest

from streams.engine.plan import Anchor, Count, Opens, Tally
from tests.language.small import plan, plan_of

START = Anchor("first", ("signed_up",))
LAST_USED = Anchor("last", ("used",))
READY = Anchor("achieved", target="ready")
END = Anchor("attribute", target="due")


def tally_of(when: str) -> Tally:
    """The tally that the one count in a condition reads."""
    compiled, condition = plan_of(when)
    assert isinstance(condition, Count)
    return compiled.tallies[condition.tally]


def test_anchors_with_the_same_meaning_are_one_and_what_is_kept_is_numbered_in_order_of_use() -> None:
    """Where the file says it, and in which order a list names events, means nothing."""
    compiled, _ = plan_of(
        "{all: [{elapsed: {first: [used, left]}}, {elapsed: end}, {elapsed: {first: [left, used]}}, {elapsed: done}, "
        "{elapsed: {changed: plan}}, {elapsed: start}, {elapsed: {first: signed_up}}]}"
    )

    assert list(compiled.anchors.items()) == [
        (Anchor("first", ("left", "used")), "anchor0"),
        (END, "attribute_due"),
        (READY, "achieved_ready"),
        (Anchor("changed", target="plan"), "anchor1"),
        (START, "anchor2"),
    ]


def test_anchors_that_nobody_uses_are_not_kept() -> None:
    """Nor are the events that they name relevant."""
    compiled, _ = plan_of("{count: used}")

    assert compiled.anchors == {}
    assert "signed_up" not in compiled.relevant


TALLIES = [
    # a number is enough: from the beginning, or from an event that empties it
    ("{count: used, at_least: 3}", "counter", None),
    ("{count: used, reset_by: left}", "counter", None),
    ("{count: used, since: start}", "counter", START),
    ("{count: used, since: {last: used}}", "counter", LAST_USED),
    # instants: a window, slack, or an anchor that is no event
    ("{count: used, last: 7d}", "instants", None),
    ("{count: used, since: start, last: 7d}", "instants", START),
    ("{count: used, since: start, slack: 5s}", "instants", None),
    ("{count: used, since: done}", "instants", None),
    ("{count: used, since: {changed: plan}}", "instants", None),
    # different values
    ("{count: used, distinct: feature}", "values", None),
    ("{count: used, distinct: feature, since: start}", "values", START),
    ("{count: used, distinct: feature, since: start, slack: 5s}", "values", None),
    ("{count: used, distinct: feature, since: done, last: 1d}", "values", None),
]


@pytest.mark.parametrize(("when", "style", "restart"), TALLIES)
def test_a_tally_keeps_the_cheapest_that_can_answer(when: str, style: str, restart: Anchor | None) -> None:
    """And is emptied by an event anchor, unless slack asks for what was before."""
    tally = tally_of(when)

    assert (tally.style, tally.restart) == (style, restart)
    assert tally.distinct == ("feature" if "distinct" in when else None)
    assert tally.reset_by == (("left",) if "reset_by" in when else ())
    assert (tally.scope, tally.twofold) == (None, False)


def test_counts_that_need_the_same_share_a_tally_that_keeps_what_the_largest_needs() -> None:
    """Users are the milestones by name, others in words that are no name."""
    compiled = plan(
        population="{count: used, last: 1d, at_most: 4}",
        milestones="{ready: {when: {count: [used], last: 7d, at_least: 3}}, begun: {when: {count: used}}}",
        segments="{here: {when: {count: used, since: done, at_least: 2}}, "
        "b: {group: g, priority: 1, when: {count: used, since: {achieved: ready}, last: 1h}}}",
        dropoffs="{lost: {after: start, within: 2d, expect: {count: used, last: 2d}}}",
    )

    shared, counter = compiled.tallies.values()
    assert (shared.slot, shared.style, shared.kept) == ("tally0", "instants", 5)
    assert shared.users == {"the population", "ready", "group s_here", "group g_g", "dropoff lost"}
    assert (counter.slot, counter.style, counter.kept) == ("tally1", "counter", 1)
    assert counter.users == {"begun"}


def test_counts_with_another_where_or_another_end_do_not_share() -> None:
    """The same spelt differently does: order of keys, a bare value, one event as a list."""
    compiled, _ = plan_of(
        "{all: [{count: used, where: {feature: a, seconds: 1}}, "
        "{count: [used], where: {seconds: {is: 1}, feature: a}}, {count: used, where: {feature: a}}, "
        "{count: used, where: {feature: a}, reset_by: left}]}"
    )

    assert [tally.where for tally in compiled.tallies.values() if tally.events == ("used",)] == [
        (("feature", (("is", "a"),)), ("seconds", (("is", 1),))),
        (("feature", (("is", "a"),)),),
        (("feature", (("is", "a"),)),),
    ]


def test_open_values_are_shared() -> None:
    """However many of them are asked for, and how old."""
    compiled, _ = plan_of(
        "{all: [{open: used, closed_by: left, by: feature}, "
        "{open: [used], closed_by: [left], by: feature, at_least: 3}, {open: left, closed_by: used, by: feature}]}"
    )

    assert compiled.opens == {
        "open0": Opens("open0", ("used",), ("left",), "feature"),
        "open1": Opens("open1", ("left",), ("used",), "feature"),
    }
