"""What a worker refuses to start on, and what it says: one clear message, and an exit code."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.structs import OffsetAndMetadata

from tests.kafka import brokers
from tests.kafka.live import JOURNEYS, App, Worker

BEGIN_MS = 1_767_225_600_000


@pytest.fixture
async def app(broker: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[App]:
    """An app with two partitions, named after the test."""
    async with App(broker, request.node.name[5:45], tmp_path) as app:
        yield app


async def refusal(worker: Worker, code: int) -> str:
    """What it said, with this exit code and without a traceback."""
    assert await worker.end() == code, worker.log.read_text()
    said = worker.log.read_text()
    assert "Traceback" not in said
    return said


async def test_without_a_broker(app: App) -> None:
    """Settings that lead nowhere."""
    said = await refusal(app.start(KAFKA__BOOTSTRAP_SERVERS="127.0.0.1:9"), 2)
    assert "no Kafka broker answers" in said
    assert "127.0.0.1:9" in said


async def test_without_the_input(app: App) -> None:
    """The input is the user's topic; it is never created."""
    said = await refusal(app.start(SOURCE__TOPIC="no.such.topic"), 2)
    assert "there is no topic no.such.topic" in said


async def test_without_its_topics(app: App) -> None:
    """The worker does not create topics either; a command does."""
    said = await refusal(app.start(APP="another"), 2)
    assert "another.state: create with 2 partitions" in said
    assert "journeys topics apply" in said


async def test_with_another_number_of_partitions(app: App) -> None:
    """Keys would not be where their states are."""
    await brokers.create_topics(app.bootstrap, f"{app.name}.wider", partitions=3)
    said = await refusal(app.start(SOURCE__TOPIC=f"{app.name}.wider"), 2)
    assert f"{app.name}.state: it has 2 partitions and the input {app.name}.wider has 3" in said


async def test_with_a_state_topic_that_deletes(app: App) -> None:
    """States may be gone already."""
    admin = AIOKafkaAdminClient(bootstrap_servers=app.bootstrap)
    await admin.start()
    wrong = {"cleanup.policy": "compact,delete"}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, f"{app.name}.state", wrong)])
    await admin.close()
    assert "must be compact alone" in await refusal(app.start(), 2)
    assert await refusal(app.start(JOURNEYS, "topics", "apply"), 2)


async def test_with_other_journeys_than_those_of_the_state(app: App) -> None:
    """A state of one journey means nothing to another."""
    await app.write([("u1", "signed_up", BEGIN_MS)])
    worker = app.start()
    await app.caught_up()
    await worker.stop()
    app.path.write_text(app.journey.replace("at_least: 3", "at_least: 2"))
    said = await refusal(app.start(), 1)
    assert "the state was made by other journeys" in said


async def test_with_an_offset_that_somebody_has_set(app: App) -> None:
    """Offset and state are written together, so one of them is wrong."""
    await app.write([("u1", "signed_up", BEGIN_MS), ("u1", "used", BEGIN_MS + 1)])
    worker = app.start()
    await app.caught_up()
    await worker.stop()
    partition = next(p for p, records in enumerate(await app.read("in")) if records)
    consumer = AIOKafkaConsumer(bootstrap_servers=app.bootstrap, group_id=app.name, enable_auto_commit=False)
    tp = TopicPartition(app.input, partition)
    await consumer.start()
    consumer.assign([tp])
    await consumer.commit({tp: OffsetAndMetadata(1, "")})
    await consumer.stop()
    said = await refusal(app.start(), 1)
    assert "has committed offset 1" in said
    assert "is that of offset 2" in said


async def test_with_an_input_that_was_deleted_and_made_anew(app: App) -> None:
    """Its offsets look the same, its records do not."""
    await app.write([(f"u{n}", "signed_up", BEGIN_MS) for n in range(20)])
    worker = app.start()
    await app.caught_up()
    await worker.stop()
    admin = AIOKafkaAdminClient(bootstrap_servers=app.bootstrap)
    await admin.start()
    await admin.delete_topics([app.input])
    await admin.close()
    await brokers.create_topics(app.bootstrap, app.input, partitions=2, configs=app.configs)
    await app.write([(f"u{n}", "signed_up", BEGIN_MS + 1) for n in range(20)])
    said = await refusal(app.start(), 1)
    assert "deleted and made anew" in said
