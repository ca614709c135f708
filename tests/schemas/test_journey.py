"""The JSON Schema of the journey file says to an editor what the reader accepts."""

from __future__ import annotations

import json

from schemas.conditions import ANCHORS, CONDITIONS
from schemas.journey import Journey
from tests.language.small import journey

SCHEMA = Journey.model_json_schema()


def test_keys_are_those_of_the_file() -> None:
    """Not the names that Python needs."""
    definitions = SCHEMA["$defs"]

    assert set(definitions["Dropoff"]["properties"]) == {"after", "within", "expect", "if", "edge"}
    assert set(definitions["Changed"]["properties"]) == {"changed", "to", "from"}
    assert {"is", "in"} < set(definitions["Tests"]["properties"])
    assert definitions["Not"]["required"] == ["not"]


def test_an_operator_is_required_where_it_makes_the_condition_or_the_anchor() -> None:
    """So that no mapping fits two of them."""
    for models in (ANCHORS, CONDITIONS):
        for operator, model in models.items():
            assert operator in SCHEMA["$defs"][model.__name__]["required"]


def test_no_null_is_offered_except_as_a_constant_that_takes_an_attribute_back() -> None:
    """A key that may be absent has no default either, unless that means something."""
    sets = SCHEMA["$defs"]["Event"]["properties"]["sets"]
    others = {**SCHEMA["$defs"], "Event": {}, "Journey": SCHEMA["properties"]}

    assert "null" in json.dumps(sets)
    assert "null" not in json.dumps(others)
    assert SCHEMA["$defs"]["Time"]["properties"]["allowed_lateness"]["default"] == "24h"


def test_a_journey_survives_the_way_through_json() -> None:
    """Lists become tuples, aliases stay."""
    read = journey(population="{not: {attribute: plan, in: [free, pro]}}", path="[begun, ready]")

    assert Journey.model_validate_json(read.model_dump_json(by_alias=True, exclude_none=True)) == read
