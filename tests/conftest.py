"""What all tests share: how hypothesis runs, and a real broker, one for the whole run, gone afterwards."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from tests.kafka import brokers

# No deadline: on a shared machine of two cores a slow example says nothing. pytest's own timeout bounds a test.
settings.register_profile("journeys", deadline=None, print_blob=True)
settings.load_profile("journeys")

# A broker of a test does not live long enough to earn what Java's second compiler costs: half of all its CPU time.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")


FOLDER = "FOLDER_OF_THE_SHARED_BROKER"  # in the environment: processes of pytest-xdist have it from their parent


def pytest_configure() -> None:
    """In the parent process: choose the broker's folder."""
    if not xdist_worker():
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="broker-")


def pytest_unconfigure() -> None:
    """And wipe it, with the broker if a test has started it."""
    if not xdist_worker():
        folder = Path(os.environ.pop(FOLDER))
        wiped = brokers.run("wipe", folder)
        if wiped.returncode:
            raise RuntimeError(wiped.stderr)


def xdist_worker() -> bool:
    """Whether this process is one of several."""
    return "PYTEST_XDIST_WORKER" in os.environ


@pytest.fixture(scope="session")
def broker_folder() -> Path:
    """The data folder of a running broker that all tests share: the first that wants it starts it."""
    folder = Path(os.environ[FOLDER])
    brokers.start(folder)
    return folder


@pytest.fixture(scope="session")
def broker(broker_folder: Path) -> str:
    """The address of the shared broker; each test makes topics of its own names on it."""
    return (broker_folder / "bootstrap").read_text().strip()
