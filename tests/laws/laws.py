"""The laws of time.md section 5, each as a question about one world: how is it broken? An empty answer: it holds.

Decides: what is varied (order, batches, cuts, partitions, redeliveries) and what has to stay the same.
Does not know: which worlds are asked, and how a finding becomes smaller.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from random import Random

from pydantic import ValidationError

from schemas.journey import Journey
from streams.engine.machine import Limits, Machine
from streams.replay.runner import Decisions, OfflineRecord, replay
from tests.laws import summaries
from tests.laws.effects import Gathered, same
from tests.laws.results import results
from tests.laws.streams_of_events import Line, read
from tests.laws.system import (
    ALL,
    Net,
    Records,
    feed,
    machine_of,
    net_rows,
    processor_of,
    row_of,
    run,
    transitions,
)
from tests.laws.world import Seed, World, expected

Law = Callable[[World], str]


@lru_cache(maxsize=1024)  # all worlds of the tests, with limits and without
def _machine(journeys: str, limits: Limits | None) -> Machine:
    return machine_of(json.loads(journeys), limits, through_yaml=False)


def machine(world: World, limits: Limits | None = None) -> Machine:
    """Made once: the laws ask the same world several times."""
    return _machine(json.dumps(world.journeys), limits)


def rows_of(world: World) -> list[Net]:
    """The net rows of the system under test."""
    return net_rows(transitions([run(machine(world), world.log)]))


# -- 1
def order_free(world: World) -> str:
    """The rows that stand are those of the oracle, which knows no order of arrival."""
    if read(world.log, world.lateness).late:
        return ""
    wanted = set(expected(world))
    got = set(rows_of(world))
    lines = [*(f"expected {x}" for x in sorted(wanted - got)), *(f"got      {x}" for x in sorted(got - wanted))]
    return "\n".join(lines)


# -- 2
def idempotent(world: World) -> str:
    """Records that are delivered again, at any time, publish nothing."""
    rng, arrival = Random(len(world.log)), 0
    repeated: list[Line] = []
    for line in world.log:
        repeated.append(line)
        arrival = max(arrival, line.arrival)
        earlier = [x for x in repeated if x.type]
        again = rng.sample(earlier, min(2, len(earlier)))
        repeated += [x._replace(arrival=arrival if line.type else arrival + 1) for x in again]
    once, twice = run(machine(world), world.log), run(machine(world), repeated)
    return same("published", list(once.transitions), list(twice.transitions))


# -- 3
def cut_anywhere(world: World) -> str:
    """After every record the state is written down, read by another processor, and nothing is different."""
    whole, cut = Gathered(), Gathered()
    uncut, processor = processor_of(machine(world)), processor_of(machine(world))
    for item in Records(world.log).items:
        feed(uncut, [item])
        whole.add(uncut.seal())
        feed(processor, [item])
        outcome = cut.add(processor.seal())
        processor = processor_of(machine(world))
        processor.load([*cut.states.items()])
        processor.loaded(outcome.position)
    return same("effects", whole.effects(), cut.effects())


# -- 4
def replay_is_live(world: World) -> str:
    """Whatever the batches and the budgets are, and from log and journal, the bytes are the same."""
    log, rng = Records(world.log), Random(len(world.log))
    offsets = [item.offset for item in log.items if isinstance(item, OfflineRecord)]
    decisions = {offset: "future_timestamp" for offset in offsets if rng.random() < 0.03}
    live = _fed(world, log, ALL, ALL, decisions)
    for batch, budget in ((1, 1), (1, 1_000), (3, 2), (1_000, 1), (7, 1_000)):
        other = _fed(world, log, batch, budget, decisions)
        if found := same(f"batch {batch}, budget {budget}", live.effects(), other.effects()):
            return found
    processor, sealed = processor_of(machine(world)), Gathered()
    for item in log.items:
        feed(processor, [item], decisions=decisions)
        if rng.random() < 0.5:
            sealed.add(processor.seal())
    sealed.add(processor.seal())
    journal: dict[str, object] = {"journal": []}  # a clock is written down once per batch at most
    if found := same("sealed at random", live.effects() | journal, sealed.effects() | journal):
        return found
    return same("replayed with the journal", live.transitions, _replayed(world, log, live.journal))


def _fed(world: World, log: Records, batch: int, budget: int, decisions: Mapping[int, str]) -> Gathered:
    processor, gathered = processor_of(machine(world)), Gathered()
    feed(processor, log.items, batch, budget, decisions)
    gathered.add(processor.seal())
    return gathered


def _replayed(world: World, log: Records, journal: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    """What the runner makes of the records and of the decisions that were journaled."""
    journaled = [json.loads(entry) for entry in journal]
    clocks = [(entry["before"], entry["clock"]) for entry in journaled if "clock" in entry]
    rejections = {entry["offset"]: entry["rejected"] for entry in journaled if "rejected" in entry}
    records = [item for item in log.items if isinstance(item, OfflineRecord)]
    processor = processor_of(machine(world))
    return [pair for o in replay(processor, records, Decisions(clocks, rejections)) for pair in o.transitions]


# -- 5
def partition_free(world: World) -> str:
    """In partitions of their own entities have the same rows, as long as nothing is late."""
    if read(world.log, world.lateness).late:
        return ""
    log = [*world.log, Line(max((line.arrival for line in world.log), default=0))]  # all end at the same clock
    alone = [run(machine(world), own) for own in _partitions(log)]
    return same("rows", rows_of(replace(world, log=log)), net_rows(transitions(alone)))


def _partitions(log: Sequence[Line]) -> Iterable[list[Line]]:
    """One per entity; ticks reach all of them."""
    for entity in sorted({line.entity for line in log if line.type}):
        yield [line for line in log if line.entity in ("", entity)]


# -- 6
def bounded(world: World) -> str:
    """However long the same goes on, no state becomes larger than it was after a while, and few events are kept."""
    limits = Limits(events_kept=8, state_bytes=4_096)
    records = [line for line in world.log if line.type]
    if not records:
        return ""
    period = max(x.arrival for x in records) - min(x.occurred for x in records) + 1
    processor, sizes = processor_of(machine(world, limits)), []
    for lap in range(max(8, min(64, 256 // len(records)))):
        again = [
            x._replace(arrival=x.arrival + lap * period, occurred=x.occurred + lap * period, id=f"{lap:02d}{x.id}")
            for x in records
        ]
        items = Records(again, lap * len(records)).items
        for start in range(0, len(items), 4):
            feed(processor, items[start : start + 4])
            sizes.append(max((len(state) for _, state in processor.seal().states), default=0))
    half = len(sizes) // 2
    return "" if max(sizes[half:]) <= 1.5 * max(sizes[:half]) + 64 else f"states grow: {sizes} bytes"


# -- 7
def conserving(world: World) -> str:
    """Every record ends in exactly one result, and in the right one."""
    wanted = Counter(results(world))
    outcome = run(machine(world), world.log)
    got = Counter({str(result): number for result, number in outcome.facts.results.items() if number})
    if found := same("facts", wanted, got):
        return found
    if found := summaries.unbalanced(machine(world), outcome):
        return found
    if len(outcome.late) != wanted["late"] or len(outcome.rejected) != wanted["rejected"]:
        return f"late {outcome.late}, rejected {outcome.rejected}: {wanted}"
    return ""


def summed_up(world: World) -> str:
    """Members, gauges, records and instances say what the oracle says; with the other half of law 7."""
    if read(world.log, world.lateness).late:
        return ""
    system, outcome, narrators = machine(world), run(machine(world), world.log), summaries.narrated(world)
    found = summaries.places_differ(outcome, narrators) or summaries.gauges_differ(system, outcome, narrators)
    if found or (found := summaries.unbalanced(system, outcome)):
        return found
    orderly = replace(world, log=summaries.in_order(world.log))
    outcome, narrators = run(system, orderly.log), summaries.narrated(orderly)
    return summaries.instances_differ(system, outcome, narrators) or summaries.records_differ(outcome, narrators)


# -- 8
def never_early(world: World) -> str:
    """What time alone makes true at D is published when no record with an earlier arrival is left to be read."""
    log = sorted((x for x in world.log if x.type), key=lambda line: line.arrival)
    processor = processor_of(machine(world))
    for i, item in enumerate(Records(log).items):
        feed(processor, [item])
        for t in transitions([processor.seal()]):
            row = row_of(t).row
            if min((x.arrival for x in log[i + 1 :]), default=row.at) < row.at:
                return f"early: {row} after {log[i]}, clock {processor.clock}"
    return ""


LAWS: dict[str, Law] = {
    "order_free": order_free,
    "idempotent": idempotent,
    "cut_anywhere": cut_anywhere,
    "replay_is_live": replay_is_live,
    "partition_free": partition_free,
    "bounded": bounded,
    "conserving": conserving,
    "never_early": never_early,
    "summed_up": summed_up,
}


def world_for(law: str, seed: Seed, salt: str = "") -> World:
    """A world of the kind that the law speaks of."""
    if law in ("order_free", "partition_free", "summed_up"):
        return seed.in_time(salt)
    return seed.late(odd=law in ("cut_anywhere", "replay_is_live", "conserving", "never_early"))


def broken(law: Law, world: World) -> str:
    """How the law is broken in this world; an error that is raised is an answer too."""
    try:
        return law(world)
    except Exception as error:  # noqa: BLE001 - whatever the system raises is a finding
        return f"{type(error).__name__}: {error}"


def still_broken(law: Law) -> Callable[[World], bool]:
    """The test for a world that was made smaller: what has no shape is no world."""

    def fails(world: World) -> bool:
        try:
            for journey in world.journeys:
                Journey.model_validate(journey)
        except ValidationError:
            return False
        return bool(broken(law, world))

    return fails
