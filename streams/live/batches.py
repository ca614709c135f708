"""Records -> the batches that aiokafka sends: made by its own builder, or by the native engine's, which is equal.

A commit writes one to three records an event, and aiokafka's builder takes a microsecond for each. `RecordBatch` is a
finished one: it has the methods that aiokafka's accumulator calls on a `BatchBuilder` which is closed.
Does not know: topics, transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from aiokafka.producer.message_accumulator import BatchBuilder

from streams.live.clients import BATCH_BYTES

Header = tuple[str, bytes | None]
Headers = list[Header]  # aiokafka takes nothing but a list
Row = tuple[bytes | None, bytes | None, Headers]

SCHEMA = ("journeys-schema", b"transition/1")
AGE = "journeys-age-ms"
TRACE = "traceparent"
NONE: Headers = []


class Transitions(Protocol):
    """What an outcome says of them, see `partition.outcome.Outcome`."""

    @property
    def transitions(self) -> Sequence[tuple[bytes, bytes]]:
        """Key and record."""
        ...

    @property
    def origins(self) -> Sequence[tuple[int, int]]:
        """Instant, and offset of the record that caused it."""
        ...


class PlainBatches:
    """By aiokafka's builder. create: makes an empty one."""

    def __init__(self, create: Callable[[], BatchBuilder]) -> None:
        self.create = create

    def of_rows(self, now_ms: int, rows: Iterable[Row]) -> Iterator[BatchBuilder]:
        """As few batches as hold them; a record that is too large for any goes alone. now_ms: their timestamp."""
        builder = self.create()
        for key, value, headers in rows:
            if builder.append(timestamp=now_ms, key=key, value=value, headers=headers) is None:
                yield builder
                builder = self.create()
                builder.append(timestamp=now_ms, key=key, value=value, headers=headers)
        if builder.record_count():
            builder.close()
            yield builder

    def of_pairs(
        self,
        now_ms: int,
        pairs: Sequence[tuple[bytes, bytes | None]],
        prefix: bytes = b"",
        last: tuple[bytes, bytes] | None = None,
    ) -> Iterable[BatchBuilder]:
        """Keys and values, the prefix before each key but that of the last one."""
        rows = [(prefix + key, value, NONE) for key, value in pairs]
        return self.of_rows(now_ms, rows if last is None else [*rows, (*last, NONE)])

    def of_transitions(self, now_ms: int, outcome: Transitions, traces: Mapping[int, Header]) -> Iterable[BatchBuilder]:
        """With how old each is, and the trace of the record that caused it, by offset."""
        return self.of_rows(now_ms, transition_rows(now_ms, outcome, traces))


class NativeBatches(PlainBatches):
    """By the native engine, of its own outcomes, where there may be many records."""

    def of_pairs(
        self,
        now_ms: int,
        pairs: Sequence[tuple[bytes, bytes | None]],
        prefix: bytes = b"",
        last: tuple[bytes, bytes] | None = None,
    ) -> Iterable[BatchBuilder]:
        """As PlainBatches.of_pairs."""
        from streams.core.native import Pairs, pack  # noqa: PLC0415  # it may not be there

        assert isinstance(pairs, Pairs)
        return pack(pairs, now_ms, BATCH_BYTES, prefix, last)

    def of_transitions(self, now_ms: int, outcome: Transitions, traces: Mapping[int, Header]) -> Iterable[BatchBuilder]:
        """As PlainBatches.of_transitions."""
        from streams.core.native import Origins, Pairs, pack_transitions  # noqa: PLC0415  # it may not be there

        assert isinstance(outcome.transitions, Pairs)
        assert isinstance(outcome.origins, Origins)
        return pack_transitions(outcome.transitions, outcome.origins, traces, now_ms, BATCH_BYTES)


def transition_rows(now_ms: int, outcome: Transitions, traces: Mapping[int, Header]) -> Iterator[Row]:
    """Transitions with their headers."""
    for (key, record), (at, cause) in zip(outcome.transitions, outcome.origins, strict=True):
        headers: Headers = [SCHEMA, (AGE, b"%d" % (now_ms - at))]
        if cause in traces:
            headers.append(traces[cause])
        yield key, record, headers
