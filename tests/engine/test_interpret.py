"""The readable twin decides what the generated code has decided, and says rightly how long it stands."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

import pytest

from streams.engine.expressions import INF
from streams.engine.interpret import Interpreter
from streams.engine.plan import Dropoff, Group, Milestone, Plan
from streams.engine.verdicts import Verdict
from tests.laws.system import Records, feed, machine_of, processor_of
from tests.laws.world import make

WORLDS = 160
SHARE = 0.3  # of the states of a world that are looked at


class Standing(NamedTuple):
    """The state of one journey as it stands at `t`."""

    plan: Plan
    state: Any
    t: int


def standings(number: int) -> Iterator[Standing]:
    """States of a random world, after any of its records."""
    seed, rng = make(number), Random(number)
    machine = machine_of(seed.journeys, through_yaml=False)
    processor = processor_of(machine)
    states: dict[bytes, bytes] = {}
    for item in Records(seed.late(odd=True).log).items:
        feed(processor, [item])
        states.update(processor.seal().states)
        for state in states.values():
            if rng.random() < SHARE:
                heads = machine.codec.decode(state).heads
                pairs = zip(machine.plans, heads, strict=True)
                yield from (Standing(plan, head, max(processor.clock, head.at)) for plan, head in pairs if head.at)


def decided(s: Standing) -> dict[str, object]:
    """What the state says that the generated code has decided, for the population and every rule."""
    out: dict[str, object] = {"population": s.state.inside if s.plan.population is not None else True}
    for r in s.plan.rules:
        match r:
            case Milestone():
                out[r.name] = getattr(s.state, f"m_{r.name}") != 0
            case Group():
                place = getattr(s.state, f"in_{r.slot}")
                out[r.slot] = r.members[place - 1].name if place else None
            case Dropoff():
                out[r.name] = getattr(s.state, f"dst_{r.name}")
    return out


def interpreted(s: Standing) -> dict[str, object]:
    """The same by the interpreter; an instance of a drop-off is one if nothing has ended it."""
    now = Interpreter(s.plan, s.state, s.t)
    inside, _ = now.inside()
    out: dict[str, object] = {"population": inside}
    for r in s.plan.rules:
        match r:
            case Milestone():
                out[r.name] = now.achieves(r)[0]
            case Group():
                out[r.slot] = now.winner(r)
            case Dropoff():
                expect, deadline = now.expects(r), getattr(s.state, f"dend_{r.name}")
                waits = not r.after.is_date or deadline - r.within_ms <= s.t
                held = expect is not None and inside and not (expect.value and (waits or not deadline))
                out[r.name] = 0 if not held else 1 if s.t < deadline else 2
    return out


def verdicts(s: Standing) -> Iterator[Verdict]:
    """Of every condition that is asked, and of all their parts."""
    now = Interpreter(s.plan, s.state, s.t)
    found = [now.inside()[1]]
    for r in s.plan.rules:
        match r:
            case Milestone():
                found.append(now.achieves(r)[1])
            case Group():
                found += [v for claim in now.claims(r) for v in (claim.when, claim.until)]
            case Dropoff():
                found.append(now.expects(r))
    for v in found:
        if v is not None:
            yield from with_parts(v)


def with_parts(v: Verdict) -> Iterator[Verdict]:
    """A verdict and those below it."""
    yield v
    for part in v.parts:
        yield from with_parts(part)


def value_at(t: int, v: Verdict, s: Standing) -> bool | None:
    """What the condition of a verdict is worth at another instant, without an event in between."""
    return Interpreter(s.plan, s.state, t).verdict(v.condition).value


@pytest.mark.parametrize("block", range(4))
def test_the_interpreter_decides_what_the_generated_code_has_decided(block: int) -> None:
    """Population, milestones, groups and drop-offs of random journeys, after any record."""
    for number in range(block, WORLDS, 4):
        for s in standings(number):
            assert interpreted(s) == decided(s), (number, s.plan.journey, s.t)


def test_a_verdict_stands_until_the_instant_that_it_names() -> None:
    """If no event comes the value is the same one millisecond before `until`, and any leaf's changes there."""
    seen: set[tuple[str, bool | None]] = set()
    for number in range(0, WORLDS, 2):
        for s in standings(number):
            for v in verdicts(s):
                seen.add((type(v.condition).__name__, v.value))
                if v.until < INF:
                    assert v.until > s.t
                    assert value_at(v.until - 1, v, s) is v.value, (number, v)
                    if not v.parts:
                        assert value_at(v.until, v, s) is not v.value, (number, v)
    assert {(name, value) for name in ("Count", "Elapsed") for value in (True, False, None)} < seen
