"""A real broker for the tests of this folder: one for the whole run, in a folder of its own, gone afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kafka import brokers


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
