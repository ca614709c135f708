from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, overload

from streams.core.processor import Texts
from streams.partition.records import Record
from streams.partition.records import Records as SomeRecords

Told: TypeAlias = tuple[
    list[tuple[int, tuple[str, str]]],  # rejected: offset, (reason, detail)
    list[tuple[int, int]],  # late: offset, kind
    list[tuple[int, int | str | bytes]],  # journal: before or offset, what
    list[tuple[bytes, int, str]],  # frozen: key, instant, why
]
Counted: TypeAlias = tuple[list[int], list[dict[int, int]], list[tuple[int, int]], list[int]]
# transitions, their origins, members, states; see `Effects` in partition.rs
Sealed: TypeAlias = tuple[tuple[Pairs, Origins, Pairs, Pairs], Told, Counted]

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
    def apply(self, records: SomeRecords, decisions: Mapping[int, str], budget: int) -> int: ...
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

class Pairs(Sequence[tuple[bytes, Any]]):
    def __init__(self, rows: Sequence[tuple[bytes, bytes | None]]) -> None: ...
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, place: int) -> tuple[bytes, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[tuple[bytes, Any]]: ...

class Origins(Sequence[tuple[int, int]]):
    def __init__(self, rows: Sequence[tuple[int, int]]) -> None: ...
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, place: int) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[tuple[int, int]]: ...

class Records:
    offset: int
    def __init__(
        self,
        topic: str,
        partition: int,
        body: bytes,
        count: int,
        base_offset: int,
        times: tuple[int, int],
        appended: bool,
    ) -> None: ...
    def since(self, offset: int) -> Records: ...
    def joined(self, others: Sequence[Records]) -> Records: ...
    def later(self, instant: int) -> list[int]: ...
    def headed(self) -> Sequence[InputRecord]: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[InputRecord]: ...
    @overload
    def __getitem__(self, place: int) -> InputRecord: ...
    @overload
    def __getitem__(self, place: slice) -> Records: ...

class InputRecord:
    topic: str
    partition: int
    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]

def pack(
    pairs: Pairs,
    now_ms: int,
    limit: int,
    prefix: bytes,
    last: tuple[bytes, bytes] | None,
) -> list[RecordBatch]: ...
def pack_transitions(
    pairs: Pairs,
    origins: Origins,
    traces: Mapping[int, tuple[str, bytes | None]],
    now_ms: int,
    limit: int,
) -> list[RecordBatch]: ...
