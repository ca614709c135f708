"""An explanation is what was decided, can be checked by hand, and has all of the evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from schemas.journey import Journey
from streams.codec.instants import iso
from streams.engine.dropoff import OUTCOMES
from streams.engine.machine import Machine
from streams.engine.plan import Dropoff, Group, Milestone
from streams.language import cases, load_journey
from streams.replay import cases as replayed
from streams.replay.chronicle import Watcher
from streams.replay.explain import explain
from streams.replay.runner import Decisions, OfflineRecord
from streams.replay.watch import Known, Log, Unheard, from_log, from_state
from tests.laws.streams_of_events import ENTITIES
from tests.laws.system import Records, feed, machine_of, processor_of, transitions
from tests.laws.world import Seed, make, with_history
from tests.replay.recompute import Json, decisions

SCENARIOS = Path(__file__).parents[1] / "scenarios"
FILES = [path for path in sorted(SCENARIOS.glob("*.yaml")) if "\ncases:\n" in path.read_text()]


def worlds() -> list[int]:
    """The numbers of those that are looked at."""
    return [*range(40), *with_history(range(1_000, 1_200))]


def log_of(seed: Seed) -> tuple[Log, list[OfflineRecord | int]]:
    """A random log with its ticks in the journal."""
    items, clocks, offset = Records(seed.late(odd=True).log).items, [], 0
    for item in items:
        if isinstance(item, int):
            clocks.append((offset, item))
        else:
            offset = item.offset + 1
    return Log([x for x in items if not isinstance(x, int)], Decisions(clocks)), items


def entities(block: int) -> Iterator[tuple[int, Seed, Known]]:
    """Entities of random worlds at random moments."""
    for number in worlds()[block::4]:
        seed, rng = make(number), Random(number)
        machine, (log, items) = machine_of(seed.journeys, through_yaml=False), log_of(seed)
        arrivals = [x if isinstance(x, int) else x.timestamp for x in items]
        for entity in ENTITIES:
            for at in [None, *rng.sample(arrivals, min(3, len(arrivals)))]:
                try:
                    yield number, seed, from_log(machine, entity, log, at)
                except Unheard:
                    continue


def explained(known: Known, seed: Seed) -> list[Json]:
    """The journeys of the explanation, as somebody reads its JSON."""
    journeys = {j["journey"]: Journey.model_validate(j) for j in seed.journeys}
    return list(msgspec.json.decode(msgspec.json.encode(explain(known, journeys)))["journeys"])


def decided(machine: Machine, j: int, state: Any) -> dict[str, object]:
    """What the state says that was decided, by the names that a file has."""
    plan = machine.plans[j]
    out: dict[str, object] = {"population": state.inside if plan.population is not None else True}
    for r in plan.rules:
        match r:
            case Milestone():
                out[r.name] = getattr(state, f"m_{r.name}") != 0
            case Group():
                place = getattr(state, f"in_{r.slot}")
                out[r.slot[2:]] = r.members[place - 1].name if place else None
            case Dropoff():
                out[r.name] = ("none", "pending", "open")[getattr(state, f"dst_{r.name}")]
    return out


@pytest.mark.parametrize("block", range(4))
def test_every_decision_follows_from_the_json_alone(block: int) -> None:
    """Whoever has nothing but the explanation comes to the decisions that the state holds."""
    for number, seed, known in entities(block):
        for j, said in enumerate(explained(known, seed)):
            state = known.entity.heads[j]
            assert said["started"] == bool(state.at)
            if said["started"]:
                assert decisions(said) == decided(known.machine, j, state), (number, known.name, known.clock)


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_decision_of_the_scenarios_follows_from_the_json_alone(path: Path) -> None:
    """After every line of the cases that people have written, from the state that is stored then."""
    file = cases.read_cases(path)
    for case in file.cases:
        journey = replayed.with_time(load_journey(file.journey), case.time)
        processor = replayed.processor_of(case, journey)
        for outcome in replayed.feed(processor, case.feed):
            for key, state in outcome.states:
                known = from_state(processor.machine, key.decode(), state, processor.clock)
                text = msgspec.json.encode(explain(known, {journey.journey: journey}, show_pii=True))
                (said,) = msgspec.json.decode(text)["journeys"]
                assert decisions(said) == decided(processor.machine, 0, known.entity.heads[0]), (case.name, known.clock)


def conditions(said: Json) -> Iterator[Json]:
    """All conditions of a journey's explanation."""
    if isinstance(said, dict):
        if "op" in said:
            yield said
        said = list(said.values())
    if isinstance(said, list):
        for part in said:
            yield from conditions(part)


