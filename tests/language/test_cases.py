"""The cases that come with the product: every claim about stages, milestones, rules and drop-offs, told by a table."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from schemas.journey import Journey
from streams.cli.test import timeline
from streams.language import load_journey
from streams.language.cases import Case, CaseFile, read_cases
from streams.replay.cases import feed, processor_of, run_case

FOLDER = Path(__file__).parents[2] / "ops" / "journeys" / "cases"
FILES = {path.stem: read_cases(path) for path in sorted(FOLDER.glob("*.yaml"))}
CASES = [
    pytest.param(file.journey, case, id=f"{name}: {case.name}") for name, file in FILES.items() for case in file.cases
]
JOURNEYS = sorted((FOLDER / "journeys").glob("*.yaml"))

journey_of = cache(load_journey)


@pytest.mark.parametrize(("path", "case"), CASES)
def test_a_feed_gives_the_rows_of_its_table(path: Path, case: Case) -> None:
    """No row is missing, and none comes that the table does not have."""
    difference = run_case(case, journey_of(path))

    if any(difference):
        pytest.fail("\n".join([case.name, *timeline(difference)]), pytrace=False)


@pytest.mark.parametrize("path", JOURNEYS, ids=lambda path: path.stem)
def test_a_journey_to_copy_says_whose_it_is_and_why(path: Path) -> None:
    """Title, owner, goal, date of review, since when its log is complete, one activation, a reason for each rule."""
    journey = journey_of(path)
    acted_on = {*journey.segments, *journey.dropoffs}

    assert all([journey.title, journey.owner, journey.goal, journey.review_by, journey.time.history_from])
    assert sum(milestone.activation for milestone in journey.milestones.values()) == 1
    assert set(journey.plans) == acted_on
    assert all(plan.why and plan.message for plan in journey.plans.values())


def test_the_table_of_claims_names_every_case_file_once() -> None:
    """Under the id with which the file begins, and in the order of the ids."""
    rows = re.findall(
        r"^\| ([A-Z])([0-9]+) \|.*\| `([^`]+\.yaml)` \|$", (FOLDER / "README.md").read_text(), re.MULTILINE
    )

    assert sorted(file for _, _, file in rows) == sorted(f"{name}.yaml" for name in FILES)
    assert all(file.startswith(f"{letter.lower()}{number}-") for letter, number, file in rows)
    assert rows == sorted(rows, key=lambda row: (row[0], int(row[1])))


def test_every_journey_beside_the_cases_is_used_by_one() -> None:
    """A journey without a case proves nothing."""
    assert set(JOURNEYS) <= {file.journey for file in FILES.values()}


def test_a_drop_off_says_between_which_milestones_and_in_which_week_they_signed_up() -> None:
    """E1: two people one millisecond apart at the end of a week, of a month, and of a year of weeks."""
    rows = told("e1-drop-off-by-edge", "dropped_off", "edge", "cohort")

    assert rows == {
        ("u1", "no_setup"): (["signed_up", "set_up"], "2026-W53"),
        ("u2", "no_setup"): (["signed_up", "set_up"], "2027-W01"),
    }


def test_a_drop_off_says_how_far_they_were_and_what_is_missing() -> None:
    """E2: on three edges of the path."""
    rows = told("e2-where-they-dropped", "dropped_off", "last_reached", "missing")

    assert rows["u1", "no_setup"] == ("signed_up", ["set_up", "created_segment", "launched_campaign"])
    assert rows["u2", "no_segment"] == ("set_up", ["created_segment", "launched_campaign"])
    assert rows["u3", "no_campaign"] == ("created_segment", ["launched_campaign"])


def test_what_was_skipped_is_missing_and_what_came_early_is_reached() -> None:
    """C5: the third step of the path before the first two, and the second without the first."""
    early = told("c5-no-forced-sequence", "achieved", "last_reached", "missing")
    dropped = told("c5-no-forced-sequence", "dropped_off", "last_reached", "missing")

    assert early["u1", "launched_campaign"] == ("launched_campaign", ["setup_done", "created_segment", "onboarded"])
    assert dropped["u4", "no_campaign"] == ("created_segment", ["setup_done", "launched_campaign", "onboarded"])


def told(name: str, kind: str, *fields: str) -> Mapping[tuple[str, str], tuple[Any, ...]]:
    """By entity and rule, what the records of a kind say in fields that a table has no words for."""
    records = records_of(FILES[name], journey_of(FILES[name].journey))
    return {
        (record["entity_id"], record["rule"]): tuple(record[field] for field in fields)
        for record in records
        if record["kind"] == kind
    }


def records_of(file: CaseFile, journey: Journey) -> list[dict[str, Any]]:
    """The records of the first case of a file."""
    case = file.cases[0]
    outcomes = feed(processor_of(case, journey), case.feed)
    return [json.loads(value) for outcome in outcomes for _, value in outcome.transitions]
