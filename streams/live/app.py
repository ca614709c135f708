"""The composition root of a worker: settings and a machine in, an exit code out.

Faust is the frame: its app supervises the services and runs the agent that owns the state machines. It opens no
connection to Kafka (`enable_kafka`) and no port (`enable_web`; `web_enabled=False` would not be enough).
The agent is the only code that touches a processor. It is handed steps through a channel, one at a time, and runs each
synchronously together with the test whether its owner still owns: a step may outlive the lane that asked for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import faust
import uvloop
from faust.app.base import BootStrategy
from faust.types import StreamT

from streams.codec.partition import partition_codec
from streams.core.engines import chosen, make_processor
from streams.engine.machine import Machine
from streams.live.clients import Clients, close, connect
from streams.live.clock import BrokerClock
from streams.live.errors import Faulty, Poisoned, Stopped, where
from streams.live.logs import tell_failures
from streams.live.metrics import Metrics
from streams.live.settings import Settings
from streams.live.surroundings import Ask, Meaning, Owner, Surroundings
from streams.live.tenure import Tenure
from streams.live.topic_admin import check
from streams.live.topics import TopicNames
from streams.live.web import serve
from streams.live.worker import Membership

RESTORES = 2  # at once
STOP_MS = 4_500  # from the signal to the end, whatever hangs
GC_THRESHOLDS = (100_000, 50, 1_000)
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES = 32 << 20  # the most that glibc takes for both

log = logging.getLogger(__name__)


class Boot(BootStrategy):
    """What Faust starts: agents and services."""

    enable_kafka = False
    enable_web = False


class App(faust.App):
    """A Faust app without Kafka, web and tables of its own."""

    BootStrategy = Boot
    logger = logging.getLogger("faust")  # its small talk is Faust's, not ours

    async def on_first_start(self) -> None:
        """No folders are made: they are for tables."""


def run(settings: Settings, machine: Machine, journey_files: Sequence[Path]) -> int:
    """Run a worker until it is told to stop or cannot go on; returns the exit code. Says on stderr what happens."""
    meaning = Meaning(machine.fingerprint, hash_of_files(journey_files), hash_of_settings(settings))
    journeys = ", ".join(f"{plan.journey} v{plan.version}" for plan in machine.plans)
    told = {"version": version("journeys"), "journeys": journeys, "definitions": meaning.definitions}
    told["engine"] = chosen(settings.engine, machine)
    log.info("journeys %(version)s: %(journeys)s (definitions %(definitions)s), %(engine)s engine", told)
    log.info("settings: %s", json.dumps(settings.show()))
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    keep_freed_memory()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work(settings, machine, meaning))


def keep_freed_memory() -> None:
    """Batches of a megabyte come and go many times a second; glibc would give the memory of each back to the kernel.

    It would hand it out again page by page, each of them cleared: a tenth of all that an event costs. See mallopt(3).
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)


async def work(settings: Settings, machine: Machine, meaning: Meaning) -> int:
    """As `run`, in the event loop."""
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    failure: BaseException | None = None
    tell_failures(asyncio.get_running_loop())

    def stop(error: Stopped) -> None:
        if not ended.done():
            log.error("%s", error)
            ended.set_result(error.exit_code)

    on_signals(ended)
    try:
        async with surroundings(settings, machine, meaning, stop) as (app, around):
            membership = Membership(around)
            app.service(membership)
            async with serve(settings.http, around.metrics.registry, membership.reasons):
                running = asyncio.ensure_future(until_it_fails(app))
                some: list[asyncio.Future[Any]] = [ended, running]
                await asyncio.wait(some, return_when=asyncio.FIRST_COMPLETED)
                leave_at_last(ended.result() if ended.done() else Faulty.exit_code)
                failure = running.exception() if running.done() else None
                running.cancel()
                await app.stop()
    except Stopped as error:
        stop(error)
    if not ended.done():
        log.error("a part of the worker has failed, which should not happen; please report it", exc_info=failure)
        return Faulty.exit_code
    return ended.result()


async def until_it_fails(app: App) -> None:
    """Start the app; returns or raises when one of its parts has failed."""
    await app.start()
    await app.wait_until_stopped()


def on_signals(ended: asyncio.Future[int]) -> None:
    """SIGTERM and SIGINT end the worker well."""

    def leave(number: signal.Signals) -> None:
        log.info("%s: leaving", number.name)
        if not ended.done():
            ended.set_result(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, leave, number)