def test_what_is_counted_has_its_events() -> None:
    """With the whole log at hand every event that counts has its id, and as many are told as are counted."""
    several = 0
    for number, seed, known in entities(1):
        ids = {event[1] for event in known.events}
        for said in explained(known, seed):
            for n in conditions(said):
                found = n.get("counted", [])
                assert {x.get("id") for x in found} <= ids, (number, n)
                several += len(found) > 1
                if n["op"] == "count" and n.get("number_only"):
                    assert len(found) == n["seen"], (number, known.name, n)
                if "anchor" in n and n["anchor"]["says"].startswith(("the first", "the last ")) and n["anchor"]["at"]:
                    assert n["anchor"].get("event", "") in ids | {""}
    assert several > 20


def kept(state: Any) -> dict[str, Any]:
    """A state without what it derives: when to look at a rule again may be earlier than need be."""
    return {name: getattr(state, name) for name in state.__struct_fields__ if not name.startswith("due_")}


def test_the_steps_taken_once_more_end_in_the_same_state() -> None:
    """So what they tell of instances is what has happened; the engine counts as many of each outcome."""
    met = 0
    for number, _, known in entities(2):
        for j, plan in enumerate(known.machine.plans):
            head, program = known.entity.heads[j], known.machine.programs[j]
            state = known.machine.codec.base_heads(b"")[j]
            program.instances[:] = [0] * len(program.instances)
            past = Watcher(known.machine, j).past(state, known.events, max(known.clock, head.at))
            assert kept(state) == kept(head), (number, known.name)
            dropoffs = [r.name for r in plan.rules if isinstance(r, Dropoff)]
            for i, name in enumerate(dropoffs):
                counted = dict(zip(OUTCOMES, program.instances[i * len(OUTCOMES) :], strict=False))
                told = Counter(turn.outcome for turn in past.turns[name])
                assert counted["armed"] == told["armed"] + told["met_at_once"], (number, name)
                assert counted["met"] == told["met"] + told["met_at_once"], (number, name)
                assert (counted["dropped"], counted["cancelled"]) == (told["dropped_off"], told["cancelled"])
                met += counted["met"]
    assert met > 20


def test_what_comes_next_comes() -> None:
    """Time passing without an event publishes the transitions that were announced."""
    announced = 0
    for number in worlds():
        seed = make(number)
        machine, (_, items) = machine_of(seed.journeys, through_yaml=False), log_of(seed)
        cut = items[: len(items) // 2]
        processor = processor_of(machine)
        feed(processor, cut)
        states = dict(processor.seal().states)
        feed(processor, [processor.clock + 10 * 365 * 86_400_000])
        came = list(transitions([processor.seal()]))
        for key, state in states.items():
            known = from_state(machine, key.decode(), state, processor.clock - 10 * 365 * 86_400_000)
            for said in explained(known, seed):
                mine = [t for t in came if t["entity_id"] == known.name and t["journey"] == said["journey"]]
                wanted = [(t["effective_at"], t["kind"], t["rule"], t["episode"], t["from"] or t["to"]) for t in mine]
                told = [
                    (c["at"], c["kind"], c["rule"], c["episode"], c.get("other"))
                    for c in said.get("next", [])
                    if c["at"] <= iso(processor.clock)
                ]
                announced += len(told)
                assert told[:12] == wanted[: max(12, len(told))][: len(told)], (number, known.name)
                assert len(told) == len(wanted) or len(told) >= 12
    assert announced > 20


def test_a_stored_state_says_the_same_as_the_log() -> None:
    """Decisions and values are the same; only what is older than the state's log has no id."""
    for number in worlds()[::3]:
        seed = make(number)
        machine, (log, items) = machine_of(seed.journeys, through_yaml=False), log_of(seed)
        processor = processor_of(machine)
        feed(processor, items)
        for key, state in processor.seal().states:
            stored = from_state(machine, key.decode(), state, processor.clock)
            replayed = from_log(machine, key.decode(), log)
            for a, b in zip(explained(stored, seed), explained(replayed, seed), strict=True):
                assert [(n["says"], n["value"]) for n in conditions(a.get("groups"))] == [
                    (n["says"], n["value"]) for n in conditions(b.get("groups"))
                ], number
                assert [(d["name"], d["state"]) for d in a.get("dropoffs", [])] == [
                    (d["name"], d["state"]) for d in b.get("dropoffs", [])
                ]
