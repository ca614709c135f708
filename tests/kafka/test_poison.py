"""Whatever is between them: every valid event is applied, every other record is set aside once, as it came."""

import json
import os
import random
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.kafka.live import App, event
from tests.kafka.scrape import ask, settled

NOW_MS = int(time.time() * 1_000)
YEAR_2099_MS = 4_070_908_800_000
PAYLOADS = int(os.environ.get("PAYLOADS", "2000"))  # a longer run: PAYLOADS=10000


class Bad(NamedTuple):
    """A record that is no event, and why not."""

    reason: str
    value: bytes | None
    key: bytes | None = b"u"
    timestamp: int = NOW_MS


def said(**members: Any) -> bytes:
    """An event in order, but for these members; `...` takes one out."""
    plain = {"id": "e", "type": "used", "user_id": "u", "properties": {}}
    return json.dumps({name: value for name, value in {**plain, **members}.items() if value is not ...}).encode()


def nested(depth: int, left: str = "[", right: str = "]") -> bytes:
    """An event with so many brackets inside each other."""
    return said(properties={"x": 0}).replace(b"0", (left * depth + right * depth).encode())


POISON = (
    Bad("not_json", b"this is no JSON"),
    Bad("not_json", b""),
    Bad("not_json", said()[:-1]),
    Bad("not_json", said() + b"}"),
    Bad("not_json", b"\xff\xfe" + said()),
    Bad("not_json", said(properties={"x": float("nan")})),
    Bad("not_json", said(properties={"x": float("-inf")})),
    Bad("not_json", said().replace(b'"u"', b'"u", "user_id": "u"')),
    Bad("not_json", said(properties={"x": "?"}).replace(b"?", b"\\ud800")),
    Bad("not_an_object", None),
    Bad("not_an_object", b"null"),
    Bad("not_an_object", b"[1, 2]"),
    Bad("not_an_object", b'"used"'),
    Bad("too_large", said(properties={"x": "y" * 300 * 1024})),
    Bad("too_large", said(properties={f"key {n}": n for n in range(300)})),
    Bad("too_large", said(id="i" * 257)),
    Bad("too_deep", nested(2_000)),
    Bad("too_deep", nested(2_000, '{"x":', "}").replace(b":}", b":0}")),
    Bad("too_deep", nested(100_000)),
    Bad("too_deep", b"[" * 100_000),
    Bad("wrong_type", said(type=7)),
    Bad("wrong_type", said(user_id=["u"])),
    Bad("wrong_type", said(user_id=1.5)),
    Bad("wrong_type", said(user_id=True)),
    Bad("wrong_type", said(user_id="")),
    Bad("wrong_type", said(user_id=2**63)),
    Bad("wrong_type", said(id=-(2**63) - 1)),
    Bad("wrong_type", said(id=10**400)),
    Bad("wrong_type", said(id="a\x00b")),
    Bad("wrong_type", said(user_id="u\n")),
    Bad("wrong_type", said(account_id="\x7f")),
    Bad("wrong_type", said(properties=[1])),
    Bad("missing_field", said(user_id=...)),
    Bad("missing_field", said(user_id=None)),
    Bad("missing_field", said(type=...)),
    Bad("missing_field", b"{}"),
    Bad("key_mismatch", said(), key=b"somebody else"),
    Bad("key_mismatch", said(), key=None),
    Bad("key_mismatch", said(user_id="v")),
    Bad("bad_timestamp", said(occurred_at="yesterday")),
    Bad("bad_timestamp", said(occurred_at="2026-02-30T00:00:00Z")),
    Bad("bad_timestamp", said(occurred_at="2026-02-03T00:00:00")),
    Bad("bad_timestamp", said(occurred_at="1969-12-31T23:59:59Z")),
    Bad("bad_timestamp", said(occurred_at=NOW_MS)),
    Bad("future_timestamp", said(occurred_at="2099-01-01T00:00:00Z")),
    Bad("future_timestamp", said(), timestamp=YEAR_2099_MS),
)


