"""The words of a condition: leaf types, tests, anchors, and the operators of language.md section 3.

Decides: which keys an operator has and what may stand there, as far as one key can be judged alone.
Does not know: which names a file declares, which keys exclude each other, what a condition means.

A union is told apart by its operator key (or by text against mapping), never by trying one member after another;
tags stand in brackets so that no key of a file can be mistaken for one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Strict, StringConstraints, Tag

NAME = r"^[a-z][a-z0-9_]*$"
# At most some ten thousand years in every unit: no sum of instants and durations comes near 2^53 ms.
DURATION = r"^0*[1-9]([0-9]{0,14}ms|[0-9]{0,11}s|[0-9]{0,9}m|[0-9]{0,8}h|[0-9]{0,6}d)$"

TIMESTAMP = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"

Name = Annotated[str, StringConstraints(pattern=NAME)]
Text = Annotated[str, StringConstraints(min_length=1)]
Duration = Annotated[str, StringConstraints(pattern=DURATION)]
Timestamp = Annotated[str, StringConstraints(pattern=TIMESTAMP)]
Bound = Annotated[int, Field(ge=0)]
AtLeastOne = Annotated[int, Field(ge=1)]
Number = int | float
_T = TypeVar("_T")
Sequence = Annotated[tuple[_T, ...], Strict(strict=False)]  # a list becomes a tuple; what is in it stays strict


def _never_null(schema: dict[str, Any]) -> None:
    """A key that may be absent is None in the model; a null in a file is refused, so no editor shall offer it."""
    for key, value in schema.get("properties", {}).items():
        if value.get("default", ...) is None:
            given, _ = value.pop("anyOf")
            del value["default"]
            schema["properties"][key] = {**value, **given}


class Frozen(BaseModel):
    """Nothing is coerced, an unknown key is refused, and what was read is never changed."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", json_schema_extra=_never_null)


def kind_of(value: Any) -> str | None:
    """The tag of a constant, a text, a list or a mapping."""
    match value:
        case bool():
            return "(boolean)"
        case str():
            return "(text)"
        case int() | float():
            return "(number)"
        case list() | tuple():
            return "(list)"
        case Mapping() | BaseModel():
            return "(mapping)"
    return None


def by_operator(models: Mapping[str, type[Frozen]], text: str | None = None) -> Callable[[Any], str | None]:
    """A discriminator by operator key. A text has the tag `text`; without exactly one operator there is none."""

    def tag(value: Any) -> str | None:
        if isinstance(value, Mapping):
            found = [key for key in models if key in value]
            return f"({found[0]})" if len(found) == 1 else None
        if isinstance(value, str):
            return text
        return next((f"({key})" for key, model in models.items() if isinstance(value, model)), None)

    return tag


Constant = Annotated[
    Annotated[bool, Tag("(boolean)")] | Annotated[Number, Tag("(number)")] | Annotated[str, Tag("(text)")],
    Discriminator(kind_of),
]
Constants = Annotated[Sequence[Constant], Field(min_length=1)]
Limit = Annotated[Annotated[Number, Tag("(number)")] | Annotated[str, Tag("(text)")], Discriminator(kind_of)]
Texts = Annotated[Sequence[Text], Field(min_length=1)]
TextOrTexts = Annotated[Annotated[Text, Tag("(text)")] | Annotated[Texts, Tag("(list)")], Discriminator(kind_of)]
Events = TextOrTexts


# -- tests -------------------------------------------------------------------------------------------------------------
class Tests(Frozen):
    """What a property or an attribute has to be: all of the tests that are given."""

    is_: Constant | None = Field(None, alias="is")
    in_: Constants | None = Field(None, alias="in")
    at_least: Limit | None = None
    less_than: Limit | None = None
    starts_with: TextOrTexts | None = None
    ends_with: TextOrTexts | None = None
    known: bool | None = None


BareOrTests = Annotated[
    Annotated[bool, Tag("(boolean)")]
    | Annotated[Number, Tag("(number)")]
    | Annotated[str, Tag("(text)")]
    | Annotated[Tests, Tag("(mapping)")],
    Discriminator(kind_of),
]
Where = Mapping[Text, BareOrTests]


# -- anchors -----------------------------------------------------------------------------------------------------------
class First(Frozen):
    """The first such event of the entity."""

    first: Events
    where: Where = {}


class Last(Frozen):
    """The newest such event of the entity."""

    last: Events
    where: Where = {}


