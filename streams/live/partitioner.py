"""Where Kafka's default partitioner puts a key, so that a replay spreads a file as a producer would have spread it."""

from __future__ import annotations

from aiokafka.partitioner import murmur2


def partition_of(key: bytes, partitions: int) -> int:
    """As DefaultPartitioner of Kafka's Java client: murmur2 of the key, its sign cut off, modulo the partitions."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)
