"""Record batches of the native engine are those of aiokafka's builder, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from streams.live.batches import NativeBatches, PlainBatches
from streams.live.clients import BATCH_BYTES

native = pytest.importorskip("streams.core.native", reason="the native engine is not built here")

NOW_MS = 1_772_618_400_000
SIZES = st.sampled_from([0, 1, 60, 64, 8_000, 8_192, 300_000, 899_000, 1_000_000])
VALUES = st.none() | st.binary(max_size=3) | SIZES.map(bytes)


class Told(NamedTuple):
    """Transitions of an outcome."""

    transitions: Sequence[tuple[bytes, bytes]]
    origins: Sequence[tuple[int, int]]


def create() -> BatchBuilder:
    """As a transactional producer of ours makes it."""
    return BatchBuilder(BATCH_BYTES, 0, is_transactional=1)


def sent(batches: Iterable[Any]) -> list[tuple[int, int, bytes]]:
    """What aiokafka's sender sees of them."""
    out, sequence = [], 0
    for batch in batches:
        assert batch.closed()
        batch._set_producer_state(77, 3, sequence)  # noqa: SLF001  # what aiokafka's MessageBatch calls
        size, count = batch.size(), batch.record_count()
        out.append((size, count, bytes(batch._build())))  # noqa: SLF001  # as above
        assert bytes(batch._build()) == out[-1][2]  # noqa: SLF001  # as above, when it is sent again
        sequence += count
    return out


@given(st.lists(st.tuples(st.binary(max_size=70), VALUES), max_size=6), st.none() | st.just((b"meta", b"{}")))
def test_pairs_make_the_same_batches(pairs: list[tuple[bytes, bytes | None]], last: tuple[bytes, bytes] | None) -> None:
    """However large, and however many batches they fill."""
    more = (b"user/", last)

    plain = sent(PlainBatches(create).of_pairs(NOW_MS, pairs, *more))

    assert sent(NativeBatches(create).of_pairs(NOW_MS, native.Pairs(pairs), *more)) == plain


@given(st.lists(st.tuples(st.binary(max_size=3), SIZES.map(bytes), st.integers(0, 2 * NOW_MS), st.integers(-1, 3))))
def test_transitions_make_the_same_batches(rows: list[tuple[bytes, bytes, int, int]]) -> None:
    """Each with its age, and some with a trace."""
    told = Told([(key, value) for key, value, _, _ in rows], [(at, cause) for _, _, at, cause in rows])
    traces = {1: ("traceparent", b"00-1-2-01"), 2: ("traceparent", None)}

    plain = sent(PlainBatches(create).of_transitions(NOW_MS, told, traces))

    same = Told(native.Pairs(told.transitions), native.Origins(told.origins))
    assert sent(NativeBatches(create).of_transitions(NOW_MS, same, traces)) == plain


def test_nothing_makes_no_batch() -> None:
    """An empty batch would be refused."""
    plain, fast = PlainBatches(create), NativeBatches(create)
    assert [*plain.of_pairs(NOW_MS, []), *plain.of_transitions(NOW_MS, Told([], []), {})] == []
    none = native.Pairs([])
    assert [*fast.of_pairs(NOW_MS, none), *fast.of_transitions(NOW_MS, Told(none, native.Origins([])), {})] == []


@given(st.lists(st.tuples(st.binary(max_size=70), VALUES), max_size=6))
def test_pairs_are_the_sequence_that_they_were_made_of(pairs: list[tuple[bytes, bytes | None]]) -> None:
    """Item by item, also those behind a None."""
    made = native.Pairs(pairs)

    assert (len(made), list(made), [made[i] for i in range(len(pairs))]) == (len(pairs), pairs, pairs)
