"""Wrong workers: each with one of the mistakes that exactly-once processing on Kafka invites, to check the checker.

A wrong worker is a few changes to the source of named functions, as the wrong engines of `tests/laws/mutants.py`, and
the nemeses that bring it to light. It is started as a process of its own by worker.py.
The functions below are what a changed source calls where a change of text alone would not do.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.structs import OffsetAndMetadata

sys.path.append(str(Path(__file__).resolve().parents[2]))
from tests.laws.mutants import Mutant  # how a mutant is applied is the same
from tests.laws.mutants import applied as applied_one

TRANSACTIONS = "streams.live.transaction:Transactions"
COMMIT, SEND = f"{TRANSACTIONS}._commit", f"{TRANSACTIONS}._send"
PRODUCER = "producer, partition = self._producer,"
BEGUN, BEGIN, END = (
    'fail_point("after begin")',
    "await producer.begin_transaction()",
    "await producer.commit_transaction()",
)
AGAIN = "await producer.commit_transaction(); await producer.begin_transaction()"


@dataclass(frozen=True)
class Wrong:
    """What is wrong, in the source, and which nemesis shows it, with a fail point if it is `failpoint`."""

    what: str
    nemesis: str
    point: str
    changes: tuple[Mutant, ...]


def wrong(what: str, shown_by: str, *changes: tuple[str, str, str]) -> tuple[str, Wrong]:
    """By its name. shown_by: nemesis, or nemesis and fail point. changes: where, old, new."""
    nemesis, _, point = shown_by.partition(" ")
    return what.replace(" ", "-"), Wrong(what, nemesis, point, tuple(Mutant(what, *change) for change in changes))


def outside(topic: str) -> tuple[str, str, str]:
    """Records of that topic are written by a producer without transactions."""
    return SEND, PRODUCER, f'producer, partition = await __import__("wrong").plain(self, topic, "{topic}"),'


WRONG = dict(
    [
        wrong(
            "offset committed before the rest",
            "failpoint after state",
            (
                COMMIT,
                BEGUN,
                f'await __import__("wrong").offsets_first(self, producer, outcome.position); {AGAIN}; {BEGUN}',
            ),
        ),
        wrong(
            "rows committed before the state",
            "failpoint after journal",
            (
                COMMIT,
                'fail_point("after transitions")',
                f'await asyncio.gather(*acks); {AGAIN}; fail_point("after members")',
            ),
        ),
        wrong("state written outside the transaction", "failpoint before commit", outside("state")),
        wrong("journal written outside the transaction", "failpoint before commit", outside("journal")),
        wrong("rejected written outside the transaction", "failpoint before commit", outside("rejected")),
        wrong(
            "no fencing",
            "zombie",
            (f"{TRANSACTIONS}.__init__", 'self.transactional_id = f"', 'self.transactional_id = f"{time.time_ns()}'),
        ),
        wrong(
            "reads before it fences",
            "takeover",
            (f"{TRANSACTIONS}.fence", "await self._producer.start()", "self.unfenced = True"),
            (f"{TRANSACTIONS}.abort_forgotten", "if not left:", "if True:"),
            (COMMIT, BEGIN, f'await __import__("wrong").fence_late(self); {BEGIN}'),
        ),
        wrong(
            "position not reset after a failure",
            "toolarge",
            (
                "streams.live.reader:Reader.start",
                "self.next_offset = offset",
                "self.next_offset = offset = max(offset, self.next_offset)",
            ),
        ),
        wrong(
            "ticks while behind",
            "kill",
            ("streams.live.lane:Lane._tick", "self._horizons.reached(at)", "self._horizons.reached(1 << 62)"),
        ),
        wrong(
            "ambiguous commit tried again",
            "lost",
            (COMMIT, END, 'await __import__("wrong").twice(self, producer, batch)'),
        ),
        wrong("batches not awaited", "toolarge", (COMMIT, "await asyncio.gather(*acks)", "pass")),
        wrong(
            "restores what is not committed",
            "opentx",
            ("streams.live.clients:Clients.reader", '"read_committed"', '"read_uncommitted"'),
        ),
        wrong(
            "group believed instead of the state",
            "rewound",
            (
                "streams.live.restore:restore",
                "agree(meta, committed, home)",
                'meta = __import__("wrong").believe(meta, committed)',
            ),
        ),
        wrong(
            "last record not recognised",
            "recreate",
            ("streams.live.restore:recognise", "tp, last = home.tp, meta.position.next_offset - 1", "return"),
        ),
        wrong(
            "members without tombstones",
            "kill",
            (COMMIT, "outcome.members)", "type(outcome.members)([pair for pair in outcome.members if pair[1]]))"),
        ),
        wrong(
            "its own clock instead of the broker's",
            "clock",
            ("streams.live.clock:BrokerClock.now", "self._base_ms + self._monotonic()", "time.time_ns() // 1_000_000"),
        ),
    ]
)


@contextlib.contextmanager
def applied(some: Wrong) -> Iterator[None]:
    """The wrong worker, until the context ends. Raises AssertionError where the source has changed."""
    with contextlib.ExitStack() as stack:
        for change in some.changes:
            stack.enter_context(applied_one(change))
        yield


# -- what the changed sources call -------------------------------------------------------------------------------------
_plain: list[AIOKafkaProducer] = []


async def plain(transactions: Any, topic: str, kind: str) -> Any:
    """The producer to be used for that topic: one without transactions if the topic is of that kind."""
    if topic != f"{transactions.home.names.app}.{kind}":
        return transactions._producer  # noqa: SLF001
    if not _plain:
        servers = os.environ["JOURNEYS_KAFKA__BOOTSTRAP_SERVERS"].split(",")
        _plain.append(AIOKafkaProducer(bootstrap_servers=servers, max_batch_size=900_000))
        await _plain[0].start()
    return _plain[0]


async def offsets_first(transactions: Any, producer: Any, position: Any) -> None:
    """The group's offset, in the transaction that is open."""
    at = OffsetAndMetadata(position.next_offset, str(position.clock))
    await producer.send_offsets_to_transaction({transactions.home.tp: at}, transactions.home.names.app)


async def fence_late(transactions: Any) -> None:
    """To be called in every commit: the first one fences."""
    if vars(transactions).pop("unfenced", False):
        await transactions._producer.start()  # noqa: SLF001


async def twice(transactions: Any, producer: Any, batch: Any) -> None:
    """A commit that may or may not have succeeded is made once more, by a new producer."""
    try:
        await producer.commit_transaction()
    except Exception:  # noqa: BLE001  # that is what is wrong
        transactions._resends.count += 1  # noqa: SLF001
    if transactions._resends.count:  # noqa: SLF001
        servers = os.environ["JOURNEYS_KAFKA__BOOTSTRAP_SERVERS"].split(",")
        again = AIOKafkaProducer(
            bootstrap_servers=servers, transactional_id=transactions.transactional_id, max_batch_size=900_000
        )
        await again.start()
        transactions._producer, transactions._resends.count = again, 0  # noqa: SLF001
        await transactions._commit(again, batch)  # noqa: SLF001


def believe(meta: Any, committed: Any) -> Any:
    """Where to go on is what the group says, whatever the state is of."""
    if committed is None:
        return meta
    position = msgspec.structs.replace(meta.position, next_offset=committed.offset)
    return msgspec.structs.replace(meta, position=position, last_hash=None)
