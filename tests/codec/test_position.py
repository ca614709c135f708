"""The position record says whose states they are, and what cannot be used is refused with what to do."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.codec.position import (
    FORMAT,
    META_KEY,
    BadPosition,
    Meta,
    NewerFormat,
    decode_meta,
    encode_meta,
    entity_key,
    record_hash,
    state_key,
)
from streams.partition.records import Position
from tests.codec.payloads import Written

META = Meta(
    app="journeys",
    topic="product.events",
    partition=3,
    partitions=12,
    position=Position(4711, 1_772_618_400_000, "d", "s"),
    fingerprint="f",
    last_hash=record_hash(Written(b"{}")),
)


def test_what_is_written_can_be_read() -> None:
    """Also before the first record was applied."""
    for meta in (META, Meta(**{name: getattr(META, name) for name in META.__struct_fields__} | {"last_hash": None})):
        assert decode_meta(encode_meta(meta)) == meta


def test_the_position_is_json_that_begins_with_its_format() -> None:
    """An operator can read it, and so can an older version."""
    written = json.loads(encode_meta(META))
    assert next(iter(written)) == "format"
    assert written["position"]["next_offset"] == 4711


def test_a_newer_format_is_refused_whatever_else_it_says() -> None:
    """Its other members may have changed."""
    with pytest.raises(NewerFormat, match="start the newer version again"):
        decode_meta(json.dumps({"format": FORMAT + 1, "offsets": [1, 2]}).encode())


@pytest.mark.parametrize(
    "value", [b"", b"{}", b"[]", b"\xff", b'{"format":1}', encode_meta(META)[:-1], encode_meta(META)[:-1] + b',"x":1}']
)
def test_a_damaged_position_is_refused(value: bytes) -> None:
    """With what to do."""
    with pytest.raises(BadPosition, match="rebuilds the state from the input"):
        decode_meta(value)


@given(st.binary(max_size=9))
def test_no_entity_has_the_key_of_the_position(entity: bytes) -> None:
    """Law: entity keys come back as they were, and none is META_KEY."""
    assert entity_key(state_key(entity)) == entity
    assert state_key(entity) != META_KEY


def test_a_foreign_key_in_the_state_topic_is_refused() -> None:
    """Nothing that we do not know is taken for a state."""
    with pytest.raises(BadPosition, match="no entity"):
        entity_key(b"account/a1")


def test_the_hash_tells_records_apart() -> None:
    """Offset, timestamp, key and value count, and a missing one is not an empty one; headers do not count."""
    record = Written(b"value", b"key", 7, 1_000)
    others = [
        record._replace(offset=8),
        record._replace(timestamp=1_001),
        record._replace(key=None),
        record._replace(key=b""),
        record._replace(value=None),
        record._replace(value=b""),
        record._replace(key=b"keyv", value=b"alue"),
    ]
    assert len({record_hash(record), *map(record_hash, others)}) == 8
    assert record_hash(record._replace(headers=(("a", b"b"),))) == record_hash(record)
