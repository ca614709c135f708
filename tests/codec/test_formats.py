"""What other envelopes say is the event that a plain one would say, and what they lack is told by their own names."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from streams.codec.careful import MAX_BYTES, Fields, content_id
from streams.codec.envelope import make_decode
from streams.codec.formats import FIELDS, Format, make_reader
from streams.partition.records import Event, Rejected
from tests.codec.payloads import ARRIVAL_MS, PLAIN, Written, records

OCCURRED_MS = ARRIVAL_MS + 123
TIME = "2026-03-04T10:00:00.123Z"
PROPERTIES = PLAIN["properties"]
SAID = json.dumps(PROPERTIES).encode()

CLOUD: dict[str, Any] = {
    "specversion": "1.0", "id": "e1", "source": "/shop", "type": "feature_used", "subject": "u1", "accountid": "a1",
    "time": TIME, "datacontenttype": "application/json", "data": PROPERTIES,
}  # fmt: skip
TRACK: dict[str, Any] = {
    "type": "track", "event": "feature_used", "userId": "u1", "anonymousId": "x", "messageId": "e1", "timestamp": TIME,
    "context": {"groupId": "a1", "library": {"name": "analytics.js"}}, "properties": PROPERTIES,
}  # fmt: skip
CAPTURE: dict[str, Any] = {
    "uuid": "e1", "event": "feature_used", "distinct_id": "u1", "timestamp": TIME,
    "properties": {**PROPERTIES, "$groups": {"company": "a1", "project": "p1"}},
}  # fmt: skip
SPOKEN: dict[Format, dict[str, Any]] = {"cloudevents": CLOUD, "segment": TRACK, "posthog": CAPTURE}


def said(form: Format, key: bytes | None = b"u1", **changes: Any) -> Written:
    """The usual record of the format with some members changed; `...` takes one out."""
    members = {name: value for name, value in {**SPOKEN[form], **changes}.items() if value is not ...}
    return Written(json.dumps(members).encode(), key)


def binary(*more: tuple[str, bytes], value: bytes | None = SAID, **changes: str) -> Written:
    """The usual CloudEvent with its attributes as headers; an empty text takes one out."""
    attributes = {name: text for name, text in CLOUD.items() if name != "data"} | changes
    headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items() if text]
    return Written(value, headers=(("trace", b"\xff"), *headers, *more))


def read(form: Format, record: Written) -> Event:
    """The event of a record that is accepted."""
    found = make_reader(form, FIELDS[form])(record)
    assert isinstance(found, Event), found
    return found


def refused(form: Format, record: Written) -> tuple[str, str]:
    """Reason and detail of a record that is not."""
    found = make_reader(form, FIELDS[form])(record)
    assert isinstance(found, Rejected), found
    return found.reason, found.detail


@pytest.mark.parametrize(
    ("form", "record", "event_id"),
    [
        ("cloudevents", said("cloudevents"), "e1 /shop"),
        ("cloudevents", binary(), "e1 /shop"),
        ("segment", said("segment"), "e1"),
        ("posthog", said("posthog"), "e1"),
    ],
)
def test_the_same_event_in_each_format(form: Format, record: Written, event_id: str) -> None:
    """Who, what, when, for whom, and with which properties."""
    found = read(form, record)
    assert (found.id, found.type, found.entity_id, found.account_id) == (event_id, "feature_used", "u1", "a1")
    assert found.occurred == OCCURRED_MS
    assert found.read_properties().items() >= PROPERTIES.items()


@given(records(Fields()))
def test_plain_is_the_plain_envelope(record: Written) -> None:
    """With the names of the settings."""
    assert make_reader("plain", FIELDS["plain"])(record) == make_decode(Fields())(record)


@pytest.mark.parametrize("form", SPOKEN)
def test_the_members_of_a_format_may_have_other_names(form: Format) -> None:
    """A user may stand in another member than usual."""
    fields = replace(FIELDS[form], entity_id="customer")
    found = make_reader(form, fields)(said(form, b"c7", customer="c7"))
    assert isinstance(found, Event)
    assert found.entity_id == "c7"


# -- CloudEvents
def test_the_same_id_of_two_sources_names_two_events() -> None:
    """Only together they are unique, says the specification."""
    ids = [
        read("cloudevents", said("cloudevents", id=i, source=s)).id for i, s in (("1", "/a"), ("1", "/b"), (1, "/a"))
    ]
    assert ids[0] != ids[1]
    assert ids[0] == ids[2]


@pytest.mark.parametrize("value", [b"", b" \n", b"{}"])
def test_a_binary_event_without_data_has_no_properties(value: bytes) -> None:
    """As a structured one without the member."""
    assert read("cloudevents", binary(value=value)).read_properties() == {}
    assert read("cloudevents", said("cloudevents", data=...)).read_properties() == {}


@pytest.mark.parametrize(
    ("reason", "detail", "record"),
    [
        ("missing_field", "specversion is missing", said("cloudevents", specversion=...)),
        ("missing_field", "specversion is missing", binary(specversion="")),
        ("missing_field", "source is missing", said("cloudevents", source=...)),
        ("missing_field", "id is missing", said("cloudevents", id=None)),
        ("missing_field", "subject is missing", binary(subject="")),
        ("wrong_type", "specversion is not 1.0", said("cloudevents", specversion="0.3")),
        ("wrong_type", "data_base64 is no object", said("cloudevents", data=..., data_base64="e30=")),
        ("wrong_type", "data is no object", said("cloudevents", data="<xml/>")),
        ("wrong_type", "source is no string and no 64-bit integer", said("cloudevents", source=["/shop"])),
        ("bad_timestamp", "", binary(time="yesterday")),
        ("key_mismatch", "the record key is not subject", said("cloudevents", b"u2")),
        ("not_an_object", "", binary(value=None)),
        ("not_an_object", "", binary(value=b"[1]")),
        ("not_json", "", binary(value=b"<xml/>")),
        ("not_json", "", binary(value=b'{"a":1},"subject":"u2"')),
        ("not_json", "ce_id stands there more than once", binary(("ce_id", b"e2"))),
        ("not_json", "ce_color is not UTF-8", binary(("ce_color", b"\xff"))),
        ("too_deep", "", binary(value=b"[" * 100_000)),
        ("too_large", "", binary(value=b'{"a":"' + b"x" * MAX_BYTES + b'"}')),
    ],
)
def test_a_cloud_event_that_is_none(reason: str, detail: str, record: Written) -> None:
    """By the attribute that is at fault."""
    found = refused("cloudevents", record)
    assert found[0] == reason
    assert detail in found[1]


# -- Segment
def test_identify_and_group_bring_their_traits() -> None:
    """Under the name of the call; a group is an account. Pages are events that a journey may or may not know."""
    traits = {"email": "ada@example.org", "plan": "pro"}
    identify = read("segment", said("segment", type="identify", event=..., properties=..., traits=traits))
    assert (identify.type, identify.account_id, identify.read_properties()) == ("identify", "a1", traits)
    group = read("segment", said("segment", type="group", event=..., groupId="a2", traits={"seats": 3}))
    assert (group.type, group.account_id, group.read_properties()) == ("group", "a2", {"seats": 3})
    page = read("segment", said("segment", type="page", event=..., context=...))
    assert (page.type, page.account_id, page.read_properties()) == ("page", None, PROPERTIES)


def test_a_call_without_an_id_has_one_made_of_what_it_says() -> None:
    """The event's name, not that of the call."""
    found = read("segment", said("segment", messageId=...))
    assert found.id == content_id("u1", "feature_used", OCCURRED_MS, SAID)


