"""Conditions read as sentences, and say what would change them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from streams.engine.machine import Machine
from streams.language import compile_journey, read_journey
from streams.replay.explain import explain
from streams.replay.explanation import Node
from streams.replay.runner import OfflineRecord
from streams.replay.watch import Log, from_log
from streams.replay.wording import length, moment

JOURNEY: dict[str, Any] = {
    "journey": "words",
    "version": 1,
    "entity": "user",
    "events": {
        "start": {"begins": True},
        "buy": {"properties": {"item": "string", "due": "timestamp"}, "sets": ["due"]},
        "sell": {"properties": {"item": "string"}},
    },
    "attributes": {"due": {"type": "timestamp"}, "plan": {"type": "string", "default": ""}},
    "anchors": {"begin": {"first": "start"}},
    "milestones": {"done": {"when": {"count": "sell", "at_least": 9}}, "begun": {"when": {"count": ["start", "buy"]}}},
}

LATE_LOG = {"time": {"history_from": "2026-03-02T09:30:00Z"}}


def explained(when: dict[str, Any], more: Mapping[str, Any] | None = None) -> Node:
    """The node of a segment with this condition, one hour after the entity's start and a purchase of a pen."""
    journey = read_journey(json.dumps({**JOURNEY, **(more or {}), "segments": {"s": {"when": when}}}), "words")
    events = [("start", {}), ("buy", {"item": "pen", "due": "2026-03-05T00:00:00Z"})]
    records = [
        OfflineRecord(
            i,
            1_772_442_000_000 + i,
            b"u1",
            json.dumps({"id": f"e{i}", "type": kind, "user_id": "u1", "properties": properties}).encode(),
        )
        for i, (kind, properties) in enumerate(events)
    ]
    known = from_log(Machine([compile_journey(journey)]), "u1", Log(records), 1_772_445_600_000)
    return explain(known, {"words": journey}).journeys[0].groups[0].members[0].when


@pytest.mark.parametrize(
    ("when", "says", "change"),
    [
        (
            {"count": ["buy", "sell"], "where": {"item": {"in": ["pen", "ink"]}}, "at_least": 2},
            "at least 2 buy or sell where item is one of [pen, ink]",
            "needs 1 more buy or sell where item is one of [pen, ink]",
        ),
        (
            {"count": "buy", "distinct": "item", "since": "begin", "last": "2d", "at_least": 3},
            "at least 3 buy with different item since begin in the last 48h",
            "needs 2 more buy with another item before 2026-03-04T09:00:00.001Z, when the oldest leaves the window",
        ),
        (
            {"count": "buy", "reset_by": "sell", "at_most": 0, "last": "90m"},
            "at most 0 buy after the last sell in the last 90m",
            "ends by time passing to 2026-03-02T10:30:00.001Z without another or sell",
        ),
        ({"count": "buy", "at_most": 0}, "at most 0 buy", "nothing can change it any more"),
        (
            {"count": "buy", "since": {"last": "sell"}, "slack": "30s"},
            "at least 1 buy since the last sell or up to 30s before it",
            "the last sell has to come first",
        ),
        (
            {"open": "buy", "closed_by": "sell", "by": "item", "older_than": "3d"},
            "at least 1 item open for 3d or longer (opened by buy, closed by sell)",
            "time passing to 2026-03-05T09:00:00.001Z",
        ),
        (
            {"open": "buy", "closed_by": "sell", "by": "item", "at_most": 0},
            "at most 0 item open (opened by buy, closed by sell)",
            "needs sell for 1 of the values",
        ),
        (
            {"elapsed": {"last": "buy"}, "at_least": "500ms", "less_than": "1m"},
            "at least 500ms and less than 1m since the last buy",
            "needs another buy",
        ),
        ({"elapsed": "begin", "at_least": "4h"}, "at least 4h since begin", "time passing to 2026-03-02T13:00:00.000Z"),
        (
            {"elapsed": {"achieved": "done"}},
            "any time since the achievement of done",
            "the achievement of done has to come first",
        ),
        (
            {"elapsed": {"changed": "due", "to": "2026-03-09T00:00:00Z"}},
            "any time since the last change of due to 2026-03-09T00:00:00.000Z",
            "the last change of due to 2026-03-09T00:00:00.000Z has to come first",
        ),
        (
            {"ahead": {"attribute": "due"}, "less_than": "24h"},
            "the date due is ahead by 24h at most",
            "time passing to 2026-03-04T00:00:00.000Z",
        ),
        (
            {"attribute": "due", "less_than": "2026-03-05T00:00:00Z", "known": True},
            "due is less than 2026-03-05T00:00:00.000Z and is known",
            "due has to change; it is set by buy",
        ),
        ({"attribute": "plan", "starts_with": "pro"}, "plan starts with pro", "plan has to change; no event sets it"),
        (
            {"any": [{"milestone": "done"}, {"attribute": "plan", "is": ""}, {"milestone": "done"}], "at_least": 2},
            "at least 2 of",
            None,
        ),
    ],
)
def test_a_condition_is_a_sentence_and_says_what_would_make_it_true(
    when: dict[str, Any], says: str, change: str | None
) -> None:
    """In the words of the file, with the events, the properties and the names of anchors."""
    node = explained(when)

    assert (node.value, node.says, node.change) == (False, says, change)


def test_a_count_that_may_have_begun_before_the_log_is_unknown_and_says_why() -> None:
    """The entity was not seen to begin after the log began."""
    none = explained({"not": {"count": "sell"}}, LATE_LOG).parts[0]
    first = explained({"elapsed": "begin"}, LATE_LOG)

    assert (none.value, none.change) == (None, "nobody can know: there may be more before the log begins")
    assert (first.value, first.change) == (None, "nobody can know: begin may have come before the log begins")


def test_values_of_a_personal_property_are_hidden() -> None:
    """A property that becomes a personal attribute is as personal as that."""
    personal = {
        "attributes": {"item": {"type": "string", "pii": True}},
        "events": {**JOURNEY["events"], "buy": {"properties": {"item": "string"}, "sets": ["item"]}},
    }
    distinct = explained({"count": "buy", "distinct": "item"}, personal)
    opened = explained({"open": "buy", "closed_by": "sell", "by": "item"}, personal)
    attribute = explained({"attribute": "item", "known": True}, personal)

    assert [x.value for node in (distinct, opened) for x in node.counted] == ["(pii)", "(pii)"]
    assert (attribute.value, attribute.actual) == (True, "(pii)")


def test_durations_and_instants_are_written_as_people_do() -> None:
    """Days from three on; instants with milliseconds, as long as the calendar goes."""
    written = [length(n) for n in (1, 1_000, 90_000, 60_000, 172_800_000, 259_200_000)]

    assert written == ["1ms", "1s", "90s", "1m", "48h", "3d"]
    assert moment(253_402_300_799_999) == "9999-12-31T23:59:59.999Z"
    assert moment(253_402_300_800_000) == "253402300800000 ms after 1970"
