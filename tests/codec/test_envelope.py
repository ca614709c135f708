"""Every record becomes an event or a rejection with the right reason, and the fast way agrees with the careful one."""

import dataclasses
import json
from hashlib import blake2b
from sys import float_info
from typing import Any

import pytest
from hypothesis import event, given, settings
from msgspec import msgpack

from streams.codec.careful import MAX_BYTES, Fields, content_id, make_careful_decode
from streams.codec.envelope import make_decode
from streams.partition.records import Event, Rejected
from tests.codec.payloads import ARRIVAL_MS, PLAIN, Written, records, written

OCCURRED_MS = ARRIVAL_MS + 123
SHORT = Fields("i", "t", "u", "a", "o", "p")  # so short that a second one could hide where integers have no quotes
ODD = Fields("the/id", "näme", "wer", "account id", "when", "data")

decode, careful = make_decode(Fields()), make_careful_decode(Fields())


def compact(members: Any) -> bytes:
    """JSON as most producers write it."""
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()


def nested(depth: int) -> bytes:
    """The plain event with so many brackets inside each other, its own two included."""
    return compact(PLAIN).replace(b":3,", b":" + b"[" * (depth - 2) + b"]" * (depth - 2) + b",")


def keyed(count: int) -> bytes:
    """The plain event with so many keys in all."""
    return compact({**PLAIN, "properties": {f"p{n}": n for n in range(count - len(PLAIN))}})


def read(record: Written) -> Event:
    """The event of a record that is accepted, by both ways."""
    found = decode(record)
    assert found == careful(record)
    assert isinstance(found, Event)
    return found


def refused(record: Written) -> str:
    """The reason of a record that is rejected, by both ways."""
    found = decode(record)
    assert found == careful(record)
    assert isinstance(found, Rejected)
    return found.reason


def test_a_plain_event_is_read() -> None:
    """All members, the properties as they were written."""
    value = compact(PLAIN)
    properties = b'{"feature":"alerts","seats":3,"amount":4.65}'
    assert read(Written(value)) == Event("e1", "feature_used", "u1", "a1", OCCURRED_MS, properties)


@pytest.mark.parametrize(
    ("changes", "member", "expected"),
    [
        ({"id": 12}, "id", "12"),
        ({"id": -(2**63)}, "id", "-9223372036854775808"),
        ({"id": "x" * 256}, "id", "x" * 256),
        ({"id": "é" * 128}, "id", "é" * 128),
        ({"account_id": 2**63 - 1}, "account_id", "9223372036854775807"),
        ({"account_id": None}, "account_id", None),
        ({"account_id": ...}, "account_id", None),
        ({"occurred_at": None}, "occurred", None),
        ({"occurred_at": ...}, "occurred", None),
        ({"occurred_at": "2026-03-04T11:00:00.123999+01:00"}, "occurred", OCCURRED_MS),
        ({"properties": None}, "properties", b"{}"),
        ({"properties": ...}, "properties", b"{}"),
        ({"properties": {}}, "properties", b"{}"),
        ({"type": ""}, "type", ""),
        ({"type": "Straße\u3000\x01"}, "type", "Straße\u3000\x01"),
        ({"received_at": "x", "context": {"id": {"type": [1]}}}, "id", "e1"),
    ],
)
def test_members_are_optional_or_of_more_than_one_type(changes: dict[str, Any], member: str, expected: Any) -> None:
    """Null is the same as absent, integers are ids, unknown members and event names are no matter."""
    assert getattr(read(written(**changes)), member) == expected


def test_an_integer_entity_has_its_digits_as_key() -> None:
    """The key is text, the member may be a number."""
    assert read(written(b"42", user_id=42)).entity_id == "42"
    assert refused(written(b"042", user_id=42)) == "key_mismatch"


def test_the_producers_names_are_mapped() -> None:
    """Each member under the name that the settings give, whatever characters it has."""
    for fields in (SHORT, ODD):
        record = Written(compact(dict(zip(dataclasses.astuple(fields), PLAIN.values(), strict=True))))
        assert make_decode(fields)(record) == make_careful_decode(fields)(record) == read(Written(compact(PLAIN)))


