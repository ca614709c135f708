"""The product of the demo: what its people do as records, in the order and at the instants in which they are sent.

Rules
  - everything follows from the seed, the start and the sizes: the same again gives the same bytes;
  - people sign up over the first part of the run, so that there is time for what may become of them;
  - the network is what networks are: some records leave a second or two after they happened, behind later ones of the
    same person, and some leave twice;
  - an id is the person and a running number, so ids of one person sort in the order of what they did;
  - nothing is sent after the end.
Does not know: the clock on the wall, Kafka.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import NamedTuple

import orjson

from streams.cli.demo_people import TEMPERAMENTS, Action, Actions, Life

ARRIVING_SHARE = 0.7  # of the run
ACCOUNT_SIZE = 8
LATE_SHARE, LATE_MS = 0.03, (200, 2_500)
TWICE_SHARE, TWICE_MS = 0.01, (50, 2_000)


class Sent(NamedTuple):
    """A record on its way: when it leaves (ms since the epoch), its key and its value."""

    at_ms: int
    key: bytes
    value: bytes


class Person(NamedTuple):
    """Who acts next, and what. taken: how many actions so far. network: the dice that their records are sent with."""

    number: int
    taken: int
    actions: Actions
    network: Random


@dataclass
class Product:
    """A run of the product. users: who sign up in it. start_ms, length_ms: when it runs."""

    seed: int
    users: int
    start_ms: int
    length_ms: int
    _queue: list[tuple[int, int, Person | Sent]] = field(default_factory=list, init=False)
    _serial: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[Sent]:
        """All records, in order of `at_ms`."""
        for person in self._people():
            self._queue_next(person)
        while self._queue:
            *_, item = heapq.heappop(self._queue)
            if isinstance(item, Sent):
                yield item
            else:
                self._queue_next(item)

    def _people(self) -> Iterator[Person]:
        dice = dice_of(self.seed)
        kinds, shares = list(TEMPERAMENTS), list(TEMPERAMENTS.values())
        for number in range(1, self.users + 1):
            signs_up_ms = self.start_ms + round(dice.random() * self.length_ms * ARRIVING_SHARE)
            (kind,) = dice.choices(kinds, shares)
            life = Life(dice_of(self.seed, number), signs_up_ms)
            yield Person(number, 0, kind(life), dice_of(self.seed, number, "network"))

    def _queue_next(self, person: Person) -> None:
        """Ask a person for the next action, put its record on its way, and come back to them at that instant."""
        action = next(person.actions, None)
        if action is None:
            return
        person = person._replace(taken=person.taken + 1)
        for at_ms in departures(action.at_ms, person.network):
            self._put(at_ms, Sent(at_ms, b"u%05d" % person.number, encode(person, action)))
        self._put(action.at_ms, person)

    def _put(self, at_ms: int, item: Person | Sent) -> None:
        if at_ms < self.start_ms + self.length_ms:
            heapq.heappush(self._queue, (at_ms, self._serial, item))
            self._serial += 1  # who was put in first goes first


def dice_of(*whose: object) -> Random:
    """Dice that fall the same way for the same owner."""
    return Random(repr(whose))  # noqa: S311  # nothing secret hangs on them


def departures(at_ms: int, network: Random) -> Iterator[int]:
    """When the record of an action leaves: mostly at once, sometimes late, sometimes twice."""
    if network.random() < LATE_SHARE:
        at_ms += network.randint(*LATE_MS)
    yield at_ms
    if network.random() < TWICE_SHARE:
        yield at_ms + network.randint(*TWICE_MS)


def encode(person: Person, action: Action) -> bytes:
    """The event as JSON, with the field names that workers expect by default."""
    user = f"u{person.number:05d}"
    return orjson.dumps(
        {
            "id": f"{user}-{person.taken:04d}",
            "type": action.type,
            "user_id": user,
            "account_id": f"a{person.number // ACCOUNT_SIZE:04d}",
            "occurred_at": datetime.fromtimestamp(action.at_ms / 1_000, UTC).isoformat(timespec="milliseconds"),
            "properties": action.properties,
        }
    )
