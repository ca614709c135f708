"""When something may change, for the oracle: events, dates, and whatever is a duration away from them.

Decides: at which instants a step is taken. Too many do no harm: "a step at which nothing changes publishes nothing".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.laws.oracle_values import DURATION, Event, Json, duration, timestamp


def durations(part: Json) -> Iterator[int]:
    """Every duration in the journey."""
    if isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from durations(inner)
    elif isinstance(part, str) and DURATION.fullmatch(part):
        yield duration(part)


def _dates(part: Json) -> Iterator[int]:
    """Every timestamp in a journey or in the properties of an event."""
    if isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from _dates(inner)
    elif (at := timestamp(part)) is not None:
        yield at


def instants(journey: Json, events: Sequence[Event], spans: set[int]) -> Iterator[int]:
    """Events and dates, and whatever is a duration away from them; a window may end a millisecond before the log."""
    dates = [*_dates(journey), *(at for e in events for at in _dates(e.properties))]
    since = timestamp(journey.get("time", {}).get("history_from"))
    for at in (*(e.instant for e in events), *dates, *([] if since is None else [since - 1])):
        yield at
        for each in spans:
            yield from (at - each, at + each)