def test_names_must_differ_and_be_plain() -> None:
    """Two members cannot have one name, and none is empty or needs an escape."""
    for names in ({"id": "user_id"}, {"account_id": ""}, {"type": 'a"b'}, {"type": "a\\b"}, {"type": "a\n"}):
        with pytest.raises(ValueError, match="six different names"):
            Fields(**names)


@pytest.mark.parametrize(
    ("reason", "record"),
    [
        ("too_large", Written(b" " * MAX_BYTES + b"{}")),
        ("too_large", Written(b"\xff" * (MAX_BYTES + 1))),
        ("too_large", Written(keyed(201))),
        ("too_large", written(properties={f"p{n}": n for n in range(195)})),
        ("too_large", written(id="x" * 257)),
        ("too_large", Written(compact({**PLAIN, "id": "é" * 129}))),
        ("too_large", written(account_id="é" * 129)),
        ("too_large", written(b"x" * 257, user_id="x" * 257)),
        ("not_an_object", Written(None)),
        ("not_an_object", Written(b"[1]")),
        ("not_an_object", Written(b'"text"')),
        ("not_an_object", Written(b"null")),
        ("not_json", Written(b"")),
        ("not_json", Written(b"hello")),
        ("not_json", Written(compact(PLAIN)[:-1])),
        ("not_json", Written(compact(PLAIN) + b"{}")),
        ("not_json", Written(b"\xef\xbb\xbf" + compact(PLAIN))),
        ("not_json", Written(compact(PLAIN).decode().encode("utf-16"))),
        ("not_json", Written(compact(PLAIN).replace(b"alerts", b"\xff"))),
        ("not_json", Written(compact(PLAIN).replace(b'"feature"', b'"\xed\xa0\x80"'))),
        ("not_json", Written(compact({**PLAIN, "more": "x"}).replace(b'"x"', b'"\xff"'))),
        ("not_json", Written(compact(PLAIN).replace(b"4.65", b"NaN"))),
        ("not_json", Written(compact(PLAIN).replace(b"4.65", b"-Infinity"))),
        ("not_json", Written(compact(PLAIN).replace(b"4.65", b"04"))),
        ("not_json", Written(compact(PLAIN).replace(b"alerts", b"\\ud800"))),
        ("not_json", Written(compact(PLAIN).replace(b"alerts", b"\x01"))),
        ("not_json", Written(compact(PLAIN).replace(b'"e1"', b'"\\udc00"'))),
        ("not_json", Written(compact(PLAIN).replace(b"}}", b'},"id":"e2"}'))),
        ("not_json", Written(compact(PLAIN).replace(b"}}", b'},"user_id":"u1"}'))),
        ("not_json", Written(compact(PLAIN).replace(b"}}", b'},"type":null}'))),
        ("not_json", Written(compact(PLAIN).replace(b"}}", b'},"\\u0069d":0}'))),
        ("not_json", Written(compact(PLAIN).replace(b"}}", b'},"id":0}'))),
        (
            "not_json",
            Written(compact({**PLAIN, "id": 1, "user_id": 2, "account_id": 3}).replace(b"}}", b'},"id":0}'), b"2"),
        ),
        ("missing_field", written(user_id=...)),
        ("missing_field", written(user_id=None)),
        ("missing_field", written(type=...)),
        ("missing_field", written(type=None)),
        ("missing_field", Written(b"{}")),
        ("wrong_type", written(user_id=1.0)),
        ("wrong_type", written(user_id=True)),
        ("wrong_type", written(user_id=["u1"])),
        ("wrong_type", written(b"", user_id="")),
        ("wrong_type", written(b"9223372036854775808", user_id=2**63)),
        ("wrong_type", Written(compact(PLAIN).replace(b'"e1"', b"1" * 5000))),
        ("wrong_type", written(b"u\x00", user_id="u\x00")),
        ("wrong_type", written(id="e\x7f")),
        ("wrong_type", Written(compact({**PLAIN, "id": "e\x7f"}))),
        ("wrong_type", Written(compact({**PLAIN, "account_id": "a\x85"}))),
        ("wrong_type", Written(compact({**PLAIN, "id": "e\n", "user_id": 1, "account_id": 2}), b"1")),
        ("wrong_type", Written(compact({**PLAIN, "id": "e\x85", "user_id": 1, "account_id": 2}), b"1")),
        ("wrong_type", written(id="")),
        ("wrong_type", written(account_id={})),
        ("wrong_type", written(type=5)),
        ("wrong_type", written(properties=[])),
        ("wrong_type", written(properties="{}")),
        ("bad_timestamp", written(occurred_at=ARRIVAL_MS)),
        ("bad_timestamp", written(occurred_at="yesterday")),
        ("bad_timestamp", written(occurred_at="2026-03-04T10:00:00")),
        ("bad_timestamp", written(occurred_at="2026-03-04")),
        ("bad_timestamp", written(occurred_at="1970-12-31T23:59:59.999Z")),
        ("bad_timestamp", written(occurred_at="9999-12-31T23:59:59.999-00:01")),
        ("key_mismatch", written(b"u2")),
        ("key_mismatch", written(None)),
        ("key_mismatch", written(b"\xff")),
        ("too_deep", Written(nested(33))),
        ("too_deep", Written(compact(PLAIN).replace(b":3,", b":" + b'{"":' * 31 + b"0" + b"}" * 31 + b","))),
        ("too_deep", Written(nested(2_000))),
        ("too_deep", Written(b"[" * 100_000)),
        ("too_deep", Written(b'{"a":' * 40_000)),
    ],
)
def test_what_is_no_event_is_rejected_with_its_reason(reason: str, record: Written) -> None:
    """Each reason of the closed set that can be seen in a record alone."""
    assert refused(record) == reason


