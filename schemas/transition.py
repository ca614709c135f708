"""A transition: one row of what a journey says about an entity (outputs.md section 3), as published in JSON.

Decides: the members, their order and their types. Does not know: when something changes (streams.engine), how records
are written fast (streams.codec.transition, held to this model by a test).
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

RuleType = Literal["milestone", "segment", "dropoff"]
Kind = Literal["achieved", "entered", "exited", "dropped_off", "recovered", "withdrawn"]
Cause = Literal["event", "time", "deadline", "late_event", "population", "definition_change"]
Instant = Annotated[
    str,
    Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$", json_schema_extra={"format": "date-time"}),
]
Names = tuple[str, ...]

EXAMPLE: JsonDict = {
    "transition_id": "5f0c3a9b7d2e4f61a8c05b9e7d3f1a24",
    "revision": 0,
    "retracted": False,
    "journey": "b2b-trial",
    "version": 1,
    "entity_type": "user",
    "entity_id": "u1",
    "account_id": "a1",
    "rule": "stalled",
    "rule_type": "dropoff",
    "kind": "dropped_off",
    "episode": 1,
    "from": None,
    "to": None,
    "edge": ["setup_done", "key_feature"],
    "effective_at": "2026-03-04T10:00:00.000Z",
    "decided_at": "2026-03-04T10:00:00.512Z",
    "cause": "deadline",
    "evidence": {"anchor_at": "2026-03-02T10:00:00.000Z", "event_ids": ["e1"]},
    "last_reached": "setup_done",
    "missing": ["created_segment", "launched_campaign", "onboarded"],
    "seconds_in_previous": 172800,
    "cohort": "2026-W10",
    "complete": True,
    "also_matched": [],
}


class Evidence(BaseModel):
    """What the decision rests on."""

    model_config = ConfigDict(frozen=True, strict=True)

    anchor_at: Instant | None = Field(description="when the rule's anchor happened; null if it has none")
    event_ids: Names = Field(max_length=8, description="the events of the step that decided")


class Transition(BaseModel):
    """Read the topic with read_committed and upsert by `transition_id`: the newest `revision` wins.

    `retracted` true: an event came late, and the row has turned out not to hold; a later revision may bring it back.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        json_schema_extra={"examples": [EXAMPLE]},
    )

    transition_id: str = Field(
        pattern=r"^[0-9a-f]{32}$", description="hash of journey, entity, rule, kind and episode; independent of times"
    )
    revision: int = Field(ge=0, description="0 at first, one more whenever the row changes")
    retracted: bool
    journey: str
    version: int = Field(ge=1, description="of the journey file")
    entity_type: str
    entity_id: str
    account_id: str | None = Field(description="of the event that caused it, else the last one seen")
    rule: str = Field(description="name of the milestone, segment or drop-off")
    rule_type: RuleType
    kind: Kind
    episode: int = Field(ge=1, description="counted from 1: the first, second, ... time")
    from_: str | None = Field(alias="from", description="segment of the same group that it came from")
    to: str | None = Field(description="segment of the same group that it went to")
    edge: tuple[str, str] | None = Field(description="of a drop-off: between which milestones")
    effective_at: Instant = Field(description="when it became true")
    decided_at: Instant = Field(description="how far the log had been read when it was decided")
    cause: Cause = Field(
        description="an event at that instant, time alone, a drop-off's deadline, a late event that changed the past, "
        "entering or leaving the population, or a new version of the journey"
    )
    evidence: Evidence
    last_reached: str | None = Field(description="the last milestone of the path that is achieved")
    missing: Names = Field(description="the milestones of the path that are not achieved")
    seconds_in_previous: Annotated[int, Field(ge=0)] | Annotated[float, Field(ge=0)] | None = Field(
        description="since the previous transition of the same rule or group; null if there is none"
    )
    cohort: str = Field(pattern=r"^\d{4}-W\d{2}$", description="ISO week (UTC) in which the entity began")
    complete: bool = Field(description="false: it may have become true before the log begins")
    also_matched: Names = Field(description="segments of the group that held too and have a lower priority")
