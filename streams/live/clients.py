"""The Kafka clients of a worker: how each is made, and how each is closed.

Every client of the live room is made here, with the same addresses and the same security; what each is for stands at
its function. Timeouts that belong to an algorithm stand with the algorithm.
Does not know: topics, partitions, what is read or written.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Awaitable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.abc import AbstractTokenProvider
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError
from aiokafka.helpers import create_ssl_context

from streams.live import fetching
from streams.live.errors import Misconfigured
from streams.live.sections import Kafka

FETCH_BYTES = 1 << 20  # of one partition; a larger batch of records is still fetched, alone
FETCH_ALL_BYTES = 16 << 20
RESTORE_FETCH_BYTES = 4 << 20
FETCH_WAIT_MS = 100
BATCH_BYTES = 900_000  # uncompressed; topics take 1 MiB at least (topics.py), and a larger record goes alone
TRANSACTION_TIMEOUT_MS = 15_000
RETRY_BACKOFF_MS = 10  # aiokafka's 100 ms make the 99th percentile of a commit 125 ms, 10 ms make it 35
REBALANCE_TIMEOUT_MS = 30_000  # how long the group waits for a member that lets its last commits finish
MAX_POLL_INTERVAL_MS = 60_000
CLOSE_TIMEOUT_MS = 1_000

# What a reason why there is no connection has in it, and what to do then; the first that fits.
ADVICE = (
    ("certificate has expired", "The broker's certificate has to be renewed, at the broker"),
    (
        "certificate is not valid for",
        "kafka.bootstrap_servers, and the broker's advertised.listeners, have to name it as its certificate does",
    ),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "kafka.ssl_cafile has to hold the certificate of the authority that has signed the broker's",
    ),
    (
        "SaslAuthenticationFailed",
        "Check kafka.sasl_plain_username and kafka.sasl_plain_password, or the token in kafka.sasl_oauth_token_file",
    ),
    ("UnsupportedSaslMechanism", "Set kafka.sasl_mechanism to one that the broker has in sasl.enabled.mechanisms"),
    ("WRONG_VERSION_NUMBER", "No TLS is spoken there: check kafka.security_protocol, and the port"),
    (
        "closed",
        "It hangs up: check kafka.security_protocol and the port, and kafka.ssl_certfile if it wants to see one",
    ),
)
OTHERWISE = "Check kafka.bootstrap_servers, that a broker runs there, and kafka.security_protocol"

log = logging.getLogger(__name__)


class TokenFile(AbstractTokenProvider):
    """An OAuth token that somebody else keeps fresh in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def token(self) -> str:
        """What is in the file now."""
        return (await asyncio.to_thread(self.path.read_text, encoding="utf-8")).strip()


