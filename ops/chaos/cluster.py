"""A Kafka cluster on this machine for the chaos runs: one node, or three with every topic on all of them.

Nodes are data folders of `ops/kafka/broker`, made here because that script knows only brokers that stand alone. Each
has two listeners: clients that are told the truth use `address`; workers are given `proxied`, behind which a proxy may
stand between them and the node. What is a voter or a proxy is written with another name of the loopback, because the
script wants the ports of 127.0.0.1 free before it starts a node.
Does not know: topics, workers, when anything is killed.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BROKER = HERE.parent / "kafka" / "broker"
LIB = HERE.parent / "kafka" / "lib"
PORTS = range(20_000, 32_000)  # as ops/kafka/broker
PROXY_HOST = "127.0.0.2"

PROPERTIES = """\
process.roles=broker,controller
node.id={node}
listeners=PLAINTEXT://127.0.0.1:{client},PROXIED://127.0.0.1:{behind},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{client},PROXIED://{proxy_host}:{proxy}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters={voters}
log.dirs=log
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=8
offsets.topic.replication.factor={replication}
transaction.state.log.num.partitions=8
transaction.state.log.replication.factor={replication}
transaction.state.log.min.isr={in_sync}
min.insync.replicas={in_sync}
# a transaction of a worker that is gone ends when its time is over, not up to ten seconds later
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
log.cleaner.dedupe.buffer.size=33554432
log.cleaner.backoff.ms=500
"""


@dataclass(frozen=True)
class Node:
    """A node, running or not. Ports: for clients, behind the proxy, of the proxy, of the controller."""

    id: int
    data: Path
    client: int
    behind: int
    proxy: int
    controller: int

    @property
    def address(self) -> str:
        """For clients that no proxy may disturb."""
        return f"127.0.0.1:{self.client}"

    @property
    def proxied(self) -> str:
        """Where the proxy of this node has to listen."""
        return f"{PROXY_HOST}:{self.proxy}"

    def pid(self) -> int:
        """The process that runs it, or has run it."""
        return int((self.data / "pid").read_text())

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its process."""
        os.kill(self.pid(), number)

    async def start(self) -> None:
        """Start it and wait until it answers; raises RuntimeError with what the script said."""
        await broker("start", self.data)

    async def stop(self) -> None:
        """A controlled shutdown: what it leads and coordinates moves first."""
        await broker("stop", self.data)


class Cluster:
    """Make it in a folder of its own, `start` it, and `kill` it at the end."""

    def __init__(self, folder: Path, size: int) -> None:
        ports = free_ports(4 * size)
        self.nodes = [Node(i + 1, folder / f"node-{i + 1}", *ports[4 * i : 4 * i + 4]) for i in range(size)]

    @property
    def address(self) -> str:
        """Bootstrap servers of the harness."""
        return ",".join(node.address for node in self.nodes)

    @property
    def proxied(self) -> str:
        """Bootstrap servers of workers that a proxy disturbs."""
        return ",".join(node.proxied for node in self.nodes)

    @property
    def replication(self) -> int:
        """Of every topic."""
        return len(self.nodes)

    async def start(self) -> None:
        """Format all nodes and start them together: one alone of three would wait for a second."""
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        voters = ",".join(f"{node.id}@localhost:{node.controller}" for node in self.nodes)
        for node in self.nodes:
            format_storage(node, cluster, voters, len(self.nodes))
        await asyncio.gather(*(node.start() for node in self.nodes))

    def kill(self) -> None:
        """Kill what runs; the folders stay, for whoever wants to know what has happened."""
        for node in self.nodes:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                node.signal(signal.SIGKILL)


def format_storage(node: Node, cluster: str, voters: str, size: int) -> None:
    """Write the settings of a node and make its storage."""
    node.data.mkdir(parents=True)
    text = PROPERTIES.format(
        node=node.id,
        client=node.client,
        behind=node.behind,
        proxy=node.proxy,
        controller=node.controller,
        proxy_host=PROXY_HOST,
        voters=voters,
        replication=size,
        in_sync=1 if size == 1 else 2,
    )
    (node.data / "server.properties").write_text(text)
    (node.data / "bootstrap").write_text(f"{node.address}\n")
    java("kafka.tools.StorageTool", ["format", f"--cluster-id={cluster}", "--config=server.properties"], node.data)


def java(main: str, arguments: Sequence[str], folder: Path) -> str:
    """Run a tool of Kafka; returns what it printed. Raises RuntimeError with that if it fails."""
    command = [shutil.which("java") or "java", "-XX:+UseSerialGC", "-cp", f"{LIB}/*", main, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{main} {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


async def broker(command: str, data: Path) -> None:
    """Run a command of the broker script; raises RuntimeError with what it said."""
    process = await asyncio.create_subprocess_exec(
        BROKER, command, "--data", data, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, said = await process.communicate()
    if process.returncode:
        raise RuntimeError(said.decode())


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody uses, at random, so that runs beside each other do not meet."""
    found = [port for port in random.sample(PORTS, 400) if is_free(port)]  # no secret
    return found[:count]


def is_free(port: int) -> bool:
    """Whether a server could listen on that port of the loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True
