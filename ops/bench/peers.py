"""Other engines doing the reference job, as processes: how each is built, and with which command line it is started.

They are what somebody would write who knows the engine: its own state, its own timers where it has any, exactly-once.
Each reads the same topic as a worker and writes the same rows, as JSON with what identifies a row and its instant.
Does not know: rounds, figures.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import job
import race

HERE = job.HERE / "peers"
# What a Java machine would leave in /tmp goes with the folder in which it runs.
JAVA = ("java", "-XX:+UseParallelGC", "-Xmx2g", "-Djava.io.tmpdir=.", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")


@dataclass(frozen=True)
class Peer:
    """An engine. line: its command; after it come address, app, input and output, then `options`."""

    name: str
    title: str
    folder: Path
    line: Sequence[str]
    options: Sequence[str] = ()
    processes: int = 1
    by_slowest: bool = False

    @property
    def contender(self) -> race.Contender:
        """As one of a race."""
        return race.Contender(self.name, self.title, self.processes, self._team, self.by_slowest)

    @asynccontextmanager
    async def _team(self, address: str, course: race.Course, app: str) -> AsyncIterator[job.Workers]:
        output = f"{app}.transitions"
        await job.create_input(address, output, course.made.partitions)
        command = [*self.line, address, app, course.topic, output, *self.options]
        with job.processes(address, course.topic, app, command) as team:
            yield team


def java(folder: str, *more: str) -> list[str]:
    """The command line of a job that Maven has built."""
    target = HERE / folder / "target"
    return [*JAVA, *more, "-cp", f"{target}/reference.jar:{target}/lib/*", "ReferenceJob"]


OPEN = ("--add-opens=java.base/java.lang=ALL-UNNAMED", "--add-opens=java.base/java.util=ALL-UNNAMED")  # Flink's wish
FLINK, KAFKA_STREAMS, QUIX = HERE / "flink", HERE / "kafka-streams", HERE / "quix"
PEERS = (
    Peer("flink", "Flink, on the heap", FLINK, java("flink", *OPEN), by_slowest=True),
    Peer("streams-memory", "Kafka Streams, in memory", KAFKA_STREAMS, java("kafka-streams"), ["memory"]),
    Peer("streams-rocksdb", "Kafka Streams, RocksDB", KAFKA_STREAMS, java("kafka-streams"), ["rocksdb"]),
    Peer("quix", "Quix Streams", QUIX, [f"{QUIX}/.venv/bin/python", f"{QUIX}/reference_job.py"], processes=2),
)
