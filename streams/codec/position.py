r"""The keys of the state topic, and its record `\0meta`: which input the states belong to, and how far it is applied.

Rules (runtime.md section 2)
  - `\0meta` is written in the transaction of the states that it speaks of, so it is the truth about the position;
  - its key can be no entity's: theirs begin with the type of the entity;
  - `format` is looked at before anything else, because a newer one may mean anything else differently.
JSON, so that an operator can read it with any Kafka tool. Does not know: Kafka, what follows from a difference.

    BadPosition             the record cannot be used; its text says what to do
    └── NewerFormat         it was written by a newer version: deploy that one again, the state is intact
"""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from streams.partition.records import Position, Record

FORMAT = 1
META_KEY = b"\0meta"
ENTITY = b"user/"  # the only type of entity there is


class BadPosition(ValueError):
    """The position record cannot be used."""


class NewerFormat(BadPosition):
    """The position record was written by a newer version."""


class Meta(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    r"""The content of `\0meta`.

    partitions: of the topic. position: after the states beside it. fingerprint: of what the states mean, by the
    journeys. last_hash: `record_hash` of the input record in front of the position; None: no record was applied yet.
    """

    format: int = FORMAT
    app: str
    topic: str
    partition: int
    partitions: int
    position: Position
    fingerprint: str
    last_hash: str | None


class _Format(msgspec.Struct):
    format: int


_read_meta = msgspec.json.Decoder(Meta).decode
_read_format = msgspec.json.Decoder(_Format).decode


def encode_meta(meta: Meta) -> bytes:
    """The value of the record with META_KEY."""
    return msgspec.json.encode(meta)


def decode_meta(value: bytes) -> Meta:
    """What `encode_meta` was given. Raises BadPosition, NewerFormat."""
    try:
        written = _read_format(value).format
        if written > FORMAT:
            raise NewerFormat(
                f"the state is of format {written}, this version knows {FORMAT}: start the newer version again"
            )
        return _read_meta(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadPosition(
            f"the position in the state topic cannot be read ({error}): only the worker may write to that topic; start "
            " under a new app name, which rebuilds the state from the input"
        ) from None


def state_key(entity: bytes) -> bytes:
    """The key in the state topic for an entity key of the input."""
    return ENTITY + entity


def entity_key(key: bytes) -> bytes:
    """The entity key of the input for a key in the state topic other than META_KEY. Raises BadPosition."""
    if not key.startswith(ENTITY):
        raise BadPosition(
            f"the state topic has a key that is no entity's ({key[:40]!r}): start under a new app name, which rebuilds "
            "the state from the input"
        )
    return key[len(ENTITY) :]


def record_hash(record: Record) -> str:
    """32 hex digits that tell this input record from any other: offset, timestamp, key and value, not the headers."""
    content = msgspec.msgpack.encode((record.offset, record.timestamp, record.key, record.value))
    return blake2b(content, digest_size=16).hexdigest()
