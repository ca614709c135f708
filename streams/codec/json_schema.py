"""Models -> JSON Schema: what producers, consumers and editors are given, one file each, committed in schemas/json.

A model is published by adding it to PUBLISHED. Does not know: where the files are written.
"""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from schemas.event import Event
from schemas.journal import JournalRecord
from schemas.journey import Journey
from schemas.member import Member
from schemas.rejection import Rejection
from schemas.transition import Transition

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class AsDeclared(GenerateJsonSchema):
    """Keys stay in the order of the model, which is that of the records."""

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:  # noqa: ARG002  # as given
        """No sorting."""
        return value


class Published(NamedTuple):
    """A model for the world. mode: validation if we read it, serialization if we write it."""

    name: str
    title: str
    model: Any  # a model or a union of models
    mode: Literal["validation", "serialization"]


PUBLISHED = (
    Published("event", "Event", Event, "validation"),
    Published("journal", "Journal record", JournalRecord, "serialization"),
    Published("journey", "Journey file", Journey, "validation"),
    Published("member", "Member", Member, "serialization"),
    Published("rejection", "Headers of a rejected record", Rejection, "serialization"),
    Published("transition", "Transition", Transition, "serialization"),
)


def generate() -> dict[str, str]:
    """File name -> its text."""
    return {f"{published.name}.schema.json": _text(published) for published in PUBLISHED}


def _text(published: Published) -> str:
    schema = TypeAdapter(published.model).json_schema(by_alias=True, mode=published.mode, schema_generator=AsDeclared)
    return json.dumps({"$schema": DIALECT, **schema, "title": published.title}, indent=2, ensure_ascii=False) + "\n"
