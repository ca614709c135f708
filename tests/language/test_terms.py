"""Each condition and each anchor becomes what it means, in the form that the engine evaluates."""

from __future__ import annotations

import pytest

from streams.engine.plan import Ahead, Anchor, AnyOf, Condition, Count, Elapsed, Has, Not, Open, Ref
from tests.language.small import plan, plan_of

DAY = 86_400_000
START = Anchor("first", ("signed_up",))
READY = Anchor("achieved", target="ready")
END = Anchor("attribute", target="due")

CONDITIONS: list[tuple[str, Condition]] = [
    ("{elapsed: start}", Elapsed(START, 0, None)),
    ("{elapsed: {achieved: ready}, at_least: 1d, less_than: 2d}", Elapsed(READY, DAY, 2 * DAY)),
    ("{ahead: end, less_than: 3d}", Ahead(END, 3 * DAY)),
    ("{attribute: plan, is: pro}", Has("plan", (("is", "pro"),))),
    ("{attribute: size, less_than: 5, at_least: 1.5}", Has("size", (("at_least", 1.5), ("less_than", 5)))),
    ("{attribute: due, is: 1970-01-02T00:00:00Z}", Has("due", (("is", DAY),))),
    ("{attribute: due, in: [1970-01-01T01:00:00+01:00]}", Has("due", (("in", (0,)),))),
    (
        "{attribute: plan, known: true, ends_with: [b, a], starts_with: p}",
        Has("plan", (("starts_with", ("p",)), ("ends_with", ("b", "a")), ("known", True))),
    ),
    ("{milestone: ready}", Ref("milestone", "ready")),
    ("{not: {milestone: ready}}", Not(Ref("milestone", "ready"))),
    ("{all: [{milestone: ready}, {elapsed: start}]}", AnyOf((Ref("milestone", "ready"), Elapsed(START, 0, None)), 2)),
    ("{any: [{milestone: ready}, {elapsed: start}]}", AnyOf((Ref("milestone", "ready"), Elapsed(START, 0, None)), 1)),
    (
        "{any: [{milestone: ready}, {elapsed: start}], at_least: 2}",
        AnyOf((Ref("milestone", "ready"), Elapsed(START, 0, None)), 2),
    ),
    ("{count: used}", Count("tally1", 1, at_most=False)),
    ("{count: used, at_least: 3, last: 7d}", Count("tally1", 3, at_most=False, last_ms=7 * DAY)),
    ("{count: used, at_most: 3}", Count("tally1", 4, at_most=True)),
    (
        "{count: used, at_most: 0, since: start, slack: 30s}",
        Count("tally1", 1, at_most=True, since=START, slack_ms=30_000),
    ),
    ("{open: used, closed_by: left, by: feature}", Open("open0", 1, at_most=False, older_ms=0)),
    (
        "{open: used, closed_by: left, by: feature, older_than: 2d, at_most: 1}",
        Open("open0", 2, at_most=True, older_ms=2 * DAY),
    ),
]


@pytest.mark.parametrize(("when", "condition"), CONDITIONS)
def test_a_condition_becomes_what_it_means(when: str, condition: Condition) -> None:
    """Names resolved, durations in ms, constants in the type of what they test, tests in one order."""
    assert plan_of(when)[1] == condition


ANCHORS = [
    ("start", START),
    ("{first: [used, signed_up, used]}", Anchor("first", ("signed_up", "used"))),
    (
        "{last: used, where: {seconds: {less_than: 5}, feature: a}}",
        Anchor("last", ("used",), (("feature", (("is", "a"),)), ("seconds", (("less_than", 5),)))),
    ),
    ("{entered: other}", Anchor("entered", target="other")),
    ("{dropped: lost}", Anchor("dropped", target="lost")),
    ("{changed: plan}", Anchor("changed", target="plan")),
    ("{changed: ok, to: false}", Anchor("changed", target="ok", to=(True, False))),
    ("{changed: due, from: 1970-01-02T00:00:00Z}", Anchor("changed", target="due", source=(True, DAY))),
    ("end", END),
]


@pytest.mark.parametrize(("given", "anchor"), ANCHORS)
def test_an_anchor_becomes_what_it_means(given: str, anchor: Anchor) -> None:
    """Whether it is named or written in place."""
    compiled = plan(
        segments=f"{{here: {{when: {{elapsed: {given}}}}}, other: {{when: {{count: used}}}}}}",
        dropoffs="{lost: {after: start, within: 2d, expect: {count: used}}}",
    )

    assert anchor in compiled.anchors
