r"""Whether what workers have left in Kafka is right: nothing missing, extra or doubled, and everything of one mind.

Reads the topics of the app (read_committed, after all workers have ended) and compares:
    input       every record ends in one verdict; the position is behind the last; late and rejected have their copies
    transitions each (row, revision) once and in order; at the end exactly the rows of the independent expectation
    members     the newest record of each user is what the transitions say, and a tombstone for who is nowhere
    state       one per user, as the transitions say, with every recent event in it; `\0meta` and the group agree
    journal     no tick beyond what had been read (law 8)
    replay      `journeys replay` of input and journal gives the same transitions, byte for byte, and the same counts
Each difference is a finding: one line that begins with the name of its part.
Does not know: what was done to the workers.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import orjson
import reading
from aiokafka import TopicPartition
from expected import (
    CENSUS,
    Event,
    Record,
    Row,
    Verdicts,
    classify,
    ms_of,
    net_rows,
    read_journal,
    standings,
)
from workload import LATENESS_MS, iso

JOURNEYS = Path(sys.executable).with_name("journeys")
META = b"\0meta"
MOST = 5  # findings of a kind that are told in full
ARRAY32 = b"\xdd"
EVENT_ITEMS = 4
unpack: Callable[[bytes], Any] = msgspec.msgpack.Decoder().decode
pack: Callable[[Any], bytes] = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True)
class App:
    """What is checked: the app's topics on this cluster, and how its commands are told of it."""

    address: str
    name: str
    topic: str
    partitions: int
    journey: Path
    environment: dict[str, str]

    def of(self, kind: str) -> str:
        """The name of one of its topics."""
        return f"{self.name}.{kind}"


@dataclass
class Found:
    """What there was, and what was wrong with it."""

    findings: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    missing: int = 0
    extra: int = 0
    doubled: int = 0

    def add(self, part: str, some: Iterable[str]) -> None:
        """Findings of one part; of many only the first few."""
        told = list(some)
        self.findings += [f"{part}: {text}" for text in told[:MOST]]
        if len(told) > MOST:
            self.findings.append(f"{part}: and {len(told) - MOST} more")


async def check(app: App, folder: Path) -> Found:
    """Read everything and compare it. Raises Unstable if a transaction stays open."""
    found = Found()
    log, journal, published, members, state, late, rejected = [
        await reading.read(app.address, topic, app.partitions)
        for topic in (app.topic, *map(app.of, ("journal", "transitions", "members", "state", "late", "rejected")))
    ]
    committed = await reading.group_offsets(app.address, app.name)
    for p in range(app.partitions):
        decisions = read_journal(journal[p])
        verdicts = classify(log[p], decisions)
        found.counts += verdicts.counts
        found.add("journal", verdicts.early)
        found.add("input", copies(log[p], verdicts, late[p], rejected[p], TopicPartition(app.topic, p)))
        position, problems = positions(app, p, log[p], state[p], committed.get(TopicPartition(app.topic, p)))
        found.add("state", problems)
        clock = -1 if position is None else position["clock"]
        rows = rows_of(published[p], found)
        wanted = net_rows(verdicts.applied, clock, p, app.partitions)
        compare_rows(rows, wanted, found)
        found.add("members", compare_members(rows, members[p]))
        found.add("state", compare_states(verdicts.applied, wanted, clock, state[p], position))
    found.rows = sum(map(len, published))
    await compare_replay(app, [r.value or b"" for some in published for r in some], found, folder)
    return found


# -- the input ---------------------------------------------------------------------------------------------------------
def copies(
    log: Sequence[Record], verdicts: Verdicts, late: Sequence[Record], rejected: Sequence[Record], tp: TopicPartition
) -> Iterator[str]:
    """Late and rejected records, each once, as they were and with where and why."""
    by_offset = {record.offset: record for record in log}
    wanted = [(offset, "late") for offset in verdicts.late], verdicts.rejected
    for topic, expected, there in zip(("late", "rejected"), wanted, (late, rejected), strict=True):
        want = Counter((offset, why, by_offset[offset].key, by_offset[offset].value) for offset, why in expected)
        have = Counter(map(copy_of, there))
        yield from (f"no copy in {topic} of {tp.partition}:{offset}, {why}" for offset, why, *_ in want - have)
        yield from (f"a copy too many in {topic} of {tp.partition}:{offset}, {why}" for offset, why, *_ in have - want)


