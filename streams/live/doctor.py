"""Examines an app from outside: cluster, topics, clocks, group, states, copies. What follows is said in `diagnosis`.

Nothing is changed. The time of a broker is asked with a journal record in a transaction that is aborted, so nobody ever
reads it: there is no other way to ask.
Does not know: what is in a state, journeys.
"""

from __future__ import annotations

import asyncio
import platform
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import ApiVersionRequest

from streams.codec.journal import encode_clock
from streams.codec.position import BadPosition, Meta
from streams.live.clients import Clients, close, connect
from streams.live.diagnosis import (
    Copies,
    Finding,
    Place,
    Sample,
    judge_broker,
    judge_clock,
    judge_copies,
    judge_group,
    judge_lag,
    judge_states,
    judge_topics,
)
from streams.live.errors import Misconfigured
from streams.live.restore import Home, committed_offset, newest_meta
from streams.live.rights import needing
from streams.live.settings import Settings
from streams.live.topic_admin import look, to_diagnose
from streams.live.topics import TopicNames, compare

LOOKED_AT = 1_000  # copies of one partition
MOMENT_S = 3.0  # between two looks at a lag; a worker commits several times a second
POLL_MS = 200
ATTEMPTS, AGAIN_S = 10, 0.5  # a broker that has just started has no coordinators yet
PACKAGES = ("journeys", "aiokafka", "faust-streaming")

Answer = TypeVar("Answer")


async def examine(settings: Settings, fingerprint: str | None = None) -> list[Finding]:
    """Everything. fingerprint: of the journeys that should have made the state; None: that is not compared.

    Raises `Misconfigured` where no broker answers or lets us ask, or there is no input.
    """
    clients, servers = Clients(settings.kafka), settings.kafka.bootstrap_servers
    admin, reader = clients.admin(), clients.reader()
    try:
        await connect(admin, servers)
        await connect(reader, servers)
        with needing("Read", settings.app):
            return await _examine(settings, clients, admin, reader, fingerprint)
    except KafkaError as error:
        raise Misconfigured(f"the cluster does not answer a question: {error}") from error
    finally:
        await asyncio.gather(close(admin.close()), close(reader.stop()))


async def _examine(
    settings: Settings,
    clients: Clients,
    admin: AIOKafkaAdminClient,
    reader: AIOKafkaConsumer,
    fingerprint: str | None,
) -> list[Finding]:
    names, topic = TopicNames(settings.app), settings.source.topic
    found = await look(admin, to_diagnose(names, topic))
    differences = compare(names, topic, found, settings.topics.replication)
    known = judge_broker(settings.kafka.bootstrap_servers, await brokers(clients))
    findings = [versions(), known, *judge_topics(differences)]
    if differences:
        return findings  # the rest would be about topics that are missing
    partitions = found[topic].partitions
    homes = [Home(names, TopicPartition(topic, p), partitions, "") for p in range(partitions)]
    findings += await clock(clients, homes, settings.clock.margin_ms)
    findings += await group(admin, reader, homes)
    findings += await states(reader, homes, fingerprint)
    now = time.time_ns() // 1_000_000
    copies = [await newest(reader, name, partitions) for name in (names.rejected, names.late)]
    return [*findings, *(judge_copies(some, now) for some in copies)]


def versions() -> Finding:
    """Of what runs here."""
    told = [f"{package} {version(package)}" for package in PACKAGES]
    return Finding("versions", ", ".join([*told, f"Python {platform.python_version()}"]))


async def brokers(clients: Clients) -> list[Mapping[int, int]]:
    """Of each broker, the newest version of each request that it knows."""
    client = clients.bare()
    try:
        await client.bootstrap()
        answers = [await client.send(broker.nodeId, ApiVersionRequest()) for broker in client.cluster.brokers()]
        return [{key: newest for key, _, newest in answer.api_versions} for answer in answers]
    finally:
        await close(client.close())