class Clients:
    """Makes clients for one cluster. Raises `Misconfigured` where certificates cannot be loaded."""

    def __init__(self, kafka: Kafka) -> None:
        self.kafka = kafka
        self.options: dict[str, Any] = {
            "bootstrap_servers": list(kafka.bootstrap_servers),
            "security_protocol": kafka.security_protocol,
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.sasl_plain_username,
            "sasl_plain_password": kafka.sasl_plain_password and kafka.sasl_plain_password.get_secret_value(),
            "sasl_oauth_token_provider": kafka.sasl_oauth_token_file and TokenFile(kafka.sasl_oauth_token_file),
            "ssl_context": self.ssl_context() if kafka.security_protocol.endswith("SSL") else None,
        }

    def ssl_context(self) -> ssl.SSLContext:
        """The certificates of the settings; the broker's name is always checked."""
        kafka = self.kafka
        try:
            context: ssl.SSLContext = create_ssl_context(
                cafile=kafka.ssl_cafile,
                certfile=kafka.ssl_certfile,
                keyfile=kafka.ssl_keyfile,
                password=kafka.ssl_password and kafka.ssl_password.get_secret_value(),
            )
        except OSError as error:  # ssl.SSLError is one
            raise Misconfigured(
                f"settings: kafka.ssl_cafile, ssl_certfile or ssl_keyfile cannot be loaded: {error}"
            ) from None
        return context

    def member(self, group: str, *, native: bool) -> AIOKafkaConsumer:
        """The consumer of a worker: reads the input as a member of the group; where to begin is our decision.

        native: what it gives are batches, unpacked by the native engine.
        """
        if native:
            fetching.install()
        return AIOKafkaConsumer(
            **self.options,
            value_deserializer=fetching.in_batches if native else None,
            group_id=group,
            group_instance_id=self.kafka.instance_id,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=FETCH_ALL_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            session_timeout_ms=self.kafka.session_timeout_ms,
            heartbeat_interval_ms=self.kafka.session_timeout_ms // 3,
            max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
            rebalance_timeout_ms=REBALANCE_TIMEOUT_MS,
            partition_assignment_strategy=[StickyPartitionAssignor],
        )

    def reader(self, fetch_wait_ms: int = FETCH_WAIT_MS) -> AIOKafkaConsumer:
        """A consumer that reads committed records of chosen partitions in bulk, and knows the last stable offset.

        fetch_wait_ms: how long the broker holds a fetch at the end of a log; meanwhile it answers nothing else.
        """
        return AIOKafkaConsumer(
            **self.options,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            max_partition_fetch_bytes=RESTORE_FETCH_BYTES,
            fetch_max_bytes=FETCH_ALL_BYTES,
            fetch_max_wait_ms=fetch_wait_ms,
            retry_backoff_ms=RETRY_BACKOFF_MS,
        )

    def watcher(self, isolation: Literal["read_uncommitted", "read_committed"]) -> AIOKafkaConsumer:
        """A consumer that only asks for the ends of logs, where records of open transactions count or do not."""
        return AIOKafkaConsumer(**self.options, enable_auto_commit=False, isolation_level=isolation)

    def producer(self, transactional_id: str) -> AIOKafkaProducer:
        """The transactional producer of one input partition."""
        return AIOKafkaProducer(
            **self.options,
            transactional_id=transactional_id,
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            max_batch_size=BATCH_BYTES,
            retry_backoff_ms=RETRY_BACKOFF_MS,
        )

    def admin(self) -> AIOKafkaAdminClient:
        """For topics and their settings, and for the committed offsets of the group with their metadata."""
        return AIOKafkaAdminClient(**self.options)

    def bare(self) -> AIOKafkaClient:
        """For requests that none of the others makes; `bootstrap` connects it."""
        return AIOKafkaClient(**self.options)


class Client(Protocol):
    """What all clients can."""

    def start(self) -> Awaitable[None]:
        """Connect; `KafkaConnectionError` where no address answers."""
        ...


async def connect(client: Client, servers: tuple[str, ...]) -> None:
    """Start a client.

    Raises `Misconfigured` with the reason where no broker can be reached or none lets us in: aiokafka tells it only to
    its log.
    """
    with reasons() as found:
        try:
            await client.start()
        except KafkaError as error:
            raise Misconfigured(f"no Kafka broker answers at {', '.join(servers)}: {explain(error, found)}") from None


def explain(error: KafkaError, found: Sequence[str]) -> str:
    """Why there is no connection, and what to do next. found: what aiokafka has logged."""
    why = "; ".join(dict.fromkeys(found)) or repr(error)
    return f"{why}. {next((advice for sign, advice in ADVICE if sign in why), OTHERWISE)}"


@contextlib.contextmanager
def reasons() -> Iterator[list[str]]:
    """Collects what aiokafka logs about connections meanwhile."""
    found: list[str] = []
    logger = logging.getLogger("aiokafka")
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]
    logger.addHandler(handler)
    propagate, logger.propagate = logger.propagate, False
    try:
        yield found
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


_closing: set[asyncio.Future[None]] = set()  # asyncio keeps only weak references to tasks


def abandon(stopping: Awaitable[None]) -> asyncio.Future[None]:
    """Close a client in the background, however long it takes. Nothing that is right hangs on it."""
    task = asyncio.ensure_future(stopping)
    _closing.add(task)
    task.add_done_callback(forget)
    return task


async def close(stopping: Awaitable[None]) -> None:
    """Close a client, but wait no longer than a moment: aiokafka may wait for a broker that is down."""
    await asyncio.wait([abandon(stopping)], timeout=CLOSE_TIMEOUT_MS / 1_000)


def forget(task: asyncio.Future[None]) -> None:
    """A client that could not be closed properly is mentioned, no more."""
    _closing.discard(task)
    if not task.cancelled() and (error := task.exception()):
        log.debug("closing a client: %r", error)