def copy_of(record: Record) -> tuple[int, str, bytes | None, bytes | None]:
    """Where a copy is from and why it was made, and what it holds."""
    told = dict(record.headers)
    return int(told["journeys-offset"]), told["journeys-reason"].decode(), record.key, record.value


def positions(
    app: App, partition: int, log: Sequence[Record], state: Sequence[Record], committed: tuple[int, str] | None
) -> tuple[dict[str, Any] | None, list[str]]:
    r"""The position in `\0meta`, and what does not agree with it."""
    metas = [record.value for record in state if record.key == META]
    if not metas or metas[-1] is None:
        return None, [f"partition {partition} has no position"] if log else []
    meta = orjson.loads(metas[-1])
    position: dict[str, Any] = meta["position"]
    here = (meta["app"], meta["topic"], meta["partition"], meta["partitions"])
    problems = []
    if here != (app.name, app.topic, partition, app.partitions):
        problems.append(f"the position of partition {partition} is of {here}")
    end = log[-1].offset + 1 if log else 0
    if position["next_offset"] != end:
        problems.append(f"partition {partition} is at {position['next_offset']} and the input ends at {end}")
    if committed != (position["next_offset"], str(position["clock"])):
        problems.append(f"partition {partition}: the group says {committed}, the state {position}")
    if log and meta["last_hash"] != hash_of(log[-1]):
        problems.append(f"partition {partition}: the state remembers another last record")
    return position, problems


def hash_of(record: Record) -> str:
    """By what the state knows an input record again."""
    content = pack((record.offset, record.timestamp, record.key, record.value))
    return blake2b(content, digest_size=16).hexdigest()


# -- rows and who is where ---------------------------------------------------------------------------------------------
def rows_of(published: Sequence[Record], found: Found) -> list[dict[str, Any]]:
    """The newest revision of each row of a partition, without those taken back; notes doubles and holes."""
    newest: dict[str, dict[str, Any]] = {}
    wrong = []
    for record in published:
        row = orjson.loads(record.value or b"null")
        before = newest.get(row["transition_id"])
        expected = 0 if before is None else before["revision"] + 1
        if row["revision"] < expected:
            found.doubled += 1
            wrong.append(f"{row['rule']} {row['kind']} of {row['entity_id']} revision {row['revision']} twice")
        elif row["revision"] > expected:
            wrong.append(f"{row['rule']} {row['kind']} of {row['entity_id']} revision {expected} was never published")
        newest[row["transition_id"]] = row
    found.add("transitions", wrong)
    return [row for row in newest.values() if not row["retracted"]]


def compare_rows(rows: Iterable[dict[str, Any]], wanted: Counter[Row], found: Found) -> None:
    """Against the expectation."""
    there = Counter((r["entity_id"], r["kind"], r["rule"], ms_of(r["effective_at"])) for r in rows)
    missing, extra = wanted - there, there - wanted
    found.missing += missing.total()
    found.extra += extra.total()
    found.add("transitions", (f"missing {row}" for row in missing))
    found.add("transitions", (f"extra {row}" for row in extra))