@pytest.mark.parametrize(
    ("fields", "changes", "again"),
    [
        (Fields(), {}, b',"id":"e1"'),
        (Fields(), {"id": 1, "user_id": 2, "account_id": 3}, b',"id":0'),
        (Fields(), {"id": 1, "user_id": 2, "account_id": ...}, b',"id":0'),
        (Fields(), {"id": ..., "type": "x"}, b',"type":"x"'),
        (Fields(), {"occurred_at": ..., "type": "x"}, b',"type":"x"'),
        (Fields(), {"account_id": ...}, b',"user_id":"u1"'),
        (SHORT, {"id": 1, "user_id": 2, "account_id": 3}, b',"i":0'),
        (ODD, {}, b',"the\\/id":"e1"'),
        (ODD, {}, b',"n\\u00e4me":"x"'),
    ],
)
def test_a_second_key_is_found_wherever_it_can_hide(fields: Fields, changes: dict[str, Any], again: bytes) -> None:
    """In the room that an absent member or an integer without quotes leaves, or behind an escape."""
    members = {**PLAIN, **changes}
    named = {ours: members[plain] for ours, plain in zip(dataclasses.astuple(fields), PLAIN, strict=True)}
    value = compact({name: member for name, member in named.items() if member is not ...})
    record = Written(value[:-1] + again + b"}", str(members["user_id"]).encode())
    found = make_decode(fields)(record)
    assert found == make_careful_decode(fields)(record)
    assert isinstance(found, Rejected)
    assert found.reason == "not_json"


def test_what_is_just_within_the_limits_is_read() -> None:
    """200 keys, 32 levels, 256 KiB."""
    value = compact(PLAIN)
    for accepted in (keyed(200), nested(32), value + b" " * (MAX_BYTES - len(value))):
        assert read(Written(accepted)).id == "e1"


def test_brackets_colons_and_names_in_text_count_for_nothing() -> None:
    """What only looks like structure is text."""
    text = "{[" * 40 + ":" * 300 + ' "id" "user_id" \\'
    assert read(written(properties={"note": text})).read_properties() == {"note": text}


