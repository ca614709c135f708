"""Events of any number of users in any mix, in the order of their arrival, made while they are consumed.

The reference journey's events over thirty days; every user does as much in the mean. What makes them hard is a share
each: irrelevant names, one user who is hot, events out of order. Millions of users fit, because two bytes are kept
of each.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import job
import orjson

BEGIN_MS, SPAN_MS = 1_767_225_600_000, 30 * 86_400_000  # 2026-01-01
KINDS, WEIGHTS = ("page_viewed", "report_created", "app_opened", "invite_sent", "invoice_paid"), (60, 25, 10, 3.5, 1.5)
IRRELEVANT = "heartbeat"
DELAY_MS = 3_600_000  # at most, of what is out of order
SEED = 7

Arrived = tuple[int, bytes, bytes]  # timestamp, key, value


class Mix(NamedTuple):
    """per_user: events in the mean. Shares of all events, 0 to 1: relevant; hot, of one user; late, out of order."""

    users: int
    per_user: float = 4.0
    relevant: float = 1.0
    hot: float = 0.0
    late: float = 0.0

    @property
    def events(self) -> int:
        """How many there are."""
        return int(self.users * self.per_user)


def stream(mix: Mix, partitions: int) -> Iterator[tuple[int, Arrived]]:
    """(partition, record); the same ones every time."""
    chance = random.Random(SEED)  # noqa: S311
    signed_up, homes = bytearray(mix.users), bytearray(mix.users)  # homes: 1 + the partition, 0: not worked out yet
    last = -1  # whose event the previous one was, if it was in order
    for number in range(mix.events):
        arrival = BEGIN_MS + number * SPAN_MS // mix.events
        late = last >= 0 and chance.random() < mix.late / (1 - mix.late)  # no two in a row
        user = last if late else 0 if chance.random() < mix.hot else int(chance.random() * mix.users)
        last = -1 if late else user
        if chance.random() >= mix.relevant:
            kind = IRRELEVANT
        elif signed_up[user]:
            kind = chance.choices(KINDS, WEIGHTS)[0]
        else:
            kind, signed_up[user] = "signed_up", 1
        occurred = arrival - chance.randrange(1_000, DELAY_MS) if late else arrival
        key = b"u%08d" % user
        homes[user] = homes[user] or 1 + job.home(key, partitions)
        yield homes[user] - 1, (arrival, key, event(number, kind, key, occurred))


def event(number: int, kind: str, key: bytes, occurred: int) -> bytes:
    """As large as those of the reference job."""
    user = key.decode()
    at = datetime.fromtimestamp(occurred / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    properties = {"plan": "pro", "amount": 12.34, "surface": "web"}
    account = f"a{user[1:-1]}"
    value = {"id": f"{number:08x}-7a1c-4b6e-9d2f-{user}", "type": kind, "user_id": user, "account_id": account}
    return orjson.dumps({**value, "occurred_at": at, "properties": properties})
