"""Workers on hosts whose wall clock is wrong: only the broker's clock counts."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kafka.live import OUTPUTS, App

LAUNCHER = Path(__file__).resolve().parents[2] / "ops" / "chaos" / "worker.py"
BEGIN_MS = 1_767_225_600_000
MINUTE_MS = 60_000
STAMPED = set(OUTPUTS) - {"state"}  # whose first record is written before anybody has told what time it is


@pytest.fixture
async def app(broker: str, tmp_path: Path, off_ms: int) -> AsyncIterator[App]:
    """An app with two partitions."""
    async with App(broker, f"clock{off_ms}", tmp_path) as app:
        yield app


@pytest.mark.parametrize("off_ms", [2 * 3_600_000, -30 * 86_400_000])
async def test_a_worker_whose_clock_is_wrong_works_and_its_records_bear_the_brokers_time(
    app: App, off_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hours ahead, brokers would refuse its records; a month behind, retention would delete them at once."""
    began_ms = time.time_ns() // 1_000_000
    await app.write((f"user-{n}", kind, BEGIN_MS + n) for n in range(50) for kind in ("signed_up", "used"))
    command = (sys.executable, LAUNCHER, "worker", "--journey", app.path, "--log-level", "debug")
    monkeypatch.setenv("CLOCK_OFF_MS", str(off_ms))
    app.start(*command)
    await app.caught_up()
    assert await app.published() == await app.expected()
    stamps = [r.timestamp for topic in STAMPED for some in await app.read(topic) for r in some]
    assert stamps
    assert began_ms - MINUTE_MS < min(stamps) <= max(stamps) < time.time_ns() // 1_000_000 + MINUTE_MS
