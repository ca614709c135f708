"""What all tests share: how hypothesis runs, and a real broker: one for the whole run, gone afterwards."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.kafka import brokers

# No deadline: on a shared machine of two cores a slow example says nothing. pytest's own timeout bounds a test.
settings.register_profile("journeys", deadline=None, print_blob=True)
settings.load_profile("journeys")

# A broker of a test does not live long enough to earn what Java's second compiler costs: half of all its CPU time.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")


@pytest.fixture(scope="session")
def broker_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of a running broker that all tests share."""
    folder = tmp_path_factory.mktemp("broker")
    try:
        brokers.start(folder)
        yield folder
    finally:
        brokers.run("wipe", folder)


@pytest.fixture(scope="session")
def broker(broker_folder: Path) -> str:
    """The address of the shared broker; each test makes topics of its own names on it."""
    return (broker_folder / "bootstrap").read_text().strip()
