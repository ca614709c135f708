"""Every lint has one bad fixture that triggers exactly it; a journey without mistakes triggers none."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from streams.language import lint, load_source
from tests.language.linted import TODAY, warned

LINTS = Path(__file__).parent / "lints"
CLEAN = LINTS / "clean.yaml"
# Of each fixture: where the warning is, and what it tells to write.
EXPECTED = {
    "LN01": ("segments", "write 3 to 7"),
    "LN02": ("segments.engaged", "write `engaged: {why: ..., message: ...}` under plans"),
    "LN03": ("segments.newcomer.when", "add a behaviour under `all`"),
    "LN04": ("milestones.reported.when", "count what is worth it to them"),
    "LN05": ("plans.fading.motions", "write what differs for these people"),
    "LN06": ("plans.large_team", "write motions.churn_intervention"),
    "LN07": ("segments.segment_1", "name it for what these people do or lack"),
    "LN08": ("segments.large_team.when", "let one begin where the other ends"),
    "LN09": ("segments.evaluator.when.all[1]", "write `distinct: PROPERTY`, or a window"),
    "LN10": ("review_by", "write the next date"),
    "LN11": ("events.teammate_invited", "write the rule that should, or take it out of the catalogue"),
    "LN12": ("milestones", "leave out rules that nobody looks at"),
    "LN13": ("segments.evaluator.when.all[0]", "write one of these"),
    "LN14": ("dropoffs.stalled", "write `edge: [milestone before, milestone missed]`"),
    "LN15": ("milestones", "write `activation: true`"),
    "LN16": ("segments.fading.when", "write a drop-off, `since` an anchor"),
    "LN17": ("", "write under `time` when the log begins"),
}


def test_a_journey_without_mistakes_has_no_warning() -> None:
    """None of the seventeen."""
    assert lint(load_source(CLEAN), today=TODAY) == []


@pytest.mark.parametrize("code", EXPECTED)
def test_each_lint_has_one_bad_file_that_triggers_it_and_nothing_else(code: str) -> None:
    """The warning names the file, the line, the path, what is wrong and what to write."""
    path = LINTS / f"{code}.yaml"

    [warning] = lint(load_source(path), today=TODAY)

    where, cure = EXPECTED[code]
    assert (warning.file, warning.code, warning.path) == (str(path), code, where)
    assert cure in warning.message.partition("; ")[2]
    if where:
        key = where.rpartition(".")[2].partition("[")[0]
        assert key in path.read_text().splitlines()[warning.line - 1]


def test_no_fixture_is_left_over() -> None:
    """One for each id, and the clean one."""
    assert {path.stem for path in LINTS.iterdir()} == {*EXPECTED, "clean"}


def test_warnings_come_in_the_order_of_the_file() -> None:
    """Like problems."""
    warnings = lint(load_source(LINTS / "LN12.yaml"), today=date(3000, 1, 1), budget=0)

    assert [(warning.code, warning.path) for warning in warnings] == [("LN10", "review_by"), ("LN12", "milestones")]


def test_a_warning_about_something_missing_stands_at_what_is_there() -> None:
    """Here the file as a whole: it has no milestones."""
    [warning] = warned("LN15", milestones=None, anchors="{start: {first: signed_up}}")

    assert (warning.line, warning.path) == (1, "")
