"""Input record -> Event or Rejected: the plain envelope, the fast way.

`codec.careful` says what is accepted, and why not. This module reads what is easily seen to be in order and hands over
everything else; a property test holds the two equal. Parsing finds wrong types and malformed JSON. What it would let
pass is kept out by one of two looks at the bytes:
  - `tight`: the value is as long as our members alone would be, so there is nothing else in it
  - `orderly`: nothing else in it can matter, by counting what a second key, a level or one more key cannot do without
Does not know: arrival and clock, so not future_timestamp.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, cast

import msgspec
from msgspec import structs

from streams.codec.careful import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_ID_BYTES,
    MAX_KEYS,
    Fields,
    content_id,
    make_careful_decode,
)
from streams.codec.instants import occurred_ms
from streams.partition.records import Decode, Event, Integer, Record, Rejected

__all__ = ["Fields", "PlainReader", "make_decode"]

BRACE, BRACKET, BACKSLASH, DELETE = b"{[\\\x7f"
FEW_BYTES = MAX_KEYS * len('"":0,')  # no shorter value has more keys
# The only escape for these has four hex digits that begin with 00; a slash may also have a backslash alone.
ASCII_BUT_SLASH = re.compile(r"[ -.0-~]+")
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ID_BYTES // 4)] | Integer  # 4 bytes a character at most

text_of = msgspec.json.Encoder().encode  # of a Raw: its text, in less time than bytes() takes


class Members(msgspec.Struct, gc=False):
    """The members of the envelope, under our names."""

    type: str
    entity_id: Id
    id: Id | None = None
    account_id: Id | None = None
    occurred_at: str | None = None
    properties: msgspec.Raw = msgspec.Raw(b"null")


def members_of(fields: Fields) -> type[Members]:
    """The same struct with the producer's names in JSON."""
    names = asdict(fields)
    renamed = [(f.name, f.type, msgspec.field(default=f.default, name=names[f.name])) for f in structs.fields(Members)]
    return cast("type[Members]", msgspec.defstruct("Members", renamed, gc=False))


def make_decode(fields: Fields) -> Decode:
    """The reader of an input whose producer uses these names."""
    careful, parse = make_careful_decode(fields), msgspec.json.Decoder(members_of(fields)).decode
    orderly, frame, account_frame = make_orderly(fields), *frames(fields)

    def decode(record: Record) -> Event | Rejected:
        value = record.value
        if value is None or len(value) > MAX_BYTES:
            return careful(record)
        try:
            members = parse(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return careful(record)
        given, account, at = members.id, members.account_id, members.occurred_at
        properties = text_of(members.properties)
        ids = f"{given}{members.type}{members.entity_id}{account}{at}"
        tight = (
            len(value) <= len(ids) + len(properties) + (frame if account is None else account_frame)
            and given is not None
            and at is not None
            and properties.rfind(BRACE) == 0
            and BRACKET not in value
            and BACKSLASH not in value
            and DELETE not in value
            and (value.isascii() or (ids.isascii() and is_utf8(value)))
            and len(value) < FEW_BYTES
        )
        if not tight:
            if properties == b"null":
                properties = b"{}"
            if not (orderly(value) and ids.isprintable() and properties.startswith(b"{")):
                return careful(record)
        entity, occurred = f"{members.entity_id}", None if at is None else occurred_ms(at)
        if record.key != entity.encode() or (occurred is None and at is not None):
            return careful(record)
        if given is None:
            given = content_id(entity, members.type, record.timestamp if occurred is None else occurred, properties)
        return Event(f"{given}", members.type, entity, None if account is None else f"{account}", occurred, properties)

    return decode


class PlainReader:
    """A reader of the plain envelope that tells its names."""

    def __init__(self, fields: Fields) -> None:
        self.fields, self._decode = fields, make_decode(fields)

    def __call__(self, record: Record) -> Event | Rejected:
        """The event in a record, or why there is none."""
        return self._decode(record)


def frames(fields: Fields) -> tuple[int, int]:
    """How many bytes `{"id":"","type":"", ...}` takes around the values, without and with an account.

    A value that is not longer than frame, ids and properties holds nothing but these members. Integers have no quotes,
    which leaves at most 6 bytes unexplained; a second member of two letters takes 7, as in `,"id":0`. (Without an
    account `ids` is longer by the word None.) Shorter names get a frame that no value fits into.
    """
    names = asdict(fields)
    if min(map(len, names.values())) < len("id"):
        return -MAX_BYTES, -MAX_BYTES
    account = len(f',"{fields.account_id}":""')
    members = ",".join(f'"{name}":' if ours == "properties" else f'"{name}":""' for ours, name in names.items())
    return len(f"{{{members}}}") - account - len("None"), len(f"{{{members}}}")


def make_orderly(fields: Fields) -> Callable[[bytes], bool]:
    """A test of a parsed value: UTF-8, no second key for an id, not too deep, not too many keys.

    It says no to some that are in order, never yes to one that is not.
    """
    names = (fields.id, fields.type, fields.entity_id)
    first, second, third = (f'"{name}"'.encode() for name in names)
    escape = b"\\u00" if all(map(ASCII_BUT_SLASH.fullmatch, names)) else b"\\"

    def orderly(value: bytes) -> bool:
        return (
            (BACKSLASH not in value or escape not in value)
            and value.count(first) <= 1
            and value.count(second) <= 1
            and value.count(third) <= 1
            and value.count(b"{") + value.count(b"[") <= MAX_DEPTH
            and (len(value) < FEW_BYTES or value.count(b":") <= MAX_KEYS)
            and (value.isascii() or is_utf8(value))
        )

    return orderly


def is_utf8(value: bytes) -> bool:
    """Parsing looks only at the members that it keeps as text."""
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
