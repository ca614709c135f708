"""What a partition is given and what it gives back besides effects: records, events, rejections, the position.

Rules
  - an Event has passed every check of outputs.md section 1 but those that need the arrival; nobody looks again;
  - its properties stay the text that the producer wrote until somebody asks: most events are of no interest to any
    rule, and those are counted without their properties ever being parsed;
  - reading properties cannot fail.
Does not know: how an event is found in a record (codec.envelope), topics, clocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from sys import float_info
from typing import Annotated, Any, Protocol

import msgspec

Integer = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
Value = str | bool | Integer | float | list[Any] | dict[str, Any] | None

_read = msgspec.json.Decoder(dict[str, Value]).decode
_read_any = msgspec.json.Decoder().decode
_read_number = msgspec.json.Decoder(Integer | float).decode
_split_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_split_array = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Record(Protocol):
    """One record of the input partition; aiokafka's ConsumerRecord is one."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """Its arrival, ms since the epoch."""

    @property
    def key(self) -> bytes | None:
        """The entity id in UTF-8, if all is well."""

    @property
    def value(self) -> bytes | None:
        """None is a tombstone."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """Carried along where the record is copied; only the binary form of CloudEvents has something to read there."""


class Records(Protocol):
    """Records of the input partition in the order of their offsets; a list of them is one."""

    def __len__(self) -> int:
        """How many."""

    def __iter__(self) -> Iterator[Record]:
        """One after the other."""

    def __getitem__(self, place: slice, /) -> Records:
        """Some of them."""


class Event(msgspec.Struct, gc=False):
    """An event as the engine takes it.

    occurred: ms, None if the producer did not say. properties: one JSON object, as it was written.
    """

    id: str
    type: str
    entity_id: str
    account_id: str | None
    occurred: int | None
    properties: bytes

    def read_properties(self) -> dict[str, Any]:
        """Name to value: str, bool, None, a finite float, or an int of 64 bits.

        A number that is none of these is the nearest float. Arrays and objects, which no rule reads, come as parsed.
        """
        return read_properties(self.properties)


class Rejected(msgspec.Struct, frozen=True):
    """Why a record is no event. reason: one of schemas.rejection. detail: for people, without any of its content."""

    reason: str
    detail: str


Decode = Callable[[Record], Event | Rejected]


class Position(msgspec.Struct, frozen=True):
    """Where a partition stands. next_offset: of the input, not read yet. clock: ms, -1 before anything.

    definitions, settings: hashes of what interprets the log, empty before anything does. gauges: over all entities, in
    the order of the machine's gauges; empty before anything. frozen: how many entities are; frozen_entities: some ids.
    """

    next_offset: int
    clock: int
    definitions: str
    settings: str
    gauges: tuple[int, ...] = ()
    frozen: int = 0
    frozen_entities: tuple[str, ...] = ()


def read_properties(text: bytes) -> dict[str, Any]:
    """As Event.read_properties, of an object that the envelope has accepted."""
    try:
        return _read(text)
    except msgspec.ValidationError:
        return read_object(text)


def read_object(text: bytes) -> dict[str, Any]:
    """The careful way to read an object, for numbers that fit neither an int of 64 bits nor a float.

    RFC 8259 bounds no number, and what the parser cannot hold it refuses. So objects and arrays are taken apart, and
    such a number becomes the nearest finite float (which JSON can be written with again).
    """
    return {name: _read_value(bytes(value)) for name, value in _split_object(text).items()}


def _read_value(text: bytes) -> Any:
    match text[:1]:
        case b"{":
            return read_object(text)
        case b"[":
            return [_read_value(bytes(value)) for value in _split_array(text)]
        case b'"' | b"t" | b"f" | b"n":
            return _read_any(text)
    try:
        return _read_number(text)
    except msgspec.ValidationError:
        return max(-float_info.max, min(float(text), float_info.max))
