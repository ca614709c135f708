"""The oracle is right where people have said what is right, and takes enough steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.laws.oracle import Row, evaluate
from tests.laws.scenario_cases import Case, cases_in

HOME = Path(__file__).parents[2]
FOLDERS = ("tests/scenarios", "tests/laws/cases", "ops/journeys/cases", "../shared/scenarios")  # those that are at hand
FILES = [path for folder in FOLDERS for path in sorted((HOME / folder).glob("*.yaml")) if "cases:" in path.read_text()]
CASES = [case for path in FILES for case in cases_in(path)]


def says(expected: dict[str, object], entity: str, row: Row) -> bool:
    """Whether what is written in an expectation is true of a row."""
    return all(value == {**row._asdict(), "entity": entity}[key] for key, value in expected.items())


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_oracle_agrees_with_every_scenario(case: Case) -> None:
    """Each expected row stands, and no other row of the named rules does."""
    rows = {entity: evaluate(case.journey, events, case.clock) for entity, events in case.events.items()}
    got = [(entity, row) for entity in rows for row in rows[entity] if case.only is None or row.rule in case.only]
    for expected in case.expect:
        found = [pair for pair in got if says(expected, *pair)]
        assert found, (expected, got)
        got.remove(found[0])
    assert got == []
