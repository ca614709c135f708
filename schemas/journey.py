"""A journey file: what product people write down and review. language.md sections 1 to 4.

Decides: which sections a file has, which keys stand in each, which are required.
Does not know: whether the names in it exist, lines, YAML. `streams.language` asks that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Discriminator,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    StringConstraints,
    Tag,
    model_validator,
)

from schemas.conditions import (
    Anchor,
    AnchorOrName,
    AtLeastOne,
    Condition,
    Constant,
    Constants,
    Duration,
    Frozen,
    Name,
    Sequence,
    Text,
    Timestamp,
    kind_of,
)

JOURNEY_NAME = r"^[a-z][a-z0-9_-]*$"
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
RULE_SECTIONS = ("milestones", "segments", "dropoffs")
ValueType = Literal["string", "number", "boolean", "timestamp"]


class Goal(Frozen):
    """The one number that the journey is there to move."""

    kpi: Text
    direction: Literal["up", "down"] | None = None


class Time(Frozen):
    """How long corrections are possible, and since when (RFC 3339 with offset) the log is complete."""

    allowed_lateness: Duration = "24h"
    history_from: Timestamp | None = None


class Event(Frozen):
    """A catalogued event. `sets` copies properties of that name, or maps an attribute to a constant or `$property`."""

    aliases: Sequence[Text] = ()
    begins: bool = False
    properties: Mapping[Name, ValueType] = {}
    sets: Annotated[
        Annotated[Sequence[Text], Tag("(list)")] | Annotated[Mapping[Text, Constant | None], Tag("(mapping)")],
        Discriminator(kind_of),
    ] = ()


class Attribute(Frozen):
    """A fact about the entity that events set; `otherwise` replaces what is outside `values`."""

    type: ValueType
    values: Constants | None = None
    default: Constant | None = None
    otherwise: Constant | None = None
    pii: bool = False


class Milestone(Frozen):
    """Achieved once, when its condition first holds."""

    when: Condition
    activation: bool = False


class Segment(Frozen):
    """The entity is in it while `when` holds, or from `when` until `until`; one member of a group at a time."""

    when: Condition
    until: Condition | None = None
    group: Name | None = None
    priority: int | None = None


class Dropoff(Frozen):
    """`expect` did not come true within a time after the anchor. `edge`: the two milestones it lies between."""

    after: AnchorOrName
    within: Duration
    expect: Condition
    only_if: Condition | None = Field(None, alias="if")
    edge: Annotated[Sequence[Text], Field(min_length=2, max_length=2)] | None = None


class Message(Frozen):
    """What is sent, when, and where."""

    type: Text | None = None
    timing: Text | None = None
    channel: Text | None = None


class Motions(Frozen):
    """What each function does about it."""

    sales_play: Text | None = None
    nurture_track: Text | None = None
    expansion_trigger: Text | None = None
    churn_intervention: Text | None = None


class Plan(Frozen):
    """What a segment or a drop-off is for. `next`: the milestone it should lead to."""

    why: Text | None = None
    next: Text | None = None
    owner: Text | None = None
    message: (
        Annotated[
            Annotated[Literal["none"], Tag("(text)")] | Annotated[Message, Tag("(mapping)")], Discriminator(kind_of)
        ]
        | None
    ) = None
    cooldown: Duration | None = None
    motions: Motions | None = None


class Journey(Frozen):
    """One journey file."""

    journey: Annotated[str, StringConstraints(pattern=JOURNEY_NAME)]
    version: AtLeastOne
    entity: Literal["user"]
    title: Text | None = None
    owner: Text | None = None
    goal: Goal | None = None
    review_by: Annotated[str, StringConstraints(pattern=DATE)] | None = None
    time: Time = Field(default_factory=Time)
    events: Mapping[Name, Event]
    attributes: Mapping[Name, Attribute] = {}
    population: Condition | None = None
    anchors: Mapping[Name, Anchor] = {}
    milestones: Mapping[Name, Milestone] = {}
    segments: Mapping[Name, Segment] = {}
    dropoffs: Mapping[Name, Dropoff] = {}
    path: Sequence[Text] = ()
    plans: Mapping[Text, Plan] = {}

    _sections: tuple[str, ...] = PrivateAttr(default=RULE_SECTIONS)

    @model_validator(mode="wrap")
    @classmethod
    def _keep_order(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        journey = handler(data)
        if isinstance(data, Mapping):
            journey._sections = tuple(key for key in data if key in RULE_SECTIONS)  # noqa: SLF001 - its own
        return journey

    @property
    def sections(self) -> tuple[str, ...]:
        """The sections of rules in the order in which they stand in the file: ties between rules are decided by it."""
        return self._sections
