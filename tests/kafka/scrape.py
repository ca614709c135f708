"""What workers tell over HTTP, read as Prometheus would read it, and what the gauges must be by the state topic."""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from streams.engine.machine import Machine
from streams.engine.timeline import Timeline
from streams.language import compile_journey, load_journey
from tests.kafka.live import App, Worker, until

GAUGES = {
    "population": "journey_population{{journey={0}}}",
    "milestone": "journey_milestone_reached{{journey={0},milestone={1}}}",
    "segment": "journey_members{{journey={0},rule={1}}}",
    "pending": "journey_dropoffs_pending{{journey={0},rule={1}}}",
}

Series = Mapping[str, float]  # name{label=value,...}, labels in the order of their names


class Answer(NamedTuple):
    """Of the HTTP server."""

    status: int
    text: str


async def address(worker: Worker) -> str:
    """Where it serves, which its log tells."""
    found = await until("it serves", lambda: re.search(r"http: (http://\S+)/metrics", worker.log.read_text()))
    return str(found[1])


async def ask(worker: Worker, path: str, method: str = "GET") -> Answer:
    """One request."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as session,
        session.request(method, f"{await address(worker)}{path}") as response,
    ):
        return Answer(response.status, await response.text())


async def ready(worker: Worker) -> bool:
    """Whether it says so."""
    return (await ask(worker, "/readyz")).status == 200


async def scrape(*workers: Worker) -> Series:
    """All series, summed over the workers."""
    found: defaultdict[str, float] = defaultdict(float)
    for worker in workers:
        for family in text_string_to_metric_families((await ask(worker, "/metrics")).text):
            for sample in family.samples:
                labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
                found[f"{sample.name}{{{labels}}}" if labels else sample.name] += sample.value
    return found


async def settled(app: App, *workers: Worker) -> Series:
    """The series once everything in the input is committed, every partition is owned once, and all have told so."""
    await app.caught_up()

    async def told() -> Series | None:
        series = await scrape(*workers)
        lags = [series.get(f"journey_lag_records{{partition={p}}}") for p in range(app.partitions)]
        owned = series["journey_partitions_owned"] == app.partitions
        return series if owned and set(lags) == {0} and series == await scrape(*workers) else None

    found: Series = await until("they have told everything", told)
    return found


async def recount(app: App) -> dict[str, float]:
    """What the gauges must be: every state of the state topic decoded and looked at."""
    machine = Machine([compile_journey(load_journey(app.path))])
    census, states = Timeline(machine).census, await newest_states(app)
    totals = [0] * len(machine.gauges)
    for state in states:
        bits = census(machine.codec.decode(state))
        totals = [total + (bits >> i & 1) for i, total in enumerate(totals)]
    named = zip(machine.gauges, totals, strict=True)
    found = {GAUGES[gauge.kind].format(journey, gauge.rule): float(n) for (journey, gauge), n in named}
    return {**found, "journey_entities": float(len(states))}


async def newest_states(app: App) -> list[bytes]:
    """Of every entity."""
    found: dict[bytes, bytes] = {}
    for records in await app.read("state"):
        found.update((record.key, record.value) for record in records if record.key != b"\0meta")
    return list(found.values())