@pytest.fixture
async def app(broker: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[App]:
    """An app with two partitions, whose input takes what producers say about the time, the year 2099 too."""
    configs = {"retention.ms": "-1", "message.timestamp.after.max.ms": str(2**63 - 1)}
    async with App(broker, request.node.name[5:45], tmp_path, configs=configs) as app:
        yield app


async def copies(app: App, topic: str) -> list[tuple[int, int, str, bytes | None, bytes | None, tuple[Any, ...]]]:
    """Of a topic for copies: where the record stood, why it is there, key, value, and the headers that it came with."""
    found = []
    for record in (record for records in await app.read(topic) for record in records):
        ours = dict(record.headers)
        where = int(ours["journeys-partition"]), int(ours["journeys-offset"])
        own = tuple(header for header in record.headers if not header[0].startswith("journeys-"))
        found.append((*where, ours["journeys-reason"].decode(), record.key, record.value, own))
    return sorted(found, key=lambda copy: copy[:2])


async def test_every_valid_event_between_poison_is_applied_and_the_poison_is_set_aside(app: App) -> None:
    """Each bad record once, with its reason, bytes, key and headers; the worker does not stop."""
    expected = []
    for number, bad in enumerate(POISON):
        partition = number % app.partitions
        before = event(f"user-{number}", "signed_up", NOW_MS)
        await app.send(f"user-{number}".encode(), before, timestamp_ms=NOW_MS, partition=partition)
        headers = [("trace", b"%d" % number), ("empty", None)]
        sent = await app.producer.send_and_wait(
            app.input, bad.value, bad.key, partition=partition, timestamp_ms=bad.timestamp, headers=headers
        )
        expected.append((partition, sent.offset, bad.reason, bad.key, bad.value, tuple(headers)))
    worker = app.start()
    await app.caught_up()
    assert await copies(app, "rejected") == sorted(expected, key=lambda copy: copy[:2])
    rows = [json.loads(value) for values in await app.published() for value in values]
    achieved = {row["entity_id"] for row in rows if row["rule"] == "hello"}
    assert achieved == {f"user-{number}" for number in range(len(POISON))}
    assert await app.published() == await app.expected()
    assert worker.says("rebuilding") == 0
    assert (await ask(worker, "/readyz")).status == 200


# -- at random ---------------------------------------------------------------------------------------------------------
PIECES = (
    b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\\u0000", b"\\ud800", b"\x00", b"\xff", b"\xc3", b"NaN", b"null",
    b"true", b"-", b"1e999", b"9223372036854775808", b'"user_id":"u",', b'"id":1,', b"[" * 40, b"x" * 300, b"2099",
)  # fmt: skip


def mutated(value: bytes, rng: random.Random) -> bytes:
    """Some bytes taken out, put in, doubled or changed."""
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        at = rng.randrange(len(value) + 1)
        width = rng.choice((0, 1, 1, 2, 8, 40))
        middle = rng.choice((b"", rng.choice(PIECES), rng.randbytes(2), value[at : at + width] * 2))
        value = value[:at] + middle + value[at + width :]
    return value


def payloads(count: int) -> Iterator[tuple[bytes, bytes]]:
    """(key, value): a valid event, then the same mutated, and so on."""
    rng = random.Random(7)
    for number in range(count // 2):
        user = f"u{rng.randrange(50)}"
        kind = rng.choice(("signed_up", "used", "used"))
        value = event(user, kind, NOW_MS + number, text="Grüße", number=number, list=[1, {"a": None}])
        yield user.encode(), value
        yield user.encode(), mutated(value, rng)


def refuse(constant: str) -> None:
    """NaN and Infinity are not JSON."""
    raise ValueError(constant)


def readable(value: bytes) -> bool:
    """Whether another parser than ours finds an object in it."""
    try:
        return isinstance(json.loads(value.decode(), parse_constant=refuse), dict)
    except (ValueError, RecursionError):
        return False


@pytest.mark.timeout(240 + PAYLOADS // 50)
async def test_mutated_payloads_are_each_applied_counted_or_set_aside_once(app: App) -> None:
    """As the offline runner says from the same log; what is no JSON to another parser is never applied."""
    for number, (key, value) in enumerate(payloads(PAYLOADS)):
        await app.producer.send(app.input, value, key, timestamp_ms=NOW_MS + number)
    await app.producer.flush()
    worker = app.start()
    await app.caught_up()
    outcomes = await app.replayed()
    inputs = [{record.offset: record for record in records} for records in await app.read("in")]
    rejected = [
        (partition, offset, why.reason, inputs[partition][offset].key, inputs[partition][offset].value, ())
        for partition, some in enumerate(outcomes)
        for outcome in some
        for offset, why in outcome.rejected
    ]
    assert await copies(app, "rejected") == rejected
    assert await app.published() == await app.expected()
    set_aside = {copy[:2] for copy in rejected}
    unreadable = [
        (partition, offset)
        for partition, records in enumerate(inputs)
        for offset, record in records.items()
        if not readable(record.value)
    ]
    assert len(unreadable) > PAYLOADS // 10
    assert set(unreadable) <= set_aside
    series = await settled(app, worker)
    counts = [n for name, n in series.items() if name.startswith("journey_events_total{")]
    assert sum(counts) == PAYLOADS
    assert series[f"journey_events_total{{result=rejected,topic={app.input}}}"] == len(rejected)
    assert worker.says("rebuilding") == 0
