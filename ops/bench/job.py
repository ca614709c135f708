"""The reference job on a real Kafka: its input, its workers as processes, its rows against those that are expected.

Everything that a measurement and a proof of the job have in common. Input: `reference/generate.py`; rows:
`reference/expect.py`. Both are the same for every engine that the job is run on; a worker is whatever process does it.
"""

from __future__ import annotations

import asyncio
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import GroupCoordinatorNotAvailableError

HERE = Path(__file__).resolve().parent
BROKER = HERE.parent / "kafka" / "broker"
JOURNEY = HERE / "reference" / "reference.yaml"
JOURNEYS = Path(sys.executable).absolute().with_name("journeys")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BATCH_BYTES = 900_000
POLL_S = 0.02
OPENED = re.compile(r"^(\S+ \S+) INFO partition (\d+) open at", re.MULTILINE)

sys.path.insert(0, str(HERE / "reference"))
from expect import murmur2, rows  # noqa: E402  # a script beside its data, not a package

Row = tuple[str, str, str, int]  # entity, kind, rule, effective_at in ms
Committed = Callable[[], Coroutine[Any, Any, int]]  # how many input records are


def say(text: str) -> None:
    """Progress, to standard error."""
    print(f"[{datetime.now(UTC):%H:%M:%S}] {text}", file=sys.stderr, flush=True)


def ms_of(text: str) -> int:
    """RFC 3339 -> ms since the epoch."""
    delta = datetime.fromisoformat(text) - EPOCH
    return delta.days * 86_400_000 + delta.seconds * 1_000 + delta.microseconds // 1_000


@contextmanager
def broker(properties: str = "") -> Iterator[str]:
    """A broker in a folder of its own; gives its address. properties: lines for its server.properties."""
    folder = Path(tempfile.mkdtemp(prefix="journeys-"))
    start = [str(BROKER), "start", "--data", str(folder)]
    try:
        started = subprocess.run(start, stdout=subprocess.PIPE, text=True, check=True)
        if properties:
            with (folder / "server.properties").open("a") as file:
                file.write(properties)
            subprocess.run([BROKER, "stop", "--data", folder], stdout=subprocess.DEVNULL, check=True)
            subprocess.run(start, stdout=subprocess.DEVNULL, check=True)
        yield started.stdout.splitlines()[-1]
    finally:
        subprocess.run([BROKER, "wipe", "--data", folder], stdout=subprocess.DEVNULL, check=False)
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Job:
    """Input and expectation. records: per partition, (timestamp, key, value) in log order."""

    partitions: int
    records: list[list[tuple[int, bytes, bytes]]] = field(default_factory=list)
    expected: Counter[Row] = field(default_factory=Counter)

    @property
    def events(self) -> int:
        """How many there are."""
        return sum(map(len, self.records))

    @property
    def slowest_ms(self) -> int:
        """Up to where time has come in all partitions."""
        return min(partition[-1][0] for partition in self.records) - 1


def home(key: bytes, partitions: int) -> int:
    """The partition of a key, as Kafka's default partitioner has it."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


def make_job(events: int, users: int, partitions: int) -> Job:
    """Generate the input and work out the rows; some seconds for a million events."""
    job = Job(partitions, [[] for _ in range(partitions)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        script = HERE / "reference" / "generate.py"
        subprocess.run([sys.executable, script, str(events), str(users), path], stdout=subprocess.DEVNULL, check=True)
        lines = path.read_bytes().splitlines()
    for line in lines:
        event = orjson.loads(line)
        key = event["user_id"].encode()
        job.records[home(key, partitions)].append((ms_of(event["occurred_at"]), key, line))
    job.expected = Counter(rows(lines, partitions))
    return job


async def create_input(address: str, topic: str, partitions: int) -> None:
    """A topic whose records keep the time at which things happened, however long ago; outputs of peers are such too."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, partitions, 1, topic_configs={"retention.ms": "-1"})])
    finally:
        await admin.close()