@pytest.mark.parametrize(
    ("reason", "detail", "record"),
    [
        ("missing_field", "userId is missing", said("segment", userId=...)),
        ("missing_field", "type is missing", said("segment", type=...)),
        ("missing_field", "event is missing", said("segment", event=...)),
        ("wrong_type", "event is no string", said("segment", type=7)),
        ("wrong_type", "traits is no object", said("segment", type="identify", traits=[])),
        ("wrong_type", "groupId is no string", said("segment", context={"groupId": {}})),
        ("key_mismatch", "the record key is not userId", said("segment", b"x")),
        ("not_json", "event stands there", Written(said("segment").value[:-1] + b',"event":"other"}')),  # type: ignore[index]
        ("not_an_object", "", Written(None)),
    ],
)
def test_a_call_that_is_none(reason: str, detail: str, record: Written) -> None:
    """By the member that is at fault."""
    found = refused("segment", record)
    assert found[0] == reason
    assert detail in found[1]


# -- PostHog
def test_what_is_said_about_a_person_or_a_group_is_what_such_a_capture_brings() -> None:
    """In its `$set` and `$group_set`."""
    person = {"email": "ada@example.org"}
    for name in ("$identify", "$set"):
        found = read("posthog", said("posthog", event=name, properties={"$set": person, "$groups": "none"}))
        assert (found.type, found.account_id, found.read_properties()) == (name, None, person)
    said_of_group = {"$group_type": "company", "$group_key": "a2", "$group_set": {"seats": 3}}
    found = read("posthog", said("posthog", event="$groupidentify", properties=said_of_group))
    assert (found.account_id, found.read_properties()) == ("a2", {"seats": 3})
    found = read("posthog", said("posthog", event="$groupidentify", properties={**said_of_group, "$group_type": "x"}))
    assert found.account_id is None


def test_the_account_is_the_group_of_the_type_that_is_named() -> None:
    """A product may have more than one."""
    found = make_reader("posthog", replace(FIELDS["posthog"], account_id="project"))(said("posthog"))
    assert isinstance(found, Event)
    assert found.account_id == "p1"


def test_older_libraries_say_who_among_the_properties() -> None:
    """And nowhere else."""
    assert read("posthog", said("posthog", distinct_id=..., properties={"distinct_id": "u1"})).entity_id == "u1"


@pytest.mark.parametrize(
    ("reason", "detail", "record"),
    [
        ("missing_field", "distinct_id is missing", said("posthog", distinct_id=..., properties=...)),
        ("missing_field", "event is missing", said("posthog", event=...)),
        ("wrong_type", "properties is no object", said("posthog", properties=[])),
        ("wrong_type", "$set is no object", said("posthog", event="$set", properties={"$set": "x"})),
        ("bad_timestamp", "timestamp", said("posthog", timestamp="2026-03-04 10:00:00")),
        ("key_mismatch", "the record key is not distinct_id", said("posthog", None)),
    ],
)
def test_a_capture_that_is_none(reason: str, detail: str, record: Written) -> None:
    """By the member that is at fault."""
    found = refused("posthog", record)
    assert found[0] == reason
    assert detail in found[1]


@pytest.mark.parametrize("form", SPOKEN)
def test_no_content_of_a_record_is_told(form: Format) -> None:
    """Details name members."""
    for name in SPOKEN[form]:
        found = make_reader(form, FIELDS[form])(said(form, b"u1", **{name: ["CANARY"]}))
        assert not isinstance(found, Rejected) or "CANARY" not in found.detail
