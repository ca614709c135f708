"""The careful way to read an event in the plain envelope: every check of outputs.md section 1, one after the other.

It decides what is accepted. `codec.envelope` has a fast way for records that are easily seen to be in order, and must
agree with this one on each of them (a property test holds the two equal).

The first of these that holds is the reason:
  too_large        more than 256 KiB
  not_an_object    no value
  not_json         not UTF-8
  too_deep         brackets inside each other, more than 32. They are counted before parsing, so that the answer does
                   not depend on how much stack a parser has left
  not_json         not RFC 8259; NaN and Infinity are not, and half a surrogate pair is no text
  not_an_object    JSON, but no object
  not_json         two keys for id, type or entity id
  too_large        more than 200 keys in all of the record
  missing_field wrong_type too_large    entity id, type, id, account id, in this order; null is the same as absent
  bad_timestamp    occurred_at
  wrong_type       properties that are no object
  key_mismatch     the record key is not the entity id
Details name the producer's fields, never their content: it may be personal.
Does not know: arrival and clock, so not future_timestamp.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass
from hashlib import blake2b
from itertools import accumulate
from typing import Any

import msgspec

from schemas.rejection import Reason
from streams.codec.instants import occurred_ms
from streams.partition.records import Decode, Event, Record, Rejected, read_object, read_properties

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_KEYS = 200
MAX_ID_BYTES = 256
INTEGERS = range(-(1 << 63), 1 << 63)
NAME = re.compile(r'[^"\\\x00-\x1f]+')
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
NESTING = {"{": 1, "[": 1, "}": -1, "]": -1}
TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)  # strings whole: brackets in them are text

pack = msgspec.msgpack.Encoder(order="sorted").encode
_check = msgspec.json.Decoder(msgspec.Raw).decode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@dataclass(frozen=True)
class Fields:
    """What the producer calls our members (setting `source.fields`). Raises ValueError unless they differ."""

    id: str = "id"
    type: str = "type"
    entity_id: str = "user_id"
    account_id: str = "account_id"
    occurred_at: str = "occurred_at"
    properties: str = "properties"

    def __post_init__(self) -> None:
        names = astuple(self)
        if len(set(names)) < len(names) or not all(map(NAME.fullmatch, names)):
            raise ValueError(
                "source.fields: six different names are needed, without quotes, backslashes and control characters, "
                f"not {', '.join(map(repr, names))}"
            )


class Object(tuple[tuple[str, Any], ...]):
    """A JSON object as pairs, in the order and number in which they were written."""

    __slots__ = ()


class Refused(Exception):
    """The record is no event; raised and caught in this module only."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.rejected = Rejected(reason, detail)


def read_event(record: Record, fields: Fields) -> Event:
    """The event in a record. Raises Refused."""
    value = value_of(record)
    members = read_members(value, (fields.id, fields.type, fields.entity_id))
    return event_of(record, members, fields, lambda: properties_text(members, fields.properties, value))


def make_careful_decode(fields: Fields, read: Callable[[Record, Fields], Event] = read_event) -> Decode:
    """A reader for one mapping of names. read: of one envelope; it raises Refused."""

    def decode(record: Record) -> Event | Rejected:
        try:
            return read(record, fields)
        except Refused as refused:
            return refused.rejected

    return decode


def value_of(record: Record) -> bytes:
    """What stands in it. Raises Refused."""
    if record.value is None:
        raise Refused("not_an_object", "there is no value (a tombstone)")
    return record.value


def event_of(record: Record, members: Mapping[str, Any], fields: Fields, properties: Callable[[], bytes]) -> Event:
    """The event that these members say; `fields` names them, here and in details. Raises Refused."""
    entity = identifier(members, fields.entity_id)
    if entity is None:
        raise Refused("missing_field", f"{fields.entity_id} is missing")
    name = members.get(fields.type)
    if name is None:
        raise Refused("missing_field", f"{fields.type} is missing")
    if not isinstance(name, str):
        raise Refused("wrong_type", f"{fields.type} is no string")
    given, account = identifier(members, fields.id), identifier(members, fields.account_id)
    occurred = instant(members, fields.occurred_at)
    text = properties()
    if record.key != entity.encode():
        raise Refused("key_mismatch", f"the record key is not {fields.entity_id}")
    if given is None:
        given = content_id(entity, name, record.timestamp if occurred is None else occurred, text)
    return Event(given, name, entity, account, occurred, text)


