"""A real Prometheus scrapes two workers, and what people will ask it has the right answer."""

import socket
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.kafka.known import JOURNEY, write_known
from tests.kafka.live import App, until
from tests.kafka.scrape import address, settled
from tests.ops.dashboard import queries
from tests.ops.tools import prometheus

INTERVAL = "100ms"
SCRAPES = 60  # of a target; `increase` adds up to half an interval at each end of what it has seen
CONFIG = """\
global: {{scrape_interval: {interval}, scrape_timeout: {interval}}}
scrape_configs:
  - job_name: journeys
    static_configs: [{{targets: [{targets}]}}]
"""

# Those of outputs.md section 4, with the answers for the known input.
RATE = """\
sum by (journey, rule)(increase(journey_dropoff_instances_total{outcome="dropped"}[1d]))
  / sum by (journey, rule)(increase(journey_dropoff_instances_total{outcome=~"dropped|met|followed"}[1d]))"""
PENDING = "sum by (journey, rule)(journey_dropoffs_pending)"
SUCCESS = """\
sum by (journey)(journey_milestone_reached{milestone="onboarded"}) / sum by (journey)(journey_population)"""
MEMBERS = "sum by (journey, rule)(journey_members)"
GROWTH = """\
sum by (journey, rule)(increase(journey_transitions_total{kind="entered"}[7d]))
  - sum by (journey, rule)(increase(journey_transitions_total{kind="exited"}[7d]))"""
ANSWERS: dict[str, dict[str, float]] = {
    RATE: {"quiet": 2 / (2 + 2), "idle": 0 / 5},
    PENDING: {"quiet": 1, "idle": 2},
    SUCCESS: {"": 2 / 4},
    MEMBERS: {"trying": 2},
    GROWTH: {"trying": 5 - 3},
}


class Prometheus:
    """A running server. address: with the scheme."""

    def __init__(self, address: str) -> None:
        self.address = address

    async def ready(self) -> bool:
        """Whether it answers queries yet."""
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{self.address}/-/ready") as response:
                return response.status == HTTPStatus.OK
        except aiohttp.ClientConnectorError:
            return False

    async def query(self, expression: str) -> list[Mapping[str, Any]]:
        """The instant vector. Raises AssertionError with what the server says of an expression that it refuses."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.address}/api/v1/query", params={"query": expression}) as response,
        ):
            answer = await response.json()
        assert answer["status"] == "success", (expression, answer)
        found: list[Mapping[str, Any]] = answer["data"]["result"]
        return found

    async def number(self, expression: str) -> float:
        """The value of the only series, 0 while there is none."""
        found = await self.query(expression)
        return float(found[0]["value"][1]) if found else 0

    async def by_rule(self, expression: str) -> dict[str, float]:
        """Rule, if it has one -> value."""
        return {series["metric"].get("rule", ""): float(series["value"][1]) for series in await self.query(expression)}


@contextmanager
def running(folder: Path, targets: list[str]) -> Iterator[Prometheus]:
    """A server that scrapes these targets; it ends with the context."""
    config = folder / "prometheus.yml"
    config.write_text(CONFIG.format(interval=INTERVAL, targets=", ".join(targets)))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        here = f"127.0.0.1:{free.getsockname()[1]}"
    options = {"config.file": config, "storage.tsdb.path": folder / "tsdb", "web.listen-address": here}
    command: list[str | Path] = [prometheus() / "prometheus", *(f"--{name}={value}" for name, value in options.items())]
    with (folder / "prometheus.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield Prometheus(f"http://{here}")
        finally:
            process.kill()


@pytest.fixture
async def app(broker: str, tmp_path: Path) -> AsyncIterator[App]:
    """An app with two partitions."""
    async with App(broker, "prometheus", tmp_path, journey=JOURNEY) as app:
        yield app


@pytest.mark.timeout(300)  # the first test that needs Prometheus fetches it
async def test_a_real_prometheus_answers_the_questions_of_the_journeys_rightly(app: App, tmp_path: Path) -> None:
    """Two workers share the partitions; both are scraped before there are events, so every increase begins at 0."""
    workers = [app.start(), app.start()]
    await until("they share", lambda: all(w.says("1 of 2 partitions are ours") for w in workers))
    targets = [(await address(worker)).removeprefix("http://") for worker in workers]
    with running(tmp_path, targets) as server:

        async def scraped(query: str, n: float) -> None:
            async def enough() -> bool:
                return await server.number(query) >= n

            await until(f"{query} is {n}", enough, told=(tmp_path / "prometheus.log").read_text)

        await until("it is ready", server.ready, told=(tmp_path / "prometheus.log").read_text)
        await scraped("count(journey_population)", 2)
        await write_known(app)
        await settled(app, *workers)
        await scraped("sum(journey_events_total)", 22)
        await scraped("min(count_over_time(up[1m]))", SCRAPES)
        for query, answer in ANSWERS.items():
            found = await server.by_rule(query)
            assert found == pytest.approx(answer, rel=0.02, abs=0.001), query
        empty = [query for query in queries(app.path) if not await server.query(query)]
        assert empty == []