async def delete_topics(address: str, app: str) -> None:
    """All that belong to the app, those that a peer makes for itself among them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.delete_topics([topic for topic in await admin.list_topics() if app in topic])
    finally:
        await admin.close()


async def load(address: str, topic: str, job: Job, seconds: float = 0.0) -> None:
    """Write the input, evenly over that many seconds; 0: as fast as it goes."""
    producer = AIOKafkaProducer(bootstrap_servers=address, enable_idempotence=True, max_batch_size=BATCH_BYTES)
    await producer.start()
    try:
        slices = max(1, int(seconds * 10))
        begin = time.monotonic()
        for n in range(slices):
            for partition, records in enumerate(job.records):
                size = len(records)
                await _send(producer, topic, partition, records[size * n // slices : size * (n + 1) // slices])
            await asyncio.sleep(max(0.0, begin + seconds * (n + 1) / slices - time.monotonic()))
        await producer.flush()
    finally:
        await producer.stop()


async def _send(producer: AIOKafkaProducer, topic: str, partition: int, records: Sequence[Any]) -> None:
    batch = producer.create_batch()
    for at, key, value in records:
        if batch.append(timestamp=at, key=key, value=value) is None:
            await producer.send_batch(batch, topic, partition=partition)
            batch = producer.create_batch()
            batch.append(timestamp=at, key=key, value=value)
    if batch.record_count():
        await producer.send_batch(batch, topic, partition=partition)


@dataclass
class Workers:
    """Worker processes of one app on one topic. They end with the context that made them."""

    address: str
    topic: str
    app: str
    settings: Mapping[str, str]
    logs: Path
    line: Sequence[str]
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What a worker, or another command of this app, is told."""
        said = {
            "JOURNEYS_APP": self.app,
            "JOURNEYS_KAFKA__BOOTSTRAP_SERVERS": self.address,
            "JOURNEYS_SOURCE__TOPIC": self.topic,
        }
        return {**os.environ, **said, **self.settings}

    def command(self, *words: str) -> None:
        """Run a command of this app to its end; raises CalledProcessError."""
        subprocess.run([JOURNEYS, *words], env=self.environment, stdout=subprocess.DEVNULL, check=True)

    def start(self) -> subprocess.Popen[bytes]:
        """One more, in a folder that goes with the app; it writes its log to a file of its own."""
        path = self.logs / f"{len(list(self.logs.iterdir())):03d}"
        with path.open("wb") as log:
            worker = subprocess.Popen(self.line, cwd=self.logs, env=self.environment, stdout=log, stderr=log)
        self.running.append(worker)
        path.rename(path.with_name(f"{path.name}-{worker.pid}"))
        return worker

    def log(self, worker: subprocess.Popen[bytes]) -> str:
        """What it has said so far."""
        return next(self.logs.glob(f"*-{worker.pid}")).read_text(errors="replace")

    def owners(self) -> dict[int, subprocess.Popen[bytes]]:
        """Partition -> the worker that opened it last."""
        opened = [(m[1], int(m[2]), w) for w in self.running for m in OPENED.finditer(self.log(w))]
        return {partition: worker for _, partition, worker in sorted(opened, key=lambda o: o[0])}

    async def assigned(self, partitions: int) -> None:
        """Wait until all partitions are open and every worker that there is one for has some."""
        busy = min(partitions, len(self.running))
        while len(owners := self.owners()) < partitions or len({*owners.values()}) < busy:
            self.check()
            await asyncio.sleep(POLL_S)

    def check(self) -> None:
        """Raises RuntimeError with its last words if one has ended by itself."""
        for worker in self.running:
            if worker.poll() is not None:
                words = self.log(worker)[-2_000:]
                raise RuntimeError(f"a worker ended with exit code {worker.returncode}:\n{words}")

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        """SIGKILL, which also ends one that is stopped."""
        worker.kill()
        worker.wait()
        self.running.remove(worker)

    def stop(self) -> None:
        """SIGTERM to all, and their end."""
        for worker in self.running:
            worker.send_signal(signal.SIGTERM)
        for worker in self.running:
            worker.wait(15)
        self.running.clear()


@contextmanager
def workers(address: str, topic: str, app: str, journey: Path = JOURNEY, **settings: str) -> Iterator[Workers]:
    """The app with its topics; `settings` are environment variables without `JOURNEYS_`, in lower case."""
    said = {f"JOURNEYS_{name.upper()}": value for name, value in settings.items()}
    with processes(address, topic, app, [str(JOURNEYS), "worker", "--journey", str(journey)], said) as made:
        made.command("topics", "apply")
        yield made


@contextmanager
def processes(
    address: str, topic: str, app: str, line: Sequence[str], settings: Mapping[str, str] | None = None
) -> Iterator[Workers]:
    """Processes that are started with that command line. None is left at the end."""
    folder = Path(tempfile.mkdtemp(prefix="journeys-"))
    made = Workers(address, topic, app, settings or {}, folder, line)
    try:
        yield made
    finally:
        for worker in made.running:
            worker.kill()
            worker.wait()
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def offsets(address: str, app: str) -> AsyncIterator[Committed]:
    """A function that asks how many input records the group has committed."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()

    async def committed() -> int:
        try:
            found = await admin.list_consumer_group_offsets(app)
        except GroupCoordinatorNotAvailableError:  # the broker is still making the topic of offsets
            return 0
        return sum(max(0, at.offset) for at in found.values())

    try:
        yield committed
    finally:
        await admin.close()


async def transitions(address: str, topic: str, partitions: int) -> list[list[bytes]]:
    """The committed values of each partition, in order, up to what is written by now (its markers may be late)."""
    return [[record.value for record in some] for some in await records(address, topic, partitions)]


async def records(address: str, topic: str, partitions: int) -> list[list[Any]]:
    """As `transitions`, whole (aiokafka's ConsumerRecord), of any topic."""
    wanted = [TopicPartition(topic, p) for p in range(partitions)]
    watcher = AIOKafkaConsumer(bootstrap_servers=address, enable_auto_commit=False)
    consumer = AIOKafkaConsumer(bootstrap_servers=address, isolation_level="read_committed", enable_auto_commit=False)
    await watcher.start()
    await consumer.start()
    try:
        consumer.assign(wanted)
        await consumer.seek_to_beginning(*wanted)
        ends = await watcher.end_offsets(wanted)
        out: list[list[Any]] = [[] for _ in wanted]
        while any([await consumer.position(tp) < ends[tp] for tp in wanted]):
            for tp, some in (await consumer.getmany(timeout_ms=200, max_records=20_000)).items():
                out[tp.partition] += some
        return out
    finally:
        await watcher.stop()
        await consumer.stop()


def compare(job: Job, values: Sequence[Sequence[bytes]], until_ms: float = math.inf) -> tuple[int, int, int]:
    """(missing, extra, doubled) rows. until_ms: later deadlines may be missing, because their time has not come."""
    found: Counter[Row] = Counter()
    for partition in values:
        for value in partition:
            r = orjson.loads(value)
            found[r["entity_id"], r["kind"], r["rule"], ms_of(r["effective_at"])] += 1
    doubled = sum(n - 1 for n in found.values() if n > 1)
    lacking = job.expected - found
    missing = sum(n for (_, kind, _, at), n in lacking.items() if kind != "dropped_off" or at <= until_ms)
    return missing, sum((found - job.expected).values()), doubled
