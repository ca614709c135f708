"""Where an entity is in a journey now: the value of the compacted topic of members (outputs.md section 2).

A tombstone says: in nothing. Does not know: how a record is written down.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.transition import Instant

SINCE = "name -> since when"


class Member(BaseModel):
    """Current segments, milestones and open drop-offs of one entity in one journey."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    journey: str = Field(examples=["b2b-trial"])
    version: int = Field(ge=1, description="of the journey", examples=[1])
    entity_type: Literal["user"]
    entity_id: str = Field(examples=["u1"])
    segments: dict[str, Instant] = Field(description=SINCE, examples=[{"hello": "2026-03-02T10:00:00.000Z"}])
    groups: dict[str, str | None] = Field(
        description="every group of the journey -> the segment that the entity is in", examples=[{"stage": "hello"}]
    )
    milestones: dict[str, Instant] = Field(
        description="name -> when it was achieved", examples=[{"setup_done": "2026-03-02T10:00:00.000Z"}]
    )
    dropped: dict[str, Instant] = Field(
        description="open drop-offs: " + SINCE, examples=[{"stalled": "2026-03-04T10:00:00.000Z"}]
    )
    complete: bool = Field(description="false: the entity may have a past before the log begins")
    updated_at: Instant = Field(description="when this was decided, by the clock of the log")