def compare_members(rows: Iterable[dict[str, Any]], records: Sequence[Record]) -> Iterator[str]:
    """The newest record of each user against the transitions.

    Who has been somewhere and is nowhere has a tombstone, or nothing, once that is compacted away.
    """
    wanted: dict[str, dict[str, Any]] = {}
    recovered: set[tuple[str, str, int]] = set()
    rows = list(rows)
    for row in rows:
        wanted.setdefault(row["entity_id"], {"milestones": {}, "dropped": {}})
        if row["kind"] == "recovered":
            recovered.add((row["entity_id"], row["rule"], row["episode"]))
    for row in rows:
        if row["kind"] == "achieved":
            wanted[row["entity_id"]]["milestones"][row["rule"]] = row["effective_at"]
        elif row["kind"] == "dropped_off" and (row["entity_id"], row["rule"], row["episode"]) not in recovered:
            wanted[row["entity_id"]]["dropped"][row["rule"]] = row["effective_at"]
    there: dict[str, dict[str, Any] | None] = {}
    for record in records:
        user = (record.key or b"").decode().removeprefix("reference/user/")
        there[user] = None if record.value is None else orjson.loads(record.value)
    for user, want in wanted.items():
        have = there.pop(user, {})
        nowhere = not (want["milestones"] or want["dropped"])
        if nowhere != (not have) or (have and {k: have[k] for k in want} != want):
            yield f"of {user}: {have}, and the transitions say {'nothing' if nowhere else want}"
    yield from (f"of {user}, of whom there is no transition: {have}" for user, have in there.items() if have)


# -- the state ---------------------------------------------------------------------------------------------------------
def compare_states(
    applied: Sequence[Event], wanted: Counter[Row], clock: int, records: Sequence[Record], position: Any
) -> Iterator[str]:
    """What a worker would restore: one state per user, with its recent events, counted as the position says."""
    newest = {record.key or b"": record.value for record in records}
    states = {key.removeprefix(b"user/").decode(): value for key, value in newest.items() if key != META and value}
    users = standings(applied, wanted, clock)
    recent: dict[str, set[str]] = {user: set() for user in users}
    for event in applied:
        if event.at > clock - LATENESS_MS:
            recent[event.user].add(event.id)
    yield from (f"there is one of {user}, of whom nothing was applied" for user in states.keys() - users.keys())
    for user, standing in users.items():
        if user not in states:
            yield f"there is none of {user}"
            continue
        wake, _, _, log, events, rows, _, census, *_ = unpack(states[user])
        ids = {item[1] for item in unpack(ARRAY32 + (events + rows).to_bytes(4) + log) if len(item) == EVENT_ITEMS}
        if missing := recent[user] - ids:
            yield f"of {user} does not know the event {min(missing)}"
        if (counted := int.from_bytes(census, "little")) != standing.census():
            yield f"of {user} counts as {named(counted)}, and is {named(standing.census())}"
        if wake <= clock:
            yield f"of {user} should have been woken at {iso(wake)}, and it is {iso(clock)}"
    if position is not None and states:
        counts = [sum(s.census() >> bit & 1 for s in users.values()) for bit in range(len(CENSUS))]
        if position["gauges"] != counts:
            yield f"the position counts {dict(zip(CENSUS, position['gauges'], strict=True))}, and there are {counts}"


def named(census: int) -> list[str]:
    """The bits by name."""
    return [name for bit, name in enumerate(CENSUS) if census >> bit & 1]


# -- the replay --------------------------------------------------------------------------------------------------------
async def compare_replay(app: App, published: Sequence[bytes], found: Found, folder: Path) -> None:
    """The same bytes in the same order, and the same counts as ours."""
    out = folder / "replayed.jsonl"
    command: list[str | Path] = [JOURNEYS, "replay", "--topic", app.topic, "--journey", app.journey, "--out", out]
    process = await asyncio.create_subprocess_exec(
        *command, env=os.environ | app.environment, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    text = " ".join(said.decode().split())
    if process.returncode:
        found.add("replay", [f"it failed: {text}"])
        return
    with out.open("rb") as lines:
        for number, (line, value) in enumerate(zip(lines, published, strict=False)):
            if line != value + b"\n":
                found.add("replay", [f"differs from row {number} on: {line!r} instead of {value!r}"])
                break
    replayed = sum(1 for _ in out.open("rb"))
    if replayed != len(published):
        found.add("replay", [f"{replayed} rows, and {len(published)} were published"])
    told = Counter({kind: int(n.replace(",", "")) for n, kind in re.findall(r"([\d,]+) ([a-z]+)(?=[,)])", text)})
    if told != +found.counts:
        found.add("input", [f"the replay counts {dict(told)}, and there are {dict(found.counts)}"])
    out.unlink()
