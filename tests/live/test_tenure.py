"""One ownership of a partition: what its steps note down, with a real machine and transactions that only keep."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest

from streams.codec.partition import partition_codec
from streams.engine.machine import Machine
from streams.language import compile_journey, load_journey
from streams.live.batches import transition_rows
from streams.live.clock import BrokerClock
from streams.live.errors import Broken
from streams.live.records import PlainRecords
from streams.live.restore import Restored
from streams.live.tenure import Pace, Tenure
from streams.live.transaction import Batch, Receipt, Transactions, traces
from streams.partition.processor import Processor
from streams.partition.records import Position
from tests.kafka.live import JOURNEY, event

BEGIN_MS = 1_767_225_600_000


class Record(NamedTuple):
    """As aiokafka gives them."""

    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp_type: int = 0
    topic: str = "events"
    partition: int = 0


class Kept:
    """Transactions that keep their batches, and fail when told to."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.error: Exception | None = None
        self.resent = False

    async def commit(self, batch: Batch) -> Receipt:
        """As the real one."""
        self.batches.append(batch)
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        at = batch.outcome.position.next_offset
        return Receipt(at, f"hash of {at - 1}", BEGIN_MS, self.resent)


def records(count: int, first: int = 0) -> Any:
    """Users sign up, a millisecond after each other."""
    return PlainRecords(
        Record(n, BEGIN_MS + n, b"u%d" % n, event(f"u{n}", "signed_up", BEGIN_MS + n))
        for n in range(first, first + count)
    )


@pytest.fixture
def transactions() -> Kept:
    """Of the tenure."""
    return Kept()


@pytest.fixture
def tenure(transactions: Kept, tmp_path: Path) -> Tenure:
    """Restored from nothing."""
    path = tmp_path / "trial.yaml"
    path.write_text(JOURNEY)
    machine = Machine([compile_journey(load_journey(path))])
    processor = Processor(machine, partition_codec(machine))
    made = Tenure(processor, cast("Transactions", transactions), BrokerClock(lambda: 0))
    made.begin(Restored(Position(0, -1, "", ""), None, 0), "d", "s")
    made.advance(100)
    return made


async def commit(tenure: Tenure) -> None:
    """Commit, wait and take note."""
    tenure.commit()
    assert tenure.committing is not None
    await asyncio.wait([tenure.committing])
    tenure.settle()


async def test_the_first_transaction_says_what_interprets_the_log_and_tells_the_time(
    tenure: Tenure, transactions: Kept
) -> None:
    """Without any record."""
    clock = tenure._clock  # noqa: SLF001
    assert not clock.known
    await commit(tenure)
    assert [json.loads(value) for value in transactions.batches[0].outcome.journal] == [
        {"before": 0, "definitions": "d", "settings": "s"}
    ]
    assert clock.now() == BEGIN_MS


async def test_a_transaction_of_nothing_journals_where_the_partition_stands(tenure: Tenure, transactions: Kept) -> None:
    """So that there is an append time; before there is a clock it repeats the definitions."""
    await commit(tenure)
    await commit(tenure)
    tenure.apply(records(2), {}, 100)
    await commit(tenure)
    await commit(tenure)
    journals = [[json.loads(value) for value in batch.outcome.journal] for batch in transactions.batches[1:]]
    assert journals == [[{"before": 0, "definitions": "d", "settings": "s"}], [], [{"before": 2, "clock": BEGIN_MS}]]


async def test_each_transaction_holds_what_was_applied_since_the_last(tenure: Tenure, transactions: Kept) -> None:
    """Memory is ahead while one is on the wire; each knows the hash of the record before it."""
    await commit(tenure)
    assert tenure.apply(records(3), {}, 100) == 3
    tenure.commit()
    assert tenure.apply(records(2, 3), {}, 100) == 2
    assert (tenure.next_offset, tenure.committed, tenure.pending.records) == (5, 0, 2)
    assert tenure.committing is not None
    await asyncio.wait([tenure.committing])
    tenure.settle()
    assert tenure.committed == 3
    await commit(tenure)
    held = [([record.offset for record in batch.records], batch.last_hash) for batch in transactions.batches[1:]]
    assert held == [([0, 1, 2], None if held[0][1] is None else "hash of -1"), ([3, 4], "hash of 2")]


