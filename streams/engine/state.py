"""The state of an entity: one msgpack array, one call to read it and one to write it.

`wake`, the earliest instant at which time alone may change something, stands first and always takes the 8-byte form, so
that timers are rebuilt without decoding. `log` is a run of msgpack arrays (events of 4 items, rows of 5) that is only
appended to and searched as bytes; only a rewind reads it.
Does not know: what the heads mean, Kafka, JSON.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from streams.engine.expressions import INF

WAKE = struct.Struct(">Q")
WAKE_AT = 2  # after the head of the array and the mark of an 8-byte integer
ARRAY32 = struct.Struct(">BI")

LogEvent = Sequence[Any]  # instant, id, kind, what is kept of its properties (one item per journey that it concerns)
LogRow = tuple[int, int, int, int, int]  # instant, code, episode, other segment of the group, revision
EVENT_ITEMS = 4


class Rest(msgspec.Struct, array_like=True, gc=False):
    """What few entities have.

    base_at: events at or before this instant can no longer be taken in, because the log was full.
    taken_back: retracted rows; when one comes true again its revision goes on from here.
    """

    base_at: int = 0
    taken_back: list[LogRow] = []

    def revision(self, code: int, episode: int) -> int:
        """0, or one more than that of the retraction which this row overtakes."""
        for i, gone in enumerate(self.taken_back):
            if gone[1] == code and gone[2] == episode:
                del self.taken_back[i]
                return gone[4] + 1
        return 0

    def empty(self) -> bool:
        """Whether there is nothing left to remember."""
        return not (self.base_at or self.taken_back)


class Entity(msgspec.Struct, array_like=True, gc=False):
    """heads: the State of each journey after its last step.

    base: the heads as bytes, at or before the horizon; None while the heads themselves are that old, b"" before the
    first event. events, rows: how many of each the log holds. account: the account id seen last. census: what the
    entity counted as in the machine's gauges when it was written, a bit for each, least significant byte first.
    """

    wake: int
    heads: Any
    base: bytes | None = None
    log: bytes = b""
    events: int = 0
    rows: int = 0
    account: str | None = None
    census: bytes = b""
    rest: Rest | None = None


class Log(NamedTuple):
    """What the log of an entity holds, decoded."""

    events: list[LogEvent]
    rows: list[LogRow]


class StateCodec:
    """Bytes of entities whose heads are of these types."""

    def __init__(self, heads: Sequence[type[msgspec.Struct]]) -> None:
        self._new = tuple(heads)
        kinds = tuple[self._new]  # type: ignore[name-defined]
        entity = msgspec.defstruct(
            "Entity", [("wake", int), ("heads", kinds)], bases=(Entity,), array_like=True, gc=False
        )
        self._entity: Any = entity
        self.pack = msgspec.msgpack.Encoder().encode
        self.decode: Any = msgspec.msgpack.Decoder(entity).decode
        self.decode_heads: Any = msgspec.msgpack.Decoder(kinds).decode
        self._decode_log: Any = msgspec.msgpack.Decoder(list[tuple[Any, ...]]).decode

    def new(self) -> Any:
        """The Entity of which nothing has been heard."""
        return self._entity(INF, tuple(head() for head in self._new))

    def base_heads(self, base: bytes) -> Any:
        """The heads at the base, to be folded on: each call gives others."""
        return self.decode_heads(base) if base else tuple(head() for head in self._new)

    def read_log(self, entity: Entity) -> Log:
        """Events by (instant, id), rows as they were published."""
        items = self._decode_log(ARRAY32.pack(0xDD, entity.events + entity.rows) + entity.log)
        events = sorted((i for i in items if len(i) == EVENT_ITEMS), key=order)
        return Log(events, [i for i in items if len(i) != EVENT_ITEMS])


def order(event: LogEvent) -> tuple[int, str]:
    """What events are sorted by: (instant, id)."""
    return event[0], event[1]


def wake_of(data: bytes) -> int:
    """The first field of an encoded entity."""
    return int(WAKE.unpack_from(data, WAKE_AT)[0])
