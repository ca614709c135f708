"""The oracle is right where people have said what is right, and takes enough steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.laws.oracle import Row, evaluate
from tests.laws.scenario_cases import Case, cases_in

HOME = Path(__file__).parents[2]
FOLDERS = ("tests/scenarios", "tests/laws/cases", "ops/journeys/cases", "../shared/scenarios")  # those that are at hand
FILES = [path for folder in FOLDERS for path in sorted((HOME / folder).glob("*.yaml")) if "cases:" in path.read_text()]


def says(expected: dict[str, object], entity: str, row: Row) -> bool:
    """Whether what is written in an expectation is true of a row."""
    return all(value == {**row._asdict(), "entity": entity}[key] for key, value in expected.items())


def differences(case: Case) -> Iterator[tuple[object, ...]]:
    """What is expected and does not stand; and rows of the named rules that stand and are not expected."""
    rows = {entity: evaluate(case.journey, events, case.clock) for entity, events in case.events.items()}
    got = [(entity, row) for entity in rows for row in rows[entity] if case.only is None or row.rule in case.only]
    for expected in case.expect:
        found = next((pair for pair in got if says(expected, *pair)), None)
        if found is None:
            yield case.name, "missing", expected
        else:
            got.remove(found)
    yield from ((case.name, "unexpected", *pair) for pair in got)


@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}-{path.stem}" for path in FILES])
def test_the_oracle_agrees_with_every_scenario(path: Path) -> None:
    """All that is wrong with the file's cases: nothing."""
    assert [wrong for case in cases_in(path) for wrong in differences(case)] == []
