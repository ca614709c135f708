"""The readable twin decides what the generated code has decided, and says rightly how long it stands."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from streams.engine.expressions import INF, Expressions, Side
from streams.engine.interpret import Interpreter
from streams.engine.plan import AnyOf, Condition, Count, Dropoff, Group, Milestone, Not, Plan
from streams.engine.values import satisfies
from streams.engine.verdicts import Verdict
from streams.language import cases, load_journey
from streams.partition.processor import Processor
from streams.replay import cases as replayed
from tests.laws.system import Records, codec_of, feed, machine_of
from tests.laws.world import make, with_history

pytestmark = pytest.mark.timeout(600)  # seconds on a quiet machine; the tracer and a busy one make minutes of them
SHARE = 0.3  # of the states of a world that are looked at
SCENARIOS = Path(__file__).parents[1] / "scenarios"
FILES = [path for path in sorted(SCENARIOS.glob("*.yaml")) if "\ncases:\n" in path.read_text()]


def worlds() -> list[int]:
    """The numbers of those that are looked at."""
    return [*range(60), *with_history(range(1_000, 1_300))]


class Standing(NamedTuple):
    """The state of one journey as it stands at `t`."""

    plan: Plan
    state: Any
    t: int


def standings(number: int) -> Iterator[Standing]:
    """States of a random world, after any of its records."""
    seed, rng = make(number), Random(number)
    machine = machine_of(seed.journeys, through_yaml=False)
    processor = Processor(machine, codec_of(machine))
    states: dict[bytes, bytes] = {}
    for item in Records(seed.late(odd=True).log).items:
        feed(processor, [item])
        states.update(processor.seal().states)
        for state in states.values():
            if rng.random() < SHARE:
                yield from stand(processor, state)


def in_scenarios(path: Path) -> Iterator[Standing]:
    """States after every line of the cases that people have written, where the boundaries are."""
    file = cases.read_cases(path)
    journey = load_journey(file.journey)
    for case in file.cases:
        processor = replayed.processor_of(case, journey)
        states: dict[bytes, bytes] = {}
        for outcome in replayed.feed(processor, case.feed):
            states.update(outcome.states)
            for state in states.values():
                yield from stand(processor, state)


def stand(processor: Processor, state: bytes) -> Iterator[Standing]:
    """Of each journey that has begun: now, one millisecond before its next due step, and after it."""
    machine = processor.machine
    heads, later = (machine.codec.decode(state).heads for _ in range(2))
    for program, head, then in zip(machine.programs, heads, later, strict=True):
        if head.at:
            now, due = max(processor.clock, head.at), program.next_due(head)
            yield Standing(program.plan, head, now)
            if now < due < INF:
                yield Standing(program.plan, head, due - 1)
                program.due(then, due, [])
                yield Standing(program.plan, then, due)


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


def generated(v: Verdict, s: Standing, t: int) -> bool | None:
    """What the expression that a program has for the condition says; unknown is between its two sides."""
    sides: tuple[Side, ...] = ("lo", "hi") if s.plan.history_ms is not None and s.state.known != 1 else ("",)
    lowest, *highest = (signed(v.condition, side, s, t) for side in sides)
    if lowest > 0:
        return True
    return None if highest and highest[0] > 0 else False


def signed(c: Condition, side: Side, s: Standing, t: int) -> int:
    """The value of the expression, for one side."""
    expressions = Expressions(s.plan)
    source = expressions.signed(c, side)
    pending = [part.scope for part in leaves(c) if isinstance(part, Count) and part.phase == "pending"]
    end = getattr(s.state, f"dend_{pending[0]}") if pending else None
    space = {"s": s.state, "t": t, "INF": INF, "satisfies": satisfies, "end": end, **expressions.tests}
    return int(eval(source, space))  # noqa: S307 - written by the engine


def leaves(c: Condition) -> Iterator[Condition]:
    """The conditions without parts."""
    match c:
        case AnyOf():
            for part in c.parts:
                yield from leaves(part)
        case Not():
            yield from leaves(c.part)
        case _:
            yield c


def test_every_condition_is_worth_what_its_generated_expression_says() -> None:
    """Also where no rule asks: at the boundaries of every part."""
    some = (s for number in worlds()[::4] for s in standings(number))
    for s in chain(some, *(in_scenarios(path) for path in FILES if "history" in path.stem)):
        for v in verdicts(s):
            for t in {s.t} if v.until >= INF else {s.t, v.until - 1, v.until}:
                assert value_at(t, v, s) is generated(v, s, t), (v, t)


@pytest.mark.parametrize("block", range(4))
def test_the_interpreter_decides_what_the_generated_code_has_decided(block: int) -> None:
    """Population, milestones, groups and drop-offs of random journeys, after any record."""
    for number in worlds()[block::4]:
        for s in standings(number):
            assert interpreted(s) == decided(s), (number, s.plan.journey, s.t)


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_the_interpreter_decides_like_the_scenarios(path: Path) -> None:
    """At every boundary that somebody has thought of."""
    for s in in_scenarios(path):
        assert interpreted(s) == decided(s), (path.stem, s.t)


def test_a_verdict_stands_until_the_instant_that_it_names() -> None:
    """If no event comes the value is the same wherever a part changes before `until`; that of a leaf changes there."""
    seen: set[tuple[str, bool | None]] = set()
    for number in worlds()[1::2]:
        for s in standings(number):
            for v in verdicts(s):
                seen.add((type(v.condition).__name__, v.value))
                assert v.until > s.t
                ends = {part.until for part in with_parts(v)}
                for t in {t for end in ends for t in (end - 1, end) if s.t <= t < v.until and end < INF}:
                    assert value_at(t, v, s) is v.value, (number, v)
                if v.until < INF and not v.parts:
                    assert value_at(v.until, v, s) is not v.value, (number, v)
    assert {(name, value) for name in ("Count", "Elapsed") for value in (True, False, None)} < seen
