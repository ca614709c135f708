"""The broker that asks who one is: one for each test process, started by the first test that wants it."""

from collections.abc import Iterator

import pytest

from tests.kafka import brokers
from tests.kafka.guarded import Guarded


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """With TLS, passwords, certificates and ACLs."""
    folder = tmp_path_factory.mktemp("guarded")
    try:
        brokers.start(folder, "--secure")
        yield Guarded(folder)
    finally:
        brokers.run("wipe", folder)