def test_of_two_members_that_are_no_ids_the_last_counts() -> None:
    """Both ways take the last."""
    record = Written(compact(PLAIN).replace(b"}}", b'},"account_id":"a2","properties":{"x":1}}'))
    found = read(record)
    assert (found.account_id, found.read_properties()) == ("a2", {"x": 1})


def test_no_content_of_a_record_is_told() -> None:
    """The details of a rejection name fields and places, never what stands there."""
    changes: list[dict[str, Any]] = [{"id": "CANARY\x00"}, {"user_id": "CANARY"}]
    for change in [*changes, *({name: ["CANARY"]} for name in PLAIN)]:
        found = decode(written(**change))
        assert isinstance(found, Rejected)
        assert "CANARY" not in found.detail
    for broken in (b"CANARY", b'{"CANARY', b'{"CANARY":CANARY}', b'{"id":"CANARY\xff"}', b'{"id":"\\CANARY"}'):
        found = decode(Written(broken))
        assert isinstance(found, Rejected)
        assert "CANARY" not in found.detail


def test_an_event_without_id_has_one_made_of_its_content() -> None:
    """Order of keys and whitespace do not matter; entity, name, time and every value do."""
    first = read(written(id=...))
    reordered = dict(reversed(PLAIN["properties"].items()))
    assert read(Written(compact({**PLAIN, "id": None, "properties": reordered}))).id == first.id
    assert len(first.id) == 32
    others = [
        written(b"u2", id=..., user_id="u2"),
        written(id=..., type="other"),
        written(id=..., occurred_at="2026-03-04T10:00:00.124Z"),
        written(id=..., properties={**PLAIN["properties"], "seats": 3.0}),
        written(id=..., properties={}),
    ]
    assert len({first.id, *(read(other).id for other in others)}) == 6


def test_without_id_and_time_the_arrival_tells_events_apart() -> None:
    """The occurred time is then the arrival."""
    record = written(id=..., occurred_at=...)
    assert read(record).id == content_id("u1", "feature_used", ARRIVAL_MS, read(record).properties)
    assert read(record).id != read(record._replace(timestamp=ARRIVAL_MS + 1)).id


def test_the_id_made_of_content_never_changes() -> None:
    """A replay by a later version must find the same ids."""
    properties = b'{"b":[1e5,1.00,-0.0,1e22,12345678901234567],"a":{"z":null,"y":"\\u00e9"},"c":1e999}'
    content = [
        "u1",
        "t",
        5,
        {"a": {"y": "é", "z": None}, "b": [1e5, 1.0, -0.0, 1e22, 12345678901234567], "c": float_info.max},
    ]
    assert content_id("u1", "t", 5, properties) == blake2b(msgpack.encode(content), digest_size=16).hexdigest()
    assert content_id("u1", "t", 5, properties) == "5ef18a5128cf99af9cf01768f9a29976"
    wide = msgpack.encode(["u1", "t", 5, {"a": [2.0**64]}])
    assert content_id("u1", "t", 5, b'{"a":[18446744073709551616]}') == blake2b(wide, digest_size=16).hexdigest()


@settings(max_examples=400)
@given(records(Fields()))
def test_the_fast_way_agrees_with_the_careful_one(record: Written) -> None:
    """Law: for every record, the fast way gives what the careful one gives."""
    agree(Fields(), record)


@settings(max_examples=200)
@given(records(SHORT))
def test_the_fast_way_agrees_under_short_names(record: Written) -> None:
    """The same where a second member of a name takes the fewest bytes."""
    agree(SHORT, record)


@settings(max_examples=100)
@given(records(ODD))
def test_the_fast_way_agrees_under_odd_names(record: Written) -> None:
    """The same for names that JSON can write in several ways."""
    agree(ODD, record)


def agree(fields: Fields, record: Written) -> None:
    """Both ways give the same, and what they accept can be read."""
    expected = make_careful_decode(fields)(record)
    event(expected.reason if isinstance(expected, Rejected) else "accepted")
    assert make_decode(fields)(record) == expected
    if isinstance(expected, Event):
        expected.read_properties()
        assert expected.entity_id.encode() == record.key
