"""Finding the record that cannot be applied, on a log that is only numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.live.quarantine import MOST_IN_A_ROW, Failure, Hopeless, Quarantine


def drain(quarantine: Quarantine, length: int, bad: set[int], most_failures: int = 10_000) -> list[int]:
    """Apply a log in batches until its end; returns what was set aside. A batch with a bad record fails as a whole."""
    at = 0
    aside: list[int] = []
    for _ in range(most_failures):
        if at == length:
            return aside
        batch = range(at, min(at + quarantine.limit, length))
        if any(offset in bad and offset not in quarantine.decisions for offset in batch):
            quarantine.failed(Failure(at, at, len(batch), "it raised", poisoned=True))
        else:
            aside += [offset for offset in batch if offset in quarantine.decisions]
            at = batch.stop
            quarantine.committed(at)
    raise AssertionError("it spins")


def fail(quarantine: Quarantine, failure: Failure) -> None:
    """More often than anybody's patience lasts."""
    for _ in range(9):
        quarantine.failed(failure)


@given(st.sets(st.integers(0, 299), max_size=MOST_IN_A_ROW), st.integers(1, 400))
def test_exactly_the_bad_records_are_set_aside(bad: set[int], most: int) -> None:
    """And everything else is applied, in batches that grow again."""
    quarantine = Quarantine("t-0", most)
    assert drain(quarantine, 1_000, bad) == sorted(bad)
    assert quarantine.limit == most
    assert not quarantine.decisions


def test_one_bad_record_costs_few_rebuilds() -> None:
    """Three as it was, one per halving, and one to be sure."""
    quarantine = Quarantine("t-0", 10_000)
    failures = 0
    while not quarantine.decisions:
        quarantine.failed(Failure(7, 7, quarantine.limit, "it raised", poisoned=True))
        failures += 1
    assert failures <= 3 + 14 + 1


def test_failures_that_are_nobodys_fault_set_nothing_aside() -> None:
    """A broker may be down for long."""
    quarantine = Quarantine("t-0", 100)
    for _ in range(1_000):
        quarantine.failed(Failure(0, 0, 100, "no broker", poisoned=False))
    assert quarantine.limit == 1
    assert not quarantine.decisions


def test_a_record_that_cannot_even_be_rejected_stops_the_worker() -> None:
    """With its address."""
    quarantine = Quarantine("t-0", 1)
    with pytest.raises(Hopeless, match="t-0: record 7 cannot even be rejected"):
        fail(quarantine, Failure(7, 7, 1, "too large", poisoned=True))


def test_when_every_record_fails_it_is_not_the_records() -> None:
    """A few are set aside, then a person must look."""
    with pytest.raises(Hopeless, match=f"{MOST_IN_A_ROW} records in a row"):
        drain(Quarantine("t-0", 10), 100, set(range(100)))


def test_a_due_step_that_fails_blames_no_record() -> None:
    """There is none in the batch."""
    quarantine = Quarantine("t-0", 1)
    with pytest.raises(Hopeless, match="a due step after offset 6"):
        fail(quarantine, Failure(7, None, 1, "it raised", poisoned=True))
