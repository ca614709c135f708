"""What must come out, worked out from what is in the input and the journal and from the texts alone.

    classify    what becomes of each record (time.md sections 1 and 4, outputs.md section 1)
    net_rows    the rows at the end, whatever order the events came in (law 1): those of `ops/bench/reference/expect.py`
    standing    who is where at the end, and what is pending (members, census)

Nothing here is shared with the worker. Only the workload's own events are known: each record that is no event has one
thing wrong about it, and users do one thing in a millisecond.
"""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import orjson
from workload import LATENESS_MS, iso

EXPECT = Path(__file__).resolve().parent.parent / "bench" / "reference" / "expect.py"
SECOND_MS = 1_000

RELEVANT = frozenset(("signed_up", "page_viewed", "app_opened", "invite_sent", "report_created", "invoice_paid"))
MILESTONES = ("hello", "activated", "just_got_paid")
DROPOFFS = {"times_up": 14 * SECOND_MS, "idle": 7 * SECOND_MS}
CENSUS = ("population", *MILESTONES, *DROPOFFS)  # the order of the gauges in the state topic
FUTURE_SKEW_MS = 300_000

Row = tuple[str, str, str, int]  # entity, kind, rule, effective_at


def day_of(ms: int) -> ModuleType:
    """The expectation of the reference job with a day of so many milliseconds: a module of our own."""
    spec = importlib.util.spec_from_file_location(f"expect_{ms}", EXPECT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.DAY = ms  # type: ignore[attr-defined]
    return module


expect = day_of(SECOND_MS)


class Record(NamedTuple):
    """A record of any topic. timestamp: ms."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class Event(NamedTuple):
    """An event that was applied. at: its instant, ms."""

    at: int
    id: str
    type: str
    user: str


class Tick(NamedTuple):
    """Of the journal: before the record at this offset the clock stood at `clock`."""

    before: int
    clock: int


@dataclass
class Verdicts:
    """What becomes of the records of one partition: their numbers, the copies, and who is left."""

    counts: Counter[str] = field(default_factory=Counter)
    applied: list[Event] = field(default_factory=list)
    rejected: list[tuple[int, str]] = field(default_factory=list)
    late: list[int] = field(default_factory=list)
    early: list[str] = field(default_factory=list)


@dataclass
class Journal:
    """Of one partition. decided: offset -> reason, of rejections that the input does not show."""

    ticks: list[Tick] = field(default_factory=list)
    decided: dict[int, str] = field(default_factory=dict)


def read_journal(records: Iterable[Record]) -> Journal:
    """Raises KeyError or JSONDecodeError for what is no journal record."""
    found = Journal()
    for record in records:
        told = orjson.loads(record.value or b"")
        if "clock" in told:
            found.ticks.append(Tick(told["before"], told["clock"]))
        elif "rejected" in told:
            found.decided[told["offset"]] = told["rejected"]
        else:
            assert told.keys() == {"before", "definitions", "settings"}, told
    return found


def classify(records: Iterable[Record], journal: Journal) -> Verdicts:
    """The records of one partition in the order of the log. early: ticks beyond what had been read (law 8)."""
    out, clock, seen = Verdicts(), -1, set[tuple[str, str]]()
    ticks = iter([*journal.ticks, Tick(sys.maxsize, -1)])
    tick, ahead = next(ticks), Tick(0, -1)
    for record in records:
        while tick.before <= record.offset:
            clock, ahead, tick = max(clock, tick.clock), max(ahead, tick, key=lambda t: t.clock), next(ticks)
        if record.timestamp <= ahead.clock:
            out.early.append(
                f"a tick to {ahead.clock} before {ahead.before}, but {record.offset} is of {record.timestamp}"
            )
        event = read_event(record, journal.decided)
        if isinstance(event, str):
            out.rejected.append((record.offset, event))
            out.counts["rejected"] += 1
            continue
        clock = max(clock, record.timestamp - 1)
        verdict = judge(event, clock, seen)
        out.counts[verdict] += 1
        if verdict == "late":
            out.late.append(record.offset)
        elif verdict == "applied":
            seen.add((event.user, event.id))
            out.applied.append(event)
    return out


def judge(event: Event, clock: int, seen: set[tuple[str, str]]) -> str:
    """What becomes of a valid event. Doubles come within seconds, so what was seen once is remembered for good."""
    if event.type not in RELEVANT:
        return "irrelevant"
    if event.at <= clock - LATENESS_MS:
        return "late"
    return "duplicate" if (event.user, event.id) in seen else "applied"


def read_event(record: Record, decided: Mapping[int, str]) -> Event | str:
    """The event, or why it is none."""
    reason, told = decided.get(record.offset), dict[str, Any]()
    if record.value is None:
        reason = reason or "not_an_object"
    else:
        try:
            told = orjson.loads(record.value)
        except orjson.JSONDecodeError:
            reason = reason or "not_json"
    if reason is not None:
        return reason
    if "type" not in told:
        return "missing_field"
    if told["user_id"].encode() != record.key:
        return "key_mismatch"
    occurred = ms_of(told["occurred_at"])
    if occurred > record.timestamp + FUTURE_SKEW_MS:
        return "future_timestamp"
    return Event(min(occurred, record.timestamp), told["id"], told["type"], told["user_id"])


def ms_of(text: str) -> int:
    """RFC 3339 -> ms since the epoch."""
    return round(datetime.fromisoformat(text).timestamp() * 1_000)


def net_rows(applied: Iterable[Event], clock: int, partition: int, partitions: int) -> Counter[Row]:
    """The rows of a partition whose clock is `clock`. A last event, of nobody, moves the clock of the expectation."""
    events = sorted(applied)
    last = Event(clock + 1, "", "page_viewed", nobody(partition, partitions))
    told = (
        orjson.dumps({"user_id": e.user, "type": e.type, "occurred_at": iso(e.at)})
        for e in [*(e for e in events if e.at <= clock + 1), last]
    )
    return Counter(expect.rows(told, partitions))


def nobody(partition: int, partitions: int) -> str:
    """A user whom nobody knows, in this partition."""
    return next(
        name
        for name in (f"nobody-{n}" for n in range(100_000))
        if (expect.murmur2(name.encode()) & 0x7FFFFFFF) % partitions == partition
    )


@dataclass
class Standing:
    """Where a user is: milestones and open drop-offs with their instants, pending drop-offs."""

    milestones: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)

    def census(self) -> int:
        """As in the state: a bit for everything that is counted."""
        true = {"population", *self.milestones, *self.pending}
        return sum(1 << bit for bit, name in enumerate(CENSUS) if name in true)


def standings(applied: Iterable[Event], rows: Iterable[Row], clock: int) -> dict[str, Standing]:
    """By user. A drop-off is pending from its anchor until its deadline, unless what is expected has come."""
    found: dict[str, Standing] = {}
    last: dict[str, int] = {}
    for event in applied:
        found.setdefault(event.user, Standing())
        last[event.user] = max(event.at, last.get(event.user, 0))
    for user, kind, rule, at in sorted(rows, key=lambda row: (row[3], row[1] == "recovered")):
        standing = found[user]
        if kind == "achieved":
            standing.milestones[rule] = at
        elif kind == "dropped_off":
            standing.dropped[rule] = at
        else:
            standing.dropped.pop(rule, None)
    for user, standing in found.items():
        if last[user] + DROPOFFS["idle"] > clock:
            standing.pending.add("idle")
        signup = standing.milestones.get("hello")
        if signup is not None and signup + DROPOFFS["times_up"] > clock and "just_got_paid" not in standing.milestones:
            standing.pending.add("times_up")
    return found
