"""LN13 has no false alarm: in random worlds, what it reports never holds for the independent evaluator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.journey import Journey
from streams.language import compile_journey
from streams.language.lint_never import never_holding
from tests.laws import oracle_conditions
from tests.laws.oracle import evaluate
from tests.laws.streams_of_events import read
from tests.laws.world import make

JOURNEYS = 300
SELDOM = 20  # so many of them have a finding, at least: else this would prove nothing


@pytest.fixture(name="true")
def _true(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The ids of the conditions, as mappings, that have been true."""
    seen: set[int] = set()
    holds = oracle_conditions.View.holds

    def noted(self: oracle_conditions.View, c: Any, scope: Any = None) -> Any:
        value = holds(self, c, scope)
        if value is True:
            seen.add(id(c))
        return value

    monkeypatch.setattr(oracle_conditions.View, "holds", noted)
    return seen


def test_what_is_said_never_to_hold_never_does(true: set[int]) -> None:
    """A condition is never true, a segment never entered, a drop-off never armed."""
    found = held = 0
    for number in range(JOURNEYS):
        world = make(number).in_time()
        events, clock, _ = read(world.log, world.lateness)
        for json in world.journeys:
            journey = Journey.model_validate(json)
            paths = [path for path, _ in never_holding(journey, compile_journey(journey))]
            rows = {row.rule for own in events.values() if paths for row in evaluate(json, own, clock)}
            found += bool(paths)
            held += len(true)
            for path in paths:
                assert id(_at(json, path)) not in true, (number, path)
                if path.count(".") == 1 or path.endswith(".after"):
                    assert path.split(".")[1] not in rows, (number, path)
            true.clear()

    assert found >= SELDOM
    assert held > found


def _at(json: Any, path: str) -> Any:
    """What stands at a path of the file."""
    for step in _steps(path):
        json = json[step]
    return json


def _steps(path: str) -> Iterator[str | int]:
    for name, index in re.findall(r"(\w+)|\[(\d+)\]", path):
        yield name or int(index)