# -- clocks
async def clock(clients: Clients, homes: Sequence[Home], margin_ms: int) -> list[Finding]:
    """By a journal record to the leader of each partition."""
    names = homes[0].names
    producer = clients.producer(f"{names.app}-doctor")
    try:
        await producer.start()
        await producer.begin_transaction()
        samples = [await sample(producer, names.journal, home.tp.partition) for home in homes]
        await producer.abort_transaction()
    except KafkaError as error:
        advice = f"allow write on {names.journal} and on the transactional id {names.app}-doctor"
        return [Finding("clock", f"the brokers' time cannot be asked: {error}", advice)]
    finally:
        await close(producer.stop())
    return judge_clock(samples, margin_ms)


async def sample(producer: Any, journal: str, partition: int) -> Sample:
    """The append time lies between sending and the answer, or somebody's clock is wrong."""
    builder = producer.create_batch()
    builder.append(key=None, value=encode_clock(0, 0), timestamp=None)
    builder.close()
    sent = time.time_ns() // 1_000_000
    appended = (await (await producer.send_batch(builder, journal, partition=partition))).timestamp
    answered = time.time_ns() // 1_000_000
    return Sample(partition, max(0, appended - answered) + min(0, appended - sent))


# -- the group
async def group(admin: AIOKafkaAdminClient, reader: AIOKafkaConsumer, homes: Sequence[Home]) -> list[Finding]:
    """Its state, and how far it is; twice, if it is behind."""
    name = homes[0].names.app
    state, members = await described(admin, name)
    before = after = await places(admin, reader, homes)
    if members and any(place.committed < place.end for place in before):
        await asyncio.sleep(MOMENT_S)
        after = await places(admin, reader, homes)
    return [judge_group(name, state, members), *judge_lag(before, after, working=members > 0)]


async def described(admin: AIOKafkaAdminClient, name: str) -> tuple[str, int]:
    """(state, number of members) as the coordinator sees them."""
    [answer] = await insisting(lambda: admin.describe_consumer_groups([name]))
    [(_, _, state, _, _, members, *_)] = answer.groups
    return state, len(members)


async def insisting(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer of a coordinator, which may need some seconds before it has one."""
    for _ in range(ATTEMPTS - 1):
        try:
            return await ask()
        except KafkaError as error:
            if not error.retriable:
                raise
        await asyncio.sleep(AGAIN_S)
    return await ask()


async def places(admin: AIOKafkaAdminClient, reader: AIOKafkaConsumer, homes: Sequence[Home]) -> list[Place]:
    """Where each partition is."""
    tps = [home.tp for home in homes]
    begins, ends = await reader.beginning_offsets(tps), await reader.end_offsets(tps)
    committed = [await insisting(partial(committed_offset, admin, home)) for home in homes]
    at = [begins[tp] if found is None else found.offset for tp, found in zip(tps, committed, strict=True)]
    return [Place(tp.partition, offset, ends[tp]) for tp, offset in zip(tps, at, strict=True)]


# -- states
async def states(reader: AIOKafkaConsumer, homes: Sequence[Home], fingerprint: str | None) -> list[Finding]:
    """What each partition's says about itself."""
    found: dict[int, Meta | BadPosition | None] = {}
    for home in homes:
        try:
            found[home.tp.partition] = await newest_meta(reader, home.state)
        except BadPosition as error:
            found[home.tp.partition] = error
    return judge_states(found, fingerprint)


# -- copies
async def newest(reader: AIOKafkaConsumer, topic: str, partitions: int) -> Copies:
    """The newest records of each partition, LOOKED_AT at most, by their reason."""
    reasons: Counter[str] = Counter()
    times: list[int] = []
    more = 0
    for tp in (TopicPartition(topic, partition) for partition in range(partitions)):
        begin, end = (await reader.beginning_offsets([tp]))[tp], (await reader.end_offsets([tp]))[tp]
        start = max(begin, end - LOOKED_AT)
        more += start - begin
        reader.assign([tp])
        reader.seek(tp, start)
        while await reader.position(tp) < end:
            for record in (await reader.getmany(tp, timeout_ms=POLL_MS)).get(tp, ()):
                reasons[dict(record.headers).get("journeys-reason", b"unknown").decode()] += 1
                times.append(record.timestamp)
    return Copies(topic, reasons, more, min(times, default=0), max(times, default=0))
