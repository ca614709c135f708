"""The tests catch wrong engines: of each mutant at least one of the acceptance scenarios tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.journey import Journey
from streams.language import load_journey
from streams.language.cases import Case, read_cases
from streams.partition.processor import Processor
from streams.replay.cases import feed, judge, processor_of
from tests.engine.test_scenarios import restarting, summary
from tests.laws.mutants import MUTANTS, Mutant, applied

ROOT = Path(__file__).parents[2]
WRONG = (AssertionError, ValueError, KeyError, NameError)  # an engine that stops is caught too


Cases = list[tuple[Case, Journey]]


@pytest.fixture(scope="module")
def cases() -> Cases:
    """Each with the journey that it is about."""
    files = [
        read_cases(path)
        for folder in ("tests/scenarios", "tests/laws/cases", "ops/journeys/cases")
        for path in sorted((ROOT / folder).glob("*.yaml"))
        if path.name not in {"b2b-trial.yaml", "help-desk.yaml"}
    ]
    journeys = {path: load_journey(path) for path in {file.journey.resolve() for file in files}}
    return [(case, journeys[file.journey.resolve()]) for file in files for case in file.cases]


def caught(cases: Cases) -> bool:
    """Whether any case has other rows than its table, or gives other effects after restarts."""
    models: dict[tuple[int, str], Processor] = {}  # one machine for all cases that want the same
    try:
        return any(differs(case, journey, models) for case, journey in cases)
    except WRONG:
        return True


def differs(case: Case, journey: Journey, models: dict[tuple[int, str], Processor]) -> bool:
    """Whether this case tells the engine from the right one."""
    key = (id(journey), repr(case.time))
    model = models.get(key)
    if model is None:
        model = models[key] = processor_of(case, journey)

    def fresh() -> Processor:
        return Processor(model.machine, model.codec, future_skew_ms=model.future_skew_ms)

    whole = list(feed(fresh(), case.feed))
    records = (record for outcome in whole for _, record in outcome.transitions)
    return any(judge(case, records)) or summary(iter(whole)) != summary(restarting(fresh(), case.feed))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name.replace(" ", "-"))
def test_a_wrong_engine_is_caught(mutant: Mutant, cases: Cases) -> None:
    """Some case tells it from the right one."""
    with applied(mutant):
        assert caught(cases), f"no case catches this: {mutant.name}"


def test_the_right_engine_is_not_caught(cases: Cases) -> None:
    """Otherwise the others would prove nothing; and every mutant has left it as it was."""
    for mutant in MUTANTS:
        with applied(mutant):
            pass
    assert not caught(cases)
