"""An entity of which a due step raises is frozen as it was before that step, and nobody else notices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.codec.member import MemberEncoder
from streams.codec.partition import partition_codec
from streams.engine.dropoff import OUTCOMES
from streams.engine.machine import Machine
from streams.engine.state import Entity
from streams.engine.timeline import Timeline
from streams.language import compile_journey, load_journey
from streams.partition.outcome import Member, Outcome
from streams.partition.processor import Processor
from streams.replay.runner import OfflineRecord
from tests.kafka.live import JOURNEY

BEGIN_MS = 1_767_225_600_000
CURSED = "cursed"  # the account of those whose deadline raises
FAR_MS = BEGIN_MS + 60_000

Apply = Callable[[Machine, Sequence[OfflineRecord]], list[Outcome]]


SLOW = """\
  slow: {after: signup, within: 30s, expect: {milestone: activated}, edge: [hello, activated]}
  quiet: {after: {last: used}, within: 2s, expect: {count: used}, edge: [hello, activated]}
"""


def machine_of(folder: Path, journey: str) -> Machine:
    """Of one journey."""
    path = folder / "trial.yaml"
    path.write_text(journey)
    return Machine([compile_journey(load_journey(path))])


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Of a journey with a drop-off two seconds after the last event."""
    return machine_of(tmp_path, JOURNEY)


