"""The broker script: what a person and the other tests rely on."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import TopicAlreadyExistsError

from tests.kafka import brokers


async def test_two_brokers_live_side_by_side_and_a_restart_keeps_data_and_ports(tmp_path: Path) -> None:
    """Each folder is a broker; what one holds survives its restart and is unknown to the other."""
    one, two = tmp_path / "one", tmp_path / "two"
    try:
        first, second = brokers.start(one), brokers.start(two)
        assert first != second
        await brokers.create_topics(first, "kept")
        await produce(first, "kept", b"before the restart")

        assert brokers.run("stop", one).returncode == 0
        assert brokers.run("status", one).stdout.startswith("stopped")
        assert brokers.run("status", two).stdout.startswith(f"ready at {second}")

        assert brokers.start(one) == first
        assert await consume_one(first, "kept") == b"before the restart"
        await brokers.create_topics(second, "kept")  # would be refused if the two were one
    finally:
        brokers.run("wipe", one)
        brokers.run("wipe", two)
    assert not one.exists()
    assert not two.exists()


def test_starting_a_running_broker_gives_its_address_and_status_tells_its_process(
    broker: str, broker_folder: Path
) -> None:
    """A second start is no error and starts nothing."""
    before = brokers.run("status", broker_folder)

    assert brokers.start(broker_folder) == broker
    after = brokers.run("status", broker_folder)

    assert before.stdout == after.stdout
    assert re.match(rf"ready at {broker}, process \d+ ", after.stdout)
    assert after.returncode == 0


async def test_a_refused_topic_raises_what_kafka_said(broker: str) -> None:
    """The helper of the other tests does not hide that a topic was there already."""
    await brokers.create_topics(broker, "once")
    with pytest.raises(TopicAlreadyExistsError, match="once"):
        await brokers.create_topics(broker, "once")


def test_status_of_a_folder_without_a_broker_says_stopped_and_leaves_nothing(tmp_path: Path) -> None:
    """Looking makes nothing, and its exit code can be tested in a brokers."""
    status = brokers.run("status", tmp_path / "none")
    assert (status.returncode, status.stdout) == (3, f"stopped ({tmp_path / 'none'})\n")
    assert brokers.run("stop", tmp_path / "none").returncode == 0
    assert brokers.run("wipe", tmp_path / "none").returncode == 0
    assert not (tmp_path / "none").exists()


def test_wipe_refuses_a_folder_that_is_no_brokers(tmp_path: Path) -> None:
    """A mistyped --data deletes nothing."""
    (tmp_path / "thesis.txt").write_text("years of work")
    refused = brokers.run("wipe", tmp_path)
    assert refused.returncode == 1
    assert "is no broker's folder" in refused.stderr
    assert (tmp_path / "thesis.txt").exists()


def test_a_taken_port_is_named_with_what_to_do(broker_folder: Path, tmp_path: Path) -> None:
    """A restart on a port that another program has taken meanwhile says which, and how to go on."""
    copy_settings(broker_folder, tmp_path)

    refused = brokers.run("start", tmp_path)

    assert refused.returncode == 1
    assert "is taken by another program" in refused.stderr
    assert f"wipe --data {tmp_path}" in refused.stderr


def test_a_broker_that_cannot_start_shows_the_end_of_its_log(broker_folder: Path, tmp_path: Path) -> None:
    """Here: a setting that Kafka refuses."""
    changes = {r"127\.0\.0\.1:\d+": "127.0.0.1:19999", "process.roles=.*": "process.roles=chef"}
    copy_settings(broker_folder, tmp_path, changes)

    failed = brokers.run("start", tmp_path)

    assert failed.returncode == 1
    assert "the broker has ended while starting" in failed.stderr
    assert "Invalid value chef for configuration process.roles" in failed.stderr


def test_an_open_broker_is_not_taken_for_a_guarded_one(broker_folder: Path) -> None:
    """Neither by who starts it again nor by who wants a certificate."""
    again = brokers.run("start", broker_folder, "--secure")
    assert again.returncode == 1
    assert "was made without --secure" in again.stderr
    certificate = brokers.run("certificate", broker_folder)
    assert certificate.returncode == 1
    assert "has no authority: make it with `broker start --secure`" in certificate.stderr


async def produce(bootstrap: str, topic: str, value: bytes) -> None:
    """Write one record and wait until the broker has it."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        await producer.send_and_wait(topic, value)


async def consume_one(bootstrap: str, topic: str) -> bytes:
    """The first record's value."""
    async with AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        record = await consumer.getone()
        return bytes(record.value)


def copy_settings(broker: Path, other: Path, changes: Mapping[str, str] | None = None) -> None:
    """Make `other` look like a broker's folder from earlier, with some patterns in its settings changed."""
    (other / "log").mkdir()
    (other / "log" / "meta.properties").touch()
    settings = (broker / "server.properties").read_text()
    for pattern, text in (changes or {}).items():
        settings = re.sub(pattern, text, settings)
    (other / "server.properties").write_text(settings)
