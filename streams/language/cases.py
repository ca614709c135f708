"""Case files: tables that say which transitions a feed must give (language.md section 7).

A feed is what one partition reads, line by line; an expectation names only the fields that it wants compared.
Does not know: how a case is run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schemas.conditions import DURATION
from streams.engine.values import instant_ms
from streams.language.problems import ProblemsFound
from streams.language.yaml import read_yaml

FEED = re.compile(
    r"(?P<at>\S+)\s+(?:(?P<tick>tick)|(?P<entity>\S+)\s+(?P<event>\w+)"
    r"(?:\s+(?P<properties>\{.*\}))?(?:\s+@(?P<occurred>\S+))?(?:\s+#(?P<id>\S+))?)"
)
OPTIONS = {"ep": "episode", "rev": "revision", "from": "from", "to": "to", "cause": "cause"}
NUMBERS = frozenset({"ep", "rev"})
HISTORY = "history_from"
TIMES = frozenset({"allowed_lateness", HISTORY, "future_skew"})


class CaseError(ValueError):
    """A case file that cannot be read: file, line and what to write instead."""


@dataclass(frozen=True)
class FeedLine:
    """A record, or a tick (event is None). at: its arrival in ms. occurred_at: RFC 3339 in UTC."""

    at: int
    entity: str = ""
    event: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    occurred_at: str = ""
    id: str = ""


@dataclass(frozen=True)
class Case:
    """time: overrides of the journey's `time`, and `future_skew`. only: rules to compare, all if empty.

    expect: one mapping per row, with the fields of the transition record that are to be compared.
    """

    name: str
    time: Mapping[str, Any]
    only: frozenset[str]
    net: bool
    feed: tuple[FeedLine, ...]
    expect: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class CaseFile:
    """A case file as it was read. journey: path of the journey file that it names, which nobody has opened yet."""

    path: Path
    journey: Path
    cases: tuple[Case, ...]


def read_cases(path: Path) -> CaseFile:
    """Raises CaseError; OSError if the file cannot be read."""
    content = _yaml(path.name, path.read_text())
    if not isinstance(content, dict) or set(content) != {"journey", "cases"} or not isinstance(content["cases"], list):
        raise CaseError(f"{path.name}: write `journey: FILE` and `cases: [...]` at the top level")
    cases = tuple(_case(path, n, c) for n, c in enumerate(content["cases"], 1))
    return CaseFile(path, path.parent / str(content["journey"]), cases)


def _yaml(name: str, text: str) -> Any:
    """YAML as journey files are written in it; a timestamp is text."""
    try:
        return read_yaml(text, name).plain()
    except ProblemsFound as found:
        raise CaseError(str(found)) from None


def _case(path: Path, number: int, c: Any) -> Case:
    where = f"{path.name}: case {number}"
    if not isinstance(c, dict) or not {"name", "feed", "expect"} <= set(c):
        raise CaseError(f"{where}: a case has `name`, `feed` and `expect`")
    unknown = set(c) - {"name", "time", "only", "net", "feed", "expect"}
    if unknown:
        raise CaseError(f"{where}: unknown key {', '.join(sorted(unknown))}")
    only = c.get("only") or []
    if not isinstance(only, list):
        raise CaseError(f"{where}: `only` is a list of rules, as in [{only}]")
    feed = tuple(_feed(f"{where}, feed line {n}", n, text) for n, text in _lines(c["feed"]))
    expect = tuple(_expect(f"{where}, expect line {n}", text) for n, text in _lines(c["expect"]))
    time = _time(where, c.get("time") or {})
    return Case(c["name"], time, frozenset(only), bool(c.get("net")), feed, expect)


def _time(where: str, given: Any) -> Mapping[str, str | None]:
    """What a case overrides; None unsets."""
    if not isinstance(given, dict) or not set(given) <= TIMES:
        raise CaseError(f"{where}: `time` overrides {', '.join(sorted(TIMES))} and nothing else")
    found: dict[str, str | None] = {}
    for key, value in given.items():
        text = None if value is None else str(value)
        if key == HISTORY and text is not None and instant_ms(text) is None:
            raise CaseError(f"{where}: time.{key}: {text!r} is no instant; write one as in 2026-01-31T00:00:00Z")
        if key != HISTORY and text is not None and re.fullmatch(DURATION, text) is None:
            raise CaseError(f"{where}: time.{key}: {text!r} is no duration; write one as in 24h")
        found[key] = text
    return found


def _lines(text: Any) -> list[tuple[int, str]]:
    """Numbered lines that are neither empty nor a comment."""
    found = [(n, line.strip()) for n, line in enumerate(str(text or "").splitlines(), 1)]
    return [(n, line) for n, line in found if line and not line.startswith("#")]


def _feed(where: str, number: int, text: str) -> FeedLine:
    m = FEED.fullmatch(text)
    if m is None:
        raise CaseError(
            f"{where}: {text!r} is not `ARRIVAL ENTITY EVENT {{properties}} @OCCURRED #ID` or `ARRIVAL tick`"
        )
    at = instant(where, m["at"])
    if m["tick"]:
        return FeedLine(at)
    properties = _yaml(where, m["properties"]) if m["properties"] else {}
    occurred = (parse(where, m["occurred"]) if m["occurred"] else parse(where, m["at"])).isoformat()
    return FeedLine(at, m["entity"], m["event"], properties, occurred, m["id"] or f"l{number:04d}")


def _expect(where: str, text: str) -> Mapping[str, Any]:
    words = text.split()
    if len(words) < 4:  # noqa: PLR2004
        raise CaseError(f"{where}: {text!r} is not `ENTITY KIND RULE EFFECTIVE [ep=N] [rev=N] ... [retracted]`")
    row: dict[str, Any] = dict(zip(("entity_id", "kind", "rule"), words[:3], strict=True))
    row["effective_at"] = instant(where, words[3])
    for word in words[4:]:
        name, _, value = word.partition("=")
        if word == "retracted":
            row["retracted"] = True
        elif name in OPTIONS and (value.isdecimal() if name in NUMBERS else value):
            row[OPTIONS[name]] = int(value) if name in NUMBERS else value
        else:
            raise CaseError(f"{where}: {word!r} is none of {' '.join(f'{o}=' for o in OPTIONS)} retracted")
    return {"retracted": False, **row}


def parse(where: str, text: str) -> datetime:
    """A case may leave out the offset, which is UTC then."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise CaseError(f"{where}: {text!r} is no timestamp") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def instant(where: str, text: str) -> int:
    """Milliseconds since the epoch."""
    delta = parse(where, text) - datetime(1970, 1, 1, tzinfo=UTC)
    return delta.days * 86_400_000 + delta.seconds * 1_000 + delta.microseconds // 1_000
