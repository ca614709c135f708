"""Input record -> Event or Rejected, for the envelopes that are widely spoken: CloudEvents 1.0, Segment, PostHog.

Each reader says where its format keeps what the plain envelope has in six members; what is accepted there, and the
reason where it is not, are those of `codec.careful`. The names in `source.fields` are those of the format, so an event
whose user stands in another attribute than usual can be read too.
  plain        `codec.envelope`
  cloudevents  the user is the `subject`. Structured, or binary with `ce_` headers and the data as the value. `source`
               and `id` name an event together, so they are the id together
  segment      the name of a `track` call is its `event`, of any other call its `type`; the properties of `identify` and
               `group` are their traits. Anonymous calls have no user
  posthog      the account is the group of the type that `source.fields.account_id` names; the properties of `$identify`
               and `$set` are those that they set on the person, of `$groupidentify` those of the group
Does not know: arrival and clock, who chooses a format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

from streams.codec.careful import (
    Fields,
    Object,
    Refused,
    event_of,
    identifier,
    make_careful_decode,
    member_text,
    read_members,
    value_of,
)
from streams.codec.envelope import PlainReader
from streams.partition.records import Decode, Event, Record

Format = Literal["plain", "cloudevents", "segment", "posthog"]
FIELDS: Mapping[Format, Fields] = MappingProxyType(
    {
        "plain": Fields(),
        "cloudevents": Fields("id", "type", "subject", "accountid", "time", "data"),
        "segment": Fields("messageId", "event", "userId", "groupId", "timestamp", "properties"),
        "posthog": Fields("uuid", "event", "distinct_id", "company", "timestamp", "properties"),
    }
)
CE_PREFIX = "ce_"
CE_VERSION = "1.0"
TRAITS = ("identify", "group")
PERSON = ("$identify", "$set")


def make_reader(form: Format, fields: Fields) -> Decode:
    """The reader of an input in this format, whose members have these names."""
    if form == "plain":
        return PlainReader(fields)
    read = {"cloudevents": cloud_event, "segment": segment_call, "posthog": posthog_capture}[form]
    return make_careful_decode(fields, read)


# -- CloudEvents -------------------------------------------------------------------------------------------------------
def cloud_event(record: Record, fields: Fields) -> Event:
    """Structured or binary (the Kafka protocol binding of CloudEvents 1.0). Raises Refused."""
    attributes = header_attributes(record, fields)
    if attributes:
        value = value_of(record).strip()
        if value:
            read_members(value, ())
        return of_source(record, attributes, fields, lambda: value or b"{}")
    value = value_of(record)
    members = read_members(value, (fields.id, fields.type, fields.entity_id))
    if members.get("data_base64") is not None:
        raise Refused("wrong_type", "data_base64 is no object")
    return of_source(record, members, fields, inside(value, members, fields.properties))


def header_attributes(record: Record, fields: Fields) -> dict[str, Any]:
    """Attributes of a binary event, by name; none if it is a structured one. Raises Refused."""
    found: dict[str, Any] = {}
    for header, raw in record.headers:
        name = header.removeprefix(CE_PREFIX)
        if name == header:
            continue
        if name in found and name in (fields.id, fields.type, fields.entity_id):
            raise Refused("not_json", f"{header} stands there more than once")
        try:
            found[name] = None if raw is None else raw.decode()
        except UnicodeDecodeError:
            raise Refused("not_json", f"{header} is not UTF-8") from None
    return found


def of_source(record: Record, members: Mapping[str, Any], fields: Fields, properties: Callable[[], bytes]) -> Event:
    """The event, with an id that is its own among those of all sources. Raises Refused.

    A space is in no URI, so no two pairs give the same id; and those of one source keep their order.
    """
    version = members.get("specversion")
    if version is not None and version != CE_VERSION:
        raise Refused("wrong_type", f"specversion is not {CE_VERSION}")
    for name in ("specversion", fields.id, "source"):
        if members.get(name) is None:
            raise Refused("missing_field", f"{name} is missing")
    event, source = event_of(record, members, fields, properties), identifier(members, "source")
    event.id = f"{event.id} {source}"
    return event


# -- Segment -----------------------------------------------------------------------------------------------------------
def segment_call(record: Record, fields: Fields) -> Event:
    """A call of the Segment spec, as its libraries send it. Raises Refused."""
    value = value_of(record)
    members = read_members(value, ("type", fields.id, fields.type, fields.entity_id))
    call = members.get("type")
    if call is None:
        raise Refused("missing_field", "type is missing")
    if call != "track":
        members[fields.type] = call
    if members.get(fields.account_id) is None:
        members[fields.account_id] = object_of(members, "context").get(fields.account_id)
    return event_of(record, members, fields, inside(value, members, "traits" if call in TRAITS else fields.properties))


# -- PostHog -----------------------------------------------------------------------------------------------------------
def posthog_capture(record: Record, fields: Fields) -> Event:
    """A single capture of the PostHog API. Raises Refused."""
    value = value_of(record)
    members = read_members(value, (fields.id, fields.type, fields.entity_id))
    name, said = members.get(fields.type), object_of(members, fields.properties)
    path = [fields.properties]
    if members.get(fields.entity_id) is None:  # older libraries say it there
        members[fields.entity_id] = said.get(fields.entity_id)
    members[fields.account_id] = object_of(said, "$groups").get(fields.account_id)
    if name == "$groupidentify":
        path.append("$group_set")
        if said.get("$group_type") == fields.account_id:
            members[fields.account_id] = said.get("$group_key")
    elif name in PERSON:
        path.append("$set")
    return event_of(record, members, fields, inside(value, members, *path))


# -- members -----------------------------------------------------------------------------------------------------------
def object_of(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The members of a member that is an object; none of anything else."""
    found = members.get(name)
    return dict(found) if isinstance(found, Object) else {}


def inside(value: bytes, members: Mapping[str, Any], *path: str) -> Callable[[], bytes]:
    """The text of the object at the end of the path, as it was written; an empty one if it is absent or null.

    members: those of `value`. What is returned raises Refused where something else than an object is on the path.
    """

    def text() -> bytes:
        here, rest = value, members
        for name in path:
            found = rest.get(name)
            if found is None:
                return b"{}"
            if not isinstance(found, Object):
                raise Refused("wrong_type", f"{name} is no object")
            here, rest = member_text(here, name), dict(found)
        return here

    return text
