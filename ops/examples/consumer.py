#!/usr/bin/env python3
"""Follows the transitions of an app and prints in which segments a person is, whenever that changes.

Example: consumer.py --bootstrap 127.0.0.1:9092 --topic journeys.transitions
"""

import argparse
import asyncio
import json
from typing import Any

from aiokafka import AIOKafkaConsumer

rows: dict[str, dict[str, Any]] = {}  # in a real service a table, with transition_id as its key


def where(entity: str) -> list[str]:
    """The segments that the rows say an entity is in: of each, what the last row says that was not taken back."""
    last = {}
    for row in sorted(rows.values(), key=lambda row: (row["episode"], row["kind"] == "exited")):
        if row["entity_id"] == entity and row["rule_type"] == "segment" and not row["retracted"]:
            last[row["journey"], row["rule"]] = row["kind"]
    return sorted(rule for (_, rule), kind in last.items() if kind == "entered")


async def consume(bootstrap: str, topic: str) -> None:
    """Read from the beginning, and go on."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",  # not the default, and without it you see what never was
        auto_offset_reset="earliest",
    )
    async with consumer:
        async for record in consumer:
            row = json.loads(record.value)
            if row["revision"] > rows.get(row["transition_id"], {"revision": -1})["revision"]:
                rows[row["transition_id"]] = row
                print(row["entity_id"], row["rule"], row["kind"], "->", *where(row["entity_id"]), flush=True)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--bootstrap", default="127.0.0.1:9092", help="address of the broker")
parser.add_argument("--topic", default="journeys.transitions", help="of the app that is followed")
given = parser.parse_args()
asyncio.run(consume(given.bootstrap, given.topic))