class Achieved(Frozen):
    """When a milestone was achieved."""

    achieved: Text


class Entered(Frozen):
    """When the entity last entered a segment."""

    entered: Text


class DroppedAt(Frozen):
    """When a drop-off last happened."""

    dropped: Text


class Changed(Frozen):
    """The newest instant at which an attribute's value became another one."""

    changed: Text
    to: Constant | None = None
    source: Constant | None = Field(None, alias="from")


class Date(Frozen):
    """The date that an attribute holds; it may lie in the future."""

    attribute: Text


ANCHORS: Mapping[str, type[Frozen]] = {
    "first": First,
    "last": Last,
    "achieved": Achieved,
    "entered": Entered,
    "dropped": DroppedAt,
    "changed": Changed,
    "attribute": Date,
}
AnyAnchor = (
    Annotated[First, Tag("(first)")]
    | Annotated[Last, Tag("(last)")]
    | Annotated[Achieved, Tag("(achieved)")]
    | Annotated[Entered, Tag("(entered)")]
    | Annotated[DroppedAt, Tag("(dropped)")]
    | Annotated[Changed, Tag("(changed)")]
    | Annotated[Date, Tag("(attribute)")]
)
Anchor = Annotated[AnyAnchor, Discriminator(by_operator(ANCHORS), "anchor", "an anchor")]
AnchorOrName = Annotated[
    AnyAnchor | Annotated[Text, Tag("(name)")],
    Discriminator(by_operator(ANCHORS, "(name)"), "anchor", "an anchor, or the name of one"),
]


# -- conditions --------------------------------------------------------------------------------------------------------
class Count(Frozen):
    """Compares the number of matching events, or of different values of a property, with a bound."""

    count: Events
    where: Where = {}
    distinct: Text | None = None
    since: AnchorOrName | None = None
    slack: Duration | None = None
    reset_by: Events | None = None
    last: Duration | None = None
    at_least: AtLeastOne | None = None
    at_most: Bound | None = None


class Open(Frozen):
    """Compares the number of values of a property that are open (begun and not ended) with a bound."""

    open: Events
    closed_by: Events
    by: Text
    older_than: Duration | None = None
    at_least: AtLeastOne | None = None
    at_most: Bound | None = None


class Elapsed(Frozen):
    """From `at_least` after the anchor on, until `less_than` after it."""

    elapsed: AnchorOrName
    at_least: Duration | None = None
    less_than: Duration | None = None


class Ahead(Frozen):
    """A date lies ahead by at most `less_than`."""

    ahead: AnchorOrName
    less_than: Duration


class Has(Tests):
    """The attribute satisfies the tests."""

    attribute: Text


class InMilestone(Frozen):
    """The milestone is achieved."""

    milestone: Text


class InSegment(Frozen):
    """The entity is in the segment."""

    segment: Text


class Dropped(Frozen):
    """The drop-off is open."""

    dropped: Text


class All(Frozen):
    """All parts hold."""

    all: Annotated[Sequence[Condition], Field(min_length=1)]


class AnyOf(Frozen):
    """At least one part holds, or `at_least` of them."""

    any: Annotated[Sequence[Condition], Field(min_length=1)]
    at_least: Bound | None = None


class Not(Frozen):
    """The part does not hold."""

    not_: Condition = Field(alias="not")


CONDITIONS: Mapping[str, type[Frozen]] = {
    "count": Count,
    "open": Open,
    "elapsed": Elapsed,
    "ahead": Ahead,
    "attribute": Has,
    "milestone": InMilestone,
    "segment": InSegment,
    "dropped": Dropped,
    "all": All,
    "any": AnyOf,
    "not": Not,
}
Condition = Annotated[
    Annotated[Count, Tag("(count)")]
    | Annotated[Open, Tag("(open)")]
    | Annotated[Elapsed, Tag("(elapsed)")]
    | Annotated[Ahead, Tag("(ahead)")]
    | Annotated[Has, Tag("(attribute)")]
    | Annotated[InMilestone, Tag("(milestone)")]
    | Annotated[InSegment, Tag("(segment)")]
    | Annotated[Dropped, Tag("(dropped)")]
    | Annotated[All, Tag("(all)")]
    | Annotated[AnyOf, Tag("(any)")]
    | Annotated[Not, Tag("(not)")],
    Discriminator(by_operator(CONDITIONS), "condition", "a condition"),
]
for _model in (All, AnyOf, Not):
    _model.model_rebuild()
