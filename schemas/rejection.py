"""Why a record of the input is no event (outputs.md section 1). A closed set: metrics, topics and journal rely on it.

Decides: the reasons and what each means. Does not know: how they are found out.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Reason = Literal[
    "too_large",
    "not_json",
    "not_an_object",
    "missing_field",
    "wrong_type",
    "bad_timestamp",
    "future_timestamp",
    "key_mismatch",
    "too_deep",
    "engine_error",
]

MEANINGS: Mapping[Reason, str] = MappingProxyType(
    {
        "too_large": "more than 256 KiB, 200 keys in all of the record, or 256 bytes in an id",
        "not_json": "not UTF-8, not RFC 8259 (NaN, Infinity, half a surrogate pair), or two keys for one of the ids",
        "not_an_object": "no value (a tombstone), or JSON that is no object",
        "missing_field": "no entity id or no type, or null in its place",
        "wrong_type": "an id that is no string or 64-bit integer, is empty or has control characters; "
        "a type that is no string; properties that are no object",
        "bad_timestamp": "occurred_at is no RFC 3339 instant with an offset, or the instant lies outside 1971 to 9999",
        "future_timestamp": "occurred after arrival, or arrived after the broker's time, by more than the allowed skew",
        "key_mismatch": "the record key is not the entity id, so the record may lie in another entity's partition",
        "too_deep": "objects and arrays inside each other, more than 32",
        "engine_error": "applying this one record raised, again and again; please report it",
    }
)


class Rejection(BaseModel):
    """The headers of a record in the rejected topic; key and value are the original bytes. Numbers are decimal text."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    reason: Reason = Field(
        alias="journeys-reason",
        description="; ".join(f"{reason}: {meaning}" for reason, meaning in MEANINGS.items()),
        examples=["not_json"],
    )
    topic: str = Field(alias="journeys-topic", description="the input topic", examples=["product.events"])
    partition: int = Field(alias="journeys-partition", ge=0, description="of the input topic", examples=[3])
    offset: int = Field(alias="journeys-offset", ge=0, description="of the original record", examples=[4711])
    timestamp: int = Field(
        alias="journeys-timestamp", description="of the original record, ms since the epoch", examples=[1772618400000]
    )
