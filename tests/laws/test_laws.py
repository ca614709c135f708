"""The laws of time.md section 5, each one property test on random journeys and random streams.

What breaks a law is made smaller and comes back as a case file. `tests/laws/run.py` asks many more worlds.
"""

from __future__ import annotations

import os
import subprocess
import sys
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.laws import system
from tests.laws.laws import LAWS, broken, still_broken, world_for
from tests.laws.shrink import case_of, shrink
from tests.laws.system import machine_of
from tests.laws.world import expected, grown, make

WORLDS = 240  # they have 331 journeys
BLOCKS = [range(start, start + 30) for start in range(0, WORLDS, 30)]
in_blocks = pytest.mark.parametrize(  # for the module: all laws are asked about a block before the next one is made
    "numbers", BLOCKS, ids=lambda numbers: f"{numbers.start}-{numbers.stop - 1}", scope="module"
)


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of seeds take turns; that both engines do the same with all of them is another test."""
    callspec = getattr(request.node, "callspec", None)
    if callspec is not None and callspec.params["numbers"].start % 60:
        monkeypatch.setattr(system, "ENGINE", "python")


def holds(name: str, numbers: range, times: int = 1) -> None:
    """Asks worlds of each seed; fails with the smallest case that can be found in 20 seconds."""
    law = LAWS[name]
    for number in numbers:
        seed = make(number)
        for salt in range(times):
            world = world_for(name, seed, str(salt))
            if broken(law, world):
                small = shrink(world, still_broken(law), 20)
                pytest.fail(f"seed {number}: {broken(law, small)}\n\n{case_of(small, f'seed{number}')}")


@in_blocks
def test_order_free(numbers: range) -> None:
    """For every arrival order in which no event is late beyond repair, the net rows are those of the oracle."""
    holds("order_free", numbers, times=2)


@in_blocks
def test_idempotent(numbers: range) -> None:
    """Delivering the same record again changes no row and publishes nothing."""
    holds("idempotent", numbers)


@in_blocks
def test_cut_anywhere(numbers: range) -> None:
    """Encoding the state after any record, decoding it and going on gives the same bytes."""
    holds("cut_anywhere", numbers)


@in_blocks
def test_replay_is_live(numbers: range) -> None:
    """The same input log and journal give byte-identical output with any batch size and any budget."""
    holds("replay_is_live", numbers)


@in_blocks
def test_partition_free(numbers: range) -> None:
    """As long as nothing is late beyond repair, the net rows of an entity do not depend on the number of partitions."""
    holds("partition_free", numbers)


@in_blocks
def test_bounded(numbers: range) -> None:
    """The state of an entity is bounded by its journey and by the number of events that are kept."""
    holds("bounded", numbers)


@in_blocks
def test_conserving(numbers: range) -> None:
    """Every record read ends in exactly one of: applied, irrelevant, duplicate, late, rejected."""
    holds("conserving", numbers)


@in_blocks
def test_summed_up(numbers: range) -> None:
    """Members, gauges and records say what the rows say; every armed drop-off is met, dropped, cancelled or pending."""
    holds("summed_up", numbers)


@in_blocks
def test_never_early(numbers: range) -> None:
    """No due step at D runs before every record with arrival < D has been read."""
    holds("never_early", numbers)


@pytest.mark.timeout(600)  # Hypothesis makes things smaller for five minutes at most
@settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.integers(0, 999), st.sampled_from(sorted(LAWS)))
def test_no_law_is_broken_in_a_world_that_is_made_to_be_small_or_strange(rng: Random, number: int, name: str) -> None:
    """Hypothesis takes the decisions of the same generator; what it finds it makes smaller by deciding otherwise."""
    world = world_for(name, grown(rng, number))
    how = broken(LAWS[name], world)
    if how:
        pytest.fail(f"{name}: {how}\n\n{case_of(world, 'found')}")


def test_replay_is_live_in_any_process() -> None:
    """The same log gives byte-identical output under any PYTHONHASHSEED."""
    digests = set()
    for hash_seed in ("0", "1", "4242"):
        command = [sys.executable, "-m", "tests.laws.digest", "30"]
        done = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": hash_seed}, capture_output=True, check=True)
        digests.add(done.stdout)
    assert len(digests) == 1


@in_blocks
def test_the_language_accepts_the_random_journeys(numbers: range) -> None:
    """What the laws are asked about can be written down as a journey file. Reading YAML takes long: every third is."""
    for number in numbers[::3]:
        machine_of(make(number).journeys)


def test_the_oracle_takes_enough_steps() -> None:
    """Steps at every instant of the grid change no row."""
    for number in range(40):
        seed = make(number)
        world = seed.in_time()
        if seed.grid.unit == 1:
            instants = range(world.log[0].arrival - 100, world.log[-1].arrival + 1)
            assert expected(world, instants) == expected(world)
