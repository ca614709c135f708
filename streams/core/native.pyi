from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from streams.core.processor import Texts
from streams.partition.records import Record

Told: TypeAlias = tuple[
    list[tuple[int, tuple[str, str]]],  # rejected: offset, (reason, detail)
    list[tuple[int, int]],  # late: offset, kind
    list[tuple[int, int | str | bytes]],  # journal: before or offset, what
    list[tuple[bytes, int, str]],  # frozen: key, instant, why
]
Counted: TypeAlias = tuple[list[int], list[dict[int, int]], list[tuple[int, int]], list[int]]
Sealed: TypeAlias = tuple[
    list[tuple[bytes, bytes]],
    list[tuple[int, int]],
    list[tuple[bytes, bytes | None]],
    list[tuple[bytes, bytes]],
    Told,
    Counted,
]

class Core:
    clock: int
    next_offset: int
    entities: int
    timers: int
    gauges: list[int]
    frozen: list[bytes]
    pending: tuple[int, int, int]

    def __init__(
        self,
        document: bytes,
        gauges: int,
        decode: Callable[[Record], tuple[Any, ...]],
        read: Callable[[int, bytes], bytes],
        texts: Texts,
    ) -> None: ...
    def apply(self, records: Sequence[Record], decisions: Mapping[int, str], budget: int) -> int: ...
    def tick(self, clock: int) -> None: ...
    def due(self) -> bool: ...
    def advance(self, budget: int) -> bool: ...
    def note(self, record: bytes) -> None: ...
    def seal(self) -> Sealed: ...
    def load(self, rows: Iterable[tuple[bytes, bytes | None]]) -> None: ...
    def loaded(self, clock: int, next_offset: int, gauges: list[int]) -> None: ...

class RecordBatch:
    def close(self) -> None: ...
    def closed(self) -> bool: ...
    def record_count(self) -> int: ...
    def size(self) -> int: ...
    def _set_producer_state(self, producer: int, epoch: int, sequence: int) -> None: ...
    def _build(self) -> bytes: ...

def pack(
    rows: Iterable[tuple[bytes, bytes | None]],
    now_ms: int,
    limit: int,
    prefix: bytes,
    last: tuple[bytes, bytes] | None,
) -> list[RecordBatch]: ...
def pack_transitions(
    rows: Iterable[tuple[bytes, bytes]],
    origins: list[tuple[int, int]],
    traces: Mapping[int, tuple[str, bytes | None]],
    now_ms: int,
    limit: int,
) -> list[RecordBatch]: ...
