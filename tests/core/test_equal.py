"""The native engine is the plain one, byte for byte: random journeys, random streams, and whatever records may hold."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from streams.core.engines import make_processor
from streams.engine.machine import Limits, Machine
from streams.live.fetching import Batch
from streams.live.records import joined
from streams.partition.engine import PartitionEngine
from streams.partition.outcome import Outcome
from streams.replay.runner import OfflineRecord
from tests.laws.effects import listed, same
from tests.laws.laws import machine
from tests.laws.system import Records, codec_of, feed
from tests.laws.world import World, make
from tests.live.test_fetching import TIME_MS, TP, batch

pytest.importorskip("streams.core.native", reason="the native engine is not built here")
BLOCKS = [range(start, start + 30) for start in range(0, 300, 30)]


def engines(m: Machine) -> tuple[PartitionEngine, PartitionEngine]:
    """Both, at the beginning of a partition."""
    return make_processor(m, codec_of(m), "python"), make_processor(m, codec_of(m), "native")


def effects(outcome: Outcome) -> dict[str, object]:
    """All of it; what is one record per key has no order."""
    whole = listed(outcome)._asdict() | {"facts": outcome.facts._asdict(), "frozen": [f[:2] for f in outcome.frozen]}
    whole["facts"]["instances"] = list(outcome.facts.instances)
    return whole | {"members": sorted(outcome.members), "states": sorted(outcome.states)}


def differ(world: World, seed: int, limits: Limits | None = None) -> str:
    """Where the two differ, if anywhere; sealed at random, now and then begun anew from states."""
    rng, m = Random(seed), machine(world, limits)
    plain, fast = engines(m)
    states: dict[bytes, bytes] = {}
    for number, item in enumerate(Records(world.log).items):
        feed(plain, [item])
        feed(fast, [item])
        if rng.random() < 0.3:
            one, other = plain.seal(), fast.seal()
            if found := same(f"after item {number}", effects(one), effects(other)):
                return found
            states.update(one.states)
            if rng.random() < 0.2:
                plain, fast = engines(m)
                for processor in (plain, fast):
                    processor.load(states.items())
                    processor.loaded(one.position)
    return same("at the end", effects(plain.seal()), effects(fast.seal()))


def as_fetched(log: Sequence[OfflineRecord]) -> Any:
    """Records as they come from a broker, in batches of different sizes."""
    out, sizes, begin = [], itertools.cycle((1, 5, 2)), 0
    while begin < len(log):
        some = log[begin : begin + next(sizes)]
        rows = [(0, r.timestamp - TIME_MS, r.key, r.value, list(r.headers)) for r in some]
        out.append(Batch(batch(begin, rows)).unpacked(TP))
        begin += len(some)
    return joined(out)


def test_records_as_they_were_fetched_are_applied_like_any_others() -> None:
    """Whatever the budget, with decisions, and whatever is left of them."""
    for number in range(20):
        rng, world = Random(number), make(number).late(odd=True)
        m = machine(world)
        log = [item for item in Records(world.log).items if isinstance(item, OfflineRecord)]
        decisions = {record.offset: "future_timestamp" for record in log if rng.random() < 0.1}
        plain, fast = engines(m)
        rest: Any
        for rest, processor in ((log, plain), (as_fetched(log), fast)):
            budget = Random(number)
            while len(rest):
                rest = rest[processor.apply(rest, decisions, budget.randrange(4)) :]  # noqa: PLW2901  # what is left
                while not processor.advance(3):
                    pass

        assert same("effects", effects(plain.seal()), effects(fast.seal())) == ""


@pytest.mark.parametrize("numbers", BLOCKS, ids=lambda numbers: f"{numbers.start}-{numbers.stop - 1}")
def test_both_engines_do_the_same_with_every_record(numbers: range) -> None:
    """Records out of order, late, twice, with odd properties; one outcome after the other."""
    for number in numbers:
        seed = make(number)
        for world in (seed.in_time(), seed.late(odd=True)):
            assert not differ(world, number), f"seed {number}"
