"""What a worker tells about itself: whether it is ready, and numbers that are those of the log whatever was killed."""

import asyncio
import itertools
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiokafka import AIOKafkaProducer

from tests.kafka.known import BEGIN_MS, COUNTERS, GAUGES, JOURNEY, write_known
from tests.kafka.live import App, Event, Worker, until
from tests.kafka.scrape import Series, address, ask, ready, recount, scrape, settled

KILLS = int(os.environ.get("KILLS", "2"))  # a longer run: KILLS=20 NAMES=100000
NAMES = int(os.environ.get("NAMES", "5000"))
USERS = 200
PATIENT = {"KAFKA__SESSION_TIMEOUT": "60s"}  # where one rebalance more would be counted, or end what is looked at


@pytest.fixture
async def app(broker: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[App]:
    """An app with two partitions, named after the test."""
    async with App(broker, request.node.name[5:45], tmp_path, journey=JOURNEY) as app:
        yield app


# -- is it ready -------------------------------------------------------------------------------------------------------
async def test_a_worker_is_ready_once_its_partitions_are_open_and_says_why_it_is_not(app: App) -> None:
    """The first does not answer the group for a while, so that the second has to wait for its partitions."""
    first = app.start(**PATIENT)
    await until("it is ready", lambda: ready(first))
    first.signal(signal.SIGSTOP)
    second = app.start(**PATIENT)
    answer = await ask(second, "/readyz")
    assert answer.status == 503
    assert json.loads(answer.text) == {
        "ready": False,
        "reasons": ["the group has not given out partitions yet"],
    }
    assert await ask(second, "/livez") == (200, '{"live": true}')
    first.signal(signal.SIGCONT)
    await until("the second is ready", lambda: ready(second))
    assert json.loads((await ask(second, "/readyz")).text) == {"ready": True, "reasons": []}
    await serves_three_pages_on_loopback_only(second)


async def serves_three_pages_on_loopback_only(worker: Worker) -> None:
    """Who listens on all addresses is found at 127.0.0.2 too."""
    assert (await ask(worker, "/metrics")).status == 200
    assert [(await ask(worker, path)).status for path in ("/", "/table/", "/metrics/x")] == [404] * 3
    assert (await ask(worker, "/metrics", "POST")).status == 405
    port = (await address(worker)).rpartition(":")[2]
    async with aiohttp.ClientSession() as session:
        for elsewhere in ("127.0.0.2", "[::1]"):
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(f"http://{elsewhere}:{port}/livez")


# -- a known input -----------------------------------------------------------------------------------------------------
async def test_after_a_known_input_every_number_is_the_one_that_was_worked_out_by_hand(app: App) -> None:
    """Counters, gauges, and how long it took to reach a milestone for the first time; a correction is none."""
    await write_known(app)
    worker = app.start(**PATIENT)
    series = await settled(app, worker)
    expected = {name.replace("%s", app.input): n for name, n in (COUNTERS | GAUGES).items()}
    assert {name: series[name] for name in expected} == expected
    assert await recount(app) == {name: series[name] for name in await recount(app)}
    assert series["journey_event_delay_seconds_count"] > 0
    assert series["journey_commit_seconds_count"] >= 4  # at the opening of each partition, and then at least one


async def test_names_that_events_bring_make_no_series(app: App) -> None:
    """However many there are."""
    worker = app.start()
    await app.write([(f"u{n}", "signed_up", BEGIN_MS) for n in range(7)])
    before = await settled(app, worker)
    await app.write([(f"u{n % 7}", f"event_{n}", BEGIN_MS + n) for n in range(NAMES)])
    after = await settled(app, worker)
    assert after[f"journey_events_total{{result=irrelevant,topic={app.input}}}"] == NAMES
    assert after.keys() == before.keys()


# A worker that believes that a request of its first commit with records was sent twice.
TWICE = """\
from streams.live.transaction import Transactions

commit, told = Transactions.commit, []

async def once(self, batch):
    receipt = await commit(self, batch)
    if batch.records and not told:
        told.append(True)
        self._resends.count += 1
        receipt = receipt.__class__(**{**receipt.__dict__, "resent": True})
    return receipt

Transactions.commit = once
from streams.cli.main import app
app()
"""


async def test_a_commit_whose_request_was_sent_twice_is_counted_once_and_its_producer_replaced(app: App) -> None:
    """It is safe, but its double may still be on the way."""
    await write_known(app)
    worker = app.start(sys.executable, "-c", TWICE, "worker", "--journey", app.path, **PATIENT)
    series = await settled(app, worker)
    assert worker.says("committed, but a request was sent twice") == 1
    expected = {name.replace("%s", app.input): n for name, n in (COUNTERS | GAUGES).items()}
    del expected["journey_restore_seconds_count"]
    assert {name: series[name] for name in expected} == expected
    assert await app.published() == await app.expected()


# -- kills and rebalances ----------------------------------------------------------------------------------------------
def flow(rounds: Iterable[int]) -> Iterator[Event]:
    """In round 0 everybody signs up; in each that follows a third uses, somebody leaves, and time goes on."""
    for number, user in itertools.product(rounds, range(USERS)):
        kind = "signed_up" if not number else "left" if (user + number) % 50 == 0 else "used"
        if not number or (user + number) % 3 == 0 or kind == "left":
            yield f"user-{user}", kind, BEGIN_MS + number * 4_000 + user


def instances(series: Series, rule: str) -> dict[str, float]:
    """Outcome -> how often, since the workers of the series have started."""
    outcomes = ("armed", "met", "dropped", "cancelled")
    name = "journey_dropoff_instances_total{{journey=trial,outcome={},rule={}}}"
    return {outcome: series[name.format(outcome, rule)] for outcome in outcomes}


async def check(app: App, before: Series, *workers: Worker) -> None:
    """Gauges are those of the states. Instances balance: what was pending when all these began, and was armed since.

    before: the recount of then. Counters begin at zero with their process, and what a process that was killed has
    counted is gone; so they are compared from the last kill on.
    """
    series, states = await settled(app, *workers), await recount(app)
    assert {name: series[name] for name in states} == states
    for rule in ("quiet", "idle"):
        now, pending = instances(series, rule), f"journey_dropoffs_pending{{journey=trial,rule={rule}}}"
        assert before[pending] + now["armed"] == now["met"] + now["dropped"] + now["cancelled"] + series[pending], rule


@pytest.mark.timeout(240 + 60 * KILLS)
async def test_after_kills_and_a_rebalance_gauges_are_a_recount_and_instances_balance(app: App) -> None:
    """Each worker is killed in the middle of its work; at last there are two."""
    states, one = await recount(app), app.start(KAFKA__INSTANCE_ID="one", BATCH__MAX_EVENTS="50")
    for number in range(KILLS):
        await app.write(flow(range(4 * number, 4 * number + 2)))
        await check(app, states, one)
        await kill(app, one, flow(range(4 * number + 2, 4 * number + 4)))
        states, one = await recount(app), app.start(KAFKA__INSTANCE_ID="one", BATCH__MAX_EVENTS="50")
    await check(app, states, one)
    two = app.start(BATCH__MAX_EVENTS="50")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(app.write(flow(range(4 * KILLS, 4 * KILLS + 8))))
        await until("they share", lambda: two.says("1 of 2 partitions are ours"))
    await check(app, states, one, two)
    for alone in (await scrape(one), await scrape(two)):
        assert sum(name.startswith("journey_lag_records{") for name in alone) == 1  # nothing of what is another's
    assert await app.published() == await app.expected()


async def kill(app: App, worker: Worker, events: Iterable[Event]) -> None:
    """Kill the worker while it works through these events, and end its transactions as the next owner will."""
    before = worker.says(" committed to ")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(app.write(events))
        await until("it works", lambda: worker.says(" committed to ") > before + 2)
        worker.signal(signal.SIGKILL)
    await worker.end()
    for partition in range(app.partitions):
        fencing = AIOKafkaProducer(
            bootstrap_servers=app.bootstrap, transactional_id=f"{app.name}-{app.input}-{partition}"
        )
        await fencing.start()
        await fencing.stop()
