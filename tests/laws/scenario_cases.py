"""Case files for the oracle: which events a feed leaves, and which rows stand in the end. language.md section 7.

Decides: what of a feed is applied (arrivals, the clock, lateness, duplicates, records from the future: time.md sections
1, 2 and 4), in a few lines that share nothing with `streams`.
Does not know: journeys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from tests.laws.oracle_values import Event, Json, duration, timestamp

LINE = re.compile(
    r"(?P<at>\S+) +(?:tick|(?P<entity>\S+) +(?P<type>\w+)"
    r"(?: +(?P<properties>{.*}))?(?: +@(?P<on>\S+))?(?: +#(?P<id>\S+))?)"
)
FIELDS = {"ep": "episode", "from": "source", "to": "to"}


class Case(NamedTuple):
    """expect: what is said of each row that stands in the end. clock: C in the end."""

    name: str
    journey: Json
    only: list[str] | None
    events: Mapping[str, list[Event]]
    clock: int
    expect: list[dict[str, Any]]


def read_yaml(text: str) -> Any:
    """YAML 1.2, core schema: a timestamp is text."""
    yaml = YAML(typ="safe", pure=True)
    yaml.constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)
    return yaml.load(text)


def cases_in(path: Path) -> Iterator[Case]:
    """The cases of a file."""
    content = read_yaml(path.read_text())
    journey = read_yaml((path.parent / content["journey"]).read_text())
    for case in content["cases"]:
        time = {**journey.get("time", {}), **case.get("time", {})}
        own = {**journey, "time": {key: value for key, value in time.items() if value is not None}}
        events, clock = _applied(case["feed"], own["time"])
        yield Case(case["name"], own, case.get("only"), events, clock, _net(case["expect"]))


def _at(text: str) -> int:
    at = timestamp(text if text.endswith("Z") else f"{text}Z")
    assert at is not None, text
    return at


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()


def _applied(feed: str, time: Mapping[str, str]) -> tuple[dict[str, list[Event]], int]:
    """({entity: events that were applied}, the clock in the end)."""
    lateness, skew = duration(time.get("allowed_lateness", "24h")), duration(time.get("future_skew", "5m"))
    clock = -1
    events: dict[str, list[Event]] = {}
    for number, line in _lines(feed):
        match = LINE.fullmatch(line)
        assert match, line
        arrival = _at(match["at"])
        if match["type"] is None:
            clock = max(clock, arrival)
            continue
        occurred = _at(match["on"]) if match["on"] else arrival
        if occurred > arrival + skew:
            continue
        clock = max(clock, arrival - 1)
        instant, own = min(occurred, arrival), events.setdefault(match["entity"], [])
        identity = match["id"] or f"l{number:04d}"
        known = any(e.id == identity and e.instant > clock - lateness for e in own)
        if instant > clock - lateness and not known:
            properties = read_yaml(match["properties"]) if match["properties"] else {}
            own.append(Event(instant, identity, match["type"], properties))
    return events, clock


def _net(expect: str) -> list[dict[str, Any]]:
    """The newest revision of each row, without those that were taken back."""
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for _, line in _lines(expect):
        entity, kind, rule, at, *more = line.split()
        said = {"entity": entity, "kind": kind, "rule": rule, "at": _at(at)}
        options = dict(word.split("=") for word in more if "=" in word)
        said |= {FIELDS[key]: int(value) if key == "ep" else value for key, value in options.items() if key in FIELDS}
        key = (entity, kind, rule, options.get("ep", at if "rev" not in options else ""))
        rows[key] = {**said, "retracted": "retracted" in more}
    return [{key: row[key] for key in row if key != "retracted"} for row in rows.values() if not row["retracted"]]