def leave_at_last(code: int) -> None:
    """Whatever hangs in a client library does not keep the process: what was committed is safe, what was not is not."""

    def leave() -> None:
        sys.stderr.flush()
        os._exit(code)

    timer = threading.Timer(STOP_MS / 1_000, leave)
    timer.daemon = True
    timer.start()


@contextlib.asynccontextmanager
async def surroundings(
    settings: Settings, machine: Machine, meaning: Meaning, stop: Callable[[Stopped], None]
) -> AsyncIterator[tuple[App, Surroundings]]:
    """The app with its agent, and everything that lanes share. Raises `Stopped` if the topics are not right."""
    clients, names, servers = Clients(settings.kafka), TopicNames(settings.app), settings.kafka.bootstrap_servers
    admin, watcher, stable = clients.admin(), clients.watcher("read_uncommitted"), clients.watcher("read_committed")
    try:
        await connect(admin, servers)
        partitions = await check(admin, names, settings.source.topic)
        log.info("app %s: %s, %d partitions -> %s", settings.app, settings.source.topic, partitions, names.transitions)
        await connect(watcher, servers)
        await connect(stable, servers)
        app = App(
            settings.app,
            broker=[f"kafka://{server}" for server in servers],
            topic_disable_leader=True,
            worker_redirect_stdouts=False,
        )
        codec = partition_codec(machine, settings.source.reader())
        native = chosen(settings.engine, machine) == "native"
        around = Surroundings(
            settings=settings,
            names=names,
            partitions=partitions,
            meaning=meaning,
            clients=clients,
            consumer=clients.member(settings.app, native=native),
            watcher=watcher,
            stable=stable,
            admin=admin,
            clock=BrokerClock(),
            restores=asyncio.Semaphore(RESTORES),
            machine=lambda: make_processor(
                machine,
                codec,
                settings.engine,
                future_skew_ms=settings.source.future_skew_ms,
                arrival_is_occurred=settings.source.arrival == "occurred",
            ),
            native=native,
            decode=codec.decode,
            ask=agent_of(app),
            metrics=Metrics(machine, settings.source.topic, meaning.definitions),
            stop=stop,
        )
        yield app, around
    finally:
        await asyncio.gather(close(admin.close()), close(watcher.stop()), close(stable.stop()))


# -- the agent ---------------------------------------------------------------------------------------------------------
class Step(NamedTuple):
    """What the agent is asked to do."""

    owner: Owner
    tenure: Tenure
    run: Callable[[], int | None]
    done: asyncio.Future[int]


def agent_of(app: App) -> Ask:
    """Gives the app its agent, and returns how to ask it."""
    steps: Any = app.channel(maxsize=1)  # Faust types a channel by the messages of its own transport
    app.flow_control.resume()  # Faust would do it at its first rebalance, which never comes
    app.agent(steps)(state_machines)
    return asking(steps.put)


async def state_machines(steps: StreamT[Step]) -> None:
    """The agent: runs steps of those who still own their partition."""
    async for step in steps:
        if step.done.done() or step.owner.tenure is not step.tenure:
            step.done.cancel()
            continue
        try:
            step.done.set_result(step.run() or 0)
        except Exception as error:  # noqa: BLE001  # Faust's supervisor would restart the agent quietly
            step.done.set_exception(Poisoned(where(error)))


def asking(put: Callable[[Step], Awaitable[object]]) -> Ask:
    """How lanes ask, given how a step gets to the agent."""

    async def ask(owner: Owner, tenure: Tenure, step: Callable[[], int | None]) -> int:
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        try:
            await put(Step(owner, tenure, step, done))
            return await done
        finally:
            done.cancel()  # if it is not done: the agent skips it

    return ask


# -- what interprets the log, by hash ----------------------------------------------------------------------------------
def hash_of_files(paths: Sequence[Path]) -> str:
    """32 hex digits of the contents, in whatever order and under whatever names."""
    contents = sorted(blake2b(path.read_bytes(), digest_size=16).hexdigest() for path in paths)
    return blake2b("".join(contents).encode(), digest_size=16).hexdigest()


def hash_of_settings(settings: Settings) -> str:
    """32 hex digits of the settings that change what a record means."""
    source = settings.source
    meant = {
        "format": source.format,
        "fields": asdict(source.names()),
        "arrival": source.arrival,
        "future_skew_ms": source.future_skew_ms,
        "limits": settings.limits.model_dump(),
    }
    return blake2b(json.dumps(meant, sort_keys=True).encode(), digest_size=16).hexdigest()
