"""The examples do what the README and the compose file say: events go in by one, changes come out by the other."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kafka.live import App, until
from tests.ops.tools import ROOT, run

EXAMPLES = ROOT / "ops" / "examples"
JOURNEY = ROOT / "ops" / "journeys" / "b2b-trial.yaml"


@pytest.fixture
async def app(broker: str, tmp_path: Path) -> AsyncIterator[App]:
    """The journey of the compose file on two partitions."""
    async with App(broker, "examples", tmp_path, journey=JOURNEY.read_text()) as app:
        yield app


@pytest.mark.parametrize("name", ["consumer.py", "producer.py"])
def test_an_example_tells_how_it_is_used(name: str) -> None:
    """With --help."""
    said = run(sys.executable, EXAMPLES / name, "--help")
    assert said.returncode == 0, said.stderr
    assert f"Example: {name} --bootstrap" in said.stdout


async def test_what_one_example_writes_moves_the_person_that_the_other_prints(app: App) -> None:
    """One who signed up is in hello, until the product has been used for what it is made for."""
    topic = f"{app.name}.transitions"
    consumer = app.start(sys.executable, EXAMPLES / "consumer.py", "--bootstrap", app.bootstrap, "--topic", topic)
    app.start()

    def produce(*arguments: str) -> None:
        where = ("--bootstrap", app.bootstrap, "--topic", app.input, "--user", "ada")
        said = run(sys.executable, EXAMPLES / "producer.py", *where, *arguments)
        assert said.returncode == 0, said.stderr

    async def printed(line: str) -> None:
        await until(line, lambda: line in consumer.log.read_text().splitlines(), told=consumer.log.read_text)

    produce("user_signed_up", "setup_completed")
    await printed("ada hello entered -> hello")
    await printed("ada setup_done achieved -> hello")
    produce("--properties", '{"feature": "dashboards"}', "feature_used")
    await printed("ada activated achieved -> hello")
    await printed("ada hello exited ->")
    produce("segment_created", "campaign_launched")
    await printed("ada you_did_what entered -> you_did_what")
    keys = {record.key for records in await app.read("in") for record in records}
    assert keys == {b"ada"}
    assert await app.published() == await app.expected()
