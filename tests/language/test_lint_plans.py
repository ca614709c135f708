"""Plans, the review date, the catalogue, time series, the beginning of the log."""

from __future__ import annotations

from datetime import date

import pytest

from streams.language import lint, read_source
from tests.language.linted import paths, warned
from tests.language.small import text

PLANS = [
    ("{why: w, message: {type: email}}", []),
    ("{why: w, message: none}", []),
    ("{why: w, motions: {sales_play: call}}", []),
    ("{message: none}", ["does not say why"]),
    ("{message: {type: email}}", ["does not say why"]),
    ("{why: w}", ["nothing follows"]),
    ("{why: w, next: ready}", ["nothing follows"]),
    ("{why: w, motions: {sales_play: none}}", ["nothing follows"]),
    ("{}", ["nothing follows", "does not say why"]),
]


@pytest.mark.parametrize(("plan", "wrong"), PLANS, ids=lambda x: x if isinstance(x, str) else None)
def test_a_plan_says_why_and_what_follows(plan: str, wrong: list[str]) -> None:
    """Silence is a choice, if it is written down."""
    warnings = warned("LN02", plans=f"{{here: {plan}, lost: {{why: w, message: none}}}}")

    assert [warning.path for warning in warnings] == ["plans.here"] * len(wrong)
    assert all(part in warning.message for part, warning in zip(wrong, warnings, strict=True))


def test_every_segment_and_drop_off_needs_a_plan() -> None:
    """Milestones do not: nobody acts on having achieved something once."""
    assert paths("LN02") == ["segments.here", "dropoffs.lost"]


COPIES = [
    ("{sales_play: call}", "{sales_play: call}", ["plans.lost.motions"]),
    ("{sales_play: call}", "{sales_play: call, nurture_track: none}", ["plans.lost.motions"]),
    ("{sales_play: call}", "{nurture_track: call}", []),
    ("{sales_play: call}", "{sales_play: call, nurture_track: proof}", []),
    ("{sales_play: none}", "{sales_play: none}", []),
]


@pytest.mark.parametrize(("here", "lost", "found"), COPIES)
def test_motions_that_are_copied_are_found(here: str, lost: str, found: list[str]) -> None:
    """What is `none` sets nothing in motion, and is no copy."""
    assert paths("LN05", plans=f"{{here: {{motions: {here}}}, lost: {{motions: {lost}}}}}") == found


CHURN = [
    ("{why: w, message: {type: email}}", ["plans.here"]),
    ("{why: w, message: {type: email}, motions: {sales_play: call}}", ["plans.here"]),
    ("{why: w, message: {type: email}, motions: {churn_intervention: none}}", []),
    ("{why: w, message: none, motions: {sales_play: call}}", ["plans.here"]),
    ("{why: w, message: none}", []),
    ("{message: none}", ["plans.here"]),
]


@pytest.mark.parametrize(("plan", "found"), CHURN, ids=lambda x: x if isinstance(x, str) else None)
def test_a_plan_names_the_sign_of_churn_or_says_that_there_is_none(plan: str, found: list[str]) -> None:
    """A drop-off is such a sign itself, and whoever chose to do nothing and said why needs none."""
    assert paths("LN06", plans=f"{{here: {plan}, lost: {{why: w, message: {{type: email}}}}}}") == found


@pytest.mark.parametrize(("day", "found"), [("2026-06-29", ["review_by"]), ("2026-06-30", []), (None, [])])
def test_a_review_is_overdue_the_day_after(day: str | None, found: list[str]) -> None:
    """Today is the 30th of June 2026."""
    assert paths("LN10", review_by=day) == found


def test_an_event_is_used_by_a_rule_an_anchor_in_use_or_an_attribute_that_is_read() -> None:
    """Or because it marks the beginning of an entity."""
    events = """
  signed_up: {begins: true}
  used: {}
  filled: {properties: {plan: string}, sets: [plan]}
  moved: {sets: {size: 1}}
  heard: {}
"""
    rules = {"anchors": "{start: {first: used}, idle: {last: heard}}", "milestones": None, "dropoffs": None}
    segments = "{here: {when: {any: [{elapsed: start}, {attribute: plan, is: free}]}}}"

    assert paths("LN11", events=events, segments=segments, **rules) == ["events.moved", "events.heard"]


def test_time_series_are_counted_by_rule() -> None:
    """Two milestones, a segment and a drop-off: 2 * 21 + 5 + 11, and 2 for the journey."""
    source = read_source(text(), "small.yaml")

    at, below = (lint(source, today=date(2026, 1, 1), budget=budget) for budget in (60, 59))

    assert not [warning for warning in at if warning.code == "LN12"]
    [warning] = [warning for warning in below if warning.code == "LN12"]
    assert warning.message.startswith("60 time series, 42 of them of these, but the budget of a journey is 59")


def test_a_log_without_a_beginning_is_warned_about_where_it_would_stand() -> None:
    """Under `time`, if that is there."""
    assert paths("LN17", time="{allowed_lateness: 1h}") == ["time"]
    assert paths("LN17", time="{history_from: 2026-01-01T00:00:00Z}") == []
