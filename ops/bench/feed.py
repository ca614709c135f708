"""A steady flow of events into a topic, each telling in its id when it was sent.

Usage: feed.py ADDRESS TOPIC RATE EVENTS FIRST; FIRST is the first user's number. Prints how many a second were sent.
Users come in crowds that take the same steps one after the other: a signup, a view, three reports, a payment. Three of
six events give a row of the reference journey. A process of its own, so that it does not wait for who reads.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime

import orjson
from aiokafka import AIOKafkaProducer

STEPS = ("signed_up", "page_viewed", "report_created", "report_created", "report_created", "invoice_paid")
ROWS = 3  # of all steps of a user
CROWD = 100  # users who are between their first step and their last
SLICE_S = 0.002


def whole(events: int) -> int:
    """About as many, so that all crowds come to their end."""
    return max(1, round(events / (CROWD * len(STEPS)))) * CROWD * len(STEPS)


def rows(events: int) -> int:
    """How many rows so many events give, if all crowds come to their end."""
    return events * ROWS // len(STEPS)


def event(number: int, first: int, sent_ns: int) -> tuple[bytes, bytes]:
    """(key, value)."""
    lap, place = divmod(number, CROWD)
    crowd, step = divmod(lap, len(STEPS))
    user = f"u{first + crowd * CROWD + place:09d}"
    at = datetime.fromtimestamp(sent_ns // 1_000_000 / 1_000, UTC).isoformat(timespec="milliseconds")
    value = {"id": f"{sent_ns}-{number}", "type": STEPS[step], "user_id": user, "occurred_at": at, "properties": {}}
    return user.encode(), orjson.dumps(value)


async def feed(address: str, topic: str, rate: int, events: int, first: int) -> float:
    """Send evenly; returns events a second."""
    producer = AIOKafkaProducer(bootstrap_servers=address, linger_ms=0)
    await producer.start()
    begin, sent = time.perf_counter(), 0
    while sent < events:
        due = min(events, int((time.perf_counter() - begin) * rate) + 1)
        for number in range(sent, due):
            key, value = event(number, first, time.time_ns())
            await producer.send(topic, value, key)
        sent = due
        await asyncio.sleep(SLICE_S)
    took = time.perf_counter() - begin
    await producer.stop()
    return sent / took


def main(address: str, topic: str, rate: str, events: str, first: str) -> None:
    """Feed, and print the rate that was reached."""
    print(asyncio.run(feed(address, topic, int(rate), int(events), int(first))))


if __name__ == "__main__":
    main(*sys.argv[1:])
