"""Bytes to values and back; nothing else sees the bytes that Kafka carries."""
