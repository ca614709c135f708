"""The rights that ops/kafka/README.md documents: with them it works, and without any one it is said which it is."""

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.live.doctor import examine
from streams.live.errors import Misconfigured
from streams.live.history import read_history, read_state_of
from streams.live.settings import Settings
from streams.live.topic_admin import apply_topics, plan_topics
from tests.kafka.guarded import Acl, Guarded, GuardedApp, documented
from tests.kafka.live import OUTPUTS, UNCOMMITTED, Event, Worker

BEGIN_MS = 1_767_225_600_000
EVENTS: list[Event] = [(f"u{n % 10}", ("signed_up", "used")[n >= 10], BEGIN_MS + n) for n in range(40)]
WORKER = documented("journeys worker")
READ = Acl("Read", "topic", "product.events", prefixed=False)
WRITE = Acl("Write", "topic", "journeys.", prefixed=True)
TOPICS = documented("journeys topics plan")
DOCTOR = documented("journeys doctor")
HISTORY = documented("journeys replay --topic")
STATE = documented("journeys explain --state")


@pytest.fixture
async def app(guarded: Guarded, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[GuardedApp]:
    """An app with one partition and its topics, named after the test. Its user has no right yet."""
    name = "acl-" + re.sub(r"[^a-z]+", "-", request.node.name.lower())[-40:]
    async with guarded.app(name, tmp_path) as app:
        yield app


def work(guarded: Guarded, app: GuardedApp) -> Worker:
    """A worker of the user journeys."""
    return app.start(**{f"KAFKA__{name.upper()}": value for name, value in guarded.password("journeys").items()})


def names(said: str, acl: Acl) -> bool:
    """Whether it says that this right is missing, and no other."""
    found = re.search(r"Kafka does not allow (.*?)\. Allow it", said)
    assert found, said
    operation, resources = found[1].split(f" on {acl.kind} ", 1)
    listed = resources.split(", ")
    wanted = all(name.startswith(acl.name) for name in listed) if acl.prefixed else listed == [acl.name]
    return operation == acl.operation and wanted


async def nothing_is_written(app: GuardedApp) -> bool:
    """No record, not even one that nobody could read, and no offset."""
    async with AIOKafkaConsumer(**app.options, group_id=app.name) as group:
        offset = await group.committed(TopicPartition(app.input, 0))
    return offset is None and not any((await app.ends(UNCOMMITTED, *OUTPUTS)).values())


# -- a worker ----------------------------------------------------------------------------------------------------------
async def test_a_worker_works_with_its_rights_and_without_any_one_ends_and_names_it(
    guarded: Guarded, app: GuardedApp
) -> None:
    """First each right is missing, and nothing is written; then none is."""
    await app.write(EVENTS)
    await guarded.allow(acl.of(app) for acl in WORKER)
    for missing in WORKER:
        await guarded.forbid(missing.of(app))
        worker = work(guarded, app)
        assert await worker.end() == 2
        said = worker.log.read_text()
        assert names(said, missing.of(app))
        assert said.count(" ERROR ") == 1
        assert "Traceback" not in said
        assert await nothing_is_written(app)
        await guarded.allow([missing.of(app)])
    work(guarded, app)
    await app.caught_up()
    assert await app.published() == await app.expected()


@pytest.mark.parametrize("taken", [WRITE, READ], ids=str)
async def test_a_right_that_is_taken_from_a_running_worker_ends_it_and_given_back_another_goes_on(
    guarded: Guarded, app: GuardedApp, taken: Acl
) -> None:
    """What was under way is not half-written."""
    await guarded.allow(acl.of(app) for acl in WORKER)
    await app.write(EVENTS[:20])
    worker = work(guarded, app)
    await app.caught_up()
    await guarded.forbid(taken.of(app))
    await app.write(EVENTS[20:])
    assert await worker.end() == 2
    assert names(worker.log.read_text(), taken.of(app))
    await guarded.allow([taken.of(app)])
    work(guarded, app)
    await app.caught_up()
    assert await app.published() == await app.expected()


# -- the other commands ------------------------------------------------------------------------------------------------
async def plan(settings: Settings) -> Any:
    """`journeys topics apply` for an app that has no topics yet."""
    return await apply_topics(settings.model_copy(update={"app": f"{settings.app}.{time.monotonic_ns()}"}))


async def state(settings: Settings) -> Any:
    """`journeys explain --state`."""
    return await read_state_of(settings, "", b"u1")


async def history(settings: Settings) -> Any:
    """`journeys replay --topic`."""
    return await read_history(settings, settings.source.topic)


COMMANDS: list[tuple[Callable[[Settings], Awaitable[Any]], list[Acl], list[Acl]]] = [
    (plan, TOPICS, TOPICS),
    (examine, [*WORKER, *DOCTOR], DOCTOR),
    (history, HISTORY, HISTORY),
    (state, STATE, STATE),
]


@pytest.mark.parametrize(("command", "needed", "removed"), COMMANDS, ids=["topics", "doctor", "replay", "explain"])
async def test_a_command_works_with_its_rights_and_without_one_names_it(
    guarded: Guarded,
    app: GuardedApp,
    command: Callable[[Settings], Awaitable[Any]],
    needed: list[Acl],
    removed: list[Acl],
) -> None:
    """First each right is missing, then none is."""
    settings = app.settings(**guarded.password("journeys"))
    await app.send(b"u1", b"no JSON", partition=0)
    await guarded.allow(acl.of(app) for acl in needed)
    for missing in removed:
        await guarded.forbid(missing.of(app))
        with pytest.raises(Misconfigured) as refused:
            await command(settings)
        assert refused.value.exit_code == 2
        assert names(str(refused.value), missing.of(app))
        await guarded.allow([missing.of(app)])
    await command(settings)


async def test_topics_are_altered_by_who_may(guarded: Guarded, app: GuardedApp) -> None:
    """Who may create and describe may not yet alter."""
    admin = AIOKafkaAdminClient(**app.options)
    await admin.start()
    resource = ConfigResource(ConfigResourceType.TOPIC, f"{app.name}.members", {"cleanup.policy": "delete"})
    await admin.alter_configs([resource])
    await admin.close()
    settings = app.settings(**guarded.password("journeys"))
    await guarded.allow(acl.of(app) for acl in TOPICS)
    assert [str(difference) for difference in await plan_topics(settings)] == [
        f"{app.name}.members: set cleanup.policy from delete to compact"
    ]
    alter = Acl("AlterConfigs", "topic", f"{app.name}.members", prefixed=False)
    with pytest.raises(Misconfigured) as refused:
        await apply_topics(settings)
    assert names(str(refused.value), alter)
    await guarded.allow([alter])
    await apply_topics(settings)
    assert await plan_topics(settings) == []