async def test_no_more_is_taken_than_there_is_room_for(tenure: Tenure) -> None:
    """The rest is for the next transaction."""
    assert tenure.apply(records(5), {}, tenure.room(3)) == 3
    assert tenure.room(3) == 0
    assert tenure.room(4) == 1


async def test_due_steps_come_in_chunks_before_any_record(tenure: Tenure, transactions: Kept) -> None:
    """A tick long after makes one due for each user."""
    await commit(tenure)
    tenure.apply(records(10), {}, 100)
    await commit(tenure)
    tenure.tick(BEGIN_MS + 60_000)
    assert (tenure.advance(4), tenure.unsettled) == (4, True)
    await commit(tenure)
    assert (tenure.advance(100), tenure.unsettled) == (6, False)
    await commit(tenure)
    chunks = transactions.batches[-2:]
    assert [len(batch.outcome.transitions) for batch in chunks] == [4, 6]
    assert [batch.outcome.position.next_offset for batch in chunks] == [10, 10]
    assert len(chunks[0].outcome.journal) == 1


async def test_one_tick_per_transaction_unless_it_changes_nothing(tenure: Tenure) -> None:
    """The journal holds one clock per batch."""
    await commit(tenure)
    tenure.tick(BEGIN_MS)
    tenure.advance(100)
    may = [tenure.may_tick]
    tenure.apply(records(1), {}, 100)
    may.append(tenure.may_tick)
    await commit(tenure)
    may.append(tenure.may_tick)
    assert may == [True, False, True]


async def test_a_row_is_as_old_as_the_broker_says_and_has_the_trace_of_what_caused_it(
    tenure: Tenure, transactions: Kept
) -> None:
    """Deadlines have none, neither has who is caused by a record without."""
    await commit(tenure)
    first, second = records(2)
    trace = ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    traced = first._replace(headers=(("other", b""), trace))
    tenure.apply(PlainRecords([traced, second._replace(timestamp=BEGIN_MS + 5_000)]), {}, 9)
    await commit(tenure)
    schema = ("journeys-schema", b"transition/1")
    sent = transactions.batches[-1]
    rows = transition_rows(sent.now_ms, sent.outcome, traces(sent.records))
    assert [headers for _, _, headers in rows] == [
        [schema, ("journeys-age-ms", b"0"), trace],
        [schema, ("journeys-age-ms", b"-2000")],
        [schema, ("journeys-age-ms", b"-1")],
        [schema, ("journeys-age-ms", b"-2001")],
    ]


async def test_a_failure_names_the_first_record_that_is_not_committed(tenure: Tenure, transactions: Kept) -> None:
    """On the wire, in memory, or just being tried."""
    await commit(tenure)
    tenure.apply(records(3), {}, 100)
    transactions.error = Broken("no answer")
    tenure.commit()
    tenure.apply(records(2, 3), {}, 100)
    assert tenure.committing is not None
    await asyncio.wait([tenure.committing])
    with pytest.raises(Broken):
        tenure.settle()
    failure = tenure.failure("no answer", poisoned=False)
    assert (failure.offset, failure.culprit, failure.size) == (0, 0, 5)


def failing(step: Callable[[], object]) -> Callable[..., object]:
    """A decoder or encoder that runs the step instead."""
    return lambda *_: step()


async def test_a_record_that_raises_is_the_culprit_although_it_was_not_taken(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is alone when it matters."""
    await commit(tenure)

    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(tenure._processor, "apply", failing(broken))  # noqa: SLF001
    with pytest.raises(ZeroDivisionError):
        tenure.apply(records(1, 7), {}, 1)
    failure = tenure.failure("it raised", poisoned=True)
    assert (failure.offset, failure.culprit, failure.size) == (0, 7, 1)


def test_steps_are_as_long_as_the_event_loop_can_spare() -> None:
    """Measured: slow journeys take fewer records a step, but always some."""
    pace = Pace()
    for _ in range(20):
        pace.took(0.2)
    slow = pace.steps
    for _ in range(20):
        pace.took(0.001)
    assert 0 < slow < 100 < pace.steps
    before = pace.steps
    pace.took(0.010)
    assert pace.steps == before
