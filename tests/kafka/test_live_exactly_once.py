"""Whatever is killed, joins or leaves: the transitions are those that the log gives, once, in order, to the byte."""

import asyncio
import itertools
import re
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from tests.kafka.live import App, Event, Worker, until

BEGIN_MS = 1_767_225_600_000
USERS = 300
BUSY_S = 5  # what a machine that is very busy may add


@pytest.fixture
async def app(broker: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[App]:
    """An app with four partitions, named after the test."""
    async with App(broker, request.node.name[5:45], tmp_path, partitions=4) as app:
        yield app


def events(rounds: int, first_round: int = 0) -> Iterator[Event]:
    """In each round, which takes longer than the drop-off allows, every user does something; at first they sign up."""
    for number, user in itertools.product(range(first_round, first_round + rounds), range(USERS)):
        kind = "used" if number else "signed_up"
        yield f"user-{user:04}", kind, BEGIN_MS + number * 3_000 + user


async def test_after_a_kill_with_a_transaction_open_nothing_is_missing_and_nothing_is_doubled(app: App) -> None:
    """Static membership: the next worker need not wait until the session of the killed one has expired."""
    await app.write(events(30))
    for _ in range(2):
        await kill_in_a_transaction(app.start(KAFKA__INSTANCE_ID="one", BATCH__MAX_EVENTS="100"), app)
    app.start(KAFKA__INSTANCE_ID="one")
    await app.caught_up()
    published = await app.published()
    assert published == await app.expected()
    assert sum(map(len, published)) > USERS * 30


async def kill_in_a_transaction(worker: Worker, app: App) -> None:
    """Freeze the worker at a moment at which a transaction of its lies open, and kill it."""
    await until("it works", lambda: worker.says(" committed to ") > 10)

    async def caught() -> bool:
        worker.signal(signal.SIGSTOP)
        if await app.open_transaction():
            return True
        worker.signal(signal.SIGCONT)
        return False

    await until("a transaction lies open", caught)
    worker.signal(signal.SIGKILL)
    await worker.end()


async def test_workers_join_and_leave_while_events_flow(app: App) -> None:
    """A second worker joins, the first one leaves, it comes back and the second one leaves."""
    producing = asyncio.ensure_future(flow(app))
    first = app.start(BATCH__MAX_EVENTS="200")
    await until("the first works", lambda: first.says(" committed to ") > 10)
    second = app.start(BATCH__MAX_EVENTS="200")
    await until("they share", lambda: second.says("2 of 4 partitions are ours") and second.says(" committed to ") > 5)
    assert await first.stop() == 0
    await until("the second has all", lambda: second.says("4 of 4 partitions are ours"))
    third = app.start()
    await until("they share again", lambda: third.says("2 of 4 partitions are ours"))
    assert await second.stop() == 0
    producing.cancel()
    await asyncio.wait([producing])
    await app.producer.flush()
    await app.caught_up()
    assert await app.published() == await app.expected()


async def flow(app: App) -> None:
    """Events without end, but not faster than a busy machine follows."""
    for number in itertools.count():
        await app.write(events(1, number))
        await asyncio.sleep(0.2)


async def test_a_restarted_worker_finds_its_states_and_goes_on(app: App) -> None:
    """What it has restored is what it had; nothing is published again."""
    await app.write(events(3))
    first = app.start()
    await app.caught_up()
    before = await app.published()
    assert await first.stop() == 0
    await app.write(events(3, 3))
    second = app.start()
    await app.caught_up()
    published = await app.published()
    restored = sum(map(int, re.findall(r"restored from (\d+) records", second.log.read_text())))
    assert restored >= USERS
    assert [values[: len(old)] for values, old in zip(published, before, strict=True)] == before
    assert published == await app.expected()


async def test_told_to_stop_it_leaves_within_some_seconds(app: App) -> None:
    """And leaves the group, so that the next one has the partitions at once: it would wait minutes otherwise."""
    await app.write(events(30))
    first = app.start(BATCH__MAX_EVENTS="50", KAFKA__SESSION_TIMEOUT="300s")
    await until("it works", lambda: first.says(" committed to ") > 10)
    began = time.monotonic()
    assert await first.stop() == 0
    assert time.monotonic() - began < 5 + BUSY_S
    second = app.start()
    await until("it has all", lambda: second.says("4 of 4 partitions are ours"))


async def test_what_a_coordinator_has_forgotten_is_not_committed_by_who_comes_next(app: App) -> None:
    """Kafka ends a transaction without a marker where a partition has no leader; what is in it stays open."""
    await app.write([("u1", "signed_up", BEGIN_MS)])
    first = app.start()
    await app.caught_up()
    await first.stop()
    async with unverified(app.bootstrap):
        await forget(app, "transitions", b"u1", b"{}")
        await forget(app, "state", b"user/u1", b"torn")
    assert (await app.published())[0] == (await app.expected())[0]

    await app.write([("u1", "used", BEGIN_MS + 1), ("u2", "signed_up", BEGIN_MS + 2)])
    second = app.start()
    await app.caught_up()

    assert second.says("a transaction was left open by its coordinator")
    assert await app.published() == await app.expected()


@asynccontextmanager
async def unverified(bootstrap: str) -> AsyncIterator[None]:
    """The broker lets records into a transaction of which its coordinator has not heard."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    broker = partial(ConfigResource, ConfigResourceType.BROKER, "1")
    try:
        await admin.alter_configs([broker({"transaction.partition.verification.enable": "false"})])
        yield
    finally:
        await admin.alter_configs([broker({"transaction.partition.verification.enable": "true"})])
        await admin.close()


async def forget(app: App, kind: str, key: bytes, value: bytes) -> None:
    """Leave a transaction of the worker's producer open that is in no coordinator's books."""
    topic = app.topic(kind)
    producer = AIOKafkaProducer(bootstrap_servers=app.bootstrap, transactional_id=f"{app.name}-{app.input}-0")
    await producer.start()
    await producer.begin_transaction()
    producer._txn_manager._txn_partitions.add(TopicPartition(topic, 0))  # noqa: SLF001  # so that it does not say so
    await producer.send_and_wait(topic, value, key, partition=0)
    producer._txn_manager.error_transaction(KafkaError())  # noqa: SLF001  # so that it does not end it either
    await producer.stop()
