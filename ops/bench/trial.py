"""The input of the trial job: `ops/journeys/b2b-trial.yaml` with all its events, most of them irrelevant, some late.

Users come in sessions of some minutes, over thirty days. Of the relevant events a share arrives after the user's next
one, so that each of those is a rewind; of all events a share has names that no journey knows.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import job
import orjson

JOURNEY = job.HERE.parent / "journeys" / "b2b-trial.yaml"
MINUTE_MS, DAY_MS = 60_000, 86_400_000
BEGIN_MS, DAYS = 1_767_225_600_000, 30  # 2026-01-01, as the reference job
SESSION = 6  # relevant events, in the mean
SEED = 7
FREE, STAFF = 0.7, 0.05  # shares: of subscriptions, and of people outside the population

IRRELEVANT = ("page_viewed", "button_clicked", "api_called", "heartbeat", "email_opened")
FIRST = ("user_signed_up", "profile_changed", "subscription_changed")
WEIGHTS = {
    "logged_in": 25,
    "feature_used": 25,
    "workflow_failed": 12,
    "integration_connected": 6,
    "integration_removed": 3,
    "teammate_invited": 5,
    "pricing_viewed": 7,
    "setup_completed": 4,
    "segment_created": 4,
    "campaign_launched": 3,
    "invoice_paid": 2,
    "subscription_changed": 2,
    "profile_changed": 2,
}


class Mix(NamedTuple):
    """Shares of what makes it hard, 0 to 1. late: of the relevant events; irrelevant: of all."""

    late: float = 0.1
    irrelevant: float = 0.8


class Happening(NamedTuple):
    """arrival, occurred: ms."""

    arrival: int
    occurred: int
    user: int
    kind: str


def make_trial(events: int, users: int, partitions: int, mix: Mix = Mix()) -> job.Job:  # noqa: B008  # immutable
    """About that many events; no rows are expected beforehand."""
    made = job.Job(partitions, [[] for _ in range(partitions)])
    chance = random.Random(SEED)  # noqa: S311  # the same events every time
    happenings = sorted(one for user in range(users) for one in story(chance, user, events / users, mix))
    for number, (arrival, occurred, user, kind) in enumerate(happenings):
        key = f"u{user:07d}".encode()
        value = {
            "id": f"{number:08x}-3c5d-4e6f-8a9b-{user:012x}",
            "type": kind,
            "user_id": key.decode(),
            "account_id": f"a{user // 25:05d}",
            "occurred_at": text(occurred),
            "properties": PROPERTIES.get(kind, surface)(chance, occurred),
        }
        made.records[job.home(key, partitions)].append((arrival, key, orjson.dumps(value)))
    return made


def story(chance: random.Random, user: int, events: float, mix: Mix) -> Iterator[Happening]:
    """What one user does. events: how many in the mean."""
    relevant = max(len(FIRST), round(chance.expovariate(1 / (events * (1 - mix.irrelevant)))))
    kinds = [*FIRST, *chance.choices(list(WEIGHTS), list(WEIGHTS.values()), k=relevant - len(FIRST))]
    signup = BEGIN_MS + int(chance.random() * 10 * DAY_MS)
    times = [signup, *sorted(sittings(chance, signup, relevant - 1))]
    can = [n for n in range(1, relevant - 1, 2) if times[n + 1] - times[n] < DAY_MS // 2]  # no two in a row
    late = set(chance.sample(can, min(len(can), int(mix.late * relevant + chance.random()))))
    for n, (at, kind) in enumerate(zip(times, kinds, strict=True)):
        yield Happening(times[n + 1] + chance.randrange(1, MINUTE_MS) if n in late else at, at, user, kind)
    for _ in range(round(relevant * mix.irrelevant / (1 - mix.irrelevant))):
        at = chance.choice(times) + chance.randrange(1, 10 * MINUTE_MS)
        yield Happening(at, at, user, chance.choice(IRRELEVANT))


def sittings(chance: random.Random, signup: int, count: int) -> Iterator[int]:
    """Instants of so many events, in sessions; the first goes on from the signup."""
    at, end = signup, BEGIN_MS + DAYS * DAY_MS
    for _ in range(count):
        if chance.random() < 1 / SESSION:
            at = signup + int(chance.random() * (end - signup))
        at += chance.randrange(1, 3 * MINUTE_MS)
        yield at


def text(at: int) -> str:
    """Ms -> RFC 3339."""
    return datetime.fromtimestamp(at / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def surface(chance: random.Random, _: int) -> dict[str, Any]:
    """Properties that no rule reads."""
    return {"plan": "pro", "amount": round(chance.random() * 100, 2), "surface": "web"}


def feature(chance: random.Random, _: int) -> dict[str, Any]:
    """One of four features."""
    name = chance.choice(("dashboards", "alerts", "exports", "comments"))
    return {"feature": name, "area": "reports", "outcome": chance.choice(("ok", "ok", "failed"))}


def integration(chance: random.Random, _: int) -> dict[str, Any]:
    """One of three systems."""
    return {"integration_type": chance.choice(("crm", "warehouse", "chat"))}


def subscription(chance: random.Random, at: int) -> dict[str, Any]:
    """A trial that ends in two weeks, or a plan that renews in a month."""
    if chance.random() < FREE:
        return {"plan": "free", "trial_ends_at": text(at + 14 * DAY_MS), "paid": False}
    return {"plan": "pro", "renews_at": text(at + 30 * DAY_MS), "paid": True}


def profile(chance: random.Random, _: int) -> dict[str, Any]:
    """Some are outside the population."""
    domain = "acme.test" if chance.random() < STAFF else "example.com"
    return {"intent": chance.choice(("weekly_reporting", "segmentation", "fun")), "email": f"someone@{domain}"}


PROPERTIES: dict[str, Callable[[random.Random, int], dict[str, Any]]] = {
    "feature_used": feature,
    "integration_connected": integration,
    "integration_removed": integration,
    "pricing_viewed": lambda chance, _: {"session_id": f"s{chance.randrange(5)}"},
    "invoice_paid": lambda chance, _: {"amount": chance.randrange(10, 500)},
    "subscription_changed": subscription,
    "profile_changed": profile,
}
