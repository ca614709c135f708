"""Which engine runs: the native one where it is built and able, and never silently another than was asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from streams.codec.partition import partition_codec
from streams.core import engines
from streams.core.engines import CannotRun, chosen, make_processor
from streams.engine.machine import Machine
from streams.language import compile_journey, load_journey
from streams.partition.processor import Processor

PLAN = compile_journey(load_journey(Path(__file__).parents[2] / "ops/journeys/b2b-trial.yaml"))
MACHINE = Machine([PLAN])
LONG = Machine([replace(PLAN, path=PLAN.path * 20)])


def test_without_the_native_engine_the_plain_one_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the native one is demanded: then it is said what to do."""
    monkeypatch.setattr(engines, "find_spec", lambda _name: None)

    assert chosen("auto", MACHINE) == "python"
    assert isinstance(make_processor(MACHINE, partition_codec(MACHINE)), Processor)
    with pytest.raises(CannotRun, match="not built here: run `make setup`"):
        chosen("native", MACHINE)


def test_the_plain_engine_runs_where_it_is_wanted() -> None:
    """Whether the other one is there or not."""
    assert chosen("python", MACHINE) == "python"
    assert isinstance(make_processor(MACHINE, partition_codec(MACHINE), "python"), Processor)


def test_a_journey_that_is_too_long_for_the_native_engine_is_run_by_the_plain_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its whole numbers have 64 bits."""
    monkeypatch.setattr(engines, "find_spec", lambda _name: object())

    assert chosen("auto", MACHINE) == "native"
    assert chosen("auto", LONG) == "python"
    with pytest.raises(CannotRun, match="more than 63 bits"):
        chosen("native", LONG)
