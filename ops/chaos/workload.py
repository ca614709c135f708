"""What happens to a product while its workers are shot at: events without end, in real time, and how they are written.

The job is the reference job of the benchmarks, with seconds for its days, so that a run of a minute sees every
deadline. Of every hundred records a few are what producers do wrong: the same one twice, one that comes seconds late (a
rewind), one that comes an hour late, a name that no journey knows, and what is no event. No two events of a user happen
in the same millisecond: the expectation, which is that of the reference job, does not say what comes first.
Does not know: what must come out (expected.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

REFERENCE = Path(__file__).resolve().parent.parent / "bench" / "reference" / "reference.yaml"
LATENESS_MS = 600_000
POOL = 2_500  # users who are about; each does something every few seconds
SLICE_S = 0.05
BURST_EVERY_S, BURST = 15.0, 600  # so many sign up at once, and are idle at once seven seconds later
WAVE_S, SILENCE_S = 7.0, 2.5  # of each wave: without events, time goes on by ticks alone
KINDS = (
    *("page_viewed",) * 60,
    *("report_created",) * 25,
    *("app_opened",) * 9,
    *("invite_sent",) * 3,
    *("invoice_paid",) * 3,
)
# What a record is, and so many of a thousand are that.
MIX = (
    ("as ever", "signup of a newcomer", "newcomer", "noise", "seconds late", "an hour late", "twice", "wrong"),
    (825, 40, 40, 45, 20, 5, 10, 15),
)
HOUR_MS = 3_600_000
PATIENCE_MS = 300_000  # of the producer with a broker that is away

Sent = tuple[bytes, bytes | None]


def journey() -> str:
    """The reference journey on the scale of a second for a day."""
    text = REFERENCE.read_text()
    for days, seconds in (("last: 7d", "last: 7s"), ("within: 14d", "within: 14s"), ("within: 7d", "within: 7s")):
        assert days in text, f"{REFERENCE} has changed: it has no {days}"
        text = text.replace(days, seconds)
    return text.replace("allowed_lateness: 24h", f"allowed_lateness: {LATENESS_MS // 1_000}s")


def iso(at_ms: int) -> str:
    """RFC 3339 in UTC."""
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Crowd:
    """The users, and what they do. name: keeps the users of one crowd apart from those of another."""

    rng: random.Random
    name: str = "u"
    users: list[str] = field(default_factory=list)
    instants: dict[str, set[int]] = field(default_factory=dict)
    recent: deque[Sent] = field(default_factory=lambda: deque(maxlen=200))
    count: int = 0
    made: int = 0

    def act(self, now_ms: int) -> Sent:
        """One record, as it is written now."""
        (what,) = self.rng.choices(*MIX)
        user = self.rng.choice(self.users) if self.users and not what.endswith("newcomer") else self._newcomer()
        kind, at_ms = self.rng.choice(KINDS), now_ms
        match what:
            case "twice" if self.recent:
                return self.rng.choice(self.recent)
            case "wrong":
                return self._wrong(user, now_ms)
            case "signup of a newcomer":
                kind = "signed_up"
            case "seconds late":
                at_ms -= self.rng.randrange(1, 4_000)
            case "an hour late":
                at_ms -= HOUR_MS
            case "noise":
                kind = "noise"
        return self._tell(user, kind, at_ms)

    def burst(self, now_ms: int) -> Iterator[Sent]:
        """Many who sign up at once and never come back."""
        for _ in range(BURST):
            self.count += 1
            yield self._event(f"{self.name}{self.count:07}", "signed_up", now_ms)

    def _newcomer(self) -> str:
        self.count += 1
        user = f"{self.name}{self.count:07}"
        if len(self.users) >= POOL:
            at = self.rng.randrange(POOL)
            self.instants.pop(self.users[at], None)
            self.users[at] = self.users[-1]
            self.users.pop()
        self.users.append(user)
        return user

    def _tell(self, user: str, kind: str, at_ms: int) -> Sent:
        taken = self.instants.setdefault(user, set())
        while at_ms in taken:
            at_ms -= 1
        taken.add(at_ms)
        sent = self._event(user, kind, at_ms)
        self.recent.append(sent)
        return sent

    def _event(self, user: str, kind: str, at_ms: int, **other: str) -> Sent:
        self.made += 1
        told = {"id": f"{self.name}{self.made:08x}", "type": kind, "user_id": user, "account_id": f"a{self.made % 997}"}
        told |= {"occurred_at": iso(at_ms)} | other
        return user.encode(), orjson.dumps(told | {"properties": {"plan": "pro", "surface": "web"}})

    def _wrong(self, user: str, now_ms: int) -> Sent:
        """What is no event, with one thing wrong about it; for each reason see expected.py."""
        key, value = self._event(user, "page_viewed", now_ms)
        assert value is not None
        return self.rng.choice(
            (
                (key, None),
                (key, value[:-5]),
                (key, value.replace(b'"type"', b'"tipe"')),
                (key + b"?", value),
                self._event(user, "page_viewed", now_ms + HOUR_MS),
            )
        )


class Producer:
    """Writes the crowd's events to a topic until it is told to stop. written: so many are acknowledged."""

    def __init__(self, address: str, topic: str, crowd: Crowd, rate: float, say: Callable[[str], None]) -> None:
        self.address, self.topic, self.crowd, self.rate, self.say = address, topic, crowd, rate, say
        self.written = 0
        self.stopping = False

    async def run(self) -> None:
        """Idempotent, and with patience; one that has failed is replaced, and what it had on the way may be lost."""
        while not self.stopping:
            client = AIOKafkaProducer(
                bootstrap_servers=self.address,
                enable_idempotence=True,
                request_timeout_ms=PATIENCE_MS,
                linger_ms=5,
                max_batch_size=1 << 18,
            )
            try:
                await client.start()
                await self._write(client)
                await asyncio.wait_for(client.flush(), 60)
            except (KafkaError, TimeoutError) as error:
                self.say(f"the producer begins anew: {error!r}")
            finally:
                with contextlib.suppress(KafkaError, TimeoutError):
                    await asyncio.wait_for(client.stop(), 5)

    async def _write(self, client: AIOKafkaProducer) -> None:
        last, burst, share = time.monotonic(), time.monotonic() + BURST_EVERY_S / 3, 0.0
        while not self.stopping:
            now, now_ms = time.monotonic(), time.time_ns() // 1_000_000
            share += self.rate * min(1.0, now - last)  # what a broker that was away has kept back is not made up for
            last, records = now, []
            if now % WAVE_S > SILENCE_S:
                records = [self.crowd.act(now_ms) for _ in range(int(share))]
                share %= 1
            if now > burst:
                burst = now + BURST_EVERY_S
                records += self.crowd.burst(now_ms)
            for key, value in records:
                acknowledged = await client.send(self.topic, value, key)
                acknowledged.add_done_callback(self._count)
            await asyncio.sleep(SLICE_S)

    def _count(self, acknowledged: asyncio.Future[object]) -> None:
        if not acknowledged.cancelled() and acknowledged.exception() is None:
            self.written += 1