def read_members(value: bytes, once: Iterable[str]) -> dict[str, Any]:
    """The members of the outermost object; of two with the same name the last. Objects in it are of type Object.

    once: names of members of which there may not be two. Raises Refused.
    """
    keys = 0

    def count(pairs: list[tuple[str, Any]]) -> Object:
        nonlocal keys
        keys += len(pairs)
        return Object(pairs)

    text = well_formed(value)
    document = json.loads(text, object_pairs_hook=count, parse_int=integer)
    if not isinstance(document, Object):
        raise Refused("not_an_object", "JSON, but no object")
    names = [name for name, _ in document]
    for name in once:
        if names.count(name) > 1:
            raise Refused("not_json", f"{name} stands there more than once")
    if keys > MAX_KEYS:
        raise Refused("too_large", f"{keys} keys, more than {MAX_KEYS}")
    return dict(document)


def well_formed(value: bytes) -> str:
    """The text of the value if both parsers will read it. Raises Refused."""
    if len(value) > MAX_BYTES:
        raise Refused("too_large", f"{len(value)} bytes, more than {MAX_BYTES}")
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        raise Refused("not_json", f"not UTF-8 at byte {error.start}") from None
    if text.count("{") + text.count("[") > MAX_DEPTH and too_deep(text):
        raise Refused("too_deep", f"brackets inside each other, more than {MAX_DEPTH}")
    try:
        _check(value)
    except msgspec.DecodeError as error:
        raise Refused("not_json", str(error)) from None  # it tells a place and what was expected there, no content
    return text


def too_deep(text: str) -> bool:
    """More brackets inside each other than MAX_DEPTH, whether they match or not."""
    steps = (NESTING.get(token[0], 0) for token in TOKEN.finditer(text))
    return any(depth > MAX_DEPTH for depth in accumulate(steps))


def integer(digits: str) -> int | float:
    """As int only what an id may be: Python refuses to convert thousands of digits, and that is no reason to fail."""
    return int(digits) if len(digits) <= len(str(INTEGERS.start)) else float(digits)


def identifier(members: Mapping[str, Any], field: str) -> str | None:
    """The member as an id; None if it is absent or null. Raises Refused."""
    found = members.get(field)
    if found is None:
        return None
    if isinstance(found, int) and not isinstance(found, bool) and found in INTEGERS:
        return str(found)
    if not isinstance(found, str):
        raise Refused("wrong_type", f"{field} is no string and no 64-bit integer")
    if not found or CONTROL.search(found):
        raise Refused("wrong_type", f"{field} is empty or has control characters")
    if len(found.encode()) > MAX_ID_BYTES:
        raise Refused("too_large", f"{field} has more than {MAX_ID_BYTES} bytes")
    return found


def instant(members: Mapping[str, Any], field: str) -> int | None:
    """The member in ms; None if it is absent or null. Raises Refused."""
    found = members.get(field)
    if found is None:
        return None
    ms = occurred_ms(found) if isinstance(found, str) else None
    if ms is None:
        raise Refused("bad_timestamp", f"{field} is no RFC 3339 instant with an offset, within 1971 to 9999")
    return ms


def properties_text(members: Mapping[str, Any], field: str, value: bytes) -> bytes:
    """The member as it was written in `value`; an empty object if it is absent or null. Raises Refused."""
    found = members.get(field)
    if found is None:
        return b"{}"
    if not isinstance(found, Object):
        raise Refused("wrong_type", f"{field} is no object")
    return member_text(value, field)


def member_text(value: bytes, field: str) -> bytes:
    """A member as it was written, of an object that has it."""
    return bytes(_members(value)[field])


def content_id(entity: str, name: str, occurred: int, properties: bytes) -> str:
    """The id of an event that has none: 32 hex digits of BLAKE2b over [entity, name, occurred in ms, properties].

    The canonical form is MessagePack with the shortest integers, 64-bit floats and every map sorted by key: there a
    number has one spelling, which no JSON writer promises. So 1 and 1.0 differ, 1.0 and 1.00 do not.
    """
    try:
        canonical = pack([entity, name, occurred, read_properties(properties)])
    except OverflowError:  # an integer beyond 64 bits inside an array or an object
        canonical = pack([entity, name, occurred, read_object(properties)])
    return blake2b(canonical, digest_size=16).hexdigest()
