"""The journal of an input partition: what decided the output and is not in the log (time.md section 6).

Input log + journal + the files named by hash = everything. Offsets are those of the input partition; `before` an offset
means: after the record in front of it, and before the record at it. Does not know: how records are written down.
"""

from pydantic import BaseModel, ConfigDict, Field

from schemas.rejection import Reason

BEFORE = "it holds from here on: the offset of the next input record to be read"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class ClockRecord(_Record):
    """Ticks have moved the clock of the partition."""

    before: int = Field(ge=0, description=BEFORE, examples=[4711])
    clock: int = Field(ge=0, description="the clock, ms since the epoch", examples=[1772618400000])


class DefinitionsRecord(_Record):
    """Other journeys or settings interpret the log from here on."""

    before: int = Field(ge=0, description=BEFORE, examples=[4711])
    definitions: str = Field(description="hash of all journeys", examples=["5f0c6a1e9b2d4c3f8a7e6d5c4b3a2918"])
    settings: str = Field(
        description="hash of the settings that change a result", examples=["0b1c2d3e4f5a69788796a5b4c3d2e1f0"]
    )


class RejectionRecord(_Record):
    """A record was rejected for what the log does not show: the broker's time, an error of the engine."""

    offset: int = Field(ge=0, description="of the rejected input record", examples=[4711])
    rejected: Reason = Field(description="why", examples=["future_timestamp"])


JournalRecord = ClockRecord | DefinitionsRecord | RejectionRecord