@pytest.fixture(params=["the step", "its member record"])
def _cursed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step of time fails when it is done, or as late as it can: everything has changed that can have."""
    pass_time, member_of = Timeline.pass_time, MemberEncoder.__call__

    def failing_step(self: Timeline, e: Entity, until: int, out: Any) -> None:
        pass_time(self, e, until, out)
        if e.account == CURSED:
            raise ZeroDivisionError

    def failing_member(self: MemberEncoder, key: bytes, entity: Entity, journey: int, updated_at: int) -> Member:
        member = member_of(self, key, entity, journey, updated_at)
        if entity.account == CURSED and b'"dropped":{}' not in (member[1] or b""):
            raise ZeroDivisionError
        return member

    if request.param == "the step":
        monkeypatch.setattr(Timeline, "pass_time", failing_step)
    else:
        monkeypatch.setattr(MemberEncoder, "__call__", failing_member)


def record(offset: int, user: str, event: str, at: int, account: str = "a") -> OfflineRecord:
    """As a producer would have written it."""
    value = {"id": str(offset), "type": event, "user_id": user, "account_id": account}
    return OfflineRecord(offset, at, user.encode(), orjson.dumps(value))


def log(account: str) -> list[OfflineRecord]:
    """u2 has this account. Everybody uses twice within the deadline, then it passes, and they use again."""
    steps = [("signed_up", 0), ("used", 1_000), ("used", 1_500), ("used", 5_000), ("used", 9_000)]
    happened = [
        (user, event, BEGIN_MS + after + n) for event, after in steps for n, user in enumerate(("u1", "u2", "u3"))
    ]
    return [
        record(n, user, event, at, account if user == "u2" else "a") for n, (user, event, at) in enumerate(happened)
    ]


def all_at_once(machine: Machine, records: Sequence[OfflineRecord]) -> list[Outcome]:
    """One processor, one outcome."""
    processor = Processor(machine, partition_codec(machine))
    assert processor.apply(records, {}, 1_000) == len(records)
    processor.tick(FAR_MS)
    assert processor.advance(1_000)
    return [processor.seal()]


def in_pieces(machine: Machine, records: Sequence[OfflineRecord]) -> list[Outcome]:
    """A budget of one, and another processor for each piece, as after a crash."""
    outcomes: list[Outcome] = []
    states: dict[bytes, bytes] = {}

    def again(processor: Processor) -> Processor:
        outcomes.append(processor.seal())
        states.update(outcomes[-1].states)
        other = Processor(machine, partition_codec(machine))
        other.load(states.items())
        other.loaded(outcomes[-1].position)
        while not other.advance(1):
            pass
        return other

    processor = Processor(machine, partition_codec(machine))
    for one in records:
        while not processor.apply([one], {}, 1):
            processor.advance(1)
            processor = again(processor)
        processor = again(processor)
    processor.tick(FAR_MS)
    while not processor.advance(1):
        processor = again(processor)
    return [*outcomes, processor.seal()]


def rows(outcomes: Sequence[Outcome], *users: str) -> list[bytes]:
    """Transitions of these, in order."""
    return [value for outcome in outcomes for key, value in outcome.transitions if key.decode() in users]


def rejected(outcomes: Sequence[Outcome]) -> list[tuple[int, str]]:
    """Offset and reason."""
    return [(offset, why.reason) for outcome in outcomes for offset, why in outcome.rejected]


@pytest.mark.usefixtures("_cursed")
@pytest.mark.parametrize("run", [all_at_once, in_pieces])
def test_the_others_go_on_and_the_frozen_one_stays_as_it_was(machine: Machine, run: Apply) -> None:
    """Its later events are rejected; its state is that of its last good step."""
    healthy, outcomes = run(machine, log("a")), run(machine, log(CURSED))
    assert rows(outcomes, "u1", "u3") == rows(healthy, "u1", "u3")
    mine = [orjson.loads(row) for row in rows(outcomes, "u2")]
    assert [(row["rule"], row["kind"]) for row in mine] == [("hello", "achieved")]
    assert [offset for offset, _ in rejected(outcomes)] == [10, 13]
    assert {reason for _, reason in rejected(outcomes)} == {"engine_error"}
    last = outcomes[-1].position
    assert (last.frozen, last.frozen_entities) == (1, ("u2",))
    assert {frozen.key for outcome in outcomes for frozen in outcome.frozen} == {b"u2"}
    assert not any(b"rejected" in entry for outcome in outcomes for entry in outcome.journal)


@pytest.mark.usefixtures("_cursed")
def test_wherever_it_is_cut_the_bytes_are_the_same(machine: Machine) -> None:
    """A crash finds the step due again, and the entity is frozen again."""
    (whole,), pieces = all_at_once(machine, log(CURSED)), in_pieces(machine, log(CURSED))
    states: dict[bytes, bytes] = {}
    for outcome in pieces:
        states.update(outcome.states)
    assert dict(whole.states) == states
    assert whole.transitions == [row for outcome in pieces for row in outcome.transitions]
    assert whole.rejected == [one for outcome in pieces for one in outcome.rejected]
    assert whole.position == pieces[-1].position


@pytest.mark.usefixtures("_cursed")
@pytest.mark.parametrize("run", [all_at_once, in_pieces])
def test_gauges_and_instances_are_those_of_the_states(machine: Machine, run: Apply) -> None:
    """What the step had counted when it raised is taken back."""
    outcomes = run(machine, log(CURSED))
    totals = Counter[str]()
    for outcome in outcomes:
        totals.update(dict(zip(OUTCOMES, outcome.facts.instances, strict=True)))
    gauges = {
        g.kind: n
        for (_, g), n in zip(machine.gauges, outcomes[-1].position.gauges, strict=True)
        if g.rule in ("quiet", "")
    }
    assert totals["armed"] == totals["met"] + totals["dropped"] + totals["cancelled"] + gauges["pending"]
    assert gauges["pending"] == 1  # that of u2, for ever


@pytest.mark.usefixtures("_cursed")
def test_nothing_waits_for_a_frozen_entity_any_more(tmp_path: Path) -> None:
    """Its first timer was that of the slow drop-off, which the quick one has overtaken."""
    machine = machine_of(tmp_path, f"{JOURNEY[: JOURNEY.index('  quiet:')]}{SLOW}")
    processor = Processor(machine, partition_codec(machine))
    processor.apply(log(CURSED)[:6], {}, 100)
    processor.tick(FAR_MS)
    assert processor.advance(100)
    assert (processor.frozen, processor.timers) == (1, 0)
    dropped = Counter(orjson.loads(value)["rule"] for _, value in processor.seal().transitions)
    assert (dropped["slow"], dropped["quiet"]) == (2, 2)


@pytest.mark.usefixtures("_cursed")
def test_an_exhausted_machine_is_no_fault_of_an_entity(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would have failed with any other; the worker starts again from what is stored."""

    def exhausted(*_: object) -> None:
        raise MemoryError

    processor = Processor(machine, partition_codec(machine))
    processor.apply(log(CURSED)[:3], {}, 100)
    processor.tick(FAR_MS)
    monkeypatch.setattr(Timeline, "pass_time", exhausted)
    with pytest.raises(MemoryError):
        processor.advance(100)


def test_every_row_tells_its_instant_and_the_record_that_caused_it(machine: Machine) -> None:
    """Time has none."""
    (outcome,) = all_at_once(machine, log("a"))
    told = [
        (orjson.loads(value)["cause"], *origin)
        for (_, value), origin in zip(outcome.transitions, outcome.origins, strict=True)
    ]
    assert ("event", BEGIN_MS, 0) in told
    assert ("deadline", BEGIN_MS + 3_500, -1) in told
    assert {offset == -1 for cause, _, offset in told if cause == "deadline"} == {True}
