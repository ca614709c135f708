#!/usr/bin/env python3
"""Writes events of a user, as a product's backend would: keyed by the user, once each, in the plain envelope.

Example: producer.py --bootstrap 127.0.0.1:9092 --topic product.events --user ada user_signed_up setup_completed
"""

import argparse
import asyncio
import json
import uuid
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer


async def produce(bootstrap: str, topic: str, user: str, types: list[str], properties: dict[str, object]) -> None:
    """One event of each type, in this order."""
    # Idempotent: what the client sends again after a lost answer is not stored twice, and the order stays as it was.
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
    async with producer:
        for kind in types:
            event = {
                "id": str(uuid.uuid4()),  # keep it where you send an event again yourself: then it counts once
                "type": kind,
                "user_id": user,
                "occurred_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "properties": properties,
            }
            # The key is the user's id: all events of a user are in one partition, in order.
            await producer.send_and_wait(topic, json.dumps(event).encode(), key=user.encode())


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--bootstrap", default="127.0.0.1:9092", help="address of the broker")
parser.add_argument("--topic", default="product.events", help="the input of the app")
parser.add_argument("--user", required=True, help="who")
parser.add_argument("--properties", type=json.loads, default={}, metavar="JSON", help="of each of the events")
parser.add_argument("types", nargs="+", metavar="type", help="what happened: names of the journey's events")
given = parser.parse_args()
asyncio.run(produce(given.bootstrap, given.topic, given.user, given.types, given.properties))
