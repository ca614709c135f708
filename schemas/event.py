"""An event as a producer writes it: the plain envelope (outputs.md section 1).

Decides: which members an event has and of what type, under their default names (the setting `source.fields` maps them).
Does not know: sizes in bytes, arrival, the record key; `streams.codec` checks those and never needs this model.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

# Text without control characters, or a number that is taken as its decimal text.
Id = (
    Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
    | Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
)

EXAMPLE: JsonDict = {
    "id": "01JNF8Z4Q2M6V7T9X3C5B8N1KD",
    "type": "feature_used",
    "user_id": "u1",
    "account_id": "a1",
    "occurred_at": "2026-03-04T10:00:00.000Z",
    "properties": {"feature": "dashboards", "outcome": "ok"},
}


class Event(BaseModel):
    """Something that a user did. The record key is the user's id in UTF-8. Other members are allowed and ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_extra={"examples": [EXAMPLE]})

    id: Id | None = Field(
        None,
        description="the same for every copy of the event; ULID or UUIDv7 keep the order within a millisecond. Without "
        "one, events of the same user, type, time and properties are the same event",
    )
    type: str = Field(description="the event's name; one that no journey knows is counted and leaves no trace")
    user_id: Id = Field(description="who")
    account_id: Id | None = Field(None, description="for whom, in business to business")
    occurred_at: AwareDatetime | None = Field(
        None, description="RFC 3339 with an offset, within 1971 to 9999; without it the time of the record is taken"
    )
    properties: Mapping[str, JsonValue] | None = Field(
        None, description="what journeys may test and copy; never published"
    )
